"""What becomes of help when a family splits, merges, moves, ends, is handed out, and is erased."""

from __future__ import annotations

import asyncio
import uuid
from datetime import date
from typing import Any

from tests.helping import CANCEL, GIVE, MAKE_PLAN, day, new_id, planned
from tests.schema.families_asked import MERGE, MOVE, SPLIT, act, codes, new_family, person
from tests.schema.test_relief import relief
from tests.schema.test_rights import erase, export
from tests.world import World

MEASURES = (
    "query ($id: ID!) { household(id: $id) { plan { id } measures { nodes { id plan { id } events { act } } } } }"
)


async def a_family(world: World) -> tuple[str, dict[str, Any], dict[str, Any], str]:
    """Of Lixing: its id, the father, the son, and its plan."""
    father, son = person("鄢老伯", bornOn="1950-01-01"), person("鄢小山", "SON")
    home = await new_family(world, father, son)
    given = {"householdId": home, "kind": "HOUSEHOLD", "startedOn": day(9), "goals": ["稳定增收"]}
    plan = await act(world, "village_officer", MAKE_PLAN, id=new_id(), **given)
    assert plan["errors"] == []
    return home, father, son, plan["plan"]["id"]


async def help_of(world: World, home: str) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Its plan, and its measures by id."""
    shown = (await world.ask("county_officer", MEASURES, {"id": home}))["household"]
    return shown["plan"], {one["id"]: one for one in shown["measures"]["nodes"]}


async def test_what_is_still_to_come_for_somebody_goes_along_and_what_is_nobodys_stays(world: World) -> None:
    home, father, son, plan = await a_family(world)
    usual = {"persona": "village_officer", "plannedOn": day(5), "planId": plan}
    for_all = await planned(world, home, **usual)
    for_father = await planned(world, home, personId=father["id"], **usual)
    for_son = await planned(world, home, personId=son["id"], **usual)
    over = await planned(world, home, personId=son["id"], **usual)
    await act(world, "township_officer", CANCEL, measureId=over["id"], on=day(1), reason="DECLINED")
    new, today = str(uuid.uuid4()), day(0)
    split = await act(
        *(world, "village_officer", SPLIT),
        id=new,
        householdId=home,
        on=today,
        members=[{"personId": son["id"], "relationToHead": "HEAD"}],
    )
    assert split["errors"] == []
    old_plan, stayed = await help_of(world, home)
    assert (old_plan, set(stayed)) == ({"id": plan}, {for_all["id"], for_father["id"], over["id"]})
    no_plan, went = await help_of(world, new)
    assert no_plan is None
    assert went == {for_son["id"]: {"id": for_son["id"], "plan": None, "events": [{"act": "ADD"}]}}

    back = {"survivorId": home, "mergedId": new, "on": today}
    later = await planned(world, new, persona="village_officer", plannedOn=today)
    merged = await act(
        world, "village_officer", MERGE, **back, members=[{"personId": son["id"], "relationToHead": "SON"}]
    )
    assert merged["errors"] == []
    _, all_of_them = await help_of(world, home)
    assert set(all_of_them) == {*stayed, for_son["id"], later["id"]}


async def test_a_plan_ends_with_the_family_that_became_part_of_another(world: World) -> None:
    home, _, _, _ = await a_family(world)
    other, father, son, plan = await a_family(world)
    members = [{"personId": one["id"], "relationToHead": "OTHER_RELATIVE"} for one in (father, son)]
    for relation in ("OTHER", "NEPHEW", "SON"):
        for one in members:
            one["relationToHead"] = relation
        merged = await act(world, "village_officer", MERGE, survivorId=home, mergedId=other, on=day(0), members=members)
        if not merged["errors"]:
            break
    assert merged["errors"] == []
    row = await world.sql.fetchrow("SELECT ended_on, end_reason FROM assistance_plan WHERE id = $1", uuid.UUID(plan))
    assert (row["end_reason"], row["ended_on"]) == ("HOUSEHOLD_ENDED", date.fromisoformat(day(0)))


async def test_help_moves_with_the_family_to_its_new_village(world: World) -> None:
    home, _, _, _ = await a_family(world)
    await planned(world, home, persona="village_officer", plannedOn=day(1))
    await act(world, "township_officer", GIVE, **relief(home))
    moved = await act(world, "county_officer", MOVE, householdId=home, villageCode="350125201201", on=day(0))
    assert moved["errors"] == []
    for table in ("assistance_plan", "measure", "relief"):
        places = await world.sql.fetch(f"SELECT region_code FROM {table} WHERE household_id = $1", uuid.UUID(home))
        assert {row["region_code"] for row in places} == {"350125201201"}, table
    events = await world.sql.fetch(
        "SELECT e.region_code FROM measure_event e JOIN measure m ON m.id = e.measure_id WHERE m.household_id = $1",
        uuid.UUID(home),
    )
    assert {row["region_code"] for row in events} == {"350125201201"}


async def test_everything_is_handed_out_and_words_are_erased_while_sums_stay(world: World) -> None:
    home, _, _, plan = await a_family(world)
    measure = await planned(world, home, persona="village_officer", plannedOn=day(2), planId=plan, amount="88.80")
    await act(world, "township_officer", CANCEL, measureId=measure["id"], on=day(1), reason="OTHER", note="他说不要")
    given = (await act(world, "township_officer", GIVE, **relief(home, note="住院押金")))["relief"]
    document = (await export(world, "township_officer", home))["document"]
    assert [one["goals"] for one in document["plans"]] == [["稳定增收"]]
    assert [one["content"] for one in document["measures"]] == ["茶树菇三千袋"]
    assert [one["note"] for one in document["measure_events"]] == [None, "他说不要"]
    assert [one["amount_fen"] for one in document["relief"]] == [120000]
    await world.sql.execute(
        "UPDATE household SET ended_on = current_date, end_reason = 'MEMBERS_GONE' WHERE id = $1", uuid.UUID(home)
    )
    assert (await erase(world, "county_officer", home))["errors"] == []
    goals = await world.sql.fetchval("SELECT goals FROM assistance_plan WHERE id = $1", uuid.UUID(plan))
    assert goals == ["***"]
    row = await world.sql.fetchrow(
        "SELECT content, amount_fen, kind FROM measure WHERE id = $1", uuid.UUID(measure["id"])
    )
    assert tuple(row) == (None, 8880, "INDUSTRY")
    notes = await world.sql.fetch("SELECT note FROM measure_event WHERE measure_id = $1", uuid.UUID(measure["id"]))
    assert {one["note"] for one in notes} == {None}
    row = await world.sql.fetchrow("SELECT note, amount_fen FROM relief WHERE id = $1", uuid.UUID(given["id"]))
    assert tuple(row) == (None, 120000)


async def test_of_two_who_give_the_same_at_the_same_instant_one_is_told(world: World) -> None:
    home = await new_family(world)
    both = await asyncio.gather(
        act(world, "township_officer", GIVE, **relief(home)), act(world, "county_officer", GIVE, **relief(home))
    )
    assert sorted(len(one["errors"]) for one in both) == [0, 1]
    (told,) = [one for one in both if one["errors"]]
    assert {code for code, _ in codes(told)} == {"DUPLICATE_CLAIM"}
