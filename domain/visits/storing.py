"""Writing visits, many at once; a surprise about one of them leaves the others standing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import Table, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.base.errors import Problem
from domain.base.models import Base
from domain.base.transactions import WORTH_ANOTHER_ATTEMPT, broken_rule, sqlstate
from domain.visits.judgement import Rows
from domain.visits.models import Visit

Key = TypeVar("Key")
log = logging.getLogger(__name__)

# Ids are the phone's: a key of ours that is taken means that the phone used an id twice, or somebody else did.
BROKEN: Mapping[str, Problem] = {
    "pk_visit": Problem("ID_TAKEN", ("input", "id")),
    "pk_visit_finding": Problem("ID_TAKEN", ("input", "findings")),
    "pk_visit_photo": Problem("ID_TAKEN", ("input", "photos")),
    "uq_visit_supersedes_id": Problem("ALREADY_SUPERSEDED", ("input", "visitId")),
}


async def store(db: AsyncSession, visits: Mapping[Key, Rows]) -> dict[Key, Problem]:
    """Insert all visits, or all but those that a constraint or a surprise refuses: these are answered, with why.

    Raises only what is worth another attempt of the whole transaction.
    """
    try:
        async with db.begin_nested():
            await write(db, list(visits.values()))
    except DBAPIError as error:
        if sqlstate(error) in WORTH_ANOTHER_ATTEMPT:
            raise
    else:
        return {}
    refused: dict[Key, Problem] = {}
    for key, rows in visits.items():
        try:
            async with db.begin_nested():
                await write(db, [rows])
        except DBAPIError as error:
            if sqlstate(error) in WORTH_ANOTHER_ATTEMPT:
                raise
            refused[key] = _problem(error)
    return refused


async def write(db: AsyncSession, visits: list[Rows]) -> None:
    """Insert these visits with all that hangs on them."""
    await _insert(db, Visit.__tablename__, [rows.visit for rows in visits])
    for table in ("visit_companion", "visit_finding", "visit_photo"):
        await _insert(db, table, [row for rows in visits for row in rows.attached[table]])


async def _insert(db: AsyncSession, name: str, rows: list[Mapping[str, Any]]) -> None:
    if rows:
        table: Table = Base.metadata.tables[name]
        # RETURNING makes it one statement for all rows instead of one each, so the change feed's triggers fire once.
        await db.execute(insert(table).returning(table.c.region_code), rows)


def _problem(error: DBAPIError) -> Problem:
    name = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None) or ""
    if name in BROKEN:
        return BROKEN[name]
    if known := broken_rule(error):
        return known.problems[0]
    log.error("a visit could not be stored", exc_info=error)
    return Problem("INTERNAL")
