"""Rules about reports, as tables of examples."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.access.rules import ANONYMOUS, NOWHERE, Viewer
from domain.hardship import receipts
from domain.hardship.receipts import ALPHABET, kept_of, receipt_of, receipt_read
from domain.hardship.rules import (
    GivenReport,
    HardshipReportDismissal,
    HardshipReportReason,
    HardshipReportState,
    Namesake,
    ObjectionRoute,
    ReportFacts,
    ReportLimit,
    ReportMatching,
    ReportStatus,
    desk_of,
    report_read,
    seconds_to_wait,
    status_of,
    the_household,
)
from domain.households.rules import Reading
from domain.monitoring.rules import ClueState

VOCABULARY = {"clue_sign": frozenset({"HARDSHIP", "INCOME_BELOW_STANDARD", "NEW_HOUSEHOLD"})}
NUMBER, OTHER_NUMBER = "11010519491231002X", "440524188001010014"


def mac(use: str, *parts: bytes) -> bytes:
    return hashlib.sha256(b"|".join((use.encode(), *parts))).digest()


# --- receipts


def test_a_receipt_is_the_same_for_the_same_report_and_no_two_are_alike() -> None:
    ids = [uuid.uuid4() for _ in range(200)]
    codes = [receipt_of(one, mac) for one in ids]
    assert codes == [receipt_of(one, mac) for one in ids]
    assert len(set(codes)) == 200
    assert all(len(code) == 19 and set(code) <= {*ALPHABET, "-"} for code in codes)


def test_a_receipt_has_sixty_bits_and_more_and_no_characters_that_look_alike() -> None:
    assert len(ALPHABET) ** receipts.LENGTH > 2**60
    assert not set(ALPHABET) & set("01IOL")


def test_a_receipt_is_read_as_people_type_it() -> None:
    code = receipt_of(uuid.UUID(int=7), mac)
    assert receipt_read(code) == code
    assert receipt_read(f" {code.lower().replace('-', ' ')} ") == code


@pytest.mark.parametrize("typed", ["", "K7QM", "0000-0000-0000-0000", "O" * 16, "二" * 16, "K7QM-2XFA-9RTB-WD4H-2"])
def test_what_is_no_receipt_is_read_as_none(typed: str) -> None:
    assert receipt_read(typed) is None


def test_every_wrong_character_and_every_two_that_changed_places_are_found() -> None:
    code = receipt_of(uuid.UUID(int=8), mac).replace("-", "")
    wrong = [code[:i] + other + code[i + 1 :] for i in range(16) for other in ALPHABET if other != code[i]]
    for i in range(15):
        for j in range(i + 1, 15):
            swapped = [*code]
            swapped[i], swapped[j] = code[j], code[i]
            if code[i] != code[j]:
                wrong.append("".join(swapped))
    assert not [one for one in wrong if receipt_read(one) is not None]


def test_what_is_kept_of_a_receipt_is_not_the_receipt() -> None:
    code = receipt_of(uuid.UUID(int=9), mac)
    assert code.encode() not in kept_of(code, mac)
    assert kept_of(code, mac) != kept_of(receipt_of(uuid.UUID(int=10), mac), mac)


# --- what is said


def said(**changed: object) -> GivenReport:
    usual = {
        "village_code": "350125201205",
        "name": "鄢大山",
        "sign": "HARDSHIP",
        "text": "病了",
        "is_for_somebody_else": False,
    }
    return GivenReport(**{**usual, **changed})  # type: ignore[arg-type]


def test_a_report_is_read_without_blanks_around_it() -> None:
    reading = Reading(date(2026, 3, 1), VOCABULARY)
    read = report_read(
        said(name=" 鄢大山 ", text="病了\n", phone=" 13800000000 ", id_number="11010519491231002x"), reading
    )
    assert (read.name, read.text, read.phone, read.id_number) == ("鄢大山", "病了", "13800000000", NUMBER)
    assert reading.problems == []


@pytest.mark.parametrize(
    ("changed", "code", "where"),
    [
        ({"name": " "}, "REQUIRED", "name"),
        ({"text": ""}, "REQUIRED", "text"),
        ({"name": "山" * 51}, "TOO_LONG", "name"),
        ({"text": "山" * 1001}, "TOO_LONG", "text"),
        ({"text": "a\x00b"}, "TEXT_UNREADABLE", "text"),
        ({"sign": "POVERTY"}, "UNKNOWN_CODE", "kind"),
        ({"sign": "NEW_HOUSEHOLD"}, "UNKNOWN_CODE", "kind"),
        ({"sign": "INCOME_BELOW_STANDARD"}, "UNKNOWN_CODE", "kind"),
        ({"phone": "call me"}, "PHONE_INVALID", "phone"),
        ({"id_number": "110105194912310021"}, "ID_NUMBER_CHECK_DIGIT", "idNumber"),
    ],
)
def test_what_is_wrong_with_a_report_is_said_where_it_is(changed: dict[str, object], code: str, where: str) -> None:
    reading = Reading(date(2026, 3, 1), VOCABULARY)
    report_read(said(**changed), reading)
    assert [(problem.code, problem.path) for problem in reading.problems] == [(code, ("input", where))]


def test_a_desk_sees_the_township_and_has_no_role() -> None:
    account = uuid.uuid4()
    desk = desk_of(Viewer(id=account, language="en", region_from="35", region_to="35:"), "350125201205")
    assert (desk.region_from, desk.region_to, desk.region_spans) == ("350125201", "350125201:", None)
    assert (desk.id, desk.language, desk.roles) == (account, "en", frozenset())


@pytest.mark.parametrize(
    "code", ["", "3", "35", "350125201", "35012520120%", "3501252012055", "３５０１２５２０１２０５"]
)
def test_there_is_no_desk_for_what_is_no_village(code: str) -> None:
    assert desk_of(ANONYMOUS, code).region_from == NOWHERE


# --- which family

A, B = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.mark.parametrize(
    ("namesakes", "number", "found"),
    [
        pytest.param([], None, None, id="nobody"),
        pytest.param([Namesake(A, NUMBER)], None, A, id="the only one of that name"),
        pytest.param([Namesake(A, NUMBER), Namesake(A, None)], None, A, id="two of one family"),
        pytest.param([Namesake(A, None), Namesake(B, None)], None, None, id="two families"),
        pytest.param([Namesake(A, NUMBER), Namesake(B, None)], NUMBER, A, id="the number decides"),
        pytest.param([Namesake(A, None)], NUMBER, A, id="no number on record"),
        pytest.param([Namesake(A, OTHER_NUMBER)], NUMBER, None, id="another number is somebody else"),
        pytest.param([Namesake(A, OTHER_NUMBER), Namesake(B, None)], NUMBER, B, id="and leaves the other"),
    ],
)
def test_a_report_fits_exactly_one_family_or_waits(
    namesakes: list[Namesake], number: str | None, found: uuid.UUID | None
) -> None:
    assert the_household(namesakes, number) == found


# --- how many

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "ago", "seconds"),
    [
        pytest.param(3, timedelta(minutes=1), 0, id="as many as there may be"),
        pytest.param(0, None, 0, id="none, such as without a number"),
        pytest.param(4, timedelta(0), 3600, id="one too many, the first just now"),
        pytest.param(4, timedelta(minutes=59, seconds=59, milliseconds=500), 1, id="part of a second is a second"),
        pytest.param(4, timedelta(hours=1), 1, id="never less than one"),
    ],
)
def test_who_reports_too_much_waits_until_the_first_is_past(count: int, ago: timedelta | None, seconds: int) -> None:
    limit = ReportLimit(3, timedelta(hours=1))
    assert seconds_to_wait(limit, count, None if ago is None else AT - ago, AT) == seconds


# --- what the receipt tells

DAY_0 = date(2026, 3, 1)
RECEIVED, VERIFYING = HardshipReportState.RECEIVED, HardshipReportState.BEING_VERIFIED
LATE, EARLY = AT + timedelta(days=2), AT - timedelta(days=2)


@pytest.mark.parametrize(
    ("clue", "settled_at", "reason", "after_days", "told"),
    [
        (None, None, None, 0, ReportStatus(RECEIVED)),
        (ClueState.NEW, None, None, 0, ReportStatus(RECEIVED)),
        (ClueState.VERIFIED, EARLY, None, 0, ReportStatus(RECEIVED)),
        (None, None, HardshipReportDismissal.DUPLICATE, 0, ReportStatus(RECEIVED)),
        (None, None, None, 1, ReportStatus(VERIFYING)),
        (ClueState.NEW, None, None, 7, ReportStatus(VERIFYING)),
        (None, None, None, 8, ReportStatus(VERIFYING, objection=ObjectionRoute.COUNTY)),
        (ClueState.NEW, None, None, 8, ReportStatus(VERIFYING, objection=ObjectionRoute.COUNTY)),
        (ClueState.VERIFIED, LATE, None, 3, ReportStatus(HardshipReportState.VERIFIED)),
        (ClueState.VERIFIED, EARLY, None, 7, ReportStatus(VERIFYING)),
        (ClueState.VERIFIED, EARLY, None, 8, ReportStatus(HardshipReportState.VERIFIED)),
        (
            ClueState.DISMISSED,
            LATE,
            None,
            3,
            ReportStatus(
                HardshipReportState.NOT_CONFIRMED,
                HardshipReportReason.NOT_CONFIRMED_AT_DOOR,
                ObjectionRoute.TOWNSHIP,
            ),
        ),
        (
            ClueState.CLOSED,
            LATE,
            None,
            3,
            ReportStatus(HardshipReportState.CLOSED, HardshipReportReason.NOTHING_TO_VERIFY, ObjectionRoute.TOWNSHIP),
        ),
        (
            None,
            None,
            HardshipReportDismissal.UNKNOWN_HERE,
            1,
            ReportStatus(HardshipReportState.CLOSED, HardshipReportReason.UNKNOWN_HERE, ObjectionRoute.TOWNSHIP),
        ),
    ],
)
def test_the_receipt_tells_where_a_report_stands(
    clue: ClueState | None,
    settled_at: datetime | None,
    reason: HardshipReportDismissal | None,
    after_days: int,
    told: ReportStatus,
) -> None:
    matching = ReportMatching.WAITING if clue is None else ReportMatching.MATCHED
    facts = ReportFacts(AT, DAY_0, DAY_0 + timedelta(days=7), matching, reason, clue, settled_at)
    assert status_of(facts, DAY_0 + timedelta(days=after_days)) == told


@pytest.mark.parametrize("after_days", range(12))
def test_until_somebody_acts_nobody_can_tell_whether_a_family_was_found(after_days: int) -> None:
    due = DAY_0 + timedelta(days=7)
    found = ReportFacts(AT, DAY_0, due, ReportMatching.MATCHED, clue_state=ClueState.NEW)
    waiting = ReportFacts(AT, DAY_0, due, ReportMatching.WAITING)
    day = DAY_0 + timedelta(days=after_days)
    assert status_of(found, day) == status_of(waiting, day)


def test_every_word_of_an_officer_is_a_reason_that_the_receipt_can_tell() -> None:
    assert {word.value for word in HardshipReportDismissal} <= {word.value for word in HardshipReportReason}
