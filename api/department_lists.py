"""Files of departments (部门筛查名单): one goes in before its list is submitted, the rows that led nowhere come out.

`POST /department-lists/files` with the file as its body answers `{"uploadId": …}`, for `submitDepartmentList`.
`GET /department-lists/{id}/rejected.xlsx`, or `.csv`, brings the rows of a list that raised no clue, each with its reason.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

import orjson
import uuid_utils
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.incoming import read_body
from api.signed_in import signed_in
from domain.access.queries import SET_VIEWER, viewer_parameters, viewer_settings
from domain.access.rules import Actor
from domain.base.errors import InvalidInput, Problem, not_visible
from domain.base.transactions import carry_out
from domain.lists.actions import keep_upload
from domain.lists.models import DepartmentListRow
from domain.lists.queries import is_ours, sees_row
from domain.lists.rules import MATCHED, refuse_others
from domain.lists.sheets import CannotRead, as_csv, as_xlsx, kind_of
from schema.messages import message

T = TypeVar("T")

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WRITERS: Final = {"xlsx": (as_xlsx, XLSX), "csv": (as_csv, "text/csv; charset=utf-8")}
HEADER: Final = ("行号", "姓名", "身份证号", "金额(元)", "比对结果", "说明")
SAID: Final[Mapping[str | None, str]] = {
    "REPEATED": "重复：本部门已报送过此人",
    "BELOW_THRESHOLD": "未达当地预警线",
    "NOT_A_HOUSEHOLD_MEMBER": "本区划内未建档",
    "AMBIGUOUS": "有多人符合，请补充身份证号",
    "OUT_OF_REGION": "行政村不在名单所属区划内",
    "INVALID_ID_NUMBER": "身份证号无效",
    "INVALID_ROW": "数据无效",
}


async def _upload(request: Request, actor: Actor) -> Response:
    # Before the body: whoever may not send a file need not be listened to.
    refuse_others(actor)
    content = await read_body(request, request.state.settings.max_upload_bytes)
    try:
        kind = await asyncio.to_thread(kind_of, content)
    except CannotRead as error:
        raise InvalidInput(Problem(error.code)) from None
    upload_id = uuid.UUID(str(uuid_utils.uuid7()))
    await _carry_out(request, actor, partial(keep_upload, actor=actor, id=upload_id, kind=kind, content=content))
    return Response(orjson.dumps({"uploadId": str(upload_id)}), 201, media_type="application/json")


async def _rejected(request: Request, actor: Actor, *, kind: str) -> Response:
    write, media_type = WRITERS[kind]
    list_id: uuid.UUID = request.path_params["id"]
    row = DepartmentListRow
    back = (
        select(row.number, row.name, row.id_number_masked, row.amount_fen, row.outcome, row.reason)
        .where(row.list_id == list_id, row.outcome.not_in(MATCHED), sees_row())
        .order_by(row.number)
    )

    async def found(db: AsyncSession) -> Sequence[Sequence[str | int]]:
        if not await is_ours(db, actor, list_id):
            raise not_visible("id")
        return [
            (number, name or "", masked or "", _yuan(fen), SAID.get(outcome, ""), _why(reason))
            for number, name, masked, fen, outcome, reason in (
                await db.execute(back, viewer_parameters(actor.viewer))
            ).all()
        ]

    body = await asyncio.to_thread(write, HEADER, await _carry_out(request, actor, found))
    headers = {"Content-Disposition": f'attachment; filename="rejected.{kind}"'}
    return Response(body, 200, headers, media_type)


def _yuan(fen: int | None) -> str:
    return "" if fen is None else f"{fen // 100}.{fen % 100:02}"


def _why(reason: str | None) -> str:
    """The catalogue's sentence; the file goes to people, who read Chinese."""
    return "" if reason is None else message(reason, "zh", {"limit": 50, "characters": "50+"})


async def _carry_out(request: Request, actor: Actor, action: Callable[[AsyncSession], Awaitable[T]]) -> T:
    settings = viewer_settings(actor.viewer)
    return await carry_out(request.state.sessions, action, set_viewer=SET_VIEWER, viewer=settings)


routes: Final = [
    Route("/department-lists/files", signed_in(_upload), methods=["POST"]),
    *(
        Route(f"/department-lists/{{id:uuid}}/rejected.{kind}", signed_in(partial(_rejected, kind=kind)))
        for kind in WRITERS
    ),
]
