"""What is on record about a family is put right, also by two people at once."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import pytest

from domain.access.rules import GrantRole
from domain.base.datum import Datum, from_wgs84, to_wgs84
from domain.base.errors import Conflict, InvalidInput, NotVisible, Refused
from domain.families.actions import MemberEdit, edit_household
from domain.households.rules import Edit, GivenPoint
from tests.domain.families.conftest import Town, person, told


async def edit(town: Town, actor: Any, family: uuid.UUID, *members: MemberEdit, **edits: Edit) -> Any:
    return await town.do(
        actor, edit_household, operation_id=uuid.uuid4(), household_id=family, edits=edits, members=members
    )


async def test_a_cadre_edits_the_family_on_their_list_and_its_members(town: Town) -> None:
    head = person("陈大山")
    family = await town.family(head, address="下寨 1 号")
    cadre = await town.cadre(family)

    await edit(
        town,
        cadre,
        family,
        MemberEdit(
            head.id, {"health": Edit(("HEALTHY",), ("SERIOUS_ILLNESS", "DISABLED")), "phone": Edit(None, "139 1")}
        ),
        address=Edit("下寨 1 号", "下寨 2 号"),
        causes=Edit([], ["ILLNESS"]),
    )

    row, one = await town.household(family), await town.person(head.id)
    assert (row["address"], row["causes"], row["revision"]) == ("下寨 2 号", ["ILLNESS"], 2)
    assert (one["health"], one["phone"]) == (["DISABLED", "SERIOUS_ILLNESS"], "139 1")
    assert await town.chronicle(family) == ["REGISTERED", "EDITED"]
    told = await town.sql.fetchval(
        "SELECT detail::text FROM household_event WHERE household_id = $1 AND kind = 'EDITED'", family
    )
    assert "address" in told
    assert "下寨" not in told  # the story says which fields, not what stood in them


async def test_edits_of_different_fields_meet_without_conflict(town: Town) -> None:
    family = await town.family(address="甲", phone="123456")
    one, other = await town.cadre(family), await town.cadre(family)

    await edit(town, one, family, address=Edit("甲", "乙"))
    await edit(town, other, family, phone=Edit("123456", "654321"))

    row = await town.household(family)
    assert (row["address"], row["phone"], row["revision"]) == ("乙", "654321", 3)


async def test_a_field_changed_meanwhile_conflicts_and_nothing_of_the_edit_is_written(town: Town) -> None:
    head = person("陈大山")
    family = await town.family(head, address="甲")
    one, other = await town.cadre(family), await town.cadre(family)
    await edit(town, one, family, MemberEdit(head.id, {"name": Edit("陈大山", "陈太山")}), address=Edit("甲", "乙"))

    with pytest.raises(Conflict) as error:
        await edit(
            town,
            other,
            family,
            MemberEdit(head.id, {"name": Edit("陈大山", "陈泰山"), "labour": Edit("ORDINARY", "SKILLED")}),
            address=Edit("甲", "丙"),
            phone=Edit(None, "123456"),
        )

    assert told(error) == {("FIELD_CONFLICT", "address"), ("FIELD_CONFLICT", "members.0.name")}
    address = next(problem for problem in error.value.problems if problem.path[-1] == "address")
    assert (address.base, address.current, address.yours) == ("甲", "乙", "丙")
    assert (await town.household(family))["phone"] is None
    assert (await town.person(head.id))["labour"] == "ORDINARY"


async def test_a_refused_edit_is_judged_anew_under_the_same_operation(town: Town) -> None:
    family = await town.family(address="甲")
    operation = uuid.uuid4()
    again: dict[str, Any] = {"operation_id": operation, "household_id": family}
    with pytest.raises(Conflict):
        await town.do(town.village_officer, edit_household, **again, edits={"address": Edit("乙", "丙")})

    await town.do(town.village_officer, edit_household, **again, edits={"address": Edit("甲", "丙")})
    await town.do(town.village_officer, edit_household, **again, edits={"address": Edit("甲", "丙")})

    row = await town.household(family)
    assert (row["address"], row["revision"]) == ("丙", 2)


async def test_the_same_change_by_two_people_is_no_conflict_and_no_second_revision(town: Town) -> None:
    family = await town.family(address="甲")
    await edit(town, town.village_officer, family, address=Edit("甲", "乙"))
    await edit(town, town.township_officer, family, address=Edit("甲", "乙"))

    assert (await town.household(family))["revision"] == 2


async def test_two_cadres_editing_one_field_at_the_same_moment_never_overwrite_each_other(town: Town) -> None:
    family = await town.family(address="甲")
    cadres = [await town.cadre(family) for _ in range(4)]

    outcomes = await asyncio.gather(
        *(edit(town, cadre, family, address=Edit("甲", f"{position} 号")) for position, cadre in enumerate(cadres)),
        return_exceptions=True,
    )

    written = [position for position, outcome in enumerate(outcomes) if isinstance(outcome, dict)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert (len(written), len(refused)) == (1, 3)
    row = await town.household(family)
    assert (row["address"], row["revision"]) == (f"{written[0]} 号", 2)
    assert {refusal.problems[0].current for refusal in refused} == {row["address"]}


async def test_a_place_read_in_another_datum_is_the_same_place(town: Town) -> None:
    family = await town.family(location=GivenPoint(118.9, 25.9, "GCJ02"))
    wgs84 = to_wgs84(118.9, 25.9, Datum.GCJ02)
    seen = GivenPoint(*(round(degrees, 6) for degrees in from_wgs84(*wgs84, Datum.BD09)), "BD09")

    await edit(town, town.village_officer, family, location=Edit(seen, GivenPoint(118.91, 25.91, "CGCS2000", 5.0)))

    row = await town.household(family)
    assert (row["sent_longitude"], row["sent_datum"], row["accuracy_metres"]) == (118.91, "CGCS2000", 5.0)
    assert await town.sql.fetchval("SELECT ST_X(location) FROM household WHERE id = $1", family) == 118.91
    await edit(town, town.village_officer, family, location=Edit(GivenPoint(118.91, 25.91, "WGS84"), None))
    assert (await town.household(family))["location"] is None


async def test_wrong_values_are_told_with_the_conflicts(town: Town) -> None:
    head, wife = person("甲"), person("乙", "SPOUSE")
    family = await town.family(head, wife, address="甲")

    with pytest.raises(InvalidInput) as error:
        await edit(
            town,
            town.village_officer,
            family,
            MemberEdit(head.id, {"school_status": Edit(None, "PRIMARY"), "relation_to_head": Edit("HEAD", "SPOUSE")}),
            MemberEdit(wife.id, {"relation_to_head": Edit("SPOUSE", "HEAD"), "labour": Edit("ORDINARY", "LAZY")}),
            MemberEdit(wife.id, {}),
            MemberEdit(uuid.uuid4(), {}),
            category=Edit("LIFTED", "RICH"),
            address=Edit("乙", "丙"),
        )

    assert told(error) == {
        ("EDUCATION_OR_SCHOOL_STATUS", "members.0.education"),
        ("HEAD_MISSING", "members.0.relationToHead"),
        ("SECOND_HEAD", "members.1.relationToHead"),
        ("UNKNOWN_CODE", "members.1.labour.value"),
        ("PERSON_REPEATED", "members.2.personId"),
        ("NOT_FOUND", "members.3.personId"),
        ("UNKNOWN_CODE", "category.value"),
        ("FIELD_CONFLICT", "address"),
    }


async def test_a_family_that_is_not_ones_own_is_not_there(town: Town) -> None:
    family = await town.family()
    elsewhere = await town.officer(GrantRole.COUNTY_OFFICER, town.far[:6])
    for actor in (await town.cadre(), elsewhere):
        with pytest.raises(NotVisible, match="NOT_FOUND"):
            await edit(town, actor, family, address=Edit(None, "乙"))


@pytest.mark.parametrize("role", [GrantRole.INTEGRATOR])
async def test_a_service_that_sees_the_family_may_not_edit_it(town: Town, role: GrantRole) -> None:
    family = await town.family()
    with pytest.raises(Refused, match="FORBIDDEN_ROLE"):
        await edit(town, await town.officer(role, town.village), family, address=Edit(None, "乙"))


async def test_a_partner_who_is_paired_with_the_family_may_not_edit_it(town: Town) -> None:
    family = await town.family()
    cadre = await town.cadre(family)
    partner = replace(cadre, viewer=replace(cadre.viewer, roles=frozenset({GrantRole.PARTNER})))
    with pytest.raises(Refused, match="FORBIDDEN_ROLE"):
        await edit(town, partner, family, address=Edit(None, "乙"))
