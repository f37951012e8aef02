"""A department delivers a list: a file is sent and kept, and rows or the file become a list that the worker matches."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import InvalidInput, not_visible, refused
from domain.base.models import namespace_id
from domain.base.sealed_fields import ID_NUMBER, UPLOAD, sealed
from domain.base.sealing import Ring
from domain.base.transactions import ring_of
from domain.changes.actions import Answer, once
from domain.households.queries import vocabulary
from domain.households.rules import Reading
from domain.lists.models import DepartmentList, DepartmentListRow, DepartmentUpload
from domain.lists.queries import may_deliver
from domain.lists.rules import MOST_ROWS_AT_ONCE, NOT_LISTED, GivenRow, ReadRow, refuse_others, row_read
from domain.monitoring.rules import month_problem, month_read
from domain.regions.models import Region
from domain.tasks.actions import ask_for

MATCH_LIST: Final = "match_list"  # the job: matching.py


async def keep_upload(db: AsyncSession, actor: Actor, *, id: uuid.UUID, kind: str, content: bytes) -> None:
    """Keep a file until it is submitted; one that the account sent before and did not submit gives way to it.

    It stands in the database and not in a folder, so that any worker finds it, and sealed: nobody's number is on a disk.
    Raises Refused (FORBIDDEN_ROLE).
    """
    refuse_others(actor)
    mine = DepartmentUpload.uploaded_by_id == actor.id
    await db.execute(delete(DepartmentUpload).where(mine, DepartmentUpload.list_id.is_(None)))
    envelope = ring_of(db).seal(UPLOAD, id, base64.b64encode(content).decode())
    db.add(DepartmentUpload(id=id, uploaded_by_id=actor.id, uploaded_at=actor.at, kind=kind, content_sealed=envelope))
    await db.flush()
    await record(db, actor, "keep_upload", "department_upload", id, None, {"kind": kind, "bytes": len(content)})


async def submit_department_list(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    sign: str,
    period: str,
    region_code: str,
    rows: Sequence[GivenRow] | None = None,
    upload_id: uuid.UUID | None = None,
) -> Answer:
    """Deliver a list (部门筛查名单), as rows or as the file that was sent before; the worker does the rest.

    Its task has the operation's id. Answers {"list_id"}. Raises Refused (FORBIDDEN_ROLE, REGION_OUT_OF_SCOPE);
    NotVisible (the upload); InvalidInput (UNKNOWN_CODE, MONTH_INVALID, MONTH_OUT_OF_RANGE, REGION_UNKNOWN,
    ROWS_OR_UPLOAD, TOO_MANY); Conflict as `once` does. What is wrong with a row is the row's outcome.
    """
    sent = None if rows is None else [asdict(row) for row in rows]
    content = {"sign": sign, "period": period, "region_code": region_code, "upload_id": upload_id, "rows": sent}

    async def submit() -> Answer:
        refuse_others(actor)
        reading = Reading(actor.today, await vocabulary(db, ("clue_sign",)))
        _judge(reading, sign, period, rows, upload_id)
        region = await db.get(Region, region_code)
        if region is None or region.valid_to is not None:
            reading.wrong("REGION_UNKNOWN", ("input", "regionCode"), region=region_code)
        if reading.problems:
            raise InvalidInput(*reading.problems)
        if not await may_deliver(db, region_code):
            raise refused("REGION_OUT_OF_SCOPE", "regionCode", region=region_code)
        await ask_for(db, actor, operation_id, MATCH_LIST, region_code, {})
        delivered = DepartmentList(
            id=operation_id,
            organisation_id=actor.viewer.organisation_id,
            region_code=region_code,
            sign=sign,
            period=period,
            received_at=actor.at,
            submitted_by_id=actor.id,
            row_count=None if rows is None else len(rows),
        )
        db.add(delivered)
        await db.flush()
        if rows is not None:
            await db.execute(insert(DepartmentListRow).inline(), columns_of(ring_of(db), delivered, rows, actor))
        elif upload_id is not None:
            await _take_upload(db, actor, upload_id, operation_id)
        told = {"sign": sign, "period": period, "rows": delivered.row_count}
        await record(
            db, actor, "submit_department_list", "department_list", operation_id, region_code, told,
            operation_id=operation_id,
        )  # fmt: skip
        return {"list_id": str(operation_id)}

    return await once(db, actor, operation_id, "submit_department_list", content, submit)


def columns_of(ring: Ring, of: DepartmentList, rows: Iterable[GivenRow], actor: Actor) -> list[dict[str, Any]]:
    """Rows as they are kept; what is wrong with one by itself is its outcome at once. Of the same list and number it is
    always the same row, so that a file may be read twice."""
    return [_columns(ring, of, row_read(row, of.region_code), actor) for row in rows]


def _columns(ring: Ring, of: DepartmentList, row: ReadRow, actor: Actor) -> dict[str, Any]:
    row_id = namespace_id(f"row {row.number} of list {of.id}")
    looks_for = row.id_number if row.outcome is None else None
    return {
        "id": row_id,
        "list_id": of.id,
        "number": row.number,
        "organisation_id": of.organisation_id,
        "region_code": of.region_code,
        "name": row.name,
        **sealed(ring, "department_list_row", row_id, {"id_number": row.id_number, "phone": row.phone}),
        "id_number_index": None if looks_for is None else ring.index(ID_NUMBER, looks_for),
        "village_code": row.village_code,
        "amount_fen": row.amount_fen,
        "outcome": row.outcome,
        "reason": row.reason,
        "settled_at": None if row.outcome is None else actor.at,
    }


def _judge(
    reading: Reading, sign: str, period: str, rows: Sequence[GivenRow] | None, upload_id: uuid.UUID | None
) -> None:
    reading.code(sign, "clue_sign", ("input", "kind"))
    if sign in NOT_LISTED:
        reading.wrong("UNKNOWN_CODE", ("input", "kind"), list="clue_sign", code=sign)
    month = month_read(period)
    if month is None:
        reading.wrong("MONTH_INVALID", ("input", "period"))
    elif problem := month_problem(month, reading.today):
        reading.wrong(problem, ("input", "period"))
    if (rows is None) is (upload_id is None) or rows == []:
        reading.wrong("ROWS_OR_UPLOAD", ("input",))
    if len(rows or ()) > MOST_ROWS_AT_ONCE:
        reading.wrong("TOO_MANY", ("input", "rows"), limit=MOST_ROWS_AT_ONCE)


async def _take_upload(db: AsyncSession, actor: Actor, upload_id: uuid.UUID, list_id: uuid.UUID) -> None:
    mine = select(DepartmentUpload).where(
        DepartmentUpload.id == upload_id,
        DepartmentUpload.uploaded_by_id == actor.id,
        DepartmentUpload.list_id.is_(None),
    )
    upload = await db.scalar(mine.with_for_update())
    if upload is None:
        raise not_visible("uploadId")
    upload.list_id = list_id
    await db.flush()
