"""Where notices can be read and printed: addresses that are made for those who see them, and hold for everybody."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

import strawberry
from sqlalchemy import Uuid, bindparam, select

from domain.access.queries import viewer_parameters
from domain.access.rules import OFFICER_ROLES
from domain.cases.models import Notice
from domain.cases.queries import sees_case
from domain.hardship.rules import VILLAGE
from domain.notices.links import board_of, notice_address
from schema.context import Info
from schema.errors import asked
from schema.scalars import RegionCode

NOTICE_PAGE = "/notices"


@strawberry.type(description="Where a notice can be read without an account while it hangs. 公示公告网址")
class NoticeAddress:
    page_path: str = strawberry.field(description="The page, below this server's address. 网页地址")
    pdf_path: str = strawberry.field(description="The same as a PDF for A4 paper. PDF 地址")


@strawberry.type(description="A village's notice board, as a PDF of all that hangs. 村公示栏")
class NoticeBoard:
    pdf_path: str = strawberry.field(description="A page for each notice, below this server's address. PDF 地址")
    valid_until_on: date = strawberry.field(description="The last day on which the address holds. 有效期至")


@strawberry.type
class NoticeQueries:
    """Root fields for who hangs notices and who answers for them."""

    @strawberry.field(
        description="The address of a notice or announcement; null for one that is not to be seen. 公示公告网址"
    )
    async def notice_address(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Which notice. 公示公告标识")]
    ) -> NoticeAddress | None:
        actor, mac = info.context.actor, info.context.mac

        async def made() -> NoticeAddress | None:
            try:
                notice_id = uuid.UUID(id)
            except ValueError:
                return None
            there = select(Notice.id).where(Notice.id == bindparam("notice", type_=Uuid()), sees_case(Notice))
            given = viewer_parameters(actor.viewer) | {"notice": notice_id}
            if await info.context.carry_out(lambda db: db.scalar(there, given)) is None:
                return None
            path = f"{NOTICE_PAGE}/{notice_address(notice_id, mac)}"
            return NoticeAddress(page_path=path, pdf_path=f"{path}/pdf")

        return await asked(info, made)

    @strawberry.field(
        description="The notice board of a village of the viewer's own region, for officers; null for any other. 村公示栏"
    )
    async def notice_board(
        self,
        info: Info,
        village_code: Annotated[RegionCode, strawberry.argument(description="The village's 12 digits. 行政村代码")],
    ) -> NoticeBoard | None:
        actor, mac = info.context.actor, info.context.mac

        async def made() -> NoticeBoard | None:
            is_officer = not actor.viewer.roles.isdisjoint(OFFICER_ROLES)
            if not (is_officer and VILLAGE.fullmatch(village_code) and actor.viewer.sees_region(village_code)):
                return None
            board = board_of(village_code, actor.today)
            return NoticeBoard(pdf_path=f"{NOTICE_PAGE}/board/{board.address(mac)}", valid_until_on=board.until_on)

        return await asked(info, made)
