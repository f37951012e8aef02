"""Signs that figures give by themselves: months below the line, and expenses that are too much. Population rules."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Date,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on

from domain.monitoring.months import (
    THRESHOLDS,
    YEAR,
    Proposal,
    back,
    facts_of,
    judged_months,
    population_of,
    without_what_was_looked_at,
    years_of,
)
from domain.monitoring.rules import EXPENSE_OF_SIGN, INCOME_BELOW_STANDARD, RIGID_EXPENSE
from domain.policy.catalogue import PARAMETERS


def signs_on(population: CTE, on: date) -> Select[Any]:
    """(household_id, region_code, sign, period, from_month, until_month): every sign that the figures give on a day.

    Income, 连续3个月收入未达标 (Xinjiang, 2020): the last month of which anything is known, and as many before it as the
    village's MONTHS_BELOW says, are all known and each below a twelfth of the line per head, transfers counted, business
    and property spread over the year (domain.md §11.10). UNKNOWN breaks the run; a month filled in later is judged with
    the next evaluation.

    Expense, 因病、因灾等而造成较大支出 (Hebei, 2020): what had to be paid in the twelve months up to this one, the present
    one included, is more than the village's threshold: exactly that much is not. All rigid expenses together
    (刚性支出) raise a sign of their own where none alone does.
    """
    present = on.replace(day=1)
    first = back(present, YEAR)
    fact = without_what_was_looked_at(facts_of(population, first, present), population)
    judged = judged_months(population, years_of(fact), first, present, on=on)
    in_year = fact.c.month > first
    last_of = (
        select(
            fact.c.household_id,
            *(func.max(fact.c.month).filter(in_year, fact.c[sign] > 0).label(sign) for sign in THRESHOLDS),
        )
        .group_by(fact.c.household_id)
        .subquery("last_of")
    )
    latest = (
        select(judged)
        .where(judged.c.is_known, judged.c.month < present)
        .ext(distinct_on(judged.c.household_id))
        .order_by(judged.c.household_id, judged.c.month.desc())
        .subquery("latest")
    )
    found = [
        select(
            latest.c.household_id,
            latest.c.region_code,
            literal(INCOME_BELOW_STANDARD, Text()).label("sign"),
            latest.c.month.label("until_month"),
            _months_before(latest.c.month, latest.c.run - 1).label("from_month"),
        ).where(latest.c.run >= latest.c.months_below)
    ]
    single = [_is_beyond(judged, sign) for sign in EXPENSE_OF_SIGN]
    for sign in THRESHOLDS:
        beyond = _is_beyond(judged, sign)
        found.append(
            select(
                judged.c.household_id,
                judged.c.region_code,
                literal(sign, Text()),
                last_of.c[sign],
                literal(back(present, YEAR - 1), Date()),
            )
            .join(last_of, last_of.c.household_id == judged.c.household_id)
            .where(judged.c.month == present, and_(beyond, ~or_(*single)) if sign == RIGID_EXPENSE else beyond)
        )
    every = found[0].union_all(*found[1:]).subquery("sign")
    return select(every, func.to_char(every.c.until_month, "YYYY-MM").label("period")).order_by(
        every.c.household_id, every.c.sign
    )


def _months_before(month: Any, count: Any) -> ColumnElement[Any]:
    return cast(month - func.make_interval(0, cast(count, Integer())), Date())


def _is_beyond(judged: Any, sign: str) -> ColumnElement[bool]:
    beyond: ColumnElement[bool] = judged.c[sign] > judged.c[f"{sign}_threshold"]
    return beyond


# --- what if ---------------------------------------------------------------------------------------------------------


def replayed(where: ColumnElement[bool], first: date, last: date, proposal: Proposal) -> Select[Any]:
    """One row per village: region_code; households on record at the end of the month `last`; now and then, how many of them
    the figures would have found in the months [first, last] by the numbers in force and by the proposal; entering and
    leaving, the ids of those whom only one of the two finds, up to MOST_NAMED each.

    As if nobody had looked meanwhile: the question is whom the numbers find, not who was visited.
    """
    start = back(first, MOST_IN_A_ROW - 1)
    population = population_of(where, _last_day(last))
    year = years_of(facts_of(population, start, last))
    tried, tried_year = population, year
    if "ORIGIN_PRECEDENCE" in proposal.values:
        tried = population_of(where, _last_day(last), proposal, "proposed")
        tried_year = years_of(facts_of(tried, start, last, "proposed"))
    now = _found(judged_months(population, year, start, last, on=None), first, "now")
    judged = judged_months(tried, tried_year, start, last, on=None, proposal=proposal, name="proposed")
    then = _found(judged, first, "then")
    id_ = population.c.household_id
    is_now, is_then = now.c.household_id.is_not(None), then.c.household_id.is_not(None)
    enters, leaves = and_(is_then, ~is_now), and_(is_now, ~is_then)

    def named(which: ColumnElement[bool]) -> ColumnElement[Any]:
        ids = func.array_agg(aggregate_order_by(id_, id_), type_=ARRAY(Uuid())).filter(which)
        return func.coalesce(ids[1:MOST_NAMED], literal_column("'{}'::uuid[]", ARRAY(Uuid())))

    return (
        select(
            population.c.region_code,
            func.count().label("households"),
            func.count().filter(is_now).label("now"),
            func.count().filter(is_then).label("then"),
            func.count().filter(enters).label("entering"),
            func.count().filter(leaves).label("leaving"),
            named(enters).label("entering_ids"),
            named(leaves).label("leaving_ids"),
        )
        .outerjoin(now, now.c.household_id == id_)
        .outerjoin(then, then.c.household_id == id_)
        .group_by(population.c.region_code)
        .order_by(population.c.region_code)
    )


MOST_NAMED: Final = 200


def _last_day(month: date) -> date:
    return back(month, -1) - timedelta(days=1)


def _found(judged: CTE, first: date, name: str) -> CTE:
    """Every household that gave any sign in `first` or a later month."""
    beyond = [_is_beyond(judged, sign) for sign in THRESHOLDS]
    return (
        select(judged.c.household_id)
        .where(judged.c.month >= first, or_(judged.c.run >= judged.c.months_below, *beyond))
        .distinct()
        .cte(f"found_{name}")
        .prefix_with("MATERIALIZED")
    )


MOST_IN_A_ROW: Final = PARAMETERS["MONTHS_BELOW"].at_most or 0
