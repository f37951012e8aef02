"""Officers pair helpers with families: what stands in the tables afterwards, who may, and what is refused."""

from __future__ import annotations

import asyncio
import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from domain.access.rules import GrantRole
from domain.base.errors import Conflict, NotVisible
from domain.pairings.actions import assign_pairing, end_pairing, hand_over_pairing
from domain.pairings.rules import WEALTH_CREATION_LEADER
from tests.domain.pairings.town import (
    ELSEWHERE,
    LAST_YEAR,
    NOW,
    TODAY,
    TOWNSHIP,
    Problems,
    Town,
    assigned,
    officer,
    problems_of,
)


async def test_a_household_comes_onto_its_helpers_list(town: Town) -> None:
    helper, household = await town.helper(), await town.household()
    seq = await town.feed_position()

    pairing_id = await assigned(town, helper_id=helper, household_id=household, mode="LONG_TERM", terms={"visits": 12})

    pairing = await town.pairing(pairing_id)
    assert (pairing["helper_id"], pairing["household_id"], pairing["role"]) == (helper, household, "KEY_HELP")
    assert (pairing["started_on"], pairing["ended_on"], pairing["region_code"]) == (LAST_YEAR, None, town.village)
    assert (pairing["mode"], pairing["terms"], pairing["created_at"]) == ("LONG_TERM", '{"visits": 12}', NOW)
    assert await town.list_of(helper) == {household}
    feed = await town.feed_since(seq)
    assert sorted(feed, key=str) == [("household", household, "U", None), ("household", household, "U", helper)]


async def test_a_student_brings_the_family_onto_the_teachers_list(town: Town) -> None:
    teacher, (household, student) = await town.helper(kind="TEACHER"), await town.family()
    await assigned(town, helper_id=teacher, person_id=student, role="STUDENT_TEACHER")
    assert await town.list_of(teacher) == {household}


async def test_a_partner_of_a_village_gets_no_families_for_it(town: Town) -> None:
    partner = await town.organisation()
    pairing_id = await assigned(town, organisation_id=partner, village_id=await town.village_id(), role="SUNSHINE_HAND")
    assert (await town.pairing(pairing_id))["region_code"] == town.village
    assert await town.list_of(partner) == set()


async def test_helpers_and_families_are_paired_many_to_many(town: Town) -> None:
    first, second, one, other = await town.helper(), await town.helper(), await town.household(), await town.household()
    for helper, household in ((first, one), (first, other), (second, one)):
        await assigned(town, helper_id=helper, household_id=household)
    await assigned(town, helper_id=first, household_id=one, role="TECHNICAL_GUIDANCE")
    assert await town.list_of(first) == {one, other}
    assert await town.list_of(second) == {one}


async def test_an_assignment_leaves_one_audit_entry_without_identities(town: Town) -> None:
    pairing_id = await assigned(town, helper_id=await town.helper(), household_id=await town.household())
    (entry,) = await town.sql.fetch("SELECT * FROM audit_entry WHERE subject_id = $1", pairing_id)
    assert (entry["action"], entry["subject_kind"], entry["actor_id"]) == ("assign_pairing", "pairing", town.officer.id)
    assert (entry["at"], entry["region_code"], entry["operation_id"]) == (NOW, town.village, pairing_id)
    assert entry["detail"] == '{"role": "KEY_HELP", "helped": "HOUSEHOLD"}'


@pytest.mark.parametrize(
    ("reason", "change", "problems"),
    [
        ("both sides help", {"organisation_id": uuid.uuid4()}, [("ONE_SIDE_HELPS", "input")]),
        ("a household and a village", {"village_id": uuid.uuid4()}, [("ONE_SIDE_IS_HELPED", "input")]),
        ("nobody knows the helper", {"helper_id": uuid.uuid4()}, [("NOT_FOUND", "input.helperId")]),
        ("nobody knows the household", {"household_id": uuid.uuid4()}, [("NOT_FOUND", "input.householdId")]),
        ("a role of nobody's", {"role": "GODFATHER"}, [("UNKNOWN_CODE", "input.role")]),
        ("a mode of nobody's", {"mode": "SOMEHOW"}, [("UNKNOWN_CODE", "input.mode")]),
        ("from tomorrow", {"started_on": TODAY + timedelta(days=1)}, [("DATE_IN_FUTURE", "input.startedOn")]),
        ("what was agreed is no object", {"terms": ["口头"]}, [("NOT_AN_OBJECT", "input.terms")]),
        (
            "a leader who is neither of the village nor of the party, nor a leader",
            {"role": WEALTH_CREATION_LEADER},
            [
                ("LEADER_NOT_SAME_VILLAGE", "input.helperId"),
                ("LEADER_NOT_PARTY_MEMBER", "input.helperId"),
                ("HELPER_KIND_NOT_FIT", "input.helperId"),
            ],
        ),
        (
            "everything at once",
            {"helper_id": None, "role": "X", "mode": "Y", "started_on": date(2030, 1, 1), "household_id": uuid.uuid4()},
            [
                ("ONE_SIDE_HELPS", "input"),
                ("DATE_IN_FUTURE", "input.startedOn"),
                ("UNKNOWN_CODE", "input.role"),
                ("UNKNOWN_CODE", "input.mode"),
                ("NOT_FOUND", "input.householdId"),
            ],
        ),
    ],
)
async def test_an_assignment_that_cannot_be_is_told_all_that_is_wrong(
    town: Town, reason: str, change: dict[str, Any], problems: Problems
) -> None:
    helper, household = await town.helper(town.neighbour), await town.household()
    asked = {"role": "KEY_HELP", "started_on": TODAY, "helper_id": helper, "household_id": household, **change}
    found = await problems_of(town.do(town.officer, assign_pairing, id=uuid.uuid4(), **asked))
    assert found == problems, reason
    assert await town.list_of(helper) == set()


async def test_a_party_member_of_the_village_leads_its_families(town: Town) -> None:
    leader, household = await town.helper(party=True, kind="WEALTH_LEADER"), await town.household()
    await assigned(town, helper_id=leader, household_id=household, role=WEALTH_CREATION_LEADER)
    assert await town.list_of(leader) == {household}


async def test_nobody_is_paired_with_who_is_no_longer_there(town: Town) -> None:
    helper, household = await town.helper(), await town.household()
    retired, merged = await town.helper(ended=TODAY), await town.household(ended=LAST_YEAR)
    dissolved = await town.organisation(ended=LAST_YEAR)
    (_, dead), (family, left) = await town.family(), await town.family()
    await town.sql.execute("UPDATE person SET household_id = NULL, died_on = $2 WHERE id = $1", dead, LAST_YEAR)
    await town.sql.execute("UPDATE person SET household_id = NULL WHERE id = $1", left)
    await town.sql.execute(
        "INSERT INTO membership (id, person_id, household_id, region_code, started_on, start_reason, ended_on, end_reason)"
        " VALUES (gen_random_uuid(), $1, $2, $3, '2014-05-01', 'BIRTH', '2025-07-01', 'LEFT')",
        left,
        family,
        town.village,
    )
    for sides, field in (
        ({"helper_id": retired, "household_id": household}, "helperId"),
        ({"organisation_id": dissolved, "household_id": household}, "organisationId"),
        ({"helper_id": helper, "household_id": merged}, "householdId"),
        ({"helper_id": helper, "person_id": dead}, "personId"),
        ({"helper_id": helper, "person_id": left}, "personId"),
    ):
        asked = {"id": uuid.uuid4(), "role": "SPONSORSHIP", "started_on": LAST_YEAR, **sides}
        assert await problems_of(town.do(town.officer, assign_pairing, **asked)) == [("HAS_ENDED", f"input.{field}")]
    assert await town.list_of(helper) == set()


async def test_the_same_two_are_not_paired_twice_in_one_role_at_one_time(town: Town) -> None:
    sides = {"helper_id": await town.helper(), "household_id": await town.household()}
    first = await assigned(town, **sides)
    again = {"role": "KEY_HELP", "started_on": TODAY, **sides}
    assert await problems_of(town.do(town.officer, assign_pairing, id=uuid.uuid4(), **again)) == [
        ("PAIRING_OVERLAP", "input")
    ]

    ended = {"pairing_id": first, "ended_on": date(2025, 9, 1), "reason": "HELPER_TRANSFERRED"}
    await town.do(town.officer, end_pairing, operation_id=uuid.uuid4(), **ended)
    backdated = again | {"started_on": date(2025, 8, 31)}
    assert await problems_of(town.do(town.officer, assign_pairing, id=uuid.uuid4(), **backdated)) == [
        ("PAIRING_OVERLAP", "input")
    ]
    # The day on which it ended is already free.
    await assigned(town, **sides, started_on=date(2025, 9, 1))


async def test_of_two_officers_who_assign_the_same_two_at_once_one_is_refused(town: Town) -> None:
    helper = await town.helper()
    for sides in ({"household_id": await town.household()}, {"village_id": await town.village_id()}):
        asked = {"role": "SPONSORSHIP", "started_on": TODAY, "helper_id": helper, **sides}
        outcomes = await asyncio.gather(
            *(town.do(town.officer, assign_pairing, id=uuid.uuid4(), **asked) for _ in range(4)), return_exceptions=True
        )
        refusals = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert len(refusals) == 3
        assert {str(refusal) for refusal in refusals} == {"PAIRING_OVERLAP"}
    assert await town.sql.fetchval("SELECT count(*) FROM pairing WHERE helper_id = $1", helper) == 2


async def test_a_retry_after_a_lost_answer_assigns_once(town: Town) -> None:
    helper = await town.helper()
    asked = {"id": uuid.uuid4(), "role": "KEY_HELP", "started_on": TODAY, "helper_id": helper}
    asked["household_id"] = await town.household()
    answers = await asyncio.gather(*(town.do(town.officer, assign_pairing, **asked) for _ in range(4)))
    assert answers == [{"pairing_id": str(asked["id"])}] * 4
    assert await town.sql.fetchval("SELECT count(*) FROM pairing WHERE helper_id = $1", helper) == 1

    with pytest.raises(Conflict, match="OPERATION_REUSED"):
        await town.do(town.officer, assign_pairing, **asked | {"role": "SPONSORSHIP"})


async def test_an_id_that_a_pairing_already_has_is_taken(town: Town) -> None:
    helper, household = await town.helper(), await town.household()
    pairing_id = await assigned(town, helper_id=helper, household_id=household)
    await town.sql.execute("DELETE FROM operation WHERE id = $1", pairing_id)  # the answer is forgotten after 180 days
    asked = {"id": pairing_id, "role": "KEY_HELP", "started_on": TODAY, "helper_id": helper}
    with pytest.raises(Conflict, match="ID_TAKEN"):
        await town.do(town.officer, assign_pairing, **asked, household_id=await town.household())
    assert (await town.pairing(pairing_id))["household_id"] == household


@pytest.mark.parametrize("role", [GrantRole.HELPER, GrantRole.PARTNER, GrantRole.RESIDENT_TEAM, GrantRole.AUDITOR])
async def test_who_helps_or_looks_does_not_decide(town: Town, role: GrantRole) -> None:
    helper, household = await town.helper(), await town.household()
    pairing = await assigned(town, helper_id=helper, household_id=household)
    actor = officer(role, town.village, helper_id=helper)
    asked = {"role": "KEY_HELP", "started_on": TODAY, "helper_id": await town.helper(), "household_id": household}
    for attempt in (
        town.do(actor, assign_pairing, id=uuid.uuid4(), **asked),
        town.do(actor, end_pairing, operation_id=uuid.uuid4(), pairing_id=pairing, ended_on=TODAY, reason="OTHER"),
        town.do(
            actor,
            hand_over_pairing,
            id=uuid.uuid4(),
            pairing_id=pairing,
            handed_over_on=TODAY,
            helper_id=asked["helper_id"],
        ),
    ):
        assert await problems_of(attempt) == [("FORBIDDEN_ROLE", "input")]
    assert await town.list_of(helper) == {household}


async def test_a_village_officer_decides_for_the_villages_families_but_not_for_the_village(town: Town) -> None:
    village_officer = officer(GrantRole.VILLAGE_OFFICER, town.village)
    helper, household, neighbours = await town.helper(), await town.household(), await town.household(town.neighbour)
    asked = {"role": "KEY_HELP", "started_on": TODAY, "helper_id": helper}
    await town.do(village_officer, assign_pairing, id=uuid.uuid4(), **asked, household_id=household)
    assert await town.list_of(helper) == {household}

    village = town.do(village_officer, assign_pairing, id=uuid.uuid4(), **asked, village_id=await town.village_id())
    assert await problems_of(village) == [("FORBIDDEN_ROLE", "input")]
    next_door = town.do(village_officer, assign_pairing, id=uuid.uuid4(), **asked, household_id=neighbours)
    assert await problems_of(next_door) == [("NOT_FOUND", "input.householdId")]


async def test_outside_the_region_there_is_nothing_to_decide_on(town: Town) -> None:
    household = await town.household(town.far_village)
    stranger = officer(GrantRole.TOWNSHIP_OFFICER, ELSEWHERE)
    asked = {"role": "KEY_HELP", "started_on": TODAY, "helper_id": await town.helper(), "household_id": household}
    assert await problems_of(town.do(town.officer, assign_pairing, id=uuid.uuid4(), **asked)) == [
        ("NOT_FOUND", "input.householdId")
    ]
    # A helper may come from anywhere.
    pairing = uuid.uuid4()
    await town.do(stranger, assign_pairing, id=pairing, **asked)
    with pytest.raises(NotVisible, match="NOT_FOUND"):
        await town.do(
            town.officer, end_pairing, operation_id=uuid.uuid4(), pairing_id=pairing, ended_on=TODAY, reason="OTHER"
        )
    # Villages are no secret, so there the refusal may say what it is.
    far = {"organisation_id": await town.organisation(), "village_id": await town.village_id(town.far_village)}
    agreed = {"role": "SUNSHINE_HAND", "started_on": TODAY, **far}
    assert await problems_of(town.do(town.officer, assign_pairing, id=uuid.uuid4(), **agreed)) == [
        ("FORBIDDEN_ROLE", "input")
    ]


async def test_an_officer_who_helps_a_family_elsewhere_sees_it_but_does_not_decide_on_it(town: Town) -> None:
    helper, household = await town.helper(), await town.household(town.far_village)
    asked = {"role": "KEY_HELP", "started_on": TODAY, "helper_id": helper, "household_id": household}
    pairing = uuid.uuid4()
    await town.do(officer(GrantRole.TOWNSHIP_OFFICER, ELSEWHERE), assign_pairing, id=pairing, **asked)
    both = officer(GrantRole.TOWNSHIP_OFFICER, TOWNSHIP, helper_id=helper)
    for attempt in (
        town.do(both, end_pairing, operation_id=uuid.uuid4(), pairing_id=pairing, ended_on=TODAY, reason="OTHER"),
        town.do(both, assign_pairing, id=uuid.uuid4(), **asked | {"role": "SPONSORSHIP"}),
    ):
        assert await problems_of(attempt) == [("FORBIDDEN_ROLE", "input")]
