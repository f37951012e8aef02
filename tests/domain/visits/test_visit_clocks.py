"""The clocks of a visit as tables: days in China, lateness, dates in the future, instants as phones write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.visits.rules import china_date, china_month, clock_problem, late_by_seconds, parse_instant

NOON = datetime(2026, 3, 14, 4, tzinfo=UTC)  # noon in China
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    ("reason", "instant", "on", "month"),
    [
        ("the last second of March in China", "2026-03-31T15:59:59Z", date(2026, 3, 31), date(2026, 3, 1)),
        ("midnight in China is still yesterday in UTC", "2026-03-31T16:00:00Z", date(2026, 4, 1), date(2026, 4, 1)),
        ("the offset sent does not matter", "2026-04-01T05:00:00+13:00", date(2026, 4, 1), date(2026, 4, 1)),
        ("a new year", "2025-12-31T16:00:00Z", date(2026, 1, 1), date(2026, 1, 1)),
        ("a leap day", "2028-02-29T12:00:00+08:00", date(2028, 2, 29), date(2028, 2, 1)),
    ],
)
def test_days_and_months_are_china_s(reason: str, instant: str, on: date, month: date) -> None:
    parsed = parse_instant(instant)
    assert parsed is not None
    assert china_date(parsed) == on, reason
    assert china_month(parsed) == month, reason


def test_a_datetime_without_offset_has_no_day_in_china() -> None:
    naive = datetime(2026, 3, 31, 23)  # noqa: DTZ001
    with pytest.raises(ValueError, match="needs an offset"):
        china_date(naive)
    with pytest.raises(ValueError, match="needs an offset"):
        china_month(naive)


@given(instants, offsets)
def test_the_day_in_china_is_that_of_the_instant_and_not_of_its_spelling(instant: datetime, offset: timezone) -> None:
    elsewhere = instant.astimezone(offset)

    assert china_date(elsewhere) == china_date(instant) == (instant + timedelta(hours=8)).date()
    assert china_month(elsewhere).day == 1


@pytest.mark.parametrize(
    ("reason", "later", "seconds"),
    [
        ("at once", timedelta(0), 0),
        ("begun seconds are not counted", timedelta(seconds=1, microseconds=999_999), 1),
        ("a phone ahead of the server is not early", timedelta(seconds=-90), 0),
        ("four days", timedelta(days=4), 345_600),
        ("a phone that woke up in 1900 still fits a GraphQL Int", timedelta(days=46_000), 2_147_483_647),
    ],
)
def test_lateness_in_seconds(reason: str, later: timedelta, seconds: int) -> None:
    assert late_by_seconds(NOON, NOON + later) == seconds, reason


@pytest.mark.parametrize(
    ("reason", "sent", "now", "problem"),
    [
        ("an ordinary visit, sent and received later", 3_600, 3_602, None),
        ("exactly the tolerance after sending", -300, 0, None),
        ("beyond the tolerance after sending: the phone contradicts itself", -301, 3_600, "DATE_IN_FUTURE"),
        ("exactly the tolerance after now", 0, -300, None),
        ("beyond the tolerance after now: the phone's clock is wrong", 3_600, -301, "DATE_IN_FUTURE"),
        ("beyond both", -301, -301, "DATE_IN_FUTURE"),
        ("years ago is late, not future", 10**9, 10**9, None),
    ],
)
def test_a_visit_in_the_future_is_a_value_fault(reason: str, sent: int, now: int, problem: str | None) -> None:
    answer = clock_problem(NOON, NOON + timedelta(seconds=sent), NOON + timedelta(seconds=now), 300)

    assert answer == problem, reason


@pytest.mark.parametrize(
    ("reason", "text", "instant"),
    [
        ("UTC", "2026-03-14T04:00:00Z", NOON),
        ("China", "2026-03-14T12:00:00+08:00", NOON),
        ("west of Greenwich", "2026-03-13T23:30:00-04:30", NOON),
        ("RFC 3339 does not mind small letters", "2026-03-14t04:00:00z", NOON),
        ("JavaScript's milliseconds", "2026-03-14T04:00:00.250Z", NOON.replace(microsecond=250_000)),
        ("one digit of a second is a tenth", "2026-03-14T04:00:00.5Z", NOON.replace(microsecond=500_000)),
        ("nanoseconds are cut", "2026-03-14T04:00:00.123456789Z", NOON.replace(microsecond=123_456)),
        ("an unknown local offset, as RFC 3339 writes it", "2026-03-14T04:00:00-00:00", NOON),
        ("no offset: which noon?", "2026-03-14T04:00:00", None),
        ("a date is no instant", "2026-03-14", None),
        ("a blank for the T", "2026-03-14 04:00:00Z", None),
        ("blanks around", " 2026-03-14T04:00:00Z", None),
        ("a line's end", "2026-03-14T04:00:00Z\n", None),
        ("no seconds", "2026-03-14T04:00Z", None),
        ("ISO 8601's basic form", "20260314T040000Z", None),
        ("ISO 8601's week", "2026-W11-6T04:00:00Z", None),
        ("a comma before the fraction", "2026-03-14T04:00:00,5Z", None),
        ("a point without a fraction", "2026-03-14T04:00:00.Z", None),
        ("an offset without its colon", "2026-03-14T12:00:00+0800", None),
        ("an offset in hours only", "2026-03-14T12:00:00+08", None),
        ("an offset with seconds", "2026-03-14T12:00:00+08:00:00", None),
        ("an offset of a day", "2026-03-14T12:00:00+24:00", None),
        ("a named zone", "2026-03-14T12:00:00+08:00[Asia/Shanghai]", None),
        ("a day that is not", "2026-02-29T04:00:00Z", None),
        ("a month that is not", "2026-13-01T04:00:00Z", None),
        ("hour 24", "2026-03-14T24:00:00Z", None),
        ("minute 60", "2026-03-14T04:60:00Z", None),
        ("a leap second", "2016-12-31T23:59:60Z", None),
        ("the year nought", "0000-01-01T00:00:00Z", None),
        ("before the calendar's first day once in UTC", "0001-01-01T00:00:00+08:00", None),
        ("after its last", "9999-12-31T23:59:59-08:00", None),
        ("too near the end to be told in China", "9999-12-31T23:59:59Z", None),
        ("full-width digits", "２０２６-03-14T04:00:00Z", None),
        ("Arabic digits", "٢٠٢٦-03-14T04:00:00Z", None),
        ("a number of milliseconds", "1773460800000", None),
        ("nothing", "", None),
        ("a NUL", "2026-03-14T04:00:00Z\0", None),
        ("half a surrogate pair", "\ud800", None),
    ],
)
def test_instants_are_rfc_3339_with_an_offset_and_nothing_else(
    reason: str, text: str, instant: datetime | None
) -> None:
    assert parse_instant(text) == instant, reason


@given(st.text() | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[-+][0-9]{2}:[0-9]{2}"))
def test_any_text_gives_an_instant_in_utc_or_none_and_never_raises(text: str) -> None:
    instant = parse_instant(text)

    if instant is not None:
        assert instant.tzinfo is UTC
        assert china_month(instant) <= china_date(instant)


@given(instants, offsets)
def test_what_python_writes_is_read_back_in_utc(instant: datetime, offset: timezone) -> None:
    parsed = parse_instant(instant.astimezone(offset).isoformat())

    assert parsed == instant
    assert parsed is not None
    assert parsed.tzinfo is UTC
