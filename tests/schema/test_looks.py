"""Every look at something sensitive leaves one entry: whose facts, of which kinds, shown to whom; and masks leave none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.demo.personas import account_id
from schema.root import catalogue
from schema.watched import FIELDS
from tests.world import World

FAMILY = "{ households(first: 1) { nodes { id } } }"
PHONES = "{ households(first: 3) { nodes { id phone members { health { code } } } } }"


async def looks(world: World) -> list[dict[str, Any]]:
    """The entries about reads since the last time."""
    rows = await world.sql.fetch("SELECT * FROM audit_entry WHERE action = 'look' ORDER BY id")
    await world.sql.execute("TRUNCATE audit_entry")
    return [dict(row) for row in rows]


async def test_a_list_of_phones_leaves_one_entry_with_every_family(world: World) -> None:
    await looks(world)
    data = await world.ask("county_officer", PHONES)
    (entry,) = await looks(world)
    assert {str(one) for one in entry["seen"]} == {node["id"] for node in data["households"]["nodes"]}
    assert json.loads(entry["detail"]) == {"kinds": ["HEALTH", "PHONE"], "households": 3}
    assert (entry["actor_id"], entry["actor_roles"]) == (account_id("county_officer"), ["COUNTY_OFFICER"])
    assert entry["region_code"].startswith("350125")
    assert entry["request_id"]


async def test_one_family_is_its_subject(world: World) -> None:
    (family,) = (await world.ask("cadre", FAMILY))["households"]["nodes"]
    await looks(world)
    await world.ask("cadre", "query($id: ID!) { household(id: $id) { address } }", {"id": family["id"]})
    (entry,) = await looks(world)
    assert str(entry["subject_id"]) == family["id"]
    assert len(entry["region_code"]) == 12


@pytest.mark.parametrize(
    ("persona", "query"),
    [
        ("partner", PHONES),
        ("integrator", PHONES),
        ("anonymous", PHONES),
        ("auditor", PHONES),
        ("county_officer", "{ households(first: 3) { totalCount nodes { code category { code } } } }"),
        ("cadre", '{ households(filter: {search: "no such"}) { nodes { phone } } }'),
    ],
)
async def test_masks_and_what_is_not_sensitive_leave_none(world: World, persona: str, query: str) -> None:
    await looks(world)
    await world.ask(persona, query)
    assert await looks(world) == []


async def test_a_pull_is_one_entry(world: World) -> None:
    await looks(world)
    pull = "{ pullHouseholds(limit: 4) { documents { id phone members { health } } checkpoint { cursor } } }"
    data = await world.ask("cadre", pull)
    (entry,) = await looks(world)
    assert {str(one) for one in entry["seen"]} == {one["id"] for one in data["pullHouseholds"]["documents"]}


async def test_what_is_listed_as_sensitive_is_in_the_schema() -> None:
    known = {f"{name}.{field}" for name, planned in catalogue().types.items() for field in planned.fields}
    assert FIELDS.keys() <= known
