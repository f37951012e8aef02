"""People come into a family and go; the number of members follows from the day it happened."""

from __future__ import annotations

import asyncio
import uuid
from datetime import date
from typing import Any

import pytest

from domain.base.errors import InvalidInput, Refused
from domain.families.actions import Joining, Leaving, change_members
from tests.domain.families.conftest import TODAY, Town, person, told


async def change(town: Town, actor: Any, family: uuid.UUID, **changes: Any) -> Any:
    return await town.do(actor, change_members, operation_id=uuid.uuid4(), household_id=family, **changes)


async def test_a_child_is_born_and_counts_from_that_day(town: Town) -> None:
    family = await town.family()
    cadre = await town.cadre(family)
    baby = person("小宝", "SON", born_on="2026-02-01", school_status="BEFORE_PRESCHOOL", labour="NONE")

    await change(town, cadre, family, joining=[Joining("BIRTH", "2026-02-01", person=baby)])

    assert await town.names(family) == {"陈阿婆": "HEAD", "小宝": "SON"}
    assert await town.spells(baby.id) == [(family, date(2026, 2, 1), "BIRTH", None, None)]
    assert (await town.household(family))["revision"] == 2
    assert await town.chronicle(family) == ["REGISTERED", "MEMBERS_CHANGED"]


async def test_a_member_dies_and_those_who_helped_them_no_longer_do(town: Town) -> None:
    child = person("小宝", "SON", school_status="PRIMARY")
    family = await town.family(person("甲"), child)
    cadre, teacher = await town.cadre(family), await town.cadre()
    taught = await town.pair(teacher.viewer.helper_id, person_id=child.id, role="STUDENT_TEACHER")

    await change(town, cadre, family, leaving=[Leaving(child.id, "DEATH", "2026-03-01")])

    gone = await town.person(child.id)
    assert (gone["household_id"], gone["left_household_id"], gone["died_on"]) == (None, family, date(2026, 3, 1))
    assert (await town.spells(child.id))[0][3:] == (date(2026, 3, 1), "DEATH")
    pairing = await town.pairing(taught)
    assert (pairing["ended_on"], pairing["end_reason"]) == (date(2026, 3, 1), "PERSON_LEFT")
    assert await town.listed(teacher) == set()
    assert await town.listed(cadre) == {family}


async def test_a_head_who_goes_leaves_a_new_head_and_everybodys_relation_to_them(town: Town) -> None:
    old, wife, son = person("甲"), person("乙", "SPOUSE"), person("丙", "SON")
    family = await town.family(old, wife, son)
    death = [Leaving(old.id, "DEATH", str(TODAY))]

    with pytest.raises(InvalidInput) as headless:
        await change(town, town.village_officer, family, leaving=death)
    with pytest.raises(InvalidInput) as unrelated:
        await change(town, town.village_officer, family, leaving=death, head_id=wife.id)
    with pytest.raises(InvalidInput) as stranger:
        await change(town, town.village_officer, family, leaving=death, head_id=uuid.uuid4())
    await change(town, town.village_officer, family, leaving=death, head_id=wife.id, relations={son.id: "SON"})

    assert told(headless) == {("HEAD_MISSING", "headId")}
    assert told(unrelated) == {("RELATION_MISSING", "relations")}
    assert told(stranger) == {("HEAD_NOT_A_MEMBER", "headId")}
    assert await town.names(family) == {"乙": "HEAD", "丙": "SON"}
    assert [(await town.person(one.id))["is_head"] for one in (old, wife, son)] == [False, True, False]


async def test_a_newcomer_can_be_the_new_head_beside_the_old_one(town: Town) -> None:
    old, new = person("甲"), person("乙")
    family = await town.family(old)

    await change(
        town,
        town.village_officer,
        family,
        joining=[Joining("RETURNED", "2026-01-01", person=new)],
        relations={old.id: "FATHER"},
    )

    assert await town.names(family) == {"乙": "HEAD", "甲": "FATHER"}


async def test_who_married_out_comes_back_under_the_same_id(town: Town) -> None:
    daughter = person("小妹", "DAUGHTER")
    family = await town.family(person("甲"), daughter)
    cadre = await town.cadre(family)
    await change(town, cadre, family, leaving=[Leaving(daughter.id, "MARRIED_OUT", "2021-05-01")])
    back = Joining("RETURNED", "2023-05-01", person_id=daughter.id, relation_to_head="DAUGHTER")

    with pytest.raises(InvalidInput) as too_early:
        await change(
            town,
            cadre,
            family,
            joining=[Joining("RETURNED", "2021-04-30", person_id=daughter.id, relation_to_head="DAUGHTER")],
        )
    await change(town, cadre, family, joining=[back])

    assert told(too_early) == {("MEMBERSHIP_OVERLAP", "joining.0.on")}
    assert [spell[1:] for spell in await town.spells(daughter.id)] == [
        (date(2020, 6, 1), "REGISTERED", date(2021, 5, 1), "MARRIED_OUT"),
        (date(2023, 5, 1), "RETURNED", None, None),
    ]
    assert (await town.person(daughter.id))["left_household_id"] is None


async def test_a_bride_changes_families_in_two_steps_and_is_never_in_both(town: Town) -> None:
    bride = person("小妹", "DAUGHTER")
    old, new = await town.family(person("甲"), bride), await town.family(person("乙"))
    wedding = Joining("MARRIED_IN", "2026-02-01", person_id=bride.id, relation_to_head="SPOUSE")

    with pytest.raises(InvalidInput) as still:
        await change(town, town.village_officer, new, joining=[wedding])
    await change(town, town.village_officer, old, leaving=[Leaving(bride.id, "MARRIED_OUT", "2026-02-01")])
    await change(town, town.village_officer, new, joining=[wedding])

    assert told(still) == {("STILL_A_MEMBER", "joining.0.personId")}
    assert await town.names(new) == {"乙": "HEAD", "小妹": "SPOUSE"}


async def test_the_last_member_gone_ends_the_household_and_its_pairings(town: Town) -> None:
    widow = person("陈阿婆")
    family = await town.family(widow)
    cadre = await town.cadre(family)
    death = [Leaving(widow.id, "DEATH", "2026-03-02")]

    with pytest.raises(Refused, match="FORBIDDEN_ROLE"):
        await change(town, cadre, family, leaving=death)
    await change(town, town.village_officer, family, leaving=death)

    row = await town.household(family)
    assert (row["ended_on"], row["end_reason"]) == (date(2026, 3, 2), "NO_MEMBERS")
    assert await town.listed(cadre) == set()
    ended = await town.sql.fetchrow("SELECT ended_on, end_reason FROM pairing WHERE household_id = $1", family)
    assert tuple(ended) == (date(2026, 3, 2), "HOUSEHOLD_ENDED")
    assert await town.chronicle(family) == ["REGISTERED", "ENDED"]
    with pytest.raises(Refused, match="HAS_ENDED"):
        await change(
            town, town.village_officer, family, joining=[Joining("RETURNED", "2026-03-03", person=person("乙"))]
        )


async def test_everything_wrong_with_a_change_is_told_at_once(town: Town) -> None:
    head, wife = person("甲"), person("乙", "SPOUSE")
    family = await town.family(head, wife)

    with pytest.raises(InvalidInput) as error:
        await change(
            town,
            town.village_officer,
            family,
            leaving=[
                Leaving(wife.id, "SPLIT", "2020-05-31"),
                Leaving(wife.id, "MARRIED_OUT", "2026-13-01"),
                Leaving(uuid.uuid4(), "VANISHED", "2026-03-15"),
            ],
            joining=[
                Joining("BIRTH", "2026-01-31", person=person("丙", "SON", born_on="2026-02-01")),
                Joining("REGISTERED", "2026-02-01", person_id=uuid.uuid4(), relation_to_head="SON"),
                Joining("MARRIED_IN", "2026-02-01"),
            ],
            relations={wife.id: "COUSIN"},
        )

    assert told(error) == {
        ("REASON_OF_ANOTHER_ACTION", "leaving.0.reason"),
        ("END_BEFORE_START", "leaving.0.on"),
        ("PERSON_REPEATED", "leaving.1.personId"),
        ("DATE_INVALID", "leaving.1.on"),
        ("NOT_FOUND", "leaving.2.personId"),
        ("UNKNOWN_CODE", "leaving.2.reason"),
        ("DATE_IN_FUTURE", "leaving.2.on"),
        ("JOINED_BEFORE_BIRTH", "joining.0.on"),
        ("REASON_OF_ANOTHER_ACTION", "joining.1.reason"),
        ("NOT_FOUND", "joining.1.personId"),
        ("PERSON_OR_ID", "joining.2"),
        ("UNKNOWN_CODE", "relations"),
        ("HEAD_UNCHANGED", "relations"),
    }


async def test_nothing_to_change_is_no_change(town: Town) -> None:
    with pytest.raises(InvalidInput) as error:
        await change(town, town.village_officer, await town.family())

    assert told(error) == {("REQUIRED", "joining")}


async def test_two_cadres_who_both_write_down_a_death_write_it_once(town: Town) -> None:
    head, father = person("甲"), person("乙", "FATHER")
    family = await town.family(head, father)
    cadres = [await town.cadre(family), await town.cadre(family)]

    outcomes = await asyncio.gather(
        *(change(town, one, family, leaving=[Leaving(father.id, "DEATH", "2026-03-01")]) for one in cadres),
        return_exceptions=True,
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvalidInput", "dict"]
    assert len(await town.spells(father.id)) == 1
