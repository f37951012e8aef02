"""What a row of a department's list says, whom it is about, and what becomes of it. Pure.

"Rows are matched to persons, each row gets its outcome" (domain.md §3.4). Nothing that a department is told of a row says
which family it was: only the outcome.
"""

from __future__ import annotations

import enum
import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from domain.access.rules import Actor, GrantRole
from domain.base.chinese_ids import id_number_problem, normalised_id_number
from domain.base.errors import refused
from domain.monitoring.rules import EXPENSE_OF_SIGN, INCOME_BELOW_STANDARD, RIGID_EXPENSE, fen

DELIVERS_LISTS: Final = frozenset({GrantRole.DEPARTMENT})


def refuse_others(actor: Actor) -> None:
    """Raises Refused (FORBIDDEN_ROLE) for whoever is no department's."""
    if actor.viewer.roles.isdisjoint(DELIVERS_LISTS) or actor.viewer.organisation_id is None:
        raise refused("FORBIDDEN_ROLE")


# Of the terms of clue_sign, those that no department knows: a rule reckons the one, a split makes the other.
NOT_LISTED: Final = frozenset({INCOME_BELOW_STANDARD, "NEW_HOUSEHOLD"})

MOST_ROWS: Final = 100_000
MOST_ROWS_AT_ONCE: Final = 500  # in one mutation; more come as a file
TEXT_LIMIT: Final = 50  # characters of a name, a code or a number

# A spreadsheet keeps fifteen digits of a number: of an identity number typed as one, the last three are gone.
ROUNDED: Final = re.compile(r"[0-9.]+E\+[0-9]+", re.ASCII)
_VILLAGE: Final = re.compile(r"[0-9]{12}", re.ASCII)


class ListRowOutcome(enum.StrEnum):
    """What became of a row (比对结果)."""

    MATCHED_NEW_CLUE = "MATCHED_NEW_CLUE"
    MATCHED_WITNESS = "MATCHED_WITNESS"
    REPEATED = "REPEATED"
    BELOW_THRESHOLD = "BELOW_THRESHOLD"
    NOT_A_HOUSEHOLD_MEMBER = "NOT_A_HOUSEHOLD_MEMBER"
    AMBIGUOUS = "AMBIGUOUS"
    OUT_OF_REGION = "OUT_OF_REGION"
    INVALID_ID_NUMBER = "INVALID_ID_NUMBER"
    INVALID_ROW = "INVALID_ROW"


# A family was found, and has a clue: officers see the row. All others go back to the department.
MATCHED: Final = (ListRowOutcome.MATCHED_NEW_CLUE, ListRowOutcome.MATCHED_WITNESS)


@dataclass(frozen=True, slots=True)
class GivenRow:
    """A row as it was sent; number: its place in the list, the first is 1."""

    number: int
    name: str | None = None
    id_number: str | None = None
    village_code: str | None = None
    phone: str | None = None
    amount: str | None = None


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row as it is kept. outcome: where nobody has to be looked for; reason: the code of what is wrong with it."""

    number: int
    name: str | None
    id_number: str | None
    village_code: str | None
    phone: str | None
    amount_fen: int | None
    outcome: ListRowOutcome | None = None
    reason: str | None = None


def row_read(given: GivenRow, region_code: str) -> ReadRow:
    """The row, judged by itself; `region_code` is the list's.

    INVALID_ID_NUMBER with the code of identity numbers, or ID_NUMBER_ROUNDED. OUT_OF_REGION for a village elsewhere.
    INVALID_ROW: TOO_LONG; REQUIRED, where there is neither a number nor a name with a village or telephone;
    AMOUNT_INVALID. What is too long is not kept.
    """
    texts = [_text(one) for one in (given.name, given.id_number, given.village_code, given.phone, given.amount)]
    if any(len(one or "") > TEXT_LIMIT for one in texts):
        return ReadRow(given.number, None, None, None, None, None, ListRowOutcome.INVALID_ROW, "TOO_LONG")
    name, number, village, phone, amount = texts
    number = None if number is None else normalised_id_number(number)
    paid = None if amount is None else fen(amount.replace(",", ""))
    outcome, reason = None, None
    if number is not None and (problem := _number_problem(number)):
        outcome, reason = ListRowOutcome.INVALID_ID_NUMBER, problem
    elif village is not None and not (_VILLAGE.fullmatch(village) and village.startswith(region_code)):
        outcome = ListRowOutcome.OUT_OF_REGION
    elif number is None and (name is None or (village is None and phone is None)):
        outcome, reason = ListRowOutcome.INVALID_ROW, "REQUIRED"
    elif amount is not None and paid is None:
        outcome, reason = ListRowOutcome.INVALID_ROW, "AMOUNT_INVALID"
    return ReadRow(given.number, name, number, village, phone, paid, outcome, reason)


def _text(given: str | None) -> str | None:
    return (given or "").replace("\x00", "").strip() or None


def _number_problem(number: str) -> str | None:
    return "ID_NUMBER_ROUNDED" if ROUNDED.fullmatch(number) else id_number_problem(number)


# --- whom it is about ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody whom a row may be about: a member of a household of the list's region.

    has_the_number: their identity number is the row's. has_another: they have one, and it is not. has_the_phone: the
    telephone on record is the row's. in_the_village: they live where the row says.
    """

    person_id: uuid.UUID
    household_id: uuid.UUID
    has_the_number: bool = False
    has_another: bool = False
    has_the_phone: bool = False
    in_the_village: bool = False


def found(has_number: bool, candidates: Collection[Candidate]) -> Candidate | ListRowOutcome:
    """The one person whom a row is about, with or without an identity number, else NOT_A_HOUSEHOLD_MEMBER or AMBIGUOUS.

    An identity number decides. Without it on one side, a name with the village or the telephone must fit one person
    alone; where two fit, the one whom both fit. Whoever has another number than the row's is somebody else.
    """
    for one in candidates:
        if one.has_the_number:
            return one
    likely = [
        one for one in candidates if not (has_number and one.has_another) and (one.in_the_village or one.has_the_phone)
    ]
    sure = [one for one in likely if one.in_the_village and one.has_the_phone]
    if len(likely) > 1 and len(sure) == 1:
        likely = sure
    if not likely:
        return ListRowOutcome.NOT_A_HOUSEHOLD_MEMBER
    return likely[0] if len(likely) == 1 else ListRowOutcome.AMBIGUOUS


THRESHOLD_OF_SIGN: Final[Mapping[str, str]] = {
    RIGID_EXPENSE: "RIGID_THRESHOLD",
    **{sign: threshold for sign, (_, threshold) in EXPENSE_OF_SIGN.items()},
}


def is_beyond(amount_fen: int | None, threshold: str | None) -> bool:
    """Whether what a row tells is more than the policy's yuan where the family lives: exactly that much is not. A row
    without an amount, or of a sign that has no threshold, is the department's word that it is grave enough."""
    limit = None if threshold is None else fen(threshold)
    return amount_fen is None or limit is None or amount_fen > limit
