"""Webhooks' decisions: addresses, signatures, patience."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from domain.webhooks.rules import (
    ATTEMPTS,
    URL_CHARACTERS,
    Outcome,
    body_of,
    event_problems,
    is_past_bearing,
    is_public,
    pause_after,
    rest_after,
    signatures,
    url_problem,
    written_secret,
)
from tests.architecture.sources import ROOT

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),  # behind a carrier's NAT
        ("127.0.0.1", False),
        ("169.254.169.254", False),  # where clouds keep their credentials
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::ffff:8.8.8.8", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001::1", False),
        ("fc00::1", False),
        ("fe80::1%eth0", False),
        ("ff02::1", False),
        ("example.org", False),
    ],
)
def test_which_addresses_are_of_the_open_internet(address: str, expected: bool) -> None:
    assert is_public(address) is expected


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://hooks.example.org/ruhu?x=1", None),
        ("https://hooks.example.org:8443/", None),
        ("https://8.8.8.8/", None),
        ("https://[2606:4700::1111]/", None),
        ("http://hooks.example.org/", "URL_INVALID"),
        ("ftp://hooks.example.org/", "URL_INVALID"),
        ("https://", "URL_INVALID"),
        ("https:///x", "URL_INVALID"),
        ("https://a:b@example.org/", "URL_INVALID"),
        ("https://@example.org/", "URL_INVALID"),
        ("https://example.org/#x", "URL_INVALID"),
        ("https://example.org/ x", "URL_INVALID"),
        ("https://example.org/\r\nX: y", "URL_INVALID"),
        ("https://example.org\\@127.0.0.1/", "URL_INVALID"),
        ("https://例子.org/", "URL_INVALID"),
        ("https://example.org:99999/", "URL_INVALID"),
        ("https://[::1", "URL_INVALID"),
        ("https://127.0.0.1/", "URL_NOT_PUBLIC"),
        ("https://[::1]/", "URL_NOT_PUBLIC"),
        ("https://2130706433/", "URL_NOT_PUBLIC"),  # 127.0.0.1 in one number
        ("https://127.1/", "URL_NOT_PUBLIC"),
        ("https://0x7f.0.0.0x1/", "URL_NOT_PUBLIC"),
        ("https://localhost/", "URL_NOT_PUBLIC"),
        ("https://printer.local/", "URL_NOT_PUBLIC"),
        ("https://db.internal./", "URL_NOT_PUBLIC"),
        ("https://example.org/" + "x" * URL_CHARACTERS, "TOO_LONG"),
    ],
)
def test_where_an_endpoint_may_be(url: str, code: str | None) -> None:
    problem = url_problem(url, is_demo=False)
    assert (problem and problem.code) == code


@pytest.mark.parametrize("url", ["http://127.0.0.1:4000/hook", "http://localhost/", "https://example.org/"])
def test_in_the_demo_it_may_be_of_this_machine(url: str) -> None:
    assert url_problem(url, is_demo=True) is None


@pytest.mark.parametrize(
    ("events", "has_region", "codes"),
    [
        (["clue.raised"], True, []),
        ([], True, ["REQUIRED"]),
        (["clue.raised", "x"], True, ["UNKNOWN_CODE"]),
        (["clue.raised"], False, ["EVENT_NEEDS_REGION"]),
    ],
)
def test_what_an_endpoint_may_hear_of(events: list[str], has_region: bool, codes: list[str]) -> None:
    assert [problem.code for problem in event_problems(events, has_region=has_region)] == codes


def test_the_same_event_is_the_same_bytes() -> None:
    body = body_of("clue.raised", NOW, {"sign": "ILLNESS", "clueId": "1"})
    assert body == b'{"data":{"clueId":"1","sign":"ILLNESS"},"timestamp":"2026-11-22T12:00:00Z","type":"clue.raised"}'


def test_a_signature_is_that_of_the_standards_own_example() -> None:
    """Standard Webhooks 1.0, the specification's example of the symmetric scheme."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    told = signatures([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def verify_of_the_manual() -> object:
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    return names["verify"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"body": b'{"type":"clue.settled"}'}, False),
        ({"id": "another"}, False),
        ({"timestamp": str(int(NOW.timestamp()) + 1)}, False),
        ({"now": NOW.timestamp() + 301}, False),
        ({"now": NOW.timestamp() - 301}, False),
        ({"secret": written_secret(b"x" * 32)}, False),
        ({"signature": "v1,", "now": NOW.timestamp()}, False),
    ],
)
def test_receivers_verify_with_the_code_of_the_manual(changed: dict[str, object], expected: bool) -> None:
    old, new, body, at = (
        written_secret(b"a" * 32),
        written_secret(b"b" * 32),
        b'{"type":"clue.raised"}',
        int(NOW.timestamp()),
    )
    signed = signatures([new, old], "m1", at, body)
    for secret in (old, new):  # during a rotation either will do
        given = {
            "secret": secret,
            "id": "m1",
            "timestamp": str(at),
            "signature": signed,
            "body": body,
            "now": NOW.timestamp(),
        }
        verify = verify_of_the_manual()
        assert verify(**{**given, **changed}) is expected  # type: ignore[operator]


def test_it_is_tried_for_a_day_ever_more_rarely() -> None:
    shortest, longest = ([pause_after(n, chance) for n in range(1, ATTEMPTS)] for chance in (0.0, 0.999))
    assert shortest[0] == timedelta(seconds=12)
    assert all(a and b and a < b for a, b in zip(shortest, longest, strict=True))
    assert timedelta(hours=20) < sum(filter(None, shortest), timedelta()) < timedelta(hours=24)
    assert timedelta(hours=30) < sum(filter(None, longest), timedelta()) < timedelta(hours=33)
    assert pause_after(ATTEMPTS, 0.5) is None


@pytest.mark.parametrize(("failures", "seconds"), [(1, None), (2, None), (3, 30), (4, 60), (9, 1800), (500, 1800)])
def test_an_endpoint_that_fails_again_and_again_rests(failures: int, seconds: int | None) -> None:
    rest = rest_after(failures)
    assert (rest and rest.total_seconds()) == seconds


def test_after_five_days_of_failures_it_is_enough() -> None:
    assert not is_past_bearing(NOW - timedelta(days=5, seconds=-1), NOW)
    assert is_past_bearing(NOW - timedelta(days=5), NOW)


@pytest.mark.parametrize(
    ("status", "expected"), [(200, True), (204, True), (302, False), (410, False), (500, False), (None, False)]
)
def test_only_an_answer_of_2xx_is_a_delivery(status: int | None, expected: bool) -> None:
    assert Outcome(status, None if status else "NO_ANSWER", timedelta()).is_delivered is expected
