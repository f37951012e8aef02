"""What can be done about a family's figures and clues."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain.monitoring import actions
from domain.monitoring.actions import StatementRow
from domain.monitoring.rules import ClueOutcome
from schema.clues import Clue
from schema.context import Info
from schema.engine import keyed
from schema.enums import described_enum
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids, plain
from schema.income import IncomeStatement

described_enum(
    ClueOutcome,
    "What was found at the door. 核实结果",
    CONFIRMED="The sign is true: the family may be slipping. 属实",
    NOT_CONFIRMED="It is not, or no longer; the reason says why. 不属实",
)


@strawberry.input(description="One figure of one month. 收支记录")
class IncomeStatementInput:
    household_id: strawberry.ID = strawberry.field(description="Whose. 农户标识")
    month: str = strawberry.field(description="Like 2026-03; the present month or an earlier one. 月份")
    kind: str = strawberry.field(description="Code of statement_kind. 收支类型代码")
    amount: str = strawberry.field(description="Yuan, with two decimals at most, like 1250.50; not negative. 金额(元)")
    origin: str = strawberry.field(description="Code of statement_origin: who says so. 数据来源代码")
    person_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The member whose it is, now or then; absent: nobody's in particular. 家庭成员标识"
    )
    visit_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The visit at which it was asked. 走访标识"
    )
    note: str | None = strawberry.field(default=UNSET, description="At most 200 characters. 备注")

    def read(self, ids: Ids, *path: str) -> StatementRow:
        return StatementRow(
            household_id=ids.read(self.household_id, *path, "householdId"),
            month=self.month,
            kind=self.kind,
            amount=self.amount,
            origin=self.origin,
            person_id=ids.read(self.person_id, *path, "personId"),
            visit_id=ids.read(self.visit_id, *path, "visitId"),
            note=plain(self.note),
        )


@strawberry.input(description="Figures of one family, or of a whole village's sheet. 登记收支")
class RecordIncomeStatementInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    rows: list[IncomeStatementInput] = strawberry.field(
        description="1 to 500 figures: all are stored, or none. 收支记录"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "rows": [row.read(ids, "rows", str(position)) for position, row in enumerate(self.rows)],
        }


@strawberry.type(description="What became of figures that were sent. 登记收支结果")
class IncomeStatementPayload:
    statements: list[IncomeStatement] = strawberry.field(
        description="The figures that hold now, in the order of the rows; none when refused. 收支记录"
    )
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.input(description="What was found at the door. 核实线索")
class VerifyClueInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    clue_id: strawberry.ID = strawberry.field(description="Which clue. 线索标识")
    visit_id: strawberry.ID = strawberry.field(
        description="The call at the family's door, by two of whom one is not paired with it; the clock stops when it "
        "happened. For a department, one at which its own staff were. 核实走访标识"
    )
    outcome: ClueOutcome = strawberry.field(description="Whether the sign is true. 核实结果")
    reason: str | None = strawberry.field(
        default=UNSET, description="A must where it is not confirmed; at most 500 characters. 原因"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "clue_id": ids.read(self.clue_id, "clueId"),
            "visit_id": ids.read(self.visit_id, "visitId"),
            "outcome": self.outcome,
            "reason": plain(self.reason),
        }


@strawberry.type(description="What became of a clue. 线索操作结果")
class CluePayload:
    clue: Clue | None = strawberry.field(
        description="The clue as it is now; null when refused, and for a department, which sees none. 线索"
    )
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class MonitoringMutations:
    """Writing figures down, and looking after clues."""

    @strawberry.mutation(
        description="Writes down what families earned and had to spend; what the same origin said before is superseded. "
        "登记收支"
    )
    async def record_income_statement(
        self, info: Info, input: Annotated[RecordIncomeStatementInput, WHAT_TO_DO]
    ) -> IncomeStatementPayload | None:
        done, errors = await carried_out(info, actions.record_income_statement, input)
        made = [] if done is None else done["statement_ids"]
        return IncomeStatementPayload(statements=[keyed(IncomeStatement, one) for one in made], errors=errors)

    @strawberry.mutation(
        description="Says what was found at the door; relief may have come before. A department says so of the clues of "
        "its own lists. 核实线索"
    )
    async def verify_clue(self, info: Info, input: Annotated[VerifyClueInput, WHAT_TO_DO]) -> CluePayload | None:
        done, errors = await carried_out(info, actions.verify_clue, input)
        return CluePayload(clue=done and keyed(Clue, done["clue_id"]), errors=errors)
