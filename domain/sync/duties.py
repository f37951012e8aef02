"""What a phone shows as due (待办): derived from facts, never stored. Each duty names its rule; issue 08 brings the others.

The one rule that stands on what there is today: what a phone sent and the server did not take waits for its author. A
refused visit of three weeks ago counts for nothing until somebody mends it, and nobody but its author can.
"""

from __future__ import annotations

import enum
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, Select, Text, Uuid, case, cast, func, literal, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import aggregate_order_by

from domain.access.queries import VIEWER_ID
from domain.visits.models import Submission, SubmissionOutcome


class DutyRule(enum.StrEnum):
    """Why something is due (待办规则)."""

    MEND_SUBMISSION = "MEND_SUBMISSION"


# CONVENTION: no source says how long. Five days are what the server itself waits for what a deferred item depends on.
DAYS_TO_MEND: Final = 5
UUID_TEXT: Final = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


def duties() -> Select[Any]:
    """The viewer's own, one row each: id, rule, subject_id, household_id, began_on, due_on.

    The id is made of rule and subject, so the same duty has the same id on every phone and every day.
    """
    began_on = cast(func.timezone("Asia/Shanghai", Submission.received_at), Date())
    sent_to = Submission.content["householdId"].astext
    return select(
        func.ruhu_id(
            literal("duty ", Text()) + DutyRule.MEND_SUBMISSION.value + " " + cast(Submission.id, Text()), type_=Uuid()
        ).label("id"),
        literal(DutyRule.MEND_SUBMISSION.value, Text()).label("rule"),
        Submission.id.label("subject_id"),
        case((sent_to.regexp_match(UUID_TEXT), cast(sent_to, Uuid()))).label("household_id"),
        began_on.label("began_on"),
        type_coerce(began_on + DAYS_TO_MEND, Date()).label("due_on"),
    ).where(
        Submission.submitter_id == VIEWER_ID,
        or_(Submission.outcome == SubmissionOutcome.REJECTED, Submission.outcome == SubmissionOutcome.DEFERRED),
    )


def version_of(rows: Any) -> ColumnElement[str]:
    """A short name for exactly these duties."""
    told = func.concat_ws(" ", rows.c.id, rows.c.due_on)
    return func.md5(func.coalesce(func.string_agg(told, aggregate_order_by(literal("\n", Text()), rows.c.id)), ""))
