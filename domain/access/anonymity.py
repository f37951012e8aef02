"""Counts that give nobody away (K-匿名): what may be told of small numbers to those who do not see the families. Pure.

A count under `least` tells of few, and whoever knows the place knows whom. It is not enough to leave it out where its
neighbours and their sum are told: then it is the difference. So what is left out below one region is, in sum, nothing or
`least` at least.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

LEAST: Final = 5  # ASSUMPTION: what is usual in published tables
LEVELS: Final = (6, 9, 12)  # lengths of the codes of county, township and village


def told(villages: Mapping[str, int], least: int = LEAST) -> dict[str, int]:
    """What may be told of one county's counts by village: counts by code, of the county, its townships and villages.

    A region is told if its count is `least` or more and the region above it is told. Where those of its neighbours that
    are too small would be the difference to the sum, the smallest of the others are left out as well, until all that is
    left out is `least` or more. Nobody is left out to hide zero. What is told of one region does not depend on which
    region was asked about, so that two answers cannot be subtracted either.
    """
    counts = told_exactly(villages)
    published = {code: count for code, count in counts.items() if len(code) == LEVELS[0] and count >= least}
    for above, below in pairwise(LEVELS):
        children = defaultdict(list)
        for code, count in counts.items():
            if len(code) == below and code[:above] in published and count:
                children[code[:above]].append((count, code))
        for siblings in children.values():
            published |= _told_of(sorted(siblings), least)
    return published


def told_exactly(villages: Mapping[str, int]) -> dict[str, int]:
    """The counts of villages, and of the townships and the county above them, all of them: for who sees the families."""
    counts: dict[str, int] = defaultdict(int)
    for code, count in villages.items():
        for length in LEVELS:
            counts[code[:length]] += count
    return dict(counts)


def _told_of(siblings: list[tuple[int, str]], least: int) -> dict[str, int]:
    """Of regions under one that is told, the smallest first."""
    hidden = position = 0
    while position < len(siblings) and (siblings[position][0] < least or 0 < hidden < least):
        hidden += siblings[position][0]
        position += 1
    return {code: count for count, code in siblings[position:]}
