"""A region sets its own numbers (调整政策参数)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import InvalidInput, Problem, Refused, not_visible
from domain.base.models import namespace_id
from domain.changes.actions import Answer, once
from domain.policy.catalogue import PARAMETERS
from domain.policy.models import PolicyValue
from domain.policy.queries import lock_settings, national_values
from domain.policy.rules import Fate, PolicyBasis, Setting, Value, fate, may_adopt, read_value
from domain.regions.models import Region

ROWS_LIMIT = 100
TEXT_LIMIT = 500  # characters
FIRST_DAY = date(2000, 1, 1)
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")  # what PostgreSQL cannot hold


@dataclass(frozen=True, slots=True)
class Adopted:
    """One value as a client gives it: `basis` a code of PolicyBasis, `sentence` what it stands on."""

    parameter: str
    value: Value
    basis: str
    sentence: str | None = None


async def adopt_policy(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    region_code: str,
    from_on: str,
    document: str,
    values: Sequence[Adopted],
    until_on: str | None = None,
) -> Answer:
    """Set up to 100 values of a province, prefecture or county from a day on: all of them, or none.

    What the division had set for that time ends or is superseded, and stays to be read; what lies above it is untouched.
    Answers {"region_code", "from_on"}. Raises NotVisible; Refused (FORBIDDEN_ROLE); InvalidInput with all that is wrong
    (REQUIRED, TOO_MANY, TOO_LONG, TEXT_UNREADABLE, DATE_INVALID, END_BEFORE_START, UNKNOWN_CODE, PARAMETER_REPEATED,
    SENTENCE_NEEDED, POLICY_VALUE_INVALID, POLICY_BELOW_MINIMUM, POLICY_ABOVE_MAXIMUM); Conflict as `once` does.
    """

    async def adopt() -> Answer:
        region = await db.get(Region, region_code)
        if region is None or not actor.viewer.sees_region(region_code):
            raise not_visible("region")
        if not may_adopt(region.level, actor.viewer.roles):
            raise Refused(Problem("FORBIDDEN_ROLE", ("input", "region")))
        problems: list[Problem] = []
        first, until = _days(from_on, until_on, problems)
        if not document.strip():
            problems.append(Problem("REQUIRED", ("input", "document")))
        _check_text(document, problems, "document")
        national = await national_values(db, first, [one.parameter for one in values])
        read = _read(values, national, problems)
        if problems:
            raise InvalidInput(*problems)
        await _make_room(db, actor, region_code, list(read), first, until)
        await db.execute(
            insert(PolicyValue),
            [
                {
                    "id": namespace_id(f"policy value {operation_id} {one.parameter}"),
                    "region_code": region_code,
                    "parameter": one.parameter,
                    "value": read[one.parameter],
                    "from_on": first,
                    "until_on": until,
                    "document": document.strip(),
                    "sentence": one.sentence and one.sentence.strip(),
                    "basis": PolicyBasis(one.basis),
                    "adopted_at": actor.at,
                    "adopted_by_id": actor.id,
                }
                for one in values
            ],
        )
        detail = {"from": str(first), "until": until and str(until), "document": document.strip(), "values": read}
        await record(db, actor, "adopt_policy", "policy", None, region_code, detail, operation_id=operation_id)
        return {"region_code": region_code, "from_on": str(first)}

    content: dict[str, Any] = {
        "region": region_code,
        "from": from_on,
        "until": until_on,
        "document": document,
        "values": [asdict(one) for one in values],
    }
    return await once(db, actor, operation_id, "adopt_policy", content, adopt)


def _days(from_on: str, until_on: str | None, problems: list[Problem]) -> tuple[date, date | None]:
    first = _day(from_on, "fromOn", problems) or FIRST_DAY
    until = None if until_on is None else _day(until_on, "untilOn", problems)
    if until is not None and until <= first:
        problems.append(Problem("END_BEFORE_START", ("input", "untilOn")))
    return first, until


def _day(given: str, field: str, problems: list[Problem]) -> date | None:
    try:
        day = date.fromisoformat(given) if len(given) == 10 else None
    except ValueError:
        day = None
    if day is None or day < FIRST_DAY:
        problems.append(Problem("DATE_INVALID", ("input", field)))
        return None
    return day


def _check_text(given: str | None, problems: list[Problem], *path: str) -> None:
    if given is None:
        return
    if _UNREADABLE.search(given):
        problems.append(Problem("TEXT_UNREADABLE", ("input", *path)))
    if len(given) > TEXT_LIMIT:
        problems.append(Problem("TOO_LONG", ("input", *path), {"characters": len(given), "limit": TEXT_LIMIT}))


def _read(values: Sequence[Adopted], national: dict[str, Value], problems: list[Problem]) -> dict[str, Value]:
    """The values as they are stored, by parameter; everything that is wrong with any of them is added to `problems`."""
    if not values:
        problems.append(Problem("REQUIRED", ("input", "values")))
    if len(values) > ROWS_LIMIT:
        problems.append(Problem("TOO_MANY", ("input", "values"), {"limit": ROWS_LIMIT}))
        return {}
    read: dict[str, Value] = {}
    for position, one in enumerate(values):
        path = ("input", "values", str(position))
        if one.basis not in PolicyBasis.__members__:
            problems.append(Problem("UNKNOWN_CODE", (*path, "basis"), {"list": "PolicyBasis", "code": one.basis[:80]}))
        if one.basis == PolicyBasis.SOURCE and not (one.sentence or "").strip():
            problems.append(Problem("SENTENCE_NEEDED", (*path, "sentence")))
        _check_text(one.sentence, problems, *path[1:], "sentence")
        if one.parameter not in PARAMETERS:
            detail = {"list": "PolicyParameter", "code": one.parameter[:80]}
            problems.append(Problem("UNKNOWN_CODE", (*path, "parameter"), detail))
            continue
        if one.parameter in read:
            problems.append(Problem("PARAMETER_REPEATED", (*path, "parameter"), {"parameter": one.parameter}))
        value, problem = read_value(PARAMETERS[one.parameter], one.value, national.get(one.parameter))
        if problem is not None:
            problems.append(problem.under(*path))
        read[one.parameter] = value
    return read


async def _make_room(
    db: AsyncSession, actor: Actor, region_code: str, parameters: Sequence[str], first: date, until: date | None
) -> None:
    """What the division has set for this time already gives way."""
    for earlier in await lock_settings(db, region_code, parameters):
        setting = Setting(region_code, earlier.parameter, earlier.value, earlier.from_on, earlier.until_on)
        match fate(setting, first, until):
            case Fate.ENDS:
                earlier.until_on = first
            case Fate.SUPERSEDED:
                earlier.superseded_at = actor.at
            case Fate.STAYS:
                pass
    await db.flush()
