"""Who fits which role, and what an exit may not end: each row is a case and the reason for its answer."""

from __future__ import annotations

import uuid
from datetime import date

import pytest

from domain.base.terms import read_terms
from domain.pairings.fitting import AT_SCHOOL, BECAUSE_OF_EXIT, FITS, exit_problems, fit_problems
from domain.pairings.rules import Helped, HelpedFacts, HelpingFacts, Side

VILLAGE = "350125201200"
FIELD = {Helped.HOUSEHOLD: "householdId", Helped.PERSON: "personId", Helped.VILLAGE: "villageId"}


def helping(kind: str, field: str = "helperId") -> HelpingFacts:
    return HelpingFacts(Side(field, uuid.uuid4()), kind, VILLAGE, None)


def helped(kind: Helped, school_status: str | None = None) -> HelpedFacts:
    return HelpedFacts(Side(FIELD[kind], uuid.uuid4()), kind, VILLAGE, None, None, school_status)


def test_every_word_of_the_rules_is_in_a_vocabulary() -> None:
    shipped: dict[str, set[str]] = {}
    for vocabulary, code, *_ in read_terms():
        shipped.setdefault(vocabulary, set()).add(code)
    assert set(FITS) <= shipped["pairing_role"]
    assert set().union(*(fit.helpers for fit in FITS.values())) <= shipped["helper_kind"]
    assert set().union(*(fit.organisations for fit in FITS.values())) <= shipped["organisation_kind"]
    assert shipped["school_status"] >= AT_SCHOOL
    assert shipped["pairing_end_reason"] >= BECAUSE_OF_EXIT


@pytest.mark.parametrize(
    ("reason", "role", "by", "whom", "problems"),
    [
        ("a cadre for a household", "KEY_HELP", helping("CADRE"), helped(Helped.HOUSEHOLD), []),
        (
            "a member of the resident team, too",
            "KEY_HELP",
            helping("RESIDENT_TEAM_MEMBER"),
            helped(Helped.HOUSEHOLD),
            [],
        ),
        (
            "key help is a person's",
            "KEY_HELP",
            helping("DEPARTMENT", "organisationId"),
            helped(Helped.HOUSEHOLD),
            [("HELPER_KIND_NOT_FIT", "organisationId")],
        ),
        (
            "a leader is who creates wealth",
            "WEALTH_LEADER",
            helping("CADRE"),
            helped(Helped.HOUSEHOLD),
            [("HELPER_KIND_NOT_FIT", "helperId")],
        ),
        ("a technician", "TECHNICAL_GUIDANCE", helping("TECHNICIAN"), helped(Helped.HOUSEHOLD), []),
        ("农技干部 are cadres", "TECHNICAL_GUIDANCE", helping("CADRE"), helped(Helped.VILLAGE), []),
        (
            "a teacher guides no harvest",
            "TECHNICAL_GUIDANCE",
            helping("TEACHER"),
            helped(Helped.HOUSEHOLD),
            [("HELPER_KIND_NOT_FIT", "helperId")],
        ),
        (
            "a first secretary is posted to a village",
            "FIRST_SECRETARY",
            helping("FIRST_SECRETARY"),
            helped(Helped.VILLAGE),
            [],
        ),
        (
            "not to a household",
            "FIRST_SECRETARY",
            helping("FIRST_SECRETARY"),
            helped(Helped.HOUSEHOLD),
            [("HELPED_SIDE_NOT_FIT", "householdId")],
        ),
        ("a resident team", "RESIDENT_TEAM", helping("RESIDENT_TEAM", "organisationId"), helped(Helped.VILLAGE), []),
        ("or one of its members", "RESIDENT_TEAM", helping("RESIDENT_TEAM_MEMBER"), helped(Helped.VILLAGE), []),
        ("an enterprise links", "BENEFIT_LINK", helping("COOPERATIVE", "organisationId"), helped(Helped.HOUSEHOLD), []),
        (
            "a charity does not",
            "BENEFIT_LINK",
            helping("SOCIAL_ORGANISATION", "organisationId"),
            helped(Helped.HOUSEHOLD),
            [("HELPER_KIND_NOT_FIT", "organisationId")],
        ),
        (
            "it joins hands with a village",
            "SUNSHINE_HAND",
            helping("SOCIAL_ORGANISATION", "organisationId"),
            helped(Helped.VILLAGE),
            [],
        ),
        ("a student's teacher", "STUDENT_TEACHER", helping("TEACHER"), helped(Helped.PERSON, "PRIMARY"), []),
        (
            "a student's benefactor",
            "STUDENT_ENTREPRENEUR",
            helping("ENTREPRENEUR"),
            helped(Helped.PERSON, "UNDERGRADUATE"),
            [],
        ),
        (
            "an enterprise is one",
            "STUDENT_ENTREPRENEUR",
            helping("ENTERPRISE", "organisationId"),
            helped(Helped.PERSON, "PRIMARY"),
            [],
        ),
        (
            "a teacher is no benefactor",
            "STUDENT_ENTREPRENEUR",
            helping("TEACHER"),
            helped(Helped.PERSON, "PRIMARY"),
            [("HELPER_KIND_NOT_FIT", "helperId")],
        ),
        (
            "who dropped out is at no school",
            "STUDENT_CADRE",
            helping("CADRE"),
            helped(Helped.PERSON, "DROPPED_OUT"),
            [("NOT_A_STUDENT", "personId")],
        ),
        (
            "nor is a grown-up",
            "STUDENT_CADRE",
            helping("CADRE"),
            helped(Helped.PERSON),
            [("NOT_A_STUDENT", "personId")],
        ),
        (
            "a household is no student",
            "STUDENT_TEACHER",
            helping("CADRE"),
            helped(Helped.HOUSEHOLD),
            [("HELPER_KIND_NOT_FIT", "helperId"), ("HELPED_SIDE_NOT_FIT", "householdId")],
        ),
        ("of sponsorship no source says who may", "SPONSORSHIP", helping("TEACHER"), helped(Helped.PERSON), []),
        ("a side that was not found is told elsewhere", "STUDENT_CADRE", None, None, []),
    ],
)
def test_who_fits(
    reason: str, role: str, by: HelpingFacts | None, whom: HelpedFacts | None, problems: list[tuple[str, str]]
) -> None:
    assert [(one.code, one.path[1]) for one in fit_problems(role, by, whom)] == problems, reason


EXIT = date(2021, 3, 31)


@pytest.mark.parametrize(
    ("reason", "ends_for", "whom", "exited_on", "ended_on", "codes"),
    [
        ("out of monitoring a year ago", "EXITED", Helped.HOUSEHOLD, EXIT, date(2022, 3, 31), ["EXIT_ENDS_NO_HELP"]),
        (
            "the day before it is over",
            "TRANSITION_ENDED",
            Helped.HOUSEHOLD,
            EXIT,
            date(2026, 3, 30),
            ["EXIT_ENDS_NO_HELP"],
        ),
        ("the transition is over", "TRANSITION_ENDED", Helped.HOUSEHOLD, EXIT, date(2026, 3, 31), []),
        ("of a student alike", "EXITED", Helped.PERSON, EXIT, date(2022, 3, 31), ["EXIT_ENDS_NO_HELP"]),
        ("nothing to point to", "EXITED", Helped.HOUSEHOLD, None, date(2026, 3, 31), ["EXIT_NOT_ON_RECORD"]),
        ("another reason is no exit", "HELPER_TRANSFERRED", Helped.HOUSEHOLD, EXIT, date(2022, 1, 1), []),
        ("a village has no exit on record", "TRANSITION_ENDED", Helped.VILLAGE, None, date(2022, 1, 1), []),
        ("a day that could not be read is told elsewhere", "EXITED", Helped.HOUSEHOLD, EXIT, None, []),
    ],
)
def test_what_an_exit_may_not_end(
    reason: str, ends_for: str, whom: Helped, exited_on: date | None, ended_on: date | None, codes: list[str]
) -> None:
    found = exit_problems(ends_for, whom, exited_on, 60, ended_on)
    assert [(one.code, one.path) for one in found] == [(code, ("input", "reason")) for code in codes], reason
