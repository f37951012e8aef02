"""Relief in figures: exact fen, never divided, each family counted once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, Select, Text, and_, case, cast, func, literal, literal_column, null, select

from domain.assistance.models import Relief
from domain.assistance.queries import sees_relief
from domain.assistance.rules import ReliefState
from domain.households.queries import meets_of
from domain.monitoring.queries import yuan


def relief_totals(region: Any, since: Any = None, until: Any = None) -> Select[Any]:
    """(position, source, region_code, times, households, people, amount): all of a division's relief that the viewer sees,
    then by source, then by division one level below. Amounts in yuan, of which Fuzhou says "共发放各类补助45.3万元" (2020):
    the sum of what was given, and of nothing else; null where one of the families is not met.

    A family helped from two sources counts once in all and once for each: lines are not to be added up.
    """
    digits = case((func.length(region) == 2, 4), (func.length(region) == 4, 6), (func.length(region) == 6, 9), else_=12)
    below = func.left(Relief.region_code, digits).label("below")
    asked = [Relief.region_code >= region, Relief.region_code < func.concat(region, literal(":", Text()))]
    asked += [] if since is None else [Relief.given_on >= since]
    asked += [] if until is None else [Relief.given_on <= until]
    given = (
        select(Relief, below, meets_of(Relief).label("is_met"))
        .where(and_(*asked), sees_relief(), Relief.state != ReliefState.REVOKED)
        .subquery("given")
    )
    sets = func.grouping_sets(literal_column("()"), given.c.source, given.c.below)
    are_met = func.coalesce(func.bool_and(given.c.is_met), True)
    total = case((are_met, func.coalesce(func.sum(given.c.amount_fen), 0)), else_=null())
    order = (func.grouping(given.c.source, given.c.below) == 3).desc(), given.c.source.asc().nulls_last(), given.c.below
    return select(
        cast(func.row_number().over(order_by=order), Integer()).label("position"),
        given.c.source,
        given.c.below.label("region_code"),
        func.count().label("times"),
        func.count(given.c.household_id.distinct()).label("households"),
        func.count(given.c.person_id.distinct()).label("people"),
        yuan(total).label("amount"),
    ).group_by(sets)
