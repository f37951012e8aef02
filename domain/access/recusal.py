"""Who may not act in a case, whatever their role (回避). Pure: who acts, what was done, and who is near come in.

"Two people verify, one of them not paired with the household … Nobody acts at two levels of one case; relatives recuse"
(domain.md §11.6); objections are "answered … by someone other than the verifiers" (§11.4).
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Collection
from dataclasses import dataclass


class CaseLevel(enum.StrEnum):
    """Where a step of a case is decided; a step belongs to exactly one level."""

    VILLAGE = "VILLAGE"
    TOWNSHIP = "TOWNSHIP"
    COUNTY = "COUNTY"


class Recusal(enum.StrEnum):
    """Why somebody has to leave a step to another (回避原因)."""

    RELATIVE = "RELATIVE"
    ACTED_AT_ANOTHER_LEVEL = "ACTED_AT_ANOTHER_LEVEL"
    VERIFIED_IT = "VERIFIED_IT"


@dataclass(frozen=True, slots=True)
class StepTaken:
    """Something that somebody did in a case: at which level, and whether it was the verification at the door."""

    level: CaseLevel
    account_id: uuid.UUID
    is_verification: bool = False


def recusal(
    account_id: uuid.UUID,
    level: CaseLevel,
    taken: Collection[StepTaken],
    relatives: Collection[uuid.UUID],
    *,
    answers_objection: bool = False,
) -> Recusal | None:
    """Why this account may not take a step at this level of a case; None where it may.

    taken: the steps of the case so far, of all its rounds: elimination is the same case. relatives: accounts of relatives
    of the family's members. Whoever verified may go on at the same level, but answers no objection to what they found.
    """
    if account_id in relatives:
        return Recusal.RELATIVE
    theirs = [step for step in taken if step.account_id == account_id]
    if any(step.level is not level for step in theirs):
        return Recusal.ACTED_AT_ANOTHER_LEVEL
    if answers_objection and any(step.is_verification for step in theirs):
        return Recusal.VERIFIED_IT
    return None


def verifiers_problem(visitors: Collection[uuid.UUID], paired: Collection[uuid.UUID]) -> str | None:
    """What is missing of two people at the door, one of whom does not help the family: an error code, or None."""
    if len(set(visitors)) < 2:
        return "SECOND_VERIFIER_MISSING"
    return "VERIFIER_NOT_PAIRED_MISSING" if set(visitors) <= set(paired) else None
