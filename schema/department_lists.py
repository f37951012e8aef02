"""Lists that departments deliver, and the outcome of each row."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import strawberry
from sqlalchemy import ARRAY, Date, Text, Uuid, func, select
from strawberry import UNSET
from strawberry.scalars import JSON

from domain.lists import models as m
from domain.lists.actions import submit_department_list
from domain.lists.queries import sees_list, sees_row
from domain.lists.rules import GivenRow, ListRowOutcome
from domain.monitoring.queries import yuan
from domain.regions.models import Region as RegionRow
from schema.context import Info
from schema.engine import (
    Connection,
    CountedConnection,
    by,
    described,
    entity,
    equals,
    everyone,
    is_in,
    keyed,
    matches,
    one,
    pages,
    planned,
    rows_of,
    shows,
    the,
)
from schema.enums import described_enum
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids, plain
from schema.helpers import Organisation, below
from schema.node import Node
from schema.regions import Region
from schema.scalars import RegionCode
from schema.tasks import Task
from schema.terms import Term, term
from schema.viewer import Actor

described_enum(
    ListRowOutcome,
    "What became of a row. 比对结果",
    MATCHED_NEW_CLUE="A family of the division was found, and has a clue now. 比中，新增线索",
    MATCHED_WITNESS="The family has this clue already; the row is one more witness. 比中，并入已有线索",
    REPEATED="The same department has said the same of the same person before. 重复",
    BELOW_THRESHOLD="Found, but the amount is not beyond what the region's policy asks for. 未达预警线",
    NOT_A_HOUSEHOLD_MEMBER="Nobody like that is on record in the division. 未建档",
    AMBIGUOUS="Several people fit; an identity number would tell. 无法唯一确定",
    OUT_OF_REGION="The village lies outside the list's division. 不在名单所属区划",
    INVALID_ID_NUMBER="The identity number is none; the reason says why. 身份证号无效",
    INVALID_ROW="The row lacks something or cannot be read; the reason says why. 数据无效",
)


@entity(m.DepartmentList, scope=sees_list())
class DepartmentList(Node):
    """A list that a department delivered, for itself and for officers of its division. 部门筛查名单"""

    id: strawberry.ID = described("That of the operation which brought it. 名单标识")
    organisation: Organisation = described("Whose. 报送部门")
    region: Region = described("The division whose families are looked for. 所属区划")
    kind: Term = term("clue_sign", m.DepartmentList.sign, description="What all its rows are a sign of. 预警类型")
    period: str = described("The month that it is about, like 2026-03. 所属月份")
    received_at: datetime = described("When it came: day 0 of its clues. 接收时刻")
    submitted_by: Actor = described("Who delivered it. 报送人")
    row_count: int | None = described("How many rows it has; null until its file has been read. 行数")
    task: Task | None = described("How far it is; null for who neither delivered it nor answers for the division. 任务")


_LISTED_CLUE: Final = rows_of(
    "listed_clue",
    clue_id=Uuid(),
    village_code=Text(collation="C"),
    began_on=Date(),
    due_on=Date(),
    visit_ids=ARRAY(Uuid()),
)


# The function that answers it asks for the department and its grant itself.
@entity(_LISTED_CLUE, scope=everyone(), key=("clue_id",))
class ListedClue:
    """A clue that waits because of a row, as far as the department's own staff have to know to be at the door: never which
    family. 名单线索"""

    clue_id: strawberry.ID = described("For `verifyClue`. 线索标识")
    began_on: date = described("Day 0. 起算日期")
    due_on: date = described("The last day on which it is verified in time. 核实期限")
    visit_ids: list[strawberry.ID] = described(
        "Calls at that door since then at which somebody of the department was: `verifyClue` takes one. "
        "本部门参加的走访标识"
    )

    @planned
    def region(self) -> Region:
        """The village to go to. 行政村"""
        return the(Region, RegionRow.code == _LISTED_CLUE.c.village_code)


@entity(m.DepartmentListRow, scope=sees_row())
class DepartmentListRow(Node):
    """A row of such a list: for the department all of its own, for officers those that matched theirs. 名单明细"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    list: DepartmentList | None = described("Of which list; null where that is another division's. 所属名单")
    number: int = described("Its place under the header; the first is 1. 行号")
    name: str | None = described("As the department wrote it. 姓名")
    id_number: str | None = shows(
        m.DepartmentListRow.id_number_masked,
        description="As the department wrote it, masked for everybody. 公民身份号码",
    )
    amount: Decimal | None = shows(yuan(m.DepartmentListRow.amount_fen), description="In yuan. 金额(元)")
    outcome: ListRowOutcome | None = described("What became of it; null while nobody has looked. 比对结果")
    reason: str | None = described("What is wrong with it, a code of docs/errors.md. 原因代码")
    settled_at: datetime | None = described("Since when that is known. 比对时刻")
    earlier: JSON = described(
        "What became of it before, where it was matched again later: a list of {outcome, settledAt}. 历次比对结果"
    )

    @planned
    def clue(self) -> ListedClue | None:
        """For the department whose row it is: the clue that it gave, while that waits to be verified. 待核实线索"""
        found = func.ruhu_listed_clue(m.DepartmentListRow.id).table_valued(*_LISTED_CLUE.c, name="listed_clue")
        return one(ListedClue, source=select(found))


@strawberry.input(description="Which lists; all conditions together. 名单筛选条件")
class DepartmentListFilter:
    region: RegionCode | None = matches(
        below(m.DepartmentList.region_code), Text(), description="In this division or below it. 所在区划"
    )
    kinds: list[str] | None = is_in(
        m.DepartmentList.sign, description="Of one of these signs (clue_sign). 预警类型代码"
    )


@strawberry.input(description="Which rows; all conditions together. 名单明细筛选条件")
class DepartmentListRowFilter:
    list_id: strawberry.ID | None = equals(m.DepartmentListRow.list_id, description="Of this list. 名单标识")  # type: ignore[assignment]
    outcomes: list[ListRowOutcome] | None = is_in(
        m.DepartmentListRow.outcome,  # type: ignore[arg-type]  # null while nobody has looked: then in none of these
        description="With one of these outcomes. 比对结果",
    )


@strawberry.input(
    description="A row of a list; an identity number, or a name with a village or telephone. 名单明细输入"
)
class DepartmentListRowInput:
    name: str | None = strawberry.field(default=UNSET, description="The name. 姓名")
    id_number: str | None = strawberry.field(default=UNSET, description="18 places, GB 11643. 公民身份号码")
    village_code: str | None = strawberry.field(default=UNSET, description="The 12 digits of the village. 行政村代码")
    phone: str | None = strawberry.field(default=UNSET, description="Telephone. 联系电话")
    amount: str | None = strawberry.field(default=UNSET, description='In yuan, like "10300.00". 金额(元)')

    def read(self, number: int) -> GivenRow:
        given = (self.name, self.id_number, self.village_code, self.phone, self.amount)
        return GivenRow(number, *(plain(one) for one in given))


@strawberry.input(description="A list of a department, as rows or as a file that was sent before. 报送部门筛查名单")
class SubmitDepartmentListInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. The list and its task have it as their id. 操作标识"
    )
    kind: str = strawberry.field(description="Code of clue_sign: what all rows are a sign of. 预警类型代码")
    period: str = strawberry.field(description="The month that it is about, like 2026-03. 所属月份")
    region_code: RegionCode = strawberry.field(
        description="The division whose families are looked for: one that was granted, or below it. 所属区划"
    )
    rows: list[DepartmentListRowInput] | None = strawberry.field(
        default=UNSET, description="1 to 500 rows; more come as a file. 名单明细"
    )
    upload_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="What POST /department-lists/files answered, in place of rows. 上传标识"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        rows = plain(self.rows)
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "sign": self.kind,
            "period": self.period,
            "region_code": self.region_code,
            "rows": None if rows is None else [row.read(number) for number, row in enumerate(rows, 1)],
            "upload_id": ids.read(self.upload_id, "uploadId"),
        }


@strawberry.type(description="What became of a list. 报送名单结果")
class DepartmentListPayload:
    department_list: DepartmentList | None = strawberry.field(
        description="The list, whose task tells how far it is; null when refused. 名单"
    )
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was taken. 错误")


NEWEST_FIRST: Final = by(m.DepartmentList.received_at.desc())


@strawberry.type
class DepartmentListQueries:
    """Root fields about lists of departments."""

    department_lists: Connection[DepartmentList] = pages(
        filter=DepartmentListFilter,
        order=NEWEST_FIRST,
        description="Lists that the viewer may see, newest first. 名单列表",
    )
    department_list_rows: CountedConnection[DepartmentListRow] = pages(
        filter=DepartmentListRowFilter,
        order=by(m.DepartmentListRow.number),
        description="Rows that the viewer may see, in the order of their numbers. 名单明细列表",
    )

    @planned
    def department_list(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 名单标识")]
    ) -> DepartmentList | None:
        """One list by its id. 按标识查名单"""
        return one(DepartmentList, m.DepartmentList.id == id)


@strawberry.type
class DepartmentListMutations:
    """Departments deliver."""

    @strawberry.mutation(
        description="Delivers a list of up to 100,000 rows; its task tells how far the worker is. 报送部门筛查名单"
    )
    async def submit_department_list(
        self, info: Info, input: Annotated[SubmitDepartmentListInput, WHAT_TO_DO]
    ) -> DepartmentListPayload | None:
        done, errors = await carried_out(info, submit_department_list, input)
        return DepartmentListPayload(department_list=done and keyed(DepartmentList, done["list_id"]), errors=errors)
