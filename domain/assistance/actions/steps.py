"""A measure takes its steps: each is one line of `rules.LIFE`, and leaves one event that nobody changes."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.assistance.actions.measures import amount_read
from domain.assistance.models import Measure, MeasureEvent
from domain.assistance.queries import check_provider, help_policy, locked_measure, witness_of
from domain.assistance.rules import STEPS, MeasureAct, cancel_problems, order_problem, turn_problem, witness_problems
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, differences, sealed_changes
from domain.base.errors import Conflict, InvalidInput
from domain.base.models import namespace_id
from domain.changes.actions import Answer, once
from domain.households.queries import exited_on, vocabulary
from domain.households.rules import Reading

NOTE_LIMIT = 200  # characters


@dataclass
class _Taken:
    """What a step found: on which day, and what it writes into the measure and its event."""

    reading: Reading
    on: Any = None
    values: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)


async def approve_measure(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    measure_id: uuid.UUID,
    on: str,
    provider_helper_id: uuid.UUID | None = None,
    provider_organisation_id: uuid.UUID | None = None,
    amount: str | None = None,
) -> Answer:
    """The township answers for what is promised; who provides it is known by now.

    Answers {"measure_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE); InvalidInput (DATE_INVALID, DATE_IN_FUTURE,
    STEP_BEFORE_THE_LAST, AMOUNT_INVALID, NOT_FOUND, HAS_ENDED, PROVIDER_MISSING); Conflict (MEASURE_OUT_OF_TURN, and
    as `once` does).
    """

    async def judge(measure: Measure, taken: _Taken) -> None:
        _day(taken, "on", on, measure.planned_on, "approved_on")
        await check_provider(db, taken.reading, provider_helper_id, provider_organisation_id)
        worth = amount_read(taken.reading, amount, ("input", "amount"))
        providers = {
            "provider_helper_id": provider_helper_id or measure.provider_helper_id,
            "provider_organisation_id": provider_organisation_id or measure.provider_organisation_id,
        }
        if not any(providers.values()):
            taken.reading.wrong("PROVIDER_MISSING", ("input", "providerHelperId"))
        taken.values |= {**providers, "amount_fen": measure.amount_fen if worth is None else worth}

    given = {"on": on, "helper": provider_helper_id, "organisation": provider_organisation_id, "amount": amount}
    return await _step(db, actor, MeasureAct.APPROVE, operation_id, measure_id, given, judge)


async def start_delivery(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, measure_id: uuid.UUID, on: str
) -> Answer:
    """It is under way. Answers and raises as `deliver_measure`."""

    async def judge(measure: Measure, taken: _Taken) -> None:
        _day(taken, "on", on, measure.approved_on, "started_on")

    return await _step(db, actor, MeasureAct.START, operation_id, measure_id, {"on": on}, judge)


async def deliver_measure(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    measure_id: uuid.UUID,
    on: str,
    amount: str | None = None,
) -> Answer:
    """It has reached the family: on which day, and what it came to in yuan, if that is not what was promised.

    Answers {"measure_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE); InvalidInput (DATE_INVALID, DATE_IN_FUTURE,
    STEP_BEFORE_THE_LAST, AMOUNT_INVALID); Conflict (MEASURE_OUT_OF_TURN, and as `once` does).
    """

    async def judge(measure: Measure, taken: _Taken) -> None:
        _day(taken, "on", on, measure.started_on or measure.approved_on, "delivered_on")
        worth = amount_read(taken.reading, amount, ("input", "amount"))
        if worth is not None:
            taken.values["amount_fen"] = worth

    return await _step(db, actor, MeasureAct.DELIVER, operation_id, measure_id, {"on": on, "amount": amount}, judge)


async def confirm_measure(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, measure_id: uuid.UUID, visit_id: uuid.UUID
) -> Answer:
    """The family has said that it arrived, at a visit: in person, on the day of the delivery or later.

    A correction of that visit takes its place as the witness. Answers {"measure_id"}. Raises NotVisible; Refused
    (FORBIDDEN_ROLE); InvalidInput (NOT_FOUND for the visit, VISIT_OF_ANOTHER_HOUSEHOLD, ALREADY_SUPERSEDED,
    WITNESS_NOT_IN_PERSON, VISIT_BEFORE_DELIVERY); Conflict (MEASURE_OUT_OF_TURN, and as `once` does).
    """

    async def judge(measure: Measure, taken: _Taken) -> None:
        visit = await witness_of(db, actor, visit_id)
        if visit is None or measure.delivered_on is None:
            taken.reading.wrong("NOT_FOUND", ("input", "visitId"))
            return
        taken.reading.problems += witness_problems(visit, measure.household_id, measure.delivered_on)
        taken.on = visit.occurred_on
        taken.values |= {"confirmed_on": visit.occurred_on, "witness_visit_id": visit_id}
        taken.told["visit_id"] = visit_id

    return await _step(db, actor, MeasureAct.CONFIRM, operation_id, measure_id, {"visit_id": visit_id}, judge)


async def cancel_measure(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    measure_id: uuid.UUID,
    on: str,
    reason: str,
    note: str | None = None,
) -> Answer:
    """It will not come: for a reason of measure_cancel_reason. What was delivered is not cancelled.

    Answers {"measure_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE); InvalidInput (UNKNOWN_CODE, DATE_INVALID,
    DATE_IN_FUTURE, STEP_BEFORE_THE_LAST, TOO_LONG, REASON_NEEDED for OTHER without a note, ENTITLED_IN_FULL,
    EXIT_NOT_ON_RECORD, EXIT_ENDS_NO_HELP); Conflict (MEASURE_OUT_OF_TURN, and as `once` does).
    """

    async def judge(measure: Measure, taken: _Taken) -> None:
        taken.reading.vocabulary = await vocabulary(db, ("measure_cancel_reason",))
        taken.reading.code(reason, "measure_cancel_reason", ("input", "reason"))
        last = measure.started_on or measure.approved_on or measure.planned_on
        _day(taken, "on", on, last, "cancelled_on")
        why = taken.reading.text(note, ("input", "note"), at_most=NOTE_LIMIT)
        if reason == "OTHER" and why is None:
            taken.reading.wrong("REASON_NEEDED", ("input", "note"), limit=NOTE_LIMIT)
        policy = await help_policy(db, measure.region_code, actor.today)
        left_on = await exited_on(db, measure.household_id)
        taken.reading.problems += cancel_problems(reason, measure.entitlement, left_on, policy, actor.today)
        taken.values["cancel_reason"] = reason
        taken.told |= {"reason": reason, "note": why}

    given = {"on": on, "reason": reason, "note": note}
    return await _step(db, actor, MeasureAct.CANCEL, operation_id, measure_id, given, judge)


def _day(taken: _Taken, name: str, given: str, earliest: Any, column: str) -> None:
    taken.on = taken.values[column] = taken.reading.day(given, ("input", name))
    taken.reading.problems += order_problem(name, taken.on, earliest)


async def _step(
    db: AsyncSession,
    actor: Actor,
    act: MeasureAct,
    operation_id: uuid.UUID,
    measure_id: uuid.UUID,
    given: Mapping[str, Any],
    judge: Callable[[Measure, _Taken], Awaitable[None]],
) -> Answer:
    """One line of the table: who may, whether it is its turn, what the step itself asks; then state and event together."""
    verb = {MeasureAct.START: "start_delivery"}.get(act, f"{act.value.lower()}_measure")

    async def take() -> Answer:
        step = STEPS[act]
        measure = await locked_measure(db, actor, measure_id, step.who)
        if problem := turn_problem(act, measure.state):
            raise Conflict(problem)
        taken = _Taken(Reading(actor.today, {}))
        await judge(measure, taken)
        if taken.reading.problems:
            raise InvalidInput(*taken.reading.problems)
        old, before = measure.state, {name: getattr(measure, name) for name in taken.values}
        values = {"state": step.to, **taken.values}
        await db.execute(update(Measure).where(Measure.id == measure.id).values(**values))
        event = {
            "id": namespace_id(f"measure event {operation_id}"),
            "measure_id": measure.id,
            "region_code": measure.region_code,
            "act": act,
            "from_state": old,
            "to_state": step.to,
            "happened_on": taken.on,
            "recorded_at": actor.at,
            "recorded_by_id": actor.id,
        }
        await db.execute(insert(MeasureEvent).inline(), {**event, **taken.told})
        whose = HOUSEHOLD if measure.person_id is None else str(measure.person_id)
        told = differences({"measureState": old, **before}, {"measureState": step.to, **taken.values})
        changes = await sealed_changes(db, actor, measure.household_id, {whose: told})
        about = ("household", measure.household_id, measure.region_code, {"measure": str(measure.id)})
        await record(db, actor, verb, *about, operation_id=operation_id, changes=changes)
        return {"measure_id": str(measure.id)}

    return await once(db, actor, operation_id, verb, {"measure_id": measure_id, **given}, take)
