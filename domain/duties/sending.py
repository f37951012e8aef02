"""What phones sent and the server did not take. It answers for today: what became of an item has no history."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Date, Select, Text, Uuid, case, cast, func, literal, literal_column, or_, select, type_coerce
from sqlalchemy.orm import aliased

from domain.access.queries import VIEWER_ID, in_region, meets
from domain.duties.rules import DAYS_TO_MEND, DutyLevel, DutyRule
from domain.duties.shape import Asked, row
from domain.sweeps.queries import china_day
from domain.visits.models import Submission, SubmissionOutcome

UUID_TEXT: Final = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


def _sent_to(submission: Any) -> Any:
    """The household that the sender named, if what was typed is an id at all."""
    typed = submission.content["householdId"].astext
    return case((typed.regexp_match(UUID_TEXT), cast(typed, Uuid())))


def _plus(day: Any) -> Any:
    return type_coerce(day + literal_column(str(DAYS_TO_MEND)), Date())


def to_mend(asked: Asked) -> Select[Any]:
    """What was refused or waits counts for nothing until somebody mends it, and nobody but its author can."""
    sent = aliased(Submission)
    began_on = china_day(sent.received_at)
    duty = select(
        *row(
            DutyRule.MEND_SUBMISSION,
            asked,
            subject_id=sent.id,
            household_id=_sent_to(sent),
            region_code=func.coalesce(sent.region_code, ""),
            owner_id=sent.submitter_id,
            began_on=began_on,
            due_on=_plus(began_on),
        )
    ).where(
        sent.submitter_id == VIEWER_ID,
        or_(sent.outcome == SubmissionOutcome.REJECTED, sent.outcome == SubmissionOutcome.DEFERRED),
        began_on <= asked.day,
    )
    return _narrowed(duty, sent, asked)


def to_review(asked: Asked) -> Select[Any]:
    """What waited too long for its family, for the officers where its author helps (decision 0014)."""
    sent = aliased(Submission)
    where: Any = sent.region_code  # null lies nowhere
    began_on = china_day(sent.review_since)
    levels = (literal(level.value, Text()) for level in (DutyLevel.TOWNSHIP, DutyLevel.COUNTY))
    township, county = levels
    duty = select(
        *row(
            DutyRule.DEFERRED_CONFLICT,
            asked,
            subject_id=sent.id,
            household_id=func.coalesce(sent.belongs_to, _sent_to(sent)),
            region_code=sent.region_code,
            level=case((func.length(sent.region_code) >= 9, township), else_=county),
            began_on=began_on,
            due_on=_plus(began_on),
        )
    ).where(
        sent.review_since.is_not(None),
        sent.outcome == SubmissionOutcome.DEFERRED,
        meets(where),
        in_region(where),
        began_on <= asked.day,
    )
    return _narrowed(duty, sent, asked)


def _narrowed(duty: Select[Any], sent: Any, asked: Asked) -> Select[Any]:
    if asked.region is not None:
        duty = duty.where(sent.region_code >= asked.region, sent.region_code < asked.region + ":")
    if asked.household_id is not None:
        duty = duty.where(or_(sent.belongs_to == asked.household_id, _sent_to(sent) == asked.household_id))
    return duty
