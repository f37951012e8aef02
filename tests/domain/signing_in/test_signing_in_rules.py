"""What is decided about sign-in, without a database."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from domain.access.rules import NOWHERE, GrantRole, Viewer, ViewerKind
from domain.signing_in.passwords import code_hash, hashed, is_right, new_code
from domain.signing_in.rules import (
    ADDRESS_LIMITS,
    GRACE,
    IDLE,
    NAME_LIMITS,
    Attempts,
    Refresh,
    Scope,
    SessionFacts,
    counted,
    granted,
    is_weak,
    judge_refresh,
    login_name_of,
    matching_step,
    narrowed,
    network_of,
    scope_of,
    seconds_locked,
    totp,
)

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        (" Li.GuiFang ", "li.guifang"),
        ("ＬＩ＿１２", "li_12"),
        ("李桂芳的手机", "李桂芳的手机"),
        ("a@b.cn", "a@b.cn"),
        ("ab", None),
        ("", None),
        ("x" * 65, None),
        ("li guifang", None),
        ("li\x00guifang", None),
    ],
)
def test_a_login_name_is_one_however_it_is_typed(typed: str, name: str | None) -> None:
    assert login_name_of(typed) == name


@pytest.mark.parametrize(
    ("password", "weak"),
    [
        ("correct horse", False),
        ("入户走访要带上笔记本", False),
        ("123456789", True),
        ("aaaaaaaaaaaa", True),
        ("my-Li.Guifang-9", True),
        ("x9!" * 100, True),
        ("", True),
    ],
)
def test_passwords_that_are_guessed_first_are_weak(password: str, weak: bool) -> None:
    assert is_weak(password, "li.guifang") is weak


def test_a_name_locks_for_longer_with_each_failure_and_never_for_longer_than_the_bound() -> None:
    attempts, waits = Attempts(0, NOW), []
    for _ in range(40):
        attempts = counted(attempts, NAME_LIMITS, NOW)
        waits.append(seconds_locked(attempts, NOW))
    assert waits[:10] == [0, 0, 0, 0, 0, 30, 60, 120, 240, 480]
    assert set(waits[10:]) == {900}


def test_a_lock_ends() -> None:
    locked = Attempts(6, NOW, NOW + timedelta(seconds=30))
    assert seconds_locked(locked, NOW + timedelta(seconds=29, milliseconds=1)) == 1
    assert seconds_locked(locked, NOW + timedelta(seconds=30)) == 0


def test_failures_fade_however_often_somebody_comes() -> None:
    """A county hall mistypes now and then for years behind one address, and is never locked out by that alone."""
    attempts, at = Attempts(0, NOW), NOW
    for _ in range(500):
        at += timedelta(seconds=61)
        attempts = counted(attempts, ADDRESS_LIMITS, at)
        assert attempts.locked_until is None
    assert attempts.failures <= 2


def test_what_is_left_of_an_interval_is_kept() -> None:
    first = counted(Attempts(3, NOW), NAME_LIMITS, NOW + timedelta(minutes=59))
    assert (first.failures, first.counted_from) == (4, NOW)
    second = counted(first, NAME_LIMITS, NOW + timedelta(minutes=61))
    assert (second.failures, second.counted_from) == (4, NOW + timedelta(hours=1))


def test_a_clock_that_went_back_counts_on() -> None:
    assert counted(Attempts(3, NOW), NAME_LIMITS, NOW - timedelta(days=1)).failures == 4


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("", "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_an_address_is_counted_as_what_one_subscriber_has(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert totp(b"12345678901234567890", seconds // 30, 8) == code


def test_a_code_is_good_for_its_step_and_one_to_either_side() -> None:
    secret, step = b"12345678901234567890", int(NOW.timestamp()) // 30
    for near in (-1, 0, 1):
        assert matching_step(secret, totp(secret, step + near), NOW) == step + near
    for far in (-2, 2):
        assert matching_step(secret, totp(secret, step + far), NOW) is None
    assert matching_step(secret, f"{totp(secret, step)[:3]} {totp(secret, step)[3:]}", NOW) == step
    for wrong in ("", "12345", "１２三", "\ud7ff"):
        assert matching_step(secret, wrong, NOW) is None


def facts(**other: object) -> SessionFacts:
    values = {"device_id": "d", "generation": 7, "rotated_at": NOW, "expires_at": NOW + timedelta(days=90)}
    return SessionFacts(**{**values, **other})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("session", "generation", "device", "at", "verdict"),
    [
        (facts(), 7, "d", NOW, Refresh.ROTATE),
        (facts(), 7, "d", NOW + IDLE - timedelta(seconds=1), Refresh.ROTATE),
        (facts(), 7, "d", NOW + IDLE, Refresh.EXPIRED),
        (facts(expires_at=NOW), 7, "d", NOW, Refresh.EXPIRED),
        (facts(), 6, "d", NOW + GRACE, Refresh.REPEAT),
        (facts(), 6, "d", NOW + GRACE + timedelta(seconds=1), Refresh.REUSED),
        (facts(), 5, "d", NOW, Refresh.REUSED),
        (facts(), 8, "d", NOW, Refresh.REUSED),
        (facts(), 7, "e", NOW, Refresh.OTHER_DEVICE),
        (facts(revoked_at=NOW), 7, "d", NOW, Refresh.REVOKED),
        (facts(revoked_at=NOW, expires_at=NOW), 5, "e", NOW, Refresh.REVOKED),
    ],
)
def test_a_refresh_token_is_judged(
    session: SessionFacts, generation: int, device: str, at: datetime, verdict: Refresh
) -> None:
    assert judge_refresh(session, generation, device, at) is verdict


@pytest.mark.parametrize(
    "text",
    [
        "",
        "350125",
        "350125:families",
        "3501251:families:x-y",
        "350125:people:care",
        "350125:families:X",
        "*:*:care",
        "٣٥:families:care",
    ],
)
def test_what_is_no_scope(text: str) -> None:
    assert scope_of(text) is None


def test_a_scope_is_written_as_it_is_read() -> None:
    assert str(scope_of("*:regions:maps")) == "*:regions:maps"


@pytest.mark.parametrize(
    ("wanted", "held", "given"),
    [
        ("", "3501:families:care", "3501:families:care"),
        ("350125:families:care", "3501:families:care", "350125:families:care"),
        ("3501:families:care", "*:families:care", "3501:families:care"),
        ("3501:families:care", "350125:families:care", None),
        ("*:families:care", "3501:families:care", None),
        ("3501:families:care", "3501:regions:care", None),
        ("3501:families:sale", "3501:families:care", None),
        ("3501:families:care nonsense", "3501:families:care", None),
        ("", "3501:families:care 3501:families:audit", None),
        ("3501:families:audit", "3501:families:care 3501:families:audit", "3501:families:audit"),
        ("", "", None),
        ("", "nonsense", None),
        ("3501:families:care 3501:families:care", "3501:families:care", "3501:families:care"),
    ],
)
def test_a_token_gets_what_is_held_and_for_one_purpose(wanted: str, held: str, given: str | None) -> None:
    scopes = granted(wanted.split(), held.split())
    assert (scopes and " ".join(map(str, scopes))) == given


PREFECTURE = Viewer(
    uuid.uuid4(), "交换平台", ViewerKind.INTEGRATOR, "zh", "3501", "3501:", roles=frozenset({GrantRole.INTEGRATOR})
)
TWO_COUNTIES = Viewer(uuid.uuid4(), "x", region_from="350104", region_to="350125:", region_spans=("350104", "350125"))
PARTNER = Viewer(uuid.uuid4(), "y", organisation_id=uuid.uuid4(), helper_id=uuid.uuid4())


def seen(viewer: Viewer, *scopes: str) -> tuple[str, str, tuple[str, ...] | None]:
    small = narrowed(viewer, [scope for text in scopes if (scope := scope_of(text))])
    assert (small.id, small.name, small.roles) == (viewer.id, viewer.name, viewer.roles)
    assert not small.sees_by_list
    return small.region_from, small.region_to, small.region_spans


def test_a_token_narrows_what_its_account_sees() -> None:
    assert seen(PREFECTURE, "350125:families:care") == ("350125", "350125:", None)
    assert seen(PREFECTURE, "35:families:care") == ("3501", "3501:", None)
    assert seen(PREFECTURE, "36:families:care") == (NOWHERE, NOWHERE, None)
    assert seen(PREFECTURE, "3501:regions:maps") == (NOWHERE, NOWHERE, None)
    assert seen(PREFECTURE, "350104:families:care", "350125:families:care")[2] == ("350104", "350125")
    assert seen(TWO_COUNTIES, "350125:families:care") == ("350125", "350125:", None)
    assert seen(TWO_COUNTIES, "3501:families:care")[2] == ("350104", "350125")
    assert seen(PREFECTURE) == (NOWHERE, NOWHERE, None)


def test_a_list_of_pairings_is_seen_with_the_whole_scope_only() -> None:
    assert seen(PARTNER, "3501:families:care") == (NOWHERE, NOWHERE, None)
    whole = [Scope("*", scope.data_class, "care") for scope in [scope_of("35:families:care")] if scope]
    assert narrowed(PARTNER, whole) is PARTNER


def test_a_password_is_kept_as_argon2id_with_a_salt_of_its_own() -> None:
    first, second = hashed("correct horse"), hashed("correct horse")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert is_right("correct horse", first)
    assert not is_right("Correct horse", first)
    assert not is_right("correct horse", None)


def test_a_one_time_code_may_be_read_out() -> None:
    code = new_code()
    assert len(code.replace("-", "")) == 16
    assert code_hash(code) == code_hash(code.lower().replace("-", " "))
    assert code_hash(code) != code_hash(new_code())
