"""Decisions about webhooks: where they may go, how they are signed, how long it is tried. Pure.

The form is that of Standard Webhooks 1.0 (headers webhook-id, webhook-timestamp, webhook-signature; scheme v1), so that
receivers find a library for it in their own language. What receivers rely on: docs/webhooks.md.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from domain.base.errors import Problem

DELIVER: Final = "deliver_webhook"  # the job's name
TEST_EVENT: Final = "webhook.test"
OF_A_REGION: Final = frozenset({"clue.raised"})  # a grant without a region hears nothing of these
EVENTS: Final = OF_A_REGION | {"pairing.changed"}  # what can be asked for
URL_CHARACTERS: Final = 500
MOST_ENDPOINTS: Final = 5  # in force, of one account

SECRET_BYTES: Final = 32
OLD_SECRET_GOOD_FOR: Final = timedelta(hours=24)

ATTEMPTS: Final = 11
FIRST_PAUSE: Final = timedelta(seconds=15)
GROWTH: Final = 2.5
JITTER: Final = 0.2

PATIENCE: Final = timedelta(seconds=10)  # for the whole of one request, names looked up and all
# An attempt that nobody has written down by then was its worker's last; shorter than the queue takes to miss a worker.
CLAIM: Final = timedelta(seconds=25)

FAILURES_BEFORE_REST: Final = 3
FIRST_REST: Final = timedelta(seconds=30)
LONGEST_REST: Final = timedelta(minutes=30)
DISABLED_AFTER: Final = timedelta(days=5)
KEPT_FOR: Final = timedelta(days=30)


class DeliveryState(enum.StrEnum):
    """What became of an event (推送状态)."""

    WAITING = "WAITING"
    DELIVERED = "DELIVERED"
    GIVEN_UP = "GIVEN_UP"
    CANCELLED = "CANCELLED"


class DisableReason(enum.StrEnum):
    """Why an endpoint is told nothing more (停用原因)."""

    BY_HAND = "BY_HAND"
    FAILING = "FAILING"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to. status: of the answer, where there was one; failure: a code where there was none."""

    status: int | None
    failure: str | None
    took: timedelta

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def is_public(address: str) -> bool:
    """Whether an IP address is of the open internet. What hides an IPv4 address in another form is not believed to be.

    >>> [is_public(a) for a in ("8.8.8.8", "10.0.0.1", "127.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "fe80::1%eth0")]
    [True, False, False, False, False, False]
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and any(ip in net for net in _IPV4_INSIDE):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


# ::/96 and IPv4-mapped, NAT64 (both prefixes), 6to4, Teredo: a gateway on the way may turn each into an inner address.
_IPV4_INSIDE: Final = tuple(
    map(
        ipaddress.IPv6Network,
        ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"),
    )
)


def url_problem(url: str, *, is_demo: bool) -> Problem | None:
    """What is wrong with an endpoint's address: URL_INVALID, TOO_LONG, URL_NOT_PUBLIC. In the demo it may be of this
    machine and without TLS. A name is looked up only when something is sent, each time anew."""
    path = ("input", "url")
    if len(url) > URL_CHARACTERS:
        return Problem("TOO_LONG", path, {"characters": len(url), "limit": URL_CHARACTERS})
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return Problem("URL_INVALID", path)
    schemes = {"https", "http"} if is_demo else {"https"}
    is_clean = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if parts.scheme not in schemes or not host or not is_clean or parts.fragment or "@" in parts.netloc:
        return Problem("URL_INVALID", path)
    return Problem("URL_NOT_PUBLIC", path) if not is_demo and not _may_be_public(host) else None


def _may_be_public(host: str) -> bool:
    """A name of the internet, or a public address. Names of one part, and those of digits alone, are of somewhere else."""
    if ":" in host or host.replace(".", "").isdigit():
        return is_public(host)
    name = host.rstrip(".")
    return "." in name and not name.endswith((".local", ".localhost", ".internal")) and not name[-1].isdigit()


def event_problems(events: Sequence[str], *, has_region: bool) -> list[Problem]:
    """What is wrong with what an endpoint wants to hear: REQUIRED, UNKNOWN_CODE, EVENT_NEEDS_REGION."""
    if not events:
        return [Problem("REQUIRED", ("input", "events"))]
    problems = []
    for position, event in enumerate(events):
        path = ("input", "events", str(position))
        if event not in EVENTS:
            problems.append(Problem("UNKNOWN_CODE", path, {"list": "webhook_event", "code": event[:50]}))
        elif event in OF_A_REGION and not has_region:
            problems.append(Problem("EVENT_NEEDS_REGION", path, {"event": event}))
    return problems


def body_of(event: str, occurred_at: datetime, content: Mapping[str, Any]) -> bytes:
    """What is sent: the same bytes at every attempt."""
    told = {"type": event, "timestamp": occurred_at, "data": dict(content)}
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def written_secret(secret: bytes) -> str:
    """A secret as receivers' libraries take it."""
    return "whsec_" + base64.b64encode(secret).decode()


def signatures(secrets: Iterable[str], message_id: str, sent_at: int, body: bytes) -> str:
    """The header webhook-signature: one for each secret in force, so that a receiver may change over when it likes.

    sent_at: seconds since 1970. It is signed, and each attempt has its own: what was overheard is soon too old.
    """
    signed = f"{message_id}.{sent_at}.".encode() + body
    made = (hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256) for secret in secrets)
    return " ".join("v1," + base64.b64encode(one).decode() for one in made)


def pause_after(attempts: int, chance: float) -> timedelta | None:
    """How long until the next attempt, some 26 hours in all; None when it was the last. chance: of [0, 1).

    Spread by a fifth to either side: what failed together does not come back together.
    """
    if attempts >= ATTEMPTS:
        return None
    growth: float = GROWTH ** (attempts - 1)
    return FIRST_PAUSE * (growth * (1 - JITTER + 2 * JITTER * chance))


def rest_after(failures: int) -> timedelta | None:
    """How long an endpoint is left alone that failed so often in a row, whatever it was sent; None while it is few.

    So a receiver that is away costs one attempt at a time, and not one for each of a thousand events that wait.
    """
    if failures < FAILURES_BEFORE_REST:
        return None
    doubled: int = 2 ** min(failures - FAILURES_BEFORE_REST, 10)
    return min(FIRST_REST * doubled, LONGEST_REST)


def is_past_bearing(failing_since: datetime, at: datetime) -> bool:
    """Whether an endpoint has failed for so long, without one success, that it is disabled."""
    return at - failing_since >= DISABLED_AFTER
