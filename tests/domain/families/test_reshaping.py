"""Families split, merge and move; nothing is lost and nothing counts twice."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from domain.access.rules import GrantRole
from domain.base.errors import InvalidInput, NotVisible, Refused
from domain.families.actions import (
    Leaving,
    Moving,
    change_members,
    merge_households,
    move_household,
    split_household,
)
from domain.households.rules import GivenPoint
from tests.domain.families.conftest import OTHER_TOWNSHIP, TODAY, TOWNSHIP, Town, person, told

DAY = date(2026, 3, 10)


async def split(town: Town, family: uuid.UUID, *members: Moving, actor: Any = None, **more: Any) -> uuid.UUID:
    new = uuid.uuid4()
    given = {"id": new, "household_id": family, "on": str(DAY), "members": members, **more}
    await town.do(actor or town.village_officer, split_household, **given)
    return new


async def merge(town: Town, survivor: uuid.UUID, merged: uuid.UUID, *members: Moving, actor: Any = None) -> None:
    await town.do(
        actor or town.village_officer,
        merge_households,
        operation_id=uuid.uuid4(),
        survivor_id=survivor,
        merged_id=merged,
        on=str(DAY),
        members=members,
    )


async def move(town: Town, actor: Any, family: uuid.UUID, village: str, **more: Any) -> None:
    given = {"operation_id": uuid.uuid4(), "household_id": family, "village_code": village, "on": str(DAY), **more}
    await town.do(actor, move_household, **given)


async def test_a_split_leaves_the_old_id_its_helpers_and_takes_along_what_belongs_to_people(town: Town) -> None:
    father, son, pupil = person("甲"), person("乙", "SON"), person("丙", "SONS_SON", school_status="PRIMARY")
    family = await town.family(father, son, pupil, category="EDGE", causes=["ILLNESS"])
    cadre, teacher = await town.cadre(family), await town.cadre()
    taught = await town.pair(teacher.viewer.helper_id, person_id=pupil.id, role="STUDENT_TEACHER")

    new = await split(town, family, Moving(son.id, "HEAD"), Moving(pupil.id, "SON"), address="新房")

    assert await town.names(family) == {"甲": "HEAD"}
    assert await town.names(new) == {"乙": "HEAD", "丙": "SON"}
    made = await town.household(new)
    assert (made["split_from_id"], made["category"], made["causes"], made["address"]) == (family, "EDGE", [], "新房")
    assert made["registered_on"] == DAY
    assert [spell[0] for spell in await town.spells(pupil.id)] == [family, new]
    assert (await town.pairing(taught))["ended_on"] is None
    assert (await town.listed(cadre), await town.listed(teacher)) == ({family}, {new})
    assert (await town.chronicle(family), await town.chronicle(new)) == (["REGISTERED", "SPLIT"], ["REGISTERED"])
    assert (await town.household(family))["revision"] == 2


async def test_when_the_head_goes_with_a_split_the_others_have_a_new_one(town: Town) -> None:
    father, son, daughter = person("甲"), person("乙", "SON"), person("丙", "DAUGHTER")
    family = await town.family(father, son, daughter)

    with pytest.raises(InvalidInput) as headless:
        await split(town, family, Moving(father.id, "HEAD"))
    new = await split(
        town, family, Moving(father.id, "HEAD"), head_id=son.id, relations={daughter.id: "YOUNGER_SISTER"}
    )

    assert told(headless) == {("HEAD_MISSING", "headId")}
    assert (await town.names(family), await town.names(new)) == ({"乙": "HEAD", "丙": "YOUNGER_SISTER"}, {"甲": "HEAD"})


async def test_a_split_takes_some_leaves_some_and_names_one_head(town: Town) -> None:
    head, son = person("甲"), person("乙", "SON")
    family = await town.family(head, son)
    for members, problem in (
        ([], ("NOBODY_MOVES", "members")),
        ([Moving(head.id, "HEAD"), Moving(son.id, "SON")], ("NOBODY_STAYS", "members")),
        ([Moving(son.id, "SON")], ("HEAD_MISSING", "members")),
        ([Moving(son.id, "HEAD"), Moving(son.id, "SON")], ("PERSON_REPEATED", "members.1.personId")),
        ([Moving(son.id, "HEAD"), Moving(uuid.uuid4(), "SON")], ("NOT_FOUND", "members.1.personId")),
        ([Moving(son.id, "BOSS")], ("UNKNOWN_CODE", "members.0.relationToHead")),
    ):
        with pytest.raises(InvalidInput) as error:
            await split(town, family, *members)
        assert problem in told(error)
    with pytest.raises(InvalidInput) as early:
        await split(town, family, Moving(son.id, "HEAD"), on="2019-01-01")
    assert told(early) == {("END_BEFORE_START", "on")}


async def test_a_merge_brings_everybody_under_the_survivor_and_nothing_counts_twice(town: Town) -> None:
    old, wife, brother = person("甲"), person("乙", "SPOUSE"), person("丙", school_status="SENIOR_SECONDARY")
    survivor, merged = await town.family(old, wife), await town.family(brother)
    await town.sql.execute("UPDATE household SET monitoring_status = 'MONITORED' WHERE id = $1", merged)
    roster = await town.sql.fetchval(
        "INSERT INTO roster (id, code, name_zh, name_en, region_code, started_on)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), '重点', 'key', '3501', '2020-01-01') RETURNING id"
    )
    await town.sql.execute(
        "INSERT INTO roster_entry (roster_id, household_id, region_code, started_on) VALUES ($1, $2, $3, '2020-01-01')",
        roster,
        merged,
        town.village,
    )
    cadre, teacher = await town.cadre(merged), await town.cadre()
    await town.pair(teacher.viewer.helper_id, person_id=brother.id, role="STUDENT_TEACHER")

    await merge(town, survivor, merged, Moving(brother.id, "YOUNGER_BROTHER"))

    assert await town.names(survivor) == {"甲": "HEAD", "乙": "SPOUSE", "丙": "YOUNGER_BROTHER"}
    stays, gone = await town.household(survivor), await town.household(merged)
    assert (stays["monitoring_status"], stays["revision"]) == ("MONITORED", 2)
    assert (gone["ended_on"], gone["end_reason"], gone["merged_into_id"]) == (DAY, "MERGED", survivor)
    assert (await town.listed(cadre), await town.listed(teacher)) == (set(), {survivor})
    reason = await town.sql.fetchval("SELECT end_reason FROM pairing WHERE household_id = $1", merged)
    assert reason == "HOUSEHOLD_MERGED"
    on_it = await town.sql.fetch(
        "SELECT household_id FROM roster_entry WHERE roster_id = $1 AND ended_on IS NULL", roster
    )
    assert [row["household_id"] for row in on_it] == [survivor]
    assert (await town.chronicle(survivor))[-1] == "MERGED"
    assert (await town.chronicle(merged))[-1] == "ENDED"


async def test_a_merge_names_everybody_once_and_has_one_head(town: Town) -> None:
    head, son = person("甲"), person("乙", "SON")
    survivor, merged = await town.family(), await town.family(head, son)
    for members, problem in (
        ([Moving(head.id, "FATHER")], ("RELATION_MISSING", "members")),
        ([Moving(head.id, "HEAD"), Moving(son.id, "SON")], ("SECOND_HEAD", "members.0.relationToHead")),
    ):
        with pytest.raises(InvalidInput) as error:
            await merge(town, survivor, merged, *members)
        assert told(error) == {problem}
    with pytest.raises(InvalidInput) as same:
        await merge(town, survivor, survivor)
    assert told(same) == {("SAME_HOUSEHOLD", "mergedId")}


async def test_a_merge_needs_both_families_in_the_region(town: Town) -> None:
    head = person("甲")
    survivor, merged = await town.family(), await town.family(head, village=town.neighbour)

    with pytest.raises(NotVisible):
        await merge(town, survivor, merged, Moving(head.id, "FATHER"))
    await merge(town, survivor, merged, Moving(head.id, "FATHER"), actor=town.township_officer)

    assert (await town.person(head.id))["region_code"] == town.village


async def test_a_move_takes_everything_along_and_the_feed_shows_it_going_and_coming(town: Town) -> None:
    head, pupil = person("甲"), person("乙", "SON", school_status="PRIMARY")
    family = await town.family(head, pupil, address="旧屋", location=GivenPoint(118.9, 25.9, "WGS84"))
    cadre, leader, teacher = await town.cadre(family), await town.cadre(), await town.cadre()
    leading = await town.pair(leader.viewer.helper_id, household_id=family, role="WEALTH_LEADER")
    await town.pair(teacher.viewer.helper_id, person_id=pupil.id, role="STUDENT_TEACHER")
    before = await town.feed_position()

    await move(town, town.county_officer, family, town.next_township, address="新村 3 号")

    row = await town.household(family)
    assert (row["region_code"], row["address"], row["location"]) == (town.next_township, "新村 3 号", None)
    assert (row["registered_on"], row["revision"]) == (date(2020, 6, 1), 2)
    for table, key in (
        ("person", "household_id"),
        ("membership", "household_id"),
        ("household_event", "household_id"),
        ("household_access", "household_id"),
        ("pairing", "household_id"),
        ("pairing", "person_id"),
    ):
        found = await town.sql.fetch(
            f"SELECT DISTINCT region_code FROM {table} WHERE {key} IN ($1, $2)", family, pupil.id
        )
        assert [row["region_code"] for row in found] == [town.next_township], table
    ended = await town.pairing(leading)
    assert (ended["ended_on"], ended["end_reason"]) == (DAY, "HOUSEHOLD_MOVED")
    assert [await town.listed(one) for one in (cadre, leader, teacher)] == [{family}, set(), {family}]
    assert await town.feed_since(before) == {
        (int(TOWNSHIP), "household", family, "D"),
        (int(OTHER_TOWNSHIP), "household", family, "U"),
    }


async def test_who_left_before_the_move_is_still_known_to_the_family_after_it(town: Town) -> None:
    daughter = person("小妹", "DAUGHTER")
    family = await town.family(person("甲"), daughter)
    await town.do(
        town.village_officer,
        change_members,
        operation_id=uuid.uuid4(),
        household_id=family,
        leaving=[Leaving(daughter.id, "MARRIED_OUT", "2021-05-01")],
    )

    await move(town, town.county_officer, family, town.next_township)

    assert (await town.person(daughter.id))["region_code"] == town.next_township


async def test_a_move_within_the_township_is_told_to_both_villages(town: Town) -> None:
    family = await town.family()
    before = await town.feed_position()

    await move(town, town.township_officer, family, town.neighbour)

    township = int(TOWNSHIP)
    assert await town.feed_since(before) == {(township, "household", family, "D"), (township, "household", family, "U")}
    told = await town.sql.fetch("SELECT op, region_code FROM change WHERE seq > $1 AND party_id IS NULL", before)
    assert {(row["op"], row["region_code"]) for row in told} == {("D", town.village), ("U", town.neighbour)}


async def test_a_family_moves_only_to_another_village(town: Town) -> None:
    family = await town.family()
    for actor, village, problem in (
        (town.county_officer, town.village, "SAME_VILLAGE"),
        (town.county_officer, TOWNSHIP, "NOT_A_VILLAGE"),
        (town.township_officer, "350125999999", "REGION_UNKNOWN"),
    ):
        with pytest.raises(InvalidInput) as error:
            await move(town, actor, family, village)
        assert told(error) == {(problem, "villageCode")}
    with pytest.raises(InvalidInput) as early:
        await move(town, town.county_officer, family, town.next_township, on="2019-01-01")
    assert told(early) == {("END_BEFORE_START", "on")}


async def test_a_helper_reshapes_no_family_however_well_they_know_it(town: Town) -> None:
    head, son = person("甲"), person("乙", "SON")
    family, other = await town.family(head, son), await town.family()
    cadre = await town.cadre(family, other)
    resident = await town.officer(GrantRole.RESIDENT_TEAM, town.village)
    for actor in (cadre, resident):
        for attempt in (
            split(town, family, Moving(son.id, "HEAD"), actor=actor),
            merge(town, other, family, Moving(head.id, "FATHER"), Moving(son.id, "NOT_RELATED"), actor=actor),
            move(town, actor, family, town.neighbour),
        ):
            with pytest.raises(Refused, match="FORBIDDEN_ROLE"):
                await attempt


async def test_an_action_carried_out_again_answers_the_same(town: Town) -> None:
    head, son = person("甲"), person("乙", "SON")
    family = await town.family(head, son)
    asked = {"id": uuid.uuid4(), "household_id": family, "on": str(TODAY), "members": [Moving(son.id, "HEAD")]}

    first = await town.do(town.village_officer, split_household, **asked)

    assert await town.do(town.village_officer, split_household, **asked) == first
    assert (await town.household(family))["revision"] == 2
