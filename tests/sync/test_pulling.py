"""Phones pull: a snapshot, then what changed since, and tombstones of what is gone."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.schema.families_asked import (
    CHANGE,
    DECIDE_MOVE,
    EDIT,
    MERGE,
    MOVE,
    OTHER_TOWNSHIP,
    VILLAGE,
    act,
    new_family,
    person,
)
from tests.schema.pairings_asked import TODAY, account
from tests.schema.test_deciding_on_pairings import ASSIGN, END, HAND_OVER, decide
from tests.sync.phones import HOUSEHOLDS, VISITS, Phone, agrees, pulled
from tests.visiting import a_visit, amend, submit
from tests.world import World

WHO_SYNCS = ("cadre", "other_cadre", "village_officer", "township_officer", "county_officer", "partner")


async def visible(world: World, persona: str, table: str) -> set[str]:
    """What the tables hold for this persona, asked of PostgreSQL past both walls' code."""
    rows = await world.sql.fetch(
        f"SELECT t.id FROM {table} t, account a WHERE a.persona = $1 AND (EXISTS (SELECT FROM access_grant g WHERE"
        " g.account_id = a.id AND g.role LIKE '%_OFFICER' AND starts_with(t.region_code, g.region_code)) OR"
        f" {'t.household_id' if table == 'visit' else 't.id'} IN (SELECT x.household_id FROM household_access x"
        f" WHERE x.party_id IN (a.helper_id, a.organisation_id)) OR {'t.recorded_by_id = a.id' if table == 'visit' else 'false'})",
        persona,
    )
    return {str(row["id"]) for row in rows}


@pytest.fixture
async def paired(world: World) -> dict[str, str]:
    """A family of 力星村 that is 李桂芳's, made for one test, with one visit of hers."""
    household = await new_family(world)
    asked = {"id": str(uuid.uuid4()), "helperId": await account(world, "cadre"), "householdId": household}
    started = (TODAY - timedelta(days=2)).isoformat()
    payload = await decide(world, "township_officer", ASSIGN, role="KEY_HELP", startedOn=started, **asked)
    assert payload["errors"] == []
    visit = await a_visit(world, household)
    (result,) = (await submit(world, "cadre", [visit]))["results"]
    assert result["outcome"] == "APPLIED", result
    return {"household": household, "pairing": asked["id"], "visit": visit["id"]}


async def handed_over(world: World, pairing: str) -> None:
    given = {"id": str(uuid.uuid4()), "pairingId": pairing, "helperId": await account(world, "other_cadre")}
    payload = await decide(world, "township_officer", HAND_OVER, **given, handedOverOn=TODAY.isoformat())
    assert payload["errors"] == []


# --- snapshots -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("persona", WHO_SYNCS)
@pytest.mark.parametrize(("query", "table"), [(HOUSEHOLDS, "household"), (VISITS, "visit")])
async def test_a_snapshot_is_exactly_what_the_viewer_may_see(
    world: World, persona: str, query: str, table: str
) -> None:
    phone = await Phone(world, persona, query, limit=50).sync()

    assert set(phone.documents) == await visible(world, persona, table)
    assert sorted(phone.came) == sorted(phone.documents)
    assert phone.resets == 0


async def test_who_has_neither_region_nor_list_is_given_nothing(world: World) -> None:
    for persona in ("auditor", "administrator", "hotline_operator"):
        assert await pulled(world, persona) | {"checkpoint": None} == {
            "documents": [],
            "checkpoint": None,
            "hasMore": False,
            "isReset": False,
        }


async def test_nobody_pulls_without_an_account(world: World) -> None:
    body = await world.post("anonymous", HOUSEHOLDS)

    assert body["data"] == {"pullHouseholds": None}
    assert body["errors"][0]["extensions"]["code"] == "SIGN_IN_REQUIRED"


async def test_a_province_does_not_fit_on_a_phone(world: World) -> None:
    body = await world.post("province_officer", HOUSEHOLDS, language="en")

    assert body["errors"][0]["extensions"]["code"] == "TOO_WIDE_TO_SYNC"
    assert "at most 300" in body["errors"][0]["message"]


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_a_limit_that_cannot_be_is_refused(world: World, limit: int) -> None:
    body = await world.post("cadre", HOUSEHOLDS, {"limit": limit})

    assert body["errors"][0]["extensions"]["code"] == "LIMIT_OUT_OF_RANGE"


async def test_a_partner_is_given_what_it_may_see_masked_and_blurred(world: World) -> None:
    phone = await Phone(world, "partner").sync()

    for document in phone.documents.values():
        assert document["address"] is None
        assert document["isBlurred"] in (True, None)
        assert all(member["name"].endswith("**") and member["bornOn"] is None for member in document["members"])


# --- what changed ----------------------------------------------------------------------------------------------------


async def test_a_phone_that_is_up_to_date_is_given_nothing(world: World) -> None:
    phone = await Phone(world, "township_officer").sync()

    assert (await phone.sync()).came == []
    assert phone.pages == [0]


@pytest.mark.parametrize("limit", [1, 3, 200])
async def test_what_changed_comes_once_whatever_the_page(world: World, paired: dict[str, str], limit: int) -> None:
    phone = await Phone(world, "township_officer", limit=200).sync()
    changed = [paired["household"], *[await new_family(world) for _ in range(4)]]
    for number in range(3):
        base, value = f"{number} 号" if number else None, f"{number + 1} 号"
        done = await act(world, "cadre", EDIT, householdId=paired["household"], address={"base": base, "value": value})
        assert done["errors"] == []

    phone.limit = limit
    await phone.sync()

    assert sorted(phone.came) == sorted(changed)
    assert phone.documents[paired["household"]]["address"] == "3 号"
    assert await agrees(phone)


async def test_the_next_village_is_not_told_of_this_one(world: World) -> None:
    phone = await Phone(world, "village_officer").sync()
    code = await world.sql.fetchval(
        "SELECT min(code) FROM region WHERE code ^@ '350125201' AND level = 'VILLAGE' AND code <> $1"
        " AND valid_to IS NULL",
        VILLAGE,
    )
    await new_family(world, persona="township_officer", villageCode=code)
    here = await new_family(world)

    assert (await phone.sync()).came == [here]


async def test_a_birth_sends_the_family_again(world: World, paired: dict[str, str]) -> None:
    phone = await Phone(world, "cadre").sync()
    born = {"reason": "BIRTH", "on": TODAY.isoformat(), "person": person("鄢小宝", "SON", bornOn=TODAY.isoformat())}
    done = await act(world, "cadre", CHANGE, householdId=paired["household"], joining=[born])
    assert done["errors"] == []

    await phone.sync()

    assert phone.came == [paired["household"]]
    assert [member["name"] for member in phone.documents[paired["household"]]["members"]] == ["鄢大山", "鄢小宝"]


async def test_a_visit_and_its_correction_reach_every_phone_of_the_area(world: World, paired: dict[str, str]) -> None:
    phone = await Phone(world, "village_officer", VISITS).sync()
    better = await a_visit(world, paired["household"], note="第二次写")
    assert (await amend(world, "cadre", paired["visit"], better))["errors"] == []

    await phone.sync()

    assert sorted(phone.came) == sorted([paired["visit"], better["id"]])
    assert phone.documents[paired["visit"]]["supersededById"] == better["id"]
    assert phone.documents[better["id"]]["supersedesId"] == paired["visit"]


async def test_a_helpers_new_name_sends_their_families_again(world: World, paired: dict[str, str]) -> None:
    phone = await Phone(world, "cadre").sync()
    await world.sql.execute("UPDATE helper SET name = '李桂芬' WHERE id = $1", uuid.UUID(await account(world, "cadre")))

    await phone.sync()

    helped = {id for id, one in phone.documents.items() if "李桂芬" in [help["helperName"] for help in one["pairings"]]}
    assert set(phone.came) == helped > {paired["household"]}
    assert await agrees(phone)


# --- what is gone ----------------------------------------------------------------------------------------------------


async def test_a_hand_over_takes_the_family_from_one_phone_to_the_other(world: World, paired: dict[str, str]) -> None:
    old, new = await Phone(world, "cadre").sync(), await Phone(world, "other_cadre").sync()
    old_visits, new_visits = (
        await Phone(world, "cadre", VISITS).sync(),
        await Phone(world, "other_cadre", VISITS).sync(),
    )

    await handed_over(world, paired["pairing"])
    for phone in (old, new, old_visits, new_visits):
        await phone.sync()

    assert paired["household"] not in old.documents
    assert new.documents[paired["household"]]["pairings"][0]["helperName"] == "陈志明"
    assert paired["visit"] in old_visits.documents, "her own visit stays hers"
    assert paired["visit"] in new_visits.documents, "the visits come with the family"
    for phone in (old, new, old_visits, new_visits):
        assert await agrees(phone)


async def test_a_tombstone_tells_the_id_and_nothing_else(world: World, paired: dict[str, str]) -> None:
    phone = await Phone(world, "cadre").sync()
    given = {"operationId": str(uuid.uuid4()), "pairingId": paired["pairing"], "endedOn": TODAY.isoformat()}
    assert (await decide(world, "township_officer", END, **given, reason="TERM_COMPLETED"))["errors"] == []

    page = await pulled(world, "cadre", since=phone.cursor)

    (document,) = page["documents"]
    told = {name: value for name, value in document.items() if value not in (None, [])}
    assert told == {"id": paired["household"], "isDeleted": True}


async def test_a_family_that_moves_leaves_one_townships_phones_for_the_others(world: World) -> None:
    id = await new_family(world)
    old = await Phone(world, "township_officer").sync()
    county = await Phone(world, "county_officer").sync()
    village = await world.sql.fetchval(
        "SELECT min(code) FROM region WHERE code ^@ $1 AND level = 'VILLAGE' AND valid_to IS NULL", OTHER_TOWNSHIP
    )
    given = {"householdId": id, "villageCode": village, "on": TODAY.isoformat()}
    asked = await act(world, "township_officer", MOVE, **given, reason="随子女居住")
    assert asked["errors"] == []
    assert (await act(world, "county_officer", DECIDE_MOVE, moveId=asked["move"]["id"], accepts=True))["errors"] == []

    await old.sync()
    await county.sync()

    assert id not in old.documents
    assert county.documents[id]["villageCode"] == village
    assert await agrees(old)
    assert await agrees(county)


async def test_two_families_become_one_on_the_phone_too(world: World) -> None:
    survivor, merged = await new_family(world), await new_family(world, person("鄢二山"))
    phone = await Phone(world, "village_officer").sync()
    people = [{"personId": phone.documents[merged]["members"][0]["id"], "relationToHead": "OTHER_RELATIVE"}]
    given = {"survivorId": survivor, "mergedId": merged, "on": TODAY.isoformat(), "members": people}
    done = await act(world, "village_officer", MERGE, **given)
    assert done["errors"] == []

    await phone.sync()

    assert phone.documents[merged]["mergedIntoId"] == survivor
    assert phone.documents[merged]["endedOn"] == TODAY.isoformat()
    assert len(phone.documents[survivor]["members"]) == 2


# --- cursors that hold no longer -------------------------------------------------------------------------------------


async def reset(world: World, persona: str, cursor: str, query: str = HOUSEHOLDS) -> bool:
    page: Any = await pulled(world, persona, query, cursor)
    return bool(page["isReset"]) and bool(page["documents"])


@pytest.mark.parametrize("cursor", ["", "x", "né", "W10", "W251bGxd", "🦆", "A" * 70_000, "WzEsMiwzLDQsNSw2XQ"])
async def test_nonsense_is_no_error_but_a_new_beginning(world: World, cursor: str) -> None:
    assert await reset(world, "cadre", cursor)


async def test_another_viewers_cursor_and_another_kinds_begin_anew(world: World) -> None:
    households = await Phone(world, "cadre").sync()
    assert households.cursor is not None

    assert await reset(world, "other_cadre", households.cursor)
    assert await reset(world, "cadre", households.cursor, VISITS)
    assert not await reset(world, "cadre", households.cursor)


async def test_another_history_is_found_out(world: World, paired: dict[str, str]) -> None:
    """As after a restore: the numbers go on, but under the cursor's number stands another change, or none."""
    phone = await Phone(world, "cadre").sync()
    assert phone.cursor is not None
    await world.sql.execute("UPDATE change SET at = at + interval '1 second' WHERE area = 350125201")
    assert await reset(world, "cadre", phone.cursor)

    await phone.sync()
    assert phone.resets == 1
    await world.sql.execute(
        "DELETE FROM change WHERE area = 350125201 AND seq = (SELECT max(seq) FROM change WHERE area = 350125201)"
    )

    await phone.sync()
    assert phone.resets == 2
    assert await agrees(phone)


async def test_a_reset_drops_what_the_snapshot_lacks(world: World, paired: dict[str, str]) -> None:
    phone = await Phone(world, "cadre", limit=2).sync()
    phone.documents["ghost"] = {"id": "ghost"}
    phone.cursor = "nonsense"

    await phone.sync()

    assert "ghost" not in phone.documents
    assert await agrees(phone)


async def test_other_grants_begin_anew(world: World) -> None:
    phone = await Phone(world, "village_officer").sync()
    await world.sql.execute(
        "INSERT INTO access_grant (id, account_id, role, region_code, starts_on)"
        " SELECT gen_random_uuid(), id, 'VILLAGE_OFFICER', '350125201201', current_date - 1 FROM account"
        " WHERE persona = 'village_officer'"
    )
    world.tokens.pop("village_officer")  # a new token: what was remembered of the old one is five seconds old at most

    await phone.sync()

    assert phone.resets == 1
    assert any(document["villageCode"] == "350125201201" for document in phone.documents.values())
