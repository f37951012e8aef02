"""Families with what the checks find of them: one statement for a village's, or for one."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import sees_household, viewer_parameters
from domain.access.rules import Actor
from domain.checks.library import CHECKED, LIBRARY, REGION
from domain.checks.rules import Found
from domain.monitoring.rules import window


@dataclass(frozen=True, slots=True)
class Audited:
    """A family and what was found of it; nothing, for one that is asked about by its id."""

    household_id: uuid.UUID
    region_code: str
    code: str
    findings: list[Found]


def audited(
    where: ColumnElement[bool], on: date, codes: Collection[str] | None = None, *, finds_only: bool = True
) -> Select[Any]:
    """Families on record, by village and code, each with its findings as [{code, facts}] in the order of their codes."""
    year = window(on, 12)
    asked = [one(on, year) for code, one in LIBRARY.items() if codes is None or code in codes]
    found = union_all(*asked).lateral("found")
    told = func.jsonb_build_object("code", found.c.code, "facts", found.c.facts)
    findings = (
        select(func.jsonb_agg(aggregate_order_by(told, found.c.code)).label("told"))
        .select_from(found)
        .lateral("findings")
    )
    scope = sees_household(CHECKED.c.region_code, CHECKED.c.id)
    statement = (
        select(CHECKED.c.id, CHECKED.c.region_code, CHECKED.c.code, findings.c.told)
        .select_from(CHECKED.join(findings, true()))
        .where(scope, CHECKED.c.ended_on.is_(None), where)
        .order_by(CHECKED.c.region_code, CHECKED.c.code, CHECKED.c.id)
    )
    return statement.where(findings.c.told.is_not(None)) if finds_only else statement


async def audit_of(db: AsyncSession, actor: Actor, household_id: uuid.UUID) -> Audited | None:
    """What all checks find of one family; None where it is not to be seen."""
    statement = audited(CHECKED.c.id == household_id, actor.today, finds_only=False)
    row = (await db.execute(statement, viewer_parameters(actor.viewer))).one_or_none()
    return None if row is None else _read(row)


async def audits_in(
    db: AsyncSession,
    actor: Actor,
    region_code: str,
    *,
    codes: Collection[str] | None,
    first: int,
    after: tuple[str, str] | None,
) -> Sequence[Audited]:
    """Families of a division of whom something was found, at most `first`, after a place (village, code)."""
    village, code = REGION, literal_column("checked.code", Text())
    here = and_(village >= region_code, village < f"{region_code}:")
    if after is not None:
        here = and_(here, village >= after[0], or_(village > after[0], code > after[1]))
    rows = await db.execute(audited(here, actor.today, codes).limit(first), viewer_parameters(actor.viewer))
    return [_read(row) for row in rows]


def _read(row: Any) -> Audited:
    return Audited(row.id, row.region_code, row.code, [Found(one["code"], one["facts"]) for one in row.told or ()])
