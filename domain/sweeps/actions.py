"""Sweeps are opened, disasters reported; people say why a household is left out, and what they heard on the way."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import viewer_parameters
from domain.access.rules import OFFICER_ROLES, Actor, GrantRole
from domain.audit.actions import record
from domain.base.errors import Conflict, InvalidInput, Problem, invalid, not_visible, refused
from domain.changes.actions import Answer, once
from domain.households.queries import meets_of, vocabulary
from domain.households.rules import Reading
from domain.monitoring.actions import raise_clue
from domain.monitoring.rules import ClueSource
from domain.regions.models import Region
from domain.sweeps.area import Area, read_area
from domain.sweeps.gathering import GATHER
from domain.sweeps.models import Disaster, Sweep, SweepEntry, SweepKind
from domain.sweeps.queries import is_in_sweep, sees_entry, sweep_in_sight, unknown_groups
from domain.sweeps.rules import (
    COUNTS_FOR,
    DISASTER_DAYS,
    OPENS_SWEEPS,
    REPORTS_DISASTERS,
    span_of,
    span_problem,
)
from domain.tasks.actions import ask_for

NAME_LIMIT: Final = 100
NOTE_LIMIT: Final = 200
MOST_GROUPS: Final = 50
MOST_AT_ONCE: Final = 500


async def open_sweep(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    kind: SweepKind,
    region_code: str,
    period: str,
    groups: Sequence[str] = (),
    from_on: date | None = None,
    until_on: date | None = None,
) -> Answer:
    """Open a campaign over everybody of a region, or over groups; the worker then writes its households down.

    groups: codes of edge_group or of rosters. Absent days are those of the period. Answers {"sweep_id", "task_id"}, both
    the operation's id. Raises NotVisible; Refused (FORBIDDEN_ROLE); InvalidInput with all that is wrong (PERIOD_INVALID,
    UNKNOWN_CODE, TOO_MANY, END_BEFORE_START, SWEEP_TOO_LONG); Conflict (SWEEP_ALREADY_OPEN, and as `once` does).
    """

    async def opened() -> Answer:
        await _check_place(db, actor, region_code, OPENS_SWEEPS)
        problems: list[Problem] = []
        span = span_of(kind, period)
        if span is None:
            raise invalid("PERIOD_INVALID", "period")
        first, last = from_on or span.from_on, until_on or span.until_on
        if wrong := span_problem(first, last):
            problems.append(Problem(wrong[0], ("input", "untilOn"), wrong[1]))
        if len(groups) > MOST_GROUPS:
            problems.append(Problem("TOO_MANY", ("input", "groups"), {"limit": MOST_GROUPS}))
        elif unknown := await unknown_groups(db, groups):
            problems += [
                Problem("UNKNOWN_CODE", ("input", "groups", str(place)), {"list": "edge_group", "code": code[:80]})
                for place, code in enumerate(groups)
                if code in unknown
            ]
        if problems:
            raise InvalidInput(*problems)
        same = Sweep.region_code == region_code, Sweep.kind == kind, Sweep.period == period
        if await db.scalar(select(Sweep.id).where(*same)) is not None:
            raise Conflict(Problem("SWEEP_ALREADY_OPEN", ("input", "period")))
        await _write_sweep(db, actor, operation_id, kind, region_code, period, sorted(set(groups)), first, last)
        told = {"kind": kind.value, "period": period, "groups": sorted(set(groups))}
        await record(db, actor, "open_sweep", "sweep", operation_id, region_code, told, operation_id=operation_id)
        return {"sweep_id": str(operation_id), "task_id": str(operation_id)}

    content: dict[str, Any] = {"kind": kind, "region": region_code, "period": period, "groups": sorted(set(groups))}
    content |= {"from": from_on and str(from_on), "until": until_on and str(until_on)}
    return await once(db, actor, operation_id, "open_sweep", content, opened)


async def report_disaster(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    kind: str,
    name: str,
    happened_on: date,
    region_code: str,
    area: Any,
    datum: str,
    until_on: date | None = None,
) -> Answer:
    """Report a disaster over an area; the worker then writes down every household inside as a candidate to check.

    area: GeoJSON Polygon or MultiPolygon in `datum`. until_on: the last day on which a call counts; absent: 90 days on.
    Answers as `open_sweep`. Raises NotVisible; Refused (FORBIDDEN_ROLE); InvalidInput with all that is wrong (REQUIRED,
    TOO_LONG, UNKNOWN_CODE, DATE_IN_FUTURE, END_BEFORE_START, SWEEP_TOO_LONG, AREA_INVALID, AREA_TOO_LARGE);
    Conflict as `once`.
    """

    async def reported() -> Answer:
        await _check_place(db, actor, region_code, REPORTS_DISASTERS)
        reading = Reading(actor.today, await vocabulary(db, ("disaster_kind",)))
        reading.code(kind, "disaster_kind", ("input", "kind"))
        called = reading.text(name, ("input", "name"), at_most=NAME_LIMIT, is_required=True)
        if happened_on > actor.today:
            reading.wrong("DATE_IN_FUTURE", ("input", "happenedOn"))
        last = until_on or date.fromordinal(happened_on.toordinal() + DISASTER_DAYS)
        if wrong := span_problem(happened_on, last):
            reading.wrong(wrong[0], ("input", "untilOn"), **wrong[1])
        drawn = read_area(area, datum)
        if isinstance(drawn, Problem):
            reading.problems.append(drawn)
        elif reason := await _amiss(db, drawn):
            reading.wrong("AREA_INVALID", ("input", "area"), reason=reason)
        if reading.problems or called is None or isinstance(drawn, Problem):
            raise InvalidInput(*reading.problems)
        kind_of_sweep = SweepKind.DISASTER
        period = str(operation_id)
        await _write_sweep(db, actor, operation_id, kind_of_sweep, region_code, period, [], happened_on, last)
        await db.execute(
            insert(Disaster)
            .inline()
            .values(
                id=operation_id,
                region_code=region_code,
                kind=kind,
                name=called,
                happened_on=happened_on,
                area=_geometry(drawn),
                sent_area=area,
                sent_datum=datum,
            )
        )
        told = {"kind": kind, "happenedOn": str(happened_on)}
        await record(db, actor, "report_disaster", "sweep", operation_id, region_code, told, operation_id=operation_id)
        return {"sweep_id": str(operation_id), "task_id": str(operation_id)}

    content = {"kind": kind, "name": name, "happened_on": str(happened_on), "region": region_code, "area": area}
    content |= {"datum": datum, "until": until_on and str(until_on)}
    return await once(db, actor, operation_id, "report_disaster", content, reported)


async def exclude_from_sweep(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    sweep_id: uuid.UUID,
    household_ids: Sequence[uuid.UUID],
    reason: str,
    note: str | None = None,
) -> Answer:
    """Leave households out of a sweep, and say why: 500 at most, all of them or none.

    Answers {"sweep_id"}. Raises NotVisible; Refused (FORBIDDEN_ROLE); InvalidInput (REQUIRED, TOO_MANY, UNKNOWN_CODE,
    TOO_LONG; NOT_IN_SWEEP for who is none of its households, is not seen, or is left out already; REASON_NEEDED for OTHER
    without a note); Conflict as `once`.
    """

    async def exclude() -> Answer:
        viewer = viewer_parameters(actor.viewer)
        sweep = await sweep_in_sight(db, sweep_id, viewer)
        if sweep is None:
            raise not_visible("sweepId")
        if actor.viewer.roles.isdisjoint(OFFICER_ROLES):
            raise refused("FORBIDDEN_ROLE")
        reading = Reading(actor.today, await vocabulary(db, ("sweep_exclusion",)))
        reading.code(reason, "sweep_exclusion", ("input", "reason"))
        why = reading.text(note, ("input", "note"), at_most=NOTE_LIMIT)
        if reason == "OTHER" and why is None:
            reading.wrong("REASON_NEEDED", ("input", "note"), limit=NOTE_LIMIT)
        if not household_ids:
            reading.wrong("REQUIRED", ("input", "householdIds"))
        if len(household_ids) > MOST_AT_ONCE:
            reading.wrong("TOO_MANY", ("input", "householdIds"), limit=MOST_AT_ONCE)
        if reading.problems:
            raise InvalidInput(*reading.problems)
        wanted = sorted(set(household_ids))
        here = (
            select(SweepEntry.household_id)
            .where(SweepEntry.sweep_id == sweep_id, SweepEntry.household_id.in_(wanted))
            .where(SweepEntry.excluded_at.is_(None), sees_entry(), meets_of(SweepEntry))
            .order_by(SweepEntry.household_id)
            .with_for_update()
        )
        found = set(await db.scalars(here, viewer))
        if missing := [place for place, one in enumerate(household_ids) if one not in found]:
            raise InvalidInput(*(Problem("NOT_IN_SWEEP", ("input", "householdIds", str(place))) for place in missing))
        await db.execute(
            update(SweepEntry)
            .where(SweepEntry.sweep_id == sweep_id, SweepEntry.household_id.in_(wanted))
            .values(excluded_at=actor.at, excluded_by_id=actor.id, exclusion_reason=reason, exclusion_note=why)
            .execution_options(synchronize_session=False)
        )
        told = {"reason": reason, "households": len(wanted)}
        await record(
            *(db, actor, "exclude_from_sweep", "sweep", sweep_id, sweep.region_code, told), operation_id=operation_id
        )
        return {"sweep_id": str(sweep_id)}

    content = {
        "sweep_id": sweep_id,
        "household_ids": [str(one) for one in household_ids],
        "reason": reason,
        "note": note,
    }
    return await once(db, actor, operation_id, "exclude_from_sweep", content, exclude)


async def raise_sweep_clue(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    sweep_id: uuid.UUID,
    household_id: uuid.UUID,
    sign: str,
    note: str | None = None,
) -> Answer:
    """Write down a sign that a sweep brought up otherwise than as a finding of a call: what the neighbours said.

    Answers {"clue_id"}. Raises NotVisible for sweep or household; Refused (FORBIDDEN_ROLE); InvalidInput (UNKNOWN_CODE,
    TOO_LONG, NOT_IN_SWEEP); Conflict as `once`.
    """

    async def tell() -> Answer:
        viewer = viewer_parameters(actor.viewer)
        sweep = await sweep_in_sight(db, sweep_id, viewer)
        if sweep is None:
            raise not_visible("sweepId")
        if not actor.viewer.visits_families:
            raise refused("FORBIDDEN_ROLE")
        reading = Reading(actor.today, await vocabulary(db, ("clue_sign",)))
        reading.code(sign, "clue_sign", ("input", "sign"))
        said = reading.text(note, ("input", "note"), at_most=NOTE_LIMIT)
        if not await is_in_sweep(db, sweep_id, household_id, viewer):
            reading.wrong("NOT_IN_SWEEP", ("input", "householdId"))
        if reading.problems:
            raise InvalidInput(*reading.problems)
        clue_id = await raise_clue(
            db,
            actor,
            household_id=household_id,
            sign=sign,
            period=str(sweep_id),
            source=source_of(sweep.kind),
            reference=str(operation_id),
            detail={} if said is None else {"note": said},
        )
        if clue_id is None:
            raise not_visible("householdId")
        told = {"sign": sign, "clueId": str(clue_id)}
        await record(
            *(db, actor, "raise_sweep_clue", "sweep", sweep_id, sweep.region_code, told), operation_id=operation_id
        )
        return {"clue_id": str(clue_id)}

    content = {"sweep_id": sweep_id, "household_id": household_id, "sign": sign, "note": note}
    return await once(db, actor, operation_id, "raise_sweep_clue", content, tell)


def source_of(kind: SweepKind) -> ClueSource:
    """Whose word a clue of such a sweep is."""
    return ClueSource.DISASTER_SWEEP if kind is SweepKind.DISASTER else ClueSource.SWEEP


async def _check_place(db: AsyncSession, actor: Actor, region_code: str, roles: frozenset[GrantRole]) -> None:
    if not actor.viewer.sees_region(region_code) or await db.get(Region, region_code) is None:
        raise not_visible("region")
    if actor.viewer.roles.isdisjoint(roles):
        raise refused("FORBIDDEN_ROLE")


async def _write_sweep(
    db: AsyncSession,
    actor: Actor,
    sweep_id: uuid.UUID,
    kind: SweepKind,
    region_code: str,
    period: str,
    groups: list[str],
    first: date,
    last: date,
) -> None:
    await db.execute(
        insert(Sweep).inline(),
        {
            "id": sweep_id,
            "kind": kind,
            "region_code": region_code,
            "period": period,
            "from_on": first,
            "until_on": last,
            "groups": groups,
            "purposes": list(COUNTS_FOR[kind]),
            "opened_at": actor.at,
            "opened_by_id": actor.id,
        },
    )
    await ask_for(db, actor, sweep_id, GATHER, region_code, {"sweep_id": str(sweep_id)})


def _geometry(area: Area) -> Any:
    return func.ST_SetSRID(func.ST_GeomFromGeoJSON(area.geojson), 4326)


async def _amiss(db: AsyncSession, area: Area) -> str | None:
    """Why PostGIS would not call this area valid; None where it does."""
    reason = str(await db.scalar(select(func.ST_IsValidReason(_geometry(area)))))
    return None if reason == "Valid Geometry" else reason
