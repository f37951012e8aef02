"""Who fits which role, and what an exit may not end. Pure: facts and days come in as arguments.

A role that is not named here (a ministry's new word, or one of which no source says who may) is open to everybody.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.base.errors import Problem
from domain.calendar.rules import months_after
from domain.pairings.rules import Helped, HelpedFacts, HelpingFacts


class PairingSubject(enum.StrEnum):
    """Of whom help is asked for (帮扶对象类别)."""

    HOUSEHOLD = "HOUSEHOLD"
    STUDENT = "STUDENT"
    VILLAGE = "VILLAGE"


STUDENT_CADRE, STUDENT_TEACHER, STUDENT_ENTREPRENEUR = "STUDENT_CADRE", "STUDENT_TEACHER", "STUDENT_ENTREPRENEUR"
THREE_FOR_ONE: Final = (STUDENT_CADRE, STUDENT_TEACHER, STUDENT_ENTREPRENEUR)

_CADRES: Final = frozenset({"CADRE", "FIRST_SECRETARY", "RESIDENT_TEAM_MEMBER", "VILLAGE_OFFICER"})
_ENTERPRISES: Final = frozenset({"LEADING_ENTERPRISE", "COOPERATIVE", "ENTERPRISE", "WORKSHOP"})
# School statuses of those who are at school; not those below kindergarten age, nor those who dropped out.
AT_SCHOOL: Final = frozenset(
    {
        *("PRESCHOOL", "PRIMARY", "JUNIOR_SECONDARY", "SENIOR_SECONDARY", "SECONDARY_VOCATIONAL"),
        *("JUNIOR_COLLEGE", "UNDERGRADUATE", "POSTGRADUATE"),
    }
)


@dataclass(frozen=True, slots=True)
class Fit:
    """helpers, organisations: the kinds (helper_kind, organisation_kind) that may help in the role. helped: whom."""

    helpers: frozenset[str]
    organisations: frozenset[str]
    helped: frozenset[Helped]


_NONE: Final[frozenset[str]] = frozenset()
_HOUSEHOLD, _PERSON, _VILLAGE = (frozenset({one}) for one in Helped)

FITS: Final[Mapping[str, Fit]] = {
    # 选准配强帮扶干部，每月至少入户走访一次 (S0, S1)
    "KEY_HELP": Fit(_CADRES, _NONE, _HOUSEHOLD),
    # 确定一名本村党员创业致富带头人结对帮扶 (S0, S1)
    "WEALTH_LEADER": Fit(frozenset({"WEALTH_LEADER"}), _NONE, _HOUSEHOLD),
    # 组织11.17万名党员干部与贫困户开展“一对一、手拉手”结对帮扶 (S1)
    "HAND_IN_HAND": Fit(_CADRES, _NONE, _HOUSEHOLD),
    # 组织3.26万名农技干部进村入户开展技术服务指导 (S1)
    "TECHNICAL_GUIDANCE": Fit(frozenset({"TECHNICIAN", "CADRE"}), _NONE, _HOUSEHOLD | _VILLAGE),
    # 农业产业化龙头企业等新型经营主体 … 与36085户贫困户建立利益联结机制 (S1)
    "BENEFIT_LINK": Fit(_NONE, _ENTERPRISES, _HOUSEHOLD),
    # 全省已有1036个社会组织与1110个老区村牵手结对 (S1)
    "SUNSHINE_HAND": Fit(_NONE, frozenset({"SOCIAL_ORGANISATION"}), _VILLAGE),
    # 第一书记、驻村工作队 are posted to a village (S2, S3).
    "FIRST_SECRETARY": Fit(frozenset({"FIRST_SECRETARY"}), _NONE, _VILLAGE),
    "RESIDENT_TEAM": Fit(
        frozenset({"RESIDENT_TEAM_MEMBER", "FIRST_SECRETARY"}), frozenset({"RESIDENT_TEAM"}), _VILLAGE
    ),
    # 三帮一: a cadre, a teacher and an entrepreneur (爱心人士) for each student (domain.md §6, of Dezhou).
    STUDENT_CADRE: Fit(_CADRES, _NONE, _PERSON),
    STUDENT_TEACHER: Fit(frozenset({"TEACHER"}), _NONE, _PERSON),
    STUDENT_ENTREPRENEUR: Fit(frozenset({"ENTREPRENEUR"}), _ENTERPRISES | {"SOCIAL_ORGANISATION"}, _PERSON),
}


def fit_problems(role: str, helping: HelpingFacts | None, helped: HelpedFacts | None) -> list[Problem]:
    """HELPER_KIND_NOT_FIT, HELPED_SIDE_NOT_FIT, NOT_A_STUDENT. None: a side that was not found, told elsewhere.

    The sentence behind each role stands beside it in FITS. 三帮一 is for students: whoever is at school on that day.
    """
    fit = FITS.get(role)
    if fit is None:
        return []
    problems = []
    if helping is not None:
        kinds = fit.organisations if helping.side.field == "organisationId" else fit.helpers
        if helping.kind not in kinds:
            detail = {"kind": helping.kind, "role": role}
            problems.append(Problem("HELPER_KIND_NOT_FIT", ("input", helping.side.field), detail))
    if helped is not None and helped.kind not in fit.helped:
        problems.append(Problem("HELPED_SIDE_NOT_FIT", ("input", helped.side.field), {"role": role}))
    elif helped is not None and role in THREE_FOR_ONE and helped.school_status not in AT_SCHOOL:
        problems.append(Problem("NOT_A_STUDENT", ("input", helped.side.field)))
    return problems


# --- what an exit may not end ----------------------------------------------------------------------------------------

# Reasons for an end that mean "because they got out of poverty, or out of monitoring".
BECAUSE_OF_EXIT: Final = frozenset({"TRANSITION_ENDED", "EXITED"})


def exit_problems(
    reason: str, helped: Helped, exited_on: date | None, months: int, ended_on: date | None
) -> list[Problem]:
    """EXIT_NOT_ON_RECORD, EXIT_ENDS_NO_HELP: help outlasts an exit by the region's transition.

    months: EXIT_TRANSITION_MONTHS. 严格落实摘帽不摘责任、摘帽不摘政策、摘帽不摘帮扶、摘帽不摘监管 (S0); 脱贫不脱帮扶 (S3);
    "Ending a pairing or measure because of an exit is refused unless policy's transition has run out" (domain.md §4).
    A village has no exit of its own on record: its pairings end for this reason when its officers say so.
    """
    if reason not in BECAUSE_OF_EXIT or ended_on is None or helped is Helped.VILLAGE:
        return []
    if exited_on is None:
        return [Problem("EXIT_NOT_ON_RECORD", ("input", "reason"), {"reason": reason})]
    over_on = months_after(exited_on, months)
    if ended_on >= over_on:
        return []
    detail = {"exitedOn": exited_on, "until": over_on, "months": months}
    return [Problem("EXIT_ENDS_NO_HELP", ("input", "reason"), detail)]
