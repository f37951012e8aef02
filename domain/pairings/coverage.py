"""Who has the help that is asked for (结对覆盖): one set of facts, from which coverage and gaps are both counted.

What is asked for is policy: of monitored households, of the other households of some categories, of students and of
villages. It holds by county, the lowest level that sets policy. Every count ends where the viewer's scope ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Date,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    case,
    cast,
    column,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)

from domain.access.queries import in_region, sees_household
from domain.households.models import Household, MonitoringStatus, Person
from domain.pairings.fitting import AT_SCHOOL, PairingSubject
from domain.pairings.models import Pairing
from domain.pairings.queries import holds_on, sees_pairing
from domain.policy.queries import as_texts, value_of
from domain.regions.models import Region, Village
from domain.regions.rules import RegionLevel

HOUSEHOLD, STUDENT, VILLAGE = (one.value for one in PairingSubject)
_ONCE: Final[Any] = literal_column("0")  # else what is held would be looked up anew by each condition on it
_CODES: Final = ("ROLES_FOR_MONITORED", "ROLES_FOR_HOUSEHOLDS", "ROLES_FOR_STUDENTS", "ROLES_FOR_VILLAGES")


def lies_in(code: Any, region: Any) -> ColumnElement[bool]:
    """That division, or one below it."""
    return and_(code >= region, code < func.concat(region, ":", type_=Text()))


def asked_by_county(region: Any, day: Any) -> Any:
    """What each county of a division (or the one it lies in) asks for on a day: a row per county."""
    county = func.left(cast(region, Text()), 6)
    parts = [as_texts(value_of(name, Region.code, day)).label(name.lower()) for name in _CODES]
    categories = as_texts(value_of("PAIRED_CATEGORIES", Region.code, day)).label("paired_categories")
    inside = or_(Region.code == county, lies_in(Region.code, region))
    return (
        select(Region.code.label("county"), *parts, categories)
        .where(Region.level == RegionLevel.COUNTY, inside)
        .offset(_ONCE)
        .subquery("asked_by_county")
    )


def held_roles(helped: Any, by: Any, day: Any, which: Sequence[ColumnElement[bool]]) -> Any:
    """The roles in which a household, person or village (`by`, its id) has somebody on a day: one walk of its index.

    Not grouped and joined: with plans that are made once, PostgreSQL expects few rows on both sides and would compare each
    with each.
    """
    roles = select(Pairing.role).where(helped == by, holds_on(day), sees_pairing(), *which).correlate_except(Pairing)
    return func.array(roles.scalar_subquery(), type_=ARRAY(Text())).label("held")


def county_by_county(policy: Any, found: Select[Any]) -> Select[Any]:
    """What a select over one county's rows finds, for each county in turn: its range of the index is walked, whatever the
    planner expects."""
    of_county = found.correlate(policy).offset(_ONCE).lateral("of_county")
    return select(*of_county.c).select_from(policy.join(of_county, true()))


def facts(region: Any, day: Any, *which: ColumnElement[bool]) -> Any:
    """Everybody of a division of whom help is asked for on a day, with the roles asked for and those held.

    (subject, id, household_id, region_code, category, is_monitored, asked, held). which: conditions on the pairings that
    count. A household's category and state are those of today: only who helps is known of earlier days.
    """
    region, day = cast(region, Text()), cast(day, Date())
    is_monitored = Household.monitoring_status == MonitoringStatus.MONITORED
    lived = and_(
        lies_in(Household.region_code, region),
        Household.registered_on <= day,
        or_(Household.ended_on.is_(None), Household.ended_on > day),
    )
    return union_all(
        _households(region, day, is_monitored, lived, which),
        _students(region, day, is_monitored, lived, which),
        _villages(region, day, which),
    ).subquery("pairing_facts")


def _households(region: Any, day: Any, is_monitored: Any, lived: Any, which: Any) -> Select[Any]:
    policy = asked_by_county(region, day)
    is_paired = Household.category == any_(policy.c.paired_categories)
    asked = case((is_monitored, policy.c.roles_for_monitored), else_=policy.c.roles_for_households)
    found = (
        select(
            literal(HOUSEHOLD, Text()).label("subject"),
            Household.id.label("id"),
            Household.id.label("household_id"),
            Household.region_code.label("region_code"),
            Household.category.label("category"),
            is_monitored.label("is_monitored"),
            asked.label("asked"),
            held_roles(Pairing.household_id, Household.id, day, which),
        )
        .where(lies_in(Household.region_code, policy.c.county), lived, or_(is_monitored, is_paired))
        .where(sees_household(Household.region_code, Household.id))
    )
    return county_by_county(policy, found)


def _students(region: Any, day: Any, is_monitored: Any, lived: Any, which: Any) -> Select[Any]:
    policy = asked_by_county(region, day)
    is_paired = Household.category == any_(policy.c.paired_categories)
    at_school = Person.school_status == any_(literal(sorted(AT_SCHOOL), ARRAY(Text())))
    found = (
        select(
            literal(STUDENT, Text()).label("subject"),
            Person.id.label("id"),
            Household.id.label("household_id"),
            Household.region_code.label("region_code"),
            cast(null(), Text()).label("category"),
            cast(null(), Boolean()).label("is_monitored"),
            policy.c.roles_for_students.label("asked"),
            held_roles(Pairing.person_id, Person.id, day, which),
        )
        .where(Person.household_id == Household.id)
        .where(lies_in(Household.region_code, policy.c.county), lived, at_school, or_(is_monitored, is_paired))
        .where(sees_household(Household.region_code, Household.id))
    )
    return county_by_county(policy, found)


def _villages(region: Any, day: Any, which: Any) -> Select[Any]:
    policy = asked_by_county(region, day)
    found = (
        select(
            literal(VILLAGE, Text()).label("subject"),
            Village.id.label("id"),
            cast(null(), Uuid()).label("household_id"),
            Village.region_code.label("region_code"),
            cast(null(), Text()).label("category"),
            cast(null(), Boolean()).label("is_monitored"),
            policy.c.roles_for_villages.label("asked"),
            held_roles(Pairing.village_id, Village.id, day, which),
        )
        .where(Region.code == Village.region_code)
        .where(lies_in(Village.region_code, policy.c.county), lies_in(Village.region_code, region))
        .where(Region.valid_to.is_(None), in_region(Village.region_code))
    )
    return county_by_county(policy, found)


# --- counted -----------------------------------------------------------------------------------------------------------


def counts(of: Any) -> tuple[Any, ...]:
    """total: of whom anything is asked; paired: who have anybody; complete: who have everybody asked for."""
    asks = func.cardinality(of.c.asked) > 0
    return (
        func.count().filter(asks).label("total"),
        func.count().filter(asks, func.cardinality(of.c.held) > 0).label("paired"),
        func.count().filter(asks, of.c.asked.bool_op("<@")(of.c.held)).label("complete"),
    )


def coverage_by_group(region: Any, day: Any, *which: ColumnElement[bool]) -> Select[Any]:
    """(subject, category, is_monitored, total, paired, complete), a row per sort of household, one for students, one
    for villages."""
    of = facts(region, day, *which)
    group = (of.c.subject, of.c.category, of.c.is_monitored)
    return select(*group, *counts(of)).group_by(*group)


def coverage_by_role(region: Any, day: Any, *which: ColumnElement[bool]) -> Select[Any]:
    """(subject, category, is_monitored, role, asked, covered): of whom the role is asked, and who have it."""
    of = facts(region, day, *which)
    role = func.unnest(of.c.asked).table_valued(column("role", Text()), name="asked_role").render_derived()
    group = (of.c.subject, of.c.category, of.c.is_monitored, role.c.role)
    covered = func.count().filter(role.c.role == any_(of.c.held))
    return (
        select(*group, func.count().label("asked"), covered.label("covered"))
        .select_from(of.join(role, literal(True)))
        .group_by(*group)
    )


def coverage_below(region: Any, day: Any, *which: ColumnElement[bool]) -> Select[Any]:
    """The same totals for each division directly below: (region_code, and of households, students and villages each
    total, paired and complete). A village has none below and is its own row."""
    of = facts(region, day, *which)
    digits = case(
        *((func.length(cast(region, Text())) == above, literal(below)) for above, below in ((2, 4), (4, 6), (6, 9))),
        else_=literal(12),
    )
    code = func.left(of.c.region_code, digits)
    parts: list[Any] = []
    for subject, name in ((HOUSEHOLD, "households"), (STUDENT, "students"), (VILLAGE, "villages")):
        asks = and_(of.c.subject == subject, func.cardinality(of.c.asked) > 0)
        parts += [
            func.count().filter(asks).label(name),
            func.count().filter(asks, of.c.asked.bool_op("<@")(of.c.held)).label(f"{name}_complete"),
        ]
    paired = func.count().filter(of.c.subject == HOUSEHOLD, func.cardinality(of.c.held) > 0)
    return select(code.label("region_code"), *parts, paired.label("households_paired")).group_by(code)


def missing(of: Any) -> ColumnElement[Any]:
    """The roles that are asked for and that nobody has, in the order of the policy."""
    role = (
        func.unnest(of.c.asked)
        .table_valued(column("role", Text()), with_ordinality="n", name="wanted")
        .render_derived()
    )
    absent = or_(role.c.role == any_(of.c.held), false())
    return func.array(
        select(role.c.role).where(~absent).order_by(role.c.n).correlate_except(role).scalar_subquery(),
        type_=ARRAY(Text()),
    )


def students(region: Any, day: Any, lacking: Any | None) -> Select[Any]:
    """三帮一 student by student: (id, household_id, region_code, held, missing). lacking: only who lacks this role."""
    of = facts(region, day)
    found = select(of.c.id, of.c.household_id, of.c.region_code, of.c.held, missing(of).label("missing")).where(
        of.c.subject == STUDENT
    )
    if lacking is None:
        return found
    return found.where(cast(lacking, Text()) == any_(of.c.asked), ~(cast(lacking, Text()) == any_(of.c.held)))
