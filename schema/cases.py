"""Monitoring cases as they are read: where each stands, by when, what happened, and what is attached."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Final

import strawberry
from sqlalchemy import Boolean, Date, Text, and_, case, cast, func, literal
from sqlalchemy.dialects.postgresql import JSONB
from strawberry.scalars import JSON

from domain.access.matrix import FieldClass
from domain.access.recusal import CaseLevel
from domain.cases import models as m
from domain.cases.queries import is_undecided, sees_authorisation, sees_case, sees_objection, sees_question
from domain.cases.transitions import Event, Round, Step
from domain.households.queries import by_class, meets_of
from schema import case_words as case_words
from schema.clues import Clue
from schema.engine import (
    CountedConnection,
    by,
    described,
    entity,
    equals,
    is_in,
    matches,
    one,
    pages,
    planned,
    related,
    shows,
)
from schema.helpers import Organisation, below
from schema.node import Node
from schema.people import Person
from schema.regions import Region
from schema.scalars import RegionCode
from schema.terms import Term, term, terms
from schema.viewer import TODAY, Actor

if TYPE_CHECKING:
    from schema.households import Household


@entity(m.CaseEvent, scope=sees_case(m.CaseEvent))
class CaseEvent:
    """Something that happened to a case: written once, never changed. 办理记录"""

    revision: int = described("That of the case which it made. 修订号")
    round: Round = described("In which round. 轮次")
    event: Event = described("What. 事项")
    level: CaseLevel | None = described("At which level; null where it followed by itself. 层级")
    from_step: Step | None = described("Where the case stood; null when it was opened. 原环节")
    to_step: Step = described("Where it stood then. 现环节")
    happened_at: datetime = described("When it happened. 发生时刻")
    recorded_at: datetime = described("When the server heard of it. 记录时刻")
    recorded_by: Actor | None = described("Who did it; null where it followed by itself. 经办人")
    reason: str | None = shows(
        by_class(FieldClass.NOTE, m.CaseEvent.reason),
        description="In words; null for who does not meet the family. 说明",
    )
    detail: JSON = shows(
        case((meets_of(m.CaseEvent), m.CaseEvent.detail), else_=literal({}, JSONB())),
        description="Codes, days and ids; empty for who does not meet the family. 明细",
    )


@entity(m.CaseAuthorisation, scope=sees_authorisation())
class CaseAuthorisation:
    """A member of age has signed that departments may be asked about them. 授权书"""

    round: Round = described("For which round. 轮次")
    person: Person | None = described("Who signed. 授权人")
    signed_on: date = described("When. 签署日期")
    document: str = described("Which sheet: its number in the village's file, or the hash of the scan. 授权书编号")


@entity(m.ComparisonQuestion, scope=sees_question())
class ComparisonQuestion(Node):
    """What one department is asked about a family, and what it answered. 信息比对"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    organisation: Organisation = described("Which department. 比对部门")
    round: Round = described("Of which round of the case. 轮次")
    people: JSON = described("Whom it is asked about: personId, name, idNumber (masked). 比对对象")
    asked_at: datetime = described("When it was asked. 发起时刻")
    due_on: date = described("The last day on which it answers in time. 反馈期限")
    outcome: m.ComparisonOutcome | None = described("What it found; null while it has not answered. 比对结果")
    finding: str | None = described("What exactly, in its own words. 疑点")
    settled_at: datetime | None = described("When it answered, or its days were taken for over. 反馈时刻")
    explanation: str | None = shows(
        by_class(FieldClass.NOTE, m.ComparisonQuestion.explanation),
        description="What the village says about a hit; null for the department. 情况说明",
    )
    explained_at: datetime | None = described("When it was said. 说明时刻")


@entity(m.Notice, scope=sees_case(m.Notice))
class Notice(Node):
    """What was published of a case, as it hung there. 公示公告"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    number: str = described("Its number, which nobody else has. 编号")
    kind: m.NoticeKind = described("Notice or announcement. 类型")
    round: Round = described("Of which round. 轮次")
    region: Region = described("The village where it hangs. 行政村")
    published_on: date = described("Day 0: when it was hung. 公示起始日")
    ends_on: date | None = described("Its last full day; null for an announcement. 公示截止日")
    content: JSON = described("What it says: redacted before it was kept. 公示内容")
    withdrawn_at: datetime | None = described("When it was taken down for another. 撤回时刻")


@entity(m.Objection, scope=sees_objection())
class Objection(Node):
    """Somebody says that a notice is wrong; who, is never public. 公示异议"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    round: Round = described("Of which round. 轮次")
    received_at: datetime = described("When it came. 收到时刻")
    due_on: date = described("The last day on which it is answered in time. 答复期限")
    is_anonymous: bool = shows(m.Objection.objector.is_(None), description="Whether nobody said who. 是否匿名")
    objector: str | None = shows(
        by_class(FieldClass.NOTE, m.Objection.objector), description="Who, if they said so. 异议人"
    )
    says: str | None = shows(by_class(FieldClass.NOTE, m.Objection.says), description="What it says. 异议内容")
    outcome: m.ObjectionOutcome | None = described("What became of it; null while nobody answered. 处理结果")
    answer: str | None = shows(by_class(FieldClass.NOTE, m.Objection.answer), description="The answer. 答复")
    answered_at: datetime | None = described("When. 答复时刻")
    answered_by: Actor | None = described("By whom: nobody who verified it. 答复人")


@entity(m.MonitoringCase, scope=sees_case())
class MonitoringCase(Node):
    """A household in the procedure or under monitoring; one open one per household. 监测对象"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    household: Annotated[Household, strawberry.lazy("schema.households")] = described("Which household. 农户")
    region: Region = described("The village it lives in. 所在行政村")
    category: Term | None = term(
        "monitoring_category", m.MonitoringCase.category, description="Null until the county decides. 监测对象类别"
    )
    proposed_category: Term | None = term(
        "monitoring_category",
        m.MonitoringCase.proposed_category,
        description="What the township approved instead, until the county decides. 拟调整类别",
    )
    causes: list[Term] = terms("cause", m.MonitoringCase.causes, description="Main cause first. 致贫返贫风险")
    round: Round = described("Which round. 轮次")
    step: Step = described("Where it stands. 所处环节")
    step_since: datetime = described("Since when. 进入环节时刻")
    step_due_on: date | None = described("The last day of the step, where it has one. 环节期限")
    began_on: date = described("Day 0: that of its clue. 起算日期")
    round_began_on: date = described("Day 0 of the present round. 本轮起算日期")
    due_on: date = described("The last day on which the county decides this round in time. 认定期限")
    is_overdue: bool = shows(
        case((and_(is_undecided(), m.MonitoringCase.due_on < TODAY), literal(True, Boolean())), else_=False),
        description="Past that day today and not decided: flagged, and nothing is blocked. 是否超期",
    )
    clue: Clue | None = described("The sign that it stands on; null outside the scope. 来源线索")
    previous_case: MonitoringCase | None = described("The case before, if the family was in one. 前一案件")
    opened_at: datetime = described("When it was opened. 立案时刻")
    decided_at: datetime | None = described("When the county admitted the family. 审定时刻")
    monitored_on: date | None = described("Under monitoring since. 纳入监测日期")
    eliminated_on: date | None = described("The day on which the risk was announced gone. 风险消除日期")
    closed_on: date | None = described("Open no more since; null while it is. 终止日期")
    close_reason: Term | None = term(
        "case_close_reason", m.MonitoringCase.close_reason, description="Why it ended by itself. 终止原因"
    )
    upload_status: m.UploadStatus = described("Whether the national system has it. 录入状态")
    revision: int = described("Counts every change. 修订号")
    updated_at: datetime = described("When it last changed. 更新时刻")
    events: list[CaseEvent] = related(
        m.MonitoringCase.events, order_by=("revision",), description="What happened, the first first. 办理记录"
    )
    authorisations: list[CaseAuthorisation] = related(
        m.MonitoringCase.authorisations,
        order_by=("recorded_at", "id"),
        description="What members signed; none for who does not meet the family. 授权书",
    )
    questions: list[ComparisonQuestion] = related(
        m.MonitoringCase.questions,
        order_by=("asked_at", "id"),
        description="What departments were asked; none for who does not meet the family. 信息比对",
    )
    notices: list[Notice] = related(
        m.MonitoringCase.notices, order_by=("published_at", "id"), description="What hung in public. 公示公告"
    )
    objections: list[Objection] = related(
        m.MonitoringCase.objections,
        order_by=("received_at", "id"),
        description="For officers of the division. 公示异议",
    )


@strawberry.input(description="Which cases; all conditions together. 监测对象筛选条件")
class MonitoringCaseFilter:
    region: RegionCode | None = matches(
        below(m.MonitoringCase.region_code), Text(), description="In this division or below it. 所在区划"
    )
    household_id: strawberry.ID | None = equals(  # type: ignore[assignment]
        m.MonitoringCase.household_id, description="Of this household. 农户标识"
    )
    steps: list[Step] | None = is_in(m.MonitoringCase.step, description="At one of these steps. 所处环节")
    rounds: list[Round] | None = is_in(m.MonitoringCase.round, description="In one of these rounds. 轮次")
    categories: list[str] | None = is_in(
        m.MonitoringCase.category,  # type: ignore[arg-type]  # null until it is decided: then in none of these
        description="Of one of these categories (monitoring_category). 监测对象类别代码",
    )
    upload_statuses: list[m.UploadStatus] | None = is_in(
        m.MonitoringCase.upload_status, description="With one of these. 录入状态"
    )
    is_open: bool | None = matches(
        lambda wanted: m.MonitoringCase.closed_on.is_(None) == wanted,
        Boolean(),
        description="Whether it is open still. 是否在办或在测",
    )
    overdue_on: date | None = matches(
        lambda day: and_(is_undecided(), m.MonitoringCase.due_on < day),
        Date(),
        description="Not decided yet, and past its day when this one began. 该日超期未审定",
    )
    due_before: date | None = matches(
        lambda day: m.MonitoringCase.due_on < day, Date(), description="Due before this day. 期限早于"
    )
    opened_since: date | None = matches(
        lambda day: cast(func.timezone("Asia/Shanghai", m.MonitoringCase.opened_at), Date()) >= day,
        Date(),
        description="Opened on this day in China or later. 立案日期不早于",
    )


@strawberry.input(description="Which questions; all conditions together. 信息比对筛选条件")
class ComparisonQuestionFilter:
    region: RegionCode | None = matches(
        below(m.ComparisonQuestion.region_code), Text(), description="In this division or below it. 所在区划"
    )
    is_answered: bool | None = matches(
        lambda wanted: m.ComparisonQuestion.outcome.is_not(None) == wanted,
        Boolean(),
        description="Whether it was answered, or its days were taken for over. 是否已反馈",
    )


FIRST_DUE: Final = by(m.MonitoringCase.due_on)


@strawberry.type
class CaseQueries:
    """Root fields about cases."""

    monitoring_cases: CountedConnection[MonitoringCase] = pages(
        filter=MonitoringCaseFilter,
        order=FIRST_DUE,
        description="Cases that the viewer may see, those due first first. 监测对象列表",
    )
    comparison_questions: CountedConnection[ComparisonQuestion] = pages(
        filter=ComparisonQuestionFilter,
        order=by(m.ComparisonQuestion.due_on),
        description="What departments are asked: each sees its own. 信息比对列表",
    )

    @planned
    def monitoring_case(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]
    ) -> MonitoringCase | None:
        """One case by its id. 按标识查监测对象"""
        return one(MonitoringCase, m.MonitoringCase.id == id)
