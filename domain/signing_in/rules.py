"""Decisions about sign-in. Pure: facts, secrets and the instant come in as arguments."""

from __future__ import annotations

import enum
import hashlib
import hmac
import ipaddress
import re
import struct
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from domain.access.rules import NOWHERE, GrantFacts, GrantRole, Viewer, hull, spans

# --- names and passwords ---------------------------------------------------------------------------------------------

LOGIN_NAME: Final = re.compile(r"[\w.@+-]{3,64}")
PASSWORD_AT_LEAST: Final = 10
PASSWORD_AT_MOST: Final = 256  # argon2 takes any length; this bounds the work
DIFFERENT_AT_LEAST: Final = 5


def login_name_of(typed: str) -> str | None:
    """The name as it is kept: full-width letters and capitals are the same name. None: it can be nobody's."""
    name = unicodedata.normalize("NFKC", typed).strip().casefold()
    return name if LOGIN_NAME.fullmatch(name) else None


def is_weak(password: str, login_name: str) -> bool:
    """Whether it would be guessed: short, the name itself, or few different characters (NIST SP 800-63B: length counts).

    >>> is_weak("correct horse", "li.guifang"), is_weak("Li.Guifang-1", "li.guifang")
    (False, True)
    """
    return (
        not PASSWORD_AT_LEAST <= len(password) <= PASSWORD_AT_MOST
        or login_name in password.casefold()
        or len(set(password)) < DIFFERENT_AT_LEAST
    )


# --- lock-out --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """So many failures are free; each further one locks twice as long as the one before, up to a bound; failures fade."""

    free: int
    first: timedelta
    longest: timedelta
    fades_every: timedelta


# A person mistypes; a whole county hall may share one address.
NAME_LIMITS: Final = Limits(5, timedelta(seconds=30), timedelta(minutes=15), timedelta(hours=1))
ADDRESS_LIMITS: Final = Limits(50, timedelta(seconds=30), timedelta(hours=1), timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class Attempts:
    """What is known of a name or an address: failures, since when they fade, and until when it is locked."""

    failures: int
    counted_from: datetime
    locked_until: datetime | None = None


def seconds_locked(attempts: Attempts, at: datetime) -> int:
    """How long it stays locked, in whole seconds; 0: it may try."""
    if attempts.locked_until is None or attempts.locked_until <= at:
        return 0
    return ceil((attempts.locked_until - at).total_seconds())


def counted(attempts: Attempts, limits: Limits, at: datetime) -> Attempts:
    """One failure more. Counted before the password is looked at, so that many at once are not many free guesses."""
    faded = max(0, (at - attempts.counted_from) // limits.fades_every)
    left = max(0, attempts.failures - faded)
    counted_from = attempts.counted_from + faded * limits.fades_every if left else at
    beyond = left + 1 - limits.free
    if beyond <= 0:
        return Attempts(left + 1, counted_from)
    # The exponent is bounded: nobody waits 2**1000 seconds, and no timedelta holds them.
    return Attempts(left + 1, counted_from, at + min(limits.longest, limits.first * 2 ** min(beyond - 1, 20)))


def network_of(address: str) -> str:
    """What is counted as one address: an IPv4 address, or an IPv6 network of 64 bits, which one subscriber has whole."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))


# --- the second factor: RFC 6238 over RFC 4226, SHA-1, six digits, thirty seconds: what every authenticator knows --------

TOTP_SECONDS: Final = 30
TOTP_DIGITS: Final = 6


def totp(secret: bytes, step: int, digits: int = TOTP_DIGITS) -> str:
    """The code of a step (seconds since 1970 // 30)."""
    digest = hmac.digest(secret, struct.pack(">Q", step), hashlib.sha1)
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, code: str, at: datetime) -> int | None:
    """The step whose code this is: now, or one to either side, because clocks differ. None: it is no code of these."""
    now = int(at.timestamp()) // TOTP_SECONDS
    typed = unicodedata.normalize("NFKC", code).replace(" ", "").encode()
    found = None
    for step in (now - 1, now, now + 1):  # all three, whichever fits: the time taken tells nothing
        if hmac.compare_digest(totp(secret, step).encode(), typed):
            found = step
    return found


# --- refresh tokens --------------------------------------------------------------------------------------------------

# An answer that was lost on a bad network: the phone sends the old token again and is given the same new one.
GRACE: Final = timedelta(seconds=60)
ACCESS_SECONDS: Final = 900
IDLE: Final = timedelta(days=30)  # offline for longer, and the phone signs in anew
LONGEST: Final = timedelta(days=180)


class Refresh(enum.Enum):
    """What becomes of a refresh token that is genuine."""

    ROTATE = "rotate"
    REPEAT = "repeat"
    REUSED = "reused"
    EXPIRED = "expired"
    REVOKED = "revoked"
    OTHER_DEVICE = "other device"


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session as it stands when one of its tokens comes."""

    device_id: str
    generation: int
    rotated_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


def judge_refresh(session: SessionFacts, generation: int, device_id: str, at: datetime) -> Refresh:
    """What to do with the token of that generation, sent by that device.

    A thief and the owner cannot be told apart once an old token comes back, so it ends the session for both (RFC 9700).
    """
    if session.revoked_at is not None:
        return Refresh.REVOKED
    if session.expires_at <= at or session.rotated_at + IDLE <= at:
        return Refresh.EXPIRED
    if device_id != session.device_id:
        return Refresh.OTHER_DEVICE
    if generation == session.generation:
        return Refresh.ROTATE
    if generation == session.generation - 1 and at - session.rotated_at <= GRACE:
        return Refresh.REPEAT
    return Refresh.REUSED


# --- scopes of clients: area × data class × purpose ------------------------------------------------------------------


class DataClass(enum.StrEnum):
    """What a client may read."""

    REGIONS = "regions"  # divisions, terms, forms: nothing about a family
    FAMILIES = "families"  # all that hangs on a household, masked as for its account


EVERYWHERE: Final = "*"
SCOPE: Final = re.compile(r"(\*|\d{2}|\d{4}|\d{6}|\d{9}|\d{12}):(regions|families):([a-z][a-z0-9-]{2,39})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """`area:class:purpose`, such as `350125:families:insurance-screening`; `*` is all that the account sees."""

    area: str
    data_class: DataClass
    purpose: str

    def __str__(self) -> str:
        return f"{self.area}:{self.data_class}:{self.purpose}"

    def covers(self, other: Scope) -> bool:
        """Whether who holds this one may ask for the other."""
        is_inside = self.area == EVERYWHERE or other.area.startswith(self.area)
        return is_inside and (self.data_class, self.purpose) == (other.data_class, other.purpose)


def scope_of(text: str) -> Scope | None:
    """The scope that a text spells; None: it spells none."""
    match = SCOPE.fullmatch(text)
    return None if match is None else Scope(match[1], DataClass(match[2]), match[3])


def granted(wanted: Iterable[str], held: Iterable[str]) -> tuple[Scope, ...] | None:
    """The scopes of a token: those asked for, or all that are held. None: some are not held, or serve two purposes.

    One token, one purpose: else nobody could say afterwards what a read was for.
    """
    holds = [scope for text in held if (scope := scope_of(text)) is not None]
    asked = [scope_of(text) for text in wanted] or holds
    given = {scope for scope in asked if scope is not None and any(one.covers(scope) for one in holds)}
    if not given or len(given) != len(set(asked)) or len({scope.purpose for scope in given}) > 1:
        return None
    return tuple(sorted(given))


def narrowed(viewer: Viewer, scopes: Iterable[Scope]) -> Viewer:
    """What the account's viewer sees through a token of these scopes: never more, and of families only what they name.

    A list of pairings knows no area, so a token for an area sees by region only.
    """
    areas = {scope.area for scope in scopes if scope.data_class is DataClass.FAMILIES}
    if EVERYWHERE in areas:
        return viewer
    held = viewer.region_spans or ((viewer.region_from,) if viewer.sees_by_region else ())
    inside = {
        max(area, code, key=len) for area in areas for code in held if area.startswith(code) or code.startswith(area)
    }
    prefixes = spans(GrantFacts(GrantRole.INTEGRATOR, code) for code in inside)
    region_from, region_to = hull(prefixes)
    return Viewer(
        id=viewer.id,
        name=viewer.name,
        kind=viewer.kind,
        language=viewer.language,
        region_from=region_from if prefixes else NOWHERE,
        region_to=region_to,
        region_spans=prefixes if len(prefixes) > 1 else None,
        roles=viewer.roles,
        today=viewer.today,
    )
