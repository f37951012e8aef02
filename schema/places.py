"""Places on earth: a pair of coordinates says what it is measured against, in and out."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.base.datum import Datum
from schema.enums import described_enum

described_enum(
    Datum,
    "What coordinates are measured against: satellites WGS84, Amap and Tencent GCJ02, Baidu BD09. 坐标系",
    WGS84="What satellites and phones give. 世界大地测量系统",
    CGCS2000="China's geodetic system; taken to be WGS84. 国家大地坐标系",
    GCJ02="Maps of Amap and Tencent. 火星坐标系(高德、腾讯)",
    BD09="Maps of Baidu. 百度坐标系",
)


InDatum = Annotated[Datum, strawberry.argument(description="What the coordinates are wanted in. 坐标系")]


@strawberry.type(description="A point with its datum. 坐标点")
class GeoPoint:
    longitude: float = strawberry.field(description="Degrees east. 经度")
    latitude: float = strawberry.field(description="Degrees north. 纬度")
    datum: Datum = strawberry.field(description="What the two are measured against. 坐标系")
    accuracy_metres: float | None = strawberry.field(description="As the device stated it, in metres. 精度(米)")
    is_blurred: bool = strawberry.field(
        description="Rounded to about a kilometre, for who does not meet the family. 是否模糊化"
    )


@strawberry.input(description="A point as the client measured it; its datum is declared and never guessed. 坐标点")
class GeoPointInput:
    longitude: float = strawberry.field(description="Degrees east, -180 to 180. 经度")
    latitude: float = strawberry.field(description="Degrees north, -90 to 90. 纬度")
    datum: str = strawberry.field(description="WGS84, CGCS2000, GCJ02 or BD09. 坐标系")
    accuracy_metres: float | None = strawberry.field(default=UNSET, description="As the device states it. 精度(米)")
    is_mocked: bool | None = strawberry.field(
        default=UNSET, description="Whether the device says that the place is made up. 是否模拟定位"
    )
    captured_at: str | None = strawberry.field(
        default=UNSET, description="When the device measured it, with its offset. 定位时刻"
    )
