"""The rules of campaigns: each row is a case and the reason for its answer."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.campaigns.rules import activity_problems, days_problems, photo_problems, target_problems

BEGAN, ENDS, JOINED, LEFT = date(2020, 1, 1), date(2022, 1, 1), date(2020, 5, 1), date(2021, 5, 1)
PHOTO = {"sha256": "a" * 64, "byteSize": 1000, "mediaType": "image/jpeg"}


@pytest.mark.parametrize(
    ("organisations", "villages", "fields"),
    [
        (1000, 1000, []),
        (0, 1, ["targetOrganisations"]),
        (1, 10**7, ["targetVillages"]),
        (-1, 0, ["targetOrganisations", "targetVillages"]),
    ],
)
def test_a_campaign_has_targets(organisations: int, villages: int, fields: list[str]) -> None:
    assert [one.path[1] for one in target_problems(organisations, villages)] == fields


@pytest.mark.parametrize(
    ("from_on", "until_on", "codes"),
    [
        (BEGAN, ENDS, []),
        (BEGAN, None, []),
        (None, ENDS, []),
        (ENDS, BEGAN, ["END_BEFORE_START"]),
        (BEGAN, BEGAN, ["END_BEFORE_START"]),
    ],
)
def test_a_campaign_lasts_a_day_at_least(from_on: date | None, until_on: date | None, codes: list[str]) -> None:
    assert [one.code for one in days_problems(from_on, until_on)] == codes


@pytest.mark.parametrize(
    ("reason", "role", "day", "left", "ends", "field"),
    [
        ("within both", "SUNSHINE_HAND", date(2020, 6, 1), None, None, None),
        ("another role", "SPONSORSHIP", date(2020, 6, 1), None, None, "pairingId"),
        ("before they joined hands", "SUNSHINE_HAND", date(2020, 4, 30), None, None, "happenedOn"),
        ("the day they parted", "SUNSHINE_HAND", LEFT, LEFT, None, "happenedOn"),
        ("the day before", "SUNSHINE_HAND", date(2021, 4, 30), LEFT, None, None),
        ("after the campaign", "SUNSHINE_HAND", ENDS, None, ENDS, "happenedOn"),
        ("a day that could not be read is told elsewhere", "SUNSHINE_HAND", None, None, None, None),
    ],
)
def test_an_activity_is_of_its_campaign(
    reason: str, role: str, day: date | None, left: date | None, ends: date | None, field: str | None
) -> None:
    found = activity_problems(role, day, (JOINED, left), ("SUNSHINE_HAND", BEGAN, ends))
    assert [(one.code, one.path[1]) for one in found] == ([("NOT_IN_CAMPAIGN", field)] if field else []), reason


@pytest.mark.parametrize(
    ("photos", "codes"),
    [
        ([], []),
        ([PHOTO] * 9, []),
        ([PHOTO] * 10, ["TOO_MANY"]),
        ([PHOTO | {"sha256": "A" * 64}], ["SHA256_INVALID"]),
        ([PHOTO | {"mediaType": "application/pdf"}], ["MEDIA_TYPE_UNKNOWN"]),
        ([PHOTO, PHOTO | {"byteSize": 0}], ["OUT_OF_RANGE"]),
    ],
)
def test_photos_are_known_by_their_hash(photos: list[dict[str, Any]], codes: list[str]) -> None:
    assert [one.code for one in photo_problems(photos)] == codes
