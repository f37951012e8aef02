"""What a family earned and had to spend is written down (收支记录): by month, by kind, and always with who says so."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.actions import record
from domain.audit.before_and_after import HOUSEHOLD, Differences, sealed_changes
from domain.base.errors import InvalidInput, Refused, invalid
from domain.base.models import namespace_id
from domain.changes.actions import Answer, once
from domain.families.rules import Verb, may, role_problem
from domain.households.models import Household
from domain.households.queries import lock_households, vocabulary
from domain.households.rules import Path, Reading
from domain.monitoring.actions.signs import evaluate_households
from domain.monitoring.models import IncomeStatement
from domain.monitoring.queries import statements_in_force, visits_of, were_members
from domain.monitoring.rules import fen, month_problem, month_read

ROWS_LIMIT = 500
NOTE_LIMIT = 200  # characters

Key = tuple[uuid.UUID, date, str, str, uuid.UUID | None]  # household, month, kind, origin, person


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One figure as a client gives it: `month` like 2026-03, `amount` in yuan like 1250.50, codes of the two lists."""

    household_id: uuid.UUID
    month: str
    kind: str
    amount: str
    origin: str
    person_id: uuid.UUID | None = None
    visit_id: uuid.UUID | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """A row that was read and judged."""

    row: StatementRow
    key: Key
    amount_fen: int
    note: str | None


async def record_income_statement(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, rows: Sequence[StatementRow]
) -> Answer:
    """Write up to 500 figures down, of one family or of a whole village's sheet: all of them, or none.

    What the same origin said before of the same person, month and kind is superseded, and stays to be read; what another
    origin said stands beside it. The same figure again changes nothing. What the figures now give as signs becomes clues at
    once (`evaluate_households`). Answers {"statement_ids"} in the order of the
    rows. Raises Refused (FORBIDDEN_ROLE), InvalidInput with everything that is wrong (BATCH_TOO_LARGE, REQUIRED, NOT_FOUND,
    HAS_ENDED, PERSON_NOT_OF_HOUSEHOLD, VISIT_OF_ANOTHER_HOUSEHOLD, MONTH_INVALID, MONTH_OUT_OF_RANGE,
    AMOUNT_INVALID, UNKNOWN_CODE, TOO_LONG, STATEMENT_REPEATED), Conflict as `once` does.
    """

    async def write_down() -> Answer:
        if len(rows) > ROWS_LIMIT:
            raise invalid("BATCH_TOO_LARGE", "rows", limit=ROWS_LIMIT)
        households = await lock_households(db, actor, {row.household_id for row in rows})
        for household in households.values():
            # Whoever may write down what is so at a family's may write down what it lives on.
            if not may(Verb.EDIT, actor.viewer.roles, is_in_region=actor.viewer.sees_region(household.region_code)):
                raise Refused(role_problem(Verb.EDIT))
        figures = await _read(db, actor, rows, list(households.values()))
        regions = {one.id: one.region_code for one in households.values()}
        ids, told = await _write(db, actor, operation_id, figures, regions)
        only = next(iter(households.values())) if len(households) == 1 else None
        subject_id, region_code = (None, None) if only is None else (only.id, only.region_code)
        detail = {"statements": len(ids), "households": sorted(str(one) for one in households)}
        await record(
            db,
            actor,
            "record_income_statement",
            "household",
            subject_id,
            region_code,
            detail,
            operation_id=operation_id,
            # Of a sheet of many families the rows that are superseded say it, each with who wrote it and until when.
            changes=None if only is None else await sealed_changes(db, actor, only.id, told),
        )
        await evaluate_households(db, actor, household_ids=list(households))
        return {"statement_ids": [str(one) for one in ids]}

    content = {"rows": [asdict(row) for row in rows]}
    return await once(db, actor, operation_id, "record_income_statement", content, write_down)


async def _read(
    db: AsyncSession, actor: Actor, rows: Sequence[StatementRow], households: Sequence[Household]
) -> list[_Read]:
    """Every row with its key and amount in fen; everything that is wrong with any of them, at once."""
    reading = Reading(actor.today, await vocabulary(db, ("statement_kind", "statement_origin")))
    ended = {one.id: one.ended_on for one in households}
    people = await were_members(db, list(ended))
    visits = await visits_of(db, actor, {row.visit_id for row in rows if row.visit_id is not None})
    figures: list[_Read] = []
    keys: set[Key] = set()
    if not rows:
        reading.wrong("REQUIRED", ("input", "rows"))
    for position, row in enumerate(rows):
        path: Path = ("input", "rows", str(position))
        if row.household_id not in ended:
            reading.wrong("NOT_FOUND", (*path, "householdId"))
            continue
        if (ended_on := ended[row.household_id]) is not None:
            reading.wrong("HAS_ENDED", (*path, "householdId"), endedOn=str(ended_on))
        if row.person_id is not None and (row.person_id, row.household_id) not in people:
            reading.wrong("PERSON_NOT_OF_HOUSEHOLD", (*path, "personId"))
        if row.visit_id is not None and visits.get(row.visit_id) != row.household_id:
            reading.wrong("VISIT_OF_ANOTHER_HOUSEHOLD", (*path, "visitId"))
        reading.code(row.kind, "statement_kind", (*path, "kind"))
        reading.code(row.origin, "statement_origin", (*path, "origin"))
        note = reading.text(row.note, (*path, "note"), at_most=NOTE_LIMIT)
        month, amount = _month(reading, row.month, path), fen(row.amount)
        if amount is None:
            reading.wrong("AMOUNT_INVALID", (*path, "amount"))
        if month is None or amount is None:
            continue
        key = (row.household_id, month, row.kind, row.origin, row.person_id)
        if key in keys:
            reading.wrong("STATEMENT_REPEATED", path)
        keys.add(key)
        figures.append(_Read(row, key, amount, note))
    if reading.problems:
        raise InvalidInput(*reading.problems)
    return figures


def _month(reading: Reading, given: str, path: Path) -> date | None:
    month = month_read(given)
    if month is None:
        reading.wrong("MONTH_INVALID", (*path, "month"))
    elif code := month_problem(month, reading.today):
        reading.wrong(code, (*path, "month"))
    return month


async def _write(
    db: AsyncSession, actor: Actor, operation_id: uuid.UUID, figures: Sequence[_Read], regions: dict[uuid.UUID, str]
) -> tuple[list[uuid.UUID], dict[str, Differences]]:
    """In sets: the old figures are marked, the new ones written; the ids of those that hold now, in the order given,
    and for the trace whose figure was what before, in fen."""
    said = await statements_in_force(db, list(regions), {figure.key[1] for figure in figures})
    before = {(one.household_id, one.month, one.kind, one.origin, one.person_id): one for one in said}
    ids: list[uuid.UUID] = []
    told: dict[str, Differences] = defaultdict(dict)
    born, superseded = [], []
    for position, figure in enumerate(figures):
        old = before.get(figure.key)
        if old is not None and old.amount_fen == figure.amount_fen:
            ids.append(old.id)
            continue
        household_id, month, kind, origin, person_id = figure.key
        new = namespace_id(f"income statement {operation_id} {position}")
        ids.append(new)
        whose = HOUSEHOLD if person_id is None else str(person_id)
        told[whose][f"{month:%Y-%m} {kind} {origin}"] = [old and old.amount_fen, figure.amount_fen]
        if old is not None:
            superseded.append(old.id)
        born.append(
            {
                "id": new,
                "household_id": household_id,
                "region_code": regions[household_id],
                "person_id": person_id,
                "month": month,
                "kind": kind,
                "amount_fen": figure.amount_fen,
                "origin": origin,
                "visit_id": figure.row.visit_id,
                "note": figure.note,
                "recorded_at": actor.at,
                "recorded_by_id": actor.id,
                "supersedes_id": old and old.id,
            }
        )
    if superseded:
        await db.execute(
            update(IncomeStatement)
            .where(IncomeStatement.id.in_(superseded))
            .values(superseded_at=actor.at)
            .execution_options(synchronize_session=False)
        )
    if born:
        await db.execute(insert(IncomeStatement), born)
    return ids, told
