"""Where help is missing or stretched (结对缺口): unpaired, incomplete, lapsed; too much for one helper, or too far away."""

from __future__ import annotations

import enum
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Date,
    Double,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from domain.access.queries import sees_household
from domain.helpers.models import Helper
from domain.households.models import Household
from domain.households.queries import shown_point
from domain.pairings.coverage import STUDENT, facts, lies_in, missing
from domain.pairings.models import Pairing
from domain.pairings.queries import holds_on, sees_pairing
from domain.policy.queries import as_text, value_of


class PairingGapKind(enum.StrEnum):
    """What is wrong (结对缺口类型)."""

    UNPAIRED = "UNPAIRED"
    INCOMPLETE = "INCOMPLETE"
    LAPSED = "LAPSED"
    OVERLOADED = "OVERLOADED"
    FAR_AWAY = "FAR_AWAY"


# What each row has: ids of whom it is about, and the figures that it is told by.
COLUMNS: Final[dict[str, Any]] = {
    "kind": Text(),
    "id": Uuid(),
    "region_code": Text(),
    "subject": Text(),
    "household_id": Uuid(),
    "person_id": Uuid(),
    "helper_id": Uuid(),
    "missing": ARRAY(Text()),
    "since": Date(),
    "load": BigInteger(),
    "metres": Double(),
    "at_most": BigInteger(),
}


def gaps(region: Any, day: Any, kinds: Collection[PairingGapKind]) -> Any:
    """A row for each gap of these kinds in a division on a day, with the columns of COLUMNS.

    id: of the household, student, village, helper or pairing that it is about; of a lapsed one, of the last pairing.
    """
    region, day = cast(region, Text()), cast(day, Date())
    parts = {
        PairingGapKind.UNPAIRED: lambda: _without_help(region, day, PairingGapKind.UNPAIRED),
        PairingGapKind.INCOMPLETE: lambda: _without_help(region, day, PairingGapKind.INCOMPLETE),
        PairingGapKind.LAPSED: lambda: _lapsed(region, day),
        PairingGapKind.OVERLOADED: lambda: _overloaded(region, day),
        PairingGapKind.FAR_AWAY: lambda: _far_away(region, day),
    }
    return union_all(*(parts[kind]() for kind in PairingGapKind if kind in kinds)).subquery("pairing_gaps")


def _row(kind: PairingGapKind, **columns: Any) -> Select[Any]:
    """All columns in their order; what is not given is null."""
    given = {"kind": literal(kind.value, Text()), **columns}
    return select(*(cast(given.get(name, null()), sql_type).label(name) for name, sql_type in COLUMNS.items()))


def _without_help(region: Any, day: Any, kind: PairingGapKind) -> Select[Any]:
    """Of whom roles are asked: UNPAIRED where nobody helps at all, INCOMPLETE where a role has nobody."""
    of = facts(region, day)
    has_none = func.cardinality(of.c.held) == 0
    lacks_some = and_(func.cardinality(of.c.held) > 0, ~of.c.asked.bool_op("<@")(of.c.held))
    columns = {name: of.c[name] for name in ("id", "region_code", "subject", "household_id")}
    person = case((of.c.subject == STUDENT, of.c.id))
    found = (
        _row(kind, **columns, person_id=person, missing=missing(of))
        .select_from(of)
        .where(func.cardinality(of.c.asked) > 0)
    )
    return found.where(has_none if kind is PairingGapKind.UNPAIRED else lacks_some)


def _lapsed(region: Any, day: Any) -> Select[Any]:
    """A role that is asked for, that somebody had, and that nobody has taken over: the last who had it."""
    of, past, later = facts(region, day), aliased(Pairing), aliased(Pairing)
    again = (
        select(literal(1))
        .where(later.helped_id == past.helped_id, later.role == past.role, later.ended_on > past.ended_on)
        .correlate_except(later)
    )
    columns = {name: of.c[name] for name in ("region_code", "subject", "household_id")}
    return (
        _row(
            PairingGapKind.LAPSED,
            id=past.id,
            **columns,
            person_id=past.person_id,
            helper_id=past.helper_id,
            missing=func.array_fill(past.role, literal([1], ARRAY(Integer()))),
            since=past.ended_on,
        )
        .select_from(of.join(past, past.helped_id == of.c.id))
        .where(past.ended_on <= day, past.role == any_(of.c.asked), ~(past.role == any_(of.c.held)), ~again.exists())
    )


def _overloaded(region: Any, day: Any) -> Select[Any]:
    """Helpers of the division with more households, as far as the viewer sees, than policy allows for their region."""
    at_most = cast(as_text(value_of("MOST_PAIRINGS", Helper.region_code, day)), BigInteger())
    load = func.count(Pairing.household_id.distinct())
    held = (
        select(Pairing.helper_id.label("helper_id"), load.label("load"))
        .where(Pairing.helper_id.is_not(None), Pairing.household_id.is_not(None))
        .where(lies_in(Pairing.region_code, region), holds_on(day), sees_pairing())
        .group_by(Pairing.helper_id)
        .subquery("loads")
    )
    judged = (
        select(held.c.helper_id, held.c.load, Helper.region_code, at_most.label("at_most"))
        .select_from(held.join(Helper.__table__, Helper.id == held.c.helper_id))
        .subquery("judged_loads")
    )
    return (
        _row(
            PairingGapKind.OVERLOADED,
            id=judged.c.helper_id,
            helper_id=judged.c.helper_id,
            region_code=judged.c.region_code,
            load=judged.c.load,
            at_most=judged.c.at_most,
        )
        .select_from(judged)
        .where(judged.c.load > judged.c.at_most)
    )


def _far_away(region: Any, day: Any) -> Select[Any]:
    """A family that lies far from the middle of those that the same helper has: a way of its own each month.

    Points are those that the viewer is shown: what is blurred for them is measured blurred.
    """
    at_most = cast(as_text(value_of("FAR_FROM_THE_OTHERS", Household.region_code, day)), BigInteger())
    point = shown_point()
    placed = (
        select(
            Pairing.id,
            Pairing.helper_id,
            Household.id.label("household_id"),
            Household.region_code,
            point.label("point"),
            func.avg(func.ST_X(point)).over(partition_by=Pairing.helper_id).label("longitude"),
            func.avg(func.ST_Y(point)).over(partition_by=Pairing.helper_id).label("latitude"),
            func.count().over(partition_by=Pairing.helper_id).label("load"),
            at_most.label("at_most"),
        )
        .select_from(Pairing.__table__.join(Household.__table__, Household.id == Pairing.household_id))
        .where(Pairing.helper_id.is_not(None), lies_in(Pairing.region_code, region), holds_on(day), sees_pairing())
        .where(Household.location.is_not(None), sees_household(Household.region_code, Household.id))
        .subquery("placed")
    )
    middle = func.ST_SetSRID(func.ST_MakePoint(placed.c.longitude, placed.c.latitude), 4326)
    metres = func.ST_Distance(func.geography(placed.c.point), func.geography(middle))
    measured = select(placed, metres.label("metres")).where(placed.c.load > 1).subquery("measured")
    columns = {name: measured.c[name] for name in ("id", "region_code", "household_id", "helper_id", "load", "at_most")}
    return (
        _row(PairingGapKind.FAR_AWAY, **columns, metres=measured.c.metres, subject=literal("HOUSEHOLD"))
        .select_from(measured)
        .where(measured.c.metres > measured.c.at_most)
    )
