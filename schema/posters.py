"""The poster that hangs in a village: whoever scans it stands before the page on which one reports."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from domain.access.rules import OFFICER_ROLES
from domain.hardship.links import link_made
from domain.hardship.rules import VILLAGE
from schema.context import Info
from schema.errors import asked
from schema.scalars import RegionCode

REPORT_PAGE = "/report"


@strawberry.type(description="A village's poster with its QR code, made today. 一键报贫海报")
class ReportPoster:
    poster_path: str = strawberry.field(
        description="The page to print on A4, below this server's address; whoever has it may print it. 海报地址"
    )
    report_path: str = strawberry.field(description="Where its QR code leads. 二维码指向的地址")
    valid_until_on: date = strawberry.field(description="The last day on which the code is good. 有效期至")


@strawberry.type
class PosterQueries:
    """The root field for who hangs posters."""

    @strawberry.field(
        description="A poster for a village of the viewer's own region, for officers; null for any other. 村级报贫海报"
    )
    async def report_poster(
        self,
        info: Info,
        village_code: Annotated[RegionCode, strawberry.argument(description="The village's 12 digits. 行政村代码")],
    ) -> ReportPoster | None:
        actor, mac = info.context.actor, info.context.mac

        async def made() -> ReportPoster | None:
            is_officer = not actor.viewer.roles.isdisjoint(OFFICER_ROLES)
            if not (is_officer and VILLAGE.fullmatch(village_code) and actor.viewer.sees_region(village_code)):
                return None
            link = link_made(village_code, actor.today)
            path = f"{REPORT_PAGE}/{link.text(mac)}"
            return ReportPoster(poster_path=f"{path}/poster", report_path=path, valid_until_on=link.until_on)

        return await asked(info, made)
