"""Pairings are handed over and end; history, visits and the other side's list are as they should be."""

from __future__ import annotations

import asyncio
import uuid
from datetime import date, timedelta

import pytest

from domain.audit.before_and_after import opened_changes
from domain.base.errors import Refused
from domain.pairings.actions import end_pairing, hand_over_pairing
from domain.pairings.rules import WEALTH_CREATION_LEADER
from tests import databases
from tests.domain.pairings.town import (
    LAST_YEAR,
    NOW,
    TODAY,
    Problems,
    Town,
    assigned,
    at,
    problems_of,
)


async def test_a_hand_over_moves_the_family_from_one_phone_to_the_other(town: Town) -> None:
    old, new, household = await town.helper(), await town.helper(town.neighbour), await town.household()
    pairing = await assigned(town, helper_id=old, household_id=household, mode="LONG_TERM", terms={"visits": 12})
    seq, successor, on = await town.feed_position(), uuid.uuid4(), date(2026, 3, 1)

    answer = await town.do(
        town.officer, hand_over_pairing, id=successor, pairing_id=pairing, handed_over_on=on, helper_id=new
    )

    assert answer == {"pairing_id": str(successor), "ended_pairing_id": str(pairing)}
    before, after = await town.pairing(pairing), await town.pairing(successor)
    assert (before["started_on"], before["ended_on"], before["end_reason"]) == (LAST_YEAR, on, "HANDED_OVER")
    assert (after["started_on"], after["ended_on"], after["succeeds_id"]) == (on, None, pairing)
    assert (after["helper_id"], after["household_id"], after["role"]) == (new, household, "KEY_HELP")
    assert (after["mode"], after["terms"]) == ("LONG_TERM", '{"visits": 12}')
    assert await town.list_of(old) == set()
    assert await town.list_of(new) == {household}
    assert sorted(await town.feed_since(seq), key=str) == sorted(
        [("household", household, "D", old), ("household", household, "U", new), ("household", household, "U", None)],
        key=str,
    )
    entries = await town.sql.fetch("SELECT subject_id, action FROM audit_entry WHERE operation_id = $1", successor)
    assert {tuple(entry) for entry in entries} == {
        (pairing, "hand_over_pairing"),
        (successor, "hand_over_pairing"),
    }


async def test_the_trace_tells_what_began_and_ended_under_the_familys_key(town: Town) -> None:
    old, new, household = await town.helper(), await town.helper(), await town.household()
    pairing, successor, on = await assigned(town, helper_id=old, household_id=household), uuid.uuid4(), date(2026, 3, 1)
    handed = {"id": successor, "pairing_id": pairing, "handed_over_on": on, "helper_id": new}
    await town.do(town.officer, hand_over_pairing, **handed)
    ended = {"operation_id": uuid.uuid4(), "pairing_id": successor, "ended_on": TODAY, "reason": "HANDED_OVER"}
    await town.do(town.officer, end_pairing, **ended)

    ring = await databases.ring(town.sql)
    keys = {household: await town.sql.fetchval("SELECT wrapped FROM trace_key WHERE id = $1", household)}
    entries = "SELECT subject_id, changes FROM audit_entry WHERE subject_id = ANY ($1) ORDER BY id"
    told = [
        (row["subject_id"], opened_changes(ring, row["changes"], keys)["household"])
        for row in await town.sql.fetch(entries, [pairing, successor])
    ]
    start = {"role": [None, "KEY_HELP"], "startedOn": [None, str(LAST_YEAR)], "helperId": [None, str(old)]}
    assert told == [
        (pairing, start),
        (pairing, {"endedOn": [None, str(on)], "endReason": [None, "HANDED_OVER"]}),
        (successor, {**start, "startedOn": [None, str(on)], "helperId": [None, str(new)]}),
        (successor, {"endedOn": [None, str(TODAY)], "endReason": [None, "HANDED_OVER"]}),
    ]


async def test_visits_made_before_a_hand_over_stay_as_they_are(town: Town) -> None:
    old, new, household = await town.helper(), await town.helper(), await town.household()
    pairing = await assigned(town, helper_id=old, household_id=household)
    account, form = uuid.uuid4(), uuid.uuid4()
    await town.sql.execute(
        "INSERT INTO account (id, name, kind, helper_id, created_at) VALUES ($1, '李桂芳', 'HELPER', $2, now())",
        account,
        old,
    )
    await town.sql.execute(
        "INSERT INTO survey_form (id, version, code, title_zh, title_en, questions, published_on)"
        " VALUES ($1, 1, 'x', '表', 'form', '[]', '2020-01-01')",
        form,
    )
    await town.sql.execute(
        "INSERT INTO visit (id, household_id, region_code, recorded_by_id, helper_id, purpose, contact, occurred_at,"
        " captured_at, received_at, late_by_seconds, credibility, form_id, form_version, answers, is_complete)"
        " VALUES (gen_random_uuid(), $1, $2, $3, $4, 'MONTHLY', 'IN_PERSON', $5, $5, $5, 0, '[]', $6, 1, '{}', true)",
        household,
        town.village,
        account,
        old,
        NOW - timedelta(days=20),
        form,
    )
    visits = "SELECT * FROM visit WHERE household_id = $1"
    before = await town.sql.fetch(visits, household)

    handed = {"id": uuid.uuid4(), "pairing_id": pairing, "handed_over_on": TODAY, "helper_id": new}
    await town.do(town.officer, hand_over_pairing, **handed)

    assert await town.sql.fetch(visits, household) == before
    assert before[0]["helper_id"] == old


async def test_a_hand_over_that_fails_leaves_the_old_helper_in_place(town: Town) -> None:
    old, household = await town.helper(), await town.household()
    pairing = await assigned(town, helper_id=old, household_id=household, started_on=date(2026, 1, 1))
    new, retired, busy = await town.helper(), await town.helper(ended=LAST_YEAR), await town.helper()
    await assigned(town, helper_id=busy, household_id=household)
    for change, problems in (
        ({"helper_id": None}, [("ONE_SIDE_HELPS", "input")]),
        ({"organisation_id": uuid.uuid4()}, [("ONE_SIDE_HELPS", "input")]),
        ({"helper_id": uuid.uuid4()}, [("NOT_FOUND", "input.helperId")]),
        ({"helper_id": retired}, [("HAS_ENDED", "input.helperId")]),
        ({"helper_id": old}, [("SAME_HELPER", "input.helperId")]),
        ({"helper_id": busy}, [("PAIRING_OVERLAP", "input")]),
        ({"handed_over_on": date(2025, 12, 31)}, [("END_BEFORE_START", "input.handedOverOn")]),
        ({"handed_over_on": date(2026, 3, 15)}, [("DATE_IN_FUTURE", "input.handedOverOn")]),
        ({"reason": "BORED"}, [("UNKNOWN_CODE", "input.reason")]),
        ({"pairing_id": uuid.uuid4()}, [("NOT_FOUND", "input.pairingId")]),
    ):
        asked = {"id": uuid.uuid4(), "pairing_id": pairing, "handed_over_on": TODAY, "helper_id": new} | change
        if change.keys() >= {"organisation_id"}:
            asked["helper_id"] = new
        assert await problems_of(town.do(town.officer, hand_over_pairing, **asked)) == problems
    assert await town.list_of(old) == {household}
    assert await town.list_of(new) == set()
    assert (await town.pairing(pairing))["ended_on"] is None


async def test_a_leader_is_succeeded_by_a_leader_of_the_same_village_only(town: Town) -> None:
    leader, household = await town.helper(party=True, kind="WEALTH_LEADER"), await town.household()
    pairing = await assigned(town, helper_id=leader, household_id=household, role=WEALTH_CREATION_LEADER)
    asked = {"id": uuid.uuid4(), "pairing_id": pairing, "handed_over_on": TODAY}
    next_door = await town.helper(town.neighbour, party=True, kind="WEALTH_LEADER")
    neighbour = town.do(town.officer, hand_over_pairing, **asked, helper_id=next_door)
    assert await problems_of(neighbour) == [("LEADER_NOT_SAME_VILLAGE", "input.helperId")]
    successor = await town.helper(party=True, kind="WEALTH_LEADER")
    await town.do(town.officer, hand_over_pairing, **asked, helper_id=successor)
    assert await town.list_of(successor) == {household}


async def test_a_partner_hands_a_village_over_to_another_and_a_student_to_another_teacher(town: Town) -> None:
    first, second = await town.organisation(), await town.organisation()
    of_village = await assigned(town, organisation_id=first, village_id=await town.village_id(), role="SUNSHINE_HAND")
    handed = {"id": uuid.uuid4(), "pairing_id": of_village, "handed_over_on": TODAY, "organisation_id": second}
    await town.do(town.officer, hand_over_pairing, **handed)
    assert (await town.pairing(handed["id"]))["organisation_id"] == second

    (household, student), teacher = await town.family(), await town.helper(kind="TEACHER")
    other = await town.helper(kind="TEACHER")
    of_student = await assigned(town, helper_id=teacher, person_id=student, role="STUDENT_TEACHER")
    handed = {"id": uuid.uuid4(), "pairing_id": of_student, "handed_over_on": TODAY, "helper_id": other}
    await town.do(town.officer, hand_over_pairing, **handed)
    assert (await town.pairing(handed["id"]))["person_id"] == student
    assert (await town.list_of(teacher), await town.list_of(other)) == (set(), {household})


async def test_an_end_has_a_day_and_a_reason_and_takes_the_family_off_the_list(town: Town) -> None:
    helper, household = await town.helper(), await town.household()
    pairing = await assigned(town, helper_id=helper, household_id=household)
    guidance = await assigned(town, helper_id=helper, household_id=household, role="TECHNICAL_GUIDANCE")
    operation = uuid.uuid4()
    asked = {"pairing_id": pairing, "ended_on": date(2025, 12, 31), "reason": "TERM_COMPLETED"}
    await town.do(town.officer, end_pairing, operation_id=operation, **asked)

    ended = await town.pairing(pairing)
    assert (ended["ended_on"], ended["end_reason"]) == (date(2025, 12, 31), "TERM_COMPLETED")
    assert await town.list_of(helper) == {household}, "still listed for the other role"
    (entry,) = await town.sql.fetch("SELECT action, subject_id FROM audit_entry WHERE operation_id = $1", operation)
    assert tuple(entry) == ("end_pairing", pairing)

    seq = await town.feed_position()
    asked = {"pairing_id": guidance, "ended_on": TODAY, "reason": "HELPER_TRANSFERRED"}
    await town.do(town.officer, end_pairing, operation_id=uuid.uuid4(), **asked)
    assert await town.list_of(helper) == set()
    assert ("household", household, "D", helper) in await town.feed_since(seq)


async def test_an_end_that_cannot_be_is_refused(town: Town) -> None:
    pairing = await assigned(town, helper_id=await town.helper(), household_id=await town.household())
    asked = {"pairing_id": pairing, "ended_on": TODAY, "reason": "OTHER"}
    for change, problems in (
        ({"ended_on": LAST_YEAR - timedelta(days=1)}, [("END_BEFORE_START", "input.endedOn")]),
        ({"ended_on": TODAY + timedelta(days=1)}, [("DATE_IN_FUTURE", "input.endedOn")]),
        (
            {"ended_on": date(2030, 1, 1), "reason": "BORED"},
            [("DATE_IN_FUTURE", "input.endedOn"), ("UNKNOWN_CODE", "input.reason")],
        ),
        ({"pairing_id": uuid.uuid4()}, [("NOT_FOUND", "input.pairingId")]),
    ):
        attempt = town.do(town.officer, end_pairing, operation_id=uuid.uuid4(), **asked | change)
        assert await problems_of(attempt) == problems
    assert (await town.pairing(pairing))["ended_on"] is None


async def test_what_has_ended_stays_ended(town: Town) -> None:
    household, new = await town.household(), await town.helper()
    pairing = await assigned(town, helper_id=await town.helper(), household_id=household)
    asked = {"operation_id": uuid.uuid4(), "pairing_id": pairing, "ended_on": TODAY, "reason": "OTHER"}
    await town.do(town.officer, end_pairing, **asked)
    # The same request again is the same answer; another one is refused.
    assert await town.do(at(town.officer, NOW + timedelta(days=1)), end_pairing, **asked) == {
        "pairing_id": str(pairing)
    }
    again = town.do(town.officer, end_pairing, **asked | {"operation_id": uuid.uuid4()})
    assert await problems_of(again) == [("ALREADY_ENDED", "input.pairingId")]
    with pytest.raises(Refused, match="ALREADY_ENDED"):
        await town.do(
            town.officer, hand_over_pairing, id=uuid.uuid4(), pairing_id=pairing, handed_over_on=TODAY, helper_id=new
        )
    assert await town.list_of(new) == set()


async def test_of_two_hand_overs_at_once_one_finds_it_ended(town: Town) -> None:
    household, helpers = await town.household(), [await town.helper() for _ in range(4)]
    pairing = await assigned(town, helper_id=await town.helper(), household_id=household)
    outcomes = await asyncio.gather(
        *(
            town.do(
                town.officer,
                hand_over_pairing,
                id=uuid.uuid4(),
                pairing_id=pairing,
                handed_over_on=TODAY,
                helper_id=helper,
            )
            for helper in helpers
        ),
        return_exceptions=True,
    )
    assert sorted(str(outcome) for outcome in outcomes if isinstance(outcome, Exception)) == ["ALREADY_ENDED"] * 3
    assert sum([len(await town.list_of(helper)) for helper in helpers]) == 1


async def test_an_exit_ends_no_help_until_the_transition_is_over(town: Town) -> None:
    """摘帽不摘帮扶: sixty months from the day on which the household left monitoring."""
    helper, household = await town.helper(), await town.household()
    pairing = await assigned(town, helper_id=helper, household_id=household)
    asked = {"pairing_id": pairing, "ended_on": TODAY, "reason": "EXITED"}

    async def ends() -> Problems:
        return await problems_of(town.do(town.officer, end_pairing, operation_id=uuid.uuid4(), **asked))

    assert await ends() == [("EXIT_NOT_ON_RECORD", "input.reason")]
    await town.sql.execute("UPDATE household SET exited_on = '2021-03-15' WHERE id = $1", household)
    assert await ends() == [("EXIT_ENDS_NO_HELP", "input.reason")], "a day too early"
    assert await town.list_of(helper) == {household}
    await town.sql.execute("UPDATE household SET exited_on = '2021-03-14' WHERE id = $1", household)
    await town.do(town.officer, end_pairing, operation_id=uuid.uuid4(), **asked)
    assert (await town.pairing(pairing))["end_reason"] == "EXITED"

    # Another reason is no exit; what a village has is its own affair.
    other, secretary = await town.household(), await town.helper(kind="FIRST_SECRETARY")
    second = await assigned(town, helper_id=helper, household_id=other)
    transferred = {"pairing_id": second, "ended_on": TODAY, "reason": "HELPER_TRANSFERRED"}
    await town.do(town.officer, end_pairing, operation_id=uuid.uuid4(), **transferred)
    posted = await assigned(town, helper_id=secretary, village_id=await town.village_id(), role="FIRST_SECRETARY")
    over = {"pairing_id": posted, "ended_on": TODAY, "reason": "TRANSITION_ENDED"}
    await town.do(town.officer, end_pairing, operation_id=uuid.uuid4(), **over)


async def test_of_a_student_the_familys_exit_counts(town: Town) -> None:
    (household, student), teacher = await town.family(), await town.helper(kind="TEACHER")
    await town.sql.execute("UPDATE household SET exited_on = '2025-01-01' WHERE id = $1", household)
    pairing = await assigned(town, helper_id=teacher, person_id=student, role="STUDENT_TEACHER")
    asked = {"pairing_id": pairing, "ended_on": TODAY, "reason": "TRANSITION_ENDED"}
    ended = town.do(town.officer, end_pairing, operation_id=uuid.uuid4(), **asked)
    assert await problems_of(ended) == [("EXIT_ENDS_NO_HELP", "input.reason")]
