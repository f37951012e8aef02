"""Numbers in the clear: for who meets the family, for a purpose, so many a day, and never without a trace."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from domain.demo.personas import account_id
from tests.sealed import opened
from tests.world import World

REVEAL = """mutation($input: RevealIdentityInput!) { revealIdentity(input: $input) {
  identity { idNumber phone disabilityCertificate bankAccount } errors { code path } } }"""
FAMILY = "{ households(first: 1) { nodes { id head { id } } } }"


async def reveal(world: World, persona: str, **given: Any) -> tuple[Any, list[tuple[str, str]]]:
    usual = {
        "operationId": str(uuid.uuid4()),
        "purpose": "PAYMENT",
        "reason": "发放临时救助金",
        "fields": ["ID_NUMBER"],
    }
    answer = (await world.ask(persona, REVEAL, {"input": {**usual, **given}}))["revealIdentity"]
    return answer["identity"], [(error["code"], ".".join(error["path"])) for error in answer["errors"]]


async def someone(world: World, persona: str = "cadre") -> tuple[str, str]:
    """A household and its head."""
    (family,) = (await world.ask(persona, FAMILY))["households"]["nodes"]
    return family["id"], family["head"]["id"]


@pytest.fixture(autouse=True)
async def afresh(world: World) -> None:
    await world.sql.execute("TRUNCATE audit_entry")


async def test_who_meets_the_family_is_shown_a_number_and_the_family_can_be_told(world: World) -> None:
    family, head = await someone(world)
    (kept,) = await opened(world.sql, "person", "id = $1", uuid.UUID(head))
    identity, errors = await reveal(world, "cadre", personId=head, fields=["ID_NUMBER", "PHONE"])
    assert errors == []
    assert identity == {
        "idNumber": kept["id_number"],
        "phone": kept["phone"],
        "disabilityCertificate": None,
        "bankAccount": None,
    }
    (entry,) = await world.sql.fetch("SELECT * FROM audit_entry WHERE action = 'reveal_identity'")
    assert (entry["actor_id"], entry["subject_id"], entry["purpose"]) == (
        account_id("cadre"),
        uuid.UUID(head),
        "发放临时救助金",
    )
    assert entry["seen"] == [uuid.UUID(family)]
    assert json.loads(entry["detail"]) == {"kinds": ["ID_NUMBER", "PHONE"], "purpose": "PAYMENT"}
    assert str(kept["id_number"]) not in str(dict(entry))
    log = "query($id: ID!) { household(id: $id) { accessLog { nodes { actorName action kinds purpose } } } }"
    (told,) = (await world.ask("county_officer", log, {"id": family}))["household"]["accessLog"]["nodes"] or [None]
    assert told == {
        "actorName": "李桂芳",
        "action": "reveal_identity",
        "kinds": ["ID_NUMBER", "PHONE"],
        "purpose": "发放临时救助金",
    }


async def test_a_households_own_numbers(world: World) -> None:
    family, _ = await someone(world)
    identity, errors = await reveal(world, "township_officer", householdId=family, fields=["PHONE", "BANK_ACCOUNT"])
    assert errors == []
    (kept,) = await opened(world.sql, "household", "id = $1", uuid.UUID(family))
    assert (identity["phone"], identity["bankAccount"]) == (kept["phone"], kept["bank_account"])


@pytest.mark.parametrize(
    "persona", ["partner", "department", "integrator", "hotline_operator", "auditor", "administrator"]
)
async def test_who_does_not_meet_families_is_refused_and_told_nothing(world: World, persona: str) -> None:
    _, head = await someone(world)
    for person in (head, str(uuid.uuid4())):
        assert await reveal(world, persona, personId=person) == (None, [("FORBIDDEN_ROLE", "input")])
    assert (await reveal(world, "anonymous", personId=head))[1] == [("SIGN_IN_REQUIRED", "input")]


async def test_out_of_scope_is_not_there(world: World) -> None:
    family, head = await someone(world, "other_county_officer")
    assert (await reveal(world, "cadre", personId=head))[1] == [("NOT_FOUND", "input.personId")]
    answer = await reveal(world, "county_officer", householdId=family, fields=["PHONE"])
    assert answer == (None, [("NOT_FOUND", "input.householdId")])
    assert await world.sql.fetchval("SELECT count(*) FROM audit_entry WHERE action = 'reveal_identity'") == 0


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"reason": "  "}, ("REASON_NEEDED", "input.reason")),
        ({"reason": "长" * 201}, ("REASON_NEEDED", "input.reason")),
        ({"fields": []}, ("REQUIRED", "input.fields")),
        ({"fields": ["BANK_ACCOUNT"]}, ("FIELD_NOT_THEIRS", "input.fields")),
        ({"householdId": str(uuid.uuid4())}, ("ONE_SUBJECT", "input")),
        ({"personId": None}, ("ONE_SUBJECT", "input")),
        ({"operationId": "x"}, ("ID_INVALID", "input.operationId")),
    ],
)
async def test_what_is_asked_wrongly_is_said(world: World, given: dict[str, Any], wrong: tuple[str, str]) -> None:
    _, head = await someone(world)
    assert await reveal(world, "cadre", **{"personId": head, **given}) == (None, [wrong])


async def test_a_day_has_so_many_as_policy_says(world: World) -> None:
    _, head = await someone(world)
    for _ in range(30):
        assert (await reveal(world, "cadre", personId=head))[1] == []
    assert (await reveal(world, "cadre", personId=head)) == (None, [("TOO_MANY_REVEALS", "input")])
    assert (await reveal(world, "township_officer", personId=head))[1] == [], "each person has their own"
    await world.sql.execute("UPDATE audit_entry SET at = at - interval '1 day'")
    assert (await reveal(world, "cadre", personId=head))[1] == []
