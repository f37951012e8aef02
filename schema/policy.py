"""The numbers that a region has set for itself: which is in force, who set it, and on what it stands."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import Boolean, Date, Integer, Select, Text, case, column, select, values
from sqlalchemy.dialects.postgresql import JSONB
from strawberry import UNSET
from strawberry.scalars import JSON

from domain.policy import actions
from domain.policy import models as m
from domain.policy.actions import Adopted
from domain.policy.catalogue import PARAMETERS
from domain.policy.queries import settings_in_force
from domain.policy.rules import PolicyBasis, PolicyUnit, PolicyValueKind
from domain.regions.models import Region as RegionRow
from schema.context import Info
from schema.engine import (
    composed,
    described,
    entity,
    everyone,
    many,
    of_parent,
    one,
    planned,
    rows_of,
    the,
)
from schema.enums import described_enum
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids, plain
from schema.regions import Region
from schema.scalars import RegionCode
from schema.viewer import TODAY, Actor
from schema.walls import LANGUAGE

described_enum(
    PolicyBasis,
    "What a value stands on. 依据",
    SOURCE="A sentence of a document. 文件原文",
    CONVENTION="The practice of the whole country. 通行做法",
    ASSUMPTION="Our own guess, to be replaced. 本系统假定",
)
described_enum(
    PolicyValueKind,
    "What a value looks like. 取值类型",
    NUMBER="A whole number. 整数",
    MONEY="Yuan as text, like 8400.00. 金额(元)",
    FLAG="True or false. 是否",
    CODE="One code. 代码",
    CODES="A list of codes; their order may mean something. 代码列表",
    NUMBERS="A list of whole numbers, ascending. 整数列表",
    NUMBER_BY_CODE="An object: a whole number for each code. 按代码的整数",
    TEXT="A name or a telephone of an office, at most 40 characters; empty for none. 文字",
)
described_enum(
    PolicyUnit,
    "What a number counts. 单位",
    YUAN_A_YEAR="Yuan per person and year. 元/人·年",
    YUAN="Yuan. 元",
    PERCENT="Hundredths. 百分比",
    HOURS="Hours. 小时",
    DAYS="Days. 天",
    MONTHS="Months. 月",
    TIMES="How often. 次",
    PERSONS="People. 人",
    HOUSEHOLDS="Households. 户",
    METRES="Metres. 米",
    KILOMETRES_PER_HOUR="Kilometres per hour. 公里/小时",
    SECONDS="Seconds. 秒",
    DAY_OF_MONTH="A day of the month. 日",
    MONTH_OF_YEAR="A month of the year. 月份",
)

_ROW = rows_of(
    "policy_row",
    parameter=Text(),
    label=Text(),
    kind=Text(),
    unit=Text(),
    value=JSONB(),
    basis=Text(),
    region_code=Text(),
    document=Text(),
    sentence=Text(),
    from_on=Date(),
    until_on=Date(),
    is_default=Boolean(),
    position=Integer(),
)


@entity(_ROW, scope=everyone(), key=("parameter",))
class PolicyValue:
    """A value in force, and who set it. 现行政策参数"""

    parameter: str = described("Its name, like INCOME_LINE. 参数代码")
    label: str = described("What people read. 参数名称")
    kind: PolicyValueKind = described("What the value looks like. 取值类型")
    unit: PolicyUnit | None = described("What its numbers count; null for flags and codes. 单位")
    value: JSON = described("The value, as `kind` says. 参数值")
    basis: PolicyBasis = described("What it stands on. 依据类型")
    document: str | None = described("The document that set it; null for a default. 依据文件")
    sentence: str | None = described("The sentence that says so, or why it was assumed. 依据原文")
    from_on: date | None = described("The first day on which it holds; null for a default. 生效日期")
    until_on: date | None = described("The first day without it; null while that is not known. 失效日期")
    is_default: bool = described("Whether nobody has set it: the program's own value holds. 是否默认值")

    @planned
    def region(self) -> Region | None:
        """The division that set it; null for the country and for a default. 设定区划"""
        return one(Region, RegionRow.code == _ROW.c.region_code)


@entity(m.PolicyValue, scope=everyone())
class PolicySetting:
    """What a division once set, whether it holds or not. 政策参数历史"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    parameter: str = described("Its name. 参数代码")
    value: JSON = described("The value. 参数值")
    basis: PolicyBasis = described("What it stands on. 依据类型")
    document: str = described("The document that set it. 依据文件")
    sentence: str | None = described("The sentence that says so. 依据原文")
    from_on: date = described("The first day on which it holds. 生效日期")
    until_on: date | None = described("The first day without it. 失效日期")
    adopted_at: datetime = described("When it was entered. 录入时刻")
    adopted_by: Actor | None = described("Who entered it; null for what came with the program. 录入人")
    superseded_at: datetime | None = described(
        "When another value took its whole time; null while it counts. 被替代时刻"
    )


@strawberry.type(description="The numbers of a division on a day. 区划现行政策")
class Policy:
    region: Region = strawberry.field(description="The division. 区划")
    on: date = strawberry.field(description="The day. 日期")
    values: list[PolicyValue] = strawberry.field(
        description="Every parameter there is: that of the nearest division above which sets it, else the country's, "
        "else the default. 各项参数"
    )
    settings: list[PolicySetting] = strawberry.field(
        description="What this division itself has set, ever; the latest first. 本级设定历史"
    )


def _catalogue() -> Any:
    columns: dict[str, Any] = {"name": Text(), "zh": Text(), "en": Text(), "kind": Text(), "unit": Text()}
    columns |= {"value": JSONB(), "basis": Text(), "reason": Text(), "position": Integer()}
    return values(*(column(name, type_) for name, type_ in columns.items()), name="parameters").data(
        [
            (
                *(one.name, one.zh, one.en, one.kind.value, one.unit and one.unit.value, one.default),
                *(one.basis.value, one.reason, position),
            )
            for position, one in enumerate(PARAMETERS.values())
        ]
    )


def _values(region_code: Any, on: Any) -> Select[Any]:
    """One row per parameter of the catalogue, in its order."""
    known = _catalogue()
    setting = settings_in_force(region_code, on).subquery("setting")
    is_default = setting.c.id.is_(None)
    return select(
        known.c.name.label("parameter"),
        case((LANGUAGE == "en", known.c.en), else_=known.c.zh).label("label"),
        known.c.kind,
        known.c.unit,
        case((is_default, known.c.value), else_=setting.c.value).label("value"),
        case((is_default, known.c.basis), else_=setting.c.basis).label("basis"),
        setting.c.region_code,
        setting.c.document,
        case((is_default, known.c.reason), else_=setting.c.sentence).label("sentence"),
        setting.c.from_on,
        setting.c.until_on,
        is_default.label("is_default"),
        known.c.position,
    ).select_from(known.outerjoin(setting, setting.c.parameter == known.c.name))


def _policy(code: Any, on: Any) -> Any:
    is_there = select(RegionRow.code).where(RegionRow.code == code).scalar_subquery()
    return composed(
        present=is_there.is_not(None),
        region=the(Region, RegionRow.code == code),
        on=on,
        values=many(PolicyValue, source=_values(code, on), order_by=(_ROW.c.position,)),
        settings=many(
            PolicySetting,
            m.PolicyValue.region_code == code,
            order_by=(m.PolicyValue.from_on.desc(), m.PolicyValue.parameter),
        ),
    )


@strawberry.type
class PolicyQueries:
    """The root field about policy."""

    @planned
    def policy(
        self,
        region: Annotated[RegionCode, strawberry.argument(description="The division. 区划代码")],
        on: Annotated[date | None, strawberry.argument(description="On this day; absent: today. 日期")] = None,
    ) -> Policy | None:
        """The numbers in force in a division, each with who set it; readable to everybody. 现行政策"""
        return _policy(region, TODAY if on is None else on)


# --- what can be done ------------------------------------------------------------------------------------------------


@strawberry.input(description="A value for a parameter. 政策参数取值")
class PolicyValueInput:
    parameter: str = strawberry.field(description="Its name, like INCOME_LINE. 参数代码")
    value: JSON = strawberry.field(description="As the parameter's kind asks. 参数值")
    basis: str = strawberry.field(description="SOURCE, CONVENTION or ASSUMPTION. 依据类型")
    sentence: str | None = strawberry.field(
        default=UNSET, description="What it stands on; a must for SOURCE. At most 500 characters. 依据原文"
    )


@strawberry.input(description="A division sets its own numbers. 调整政策参数")
class AdoptPolicyInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    region: str = strawberry.field(description="The province, prefecture or county whose numbers they are. 区划代码")
    from_on: str = strawberry.field(description="The first day on which they hold, like 2026-01-01. 生效日期")
    until_on: str | None = strawberry.field(
        default=UNSET, description="The first day without them: then the division above is heard again. 失效日期"
    )
    document: str = strawberry.field(description="The document that sets them; at most 500 characters. 依据文件")
    values: list[PolicyValueInput] = strawberry.field(description="1 to 100 values: all are set, or none. 各项取值")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "region_code": self.region,
            "from_on": self.from_on,
            "until_on": plain(self.until_on),
            "document": self.document,
            "values": [Adopted(one.parameter, one.value, one.basis, plain(one.sentence)) for one in self.values],
        }


CODE = of_parent("code", Text())
DAY = of_parent("day", Date())


@strawberry.type(description="What became of numbers that were to be set. 调整政策参数结果")
class AdoptPolicyPayload:
    code: strawberry.Private[str | None]
    day: strawberry.Private[date | None]
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")

    @planned
    def policy(self) -> Policy | None:
        """The division's numbers on the first day of the new ones; null when refused. 区划政策"""
        return _policy(CODE, DAY)


@strawberry.type
class PolicyMutations:
    """Regions set their own numbers."""

    @strawberry.mutation(
        description="Sets values of a province, prefecture or county, for the officer of that level; what it had set for "
        "that time ends and stays to be read. 调整政策参数"
    )
    async def adopt_policy(
        self, info: Info, input: Annotated[AdoptPolicyInput, WHAT_TO_DO]
    ) -> AdoptPolicyPayload | None:
        done, errors = await carried_out(info, actions.adopt_policy, input)
        return AdoptPolicyPayload(
            code=done and done["region_code"], day=done and date.fromisoformat(done["from_on"]), errors=errors
        )
