"""Administrative divisions and villages: readable to everybody, with or without an account."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import strawberry

from domain.regions import models as m
from domain.regions.queries import full_name, named_like
from domain.regions.rules import RegionLevel
from schema.engine import (
    CountedConnection,
    by,
    described,
    entity,
    everyone,
    one,
    page,
    pages,
    planned,
    shows,
)
from schema.enums import described_enum
from schema.node import Node
from schema.scalars import RegionCode

described_enum(
    RegionLevel,
    "The five levels of the five-level linkage (五级联动). 行政级别",
    PROVINCE="A province, autonomous region or municipality; 2 digits. 省级",
    PREFECTURE="A prefecture or city; 4 digits. 地级",
    COUNTY="A county, district or county-level city; 6 digits. 县级",
    TOWNSHIP="A township, town or street; 9 digits. 乡级",
    VILLAGE="A village or community; 12 digits. 村级",
)

IN_CODE_ORDER = by(m.Region.code)
IN_FORCE = m.Region.valid_to.is_(None)


@entity(m.Region, scope=everyone())
class Region:
    """An administrative division of one of the five levels. 行政区划"""

    code: RegionCode = described("Its statistical code; a code's prefix is the division above. 统计用区划代码")
    name: str = described("Its own name, like 富泉乡. 名称")
    full_name: str = shows(full_name(), description="All names from the province down, as in an address. 全称")
    level: RegionLevel = described("Which of the five levels. 级别")
    parent: Region | None = described("The division above; null for a province. 上级区划")
    children: CountedConnection[Region] = pages(
        m.Region.children,
        IN_FORCE,
        order=IN_CODE_ORDER,
        description="The divisions directly below that are in force. 下级区划",
    )
    village: Village | None = described("The village, where this is a division of the fifth level. 行政村")
    valid_from: date = described("Known since: the day the published codes describe. 启用日期")
    valid_to: date | None = described("The first day on which it is no longer in force; null while it is. 停用日期")
    successor: Region | None = described("What it became part of when it was merged. 撤并后的区划")


@entity(m.Village, scope=everyone())
class Village(Node):
    """An administrative village or community. 行政村(社区)"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    code: RegionCode = RegionCode(
        shows(m.Village.region_code, description="The 12-digit code of its division. 统计用区划代码")
    )
    region: Region = described("The division that it is. 所属区划")


@strawberry.type
class RegionQueries:
    """Root fields about divisions."""

    @planned
    def region(
        self,
        code: Annotated[
            RegionCode, strawberry.argument(description="Its code; padded with zeros to 12 digits is fine. 区划代码")
        ],
    ) -> Region | None:
        """One division by its code, in force or not. 按代码查区划"""
        return one(Region, m.Region.code == code)

    @planned
    def village(
        self,
        code: Annotated[RegionCode, strawberry.argument(description="The 12-digit code of its division. 行政村代码")],
    ) -> Village | None:
        """One village by its code. 按代码查行政村"""
        return one(Village, m.Village.region_code == code)

    @planned
    def regions(
        self,
        within: Annotated[
            RegionCode | None,
            strawberry.argument(description="Only this division and what lies below it. 上级区划代码"),
        ] = None,
        level: Annotated[RegionLevel | None, strawberry.argument(description="Only of this level. 级别")] = None,
        search: Annotated[
            str | None,
            strawberry.argument(description="Part of the name; one or two characters: its beginning. 名称关键字"),
        ] = None,
        first: Annotated[
            int, strawberry.argument(description="How many rows to bring at most; over 500 is an error. 每页行数")
        ] = 50,
        after: Annotated[
            str | None, strawberry.argument(description="The cursor after which the page begins. 起始游标")
        ] = None,
    ) -> CountedConnection[Region]:
        """Divisions in force, in the order of their codes. 区划列表"""
        asked: list[Any] = [IN_FORCE]
        if within is not None:
            asked += [m.Region.code >= within, m.Region.code < within + ":"]
        if level is not None:
            asked.append(m.Region.level == level)
        if search is not None:
            asked.append(m.Region.code.in_(named_like(search)))
        return page(Region, *asked, order=IN_CODE_ORDER)
