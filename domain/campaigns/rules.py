"""Decisions about campaigns and what organisations report of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from domain.access.rules import GrantRole
from domain.base.errors import Problem

# A campaign is agreed above the village and the township (省民政厅、省扶贫办联合印发, S1).
OPENS_CAMPAIGNS: Final = frozenset({GrantRole.COUNTY_OFFICER, GrantRole.PREFECTURE_OFFICER, GrantRole.PROVINCE_OFFICER})
# Who tells of an activity: the organisation itself, and the officers of the village's region.
REPORTS: Final = frozenset(
    {GrantRole.PARTNER, GrantRole.DEPARTMENT, GrantRole.VILLAGE_OFFICER, GrantRole.TOWNSHIP_OFFICER, *OPENS_CAMPAIGNS}
)
NAME_LIMIT: Final = 100
DOCUMENT_LIMIT: Final = 200
TEXT_LIMIT: Final = 2000
MOST_PHOTOS: Final = 9
MOST_PEOPLE: Final = 10_000_000
MOST_TARGET: Final = 1_000_000
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_IMAGES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic"})


def target_problems(organisations: int, villages: int) -> list[Problem]:
    """OUT_OF_RANGE: a campaign has targets (引导动员1000家社会组织与1000个老区村结对, S1)."""
    given = {"targetOrganisations": organisations, "targetVillages": villages}
    limits = {"at_least": 1, "at_most": MOST_TARGET}
    return [
        Problem("OUT_OF_RANGE", ("input", field), limits)
        for field, number in given.items()
        if not 1 <= number <= MOST_TARGET
    ]


def days_problems(from_on: date | None, until_on: date | None) -> list[Problem]:
    """END_BEFORE_START: the first day after it comes after its first day."""
    if from_on is None or until_on is None or until_on > from_on:
        return []
    return [Problem("END_BEFORE_START", ("input", "untilOn"), {"startedOn": from_on})]


def activity_problems(
    role: str, happened_on: date | None, held: tuple[date, date | None], campaign: tuple[str, date, date | None]
) -> list[Problem]:
    """NOT_IN_CAMPAIGN: the pairing is in another role, or the day is outside the campaign or the pairing.

    held, campaign: the first day and the first day after, the campaign's role before them.
    """
    campaign_role, from_on, until_on = campaign
    started_on, ended_on = held
    if role != campaign_role:
        return [Problem("NOT_IN_CAMPAIGN", ("input", "pairingId"))]
    if happened_on is None:
        return []
    begins, ends = max(from_on, started_on), min(until_on or date.max, ended_on or date.max)
    return [] if begins <= happened_on < ends else [Problem("NOT_IN_CAMPAIGN", ("input", "happenedOn"))]


def photo_problems(photos: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """TOO_MANY, SHA256_INVALID, MEDIA_TYPE_UNKNOWN, OUT_OF_RANGE: photos are known by their hash, nine at most."""
    if len(photos) > MOST_PHOTOS:
        return [Problem("TOO_MANY", ("input", "photos"), {"limit": MOST_PHOTOS})]
    problems = []
    for position, photo in enumerate(photos):
        path = ("input", "photos", str(position))
        if not _SHA256.fullmatch(photo["sha256"]):
            problems.append(Problem("SHA256_INVALID", (*path, "sha256")))
        if photo["mediaType"] not in _IMAGES:
            problems.append(Problem("MEDIA_TYPE_UNKNOWN", (*path, "mediaType"), {"mediaType": photo["mediaType"][:80]}))
        if not 0 < photo["byteSize"] <= 20_000_000:
            problems.append(Problem("OUT_OF_RANGE", (*path, "byteSize"), {"at_least": 1, "at_most": 20_000_000}))
    return problems
