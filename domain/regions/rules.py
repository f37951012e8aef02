"""Region codes: their levels, parents and written forms. Pure."""

from __future__ import annotations

import enum
import re


class RegionLevel(enum.StrEnum):
    """The five levels (五级). The number of digits of the code tells them apart."""

    PROVINCE = "PROVINCE"
    PREFECTURE = "PREFECTURE"
    COUNTY = "COUNTY"
    TOWNSHIP = "TOWNSHIP"
    VILLAGE = "VILLAGE"


DIGITS = {
    RegionLevel.PROVINCE: 2,
    RegionLevel.PREFECTURE: 4,
    RegionLevel.COUNTY: 6,
    RegionLevel.TOWNSHIP: 9,
    RegionLevel.VILLAGE: 12,
}
LEVELS = {digits: level for level, digits in DIGITS.items()}
_WRITTEN = re.compile(r"[1-9]\d{1}(\d{2}(\d{2}(\d{3}(\d{3})?)?)?)?", re.ASCII)


def region_code(text: str) -> str | None:
    """The code behind what somebody wrote, or None when it is none.

    Accepts 2, 4, 6, 9 and 12 digits, and the zero-padded 12-digit form that statistics use for every level:
    "350125000000" is the county 350125. Four real codes end in a part of zeros (441900, 442000, 460400: the one county of
    a prefecture without counties; 350527000): padded, they mean the division above, as in the statistics themselves.
    """
    if _WRITTEN.fullmatch(text) is None:
        return None
    if len(text) < 12:
        return text
    for end, start in ((12, 9), (9, 6), (6, 4), (4, 2)):
        if text[start:end].strip("0"):
            return text[:end]
    return text[:2]


def level_of(code: str) -> RegionLevel:
    """The level that a code's length says. KeyError for what is no code."""
    return LEVELS[len(code)]


def parent_code(code: str) -> str | None:
    """The code of the division above; None for a province.

    >>> parent_code("350125201")
    '350125'
    """
    return {2: None, 4: code[:2], 6: code[:4], 9: code[:6], 12: code[:9]}[len(code)]


def area_of(code: str) -> int:
    """The township of a village's or township's code as a number: the change feed's area and its lock's key."""
    return int(code[:9])
