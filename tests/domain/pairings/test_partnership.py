"""Agreements and whom to call: each row is a case and the reason for its answer."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from domain.pairings.partnership import contact_problems, file_problems, term_problems

TODAY = date(2026, 3, 14)
US, THEM = uuid.uuid4(), uuid.uuid4()


@pytest.mark.parametrize(
    ("file", "problems"),
    [
        ((None, None, None), []),
        (("a" * 64, 10_000, "application/pdf"), []),
        (("a" * 64, None, None), [("REQUIRED", "byteSize"), ("REQUIRED", "mediaType")]),
        (("A", 10, "image/png"), [("SHA256_INVALID", "sha256")]),
        (("a" * 64, 10, "text/html"), [("MEDIA_TYPE_UNKNOWN", "mediaType")]),
        (("a" * 64, 0, "image/png"), [("OUT_OF_RANGE", "byteSize")]),
        ((None, 5, "image/png"), [("REQUIRED", "sha256")]),
    ],
)
def test_a_file_is_known_whole_or_not_at_all(file: Any, problems: list[tuple[str, str]]) -> None:
    assert [(one.code, one.path[1]) for one in file_problems(*file)] == problems


@pytest.mark.parametrize(
    ("signed_on", "ends_on", "codes"),
    [
        (TODAY, None, []),
        (TODAY, date(2027, 3, 14), []),
        (TODAY, TODAY, ["END_BEFORE_START"]),
        (None, TODAY, []),
    ],
)
def test_an_agreement_holds_for_a_day_at_least(signed_on: date | None, ends_on: date | None, codes: list[str]) -> None:
    assert [one.code for one in term_problems(signed_on, ends_on)] == codes


@pytest.mark.parametrize(
    ("reason", "helper", "of", "codes"),
    [
        ("one of theirs", (US, None), US, []),
        ("anybody, where no organisation helps", (THEM, None), None, []),
        ("one of another's", (THEM, None), US, ["CONTACT_NOT_THEIRS"]),
        ("of nobody's", (None, None), US, ["CONTACT_NOT_THEIRS"]),
        ("who has left", (US, TODAY), US, ["HAS_ENDED"]),
        ("who leaves tomorrow", (US, date(2026, 3, 15)), US, []),
        ("nobody knows them", None, US, ["NOT_FOUND"]),
    ],
)
def test_whom_to_call_is_there_and_of_the_organisation(reason: str, helper: Any, of: Any, codes: list[str]) -> None:
    found = contact_problems("contactId", helper, TODAY, of_organisation=of)
    assert [one.code for one in found] == codes, reason
