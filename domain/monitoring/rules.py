"""When a family may be slipping, and by when somebody must have looked. Pure: figures and days come in as arguments.

Money is whole fen, months are their first days, days are those of China. What is not known is never taken for nought:
a month without figures is UNKNOWN, neither good nor bad, and so is what somebody earned of whom no figure is there.
"""

from __future__ import annotations

import enum
import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from domain.access.recusal import verifiers_problem
from domain.base.errors import Problem
from domain.visits.rules import VisitContact, china_date

# --- what there is -----------------------------------------------------------------------------------------------------


class ClueState(enum.StrEnum):
    """Where a clue stands (线索状态), domain.md §4. CLOSED: there is nothing left to verify."""

    NEW = "NEW"
    VERIFIED = "VERIFIED"
    DISMISSED = "DISMISSED"
    CLOSED = "CLOSED"


class ClueSource(enum.StrEnum):
    """Who or what gave a sign (线索来源): the six sources of domain.md §3, a change of the family itself (§11.11), a grade
    at the greatest risk (§11.8), and an objection that came after the notice (§11.4)."""

    SELF_REPORT = "SELF_REPORT"
    HOTLINE = "HOTLINE"
    SWEEP = "SWEEP"
    DEPARTMENT = "DEPARTMENT"
    INCOME_RULE = "INCOME_RULE"
    EXPENSE_RULE = "EXPENSE_RULE"
    DISASTER_SWEEP = "DISASTER_SWEEP"
    FAMILY_EVENT = "FAMILY_EVENT"
    GRADE = "GRADE"
    COMPLAINT = "COMPLAINT"


class ClueOutcome(enum.StrEnum):
    """What was found at the door (核实结果)."""

    CONFIRMED = "CONFIRMED"
    NOT_CONFIRMED = "NOT_CONFIRMED"


class VerificationWeek(enum.StrEnum):
    """What "verified within the week" (周核实) means: policy."""

    ROLLING_DAYS = "ROLLING_DAYS"
    CALENDAR_WEEK = "CALENDAR_WEEK"


@dataclass(frozen=True, slots=True)
class CluePolicy:
    """The numbers of a division on a day, as far as clues ask for them; the defaults are those of the catalogue
    (domain/policy/data/parameters.csv, which says what each stands on).

    `major_loss_percent`: beyond this share of the earnings the loss of a member is grave. `window_months`: of so many whole
    months a year's income is made.
    """

    verification_days: int = 7
    week: VerificationWeek = VerificationWeek.ROLLING_DAYS
    major_loss_percent: int = 30
    window_months: int = 12

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> CluePolicy:
        """From the values in force, by parameter."""
        return cls(
            verification_days=values["VERIFICATION_DAYS"],
            week=VerificationWeek(values["VERIFICATION_WEEK"]),
            major_loss_percent=values["MAJOR_LOSS_SHARE"],
            window_months=values["INCOME_WINDOW"],
        )


CLUE_PARAMETERS: Final = ("VERIFICATION_DAYS", "VERIFICATION_WEEK", "MAJOR_LOSS_SHARE", "INCOME_WINDOW")

# Signs that a change of the family gives by itself (terms of clue_sign).
FAMILY_UPHEAVAL, NEW_HOUSEHOLD = "FAMILY_UPHEAVAL", "NEW_HOUSEHOLD"

# Signs that figures give by themselves (signs.py), and of those of a single expense its kind and its threshold.
INCOME_BELOW_STANDARD, RIGID_EXPENSE = "INCOME_BELOW_STANDARD", "RIGID_EXPENSE"
EXPENSE_OF_SIGN: Final = {
    "MEDICAL_EXPENSE": ("MEDICAL", "MEDICAL_THRESHOLD"),
    "STUDY_EXPENSE": ("STUDY", "STUDY_THRESHOLD"),
    "DISASTER": ("DISASTER_LOSS", "DISASTER_THRESHOLD"),
}

# --- income ------------------------------------------------------------------------------------------------------------

# Of these five terms of statement_kind net income is made; every other word of that list is a rigid expense (刚性支出).
WAGE, BUSINESS, PROPERTY, TRANSFER, PRODUCTION_COST = "WAGE", "BUSINESS", "PROPERTY", "TRANSFER", "PRODUCTION_COST"
INCOME_KINDS: Final = (WAGE, BUSINESS, PROPERTY, TRANSFER, PRODUCTION_COST)

# A month is known when somebody said what was earned in it, and be it nothing. That dibao was paid says nothing of that:
# a month of which only the department's list is known would look like one of misery (ASSUMPTION).
MAKE_A_MONTH_KNOWN: Final = (WAGE, BUSINESS, PROPERTY)

# What people earn by their work: rent and dibao stay with the family when somebody goes.
EARNED_KINDS: Final = (WAGE, BUSINESS, PRODUCTION_COST)

MOST_FEN: Final = 10_000_000_000  # a hundred million yuan: beyond it somebody typed a telephone number
EARLIEST_MONTH: Final = date(2000, 1, 1)
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?", re.ASCII)
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """Whole months: `first` is the first day of the first, `until` the first day after the last."""

    first: date
    until: date


def window(on: date, months: int) -> Window:
    """The months that count for a calculation on a day: "from the first day of the same month last year to the end of
    last month" (domain.md §11.9), where `months` is 12.

    >>> window(date(2026, 3, 14), 12)
    Window(first=datetime.date(2025, 3, 1), until=datetime.date(2026, 3, 1))
    """
    year, month = divmod(on.year * 12 + on.month - 1 - months, 12)
    return Window(date(year, month + 1, 1), on.replace(day=1))


def fen(yuan: str) -> int | None:
    """Yuan as people write them ("1250", "1250.5", "1250.50") in fen; None for anything else, and beyond MOST_FEN."""
    if not _AMOUNT.fullmatch(yuan):
        return None
    whole, _, part = yuan.partition(".")
    value = int(whole) * 100 + int(part.ljust(2, "0") or "0")
    return value if value <= MOST_FEN else None


def month_read(text: str) -> date | None:
    """The month "2026-03" as its first day; None for what is no month."""
    return date.fromisoformat(f"{text}-01") if _MONTH.fullmatch(text) else None


def month_problem(month: date, today: date) -> str | None:
    """A month has begun before anybody knows what it brought: the present one may be told of, the next may not."""
    return None if EARLIEST_MONTH <= month <= today else "MONTH_OUT_OF_RANGE"


def is_major_loss(earned: Mapping[uuid.UUID | None, int], gone: Collection[uuid.UUID], policy: CluePolicy) -> bool:
    """Whether those who went earned over 30 % of what the family is known to have earned: "Losing a member who earned
    over 30 % raises a major-change clue" (domain.md §11.11). Exactly 30 % is not over.

    earned: fen by member over the window, under None what belongs to nobody in particular. Who goes together is judged
    together (ASSUMPTION): two who earned a fifth each leave a hole as deep as one who earned two. Of whom nothing is
    known, or who earned less than nothing, nothing was lost; that is UNKNOWN and raises no clue.
    """
    lost = sum(max(earned.get(one, 0), 0) for one in gone)
    return lost > 0 and lost * 100 > policy.major_loss_percent * sum(earned.values())


def lost_percent(earned: Mapping[uuid.UUID | None, int], gone: Collection[uuid.UUID]) -> int | None:
    """The share of those who went, in whole percent rounded down; None where the family as a whole earned nothing."""
    total = sum(earned.values())
    return sum(max(earned.get(one, 0), 0) for one in gone) * 100 // total if total > 0 else None


# --- clues and their clock ---------------------------------------------------------------------------------------------


def period_of(day: date) -> str:
    """The period of a sign that is one per month: "2026-03"."""
    return f"{day:%Y-%m}"


def begun_on(received_at: datetime) -> date:
    """Day 0: "the CST date on which the server first received the clue" (domain.md §11.2). One received at 23:59:59 and
    one a second later are a day apart."""
    return china_date(received_at)


def due_on(began_on: date, policy: CluePolicy) -> date:
    """The last day on which it is verified in time: "due at 24:00 of day 7" (domain.md §11.2); by the calendar week, the
    Sunday of day 0's week. Holidays change nothing."""
    if policy.week is VerificationWeek.CALENDAR_WEEK:
        return began_on + timedelta(days=7 - began_on.isoweekday())
    return began_on + timedelta(days=policy.verification_days)


@dataclass(frozen=True, slots=True)
class DoorVisit:
    """The visit that verifies. `visitors`: who recorded it or came along; `paired`: those of them who help the family."""

    contact: VisitContact
    is_superseded: bool
    is_of_the_household: bool
    occurred_at: datetime
    visitors: frozenset[uuid.UUID]
    paired: frozenset[uuid.UUID]


def verification_problems(visit: DoorVisit, began_on: date) -> list[Problem]:
    """Why a visit verifies nothing: 入户核查 is a call at this family's door, met by somebody, on day 0 or later, by two
    of whom one is not paired with it (domain.md §11.2: "attempts change nothing"; §11.6: "two people verify, one of them
    not paired with the household"). Somebody who helps nobody there counts, an officer among them.
    """
    path = ("input", "visitId")
    if not visit.is_of_the_household:
        return [Problem("VISIT_OF_ANOTHER_HOUSEHOLD", path)]
    problems = []
    if visit.is_superseded:
        problems.append(Problem("ALREADY_SUPERSEDED", path))
    if visit.contact is not VisitContact.IN_PERSON:
        problems.append(Problem("NOT_A_DOOR_VISIT", path))
    if china_date(visit.occurred_at) < began_on:
        problems.append(Problem("VISIT_BEFORE_CLUE", path, {"beganOn": str(began_on)}))
    if missing := verifiers_problem(visit.visitors, visit.paired):
        problems.append(Problem(missing, path))
    return problems
