"""The words of the procedure as clients read them: rounds, steps, events, outcomes."""

from __future__ import annotations

from domain.access.recusal import CaseLevel
from domain.cases import models as m
from domain.cases.transitions import TRANSITIONS, Event, Round, Step
from schema.enums import described_enum

described_enum(
    Round,
    "Which round of a case it is. 轮次",
    named="CaseRound",
    ADMISSION="Whether the family is taken in. 纳入认定",
    ELIMINATION="Whether its risk is gone. 风险消除",
)
described_enum(
    Step,
    "Where a case stands: what is to be done next, or how it ended. 所处环节",
    named="CaseStep",
    COMPARISON="Departments compare what they know. 信息比对",
    DEMOCRATIC_APPRAISAL="The village appraises. 民主评议",
    VILLAGE_NOTICE="The notice hangs in the village, or is to hang there. 村级公示",
    TOWNSHIP_REVIEW="The township reviews. 乡镇审核",
    COUNTY_DECISION="The county decides. 县级审定",
    RESULT_ANNOUNCED="Decided; the result is to be announced. 结果公告",
    MONITORED="Under monitoring. 监测中",
    ELIMINATED="The risk is gone; it is followed still. 风险消除",
    REJECTED="Not taken in; it may come back. 不予纳入",
    REGISTERED_POOR="Registered as a poor household. 纳入建档立卡",
    CLOSED="Ended by itself: nobody is left, or another case goes on. 自然终止",
)
described_enum(
    Event,
    "What happened to a case. docs/cases.md has the table. 办理事项",
    named="CaseEventKind",
    **{row.event.name: f"{row.en}. {row.zh}" for row in reversed(TRANSITIONS)},
)
described_enum(
    CaseLevel,
    "The level at which somebody acts in a case. 办理层级",
    VILLAGE="The village. 村级",
    TOWNSHIP="The township. 乡镇级",
    COUNTY="The county. 县级",
)
described_enum(
    m.UploadStatus,
    "Whether the national system has it: beside the steps. 录入状态",
    NONE="Nothing to enter. 无需录入",
    PENDING="To be entered once its window opens. 待录入",
    UPLOADED="Entered. 已录入",
)
described_enum(
    m.NoticeKind,
    "What hangs in public. 公示公告类型",
    VILLAGE_NOTICE="Before the decision, for objections. 村级公示",
    RESULT_ANNOUNCEMENT="After the decision. 结果公告",
)
described_enum(
    m.ObjectionOutcome,
    "What became of an objection. 异议处理结果",
    NOT_UPHELD="Not upheld: the case goes on. 不成立",
    CORRECTED="Upheld, and put right. 成立,已更正",
    REJECTED="Upheld: the round is refused. 成立,不予通过",
)
described_enum(
    m.ComparisonOutcome,
    "What a department found. 比对结果",
    CLEAR="Nothing. 无异常",
    HIT="Something to be explained: a car, a shop, a payroll. 有疑点",
    NO_ANSWER="Its days were over. 逾期未反馈",
)
