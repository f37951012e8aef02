"""An administrator makes accounts, gives rights and takes them, over HTTP; nobody else does, and nobody to themself."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from api import identity
from api.database import connected
from domain.access.queries import viewer_settings
from domain.access.rules import Viewer
from domain.demo.personas import account_id
from tests.api.signing import call, refused_with, sign_in, trace
from tests.world import World

ACCOUNT = (
    "account { id name kind disabledAt grants { id role region { code } purpose startsOn endsOn deputy { name } } }"
)
PAYLOAD = f"{{ {ACCOUNT} errors {{ code path }} }}"


@pytest.fixture(autouse=True)
def closely_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes is felt at once and not within five seconds."""
    monkeypatch.setattr(identity, "REMEMBERED_SECONDS", 0.0)


async def do(world: World, mutation: str, given: dict[str, Any], persona: str = "administrator") -> dict[str, Any]:
    """The payload of a mutation on accounts."""
    kind = mutation[0].upper() + mutation[1:]
    query = f"mutation($input: {kind}Input!) {{ {mutation}(input: $input) {PAYLOAD} }}"
    payload: dict[str, Any] = (await world.ask(persona, query, {"input": given}))[mutation]
    return payload


async def made(world: World, kind: str = "OFFICER", **more: Any) -> str:
    """A new account's id."""
    id = str(uuid.uuid4())
    payload = await do(world, "createAccount", {"id": id, "name": "新人", "kind": kind, **more})
    assert payload["errors"] == [], payload
    return id


async def today(world: World, days: int = 0) -> str:
    day = await world.sql.fetchval("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")
    return str(day + timedelta(days=days))


async def grant(world: World, account: str, role: str, **more: Any) -> dict[str, Any]:
    given = {"id": str(uuid.uuid4()), "accountId": account, "role": role, "startsOn": await today(world), **more}
    return await do(world, "grantRole", given)


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


async def test_a_new_officer_signs_in_and_sees_what_was_granted(world: World) -> None:
    id = await made(world)
    assert codes(await grant(world, id, "TOWNSHIP_OFFICER", region="350125201")) == []
    administrator = world.headers("administrator")["Authorization"].removeprefix("Bearer ")
    told = (await call(world, "/auth/reset-codes", {"accountId": id, "loginName": "xin.ren"}, administrator)).json()
    chosen = {"loginName": "xin.ren", "code": told["code"], "newPassword": "correct horse battery"}
    assert (await call(world, "/auth/password/reset", chosen)).status_code == 200
    tokens = await sign_in(world, "xin.ren")
    asked = {"query": "{ viewer { name grants { role region { code } } } households(first: 1) { totalCount } }"}
    data = (await call(world, "/graphql", asked, tokens["accessToken"])).json()["data"]
    assert data["viewer"]["grants"] == [{"role": "TOWNSHIP_OFFICER", "region": {"code": "350125201"}}]
    assert data["households"]["totalCount"] > 0

    gone = {"operationId": str(uuid.uuid4()), "accountId": id, "reason": "调离"}
    assert (await do(world, "disableAccount", gone))["account"]["disabledAt"]
    assert (await call(world, "/graphql", asked, tokens["accessToken"])).status_code == 401
    again = {"refreshToken": tokens["refreshToken"], "deviceId": "phone-1"}
    assert refused_with(await call(world, "/auth/refresh", again)) == (401, "SESSION_REVOKED")
    rows = await world.sql.fetch("SELECT action FROM audit_entry WHERE subject_id = $1 ORDER BY id", uuid.UUID(id))
    assert [row["action"] for row in rows][:2] == ["create_account", "grant_role"]
    assert "disable_account" in {row["action"] for row in rows}

    back = gone | {"operationId": str(uuid.uuid4()), "reason": "调回"}
    for persona in ("county_officer", "auditor"):
        refused = back | {"operationId": str(uuid.uuid4())}
        assert codes(await do(world, "enableAccount", refused, persona)) == ["FORBIDDEN_ROLE"], persona
    assert codes(await do(world, "enableAccount", back | {"operationId": str(uuid.uuid4()), "reason": ""})) == [
        "REQUIRED"
    ]
    payload = await do(world, "enableAccount", back)
    assert (payload["account"]["disabledAt"], len(payload["account"]["grants"])) == (None, 1)
    assert refused_with(await call(world, "/auth/refresh", again)) == (401, "SESSION_REVOKED"), "devices sign in anew"
    tokens = await sign_in(world, "xin.ren")
    data = (await call(world, "/graphql", asked, tokens["accessToken"])).json()["data"]
    assert data["households"]["totalCount"] > 0
    assert codes(await do(world, "enableAccount", back | {"operationId": str(uuid.uuid4())})) == ["NOT_DISABLED"]
    assert (await trace(world, "enable_account"))[-1]["reason"] == "调回"
    nobody = back | {"operationId": str(uuid.uuid4()), "accountId": str(uuid.uuid4())}
    assert codes(await do(world, "enableAccount", nobody)) == ["NOT_FOUND"]
    me = back | {"operationId": str(uuid.uuid4()), "accountId": str(account_id("administrator"))}
    assert codes(await do(world, "enableAccount", me)) == ["NOT_YOURSELF"]


@pytest.mark.parametrize(
    "persona", ["county_officer", "auditor", "hotline_operator", "integrator", "cadre", "anonymous"]
)
async def test_nobody_else_makes_accounts_or_sees_them(world: World, persona: str) -> None:
    given = {"id": str(uuid.uuid4()), "name": "新人", "kind": "ADMINISTRATOR"}
    payload = await do(world, "createAccount", given, persona)
    assert codes(payload) == ["SIGN_IN_REQUIRED" if persona == "anonymous" else "FORBIDDEN_ROLE"]
    found = await world.ask(persona, "query($id: ID!) { accounts(first: 5) { totalCount nodes { id } } account(id: $id) { id } }",
                            {"id": str(account_id("cadre"))})  # fmt: skip
    assert found == {"accounts": {"totalCount": 0, "nodes": []}, "account": None}


async def test_nobody_is_let_in_again_with_duties_that_are_kept_apart(world: World) -> None:
    """Written into the tables by hand while the account was shut out: the auditor's stand-in is an operator."""
    operator, auditor = account_id("hotline_operator"), account_id("auditor")
    given = {"operationId": str(uuid.uuid4()), "accountId": str(operator), "reason": "x"}
    assert (await do(world, "disableAccount", given))["errors"] == []
    stands_in = "UPDATE access_grant SET deputy_id = $2, deputy_from = $3 WHERE account_id = $1"
    await world.sql.execute(stands_in, auditor, operator, date(2020, 1, 1))
    again = given | {"operationId": str(uuid.uuid4())}
    assert codes(await do(world, "enableAccount", again)) == ["DUTIES_NOT_SEPARATE"]
    await world.sql.execute(stands_in, auditor, None, None)
    assert (await do(world, "enableAccount", again | {"operationId": str(uuid.uuid4())}))["errors"] == []


async def test_an_administrator_finds_accounts_with_all_their_grants(world: World) -> None:
    query = "query($f: AccountFilter) { accounts(filter: $f, first: 50) { nodes { name kind grants { role } } } }"
    found = await world.ask("administrator", query, {"f": {"kinds": ["PARTNER"], "isDisabled": False, "search": "茶"}})
    assert found["accounts"]["nodes"] == [
        {"name": "六安市演示茶业有限公司", "kind": "PARTNER", "grants": [{"role": "PARTNER"}]}
    ]


async def test_sent_twice_it_is_done_once_and_other_content_is_refused(world: World) -> None:
    id = str(uuid.uuid4())
    given = {"id": id, "name": "新人", "kind": "OFFICER"}
    first, second = await do(world, "createAccount", given), await do(world, "createAccount", given)
    assert first == second
    assert codes(await do(world, "createAccount", given | {"name": "别人"})) == ["OPERATION_REUSED"]
    taken = given | {"id": str(account_id("cadre"))}
    assert codes(await do(world, "createAccount", taken)) == ["ID_TAKEN"]


async def test_an_account_names_a_helper_that_is_there_and_has_none(world: World) -> None:
    nobody = str(uuid.uuid4())
    given = {"id": str(uuid.uuid4()), "name": "新人", "kind": "HELPER"}
    payload = await do(world, "createAccount", given | {"helperId": nobody})
    assert payload["errors"] == [{"code": "NOT_FOUND", "path": ["input", "helperId"]}]
    helper = await world.sql.fetchval("SELECT helper_id FROM account WHERE persona = 'cadre'")
    assert codes(await do(world, "createAccount", given | {"helperId": str(helper)})) == ["HELPER_HAS_ACCOUNT"]
    assert codes(await do(world, "createAccount", given | {"helperId": "x"})) == ["ID_INVALID"]


async def test_who_comes_from_outside_has_a_purpose_and_an_end(world: World) -> None:
    id = await made(world, "INTEGRATOR")
    payload = await grant(world, id, "INTEGRATOR", region="350125")
    assert payload["errors"] == [
        {"code": "REQUIRED", "path": ["input", "purpose"]},
        {"code": "REQUIRED", "path": ["input", "endsOn"]},
    ]
    ends_on = await today(world, 365)
    payload = await grant(world, id, "INTEGRATOR", region="350125", purpose="数据共享", endsOn=ends_on)
    assert [(one["purpose"], one["endsOn"]) for one in payload["account"]["grants"]] == [("数据共享", ends_on)]
    unknown = await grant(world, id, "INTEGRATOR", region="99", purpose="数据共享", endsOn=ends_on)
    assert unknown["errors"] == [{"code": "NOT_FOUND", "path": ["input", "region"]}]


async def test_one_person_never_enters_calls_and_reads_the_trace(world: World) -> None:
    for persona, role in (("hotline_operator", "AUDITOR"), ("auditor", "HOTLINE_OPERATOR")):
        payload = await grant(world, str(account_id(persona)), role, region="35")
        assert codes(payload) == ["ROLE_NOT_FOR_ACCOUNT"]  # by its kind already
    operator, auditor = account_id("hotline_operator"), account_id("auditor")
    await world.sql.execute("UPDATE account SET kind = 'AUDITOR' WHERE id = $1", operator)
    try:
        assert codes(await grant(world, str(operator), "AUDITOR", region="35")) == ["DUTIES_NOT_SEPARATE"]
        reading = await world.sql.fetchval("SELECT id FROM access_grant WHERE account_id = $1", auditor)
        named = {"operationId": str(uuid.uuid4()), "grantId": str(reading), "deputyId": str(operator)}
        named |= {"startsOn": await today(world), "endsOn": await today(world, 5)}
        assert codes(await do(world, "nameDeputy", named)) == ["DUTIES_NOT_SEPARATE"]
    finally:
        await world.sql.execute("UPDATE account SET kind = 'HOTLINE_OPERATOR' WHERE id = $1", operator)


async def test_the_database_keeps_duties_apart_and_outsiders_for_a_time(database: asyncpg.Connection) -> None:
    add = "INSERT INTO access_grant (id, account_id, role, starts_on) VALUES (gen_random_uuid(), $1, $2, current_date)"
    for persona, role, error in (
        ("auditor", "ADMINISTRATOR", asyncpg.ExclusionViolationError),
        ("partner", "PARTNER", asyncpg.CheckViolationError),
    ):
        with pytest.raises(error):
            async with database.transaction():
                await database.execute(add, account_id(persona), role)


async def test_nobody_does_it_to_themself(world: World) -> None:
    me, operation = str(account_id("administrator")), {"operationId": str(uuid.uuid4())}
    assert codes(await grant(world, me, "COUNTY_OFFICER", region="350125")) == ["NOT_YOURSELF"]
    assert codes(await do(world, "disableAccount", operation | {"accountId": me, "reason": "x"})) == ["NOT_YOURSELF"]
    mine = await world.sql.fetchval("SELECT id FROM access_grant WHERE account_id = $1", account_id("administrator"))
    ending = operation | {"grantId": str(mine), "endsOn": await today(world), "reason": "x"}
    assert codes(await do(world, "endGrant", ending)) == ["NOT_YOURSELF"]


async def test_a_grant_ends_and_is_felt_and_does_not_end_twice(world: World) -> None:
    id = await made(world)
    payload = await grant(world, id, "COUNTY_OFFICER", region="350125")
    (given,) = payload["account"]["grants"]
    ending = {"operationId": str(uuid.uuid4()), "grantId": given["id"], "endsOn": await today(world), "reason": "轮岗"}
    (ended,) = (await do(world, "endGrant", ending))["account"]["grants"]
    assert ended["endsOn"] == ending["endsOn"]
    assert (await do(world, "endGrant", ending))["errors"] == []
    assert codes(await do(world, "endGrant", ending | {"operationId": str(uuid.uuid4())})) == ["HAS_ENDED"]
    early = ending | {"operationId": str(uuid.uuid4()), "endsOn": await today(world, -1), "reason": " "}
    assert codes(await do(world, "endGrant", early)) == ["REQUIRED", "BEGINS_IN_THE_PAST"]
    assert codes(await do(world, "endGrant", ending | {"operationId": str(uuid.uuid4()), "grantId": id})) == [
        "NOT_FOUND"
    ]


async def test_a_stand_in_sees_what_the_holder_sees_for_as_long_as_said(world: World) -> None:
    county = await world.sql.fetchval("SELECT id FROM access_grant WHERE account_id = $1", account_id("county_officer"))
    named = {"operationId": str(uuid.uuid4()), "grantId": str(county), "deputyId": str(account_id("village_officer"))}
    named |= {"startsOn": await today(world), "endsOn": await today(world, 5)}
    before = (await world.ask("village_officer", "{ households(first: 1) { totalCount } }"))["households"]["totalCount"]
    payload = await do(world, "nameDeputy", named)
    assert [one["deputy"] for one in payload["account"]["grants"]] == [{"name": "鄢秀珠"}]
    after = (await world.ask("village_officer", "{ households(first: 1) { totalCount } }"))["households"]["totalCount"]
    assert after > before
    others = {
        "partner": "ROLE_NOT_FOR_ACCOUNT",
        "county_officer": "ROLE_NOT_FOR_ACCOUNT",
        "administrator": "NOT_YOURSELF",
    }
    for persona, code in others.items():
        other = named | {"operationId": str(uuid.uuid4()), "deputyId": str(account_id(persona))}
        assert codes(await do(world, "nameDeputy", other)) == [code], persona
    await world.sql.execute("UPDATE access_grant SET deputy_id = NULL, deputy_from = NULL, deputy_to = NULL")


async def test_a_stand_in_for_a_helper_sees_the_helpers_families_beside_their_own(world: World) -> None:
    holder, deputy = account_id("cadre"), account_id("other_cadre")
    helping = await world.sql.fetchval("SELECT id FROM access_grant WHERE account_id = $1", holder)
    named = {"operationId": str(uuid.uuid4()), "grantId": str(helping), "deputyId": str(deputy)}
    named |= {"startsOn": await today(world), "endsOn": await today(world, 5)}
    theirs, own = await families(world, "cadre"), await families(world, "other_cadre")
    assert theirs - own
    for persona, code in {"partner": "ROLE_NOT_FOR_ACCOUNT", "cadre": "ROLE_NOT_FOR_ACCOUNT"}.items():
        other = named | {"operationId": str(uuid.uuid4()), "deputyId": str(account_id(persona))}
        assert codes(await do(world, "nameDeputy", other)) == [code], persona
    assert (await do(world, "nameDeputy", named))["errors"] == []
    assert await families(world, "other_cadre") == theirs | own
    assert await families(world, "cadre") == theirs, "the helper keeps them"
    assert (await trace(world, "name_deputy"))[-1]["role"] == "HELPER"
    await world.sql.execute("UPDATE access_grant SET deputy_to = deputy_from WHERE id = $1", helping)
    assert await families(world, "other_cadre") == own, "the time is over"
    await world.sql.execute("UPDATE access_grant SET deputy_id = NULL, deputy_from = NULL, deputy_to = NULL")


async def test_standing_in_opens_the_helpers_list_and_no_list_of_ones_own_that_has_ended(world: World) -> None:
    """And a helper for whom somebody stands in does not lend what they themselves only stand in for."""
    former = await world.sql.fetchval(
        "SELECT a.id FROM account a JOIN helper h ON h.id = a.helper_id WHERE h.name = '张秀英'"
    )
    deputise = (
        "UPDATE access_grant SET deputy_id = $2, deputy_from = '2020-01-01' WHERE account_id = $1 AND role = 'HELPER'"
    )
    theirs = await families(world, "cadre")
    own = await families(world, "other_cadre")
    await world.sql.execute(deputise, account_id("cadre"), former)
    await world.sql.execute(deputise, former, account_id("other_cadre"))
    after = await families(world, "other_cadre")
    listed = await world.sql.fetch(
        "SELECT household_id::text FROM household_access x JOIN account a ON a.helper_id = x.party_id WHERE a.id = $1",
        former,
    )
    assert after == own | {row["household_id"] for row in listed}
    assert not theirs <= after
    await world.sql.execute(
        "UPDATE access_grant SET ends_on = starts_on WHERE account_id = $1", account_id("other_cadre")
    )
    assert await families(world, "other_cadre") == after - own, "their own list ended with their grant"
    await world.sql.execute(
        "UPDATE access_grant SET deputy_id = NULL, deputy_from = NULL, deputy_to = NULL, ends_on ="
        " CASE WHEN account_id = $1 THEN NULL ELSE ends_on END",
        account_id("other_cadre"),
    )


async def families(world: World, persona: str) -> set[str]:
    """The ids of all families that a persona sees."""
    answer = await world.ask(persona, "{ households(first: 500) { nodes { id } } }")
    return {one["id"] for one in answer["households"]["nodes"]}


async def test_the_second_wall_alone_lets_nobody_else_write(world: World) -> None:
    """Raw SQL as the program's role, without a rule in front of it."""
    assert world.settings.database_url is not None
    settings = viewer_settings(Viewer(id=account_id("county_officer"), region_from="35", region_to="35:"))
    async with connected(world.settings.database_url, "ruhu_app") as app:
        for statement in (
            "INSERT INTO account (id, name, kind, created_at) VALUES (gen_random_uuid(), 'x', 'OFFICER', now())",
            "INSERT INTO access_grant (id, account_id, role, starts_on)"
            f" VALUES (gen_random_uuid(), '{account_id('cadre')}', 'ADMINISTRATOR', current_date)",
        ):
            async with app.transaction():
                for name, value in settings.items():
                    await app.execute(f"SELECT set_config('ruhu.{name}', $1, true)", value)
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await app.execute(statement)
        async with app.transaction():
            for name, value in settings.items():
                await app.execute(f"SELECT set_config('ruhu.{name}', $1, true)", value)
            assert await app.execute("UPDATE account SET disabled_at = now()") == "UPDATE 0"
            assert await app.execute("UPDATE access_grant SET ends_on = NULL") == "UPDATE 0"
            assert await app.fetchval("SELECT count(*) FROM access_grant") == 1, "their own"
            assert await app.fetchval("SELECT count(*) FROM ruhu_clients(NULL, current_date)") == 0
            assert await app.fetchval("SELECT ruhu_revoke_client('c-x', current_date, now())") is None
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("UPDATE account SET kind = 'ADMINISTRATOR'")


async def test_the_trace_says_why_and_by_whom(world: World) -> None:
    id = await made(world)
    await do(world, "disableAccount", {"operationId": str(uuid.uuid4()), "accountId": id, "reason": "离职"})
    entry = await world.sql.fetchrow(
        "SELECT * FROM audit_entry WHERE action = 'disable_account' ORDER BY id DESC LIMIT 1"
    )
    assert entry["actor_id"] == account_id("administrator")
    assert (await trace(world, "disable_account"))[-1] == {"reason": "离职", "sessions": 0}
