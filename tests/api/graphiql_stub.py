"""A few regions behind the contract's names, so that the GraphiQL page can be tried before the real server exists."""

from datetime import date
from enum import Enum
from typing import NewType

import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from strawberry.asgi import GraphQL
from strawberry.schema.config import StrawberryConfig
from strawberry.types import Info

from api import graphiql

RegionCode = NewType("RegionCode", str)

NAMES = {
    "35": "福建省",
    "3501": "福州市",
    "350125": "永泰县",
    "350125201": "富泉乡",
    "350125201201": "蜚英村委会",
    "350125201202": "力华村委会",
    "350125201203": "瑞应村委会",
    "350125201204": "蜚安村委会",
    "350125201205": "力星村委会",
    "350125201206": "芭蕉村委会",
    "34": "安徽省",
    "3411": "滁州市",
    "341122": "来安县",
    "341122109": "独山镇",
    "37": "山东省",
    "3717": "菏泽市",
    "371724": "巨野县",
    "371724106": "独山镇",
}

PERSONAS = [
    {
        "name": "cadre",
        "title": {"zh": "帮扶干部 李桂芳", "en": "Cadre Li Guifang"},
        "about": {"zh": "富泉乡蜚英村，结对 5 户", "en": "Paired with 5 households in Feiying village"},
        "token": "token-of-cadre",
    },
    {
        "name": "county_officer",
        "title": {"zh": "县级干部 陈国强", "en": "County officer Chen Guoqiang"},
        "about": {"zh": "永泰县乡村振兴局", "en": "Rural revitalisation bureau, Yongtai county"},
        "token": "token-of-county_officer",
    },
    {
        "name": "anonymous",
        "title": {"zh": "未登录", "en": "Anonymous"},
        "about": {"zh": "任何打开网页的人", "en": "Anyone who opens the page"},
        "token": "",
    },
]


@strawberry.enum
class RegionLevel(Enum):
    PROVINCE = 2
    PREFECTURE = 4
    COUNTY = 6
    TOWNSHIP = 9
    VILLAGE = 12


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class RegionConnection:
    nodes: list["Region"]
    page_info: PageInfo


@strawberry.type
class Region:
    """A division of the country (行政区划)."""

    code: RegionCode = strawberry.field(description="国家统计局区划代码：2、4、6、9 或 12 位")
    valid_from: date | None = None
    valid_to: date | None = None
    successor: "Region | None" = None

    @strawberry.field(description="名称")
    def name(self) -> str:
        return NAMES[self.code]

    @strawberry.field(description="层级")
    def level(self) -> RegionLevel:
        return RegionLevel(len(self.code))

    @strawberry.field(description="全称，自省级起")
    def full_name(self) -> str:
        return "".join(NAMES[self.code[:digits]] for digits in (2, 4, 6, 9, 12) if digits <= len(self.code))

    @strawberry.field(description="上级")
    def parent(self) -> "Region | None":
        above = [digits for digits in (2, 4, 6, 9) if digits < len(self.code)]
        return Region(code=RegionCode(self.code[: above[-1]])) if above else None

    @strawberry.field(description="下级")
    def children(self, first: int = 50, after: str | None = None) -> RegionConnection:
        below = {2: 4, 4: 6, 6: 9, 9: 12, 12: 0}[len(self.code)]
        return page([code for code in NAMES if code.startswith(self.code) and len(code) == below], first, after)


def page(codes: list[str], first: int, after: str | None) -> RegionConnection:
    left = [code for code in sorted(codes) if code > (after or "")]
    shown = left[:first]
    return RegionConnection(
        nodes=[Region(code=RegionCode(code)) for code in shown],
        page_info=PageInfo(has_next_page=len(left) > first, end_cursor=shown[-1] if shown else None),
    )


@strawberry.type
class Viewer:
    id: strawberry.ID
    name: str
    kind: str
    permissions: list[str]


@strawberry.type
class Query:
    @strawberry.field(description="按代码取一个区划")
    def region(self, code: RegionCode) -> Region | None:
        return Region(code=code) if code in NAMES else None

    @strawberry.field(description="查找区划")
    def regions(
        self,
        within: RegionCode | None = None,
        level: RegionLevel | None = None,
        search: str | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> RegionConnection:
        codes = [
            code
            for code, name in NAMES.items()
            if code.startswith(within or "") and (level is None or len(code) == level.value) and (search or "") in name
        ]
        return page(codes, first, after)

    @strawberry.field(description="当前用户；未登录时为空")
    def viewer(self, info: Info) -> Viewer | None:
        token = info.context["request"].headers.get("Authorization", "").removeprefix("Bearer ")
        for persona in PERSONAS:
            if token and persona["token"] == token:
                language = info.context["request"].headers["Accept-Language"][:2]
                name = persona["title"][language]  # type: ignore[index]
                return Viewer(id=strawberry.ID(token), name=name, kind="HELPER", permissions=[])
        return None


schema = strawberry.Schema(
    Query, config=StrawberryConfig(scalar_map={RegionCode: strawberry.scalar(name="RegionCode")})
)
graphql = GraphQL(schema, graphql_ide=None)


async def ask(request: Request) -> Response:
    if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
        return graphiql.page(is_demo=True)
    return await graphql.run(request)


async def personas(_request: Request) -> Response:
    return JSONResponse(PERSONAS)


app = Starlette(
    routes=[
        Route("/graphql", ask, methods=["GET", "POST"]),
        WebSocketRoute("/graphql", graphql),
        Route("/graphql/personas", personas),
        *graphiql.routes(),
    ]
)
