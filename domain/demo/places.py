"""Where the demo's families live: the real villages of the five sources, at approximate coordinates (WGS-84)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from domain.base.datum import Datum, from_wgs84

SPREAD = 0.006  # degrees around the village's middle, some 600 m


@dataclass(frozen=True, slots=True)
class DemoVillage:
    """A village of the demo: `area` numbers it in made-up identity numbers, `surnames` are what many there are called."""

    area: int
    code: str
    name: str
    longitude: float
    latitude: float
    surnames: str
    ethnicity: str = "HAN"


_EVERYWHERE = "陈林黄张吴李王郑刘杨"
_FUQUAN = "鄢林陈黄张谢"

VILLAGES: Final = (
    # 福州市 永泰县 富泉乡
    DemoVillage(1, "350125201201", "蜚英村", 118.921, 25.931, _FUQUAN),
    DemoVillage(2, "350125201202", "力华村", 118.938, 25.944, _FUQUAN),
    DemoVillage(3, "350125201203", "瑞应村", 118.905, 25.948, _FUQUAN),
    DemoVillage(4, "350125201204", "蜚安村", 118.929, 25.921, _FUQUAN),
    DemoVillage(5, "350125201205", "力星村", 118.946, 25.953, _FUQUAN),
    DemoVillage(6, "350125201206", "芭蕉村", 118.958, 25.966, _FUQUAN),
    DemoVillage(7, "350125201207", "德洋村", 118.889, 25.957, _FUQUAN),
    DemoVillage(8, "350125201208", "下院村", 118.914, 25.969, _FUQUAN),
    DemoVillage(9, "350125201209", "协星村", 118.933, 25.977, _FUQUAN),
    # 福州市 闽清县 上莲乡, 罗源县 霍口畲族乡 and 洪洋乡
    DemoVillage(10, "350124201201", "上莲村", 118.742, 26.049, "黄许陈林刘"),
    DemoVillage(11, "350124201210", "佳头村", 118.726, 26.061, "黄许陈林刘"),
    DemoVillage(12, "350123203203", "福湖村", 119.287, 26.512, "蓝雷钟", "SHE"),
    DemoVillage(13, "350123201201", "洪洋村", 119.437, 26.468, _EVERYWHERE),
    # 六安市 裕安区 独山镇
    DemoVillage(14, "341503104208", "太安村", 116.231, 31.602, "汪张刘王陶许"),
    DemoVillage(15, "341503104201", "龙井村", 116.244, 31.588, "汪张刘王陶许"),
    DemoVillage(16, "341503104212", "双峰村", 116.205, 31.575, "汪张刘王陶许"),
    # 邯郸市 魏县 前大磨乡, 馆陶县 馆陶镇
    DemoVillage(17, "130434205222", "和顺会村", 114.982, 36.287, "李张王郭申"),
    DemoVillage(18, "130433100229", "社里堡村", 115.302, 36.548, "李张王郭申"),
    # 喀什地区 英吉沙县 龙甫乡, 莎车县 阿瓦提镇
    DemoVillage(19, "653123202205", "艾日克拉村", 76.112, 38.986, "", "UYGUR"),
    DemoVillage(20, "653125104202", "兰干村", 77.318, 38.427, "", "UYGUR"),
    # 德州市 乐陵市 朱集镇
    DemoVillage(21, "371481101338", "朱集村", 117.297, 37.806, "张王李刘朱宋"),
    DemoVillage(22, "371481101352", "枣林村", 117.311, 37.793, "张王李刘朱宋"),
)
VILLAGE_BY_CODE: Final = {village.code: village for village in VILLAGES}


def near(village: DemoVillage, chance: random.Random, spread: float = SPREAD) -> tuple[float, float]:
    """A WGS-84 point in or about the village, to the decimetre that six decimals give."""
    longitude = village.longitude + chance.uniform(-spread, spread)
    latitude = village.latitude + chance.uniform(-spread, spread)
    return round(longitude, 6), round(latitude, 6)


def sent_as(point: tuple[float, float], datum: Datum) -> dict[str, float | str]:
    """The columns that keep what a phone sent, for a point that it knew in `datum`."""
    longitude, latitude = from_wgs84(*point, datum)
    return {"sent_longitude": longitude, "sent_latitude": latitude, "sent_datum": datum.value}
