"""Clues: one per sign, household and period; verified at the door by two; closed or passed on with their household."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.access.rules import GrantRole
from domain.base.errors import Conflict, InvalidInput, NotVisible, Refused
from domain.families.actions import Leaving, Moving, move_household
from domain.monitoring.actions import change_members, merge_households, verify_clue
from domain.monitoring.rules import ClueOutcome, ClueSource
from tests.domain.families.conftest import NOW, TODAY, Town, person, told
from tests.domain.monitoring.conftest import a_sign, a_visit, at, clues, figure, witnesses, write_down


async def verify(
    town: Town,
    actor: Any,
    clue: uuid.UUID | None,
    visit: uuid.UUID,
    outcome: ClueOutcome = ClueOutcome.CONFIRMED,
    reason: str | None = None,
    operation_id: uuid.UUID | None = None,
) -> Any:
    asked = {"clue_id": clue, "visit_id": visit, "outcome": outcome, "reason": reason}
    return await town.do(actor, verify_clue, operation_id=operation_id or uuid.uuid4(), **asked)


async def two_at_the_door(town: Town, family: uuid.UUID, occurred_at: str = "2026-03-16T09:30:00+08:00") -> uuid.UUID:
    """The paired cadre, and a neighbour village's helper who is not."""
    cadre, other = await town.cadre(family), await town.cadre()
    return await a_visit(town, family, cadre, occurred_at, other.viewer.helper_id)


# --- raising -----------------------------------------------------------------------------------------------------------


async def test_the_same_sign_of_a_household_and_period_is_one_clue_with_several_witnesses(town: Town) -> None:
    family = await town.family()

    first = await a_sign(town, family, at(town.village_officer, "2026-03-14T23:59:59+08:00"), reference="round 3")
    later = await a_sign(
        town,
        family,
        at(town.township_officer, "2026-03-15T00:00:00+08:00"),
        source=ClueSource.DEPARTMENT,
        reference="list 7, row 12",
    )
    again = await a_sign(town, family, at(town.village_officer, "2026-03-17T08:00:00+08:00"), reference="round 3")

    assert first == later == again
    (clue,) = await clues(town, family)
    assert (clue["state"], clue["began_on"], clue["due_on"]) == ("NEW", date(2026, 3, 14), date(2026, 3, 21))
    assert [(w["source"], w["reference"]) for w in await witnesses(town, clue["id"])] == [
        ("SWEEP", "round 3"),
        ("DEPARTMENT", "list 7, row 12"),
    ]


@pytest.mark.parametrize("other", [{"sign": "DISASTER"}, {"period": "2026-04"}])
async def test_another_sign_or_period_is_another_clue(town: Town, other: dict[str, str]) -> None:
    family = await town.family()
    await a_sign(town, family)
    await a_sign(town, family, **other)

    assert len(await clues(town, family)) == 2


async def test_twenty_at_once_raise_one_clue(town: Town) -> None:
    family = await town.family()
    ids = await asyncio.gather(*(a_sign(town, family, reference=f"call {n % 10}") for n in range(20)))

    assert len(set(ids)) == 1
    assert len(await clues(town, family)) == 1
    (clue,) = set(ids)
    assert clue is not None
    assert len(await witnesses(town, clue)) == 10


async def test_a_household_that_has_ended_or_is_out_of_sight_gets_no_clue(town: Town) -> None:
    ended, far = await town.family(), await town.family()
    await town.sql.execute(
        "UPDATE household SET ended_on = '2026-03-01', end_reason = 'NO_MEMBERS' WHERE id = $1", ended
    )

    assert await a_sign(town, ended) is None
    assert await a_sign(town, far, await town.cadre()) is None
    assert await clues(town, ended) == await clues(town, far) == []


async def test_each_new_witness_leaves_a_trace_and_the_feed_hears_of_the_clue(town: Town) -> None:
    family, before = await town.family(), await town.feed_position()
    clue = await a_sign(town, family, reference="round 3")
    await a_sign(town, family, reference="round 3")

    traces = await town.sql.fetchval(
        "SELECT count(*) FROM audit_entry WHERE action = 'raise_clue' AND subject_id = $1", clue
    )
    assert traces == 1
    assert (int(town.village[:9]), "clue", clue, "U") in await town.feed_since(before)


# --- verifying ---------------------------------------------------------------------------------------------------------


async def test_what_was_found_at_the_door_stops_the_clock_when_it_was_found(town: Town) -> None:
    family = await town.family()
    clue = await a_sign(town, family)
    visit = await two_at_the_door(town, family)
    late = at(town.village_officer, "2026-03-25T08:00:00+08:00")

    assert await verify(town, late, clue, visit) == {"clue_id": str(clue)}

    (found,) = await clues(town, family)
    assert (found["state"], found["visit_id"], found["reason"]) == ("VERIFIED", visit, None)
    assert (found["stopped_at"], found["settled_at"]) == (datetime(2026, 3, 16, 1, 30, tzinfo=UTC), late.at)
    assert found["settled_by_id"] == late.id


async def test_what_is_not_confirmed_is_dismissed_with_a_reason(town: Town) -> None:
    family = await town.family()
    clue = await a_sign(town, family)
    visit = await two_at_the_door(town, family)

    with pytest.raises(InvalidInput) as silent:
        await verify(town, town.village_officer, clue, visit, ClueOutcome.NOT_CONFIRMED, "  ")
    with pytest.raises(InvalidInput) as long:
        await verify(town, town.village_officer, clue, visit, ClueOutcome.NOT_CONFIRMED, "长" * 501)
    await verify(town, town.village_officer, clue, visit, ClueOutcome.NOT_CONFIRMED, "儿子已寄钱回家")

    assert told(silent) == {("REASON_NEEDED", "reason")}
    assert told(long) == {("TOO_LONG", "reason")}
    (found,) = await clues(town, family)
    assert (found["state"], found["reason"]) == ("DISMISSED", "儿子已寄钱回家")


async def test_a_clue_is_settled_once_and_further_witnesses_change_nothing(town: Town) -> None:
    family, operation = await town.family(), uuid.uuid4()
    clue = await a_sign(town, family)
    visit = await two_at_the_door(town, family)

    await verify(town, town.village_officer, clue, visit, operation_id=operation)
    assert await verify(town, town.village_officer, clue, visit, operation_id=operation) == {"clue_id": str(clue)}
    with pytest.raises(Conflict) as again:
        await verify(town, town.township_officer, clue, visit)
    assert await a_sign(town, family, reference="another call") == clue

    assert told(again) == {("CLUE_ALREADY_SETTLED", "clueId")}
    (found,) = await clues(town, family)
    assert (found["state"], found["due_on"]) == ("VERIFIED", date(2026, 3, 21))


async def test_a_visit_that_proves_nothing_is_refused_with_everything_that_it_lacks(town: Town) -> None:
    family, other = await town.family(), await town.family()
    clue = await a_sign(town, family)
    cadre, second = await town.cadre(family), await town.cadre(family)

    async def refusal(visit: uuid.UUID) -> set[tuple[str, str]]:
        with pytest.raises(InvalidInput) as wrong:
            await verify(town, town.village_officer, clue, visit)
        return told(wrong)

    alone = await a_visit(town, family, cadre, "2026-03-13T09:00:00+08:00", contact="NOBODY_HOME")
    both_paired = await a_visit(town, family, cadre, "2026-03-16T09:00:00+08:00", second.viewer.helper_id)
    next_door = await two_at_the_door(town, other)
    assert await refusal(alone) == {
        (code, "visitId") for code in ("NOT_A_DOOR_VISIT", "VISIT_BEFORE_CLUE", "SECOND_VERIFIER_MISSING")
    }
    assert await refusal(both_paired) == {("VERIFIER_NOT_PAIRED_MISSING", "visitId")}
    assert await refusal(next_door) == {("VISIT_OF_ANOTHER_HOUSEHOLD", "visitId")}
    assert await refusal(uuid.uuid4()) == {("NOT_FOUND", "visitId")}
    assert [row["state"] for row in await clues(town, family)] == ["NEW"]


async def test_an_officer_who_goes_along_with_the_cadre_is_the_second_one(town: Town) -> None:
    family = await town.family()
    clue = await a_sign(town, family)
    cadre = await town.cadre(family)
    visit = await a_visit(town, family, town.township_officer, "2026-03-15T09:00:00+08:00", cadre.viewer.helper_id)

    await verify(town, cadre, clue, visit)

    assert [row["state"] for row in await clues(town, family)] == ["VERIFIED"]


async def test_a_pairing_that_ended_before_the_visit_binds_nobody(town: Town) -> None:
    family = await town.family()
    clue = await a_sign(town, family)
    cadre, former = await town.cadre(family), await town.cadre(family)
    await town.sql.execute(
        "UPDATE pairing SET ended_on = '2026-03-16', end_reason = 'HANDED_OVER' WHERE helper_id = $1",
        former.viewer.helper_id,
    )
    visit = await a_visit(town, family, cadre, "2026-03-16T09:00:00+08:00", former.viewer.helper_id)

    await verify(town, town.village_officer, clue, visit)

    assert [row["state"] for row in await clues(town, family)] == ["VERIFIED"]


async def test_who_knows_the_family_verifies_and_others_do_not(town: Town) -> None:
    family = await town.family()
    clue = await a_sign(town, family)
    visit = await two_at_the_door(town, family)
    integrator = await town.officer(GrantRole.INTEGRATOR, town.village)

    with pytest.raises(NotVisible) as unseen:
        await verify(town, await town.cadre(), clue, visit)
    with pytest.raises(Refused) as forbidden:
        await verify(town, integrator, clue, visit)

    assert told(unseen) == {("NOT_FOUND", "clueId")}
    assert told(forbidden) == {("FORBIDDEN_ROLE", "")}


# --- what a change of the family means ---------------------------------------------------------------------------------


async def leave(
    town: Town, actor: Any, family: uuid.UUID, *gone: Leaving, operation: uuid.UUID | None = None, **more: Any
) -> Any:
    asked = {"household_id": family, "leaving": gone, **more}
    return await town.do(actor, change_members, operation_id=operation or uuid.uuid4(), **asked)


async def test_a_wage_earner_dies_and_the_family_gets_a_clue(town: Town) -> None:
    son, operation = person("乙", "SON"), uuid.uuid4()
    family = await town.family(person("甲"), son)
    cadre = await town.cadre(family)
    await write_down(town, cadre, figure(family, "2025-11", amount="3000", person_id=son.id))
    death = Leaving(son.id, "DEATH", "2026-03-10")

    await leave(town, cadre, family, death, operation=operation)
    await write_down(town, cadre, figure(family, "2025-12", amount="9000"))
    await leave(town, cadre, family, death, operation=operation)

    (clue,) = await clues(town, family)
    assert (clue["sign"], clue["period"], clue["state"]) == ("FAMILY_UPHEAVAL", "2026-03", "NEW")
    assert (clue["began_on"], clue["due_on"]) == (TODAY, date(2026, 3, 21))
    (witness,) = await witnesses(town, clue["id"])
    assert (witness["source"], witness["reference"], witness["recorded_by_id"]) == (
        "FAMILY_EVENT",
        str(operation),
        cadre.id,
    )
    assert str(son.id) in witness["detail"]
    assert '"percentOfEarnings": 100' in witness["detail"]


@pytest.mark.parametrize(
    ("wages", "reason", "expected"),
    [
        pytest.param((300, 700), "DEATH", 0, id="exactly thirty percent"),
        pytest.param((301, 699), "DEATH", 1, id="over thirty"),
        pytest.param((301, 699), "MARRIED_OUT", 1, id="married out"),
        pytest.param((301, 699), "LEFT", 1, id="gone away"),
        pytest.param((301, 699), "ENTERED_IN_ERROR", 0, id="never was of the family"),
        pytest.param((None, 699), "DEATH", 0, id="of whom nothing is known"),
        pytest.param((None, None), "DEATH", 0, id="nothing is known of anybody"),
    ],
)
async def test_what_is_a_major_loss(
    town: Town, wages: tuple[int | None, int | None], reason: str, expected: int
) -> None:
    son, daughter = person("乙", "SON"), person("丙", "DAUGHTER")
    family = await town.family(person("甲"), son, daughter)
    rows = [
        figure(family, amount=str(wage), person_id=one.id)
        for one, wage in zip((son, daughter), wages, strict=True)
        if wage is not None
    ]
    if rows:
        await write_down(town, town.village_officer, *rows)

    await leave(town, town.village_officer, family, Leaving(son.id, reason, "2026-03-10"))

    assert len(await clues(town, family)) == expected


async def test_the_window_is_that_of_the_day_on_which_somebody_went(town: Town) -> None:
    son = person("乙", "SON")
    family = await town.family(person("甲"), son)
    await write_down(town, town.village_officer, figure(family, "2025-02", amount="5000", person_id=son.id))

    await leave(town, town.village_officer, family, Leaving(son.id, "LEFT", "2026-03-01"))
    assert await clues(town, family) == [], "February last year is out of the window of March"

    other = person("丁", "SON")
    family = await town.family(person("丙"), other)
    await write_down(town, town.village_officer, figure(family, "2025-02", amount="5000", person_id=other.id))
    await leave(town, town.village_officer, family, Leaving(other.id, "LEFT", "2026-02-28"))
    (clue,) = await clues(town, family)
    assert (clue["period"], clue["began_on"]) == ("2026-02", TODAY), (
        "day 0 is when it was heard of, not when it happened"
    )


async def test_the_last_one_gone_ends_the_household_and_leaves_no_clue_open(town: Town) -> None:
    last = person("陈阿婆")
    family = await town.family(last)
    await write_down(town, town.village_officer, figure(family, amount="500", person_id=last.id))
    clue = await a_sign(town, family)

    await leave(town, town.village_officer, family, Leaving(last.id, "DEATH", "2026-03-10"))

    (found,) = await clues(town, family)
    assert (found["id"], found["state"], found["stopped_at"], found["visit_id"]) == (clue, "CLOSED", NOW, None)


async def test_a_merge_takes_the_clues_along_and_makes_one_of_two_alike(town: Town) -> None:
    stays, goes = await town.family(person("甲")), await town.family(widow := person("乙"), village=town.neighbour)
    early, late = (
        at(town.county_officer, "2026-03-10T09:00:00+08:00"),
        at(town.county_officer, "2026-03-12T09:00:00+08:00"),
    )
    kept = await a_sign(town, stays, late, reference="theirs")
    twin = await a_sign(town, goes, early, reference="hers")
    own = await a_sign(town, goes, early, sign="DISASTER", reference="flood")
    dismissed = await a_sign(town, goes, early, sign="MEDICAL_EXPENSE")
    visit = await two_at_the_door(town, goes)
    await verify(town, town.county_officer, dismissed, visit, ClueOutcome.NOT_CONFIRMED, "已报销")
    asked = {"survivor_id": stays, "merged_id": goes, "on": "2026-03-14", "members": [Moving(widow.id, "SPOUSE")]}
    operation = uuid.uuid4()

    await town.do(town.county_officer, merge_households, operation_id=operation, **asked)
    await town.do(town.county_officer, merge_households, operation_id=operation, **asked)

    there = {row["id"]: row for row in await clues(town, stays)}
    assert there.keys() == {kept, own}
    assert (there[kept]["began_on"], there[kept]["due_on"]) == (date(2026, 3, 10), date(2026, 3, 17)), (
        "the earlier day 0"
    )
    assert (there[own]["state"], there[own]["region_code"]) == ("NEW", town.village)
    assert kept is not None
    assert own is not None
    assert [w["reference"] for w in await witnesses(town, kept)] == ["hers", "theirs"]
    assert {w["region_code"] for one in (kept, own) for w in await witnesses(town, one)} == {town.village}
    left = {row["id"]: row["state"] for row in await clues(town, goes)}
    assert left == {twin: "CLOSED", dismissed: "DISMISSED"}


async def test_a_verified_clue_goes_along_unless_the_survivor_has_its_like(town: Town) -> None:
    stays, goes = await town.family(person("甲")), await town.family(widow := person("乙"))
    alike = await a_sign(town, stays)
    verified, alone = await a_sign(town, goes), await a_sign(town, goes, sign="DISASTER")
    visit = await two_at_the_door(town, goes)
    for clue in (verified, alone):
        await verify(town, town.village_officer, clue, visit)

    await town.do(
        town.village_officer,
        merge_households,
        operation_id=uuid.uuid4(),
        survivor_id=stays,
        merged_id=goes,
        on="2026-03-14",
        members=[Moving(widow.id, "SPOUSE")],
    )

    assert {row["id"]: row["state"] for row in await clues(town, stays)} == {alike: "NEW", alone: "VERIFIED"}
    assert {row["id"]: row["state"] for row in await clues(town, goes)} == {verified: "VERIFIED"}


async def test_a_family_that_moves_takes_its_figures_and_clues_along_and_the_clock_runs_on(town: Town) -> None:
    family = await town.family()
    await write_down(town, town.village_officer, figure(family))
    clue = await a_sign(town, family, reference="round 3")

    await town.do(
        town.county_officer,
        move_household,
        operation_id=uuid.uuid4(),
        household_id=family,
        village_code=town.next_township,
        on="2026-03-14",
    )

    (found,) = await clues(town, family)
    assert (found["id"], found["region_code"], found["due_on"]) == (clue, town.next_township, date(2026, 3, 21))
    codes = await town.sql.fetch(
        "SELECT region_code FROM clue_witness WHERE clue_id = $1"
        " UNION SELECT region_code FROM income_statement WHERE household_id = $2",
        clue,
        family,
    )
    assert [row["region_code"] for row in codes] == [town.next_township]
