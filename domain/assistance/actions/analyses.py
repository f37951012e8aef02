"""A quarter's help is analysed by whoever helps, and confirmed by the township (每季度分析帮扶成效)."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import viewer_parameters
from domain.access.rules import Actor
from domain.assistance.analyses import case_of, causes_before, figures_of, monitored_days
from domain.assistance.models import EffectAnalysis
from domain.assistance.quarters import Quarter, is_asked, last_day_counted, quarter_read
from domain.assistance.queries import check_lives, family_facts, sees_help
from domain.assistance.rules import KNOWS_THE_FAMILY, TOWNSHIP_AND_ABOVE
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, differences, sealed_changes
from domain.base.errors import Conflict, InvalidInput, Problem, not_visible, refused
from domain.changes.actions import Answer, once
from domain.households.models import Household
from domain.households.rules import Reading
from domain.policy.queries import policy_of

CONTENT_LIMIT = 2000  # characters
PARAMETERS = ("QUARTERLY_REVIEW", "QUARTERLY_REVIEW_FROM_DAYS")


async def write_effect_analysis(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    household_id: uuid.UUID,
    quarter: str,
    content: str,
) -> Answer:
    """Analyse a quarter that has begun: in words, beside the figures before and after, which are reckoned and frozen now.

    Until it is confirmed it can be written anew, figures and all. Answers {"analysis_id"}. Raises NotVisible; Refused
    (FORBIDDEN_ROLE); InvalidInput (HAS_ENDED, QUARTER_INVALID, QUARTER_NOT_BEGUN, ANALYSIS_NOT_ASKED, REQUIRED,
    TOO_LONG); Conflict (ANALYSIS_ALREADY_CONFIRMED, and as `once` does).
    """

    async def write() -> Answer:
        home = await family_facts(db, actor, household_id, KNOWS_THE_FAMILY, "householdId")
        check_lives(home, "householdId")
        # Two who write the same quarter: the second writes what the first wrote anew.
        lock = select(Household.id).where(Household.id == home.id).with_for_update(key_share=True)
        await db.execute(lock)
        reading = Reading(actor.today, {})
        words = reading.text(content, ("input", "content"), at_most=CONTENT_LIMIT, is_required=True)
        asked = quarter_read(quarter)
        if asked is None:
            reading.wrong("QUARTER_INVALID", ("input", "quarter"))
        elif asked.first > actor.today:
            reading.wrong("QUARTER_NOT_BEGUN", ("input", "quarter"), firstDay=str(asked.first))
        elif problem := await _not_asked(db, home.id, home.region_code, asked):
            reading.problems.append(problem)
        if reading.problems or asked is None:
            raise InvalidInput(*reading.problems)
        same = EffectAnalysis.household_id == home.id, EffectAnalysis.quarter == asked.name
        there = await db.scalar(select(EffectAnalysis).where(*same))
        if there is not None and there.confirmed_at is not None:
            raise Conflict(Problem("ANALYSIS_ALREADY_CONFIRMED", ("input", "quarter")))
        causes = list(await db.scalar(select(Household.causes).where(Household.id == home.id)) or ())
        earlier = await causes_before(db, home.id, asked)
        before_on, after_on = asked.first - timedelta(days=1), last_day_counted(asked, actor.today)
        before = await figures_of(db, home.id, home.region_code, before_on, earlier)
        after = await figures_of(db, home.id, home.region_code, after_on, causes)
        values = {"content": words, **before.columns("before"), **after.columns("after")}
        values |= {"written_at": actor.at, "written_by_id": actor.id}
        if there is None:
            born = {"id": operation_id, "household_id": home.id, "region_code": home.region_code, "quarter": asked.name}
            born |= {"due_on": asked.last, "case_id": await case_of(db, home.id, asked)}
            await db.execute(insert(EffectAnalysis).values(**born, **values))
        else:
            await db.execute(update(EffectAnalysis).where(EffectAnalysis.id == there.id).values(**values))
        analysis_id = operation_id if there is None else there.id
        told = differences({"analysis": there and there.content}, {"analysis": words})
        changes = await sealed_changes(db, actor, home.id, {HOUSEHOLD: told})
        about = ("household", home.id, home.region_code, {"analysis": str(analysis_id), "quarter": asked.name})
        await record(db, actor, "write_effect_analysis", *about, operation_id=operation_id, changes=changes)
        return {"analysis_id": str(analysis_id)}

    given = {"household_id": household_id, "quarter": quarter, "content": content}
    return await once(db, actor, operation_id, "write_effect_analysis", given, write)


async def confirm_effect_analysis(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, analysis_id: uuid.UUID
) -> Answer:
    """The township says that it is so: "the helper writes, the township confirms" (domain.md §11.14).

    Answers {"analysis_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE, CONFIRMER_IS_WRITER); Conflict
    (ANALYSIS_ALREADY_CONFIRMED, and as `once` does).
    """

    async def confirm() -> Answer:
        asked = select(EffectAnalysis).where(EffectAnalysis.id == analysis_id, sees_help(EffectAnalysis))
        analysis = await db.scalar(asked, viewer_parameters(actor.viewer))
        if analysis is None:
            raise not_visible("analysisId")
        await family_facts(db, actor, analysis.household_id, TOWNSHIP_AND_ABOVE, "analysisId")
        await db.refresh(analysis, with_for_update={"key_share": True})
        if analysis.confirmed_at is not None:
            raise Conflict(Problem("ANALYSIS_ALREADY_CONFIRMED", ("input", "analysisId")))
        if analysis.written_by_id == actor.id:
            raise refused("CONFIRMER_IS_WRITER", "analysisId")
        values = {"confirmed_at": actor.at, "confirmed_by_id": actor.id}
        await db.execute(update(EffectAnalysis).where(EffectAnalysis.id == analysis.id).values(**values))
        told = differences({}, {"analysisConfirmed": analysis.quarter})
        changes = await sealed_changes(db, actor, analysis.household_id, {HOUSEHOLD: told})
        about = ("household", analysis.household_id, analysis.region_code, {"analysis": str(analysis.id)})
        await record(db, actor, "confirm_effect_analysis", *about, operation_id=operation_id, changes=changes)
        return {"analysis_id": str(analysis.id)}

    return await once(db, actor, operation_id, "confirm_effect_analysis", {"analysis_id": analysis_id}, confirm)


async def _not_asked(db: AsyncSession, household_id: uuid.UUID, region_code: str, quarter: Quarter) -> Problem | None:
    policy = await policy_of(db, region_code, quarter.last, PARAMETERS)
    days = int(await db.scalar(select(monitored_days(household_id, quarter.first, quarter.last))) or 0)
    needed = policy["QUARTERLY_REVIEW_FROM_DAYS"]
    if is_asked(days, needed, is_reviewed=policy["QUARTERLY_REVIEW"]):
        return None
    return Problem("ANALYSIS_NOT_ASKED", ("input", "quarter"), {"days": days, "needed": needed})
