"""Notices for whoever was given their address, without an account: a page to be read or printed, a PDF, a village's board.

An address is signed (domain/notices/links.py). What is withdrawn, over, forged, or never was is one and the same answer.
What is shown was redacted before it was kept, and is judged again when it is read (domain/notices/rules.py).
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import segno
import structlog
from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.notice_page.pdf import FOOTER, notices_pdf
from api.pages import OUT_OF_REACH, Pages
from domain.access.rules import CHINA
from domain.hardship.links import link_made
from domain.notices.links import board_read, notice_read
from domain.notices.rules import content_read
from domain.notices.sheet import Sheet, sheet_of
from schema.notices import NOTICE_PAGE
from schema.posters import REPORT_PAGE

LOG = structlog.get_logger("ruhu")
PAGES: Final = Pages(Path(__file__).parent, NOTICE_PAGE)
PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    # A notice that is over is to be gone: from caches on the way and from search engines, too.
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
}
GONE: Final = "没有这份公示公告，或公示已经结束。"
BUSY: Final = "系统正忙，请过一会儿再打开。"


async def _page(request: Request) -> Response:
    found = await _notice(request)
    return (
        found
        if isinstance(found, Response)
        else HTMLResponse(written(*found, pdf=f"{NOTICE_PAGE}/{request.path_params['address']}/pdf"), headers=HEADERS)
    )


async def _pdf(request: Request) -> Response:
    found = await _notice(request)
    return found if isinstance(found, Response) else await _printed([found], "公示公告")


async def _board(request: Request) -> Response:
    board = board_read(request.path_params["address"], request.state.seal.mac)
    if board is None or _today() > board.until_on:
        return _said(GONE, 404)
    found = await _asked(request, func.ruhu_public_board(board.village_code))
    if isinstance(found, Response):
        return found
    sheets = (_sheet(request, one) for one in found or ())
    return await _printed([one for one in sheets if one is not None], "公示栏")


async def _notice(request: Request) -> tuple[Sheet, str] | Response:
    """Its sheet, with the address of the QR code; or the answer that there is none."""
    notice_id = notice_read(request.path_params["address"], request.state.seal.mac)
    if notice_id is None:
        return _said(GONE, 404)
    found = await _asked(request, func.ruhu_public_notice(notice_id))
    if isinstance(found, Response):
        return found
    return _said(GONE, 404) if found is None else _sheet(request, found) or _said(GONE, 404)


def _sheet(request: Request, notice: Mapping[str, Any]) -> tuple[Sheet, str] | None:
    """None for a row that holds what no notice may say: nothing of ours wrote it."""
    try:
        content = content_read(notice["content"])
    except (ValueError, KeyError, TypeError):
        LOG.exception("a notice holds what it may not")
        return None
    return sheet_of(content), _report_address(request, notice["region_code"])


async def _asked(request: Request, question: Any) -> Any:
    try:
        async with request.state.sessions() as db:
            return await db.scalar(select(question))
    except OUT_OF_REACH:
        return _said(BUSY, 503)


def written(sheet: Sheet, address: str, *, pdf: str) -> str:
    """The page of a sheet, with the QR code of an address, and where its PDF is."""
    cells = ((html.escape(label), html.escape(value)) for label, value in sheet.rows)
    rows = "".join(f"<tr><th>{label}</th><td>{value}</td></tr>" for label, value in cells)
    code = segno.make_qr(address, error="m").svg_inline(border=4, omitsize=True)
    return PAGES.filled(
        "notice.html",
        {"rows": rows, "qr": code},
        title=sheet.title,
        number=sheet.number,
        says=sheet.says,
        period=sheet.period,
        objections=sheet.objections,
        signed_by=sheet.signed_by,
        signed_on=sheet.signed_on,
        footer=FOOTER,
        pdf=pdf,
    )


async def _printed(sheets: list[tuple[Sheet, str]], title: str) -> Response:
    # A board of fifty pages takes a second of this processor: not from whoever else is being answered.
    content = await run_in_threadpool(notices_pdf, sheets, title=title)
    headers = HEADERS | {"Content-Disposition": 'inline; filename="notice.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


def _report_address(request: Request, village_code: str) -> str:
    """Where the QR code leads: the page on which anybody in that village reports, without an account."""
    base = request.state.settings.public_url or str(request.base_url)
    link = link_made(village_code, _today()).text(request.state.seal.mac)
    return f"{base.rstrip('/')}{REPORT_PAGE}/{link}"


def _today() -> date:
    return datetime.now(UTC).astimezone(CHINA).date()


def _said(text: str, status: int) -> Response:
    return HTMLResponse(PAGES.filled("said.html", text=text), status, HEADERS)


routes: Final = [
    Route(f"{NOTICE_PAGE}/assets/{{name}}", PAGES.asset),
    Route(f"{NOTICE_PAGE}/board/{{address}}", _board),
    Route(f"{NOTICE_PAGE}/{{address}}", _page),
    Route(f"{NOTICE_PAGE}/{{address}}/pdf", _pdf),
]
