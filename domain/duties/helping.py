"""What help asks for: an analysis of every quarter, its confirmation, and somebody who saw what was delivered."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Date,
    Integer,
    Select,
    Text,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import aliased

from domain.assistance.models import EffectAnalysis, Measure
from domain.duties.rules import DAYS_TO_CONFIRM, DAYS_TO_WITNESS, KEY_HELP, DutyRule
from domain.duties.shape import Asked, concerns, level_of, plus, row
from domain.duties.standing import is_on_record, monitored_since
from domain.duties.windows import all_windows
from domain.households.models import Household
from domain.policy.queries import as_text, nearest, settings_map
from domain.sweeps.queries import china_day, midnight

QUARTER = 3


def analyses(asked: Asked) -> Select[Any]:
    """Key help is analysed: "每季度分析帮扶成效" (Fuzhou 2020, Fujian 2020), "for quarters with ≥ 31 monitored days, due on
    the quarter's last day: the helper writes, the township confirms" (domain.md §11.14). Asked for once there are so many
    days."""
    home, written, day = aliased(Household), aliased(EffectAnalysis), asked.day
    since = monitored_since(home, day)
    settings = settings_map(("QUARTERLY_REVIEW", "QUARTERLY_REVIEW_FROM_DAYS"), day)
    is_asked = cast(as_text(nearest(settings, "QUARTERLY_REVIEW", home.region_code)), Boolean())
    enough = cast(as_text(nearest(settings, "QUARTERLY_REVIEW_FROM_DAYS", home.region_code)), Integer())
    span = all_windows(day)
    began_on = type_coerce(func.greatest(span.c.first_on, since) + (enough - literal_column("1")), Date())
    quarter = func.to_char(span.c.first_on, 'YYYY"Q"Q')
    done = exists().where(
        written.household_id == home.id, written.quarter == quarter, written.written_at < midnight(plus(day, 1))
    )
    return (
        select(
            *row(
                DutyRule.QUARTERLY_ANALYSIS,
                asked,
                subject_id=home.id,
                household_id=home.id,
                region_code=home.region_code,
                level=level_of(home.id, literal(KEY_HELP, Text()), day),
                period=span.c.name,
                began_on=began_on,
                due_on=span.c.last_on,
                monitoredSince=since,
            )
        )
        .select_from(home)
        .join(settings, is_asked)
        .join(span, span.c.months == QUARTER)
        .where(
            concerns(asked, DutyRule.QUARTERLY_ANALYSIS, home.region_code, home.id),
            is_on_record(home, day),
            since.is_not(None),
            began_on <= func.least(span.c.last_on, day),
            ~done.correlate_except(written),
        )
    )


def confirmations(asked: Asked) -> Select[Any]:
    """After that "the township confirms" (domain.md §11.14)."""
    analysis, tomorrow = aliased(EffectAnalysis), midnight(plus(asked.day, 1))
    written_on = china_day(analysis.written_at)
    return select(
        *row(
            DutyRule.CONFIRM_ANALYSIS,
            asked,
            subject_id=analysis.id,
            household_id=analysis.household_id,
            region_code=analysis.region_code,
            period=analysis.quarter,
            began_on=written_on,
            due_on=type_coerce(func.greatest(analysis.due_on, plus(written_on, DAYS_TO_CONFIRM)), Date()),
        )
    ).where(
        concerns(asked, DutyRule.CONFIRM_ANALYSIS, analysis.region_code, analysis.household_id),
        analysis.written_at < tomorrow,
        or_(analysis.confirmed_at.is_(None), analysis.confirmed_at >= tomorrow),
    )


def witnesses(asked: Asked) -> Select[Any]:
    """What was delivered is seen at the family's: "a visit can witness delivery; missing witnesses are a duty" (issue 09),
    DELIVERED → CONFIRMED by the household (domain.md §6)."""
    measure, day = aliased(Measure), asked.day
    return select(
        *row(
            DutyRule.MISSING_WITNESS,
            asked,
            subject_id=measure.id,
            household_id=measure.household_id,
            region_code=measure.region_code,
            level=level_of(measure.household_id, literal("ANY", Text()), day),
            began_on=measure.delivered_on,
            due_on=plus(measure.delivered_on, DAYS_TO_WITNESS),
            kind=measure.kind,
        )
    ).where(
        concerns(asked, DutyRule.MISSING_WITNESS, measure.region_code, measure.household_id),
        measure.delivered_on <= day,
        or_(measure.confirmed_on.is_(None), measure.confirmed_on > day),
        or_(measure.cancelled_on.is_(None), measure.cancelled_on > day),
    )
