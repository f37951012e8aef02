"""What is known of households month by month, as the rules about figures read it (signs.py).

A month is read in this order: which figures count (`queries.counted`), what they come to, what the year up to it holds,
the numbers of the village on that day, and then whether it is poor. One expression judges every household of a population
and every month of a span; one household is a population of one, so whoever explains a clue runs what raised it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Numeric,
    Text,
    all_,
    and_,
    any_,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from domain.households.models import Household, Membership
from domain.monitoring.models import Clue
from domain.monitoring.queries import counted
from domain.monitoring.rules import (
    BUSINESS,
    EXPENSE_OF_SIGN,
    INCOME_BELOW_STANDARD,
    INCOME_KINDS,
    MAKE_A_MONTH_KNOWN,
    PRODUCTION_COST,
    PROPERTY,
    RIGID_EXPENSE,
    TRANSFER,
    WAGE,
    ClueState,
)
from domain.policy.catalogue import DEFAULTS
from domain.policy.queries import as_texts, value_of

YEAR: Final = 12  # months: INCOME_WINDOW, which no region may set otherwise
THRESHOLDS: Final = {sign: parameter for sign, (_, parameter) in EXPENSE_OF_SIGN.items()} | {
    RIGID_EXPENSE: "RIGID_THRESHOLD"
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """Numbers that a division might set, by parameter: tried, not adopted."""

    region_code: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


IN_FORCE: Final = Proposal()


def _value(parameter: str, region_code: Any, on: Any, proposal: Proposal) -> ColumnElement[Any]:
    """The number of a village on a day. What a division below the proposing one has set still counts before it."""
    if parameter not in proposal.values:
        return value_of(parameter, region_code, on)
    return value_of(parameter, region_code, on, below=proposal.region_code, otherwise=proposal.values[parameter])


def _text(value: Any) -> ColumnElement[Any]:
    text: ColumnElement[Any] = value.op("#>>", return_type=Text())(literal_column("'{}'::text[]", ARRAY(Text())))
    return text


def _fen(value: Any) -> ColumnElement[Any]:
    return cast(cast(_text(value), Numeric()) * 100, BigInteger())


def _months(first: date, last: date) -> Any:
    """The first days of these months, both included."""
    series = func.generate_series(first, last, func.make_interval(0, 1))
    return series.table_valued(column("day", DateTime()), name="calendar").render_derived()


def population_of(where: ColumnElement[bool], on: Any, proposal: Proposal = IN_FORCE) -> CTE:
    """Households with their village and its precedence of origins: those that stood on record on that day."""
    chosen = (
        select(Household.id.label("household_id"), Household.region_code)
        .where(where, Household.registered_on <= on, or_(Household.ended_on.is_(None), Household.ended_on > on))
        .cte("chosen")
    )
    village = select(chosen.c.region_code).distinct().subquery("village")
    value = _value("ORIGIN_PRECEDENCE", village.c.region_code, on, proposal)
    order = (
        select(village.c.region_code, as_texts(value).label("precedence")).cte("origins").prefix_with("MATERIALIZED")
    )
    return (
        select(chosen.c.household_id, chosen.c.region_code, order.c.precedence)
        .join(order, order.c.region_code == chosen.c.region_code)
        .cte("population")
        .prefix_with("MATERIALIZED")
    )


def settled_of(population: CTE) -> CTE:
    """Until which month somebody has looked at a sign already: its figures do not raise it again (ASSUMPTION: what was
    found at the door, true or not, answers for the months before)."""
    month = func.to_date(Clue.period, "YYYY-MM")
    # Whoever looked at one expense saw the others: the sum of them all begins anew, too.
    answered_by = {sign: [sign] for sign in (INCOME_BELOW_STANDARD, *EXPENSE_OF_SIGN)} | {RIGID_EXPENSE: [*THRESHOLDS]}
    return (
        select(
            Clue.household_id,
            *(func.max(month).filter(Clue.sign.in_(signs)).label(sign) for sign, signs in answered_by.items()),
        )
        .join(population, population.c.household_id == Clue.household_id)
        .where(Clue.state != ClueState.NEW, Clue.period.regexp_match("^[0-9]{4}-(0[1-9]|1[0-2])$"))
        .group_by(Clue.household_id)
        .cte("settled")
    )


def judged_months(
    population: CTE, first: date, last: date, *, on: date | None, proposal: Proposal = IN_FORCE, name: str = "in_force"
) -> CTE:
    """One row per household and month of [first, last]: is_known, run (how many known months in a row, up to this one, lie
    below a twelfth of the line), run_from, and for each sign of expense its sum over the year up to this month, less what
    was looked at before, with the latest month in it.

    on: by the numbers of this day, and without what settled clues have answered for; None: by the numbers of each month's
    last day, as if nobody had ever looked.
    """
    fact = _facts(population, back(first, YEAR - 1), last, name)
    settled = None if on is None else settled_of(population)
    year = _years(fact, settled, first, name)
    rule = _rules(population, first, last, on, proposal, name)
    people = _people(population, first, last, name)
    is_poor = and_(
        year.c.is_known,
        func.coalesce(people.c.people, 0) > 0,
        # steady + uneven ÷ months known < line ÷ 12 × people, in whole numbers
        YEAR * (year.c.months_known * year.c.steady + year.c.uneven)
        < rule.c.line * people.c.people * year.c.months_known,
    )
    if settled is not None:
        is_poor = and_(is_poor, _is_new(year.c.month, year.c[INCOME_BELOW_STANDARD]))
    kept = ("is_known", *THRESHOLDS, *(f"{sign}_month" for sign in THRESHOLDS))
    poor = (
        select(
            *(year.c.household_id, year.c.region_code, year.c.month),
            *(year.c[column_name] for column_name in kept),
            *(rule.c[f"{sign}_threshold"] for sign in THRESHOLDS),
            rule.c.months_below,
            func.coalesce(is_poor, literal(False)).label("is_poor"),
        )
        .join(rule, and_(rule.c.region_code == year.c.region_code, rule.c.month == year.c.month))
        .outerjoin(people, and_(people.c.household_id == year.c.household_id, people.c.month == year.c.month))
        .subquery("poor")
    )
    in_order: dict[str, Any] = {"partition_by": poor.c.household_id, "order_by": poor.c.month}
    breaks = func.sum(case((poor.c.is_poor, 0), else_=1)).over(**in_order)
    island = select(*poor.c, breaks.label("breaks")).subquery("island")
    together: dict[str, Any] = {"partition_by": (island.c.household_id, island.c.breaks), "order_by": island.c.month}
    return select(
        *(one for one in island.c if one.name not in ("is_poor", "breaks")),
        func.count().filter(island.c.is_poor).over(**together).label("run"),
        func.min(island.c.month).filter(island.c.is_poor).over(**together).label("run_from"),
    ).cte(f"judged_{name}")


def back(month: date, months: int) -> date:
    """The month so many months before."""
    number = month.year * 12 + month.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _is_new(month: Any, settled: Any) -> ColumnElement[bool]:
    return or_(settled.is_(None), month > settled)


def _facts(population: CTE, first: date, last: date, name: str) -> CTE:
    """What the figures of each month come to, in fen; a row for every month, also for one of which nothing is known."""
    until = back(last, -1)
    figure = counted(population.c.household_id, first, until, population.c.precedence).subquery("figure")

    def sum_of(*kinds: str) -> ColumnElement[Any]:
        return func.coalesce(func.sum(figure.c.amount_fen).filter(figure.c.kind == any_(array(kinds))), 0)

    by_month = (
        select(
            figure.c.household_id,
            figure.c.month,
            func.bool_or(figure.c.kind == any_(array(MAKE_A_MONTH_KNOWN))).label("is_known"),
            sum_of(WAGE, TRANSFER).label("steady"),
            (sum_of(BUSINESS, PROPERTY) - sum_of(PRODUCTION_COST)).label("uneven"),
            *(sum_of(kind).label(sign) for sign, (kind, _) in EXPENSE_OF_SIGN.items()),
            func.coalesce(func.sum(figure.c.amount_fen).filter(figure.c.kind != all_(array(INCOME_KINDS))), 0).label(
                RIGID_EXPENSE
            ),
        )
        .group_by(figure.c.household_id, figure.c.month)
        .subquery("by_month")
    )
    calendar = _months(first, last)
    month = cast(calendar.c.day, Date())
    amounts = ("steady", "uneven", *THRESHOLDS)
    return (
        select(
            population.c.household_id,
            population.c.region_code,
            month.label("month"),
            func.coalesce(by_month.c.is_known, literal(False)).label("is_known"),
            *(func.coalesce(by_month.c[amount], 0).label(amount) for amount in amounts),
        )
        .select_from(population.join(calendar, literal(True)))
        .outerjoin(by_month, and_(by_month.c.household_id == population.c.household_id, by_month.c.month == month))
        .cte(f"fact_{name}")
    )


def _years(fact: CTE, settled: CTE | None, first: date, name: str) -> Any:
    """What each month's last twelve hold. Business, property and their cost are spread over the months that are known:
    a harvest is a year's income, and a month of which nobody told is not one without income."""
    year: dict[str, Any] = {"partition_by": fact.c.household_id, "order_by": fact.c.month, "rows": (1 - YEAR, 0)}
    signs = []
    for sign in THRESHOLDS:
        amount = (
            fact.c[sign] if settled is None else case((_is_new(fact.c.month, settled.c[sign]), fact.c[sign]), else_=0)
        )
        signs += [
            func.sum(amount).over(**year).label(sign),
            func.max(case((amount > 0, fact.c.month))).over(**year).label(f"{sign}_month"),
        ]
    windowed = select(
        *(fact.c.household_id, fact.c.region_code, fact.c.month, fact.c.is_known, fact.c.steady),
        func.count().filter(fact.c.is_known).over(**year).label("months_known"),
        func.coalesce(func.sum(fact.c.uneven).filter(fact.c.is_known).over(**year), 0).label("uneven"),
        *signs,
        *(() if settled is None else (settled.c[INCOME_BELOW_STANDARD],)),
    ).select_from(fact if settled is None else fact.outerjoin(settled, settled.c.household_id == fact.c.household_id))
    every = windowed.subquery(f"windowed_{name}")
    return select(every).where(every.c.month >= first).subquery(f"year_{name}")


def _rules(population: CTE, first: date, last: date, on: date | None, proposal: Proposal, name: str) -> CTE:
    """The numbers of each village for each month. Villages are few, so each is looked up once, and not per household."""
    village = select(population.c.region_code).distinct().subquery("village")
    calendar = _months(first, last)
    place = (
        select(village.c.region_code, cast(calendar.c.day, Date()).label("month"))
        .select_from(village.join(calendar, literal(True)))
        .subquery("place")
    )
    month_end = cast(place.c.month + func.make_interval(0, 1) - func.make_interval(0, 0, 0, 1), Date())
    day = month_end if on is None else literal(on, Date())
    values = {name: _value(name, place.c.region_code, day, proposal) for name in RULE_PARAMETERS}
    return (
        select(
            place.c.region_code,
            place.c.month,
            _fen(values["INCOME_LINE"]).label("line"),
            cast(_text(values["MONTHS_BELOW"]), Integer()).label("months_below"),
            *(_fen(values[parameter]).label(f"{sign}_threshold") for sign, parameter in THRESHOLDS.items()),
        )
        .cte(f"rule_{name}")
        .prefix_with("MATERIALIZED")
    )


RULE_PARAMETERS: Final = ("INCOME_LINE", "MONTHS_BELOW", *THRESHOLDS.values())
REPLAYED: Final = frozenset({*RULE_PARAMETERS, "ORIGIN_PRECEDENCE"})
assert DEFAULTS.keys() >= REPLAYED


def _people(population: CTE, first: date, last: date, name: str) -> Any:
    """How many belonged to the household on each month's last day: "the divisor changes from that date" (§11.11)."""
    spell = aliased(Membership)
    calendar = _months(first, last)
    next_month = cast(calendar.c.day + func.make_interval(0, 1), Date())
    return (
        select(spell.household_id, cast(calendar.c.day, Date()).label("month"), func.count().label("people"))
        .select_from(population)
        .join(spell, spell.household_id == population.c.household_id)
        .join(
            calendar,
            and_(spell.started_on < next_month, or_(spell.ended_on.is_(None), spell.ended_on >= next_month)),
        )
        .group_by(spell.household_id, calendar.c.day)
        .subquery(f"people_{name}")
    )
