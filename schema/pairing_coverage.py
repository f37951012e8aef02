"""Who has the help that is asked for, and each student's three helpers: counted by the database in one statement."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final

import strawberry
from sqlalchemy import ARRAY, BigInteger, Boolean, Numeric, Text, Uuid, cast, func, type_coerce

from domain.access.queries import is_signed_in
from domain.households.models import Person as PersonRow
from domain.pairings.coverage import coverage_below, coverage_by_group, coverage_by_role, students
from domain.pairings.fitting import PairingSubject
from domain.regions.models import Region as RegionRow
from schema.engine import (
    CountedConnection,
    by,
    composed,
    described,
    entity,
    everyone,
    many,
    page,
    planned,
    rows_of,
    shows,
    the,
)
from schema.enums import described_enum
from schema.helpers import After, First
from schema.people import Person
from schema.regions import Region
from schema.scalars import RegionCode
from schema.terms import Term, term, terms
from schema.viewer import TODAY

described_enum(
    PairingSubject,
    "Of whom help is asked for. 帮扶对象类别",
    HOUSEHOLD="A household: monitored, or of a category that policy names. 农户",
    STUDENT="Somebody at school, of such a household. 学生",
    VILLAGE="A village as a whole. 行政村",
)

_GROUP: dict[str, Any] = {"subject": Text(), "category": Text(), "is_monitored": Boolean()}
_TOTALS: Final = rows_of("pairing_totals", **_GROUP, total=BigInteger(), paired=BigInteger(), complete=BigInteger())
_ROLES: Final = rows_of("pairing_roles", **_GROUP, role=Text(), asked=BigInteger(), covered=BigInteger())
_PARTS: Final = (
    *("households", "households_paired", "households_complete"),
    *("students", "students_complete", "villages", "villages_complete"),
)
_BELOW: Final = rows_of("pairing_below", region_code=Text(), **{name: BigInteger() for name in _PARTS})
_STUDENTS: Final = rows_of(
    "pairing_students", id=Uuid(), household_id=Uuid(), region_code=Text(), held=ARRAY(Text()), missing=ARRAY(Text())
)


def percent(part: Any, whole: Any) -> Any:
    """A share in percent with two digits, rounded down; null where there is nothing to have a share of."""
    share = func.trunc(cast(part, Numeric()) * 100 / func.nullif(whole, 0), 2)
    return type_coerce(share, Numeric(5, 2))


@entity(_TOTALS, scope=everyone(), key=("subject", "category", "is_monitored"))  # the statement counts what is seen
class PairingTotals:
    """How many of one sort have the help that is asked for. 结对覆盖情况"""

    subject: PairingSubject = described("Of whom. 对象类别")
    category: Term | None = term(
        "household_category", _TOTALS.c.category, description="Of households, their category today. 农户类型"
    )
    is_monitored: bool | None = described("Of households, whether they are monitored today. 是否监测对象")
    total: int = described("Of whom any role is asked. 应结对数")
    paired: int = described("Of these, who have anybody at all. 已结对数")
    complete: int = described("Of these, who have somebody in every role that is asked. 角色齐全数")
    percent: Decimal | None = shows(
        percent(_TOTALS.c.complete, _TOTALS.c.total), description="Complete of all, in percent. 齐全率(%)"
    )


@entity(_ROLES, scope=everyone(), key=("subject", "category", "is_monitored", "role"))
class PairingRoleCoverage:
    """How many of one sort have somebody in one role. 分角色结对覆盖"""

    subject: PairingSubject = described("Of whom. 对象类别")
    category: Term | None = term(
        "household_category", _ROLES.c.category, description="Of households, their category today. 农户类型"
    )
    is_monitored: bool | None = described("Of households, whether they are monitored today. 是否监测对象")
    role: Term = term("pairing_role", _ROLES.c.role, description="Which role. 结对角色")
    asked: int = described("Of whom the role is asked. 应有数")
    covered: int = described("Of these, who have somebody in it. 已有数")
    percent: Decimal | None = shows(
        percent(_ROLES.c.covered, _ROLES.c.asked), description="Covered of those asked, in percent. 覆盖率(%)"
    )


@entity(_BELOW, scope=everyone(), key=("region_code",))
class PairingDivision:
    """The same in one division directly below. 下级区划结对覆盖"""

    households: int = described("Households of whom any role is asked. 应结对户数")
    households_paired: int = described("Of these, who have anybody at all. 已结对户数")
    households_complete: int = described("Of these, with every role. 角色齐全户数")
    students: int = described("Students of whom any role is asked. 应结对学生数")
    students_complete: int = described("Of these, with every role. 齐全学生数")
    villages: int = described("Villages of whom any role is asked. 应结对村数")
    villages_complete: int = described("Of these, with every role. 齐全村数")

    @planned
    def region(self) -> Region:
        """Which division. 区划"""
        return the(Region, RegionRow.code == _BELOW.c.region_code)


@strawberry.type(description="Who has the help that is asked for, on a day, as far as the viewer sees. 结对覆盖")
class PairingCoverage:
    on: date = strawberry.field(description="The day. 日期")
    totals: list[PairingTotals] = strawberry.field(
        description="A row for each sort of household, one for students, one for villages. 分类覆盖"
    )
    roles: list[PairingRoleCoverage] = strawberry.field(description="The same role by role. 分角色覆盖")
    divisions: list[PairingDivision] = strawberry.field(
        description="The same for each division directly below, by code. 下级区划"
    )


@entity(_STUDENTS, scope=everyone(), key=("id",))
class StudentHelp:
    """A student with the helpers that are there and those that are missing. 学生“三帮一”情况"""

    held: list[Term] = terms("pairing_role", _STUDENTS.c.held, description="The roles that somebody has. 已有角色")
    missing: list[Term] = terms(
        "pairing_role", _STUDENTS.c.missing, description="The roles asked for that nobody has. 缺少角色"
    )

    @planned
    def student(self) -> Person:
        """Who. 学生"""
        return the(Person, PersonRow.id == _STUDENTS.c.id)

    @planned
    def region(self) -> Region:
        """The village. 所在行政村"""
        return the(Region, RegionRow.code == _STUDENTS.c.region_code)


Where = Annotated[RegionCode, strawberry.argument(description="Of this division and those below it. 区划代码")]
On = Annotated[date | None, strawberry.argument(description="As on this day; absent: today. 日期")]


@strawberry.type
class PairingCoverageQueries:
    """Root fields about who has the help that is asked for."""

    @planned
    def pairing_coverage(self, region: Where, on: On = None) -> PairingCoverage | None:
        """Of whom help is asked for, and who has it, by category and role, and for each division below. 结对覆盖"""
        day = TODAY if on is None else on
        order = (_TOTALS.c.subject, _TOTALS.c.category, _TOTALS.c.is_monitored)
        by_role = (_ROLES.c.subject, _ROLES.c.category, _ROLES.c.is_monitored, _ROLES.c.role)
        return composed(
            on=day,
            totals=many(PairingTotals, source=coverage_by_group(region, day), order_by=order),
            roles=many(PairingRoleCoverage, source=coverage_by_role(region, day), order_by=by_role),
            divisions=many(PairingDivision, source=coverage_below(region, day), order_by=(_BELOW.c.region_code,)),
            present=is_signed_in(),
        )

    @planned
    def students_helped(
        self,
        region: Where,
        missing: Annotated[
            str | None,
            strawberry.argument(description="Only who lacks this role (code of pairing_role). 缺少的角色代码"),
        ] = None,
        first: First = 50,
        after: After = None,
    ) -> CountedConnection[StudentHelp]:
        """Students that help is asked for, by village, with which of their helpers are missing. 学生“三帮一”名单"""
        return page(StudentHelp, source=students(region, TODAY, missing), order=by(_STUDENTS.c.region_code))
