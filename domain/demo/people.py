"""Names that nobody was given: plausible ones made of syllables, by ethnicity, sex and family."""

from __future__ import annotations

import random
from typing import Final

# People whom the newspapers of the sources name. The demo must not tell stories about them.
NAMED_IN_THE_SOURCES: Final = frozenset(
    {"付怀芹", "李守春", "陈本祥", "王兆霞", "陈必喜", "武文芳", "麦麦提敏", "努尔麦麦提", "肉孜古丽", "麦麦提吐尔孙"}
)

_MEN_FIRST, _MEN_SECOND = "志建文德海国永金明长兴振家世学", "明华强平山祥福生军林辉荣旺贵民"
_WOMEN_FIRST, _WOMEN_SECOND = "秀桂玉美丽淑月春雪凤金爱小慧红", "兰英珍芳梅琴霞娟莲香花珠云萍燕"
_CHILDREN_FIRST, _CHILDREN_SECOND = "子雨梓欣佳浩一思宇诗俊可嘉若", "轩涵怡博琪睿瑶诚彤阳妍晨宁"
_UYGUR_MEN = (
    *("艾力", "买买提", "吐尔逊", "阿不都拉", "卡德尔", "依明"),
    *("玉素甫", "托合提", "库尔班", "热合曼", "艾尼瓦尔", "亚森"),
)
_UYGUR_WOMEN = (
    *("阿依古丽", "帕提古丽", "热依汗", "古丽努尔", "米娜瓦尔"),
    *("阿米娜", "布合力其", "海丽切", "祖丽皮亚", "再乃普"),
)


def name(chance: random.Random, ethnicity: str, surname: str, sex: str, age: int) -> str:
    """A made-up name. `surname`: the family's, or for Uygur people the father's given name."""
    while True:
        made = _uygur(chance, surname, sex) if ethnicity == "UYGUR" else _han(chance, surname, sex, age)
        if NAMED_IN_THE_SOURCES.isdisjoint({made, *made.split("·")}):
            return made


def surname(chance: random.Random, ethnicity: str, common: str) -> str:
    """What a family is called: one of the village's names, or a grandfather's given name."""
    return chance.choice(_UYGUR_MEN if ethnicity == "UYGUR" else common)


def _han(chance: random.Random, surname: str, sex: str, age: int) -> str:
    if age < 20:
        first, second = _CHILDREN_FIRST, _CHILDREN_SECOND
    elif sex == "MALE":
        first, second = _MEN_FIRST, _MEN_SECOND
    else:
        first, second = _WOMEN_FIRST, _WOMEN_SECOND
    given = chance.choice(first) + chance.choice(second)
    return surname + (given if chance.random() < 0.85 else given[1])


def _uygur(chance: random.Random, surname: str, sex: str) -> str:
    return f"{chance.choice(_UYGUR_MEN if sex == 'MALE' else _UYGUR_WOMEN)}·{surname}"
