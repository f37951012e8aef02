"""A family comes into the records."""

from __future__ import annotations

import asyncio
import math
import uuid
from dataclasses import replace
from datetime import date

import pytest

from domain.access.rules import GrantRole
from domain.base.chinese_ids import made_up_id_number
from domain.base.errors import Conflict, InvalidInput, Refused
from domain.families.actions import move_household, register_household
from domain.households.rules import GivenPoint
from tests.domain.families.conftest import OTHER_TOWNSHIP, TODAY, Town, person, told

HEAD = person("陈阿婆")


async def test_a_village_officer_registers_a_family_with_all_its_people(town: Town) -> None:
    family = uuid.uuid4()
    wife = person("林玉兰", "SPOUSE", id_number=made_up_id_number(1, date(1985, 1, 2), 2), born_on=None)
    answer = await town.do(
        town.village_officer,
        register_household,
        id=family,
        village_code=town.village,
        category="LIFTED",
        causes=["ILLNESS", "STUDY"],
        address=" 下寨 12 号 ",
        location=GivenPoint(118.9, 25.9, "GCJ02", 8.0),
        members=[person("陈大山", sex="MALE"), wife, person("陈小妹", "DAUGHTER", school_status="PRIMARY")],
    )

    assert answer == {"household_id": str(family)}
    row = await town.household(family)
    assert (row["address"], row["category"], row["causes"]) == ("下寨 12 号", "LIFTED", ["ILLNESS", "STUDY"])
    assert (row["sent_longitude"], row["sent_latitude"], row["sent_datum"]) == (118.9, 25.9, "GCJ02")
    assert row["registered_on"] == TODAY
    assert await town.names(family) == {"陈大山": "HEAD", "林玉兰": "SPOUSE", "陈小妹": "DAUGHTER"}
    wife_born_on = (await town.person(wife.id))["born_on"]
    assert wife_born_on == date(1985, 1, 2)  # read from her identity number
    metres = await town.sql.fetchval(
        "SELECT ST_Distance(location::geography, ST_SetSRID(ST_MakePoint(118.9, 25.9), 4326)::geography)"
        " FROM household WHERE id = $1",
        family,
    )
    assert 300 < metres < 700  # what is stored is WGS-84, and GCJ-02 lies half a kilometre off
    assert await town.chronicle(family) == ["REGISTERED"]
    assert await town.sql.fetchval("SELECT count(*) FROM audit_entry WHERE subject_id = $1", family) == 1


async def test_the_next_code_of_the_village_is_taken_also_after_a_family_moved_away_with_the_last(town: Town) -> None:
    first = await town.family(village=town.neighbour)
    code = (await town.household(first))["code"]
    assert code.startswith(f"{town.neighbour}-")
    await town.do(
        town.township_officer,
        move_household,
        operation_id=uuid.uuid4(),
        household_id=first,
        village_code=town.village,
        on=str(TODAY),
    )

    second = await town.family(village=town.neighbour)

    assert (await town.household(second))["code"] > code


async def test_two_registrations_at_once_take_two_codes(town: Town) -> None:
    ids = await asyncio.gather(*(town.family() for _ in range(4)))

    assert len({(await town.household(family))["code"] for family in ids}) == 4


async def test_registering_again_with_the_same_id_answers_the_same_and_writes_nothing(town: Town) -> None:
    asked = {"id": uuid.uuid4(), "village_code": town.village, "category": "LIFTED", "members": [person("王五")]}
    first = await town.do(town.village_officer, register_household, **asked)

    assert await town.do(town.village_officer, register_household, **asked) == first
    with pytest.raises(Conflict, match="OPERATION_REUSED"):
        await town.do(town.village_officer, register_household, **{**asked, "category": "EDGE"})
    assert await town.chronicle(asked["id"]) == ["REGISTERED"]


async def test_everything_wrong_is_told_at_once_and_nothing_is_written(town: Town) -> None:
    family = uuid.uuid4()
    with pytest.raises(InvalidInput) as error:
        await town.do(
            town.village_officer,
            register_household,
            id=family,
            village_code=town.village,
            category="RICH",
            causes=["ILLNESS", "STUDY", "DISASTER", "BAD_LUCK"],
            location=GivenPoint(118.9, 91.0, "WGS84"),
            phone="call me",
            members=[
                person("甲", id_number="35012519800101001" + "1"),
                person("乙"),
                person("", "SON", born_on="2030-01-01", education=None, school_status=None),
            ],
        )

    assert told(error) == {
        ("UNKNOWN_CODE", "category"),
        ("UNKNOWN_CODE", "causes.3"),
        ("TOO_MANY_CAUSES", "causes"),
        ("COORDINATES_OUT_OF_RANGE", "location.latitude"),
        ("PHONE_INVALID", "phone"),
        ("ID_NUMBER_CHECK_DIGIT", "members.0.idNumber"),
        ("SECOND_HEAD", "members"),
        ("REQUIRED", "members.2.name"),
        ("DATE_IN_FUTURE", "members.2.bornOn"),
        ("EDUCATION_OR_SCHOOL_STATUS", "members.2.education"),
    }
    assert await town.sql.fetchval("SELECT count(*) FROM household WHERE id = $1", family) == 0


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        (GivenPoint(118.9, 25.9, "GAODE"), ("DATUM_UNKNOWN", "location.datum")),
        (GivenPoint(118.9, 25.9, ""), ("DATUM_UNKNOWN", "location.datum")),
        (GivenPoint(math.nan, 25.9, "WGS84"), ("COORDINATES_OUT_OF_RANGE", "location.longitude")),
        (GivenPoint(118.9, 91.0, "BD09"), ("COORDINATES_OUT_OF_RANGE", "location.latitude")),
        (GivenPoint(118.9, 25.9, "WGS84", -1.0), ("ACCURACY_OUT_OF_RANGE", "location.accuracyMetres")),
    ],
)
async def test_a_place_that_cannot_be_is_refused_and_never_guessed(
    town: Town, point: GivenPoint, problem: tuple[str, str]
) -> None:
    with pytest.raises(InvalidInput) as error:
        await town.family(location=point)

    assert told(error) == {problem}


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ([], ("HEAD_MISSING", "members")),
        ([person("甲", "SON")], ("HEAD_MISSING", "members")),
        ([person("甲"), person("乙")], ("SECOND_HEAD", "members")),
        ([HEAD, replace(HEAD, relation_to_head="SON")], ("ID_REPEATED", "members.1.id")),
    ],
)
async def test_a_family_needs_one_head_and_each_person_once(
    town: Town, members: list[object], problem: tuple[str, str]
) -> None:
    with pytest.raises(InvalidInput) as error:
        await town.do(
            town.village_officer,
            register_household,
            id=uuid.uuid4(),
            village_code=town.village,
            category="LIFTED",
            members=members,
        )

    assert problem in told(error)


async def test_an_identity_number_is_registered_once_wherever_the_other_family_lives(town: Town) -> None:
    number = made_up_id_number(350, date(1985, 1, 1), 1)
    await town.family(person("甲", id_number=number))
    with pytest.raises(InvalidInput) as here:
        await town.family(person("乙", id_number=number))
    elsewhere = await town.officer(GrantRole.COUNTY_OFFICER, town.far[:6])
    with pytest.raises(InvalidInput) as there:
        await town.do(
            elsewhere,
            register_household,
            id=uuid.uuid4(),
            village_code=town.far,
            category="LIFTED",
            members=[person("丙", id_number=number)],
        )

    assert told(here) == {("ID_NUMBER_TAKEN", "members.0.idNumber")}
    assert told(there) == {("ID_NUMBER_TAKEN", "")}  # whose it is, and where, stays unsaid


async def test_ids_and_codes_that_others_use_are_taken(town: Town) -> None:
    other = person("甲")
    taken = await town.family(other, code="永-1")
    for wrong, code in (
        ({"code": "永-1", "members": [person("乙")]}, "CODE_TAKEN"),
        ({"members": [replace(person("乙"), id=other.id)]}, "ID_TAKEN"),
    ):
        with pytest.raises(InvalidInput, match=code):
            await town.do(
                town.village_officer,
                register_household,
                **{"id": uuid.uuid4(), "village_code": town.village, "category": "LIFTED", **wrong},
            )
    with pytest.raises(Conflict, match="ID_TAKEN"):
        await town.do(
            town.village_officer,
            register_household,
            id=taken,
            village_code=town.village,
            category="LIFTED",
            members=[person("乙")],
        )


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("350125999999", "REGION_UNKNOWN"),
        ("350125201", "NOT_A_VILLAGE"),
        ("far", "REGION_OUT_OF_SCOPE"),
    ],
)
async def test_a_family_is_registered_in_a_village_of_ones_own_region(town: Town, code: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as error:
        await town.family(village=town.far if code == "far" else code)

    assert told(error) == {(problem, "villageCode")}


async def test_nobody_is_registered_in_a_village_that_was_merged_away(town: Town) -> None:
    gone = await town.sql.fetchval(
        "UPDATE region SET valid_to = '2025-01-01' WHERE code = (SELECT max(code) FROM region WHERE parent_code = $1)"
        " RETURNING code",
        OTHER_TOWNSHIP,
    )
    with pytest.raises(InvalidInput) as error:
        await town.family(village=gone)

    assert told(error) == {("REGION_ENDED", "villageCode")}


@pytest.mark.parametrize("role", [GrantRole.RESIDENT_TEAM, GrantRole.INTEGRATOR, GrantRole.AUDITOR])
async def test_only_officers_say_which_families_there_are(town: Town, role: GrantRole) -> None:
    somebody = await town.officer(role, town.village)
    cadre = await town.cadre()
    for actor in (somebody, cadre):
        with pytest.raises(Refused, match="FORBIDDEN_ROLE"):
            await town.do(
                actor,
                register_household,
                id=uuid.uuid4(),
                village_code=town.village,
                category="LIFTED",
                members=[person("甲")],
            )
