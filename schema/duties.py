"""What is due: for a cadre, a village or a county as a list, for phones the viewer's whole set or the word of no change."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import ARRAY, Boolean, ColumnElement, Text, any_, case, column, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from strawberry import UNSET
from strawberry.scalars import JSON

import schema.policy  # noqa: F401 - publishes PolicyBasis, which the fields below are annotated with
from domain.duties.queries import duties as derived
from domain.duties.queries import pulled
from domain.duties.rules import ANY, DEMANDS, DutyLevel, DutyRule
from domain.duties.shape import SHAPE, Asked, holds
from domain.helpers.models import Helper as HelperRow
from domain.households.models import Household as HouseholdRow
from domain.pairings.models import Pairing as PairingRow
from domain.policy.rules import PolicyBasis
from domain.regions.models import Region as RegionRow
from schema.engine import (
    CountedConnection,
    Order,
    by,
    described,
    entity,
    everyone,
    many,
    one,
    page,
    planned,
    rows_of,
    shows,
)
from schema.enums import described_enum
from schema.helpers import After, First, Helper
from schema.regions import Region
from schema.scalars import RegionCode
from schema.viewer import TODAY

if TYPE_CHECKING:
    from schema.households import Household

described_enum(
    DutyLevel,
    "Who has to do it. 责任层级",
    HELPER="The helpers of the family. 帮扶责任人",
    VILLAGE="The village. 村级",
    TOWNSHIP="The township. 乡镇",
    COUNTY="The county. 县级",
)
described_enum(
    DutyRule,
    "Why something is due. 待办规则",
    VISIT_DUE="A visit in this month, quarter or half-year. 应入户走访",
    DOOR_VISIT_DUE="A visit at the door of a family that is away and was called. 全家外出户应上门",
    KEY_HELPER_MISSING="A household under monitoring has no cadre for key help. 未落实重点帮扶干部",
    LEADER_MISSING="A household under monitoring has no wealth-creation leader of its village. 未落实创业致富带头人",
    QUARTERLY_ANALYSIS="The effect of a quarter's help is to be analysed. 季度帮扶成效应分析",
    CONFIRM_ANALYSIS="An analysis is to be confirmed by the township. 季度分析应确认",
    MISSING_WITNESS="Nobody has seen yet at the family's what was delivered. 措施落实应见证",
    REGRADE="A household of an open round has no grade. 风险等级应评定",
    REVIEW_GRADE="A grade is to be reviewed by the township. 风险等级应审核",
    FILE_GRADE="A grade is to be filed by the county. 风险等级应备案",
    VERIFY_CLUE="A clue is to be verified at the door. 线索应核实",
    COMPARISON="Departments are to be asked, or their answers concluded. 应信息比对",
    APPRAISAL="The village is to appraise. 应民主评议",
    PUBLISH_NOTICE="The notice is to be hung out. 应张榜公示",
    NOTICE_ENDS="The notice hangs until this day. 公示期满",
    ANSWER_OBJECTION="An objection is to be answered. 异议应答复",
    TOWNSHIP_REVIEW="The township is to review. 乡镇应审核",
    COUNTY_DECISION="The county is to decide. 县级应审定",
    ANNOUNCE_RESULT="The result is to be announced. 应结果公告",
    LOOK_BACK="A household of a sweep has not been called on. 排查应走访",
    UNKNOWN_INCOME_MONTH="Nobody has told what a family lived on in a month. 收入不明月份应补录",
    MEND_SUBMISSION="What the viewer sent was refused or waits (`submissions`). 提交应更正",
    DEFERRED_CONFLICT="A submission's family is not known, and an officer is to say (`submissionsInReview`). 提交应复核",
)
_DUTY = rows_of("duty", **SHAPE)


def _said_of_rules(said: Any) -> ColumnElement[Any]:
    return case({rule.value: literal(said(demand), Text()) for rule, demand in DEMANDS.items()}, value=_DUTY.c.rule)


@entity(_DUTY, scope=everyone(), key=("id",))  # the statement that derives them knows whose they are
class DutyRecord:
    """Something that is due, as phones keep it: derived from facts, never stored. 待办记录"""

    id: strawberry.ID = described("Made of rule and subject: the same duty has the same id everywhere. 待办标识")
    rule: str = described(
        "Why it is due: a DutyRule. MEND_SUBMISSION: what the viewer sent was refused or deferred (`submissions`). 规则代码"
    )
    level: str = described("Who has to do it: a DutyLevel. 责任层级")
    subject_id: strawberry.ID = described(
        "What it is about: for MEND_SUBMISSION the submission, for VERIFY_CLUE the clue; the case, objection, "
        "grade, analysis or measure of theirs; else the household. 事项标识"
    )
    household_id: strawberry.ID | None = described("The household, where there is one. 农户标识")
    period: str | None = described("Of what month, quarter, half-year or sweep it is, where it recurs. 所属期间")
    began_on: date = described("The day in China on which it arose. 产生日期")
    due_on: date = described("The last day on which it is in time. 到期日期")


_PULL = rows_of("duty_pull", version=Text(), is_modified=Boolean(), told=JSONB())


@entity(_PULL, scope=everyone(), key=("version",))  # as above
class DutyPull:
    """What is due for the viewer. 待办同步结果"""

    version: str = described("A name for this set: send it back with the next pull. 版本")
    is_modified: bool = described("Whether it differs from the version sent; if not, `duties` is empty. 是否有变化")

    @planned
    def duties(self) -> list[DutyRecord]:
        """All of them, by day due. 待办列表"""
        told = (
            func.jsonb_to_recordset(_PULL.c.told)
            .table_valued(*(column(name, type_) for name, type_ in SHAPE.items()), name="told")
            .render_derived(with_types=True)
        )
        return many(DutyRecord, source=select(*told.c), order_by=(_DUTY.c.due_on, _DUTY.c.id), cap=1000)


@entity(_DUTY, scope=everyone(), key=("id",))  # as above
class Duty:
    """Something that is due: derived from facts by a rule, and gone as soon as the facts satisfy it. 待办"""

    id: strawberry.ID = described(
        "Made of rule, subject and period: the same duty has the same id everywhere. 待办标识"
    )
    rule: DutyRule = described("Why it is due. 规则")
    sentence: str = shows(
        _said_of_rules(lambda demand: demand.sentence), description="The sentence that demands it. 依据原文"
    )
    basis: PolicyBasis = shows(
        _said_of_rules(lambda demand: demand.basis.value), description="What that sentence is. 依据性质"
    )
    level: DutyLevel = described("Who has to do it. 责任层级")
    subject_id: strawberry.ID = described(
        "What it is about: the clue, case, objection, grade, analysis, measure or submission, else the household. 事项标识"
    )
    period: str | None = described("Of what month, quarter, half-year or sweep it is, where it recurs. 所属期间")
    began_on: date = described("The day in China on which it arose. 产生日期")
    due_on: date = described("The last day on which it is in time. 到期日期")
    facts: JSON = described("What it was derived from, by rule. 依据事实")

    @planned
    def household(self) -> Annotated[Household, strawberry.lazy("schema.households")] | None:
        """The household, where there is one. 农户"""
        from schema.households import Household

        return one(Household, HouseholdRow.id == _DUTY.c.household_id)

    @planned
    def region(self) -> Region | None:
        """The village it is in; null where none is known yet. 所在区划"""
        return one(Region, RegionRow.code == _DUTY.c.region_code)

    @planned
    def helpers(self) -> list[Helper]:
        """Those helpers of the family who can do it. 责任人"""
        pairing = aliased(PairingRow)
        helping = select(pairing.helper_id).where(
            pairing.household_id == _DUTY.c.household_id,
            holds(pairing, _DUTY.c.day),
            or_(_DUTY.c.helped_by == ANY, pairing.role == _DUTY.c.helped_by),
        )
        return many(
            Helper, HelperRow.id.in_(helping.correlate_except(pairing)), order_by=(HelperRow.name, HelperRow.id)
        )


@strawberry.enum(description="In which order. 排序方式")
class DutyOrder(Order):
    FIRST_DUE = by(
        _DUTY.c.due_on,
        description="Those due first first; all that are asked for are derived before the first is shown. 按期限",
    )
    BY_VILLAGE = by(
        _DUTY.c.region_code,
        _DUTY.c.household_id,
        description="Village by village, for whoever answers for many: a page costs what it shows. 按行政村",
    )


@strawberry.input(description="Which duties; all conditions together. 待办筛选条件")
class DutyFilter:
    region: RegionCode | None = strawberry.field(default=UNSET, description="In this division or below it. 所在区划")
    household_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Of this household. 农户标识")
    helper_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="That this helper can do. 帮扶责任人标识"
    )
    rules: list[DutyRule] | None = strawberry.field(default=UNSET, description="Of one of these rules. 规则")
    levels: list[DutyLevel] | None = strawberry.field(default=UNSET, description="Of one of these levels. 责任层级")
    overdue_on: date | None = strawberry.field(
        default=UNSET, description="Past their day when this one began. 该日已超期"
    )
    due_before: date | None = strawberry.field(default=UNSET, description="Due before this day. 期限早于")
    is_mine: bool | None = strawberry.field(
        default=UNSET, description="true: the viewer's own, as `pullDuties` tells them. 仅本人待办"
    )


@strawberry.type
class DutyQueries:
    """Root fields about duties."""

    @planned
    def duties(
        self,
        filter: Annotated[
            DutyFilter | None, strawberry.argument(description="Which ones; absent: all. 筛选条件")
        ] = None,
        on: Annotated[
            date | None,
            strawberry.argument(
                description="As they stood at the end of this day in China, by what is known now; absent: today. 截止日期"
            ),
        ] = None,
        order_by: Annotated[
            DutyOrder, strawberry.argument(description="In which order. 排序方式")
        ] = DutyOrder.FIRST_DUE,
        first: First = 50,
        after: After = None,
    ) -> CountedConnection[Duty]:
        """What is due and not yet done, of the families that the viewer sees and meets. 待办列表"""
        given: Any = DutyFilter() if filter is None else filter
        asked = {name: None if value is UNSET else value for name, value in vars(given).items()}
        asked_for = Asked(
            TODAY if on is None else on,
            **{name: asked[name] for name in ("region", "household_id", "helper_id", "rules")},
            is_mine=bool(asked["is_mine"]),
            by_village=getattr(order_by, "value", order_by) is DutyOrder.BY_VILLAGE.value,
        )
        where = [_DUTY.c.due_on < asked[name] for name in ("overdue_on", "due_before") if asked[name] is not None]
        if asked["levels"] is not None:
            where.append(
                _DUTY.c.level == any_(literal([DutyLevel(one).value for one in asked["levels"]], ARRAY(Text())))
            )
        return page(Duty, *where, source=derived(asked_for), order=DutyOrder)

    @planned
    def pull_duties(
        self,
        version: Annotated[
            str | None, strawberry.argument(description="Of the set that the phone has; absent: none. 已有版本")
        ] = None,
    ) -> DutyPull | None:
        """Everything that is due for the viewer, or the word that nothing changed; at most 1000. 待办同步"""
        has = literal(None, Text()) if version is None else version
        return one(DutyPull, source=pulled(TODAY, has))
