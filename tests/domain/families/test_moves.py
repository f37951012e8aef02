"""A family moves out of one township and into another: one side asks, the other accepts, and both walls hold."""

from __future__ import annotations

import asyncio
import uuid
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor, GrantRole
from domain.base.errors import Conflict, DomainError, InvalidInput, NotVisible, Refused
from domain.families.actions import change_members, decide_move, move_household, withdraw_move
from domain.families.actions.members import Leaving
from domain.households.rules import GivenPoint
from tests.domain.families.conftest import OTHER_TOWNSHIP, TODAY, TOWNSHIP, Town, person, told

DAY = date(2026, 3, 10)


@pytest.fixture(scope="module")
async def receiver(town: Town) -> Actor:
    """An officer of the township that families move to."""
    return await town.officer(GrantRole.TOWNSHIP_OFFICER, OTHER_TOWNSHIP)


async def ask(town: Town, family: uuid.UUID, actor: Actor | None = None, **more: Any) -> uuid.UUID:
    """The request of the old township, or of `actor`."""
    id = uuid.uuid4()
    given = {"household_id": family, "village_code": town.next_township, "on": str(DAY), **more}
    await town.do(actor or town.township_officer, move_household, operation_id=id, **given)
    return id


async def decide(town: Town, actor: Actor, move: uuid.UUID, *, accepts: bool = True, reason: str | None = None) -> Any:
    given = {"operation_id": uuid.uuid4(), "move_id": move, "accepts": accepts, "reason": reason}
    return await town.do(actor, decide_move, **given)


async def row(town: Town, move: uuid.UUID) -> Any:
    return await town.sql.fetchrow("SELECT * FROM household_move WHERE id = $1", move)


async def seen(db: AsyncSession, actor: Actor, *, table: str, column: str, id: uuid.UUID) -> int:
    """How many rows wall 2 alone lets through."""
    count: int = await db.scalar(text(f"SELECT count(*) FROM {table} WHERE {column} = :id"), {"id": id})
    return count


async def test_asking_changes_nothing_of_the_family(town: Town) -> None:
    family = await town.family(person("陈桂芳"), person("小陈", "SON"))
    before, was = await town.feed_position(), await town.household(family)

    move = await ask(town, family, address="新村 3 号", reason="随子女居住")

    asked = await row(town, move)
    assert (asked["state"], asked["region_code"], asked["to_region_code"]) == (
        "ASKED",
        town.village,
        town.next_township,
    )
    assert (asked["head_name"], asked["member_count"], asked["household_code"]) == ("陈**", 2, was["code"])
    assert (asked["reason"], asked["address"]) == ("随子女居住", "新村 3 号")
    assert await town.household(family) == was
    assert await town.feed_since(before) == set()
    assert await town.chronicle(family) == ["REGISTERED"]


async def test_the_receiver_sees_the_request_and_nothing_of_the_family_until_it_is_theirs(
    town: Town, receiver: Actor
) -> None:
    family = await town.family()
    move = await ask(town, family)
    places = (("household_move", "id", move), ("household", "id", family), ("person", "household_id", family))

    async def look(actor: Actor) -> list[int]:
        return [await town.do(actor, seen, table=t, column=c, id=id) for t, c, id in places]

    assert await look(receiver) == [1, 0, 0]
    await decide(town, receiver, move)
    assert await look(receiver) == [1, 1, 1]
    assert await look(town.township_officer) == [1, 0, 0]


async def test_accepting_carries_the_move_out_as_the_officer_above_would(town: Town, receiver: Actor) -> None:
    head, pupil, daughter = person("甲"), person("乙", "SON", school_status="PRIMARY"), person("小妹", "DAUGHTER")
    family = await town.family(head, pupil, daughter, address="旧屋")
    await town.do(
        town.village_officer,
        change_members,
        operation_id=uuid.uuid4(),
        household_id=family,
        leaving=[Leaving(daughter.id, "MARRIED_OUT", "2021-05-01")],
    )
    cadre, leader, teacher = await town.cadre(family), await town.cadre(), await town.cadre()
    leading = await town.pair(leader.viewer.helper_id, household_id=family, role="WEALTH_LEADER")
    await town.pair(teacher.viewer.helper_id, person_id=pupil.id, role="STUDENT_TEACHER")
    move = await ask(town, family, address="新村 3 号", location=GivenPoint(118.9, 25.9, "GCJ02", 8.5))
    before = await town.feed_position()

    answer = await decide(town, receiver, move, reason="同意")

    assert answer == {"household_id": str(family), "move_id": str(move)}
    now = await town.household(family)
    assert (now["region_code"], now["address"], now["revision"]) == (town.next_township, "新村 3 号", 3)
    assert (now["sent_longitude"], now["sent_datum"], now["accuracy_metres"]) == (118.9, "GCJ02", 8.5)
    for table, key in (
        ("person", "household_id"),
        ("person", "left_household_id"),
        ("membership", "household_id"),
        ("household_event", "household_id"),
        ("household_access", "household_id"),
        ("pairing", "household_id"),
        ("pairing", "person_id"),
    ):
        found = await town.sql.fetch(
            f"SELECT DISTINCT region_code FROM {table} WHERE {key} IN ($1, $2)", family, pupil.id
        )
        assert [tuple(one) for one in found] == [(town.next_township,)], (table, key)
    assert (await town.pairing(leading))["end_reason"] == "HOUSEHOLD_MOVED"
    assert (await town.listed(leader), await town.listed(cadre)) == (set(), {family})
    assert (await town.chronicle(family))[-1] == "MOVED"
    assert await town.feed_since(before) >= {
        (int(TOWNSHIP), "household", family, "D"),
        (int(OTHER_TOWNSHIP), "household", family, "U"),
    }
    decided = await row(town, move)
    assert (decided["state"], decided["decided_by_id"], decided["decision_reason"]) == ("ACCEPTED", receiver.id, "同意")
    trace = await town.sql.fetch("SELECT action, actor_id FROM audit_entry WHERE subject_id = $1", family)
    assert {tuple(entry) for entry in trace} >= {
        ("decide_move", receiver.id),
        ("move_household", town.township_officer.id),
    }


async def test_the_officer_above_both_moves_at_once(town: Town) -> None:
    move = await ask(town, await town.family(), town.county_officer)

    assert (await row(town, move))["state"] == "ACCEPTED"


async def test_declining_needs_a_reason_and_leaves_the_family_where_it_is(town: Town, receiver: Actor) -> None:
    family = await town.family()
    move = await ask(town, family)
    with pytest.raises(InvalidInput) as silent:
        await decide(town, receiver, move, accepts=False, reason="  ")
    assert told(silent) == {("REASON_NEEDED", "reason")}

    await decide(town, receiver, move, accepts=False, reason="查无此房")

    declined = await row(town, move)
    assert (declined["state"], declined["decision_reason"]) == ("DECLINED", "查无此房")
    assert (await town.household(family))["region_code"] == town.village
    assert (await row(town, await ask(town, family)))["state"] == "ASKED"  # anew


async def test_only_the_receiving_township_or_those_above_it_decide(town: Town) -> None:
    move = await ask(town, await town.family())
    strangers = await town.officer(GrantRole.TOWNSHIP_OFFICER, "350125203"), await town.cadre()
    for stranger in strangers:
        with pytest.raises(NotVisible):
            await decide(town, stranger, move)
    for bystander in (
        town.township_officer,  # the side that asked
        await town.officer(GrantRole.VILLAGE_OFFICER, town.next_township),
        await town.officer(GrantRole.RESIDENT_TEAM, OTHER_TOWNSHIP),
        await town.officer(GrantRole.TOWNSHIP_OFFICER, town.next_township),  # a grant as narrow as a village
    ):
        with pytest.raises(Refused, match="FORBIDDEN_ROLE"):
            await decide(town, bystander, move)

    await decide(town, town.county_officer, move)

    assert (await row(town, move))["state"] == "ACCEPTED"


async def test_one_request_of_a_family_is_open_at_a_time(town: Town) -> None:
    family = await town.family()
    await ask(town, family)
    for actor, village in ((town.village_officer, town.far), (town.county_officer, town.neighbour)):
        with pytest.raises(InvalidInput) as twice:
            await ask(town, family, actor, village_code=village)
        assert told(twice) == {("MOVE_ALREADY_ASKED", "householdId")}


async def test_the_side_that_asked_withdraws_and_nobody_else(town: Town, receiver: Actor) -> None:
    move = await ask(town, await town.family())
    with pytest.raises(Refused, match="FORBIDDEN_ROLE"):
        await town.do(receiver, withdraw_move, operation_id=uuid.uuid4(), move_id=move)

    await town.do(town.township_officer, withdraw_move, operation_id=uuid.uuid4(), move_id=move)

    assert (await row(town, move))["state"] == "WITHDRAWN"
    for late in (decide(town, receiver, move), decide(town, receiver, move, accepts=False, reason="迟了")):
        with pytest.raises(Conflict, match="MOVE_ALREADY_DECIDED"):
            await late


async def test_a_family_that_ended_meanwhile_is_not_taken_in(town: Town, receiver: Actor) -> None:
    head = person("甲")
    family = await town.family(head)
    move = await ask(town, family)
    await town.do(
        town.village_officer,
        change_members,
        operation_id=uuid.uuid4(),
        household_id=family,
        leaving=[Leaving(head.id, "DEATH", str(TODAY))],
    )

    with pytest.raises(Refused, match="MOVE_OVERTAKEN"):
        await decide(town, receiver, move)

    assert (await row(town, move))["state"] == "ASKED"
    await decide(town, receiver, move, accepts=False, reason="已注销")


async def test_of_two_decisions_at_once_one_holds(town: Town, receiver: Actor) -> None:
    family = await town.family()
    move = await ask(town, family)

    outcomes = await asyncio.gather(
        decide(town, receiver, move),
        decide(town, town.county_officer, move, accepts=False, reason="不同意"),
        return_exceptions=True,
    )

    (lost,) = [one for one in outcomes if isinstance(one, BaseException)]
    assert isinstance(lost, Conflict)
    assert str(lost) == "MOVE_ALREADY_DECIDED"
    has_moved = (await town.household(family))["region_code"] == town.next_township
    assert (await row(town, move))["state"] == ("ACCEPTED" if has_moved else "DECLINED")


async def test_of_two_requests_at_once_one_holds(town: Town) -> None:
    family = await town.family()

    outcomes = await asyncio.gather(
        ask(town, family), ask(town, family, town.village_officer, village_code=town.far), return_exceptions=True
    )

    (lost,) = [one for one in outcomes if isinstance(one, BaseException)]
    assert isinstance(lost, DomainError)
    assert str(lost) == "MOVE_ALREADY_ASKED"


async def test_a_decision_sent_again_is_answered_alike(town: Town, receiver: Actor) -> None:
    family = await town.family()
    given = {"operation_id": uuid.uuid4(), "move_id": await ask(town, family), "accepts": True}

    first = await town.do(receiver, decide_move, **given)

    assert await town.do(receiver, decide_move, **given) == first
    assert (await town.household(family))["revision"] == 2


async def accept_by_hand(db: AsyncSession, actor: Actor, *, move: uuid.UUID) -> bool:
    accepted: bool = await db.scalar(text("SELECT ruhu_accept_move(:move, now(), NULL)"), {"move": move})
    return accepted


async def rewrite(db: AsyncSession, actor: Actor, *, statement: str, move: uuid.UUID) -> None:
    await db.execute(text(statement), {"move": move})


async def test_the_function_past_the_wall_serves_no_other_region_and_no_request_twice(
    town: Town, receiver: Actor
) -> None:
    family = await town.family()
    move = await ask(town, family)

    assert not await town.do(town.township_officer, accept_by_hand, move=move)
    assert await town.do(receiver, accept_by_hand, move=move)
    assert not await town.do(receiver, accept_by_hand, move=move)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE household_move SET state = 'ACCEPTED' WHERE id = :move", id="accepted by the app role"),
        pytest.param("UPDATE household_move SET household_id = id WHERE id = :move", id="another family"),
        pytest.param("UPDATE household_move SET to_region_code = region_code WHERE id = :move", id="another village"),
        pytest.param(
            "INSERT INTO household_move SELECT gen_random_uuid(), household_id, region_code, to_region_code,"
            " household_code, head_name, member_count, moves_on, reason, address, location, asked_at, asked_by_id, state"
            " FROM household_move WHERE id = :move",
            id="asked by the new side",
        ),
    ],
)
async def test_wall_two_keeps_requests_as_they_were_asked(town: Town, receiver: Actor, statement: str) -> None:
    move = await ask(town, await town.family())

    with pytest.raises(Exception, match=r"row-level security|permission denied"):
        await town.do(receiver, rewrite, statement=statement, move=move)
