"""A proposed policy, tried on past figures: whom would it find, and whom no more (政策回放)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, and_, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import sees_household, viewer_parameters
from domain.access.rules import AFTER_EVERY_DIGIT, OFFICER_ROLES, Actor
from domain.audit.actions import record
from domain.base.errors import InvalidInput, Problem, Refused, not_visible
from domain.households.models import Household
from domain.monitoring.months import REPLAYED, Proposal
from domain.monitoring.signs import replayed
from domain.policy.catalogue import PARAMETERS
from domain.policy.queries import national_values
from domain.policy.rules import Value, read_value

MOST_MONTHS: Final = 24


async def replay_policy(
    db: AsyncSession,
    actor: Actor,
    *,
    region_code: str,
    proposal: Sequence[tuple[str, Value]],
    from_on: date,
    until_on: date,
) -> Sequence[Row[Any]]:
    """One row per village of the division, as `signs.replayed` has it, for the months of these days; nothing is
    written but the entry of audit.

    proposal: (parameter, value), as if the division had set them for the whole time. Raises NotVisible; Refused
    (FORBIDDEN_ROLE); InvalidInput (REQUIRED, UNKNOWN_CODE, PARAMETER_REPEATED, POLICY_NOT_REPLAYED, what `read_value`
    finds, END_BEFORE_START, DATE_IN_FUTURE, REPLAY_TOO_LONG).
    """
    if not actor.viewer.sees_region(region_code):
        raise not_visible("region")
    if actor.viewer.roles.isdisjoint(OFFICER_ROLES):
        raise Refused(Problem("FORBIDDEN_ROLE"))
    first, last = from_on.replace(day=1), until_on.replace(day=1)
    problems = _span_problems(first, last, actor.today)
    national = await national_values(db, from_on, [name for name, _ in proposal])
    values = _read(proposal, national, problems)
    if problems:
        raise InvalidInput(*problems)
    where = and_(
        Household.region_code >= region_code,
        Household.region_code < region_code + AFTER_EVERY_DIGIT,
        sees_household(Household.region_code, Household.id),
    )
    # A county of 50,000 households has a million months to sort: in memory, and for longer than a request usually may.
    await db.execute(text("SELECT set_config('work_mem', '128MB', true), set_config('statement_timeout', '60s', true)"))
    statement = replayed(where, first, last, Proposal(region_code, values))
    # It names families by what they live on, so it leaves a trace as every look at that does.
    told = {"from": str(first), "until": str(last), "proposal": values}
    await record(db, actor, "replay_policy", "policy", None, region_code, told)
    rows: Sequence[Row[Any]] = (await db.execute(statement, viewer_parameters(actor.viewer))).all()
    return rows


def _span_problems(first: date, last: date, today: date) -> list[Problem]:
    if last < first:
        return [Problem("END_BEFORE_START", ("input", "to"))]
    if last > today:
        return [Problem("DATE_IN_FUTURE", ("input", "to"))]
    if (last.year - first.year) * 12 + last.month - first.month >= MOST_MONTHS:
        return [Problem("REPLAY_TOO_LONG", ("input", "from"), {"limit": MOST_MONTHS})]
    return []


def _read(
    proposal: Sequence[tuple[str, Value]], national: Mapping[str, Value], problems: list[Problem]
) -> dict[str, Value]:
    read: dict[str, Value] = {}
    if not proposal:
        problems.append(Problem("REQUIRED", ("input", "proposal", "values")))
    for position, (name, given) in enumerate(proposal):
        path = ("input", "proposal", "values", str(position))
        if name not in PARAMETERS:
            problems.append(
                Problem("UNKNOWN_CODE", (*path, "parameter"), {"list": "PolicyParameter", "code": name[:80]})
            )
        elif name not in REPLAYED:
            problems.append(Problem("POLICY_NOT_REPLAYED", (*path, "parameter"), {"parameter": name}))
        elif name in read:
            problems.append(Problem("PARAMETER_REPEATED", (*path, "parameter"), {"parameter": name}))
        else:
            read[name], problem = read_value(PARAMETERS[name], given, national.get(name))
            if problem is not None:
                problems.append(problem.under(*path))
    return read
