"""What a visit counts for, what its clocks say, and how credible it is; every instant and distance is an argument.

A visit has three clocks: `occurred_at` and `captured_at` by the phone, `received_at` by the server. Months and dates
are China Standard Time (UTC+8, no summer time since 1992). Credibility is *explained and never rejects*: each note
states what was seen, in figures, and a person judges.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Final

CHINA_STANDARD_TIME = timezone(timedelta(hours=8), "CST")


class VisitContact(StrEnum):
    """How the family was reached (联系方式)."""

    IN_PERSON = "IN_PERSON"
    REMOTE = "REMOTE"
    NOBODY_HOME = "NOBODY_HOME"


class CredibilityCode(StrEnum):
    """What can be odd about a visit, in the order in which notes are given."""

    NO_LOCATION = "NO_LOCATION"
    NO_DWELLING = "NO_DWELLING"
    TOO_FAR = "TOO_FAR"
    INACCURATE = "INACCURATE"
    MOCK_LOCATION = "MOCK_LOCATION"
    IMPOSSIBLE_SPEED = "IMPOSSIBLE_SPEED"
    REPEATED_PHOTO = "REPEATED_PHOTO"
    CLOCK_SKEW = "CLOCK_SKEW"
    LATE = "LATE"


@dataclass(frozen=True, slots=True)
class CredibilityNote:
    """One odd thing, with its figures. The keys of `detail` are public: camelCase, naming their unit."""

    code: CredibilityCode
    detail: Mapping[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VisitPolicy:
    """Where a visit begins to look odd, in a division on a day. The defaults are those of the catalogue
    (domain/policy/data/parameters.csv, which says what each stands on).

    `future_tolerance_seconds` is the program's own: a clock is judged before it is known which family is meant, and so
    whose policy.
    """

    fence_metres: float = 200
    accuracy_limit_metres: float = 100
    speed_limit_kmh: float = 120
    speed_ignored_within_metres: float = 500
    clock_skew_tolerance_seconds: int = 300
    late_after_hours: int = 72
    future_tolerance_seconds: int = 300

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> VisitPolicy:
        """From the values in force, by parameter."""
        return cls(
            fence_metres=values["FENCE"],
            accuracy_limit_metres=values["ACCURACY_LIMIT"],
            speed_limit_kmh=values["SPEED_LIMIT"],
            speed_ignored_within_metres=values["SPEED_IGNORED_WITHIN"],
            clock_skew_tolerance_seconds=values["CLOCK_SKEW_TOLERANCE"],
            late_after_hours=values["LATE_AFTER"],
        )


VISIT_PARAMETERS: Final = (
    "FENCE",
    "ACCURACY_LIMIT",
    "SPEED_LIMIT",
    "SPEED_IGNORED_WITHIN",
    "CLOCK_SKEW_TOLERANCE",
    "LATE_AFTER",
)


@dataclass(frozen=True, slots=True)
class NeighbouringVisit:
    """Another visit of the same helper, shortly before or after; `metres_away` as the crow flies."""

    occurred_at: datetime
    metres_away: float


@dataclass(frozen=True, slots=True)
class RepeatedPhoto:
    """A photo of this visit whose bytes (SHA-256, in hex) are in `other_visits` other visits too, one at least."""

    sha256: str
    other_visits: int


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """What is known of a visit when it is judged. Metres on the ellipsoid, all finite; instants with an offset.

    `distance_to_dwelling_metres` is given exactly when the visit and the dwelling both have a location; otherwise
    ValueError. `accuracy_metres` is what the phone stated; None when it stated nothing.
    """

    occurred_at: datetime
    sent_at: datetime
    received_at: datetime
    has_location: bool
    has_dwelling: bool
    distance_to_dwelling_metres: float | None = None
    accuracy_metres: float | None = None
    is_mocked: bool = False
    neighbours: tuple[NeighbouringVisit, ...] = ()
    repeated_photos: tuple[RepeatedPhoto, ...] = ()

    def __post_init__(self) -> None:
        if (self.distance_to_dwelling_metres is not None) != (self.has_location and self.has_dwelling):
            raise ValueError("a distance needs the visit's and the dwelling's location, and both make a distance")


def credibility(facts: VisitFacts, policy: VisitPolicy) -> tuple[CredibilityNote, ...]:
    """Everything odd about a visit, in the order of CredibilityCode; an empty tuple when nothing is.

    Limits are inclusive: what lies exactly on one is not odd. Figures are rounded before they are judged (to
    decimetres, tenths of km/h and of hours, seconds), so that no note says "200.0 m, beyond 200 m". Photos repeat in
    the order of their hashes.
    """
    return (*_place(facts, policy), *_movement(facts, policy), *_photos(facts), *_clocks(facts, policy))


def _place(facts: VisitFacts, policy: VisitPolicy) -> Iterator[CredibilityNote]:
    if not facts.has_location:
        yield CredibilityNote(CredibilityCode.NO_LOCATION)
    if not facts.has_dwelling:
        yield CredibilityNote(CredibilityCode.NO_DWELLING)
    if facts.distance_to_dwelling_metres is not None:
        distance = round(facts.distance_to_dwelling_metres, 1)
        if distance > policy.fence_metres:
            figures = {"distanceMetres": distance, "fenceMetres": policy.fence_metres}
            yield CredibilityNote(CredibilityCode.TOO_FAR, figures)
    if facts.accuracy_metres is not None:
        accuracy = round(facts.accuracy_metres, 1)
        # A negative accuracy is how iOS says that a fix is invalid.
        if not 0 <= accuracy <= policy.accuracy_limit_metres:
            figures = {"accuracyMetres": accuracy, "limitMetres": policy.accuracy_limit_metres}
            yield CredibilityNote(CredibilityCode.INACCURATE, figures)
    if facts.is_mocked:
        yield CredibilityNote(CredibilityCode.MOCK_LOCATION)


def _movement(facts: VisitFacts, policy: VisitPolicy) -> Iterator[CredibilityNote]:
    """One note at most: the fastest of the journeys to and from neighbouring visits."""
    journeys = [
        (_kilometres_per_hour(visit.metres_away, facts.occurred_at - visit.occurred_at), round(visit.metres_away, 1))
        for visit in facts.neighbours
        if visit.metres_away > policy.speed_ignored_within_metres
    ]
    speed, metres = max(journeys, default=(0.0, 0.0))
    if speed > policy.speed_limit_kmh:
        figures = {
            "kilometresPerHour": speed,
            "limitKilometresPerHour": policy.speed_limit_kmh,
            "metresAway": metres,
        }
        yield CredibilityNote(CredibilityCode.IMPOSSIBLE_SPEED, figures)


def _kilometres_per_hour(metres: float, apart: timedelta) -> float:
    # Two visits at one instant would be infinitely fast, and infinity is no JSON: a second is the shortest journey.
    return round(metres * 3.6 / max(abs(apart.total_seconds()), 1.0), 1)


def _photos(facts: VisitFacts) -> Iterator[CredibilityNote]:
    # The other visits are counted and not named: they may belong to a household that the reader must not know of.
    for photo in sorted(facts.repeated_photos, key=lambda photo: photo.sha256):
        yield CredibilityNote(
            CredibilityCode.REPEATED_PHOTO, {"sha256": photo.sha256, "otherVisits": photo.other_visits}
        )


def _clocks(facts: VisitFacts, policy: VisitPolicy) -> Iterator[CredibilityNote]:
    # Positive: the phone is ahead of the server. The way of the request itself makes it slightly negative.
    skew_seconds = round((facts.sent_at - facts.received_at).total_seconds())
    if abs(skew_seconds) > policy.clock_skew_tolerance_seconds:
        yield CredibilityNote(CredibilityCode.CLOCK_SKEW, {"skewSeconds": skew_seconds})
    late_hours = round((facts.received_at - facts.occurred_at).total_seconds() / 3600, 1)
    if late_hours > policy.late_after_hours:
        yield CredibilityNote(CredibilityCode.LATE, {"hours": late_hours})


def counts_as_monthly_visit(
    *,
    contact: VisitContact,
    is_form_complete: bool,
    is_adult_met: bool,
    is_whole_family_away: bool,
    is_by_key_helper: bool,
) -> bool:
    """Whether one visit satisfies the monthly duty of its household (重点帮扶 "at least monthly"; basis CONVENTION).

    It does when a helper whose key-help role was active at `occurred_at` filled the whole form and met an adult
    member. A call counts (the adult then was met by phone or video) only where the whole family is away; nobody home
    never does: that is an attempt. A missing location is not even asked for. The half-yearly door visit to absent
    families is another duty.
    """
    is_reached = contact == VisitContact.IN_PERSON or (contact == VisitContact.REMOTE and is_whole_family_away)
    return is_by_key_helper and is_form_complete and is_adult_met and is_reached


def china_date(instant: datetime) -> date:
    """The calendar day of an instant in China Standard Time. ValueError for a datetime without an offset."""
    if instant.utcoffset() is None:
        # astimezone() would take it for the server's local time, and be right by luck only.
        raise ValueError("an instant needs an offset")
    return instant.astimezone(CHINA_STANDARD_TIME).date()


def china_month(instant: datetime) -> date:
    """The first day of an instant's month in China Standard Time. ValueError for a datetime without an offset."""
    return china_date(instant).replace(day=1)


def late_by_seconds(occurred_at: datetime, received_at: datetime) -> int:
    """Whole seconds from a visit to its arrival; never negative, never more than a GraphQL Int holds (68 years)."""
    return min(max(math.floor((received_at - occurred_at).total_seconds()), 0), 2**31 - 1)


def clock_problem(occurred_at: datetime, sent_at: datetime, now: datetime, tolerance_seconds: int) -> str | None:
    """DATE_IN_FUTURE when a visit is said to happen after it was sent, or after the server's `now`; None when all is well.

    The first compares the phone with itself, the second with us; either may be passed by the tolerance.
    """
    tolerance = timedelta(seconds=tolerance_seconds)
    return "DATE_IN_FUTURE" if occurred_at - min(sent_at, now) > tolerance else None


_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
# A day of room at either end of what datetime can hold, so that no later change of offset overflows.
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)


def parse_instant(text: str) -> datetime | None:
    """An instant in UTC from RFC 3339 text with its offset, as clients send it; None for anything else. Never raises.

    Digits beyond the microsecond are cut off. Second 60 (a leap second) is refused: no phone's clock shows it.
    """
    if not _RFC_3339.fullmatch(text):
        return None
    try:
        instant = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):  # the 30th of February; the year 0000; past the ends of the calendar
        return None
    return instant if _EARLIEST <= instant < _LATEST else None
