"""Which duties there are: why each is due, whose sentence says so, and how long it stays in the lists."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.policy.rules import PolicyBasis


class DutyLevel(enum.StrEnum):
    """Who has to do it (责任层级): the helpers of the family, or the officers of a level."""

    HELPER = "HELPER"
    VILLAGE = "VILLAGE"
    TOWNSHIP = "TOWNSHIP"
    COUNTY = "COUNTY"


class DutyRule(enum.StrEnum):
    """Why something is due (待办规则)."""

    VISIT_DUE = "VISIT_DUE"
    DOOR_VISIT_DUE = "DOOR_VISIT_DUE"
    KEY_HELPER_MISSING = "KEY_HELPER_MISSING"
    LEADER_MISSING = "LEADER_MISSING"
    QUARTERLY_ANALYSIS = "QUARTERLY_ANALYSIS"
    CONFIRM_ANALYSIS = "CONFIRM_ANALYSIS"
    MISSING_WITNESS = "MISSING_WITNESS"
    REGRADE = "REGRADE"
    REVIEW_GRADE = "REVIEW_GRADE"
    FILE_GRADE = "FILE_GRADE"
    VERIFY_CLUE = "VERIFY_CLUE"
    COMPARISON = "COMPARISON"
    APPRAISAL = "APPRAISAL"
    PUBLISH_NOTICE = "PUBLISH_NOTICE"
    NOTICE_ENDS = "NOTICE_ENDS"
    ANSWER_OBJECTION = "ANSWER_OBJECTION"
    TOWNSHIP_REVIEW = "TOWNSHIP_REVIEW"
    COUNTY_DECISION = "COUNTY_DECISION"
    ANNOUNCE_RESULT = "ANNOUNCE_RESULT"
    LOOK_BACK = "LOOK_BACK"
    UNKNOWN_INCOME_MONTH = "UNKNOWN_INCOME_MONTH"
    MEND_SUBMISSION = "MEND_SUBMISSION"
    DEFERRED_CONFLICT = "DEFERRED_CONFLICT"


@dataclass(frozen=True, slots=True)
class Demand:
    """What demands a duty: of which levels it can be, which helpers it is for, and the sentence that says so.

    helped_by: ANY helper of the family, those of one pairing role, or None where it is for officers only.
    """

    levels: tuple[DutyLevel, ...]
    helped_by: str | None
    basis: PolicyBasis
    sentence: str


ANY: Final = "ANY"
KEY_HELP: Final = "KEY_HELP"  # a term of pairing_role: 重点帮扶干部
WEALTH_LEADER: Final = "WEALTH_LEADER"
_HELPER, _VILLAGE, _TOWNSHIP, _COUNTY = DutyLevel

# ASSUMPTION: what was missed stays in the lists for a month, so that a phone that comes out of the valley can still bring
# it, and the month's meeting has seen it. After that it is history: the record of months keeps it (`visitPeriods`).
DAYS_MISSED_IS_LISTED: Final = 31
# CONVENTION: no source says how long. Five days are what the server itself waits for what a deferred item depends on.
DAYS_TO_MEND: Final = 5
# ASSUMPTION: as long as a clue may wait for its verification.
DAYS_TO_PAIR: Final = 7
# ASSUMPTION: as long as a clue, too, where no round says otherwise.
DAYS_TO_REVIEW_A_GRADE: Final = 7
DAYS_TO_CONFIRM: Final = 7
# ASSUMPTION: the next monthly visit sees it.
DAYS_TO_WITNESS: Final = 31
MOST_OPEN_MONTHS: Final = 6  # what MONTHS_BELOW may be at most

DEMANDS: Final[Mapping[DutyRule, Demand]] = {
    DutyRule.VISIT_DUE: Demand((_HELPER, _VILLAGE), ANY, PolicyBasis.SOURCE, "选准配强帮扶干部,每月至少入户走访一次"),
    DutyRule.DOOR_VISIT_DUE: Demand(
        (_HELPER, _VILLAGE), KEY_HELP, PolicyBasis.ASSUMPTION, "全家外出的，每半年至少上门一次"
    ),
    DutyRule.KEY_HELPER_MISSING: Demand((_VILLAGE,), None, PolicyBasis.SOURCE, "选准配强帮扶干部"),
    DutyRule.LEADER_MISSING: Demand((_VILLAGE,), None, PolicyBasis.SOURCE, "确定一名本村党员创业致富带头人结对帮扶"),
    DutyRule.QUARTERLY_ANALYSIS: Demand((_HELPER, _VILLAGE), KEY_HELP, PolicyBasis.SOURCE, "每季度分析帮扶成效"),
    DutyRule.CONFIRM_ANALYSIS: Demand((_TOWNSHIP,), None, PolicyBasis.ASSUMPTION, "季度分析由乡镇确认"),
    DutyRule.MISSING_WITNESS: Demand((_HELPER, _VILLAGE), ANY, PolicyBasis.ASSUMPTION, "落实的措施，由入户走访见证"),
    DutyRule.REGRADE: Demand((_VILLAGE,), None, PolicyBasis.SOURCE, "以后每年4月、10月进行动态调整"),
    DutyRule.REVIEW_GRADE: Demand((_TOWNSHIP,), None, PolicyBasis.ASSUMPTION, "风险等级由乡镇审核"),
    DutyRule.FILE_GRADE: Demand((_COUNTY,), None, PolicyBasis.SOURCE, "报县区扶贫开发领导小组备案"),
    DutyRule.VERIFY_CLUE: Demand((_VILLAGE,), ANY, PolicyBasis.SOURCE, "实行“日汇总、周核实”制度"),
    DutyRule.COMPARISON: Demand((_VILLAGE,), None, PolicyBasis.CONVENTION, "信息比对"),
    DutyRule.APPRAISAL: Demand((_VILLAGE,), None, PolicyBasis.CONVENTION, "村级民主评议"),
    DutyRule.PUBLISH_NOTICE: Demand((_VILLAGE,), None, PolicyBasis.CONVENTION, "村级公示"),
    DutyRule.NOTICE_ENDS: Demand((_VILLAGE,), None, PolicyBasis.CONVENTION, "公示不少于5天"),
    DutyRule.ANSWER_OBJECTION: Demand((_VILLAGE,), None, PolicyBasis.ASSUMPTION, "异议由核实人以外的人员答复"),
    DutyRule.TOWNSHIP_REVIEW: Demand((_TOWNSHIP,), None, PolicyBasis.CONVENTION, "乡镇审核"),
    DutyRule.COUNTY_DECISION: Demand((_COUNTY,), None, PolicyBasis.CONVENTION, "县级审定"),
    DutyRule.ANNOUNCE_RESULT: Demand((_COUNTY,), None, PolicyBasis.CONVENTION, "结果公告"),
    DutyRule.LOOK_BACK: Demand((_VILLAGE,), ANY, PolicyBasis.SOURCE, "每月组织乡村干部走访排查"),
    DutyRule.UNKNOWN_INCOME_MONTH: Demand((_VILLAGE,), ANY, PolicyBasis.ASSUMPTION, "收入不明的月份，入户核实后补录"),
    DutyRule.MEND_SUBMISSION: Demand((_HELPER,), None, PolicyBasis.CONVENTION, "提交未被采纳的，由提交人更正"),
    DutyRule.DEFERRED_CONFLICT: Demand(
        (_TOWNSHIP, _COUNTY), None, PolicyBasis.CONVENTION, "提交所属农户不明的，由乡镇复核"
    ),
}
