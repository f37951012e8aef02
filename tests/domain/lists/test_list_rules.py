"""What a row says, whom it is about, and whether it is grave: tables of examples."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.access.rules import Actor, GrantRole, Viewer
from domain.base.chinese_ids import made_up_id_number
from domain.base.errors import Refused
from domain.lists.rules import Candidate, GivenRow, ListRowOutcome, found, is_beyond, refuse_others, row_read

NUMBER = made_up_id_number(1, date(1980, 5, 1), 1)
WRONG = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
VILLAGE, ELSEWHERE = "350125201205", "341503001001"


@pytest.mark.parametrize(
    ("given", "outcome", "reason"),
    [
        ({"id_number": NUMBER}, None, None),
        ({"id_number": f" {NUMBER.lower()} ", "amount": "10,300.00"}, None, None),
        ({"name": "鄢大山", "village_code": VILLAGE}, None, None),
        ({"name": "鄢大山", "phone": "13800001111"}, None, None),
        ({"name": "鄢大山"}, ListRowOutcome.INVALID_ROW, "REQUIRED"),
        ({"village_code": VILLAGE}, ListRowOutcome.INVALID_ROW, "REQUIRED"),
        ({}, ListRowOutcome.INVALID_ROW, "REQUIRED"),
        ({"id_number": NUMBER[:-1]}, ListRowOutcome.INVALID_ID_NUMBER, "ID_NUMBER_LENGTH"),
        ({"id_number": WRONG}, ListRowOutcome.INVALID_ID_NUMBER, "ID_NUMBER_CHECK_DIGIT"),
        ({"id_number": "3.50125E+17"}, ListRowOutcome.INVALID_ID_NUMBER, "ID_NUMBER_ROUNDED"),
        ({"id_number": NUMBER, "village_code": ELSEWHERE}, ListRowOutcome.OUT_OF_REGION, None),
        ({"name": "鄢大山", "village_code": "350125"}, ListRowOutcome.OUT_OF_REGION, None),
        ({"id_number": NUMBER, "amount": "一万"}, ListRowOutcome.INVALID_ROW, "AMOUNT_INVALID"),
        ({"id_number": NUMBER, "amount": "-5"}, ListRowOutcome.INVALID_ROW, "AMOUNT_INVALID"),
        ({"name": "鄢" * 51, "id_number": NUMBER}, ListRowOutcome.INVALID_ROW, "TOO_LONG"),
    ],
)
def test_a_row_is_judged_by_itself(given: dict[str, Any], outcome: ListRowOutcome | None, reason: str | None) -> None:
    row = row_read(GivenRow(7, **given), "350125")
    assert (row.number, row.outcome, row.reason) == (7, outcome, reason)


def test_a_row_is_kept_in_the_form_that_is_compared() -> None:
    row = row_read(GivenRow(1, " 鄢大山\x00 ", f" {NUMBER} ", VILLAGE, " 138 ", "10,300.5"), "35")
    assert (row.name, row.id_number, row.phone, row.amount_fen) == ("鄢大山", NUMBER, "138", 1_030_050)


def somebody(**facts: bool) -> Candidate:
    return Candidate(uuid.uuid4(), uuid.uuid4(), **facts)


SURE, OTHER = somebody(has_the_number=True), somebody(has_another=True, in_the_village=True)
NEIGHBOUR, NAMESAKE = somebody(in_the_village=True), somebody(in_the_village=True)
CALLED, BOTH = somebody(has_the_phone=True), somebody(in_the_village=True, has_the_phone=True)


@pytest.mark.parametrize(
    ("has_number", "candidates", "expected"),
    [
        (True, [SURE], SURE),
        (True, [NEIGHBOUR, SURE], SURE),
        (True, [], ListRowOutcome.NOT_A_HOUSEHOLD_MEMBER),
        (True, [OTHER], ListRowOutcome.NOT_A_HOUSEHOLD_MEMBER),
        (True, [OTHER, NEIGHBOUR], NEIGHBOUR),
        (False, [OTHER], OTHER),
        (False, [NEIGHBOUR], NEIGHBOUR),
        (False, [CALLED], CALLED),
        (False, [somebody()], ListRowOutcome.NOT_A_HOUSEHOLD_MEMBER),
        (False, [NEIGHBOUR, NAMESAKE], ListRowOutcome.AMBIGUOUS),
        (False, [NEIGHBOUR, CALLED], ListRowOutcome.AMBIGUOUS),
        (False, [NEIGHBOUR, BOTH], BOTH),
    ],
)
def test_whom_a_row_is_about(has_number: bool, candidates: list[Candidate], expected: Any) -> None:
    assert found(has_number, candidates) == expected


@pytest.mark.parametrize(
    ("fen", "threshold", "beyond"),
    [
        (1_000_001, "10000.00", True),
        (1_000_000, "10000.00", False),
        (1, None, True),
        (None, "10000.00", True),
    ],
)
def test_exactly_the_threshold_is_not_beyond_it(fen: int | None, threshold: str | None, beyond: bool) -> None:
    assert is_beyond(fen, threshold) is beyond


@pytest.mark.parametrize(
    ("role", "organisation", "may"),
    [
        (GrantRole.DEPARTMENT, uuid.uuid4(), True),
        (GrantRole.DEPARTMENT, None, False),
        (GrantRole.PARTNER, uuid.uuid4(), False),
    ],
)
def test_departments_deliver_and_nobody_else(role: GrantRole, organisation: uuid.UUID | None, may: bool) -> None:
    actor = Actor(Viewer(roles=frozenset({role}), organisation_id=organisation), datetime.now(UTC))
    if may:
        refuse_others(actor)
    else:
        with pytest.raises(Refused):
            refuse_others(actor)
