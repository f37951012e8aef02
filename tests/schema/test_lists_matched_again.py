"""A list is matched again at night, when somebody has been put on record: once, with what the row was before beside it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api import worker
from api.jobs import JOBS, SCHEDULES
from domain.access.rules import CHINA
from tests.listing import a_number, delivered
from tests.reporting import a_name, clues
from tests.schema.families_asked import VILLAGE, new_family, person
from tests.world import World

ROWS = """query ($id: ID!) { departmentListRows(filter: { listId: $id }, first: 500) { nodes {
  number outcome settledAt earlier clue { clueId } } } }"""


async def nightly(world: World, days: int = 1) -> None:
    """The job, as it runs so many days later."""
    at = datetime.now(UTC) + timedelta(days=days)
    async with worker.working(world.settings, lambda: at) as work:
        await JOBS["match_lists_again"](work, {})


async def rows_of(world: World, id: str, persona: str = "department") -> list[Any]:
    nodes: list[Any] = (await world.ask(persona, ROWS, {"id": id}))["departmentListRows"]["nodes"]
    return nodes


async def test_who_was_put_on_record_later_gets_a_clue_from_that_night(world: World) -> None:
    number, name = a_number(), a_name()
    id = await delivered(
        world,
        [{"idNumber": number, "amount": "10300"}, {"name": name, "villageCode": VILLAGE}, {"idNumber": a_number()}],
    )
    before = await rows_of(world, id)
    assert [row["outcome"] for row in before] == ["NOT_A_HOUSEHOLD_MEMBER"] * 3
    assert [row["earlier"] for row in before] == [[]] * 3
    await nightly(world)
    assert await rows_of(world, id) == before, "nobody came"

    homes = [await new_family(world, person(a_name(), idNumber=number)), await new_family(world, person(name))]
    await nightly(world, 2)
    after = await rows_of(world, id)
    assert [row["outcome"] for row in after] == ["MATCHED_NEW_CLUE"] * 2 + ["NOT_A_HOUSEHOLD_MEMBER"]
    for row, old in zip(after[:2], before, strict=False):
        assert [(one["outcome"], datetime.fromisoformat(one["settledAt"])) for one in row["earlier"]] == [
            ("NOT_A_HOUSEHOLD_MEMBER", datetime.fromisoformat(old["settledAt"]))
        ]
    assert after[2] == before[2]
    day = (datetime.now(UTC) + timedelta(days=2)).astimezone(CHINA).date()
    for number_of_row, home in enumerate(homes, 1):
        [clue] = await clues(world, home)
        assert (clue["beganOn"], clue["dueOn"]) == (str(day), str(day + timedelta(days=7))), "not of a day long gone"
        assert clue["witnesses"][0]["detail"]["row"] == number_of_row
    assert after[0]["clue"]["clueId"] == (await clues(world, homes[0]))[0]["id"]
    officers = await rows_of(world, id, "village_officer")
    assert [row["number"] for row in officers] == [1, 2], "the village's officers see what is theirs now"

    await nightly(world, 3)
    await nightly(world, 3)
    assert await rows_of(world, id) == after, "once"
    assert [len(await clues(world, home)) for home in homes] == [1, 1]


async def test_one_of_two_namesakes_becomes_the_one_when_the_other_has_gone(world: World) -> None:
    name = a_name()
    one, other = [await new_family(world, person(name)) for _ in range(2)]
    id = await delivered(world, [{"name": name, "villageCode": VILLAGE}])
    assert [row["outcome"] for row in await rows_of(world, id)] == ["AMBIGUOUS"]
    await world.sql.execute(
        "UPDATE household SET ended_on = current_date, end_reason = 'OTHER' WHERE id = $1", uuid.UUID(other)
    )
    await nightly(world)
    (row,) = await rows_of(world, id)
    assert (row["outcome"], [old["outcome"] for old in row["earlier"]]) == ("MATCHED_NEW_CLUE", ["AMBIGUOUS"])
    assert len(await clues(world, one)) == 1


async def test_what_the_department_has_said_meanwhile_is_repeated_and_below_the_line_stays_below(world: World) -> None:
    number, bearable = a_number(), a_number()
    rows = [{"idNumber": number, "amount": "10300"}, {"idNumber": bearable, "amount": "10"}]
    first = await delivered(world, rows)
    await new_family(world, person(a_name(), idNumber=number))
    await new_family(world, person(a_name(), idNumber=bearable))
    await delivered(world, rows[:1])
    await nightly(world)
    after = await rows_of(world, first)
    assert [row["outcome"] for row in after] == ["REPEATED", "BELOW_THRESHOLD"]


async def test_a_list_of_the_last_quarter_but_no_older_one(world: World) -> None:
    number = a_number()
    id = await delivered(world, [{"idNumber": number, "amount": "10300"}])
    await new_family(world, person(a_name(), idNumber=number))
    await nightly(world, 91)
    assert [row["outcome"] for row in await rows_of(world, id)] == ["NOT_A_HOUSEHOLD_MEMBER"]
    await nightly(world, 89)
    assert [row["outcome"] for row in await rows_of(world, id)] == ["MATCHED_NEW_CLUE"]


@pytest.mark.parametrize("whose", ["family", "person"])
async def test_a_row_forgets_whom_it_named_when_they_are_erased(world: World, whose: str) -> None:
    number, other = a_number(), a_number()
    home = await new_family(world, person(a_name(), idNumber=number))
    await new_family(world, person(a_name(), idNumber=other))
    id = await delivered(world, [{"idNumber": one, "name": "张三", "amount": "10300"} for one in (number, other)])
    one = await world.sql.fetchval("SELECT id FROM person WHERE household_id = $1", uuid.UUID(home))
    async with world.sql.transaction():  # as if they had died
        await world.sql.execute(
            "UPDATE person SET is_head = false, household_id = NULL, left_household_id = $1 WHERE household_id = $1",
            uuid.UUID(home),
        )
        await world.sql.execute(
            "UPDATE household SET ended_on = current_date, end_reason = 'OTHER' WHERE id = $1", uuid.UUID(home)
        )
    erase = {"family": ("ruhu_empty_household", uuid.UUID(home)), "person": ("ruhu_empty_person", one)}[whose]
    await world.sql.execute(f"SELECT {erase[0]}($1, now())", erase[1])
    rows = await world.sql.fetch(
        "SELECT name, id_number_sealed, id_number_masked, id_number_index, outcome, amount_fen FROM department_list_row"
        " WHERE list_id = $1 ORDER BY number",
        uuid.UUID(id),
    )
    assert tuple(rows[0]) == (None, None, None, None, "MATCHED_NEW_CLUE", 1030000)
    assert rows[1]["name"] == "张三", "another's row"


def test_it_comes_every_night() -> None:
    assert [due.cron for due in SCHEDULES if due.job == "match_lists_again"] == ["30 2 * * *"]
