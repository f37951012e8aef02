"""The page behind a poster's QR code, on which anybody reports hardship without an account, and the poster itself.

Plain HTML, one style sheet and one script, all from this process: for phones of ten years ago on the network of a mountain
valley. The page writes its own two stored documents; what it sends is what every client sends.
"""

from __future__ import annotations

import html
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import segno
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.documents import document_id
from api.pages import OUT_OF_REACH, Pages
from domain.access.rules import CHINA
from domain.base.models import Term
from domain.hardship.links import VillageLink, link_read
from domain.hardship.rules import NOT_TOLD
from domain.regions.models import Region
from domain.regions.queries import full_name
from schema.posters import REPORT_PAGE

HERE: Final = Path(__file__).parent
PAGES: Final = Pages(HERE, REPORT_PAGE)
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FORGED: Final = "这个二维码不是本系统的。请向村委会要一张新的海报，或者直接找村干部。"
PAST: Final = "这张海报过期了。请向村委会要一张新的，或者直接找村干部。"
BUSY: Final = "系统正忙，请过一会儿再扫一次。"
HEADERS: Final = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}


def documents() -> list[str]:
    """The operations that the page sends, for the server to trust."""
    return [file.read_text(encoding="utf-8") for file in sorted(HERE.glob("*.graphql"))]


async def _page(request: Request) -> Response:
    return await _answered(request, _form)


async def _poster(request: Request) -> Response:
    return await _answered(request, _wall)


async def _answered(
    request: Request, filled: Callable[[Request, VillageLink, AsyncSession], Awaitable[str]]
) -> Response:
    link = link_read(request.path_params["link"], request.state.seal.mac)
    if link is None:
        return _said(FORGED, 404)
    if datetime.now(UTC).astimezone(CHINA).date() > link.until_on:
        return _said(PAST, 410)
    try:
        async with request.state.sessions() as db:
            return HTMLResponse(await filled(request, link, db), headers=HEADERS)
    except OUT_OF_REACH:
        return _said(BUSY, 503)


async def _form(request: Request, link: VillageLink, db: AsyncSession) -> str:
    words = select(Term.code, Term.label_zh).where(Term.list == "clue_sign").order_by(Term.position)
    kinds = [(code, label) for code, label in await db.execute(words) if code not in NOT_TOLD]
    options = "".join(f'<option value="{html.escape(code)}">{html.escape(label)}</option>' for code, label in kinds)
    ids = {file.stem: document_id(file.read_text(encoding="utf-8")) for file in HERE.glob("*.graphql")}
    village = await _name_of(link, db)
    return PAGES.filled(
        "page.html", {"kinds": options}, village=village, code=link.village_code, documents=json.dumps(ids)
    )


async def _wall(request: Request, link: VillageLink, db: AsyncSession) -> str:
    base = request.state.settings.public_url or str(request.base_url)
    address = f"{base.rstrip('/')}{REPORT_PAGE}/{request.path_params['link']}"
    # Level M: what rain and dirt take away, up to a seventh, may be missing.
    code = segno.make_qr(address, error="m").svg_inline(border=4, omitsize=True)
    until = f"{link.until_on.year}年{link.until_on.month}月{link.until_on.day}日"
    return PAGES.filled("poster.html", {"qr": code}, village=await _name_of(link, db), address=address, until=until)


routes: Final = [
    Route(f"{REPORT_PAGE}/assets/{{name}}", PAGES.asset),
    Route(f"{REPORT_PAGE}/{{link}}", _page),
    Route(f"{REPORT_PAGE}/{{link}}/poster", _poster),
]


async def _name_of(link: VillageLink, db: AsyncSession) -> str:
    return await db.scalar(select(full_name()).where(Region.code == link.village_code)) or ""


def _said(text: str, status: int) -> Response:
    return HTMLResponse(PAGES.filled("said.html", text=text), status, HEADERS)
