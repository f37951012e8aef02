"""What is to be looked at in the village: clues, households of an open sweep, months of which nobody knows the income."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    Date,
    DateTime,
    Integer,
    Select,
    Text,
    and_,
    any_,
    cast,
    column,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from domain.duties.rules import DAYS_MISSED_IS_LISTED, MOST_OPEN_MONTHS, DutyRule
from domain.duties.shape import Asked, concerns, row
from domain.duties.standing import monitored_since
from domain.households.models import Household
from domain.monitoring.models import Clue, IncomeStatement
from domain.monitoring.rules import MAKE_A_MONTH_KNOWN
from domain.policy.queries import as_text, nearest, settings_map
from domain.sweeps.models import Sweep, SweepEntry
from domain.sweeps.queries import china_day, counts_for, midnight
from domain.visits.models import Visit


def clues(asked: Asked) -> Select[Any]:
    """Every clue is verified at the door within its week: "日汇总、周核实" (Fujian 2020; domain.md §3, §11.2). The clock
    stops with the verifying visit, however late it is heard of."""
    clue = aliased(Clue)
    stopped = and_(clue.stopped_at.is_not(None), clue.stopped_at < midnight(asked.day + literal_column("1")))
    return select(
        *row(
            DutyRule.VERIFY_CLUE,
            asked,
            subject_id=clue.id,
            household_id=clue.household_id,
            region_code=clue.region_code,
            began_on=clue.began_on,
            due_on=clue.due_on,
            sign=clue.sign,
            period=None,
        )
    ).where(
        concerns(asked, DutyRule.VERIFY_CLUE, clue.region_code, clue.household_id), clue.began_on <= asked.day, ~stopped
    )


def look_backs(asked: Asked) -> Select[Any]:
    """Every household of a sweep is called on while it lasts (户户到): "每月组织乡村干部走访排查" (Fujian 2020)."""
    sweep, entry, home, visit = aliased(Sweep), aliased(SweepEntry), aliased(Household), aliased(Visit)
    day, tomorrow = asked.day, midnight(asked.day + literal_column("1"))
    called = exists().where(
        visit.household_id == entry.household_id, counts_for(visit, sweep), visit.occurred_at < tomorrow
    )
    return (
        select(
            *row(
                DutyRule.LOOK_BACK,
                asked,
                subject_id=entry.household_id,
                household_id=entry.household_id,
                region_code=entry.region_code,
                period=cast(sweep.id, Text()),
                began_on=func.greatest(sweep.from_on, china_day(entry.added_at)),
                due_on=sweep.until_on,
                kind=cast(sweep.kind, Text()),
                sweepPeriod=sweep.period,
            )
        )
        .select_from(sweep)
        .join(entry, entry.sweep_id == sweep.id)
        .join(home, home.id == entry.household_id)
        .where(
            concerns(asked, DutyRule.LOOK_BACK, entry.region_code, entry.household_id),
            sweep.from_on <= day,
            sweep.until_on >= day - literal_column(str(DAYS_MISSED_IS_LISTED)),
            entry.added_at < tomorrow,
            or_(entry.excluded_at.is_(None), entry.excluded_at >= tomorrow),
            or_(home.ended_on.is_(None), home.ended_on > day),
            ~called.correlate_except(visit),
        )
    )


def unknown_months(asked: Asked) -> Select[Any]:
    """The months that the income rule looks at, of a household under monitoring, or of one whose figures somebody keeps:
    "a missing month is UNKNOWN: … it raises a visit duty, not a clue" (domain.md §3).

    ASSUMPTION: a family of which no figure was told for a year, and which nobody monitors, is not asked month by month.
    """
    home, known, kept, day = aliased(Household), aliased(IncomeStatement), aliased(IncomeStatement), asked.day
    this_month = cast(func.date_trunc("month", cast(day, DateTime())), Date())
    settings = settings_map(("MONTHS_BELOW",), day)
    looked_at = cast(as_text(nearest(settings, "MONTHS_BELOW", home.region_code)), Integer())
    ago = (
        func.unnest(literal(list(range(1, MOST_OPEN_MONTHS + 1)), ARRAY(Integer())))
        .table_valued(column("months", Integer()), name="ago")
        .render_derived()
    )
    month = cast(this_month - func.make_interval(0, ago.c.months), Date())
    after = cast(this_month - func.make_interval(0, ago.c.months - literal_column("1")), Date())
    is_told = exists().where(known.household_id == home.id, known.month == month, *_tells_a_month(known, day))
    # No EXISTS: beside an OR it would be made a hash of the whole table.
    is_kept = select(literal(True)).where(
        kept.household_id == home.id,
        kept.month >= cast(this_month - func.make_interval(1), Date()),
        kept.month < this_month,
        *_tells_a_month(kept, day),
    )
    return (
        select(
            *row(
                DutyRule.UNKNOWN_INCOME_MONTH,
                asked,
                subject_id=home.id,
                household_id=home.id,
                region_code=home.region_code,
                period=func.to_char(month, "YYYY-MM"),
                began_on=after,
                due_on=type_coerce(cast(after + func.make_interval(0, 1), Date()) - literal_column("1"), Date()),
            )
        )
        .select_from(home)
        .join(settings, literal(True))
        .join(ago, ago.c.months <= looked_at)
        .where(
            concerns(asked, DutyRule.UNKNOWN_INCOME_MONTH, home.region_code, home.id),
            home.registered_on < after,
            or_(home.ended_on.is_(None), home.ended_on > day),
            or_(
                monitored_since(home, day).is_not(None),
                is_kept.limit(literal_column("1")).correlate_except(kept).scalar_subquery(),
            ),
            ~is_told.correlate_except(known),
        )
    )


def _tells_a_month(said: Any, day: Any) -> tuple[Any, ...]:
    """A figure that makes a month known, as it stood at the end of that day."""
    tomorrow = midnight(day + literal_column("1"))
    return (
        said.kind == any_(array(MAKE_A_MONTH_KNOWN)),
        said.recorded_at < tomorrow,
        or_(said.superseded_at.is_(None), said.superseded_at >= tomorrow),
    )
