"""Expected failures: a tree of errors with stable codes. docs/errors.md lists every code; a test compares the two.

An error here is *data* for the client: it has a code, the path of the input it is about, and a message in the client's
language. Whatever is not a DomainError is a surprise: it is masked, logged with the request's id, and never explained.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class Party(enum.StrEnum):
    """Who can bring what is missing (由谁提供). TIME: nobody, some days have to pass."""

    FAMILY = "FAMILY"
    HELPER = "HELPER"
    VILLAGE = "VILLAGE"
    TOWNSHIP = "TOWNSHIP"
    COUNTY = "COUNTY"
    DEPARTMENT = "DEPARTMENT"
    TIME = "TIME"


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that would have to be there first, and whose it is to bring.

    `code` is one of the catalogue as well; `detail` fills its message.
    """

    code: str
    of: Party
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input. `path` starts at `input`; indices are strings; `detail` fills the message.

    requires: what is missing, where that is what is wrong.
    """

    code: str
    path: tuple[str, ...] = ("input",)
    detail: Mapping[str, Any] = field(default_factory=dict)
    base: Any = None
    current: Any = None
    yours: Any = None
    requires: tuple[Requirement, ...] = ()

    def under(self, *path: str) -> Problem:
        """The same problem, seen from further out: `path` replaces the leading `input`."""
        return Problem(
            self.code, (*path, *self.path[1:]), self.detail, self.base, self.current, self.yours, self.requires
        )

    @property
    def is_conflict(self) -> bool:
        return self.code == "FIELD_CONFLICT"


class DomainError(Exception):
    """An expected failure; carries one or more problems. The transaction it ends leaves nothing behind."""

    is_retryable = False

    def __init__(self, *problems: Problem) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems: Sequence[Problem] = problems


class InvalidInput(DomainError):
    """A value that cannot be: format, range, unknown code or id."""


class NotVisible(DomainError):
    """Not there, or not for this viewer: the two are never told apart."""


class Refused(DomainError):
    """A rule of the field forbids it."""


class Conflict(DomainError):
    """Somebody else changed the same thing first."""


class TryAgain(DomainError):
    """The same request may succeed in a moment."""

    is_retryable = True


def invalid(code: str, *path: str, **detail: Any) -> InvalidInput:
    return InvalidInput(Problem(code, ("input", *path), detail))


def refused(code: str, *path: str, **detail: Any) -> Refused:
    return Refused(Problem(code, ("input", *path), detail))


def missing(code: str, path: tuple[str, ...], *requires: Requirement, **detail: Any) -> Problem:
    """What cannot be yet, with everything that it takes and from whom (schema: MissingRequirement)."""
    return Problem(code, path, detail, requires=requires)


def not_visible(*path: str) -> NotVisible:
    return NotVisible(Problem("NOT_FOUND", ("input", *path)))


# Constraints are the last line; where one of them speaks, this is what the client hears.
CONSTRAINTS: Mapping[str, str] = {
    "ck_region_code_is_2_4_6_9_or_12_digits": "REGION_CODE_INVALID",
    "ck_household_at_most_three_causes": "TOO_MANY_CAUSES",
    "ck_household_location_in_range": "COORDINATES_OUT_OF_RANGE",
    "pk_household": "ID_TAKEN",
    "pk_person": "ID_TAKEN",
    "uq_household_code": "CODE_TAKEN",
    "one_head_per_household": "SECOND_HEAD",
    "one_open_move_per_household": "MOVE_ALREADY_ASKED",
    "one_open_programme_case": "PROGRAMME_CASE_OPEN",
    "one_open_case_per_household": "CASE_ALREADY_OPEN",
    "one_case_per_clue": "CLUE_HAS_A_CASE",
    "ck_monitoring_case_at_most_three_causes": "TOO_MANY_CAUSES",
    "one_sweep_per_region_and_period": "SWEEP_ALREADY_OPEN",
    "one_open_grade_per_scheme": "GRADE_ALREADY_OPEN",
    "household_has_a_head": "HEAD_MISSING",
    "ck_person_education_or_school_status": "EDUCATION_OR_SCHOOL_STATUS",
    "uq_person_id_number": "ID_NUMBER_TAKEN",
    "membership_spells_do_not_overlap": "MEMBERSHIP_OVERLAP",
    "ck_membership_ends_after_it_starts": "END_BEFORE_START",
    "ck_pairing_one_side_helps": "ONE_SIDE_HELPS",
    "ck_pairing_one_side_is_helped": "ONE_SIDE_IS_HELPED",
    "ck_pairing_ends_after_it_starts": "END_BEFORE_START",
    "pairings_do_not_overlap": "PAIRING_OVERLAP",
    "one_plan_per_household_and_kind": "PLAN_ALREADY_OPEN",
    "one_relief_per_person_kind_and_term": "DUPLICATE_CLAIM",
    "one_relief_per_household_kind_and_term": "DUPLICATE_CLAIM",
    "campaigns_do_not_overlap": "CAMPAIGN_OVERLAP",
    "policy_values_do_not_overlap": "POLICY_OVERLAP",
    "uq_credential_login_name": "LOGIN_NAME_TAKEN",
    "uq_account_helper_id": "HELPER_HAS_ACCOUNT",
    "ck_access_grant_ends_after_it_starts": "END_BEFORE_START",
    "ck_access_grant_outsiders_have_purpose_and_end": "REQUIRED",
    "duties_are_separate": "DUTIES_NOT_SEPARATE",
    "ck_visit_location_in_range": "COORDINATES_OUT_OF_RANGE",
}
