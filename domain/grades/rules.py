"""Who grades a household, when, and on what grounds. Pure: facts and the day come in as arguments.

Source: 六安2019 (S3) 二(一)1: 村两委、驻村扶贫工作队要集中时间，实地了解已脱贫户…等生产生活情况，
综合判断已脱贫户的自我发展能力，提出风险等级建议，经乡镇审核无异议后，报县区扶贫开发领导小组备案.
People judge; nothing here says which level a family is of.
"""

from __future__ import annotations

import enum
import uuid
from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from domain.access.recusal import CaseLevel, StepTaken, recusal
from domain.access.rules import GrantRole
from domain.base.errors import Problem
from domain.cases.rules import RECUSED
from domain.monitoring.rules import DoorVisit
from domain.visits.rules import VisitContact, china_date


class GradeState(enum.StrEnum):
    """Where a grade stands (评定状态), domain.md §5: the village proposes, the township reviews, the county files."""

    PROPOSED = "PROPOSED"
    REVIEWED = "REVIEWED"
    FILED = "FILED"
    RETURNED = "RETURNED"
    SUPERSEDED = "SUPERSEDED"


class ReviewOutcome(enum.StrEnum):
    """What the township says of a proposal (审核结果)."""

    NO_OBJECTION = "NO_OBJECTION"
    RETURNED = "RETURNED"


class FilingOutcome(enum.StrEnum):
    """What the county does (备案结果): "it cannot change a grade, only ask for a new one" (domain.md §11.6)."""

    FILED = "FILED"
    ANOTHER_ASKED_FOR = "ANOTHER_ASKED_FOR"


class Reckoned(enum.StrEnum):
    """Schemes that figures decide; each has its own statement (reckoning.py)."""

    FOUR_LIGHTS = "FOUR_LIGHTS"


class Unfit(enum.StrEnum):
    """Why a scheme is not for a household."""

    NOT_USED_HERE = "NOT_USED_HERE"
    RECKONED = "RECKONED"
    OTHER_CATEGORY = "OTHER_CATEGORY"


PROPOSES: Final = frozenset({GrantRole.VILLAGE_OFFICER, GrantRole.RESIDENT_TEAM})
REVIEWS: Final = frozenset({GrantRole.TOWNSHIP_OFFICER})
FILES: Final = frozenset({GrantRole.COUNTY_OFFICER})

GRADE_PARAMETERS: Final = ("GRADING_SCHEMES", "GRADE_VISIT_DAYS")
ROUND_PARAMETERS: Final = ("GRADING_SCHEMES", "GRADING_MONTHS", "FIRST_GRADING_DAYS")
RISK_GRADE: Final = "RISK_GRADE"  # the sign (term of clue_sign) that a grade gives
ASKED_FOR: Final = "ASKED_FOR"  # the cause (term of grade_cause) of a grade that somebody above asked for


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a scheme: `reasons` are those that the scheme's document names for it."""

    code: str
    rank: int
    raises_clue: bool
    reasons: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scheme:
    """A scheme as rules ask about it; levels by code."""

    code: str
    is_computed: bool
    categories: frozenset[str]
    levels: Mapping[str, Level]

    def speaks_for(self, reason: str | None, given: str | None = None) -> str | None:
        """The level for which the document names a reason: the `given` one where it is among them, else that of the
        greatest risk; None for a region's own words."""
        named = [level for level in self.levels.values() if reason in level.reasons]
        return min(named, key=lambda level: (level.code != given, level.rank)).code if named else None


def applicability_problem(scheme: Scheme, used: Collection[str], category: str) -> Problem | None:
    """Why nobody proposes a grade of this scheme for such a household (SCHEME_NOT_APPLICABLE): its division does not use
    it, it is reckoned and not judged, or it is not for the category: S3's three levels are 已脱贫户's. "A scheme names
    the categories it covers" (domain.md §11.8)."""
    if scheme.code not in used:
        why = Unfit.NOT_USED_HERE
    elif scheme.is_computed:
        why = Unfit.RECKONED
    elif category not in scheme.categories:
        why = Unfit.OTHER_CATEGORY
    else:
        return None
    return Problem("SCHEME_NOT_APPLICABLE", ("input", "scheme"), {"scheme": scheme.code, "why": why.value})


def judgement_problems(scheme: Scheme, level: str, reasons: Sequence[str]) -> list[Problem]:
    """What is wrong with a level and its reasons: LEVEL_UNKNOWN for what is none of the scheme's ("bare green is no Lu'an
    value", domain.md §10); REASON_MISSING; REASONS_OF_ANOTHER_LEVEL where every reason is one that the document names for
    other levels. S3 says 主要指 of each list, so one of its words, or the region's own, is enough beside others."""
    if level not in scheme.levels:
        return [Problem("LEVEL_UNKNOWN", ("input", "level"), {"level": level[:40], "scheme": scheme.code})]
    if not reasons:
        return [Problem("REASON_MISSING", ("input", "reasons"))]
    own = scheme.levels[level].reasons
    if all(reason not in own and scheme.speaks_for(reason) is not None for reason in reasons):
        return [Problem("REASONS_OF_ANOTHER_LEVEL", ("input", "reasons"), {"level": level})]
    return []


def visit_problems(visit: DoorVisit | None, today: date, days: int) -> list[Problem]:
    """Why a call does not stand behind a proposal: 评定前要实地了解已脱贫户生产生活情况 (S3 二(一)2). Somebody was met
    at this family's door, not more than `days` days ago (policy GRADE_VISIT_DAYS)."""
    path = ("input", "visitId")
    if visit is None:
        return [Problem("ONSITE_VISIT_NEEDED", path)]
    if not visit.is_of_the_household:
        return [Problem("VISIT_OF_ANOTHER_HOUSEHOLD", path)]
    problems = []
    if visit.is_superseded:
        problems.append(Problem("ALREADY_SUPERSEDED", path))
    if visit.contact is not VisitContact.IN_PERSON:
        problems.append(Problem("ONSITE_VISIT_NEEDED", path))
    if china_date(visit.occurred_at) < today - timedelta(days=days):
        problems.append(Problem("VISIT_TOO_OLD", path, {"days": days}))
    return problems


# --- when --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CurrentRound:
    """The county's latest round under a scheme, and whether this household has been proposed for in it, or graded."""

    id: uuid.UUID
    is_graded: bool


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a household is graded now: for a round, because of a change, or both."""

    round_id: uuid.UUID | None
    cause: str | None


def occasion(current: CurrentRound | None, cause: str | None, *, is_asked_for: bool) -> Occasion | Problem:
    """What a proposal is for. Somebody whom the latest round has not reached yet is graded for it, late or not; beside the
    rounds a major change must be named: 对已脱贫户家庭情况发生较大变化，要随时调整风险等级 (S3 二(一)2). is_asked_for:
    somebody above asked for another grade in the place of the one that holds, which is a cause of its own."""
    if current is not None and not current.is_graded:
        return Occasion(current.id, cause)
    if cause is None and not is_asked_for:
        return Problem("CAUSE_MISSING", ("input", "cause"))
    return Occasion(None, cause or ASKED_FOR)


@dataclass(frozen=True, slots=True)
class DueRound:
    """A round to be opened. month: its first day."""

    month: date
    opened_on: date
    due_on: date


def due_round(today: date, months: Collection[int], latest: date | None, first_days: int) -> DueRound | None:
    """The round that a county opens on that day under a scheme that it uses, or none.

    以后每年4月、10月进行动态调整 (S3 四(三)): in the policy's `months`, until the month's last day. A county that has never
    graded begins at once, whatever the month, and has `first_days`: 5月底之前要完成历年已脱贫户风险等级划分, said on
    20 May. latest: the month of its last round.
    """
    month = today.replace(day=1)
    last_day = today.replace(day=monthrange(today.year, today.month)[1])
    if latest is None:
        end = today + timedelta(days=first_days)
        return DueRound(month, today, max(end, last_day) if today.month in months else end)
    return DueRound(month, today, last_day) if today.month in months and latest < month else None


# --- who ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """Who has taken which step of a grade so far."""

    proposed_by: uuid.UUID | None
    reviewed_by: uuid.UUID | None = None


def recusal_problem(
    account_id: uuid.UUID, level: CaseLevel, taken: Taken, relatives: Collection[uuid.UUID], path: str = "gradeId"
) -> Problem | None:
    """Why somebody leaves a step of a grade to another: RECUSED_AS_RELATIVE for a declared relative of the family,
    RECUSED_ACTED_ELSEWHERE for who has acted on this grade at another level: "Nobody acts at two levels of one case;
    relatives recuse" (domain.md §11.6), and a grade goes over the same three levels."""
    steps = [
        StepTaken(at, who)
        for at, who in ((CaseLevel.VILLAGE, taken.proposed_by), (CaseLevel.TOWNSHIP, taken.reviewed_by))
        if who is not None
    ]
    why = recusal(account_id, level, steps, relatives)
    return None if why is None else Problem(RECUSED[why], ("input", path))


def state_problem(state: GradeState, *waited_for: GradeState) -> Problem | None:
    """GRADE_NOT_WAITING for a grade that does not wait for this step."""
    return None if state in waited_for else Problem("GRADE_NOT_WAITING", ("input", "gradeId"), {"state": state.value})


def raises_clue(new: Level, before: Level | None) -> bool:
    """RED raises a clue, not a case (domain.md §11.8); who stays there was looked at when they came (ASSUMPTION)."""
    return new.raises_clue and not (before is not None and before.raises_clue)
