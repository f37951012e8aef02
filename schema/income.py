"""What a family earns and must spend: single statements, and the summary of what counts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import ARRAY, Date, Integer, Numeric

from domain.monitoring import models as m
from domain.monitoring.queries import sees_statement, yuan
from schema.engine import described, entity, everyone, rows_of, shows
from schema.node import Node
from schema.terms import Term, term
from schema.viewer import Actor

if TYPE_CHECKING:
    from schema.households import Household
    from schema.people import Person
    from schema.visits import Visit


@entity(m.IncomeStatement, scope=sees_statement())
class IncomeStatement(Node):
    """One figure of one month, and who says so; seen only by those who meet the family. 收支记录"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    household: Annotated[Household, strawberry.lazy("schema.households")] = described("Whose. 农户")
    person: Annotated[Person, strawberry.lazy("schema.people")] | None = described(
        "The member whose it is; null for what belongs to nobody in particular, which adds to theirs. 家庭成员"
    )
    month: date = described("The month, by its first day. 月份")
    kind: Term = term(
        "statement_kind", m.IncomeStatement.kind, description="Wage, business, property, transfer … 收支类型"
    )
    amount: Decimal = shows(yuan(m.IncomeStatement.amount_fen), description="In yuan. 金额(元)")
    origin: Term = term("statement_origin", m.IncomeStatement.origin, description="Who says so. 数据来源")
    visit: Annotated[Visit, strawberry.lazy("schema.visits")] | None = described(
        "The visit at which it was asked. 所在走访"
    )
    note: str | None = described("In the words of whoever wrote it down. 备注")
    recorded_at: datetime = described("When it was written down. 记录时刻")
    recorded_by: Actor = described("Who wrote it down. 记录人")
    superseded_at: datetime | None = described(
        "When the same origin said something else; null while it holds. 被更新时刻"
    )
    supersedes: IncomeStatement | None = described("What the same origin said before. 所更新的记录")


_YUAN = Numeric(14, 2)
_SUMMARY = rows_of(
    "income_summary",
    from_month=Date(),
    to_month=Date(),
    member_count=Integer(),
    **dict.fromkeys(("wage", "business", "property", "transfer", "production_cost", "rigid_expense"), _YUAN),
    **dict.fromkeys(("per_capita_net", "per_capita_net_without_transfers"), _YUAN),
    unknown_months=ARRAY(Date()),
)


# The statement that reckons it stands in a household, whose scope is its scope.
@entity(_SUMMARY, scope=everyone(), key=("from_month",))
class IncomeSummary:
    """What a household had in some whole months, as far as it is known; unknown is neither good nor bad. 收入汇总"""

    from_month: date = described("The first month, by its first day. 起始月份")
    to_month: date = described("The last month, by its first day: the one before the day of reckoning. 截止月份")
    member_count: int = described("The divisor: everybody who belongs to the household on that day. 家庭人口数")
    wage: Decimal = described("Wages that are known, in yuan. 工资性收入(元)")
    business: Decimal = described("Income from business that is known, in yuan. 生产经营性收入(元)")
    property: Decimal = described("Income from property that is known, in yuan. 财产性收入(元)")
    transfer: Decimal = described("Transfers that are known, in yuan. 转移性收入(元)")
    production_cost: Decimal = described("Costs of production that are known, in yuan. 生产经营性支出(元)")
    rigid_expense: Decimal = described("Unavoidable expenses that are known, in yuan; not part of net. 刚性支出(元)")
    per_capita_net: Decimal | None = described(
        "(Wage + business + property + transfer − production cost) ÷ members, in yuan; null while a month is unknown. "
        "人均纯收入,含转移性收入(元)"
    )
    per_capita_net_without_transfers: Decimal | None = described(
        "The same without transfers; null while a month is unknown. 人均纯收入,不含转移性收入(元)"
    )
    unknown_months: list[date] = described(
        "Months, by their first day, of which nobody has said what was earned; nought would be a figure. 未知月份"
    )
