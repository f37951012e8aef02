"""Households: what stands on record about a family, who is in it, who helps it, what happened to it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import strawberry
from sqlalchemy import Boolean, Double, Text, case, cast, func, literal, select

from domain.access.matrix import FieldClass
from domain.access.queries import is_signed_in, sees_household
from domain.assistance import models as a
from domain.assistance.analyses import days_to_first_measure
from domain.assistance.rules import PlanKind
from domain.base.datum import Datum
from domain.cases.models import MonitoringCase as CaseRow
from domain.families.rules import EventKind
from domain.grades.models import RiskGrade as GradeRow
from domain.grades.queries import is_current, is_in_use
from domain.households import models as m
from domain.households.queries import (
    by_class,
    meets_of,
    members_on,
    met_phone,
    sees_roster_entry,
    shown_number,
    shown_point,
)
from domain.monitoring.models import Clue as ClueRow
from domain.monitoring.models import IncomeStatement as StatementRow
from domain.monitoring.queries import income_of
from domain.pairings import models as p
from domain.pairings.queries import holds_on
from domain.visits.models import Visit as VisitRow
from schema.cases import MonitoringCase
from schema.clues import Clue
from schema.completeness import FiveClear, MeasureCoverage, five_clear, measure_coverage
from schema.effect_analyses import EffectAnalysis
from schema.engine import (
    Connection,
    CountedConnection,
    by,
    composed,
    described,
    entity,
    many,
    one,
    opened,
    page,
    planned,
    related,
    shows,
)
from schema.enums import described_enum
from schema.grades import RiskGrade
from schema.helpers import ActiveOn, After, First
from schema.income import IncomeStatement, IncomeSummary
from schema.measures import NEWEST_FIRST, Measure
from schema.node import Node
from schema.pairings import Pairing
from schema.people import Membership, Person
from schema.places import GeoPoint, InDatum
from schema.plans import AssistancePlan
from schema.regions import Region, Village
from schema.relief import NEWEST_FIRST as LATEST_RELIEF_FIRST
from schema.relief import Relief
from schema.terms import Term, term, terms
from schema.trace import AccessLogEntry, ChangeLogEntry, LogSince, LogUntil, access_log, change_log
from schema.viewer import TODAY
from schema.visits import Visit
from schema.walls import LANGUAGE

described_enum(
    m.MonitoringStatus,
    "Where a household stands with monitoring. 监测状态",
    NEVER="Never monitored. 未纳入监测",
    IN_PROCEDURE="Its case is being decided. 认定中",
    MONITORED="Under monitoring. 监测中",
    ELIMINATED_TRACKED="The risk is gone, and it is still followed. 风险已消除,跟踪中",
)
described_enum(
    EventKind,
    "What happened to a family. 大事类型",
    REGISTERED="It was put on record. 建档",
    EDITED="Something on record was put right. 信息变更",
    MEMBERS_CHANGED="Somebody came or went. 成员变动",
    SPLIT="It became two. 分户",
    MERGED="It became one with another. 并户",
    MOVED="It went to another village. 迁移",
    ENDED="It is no more. 销户",
)


@entity(m.Household, scope=sees_household(m.Household.region_code, m.Household.id))
class Household(Node):
    """A farming household: the unit of monitoring, with a dwelling, members and exactly one head. 农户"""

    id: strawberry.ID = described("Globally unique id; it stays when the family moves. 唯一标识")
    code: str = described("The number people know it by. 户编号")
    revision: str = shows(
        cast(m.Household.revision, Text), description="Counts every change of the family, members included. 修订号"
    )
    village: Village = described("The village it lives in. 行政村")
    address: str | None = shows(
        by_class(FieldClass.ADDRESS, m.Household.address), description="Null for those who do not meet the family. 住址"
    )
    phone: str | None = opened(
        met_phone(m.Household), otherwise=m.Household.phone_masked, description="Telephone, or 138****. 联系电话"
    )
    bank_account: str | None = shows(
        shown_number(FieldClass.BANK_ACCOUNT, m.Household.bank_account_masked),
        description="Of the card on which subsidies arrive, masked for everybody: ****1234. 惠农一卡通账号",
    )
    head: Person | None = described("The head of the household; null once it has ended. 户主")
    members: list[Person] = related(
        m.Household.members,
        order_by=(m.Person.is_head.desc(), m.Person.born_on),
        description="The head first. 家庭成员",
    )
    former_members: list[Membership] = related(
        m.Household.memberships,
        m.Membership.ended_on.is_not(None),
        order_by=(m.Membership.ended_on.desc(),),
        description="Spells that have ended, the latest first. 曾经的成员",
    )
    category: Term = term("household_category", m.Household.category, description="Its category. 农户类型")
    causes: list[Term] = terms("cause", m.Household.causes, description="Main cause first, three at most. 致贫返贫原因")
    monitoring_status: m.MonitoringStatus = described("Where it stands with monitoring. 监测状态")
    registered_on: date = described("On record since. 建档日期")
    exited_on: date | None = described("When its risk was last found gone; help goes on. 最近一次风险消除日期")
    ended_on: date | None = described("The first day on which it is none any more; null while it is. 消亡日期")
    end_reason: Term | None = term("household_end_reason", m.Household.end_reason, description="Why it ended. 消亡原因")
    split_from: Household | None = described("The household it was split from; null outside the scope. 分户来源")
    merged_into: Household | None = described("The household it became part of; null outside the scope. 并入农户")
    rosters: list[RosterEntry] = related(
        m.Household.roster_entries, order_by=(m.RosterEntry.started_on,), description="The lists it is or was on. 名册"
    )
    events: list[HouseholdEvent] = related(
        m.Household.events,
        order_by=(m.HouseholdEvent.recorded_at.desc(),),
        description="What happened to it, the latest first. 家庭大事记",
    )
    updated_at: datetime = described("When the record last changed. 更新时刻")

    @planned
    def member_count(
        self,
        on: Annotated[
            date | None, strawberry.argument(description="On this day, by the spells; absent: now. 统计日期")
        ] = None,
    ) -> int:
        """How many people belong to it: the divisor of its income. 家庭人口数"""
        if on is not None:
            return members_on(on)  # type: ignore[return-value]
        people = select(func.count()).select_from(m.Person).where(m.Person.household_id == m.Household.id)
        return people.correlate(m.Household).scalar_subquery()  # type: ignore[return-value]

    @planned
    def location(self, datum: InDatum = Datum.WGS84) -> GeoPoint | None:
        """The dwelling, in the datum asked for; blurred to a kilometre for who does not meet the family. 住所位置"""
        point = func.ruhu_from_wgs84(shown_point(), datum.value)
        return composed(
            longitude=func.ST_X(point, type_=Double()),
            latitude=func.ST_Y(point, type_=Double()),
            datum=literal(datum.name, Text()),
            accuracy_metres=by_class(FieldClass.DWELLING, m.Household.accuracy_metres),
            is_blurred=case((meets_of(m.Household), literal(False, Boolean())), else_=literal(True, Boolean())),
            present=m.Household.location.is_not(None),
        )

    @planned
    def pairings(self, active_on: ActiveOn = None) -> list[Pairing]:
        """Who helps this household, the latest first; those with one person stand at the person. 结对"""
        held = () if active_on is None else (holds_on(active_on),)
        return many(Pairing, p.Pairing.household_id == m.Household.id, *held, order_by=(p.Pairing.started_on.desc(),))

    @planned
    def visits(self, first: First = 20, after: After = None) -> CountedConnection[Visit]:
        """Calls at this household that the viewer may see, corrected ones too; the latest first. 入户走访"""
        return page(Visit, VisitRow.household_id == m.Household.id, order=by(VisitRow.occurred_at.desc()))

    @planned
    def last_visit(self) -> Visit | None:
        """The latest call, as it stands after corrections; nobody home is one too. 最近一次走访"""
        theirs = VisitRow.household_id == m.Household.id, VisitRow.superseded_by_id.is_(None)
        return one(Visit, *theirs, order_by=(VisitRow.occurred_at.desc(),))

    @planned
    def income(
        self,
        months: Annotated[
            int, strawberry.argument(description="How many whole months before this one; 1 to 60. 统计月数")
        ] = 12,
        on: Annotated[
            date | None, strawberry.argument(description="Reckoned on this day; absent: today. 统计日期")
        ] = None,
        known_at: Annotated[
            datetime | None,
            strawberry.argument(
                description="By the figures that were on record at this instant; absent: now. The members are those of "
                "the spells as they stand today. 数据时点"
            ),
        ] = None,
    ) -> IncomeSummary | None:
        """What it had in the months before; null for who does not meet the family. 收入汇总"""
        day = TODAY if on is None else on
        return one(
            IncomeSummary,
            source=income_of(
                m.Household.id,
                m.Household.region_code,
                members_on(day),
                day,
                months,
                known_at,
                meets_of(m.Household),
            ),
        )

    @planned
    def income_statements(self, first: First = 50, after: After = None) -> CountedConnection[IncomeStatement]:
        """Every figure ever given, superseded ones too, the latest month first; none for who does not meet it. 收支记录"""
        return page(IncomeStatement, StatementRow.household_id == m.Household.id, order=by(StatementRow.month.desc()))

    @planned
    def access_log(
        self, since: LogSince = None, until: LogUntil = None, first: First = 50, after: After = None
    ) -> Connection[AccessLogEntry]:
        """Who looked at this family or changed it, the latest first; for its officers, who answer for it. 查询留痕"""
        return access_log(since, until)

    @planned
    def change_log(
        self, since: LogSince = None, until: LogUntil = None, first: First = 50, after: After = None
    ) -> Connection[ChangeLogEntry]:
        """Who changed what of this family, from what to what, the latest first; for its officers. 变更记录"""
        return change_log(since, until)

    @planned
    def plan(self) -> AssistancePlan | None:
        """Its plan that holds now (一户一计划). 帮扶计划"""
        theirs = a.AssistancePlan.household_id == m.Household.id, a.AssistancePlan.ended_on.is_(None)
        return one(AssistancePlan, *theirs, a.AssistancePlan.kind == PlanKind.HOUSEHOLD)

    @planned
    def plans(self) -> list[AssistancePlan]:
        """All its plans, those for production and those that ended too, the latest first. 历次计划"""
        order = (a.AssistancePlan.started_on.desc(),)
        return many(AssistancePlan, a.AssistancePlan.household_id == m.Household.id, order_by=order)

    @planned
    def measures(self, first: First = 50, after: After = None) -> CountedConnection[Measure]:
        """What is done for it and for its people, the latest planned first. 帮扶措施"""
        return page(Measure, a.Measure.household_id == m.Household.id, order=NEWEST_FIRST)

    @planned
    def measure_coverage(self) -> MeasureCoverage:
        """Whether every cause is answered, every measure answers one, and nobody is left out. 措施覆盖情况"""
        return measure_coverage()

    @planned
    def completeness(self) -> FiveClear | None:
        """Number, cause, measures, path, result: each clear, or what is missing of it. 五个清楚"""
        return five_clear()

    @planned
    def days_to_first_measure(self) -> int | None:
        """From the county's last decision to the first measure that reached it; null while none has. 首项措施落实天数"""
        return days_to_first_measure(m.Household)  # type: ignore[return-value]

    @planned
    def effect_analyses(self) -> list[EffectAnalysis]:
        """What each quarter's help brought about, the latest first. 帮扶成效分析"""
        theirs = a.EffectAnalysis.household_id == m.Household.id
        return many(EffectAnalysis, theirs, order_by=(a.EffectAnalysis.quarter.desc(),))

    @planned
    def reliefs(self, first: First = 50, after: After = None) -> CountedConnection[Relief]:
        """Relief that it was given, the latest first. 即时救助"""
        return page(Relief, a.Relief.household_id == m.Household.id, order=LATEST_RELIEF_FIRST)

    @planned
    def clues(self) -> list[Clue]:
        """Signs that it may be slipping, the latest first. 线索"""
        return many(Clue, ClueRow.household_id == m.Household.id, order_by=(ClueRow.received_at.desc(),))

    @planned
    def grades(self) -> list[RiskGrade]:
        """The grade that holds under each scheme that its region uses today; `riskGrades` has the others. 当前风险等级"""
        theirs = GradeRow.household_id == m.Household.id, is_current()
        used = is_in_use(GradeRow.scheme, GradeRow.region_code, TODAY)
        return many(RiskGrade, *theirs, used, order_by=(GradeRow.scheme,), cap=10)

    @planned
    def monitoring(self) -> MonitoringCase | None:
        """Its open case: in the procedure, or under monitoring; null after the risk is gone. 在办或在测的监测对象"""
        return one(MonitoringCase, CaseRow.household_id == m.Household.id, CaseRow.closed_on.is_(None))

    @planned
    def cases(self) -> list[MonitoringCase]:
        """All its cases, the latest first. 历次监测对象记录"""
        return many(MonitoringCase, CaseRow.household_id == m.Household.id, order_by=(CaseRow.opened_at.desc(),))


@entity(m.HouseholdEvent, scope=sees_household(m.HouseholdEvent.region_code, m.HouseholdEvent.household_id))
class HouseholdEvent:
    """Something that happened to a family. 家庭大事"""

    kind: EventKind = shows(m.HouseholdEvent.kind, description="What it was. 类型")  # type: ignore[assignment]
    happened_on: date = described("The day from which it holds. 发生日期")
    recorded_at: datetime = described("When it was written down. 记录时刻")


@entity(m.Roster, scope=is_signed_in())
class Roster(Node):
    """A list of households that somebody keeps for a purpose. 名册"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    code: str = described("Its short name, for filters. 名册编码")
    name: str = shows(
        case((LANGUAGE == "en", m.Roster.name_en), else_=m.Roster.name_zh), description="What it is called. 名称"
    )
    region: Region = described("Whose list it is. 所属区划")
    started_on: date = described("Kept since. 开始日期")
    ended_on: date | None = described("The first day on which it is no longer kept. 终止日期")
    source: str | None = described("The document that it comes from. 来源")


@entity(m.RosterEntry, scope=sees_roster_entry())
class RosterEntry:
    """A household's place on a roster. 名册条目"""

    roster: Roster = described("Which list. 名册")
    started_on: date = described("On it since. 列入日期")
    ended_on: date | None = described("The first day on which it is not; null while it is. 退出日期")
