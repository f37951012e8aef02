"""Audits are reads, and those that tell of health or income leave their entry in the trace like any other look."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import InvalidInput, Problem, invalid
from domain.checks.queries import Audited, audit_of, audits_in
from domain.checks.rules import checks, kinds_told

LOOK = "look"
WIDEST = 6  # digits: a county
MOST = 200


async def audit_household(db: AsyncSession, actor: Actor, *, household_id: uuid.UUID) -> Audited | None:
    """What all checks find of a family; None for one that has ended or is not to be seen."""
    found = await audit_of(db, actor, household_id)
    if found is not None:
        await _note(db, actor, [found], found.region_code)
    return found


async def audit_households(
    db: AsyncSession,
    actor: Actor,
    *,
    region_code: str,
    codes: Collection[str] | None,
    first: int,
    after: tuple[str, str] | None,
) -> tuple[Sequence[Audited], bool]:
    """Families of a county or below of whom these checks (none named: all) found something, by village and code; and
    whether there are more. Raises InvalidInput (REGION_TOO_WIDE, UNKNOWN_CODE, PAGE_TOO_LARGE)."""
    if len(region_code) < WIDEST:
        raise invalid("REGION_TOO_WIDE", "region", region=region_code)
    if not 0 < first <= MOST:
        raise invalid("PAGE_TOO_LARGE", "first", limit=MOST)
    unknown = [code for code in codes or () if code not in checks()]
    if unknown:
        raise InvalidInput(
            *(Problem("UNKNOWN_CODE", ("input", "checks"), {"list": "checks", "code": one[:80]}) for one in unknown)
        )
    rows = await audits_in(db, actor, region_code, codes=codes or None, first=first + 1, after=after)
    page = rows[:first]
    await _note(db, actor, page, region_code)
    return page, len(rows) > first


async def _note(db: AsyncSession, actor: Actor, page: Sequence[Audited], region_code: str) -> None:
    told = {one.household_id: kinds_told([found.code for found in one.findings]) for one in page}
    seen = sorted(household_id for household_id, kinds in told.items() if kinds)
    if not seen:
        return
    kinds = sorted({kind for kinds in told.values() for kind in kinds})
    subject = seen[0] if len(seen) == 1 else None
    detail = {"kinds": kinds, "households": len(seen)}
    await record(db, actor, LOOK, "household", subject, region_code, detail, seen=seen)
