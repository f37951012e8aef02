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
from domain.policy.queries import as_text, as_texts, value_of

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


def _fen(value: Any) -> ColumnElement[Any]:
    return cast(cast(as_text(value), Numeric()) * 100, BigInteger())


def _months(first: date, last: date) -> Any:
    """The first days of these months, both included, and their numbers from 1. An array, for its length is known when the
    statement is planned; a series is taken for a thousand."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    days = literal([back(first, -number) for number in range(count)], ARRAY(Date()))
    return (
        func.unnest(days)
        .table_valued(column("day", Date()), with_ordinality="number", name="calendar")
        .render_derived()
    )


def population_of(where: ColumnElement[bool], on: Any, proposal: Proposal = IN_FORCE, name: str = "in_force") -> CTE:
    """Households with their village and its precedence of origins: those that stood on record on that day."""
    chosen = (
        select(Household.id.label("household_id"), Household.region_code)
        .where(where, Household.registered_on <= on, or_(Household.ended_on.is_(None), Household.ended_on > on))
        .cte(f"chosen_{name}")
    )
    village = select(chosen.c.region_code).distinct().subquery("village")
    value = _value("ORIGIN_PRECEDENCE", village.c.region_code, on, proposal)
    order = select(village.c.region_code, as_texts(value).label("precedence")).cte(f"origins_{name}")
    order = order.prefix_with("MATERIALIZED")
    return (
        select(chosen.c.household_id, chosen.c.region_code, order.c.precedence)
        .join(order, order.c.region_code == chosen.c.region_code)
        .cte(f"population_{name}")
        .prefix_with("MATERIALIZED")
    )


# A constant frame, and not a parameter: only windows that are written alike are walked once.
_YEAR: Final = f"OVER (PARTITION BY household_id ORDER BY month ROWS {YEAR - 1} PRECEDING)"
_SO_FAR: Final = "OVER (PARTITION BY household_id ORDER BY month)"
WAS_THERE_BEFORE: Final = ("REGISTERED", "FOUND_MISSING")  # terms of membership_start_reason
_AMOUNTS: Final = ("steady", "uneven", *THRESHOLDS)  # fen


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


def facts_of(population: CTE, first: date, last: date, name: str = "in_force") -> CTE:
    """One row per household and month, also for one of which nothing is known, in fen: `steady` is wage and transfer,
    `uneven` what business and property brought less what production cost, then the expenses of each sign; `change` is how
    many more belong to the household than in the month before. From eleven months before `first`, of which a year is made.

    Household by household: each reads its few rows by an index, and nothing is sorted as a whole.
    """
    begin, until = back(first, YEAR - 1), back(last, -1)
    # Said outright: SQLAlchemy correlates one level by itself, and these stand two below the population.
    figure = (
        counted(population.c.household_id, begin, until, population.c.precedence)
        .correlate(population)
        .subquery("figure")
    )

    def sum_of(which: ColumnElement[bool]) -> ColumnElement[Any]:
        return cast(func.coalesce(func.sum(figure.c.amount_fen).filter(which), 0), BigInteger())

    def of_kinds(*kinds: str) -> ColumnElement[bool]:
        return figure.c.kind == any_(array(kinds))

    by_month = (
        select(
            figure.c.month,
            func.bool_or(of_kinds(*MAKE_A_MONTH_KNOWN)).label("is_known"),
            sum_of(of_kinds(WAGE, TRANSFER)).label("steady"),
            (sum_of(of_kinds(BUSINESS, PROPERTY)) - sum_of(of_kinds(PRODUCTION_COST))).label("uneven"),
            *(sum_of(of_kinds(kind)).label(sign) for sign, (kind, _) in EXPENSE_OF_SIGN.items()),
            sum_of(figure.c.kind != all_(array(INCOME_KINDS))).label(RIGID_EXPENSE),
        )
        .group_by(figure.c.month)
        .subquery("by_month")
    )
    spell = aliased(Membership)
    # Whoever was put on record with the household, or had been left out, lived there before.
    came = case(
        (spell.start_reason.in_(WAS_THERE_BEFORE), literal(begin, Date())),
        else_=func.greatest(cast(func.date_trunc("month", cast(spell.started_on, DateTime())), Date()), begin),
    )
    went = func.greatest(cast(func.date_trunc("month", cast(spell.ended_on, DateTime())), Date()), begin)
    theirs = spell.household_id == population.c.household_id
    comings = (
        select(came.label("month"), literal(1).label("change"))
        .where(theirs)
        .correlate(population)
        .union_all(select(went, literal(-1)).where(theirs, spell.ended_on.is_not(None)).correlate(population))
        .subquery("comings")
    )
    change = select(comings.c.month, func.sum(comings.c.change).label("change")).group_by(comings.c.month)
    change_of = change.subquery("change_of")
    calendar = _months(begin, last)
    month = calendar.c.day
    dense = (
        select(
            month.label("month"),
            calendar.c.number,
            func.coalesce(by_month.c.is_known, literal(False)).label("is_known"),
            *(func.coalesce(by_month.c[amount], 0).label(amount) for amount in _AMOUNTS),
            cast(func.coalesce(change_of.c.change, 0), BigInteger()).label("change"),
        )
        .select_from(calendar)
        .outerjoin(by_month, by_month.c.month == month)
        .outerjoin(change_of, change_of.c.month == month)
        .lateral("dense")
    )
    return (
        select(population.c.household_id, population.c.region_code, *dense.c)
        .select_from(population.join(dense, literal(True)))
        .cte(f"fact_{name}")
        .prefix_with("MATERIALIZED")
    )


def without_what_was_looked_at(fact: CTE, population: CTE) -> CTE:
    """The same months, but nothing in them that a settled clue has answered for."""
    settled = settled_of(population)
    amounts = {
        sign: case((_is_new(fact.c.month, settled.c[sign]), fact.c[sign]), else_=0).label(sign) for sign in THRESHOLDS
    }
    kept = [amounts.get(one.name, one) for one in fact.c]
    return (
        select(*kept, _is_new(fact.c.month, settled.c[INCOME_BELOW_STANDARD]).label("is_new"))
        .outerjoin(settled, settled.c.household_id == fact.c.household_id)
        .cte(f"{fact.name}_new")
        .prefix_with("MATERIALIZED")
    )


def _is_new(month: Any, settled: Any) -> ColumnElement[bool]:
    return or_(settled.is_(None), month > settled)


def years_of(fact: CTE) -> CTE:
    """What each month's last twelve hold. Business, property and their cost are spread over the months that are known:
    a harvest is a year's income, and a month of which nobody told is not one without income."""
    return (
        select(
            *(one for one in fact.c if one.name not in ("uneven", "change", *THRESHOLDS)),
            literal_column(f"count(*) FILTER (WHERE is_known) {_YEAR}", BigInteger()).label("months_known"),
            literal_column(f"coalesce(sum(uneven) FILTER (WHERE is_known) {_YEAR}, 0)::bigint", BigInteger()).label(
                "uneven"
            ),
            *(literal_column(f'(sum("{sign}") {_YEAR})::bigint', BigInteger()).label(sign) for sign in THRESHOLDS),
            literal_column(f"(sum(change) {_SO_FAR})::bigint", BigInteger()).label("people"),
        )
        .select_from(fact)
        .cte(f"year_of_{fact.name}")
        .prefix_with("MATERIALIZED")
    )


def _whole(written: str) -> ColumnElement[int]:
    """PostgreSQL adds up whole numbers to decimal ones, which are slow to reckon with."""
    return literal_column(f"({written})::bigint", BigInteger())


def judged_months(
    population: CTE,
    year: CTE,
    first: date,
    last: date,
    *,
    on: date | None,
    proposal: Proposal = IN_FORCE,
    name: str = "in_force",
) -> CTE:
    """One row per household and month of [first, last]: is_known; run, how many known months in a row up to this one lie
    below a twelfth of the line per head; for each sign of expense its sum over the year up to this month; and
    the thresholds of the village.

    on: by the numbers of this day; None: by those of each month's last day. The divisor is who belongs to the household at
    the end of the month: "the divisor changes from that date" (domain.md §11.11).
    """
    rule = _rules(population, first, last, on, proposal, name)
    is_poor = and_(
        year.c.is_known,
        year.c.people > 0,
        # steady + uneven ÷ months known < line ÷ 12 × people, in whole numbers
        YEAR * (year.c.months_known * year.c.steady + year.c.uneven)
        < rule.c.line * year.c.people * year.c.months_known,
    )
    if "is_new" in year.c:
        is_poor = and_(is_poor, year.c.is_new)
    poor = (
        select(
            *(year.c.household_id, year.c.region_code, year.c.month, year.c.number, year.c.is_known),
            *(year.c[sign] for sign in THRESHOLDS),
            *(rule.c[f"{sign}_threshold"] for sign in THRESHOLDS),
            rule.c.months_below,
            is_poor.label("is_poor"),
        )
        .join(rule, and_(rule.c.region_code == year.c.region_code, rule.c.month == year.c.month))
        .where(year.c.month >= first)
        .subquery("poor")
    )
    # As many months as lie after the last that was not poor; the first of the span has number YEAR.
    run = literal_column(
        f"number - coalesce(max(number) FILTER (WHERE NOT is_poor) {_SO_FAR}, {YEAR - 1})", BigInteger()
    )
    return select(*(one for one in poor.c if one.name not in ("is_poor", "number")), run.label("run")).cte(
        f"judged_{name}"
    )


def back(month: date, months: int) -> date:
    """The month so many months before."""
    number = month.year * 12 + month.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _rules(population: CTE, first: date, last: date, on: date | None, proposal: Proposal, name: str) -> CTE:
    """The numbers of each village for each month. Villages are few, so each is looked up once, and not per household."""
    village = select(population.c.region_code).distinct().subquery("village")
    calendar = _months(first, last)
    place = (
        select(village.c.region_code, calendar.c.day.label("month"))
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
            cast(as_text(values["MONTHS_BELOW"]), Integer()).label("months_below"),
            *(_fen(values[parameter]).label(f"{sign}_threshold") for sign, parameter in THRESHOLDS.items()),
        )
        .cte(f"rule_{name}")
        .prefix_with("MATERIALIZED")
    )


RULE_PARAMETERS: Final = ("INCOME_LINE", "MONTHS_BELOW", *THRESHOLDS.values())
REPLAYED: Final = frozenset({*RULE_PARAMETERS, "ORIGIN_PRECEDENCE"})
assert DEFAULTS.keys() >= REPLAYED
