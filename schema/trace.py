"""The trace as it may be read: by auditors, of their region; and what a family can be told of who looked at it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final

import strawberry
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Text,
    Uuid,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import array
from strawberry.scalars import JSON

from domain.access.queries import in_region, is_audited
from domain.access.rules import OFFICER_ROLES
from domain.audit import models as m
from domain.households.models import Household
from schema.engine import (
    Connection,
    Order,
    by,
    described,
    entity,
    equals,
    everyone,
    is_in,
    matches,
    of_viewer,
    opened,
    page,
    pages,
    rows_of,
    shows,
)
from schema.helpers import below
from schema.scalars import RegionCode
from schema.viewer import Actor


@entity(m.AuditEntry, scope=is_audited(m.AuditEntry.region_code))
class AuditEntry:
    """What somebody did, or one request's look at something sensitive; for auditors of its region. 审计记录"""

    id: strawberry.ID = shows(cast(m.AuditEntry.id, Text), description="Its number, in the order of writing. 序号")  # type: ignore[assignment]
    at: datetime = described("When. 时间")
    actor: Actor | None = described("The account that did it; null for nobody's. 操作人")
    actor_roles: list[str] = described("The roles that the account had then. 操作人角色")
    action: str = described("What was done: the name of the action, or `look`. 操作")
    subject_kind: str = described("What it was done to. 对象类型")
    subject_id: strawberry.ID | None = described("Its id, where there was one. 对象标识")
    region_code: RegionCode | None = described("Where; null where it was over several provinces, or nowhere. 区划代码")
    household_count: int = shows(
        func.coalesce(func.cardinality(m.AuditEntry.seen), 0, type_=Integer()),
        description="How many families' sensitive facts were shown. 涉及户数",
    )
    operation_id: strawberry.ID | None = described("The operation, as the client named it. 操作标识")
    request_id: str | None = described("The request, as the server's log has it. 请求标识")
    device_id: str | None = described("The device, where the token names one. 设备标识")
    purpose: str | None = described("What for, where it must be said. 用途")
    detail: JSON = described("Codes and counts: no names, no numbers. 明细")


@strawberry.input(description="Which entries; all conditions together. 审计筛选条件")
class AuditFilter:
    region: RegionCode | None = matches(
        below(m.AuditEntry.region_code), Text(), description="In this division or below it. 所在区划"
    )
    since: datetime | None = matches(
        lambda at: m.AuditEntry.at >= at, DateTime(timezone=True), description="At this instant or later. 起始时刻"
    )
    before: datetime | None = matches(
        lambda at: m.AuditEntry.at < at, DateTime(timezone=True), description="Before this instant. 截止时刻"
    )
    actor_id: strawberry.ID | None = equals(m.AuditEntry.actor_id, description="By this account. 操作人标识")  # type: ignore[assignment]
    actions: list[str] | None = is_in(m.AuditEntry.action, description="One of these actions. 操作")
    household_id: strawberry.ID | None = matches(
        lambda family: or_(m.AuditEntry.seen.op("@>")(array([family])), m.AuditEntry.subject_id == family),
        Uuid(),
        description="About this family: done to it, or facts of it shown. 农户标识",
    )
    request_id: str | None = equals(m.AuditEntry.request_id, description="Of this request. 请求标识")


@strawberry.enum(description="What entries are sorted by. 审计排序方式")
class AuditOrder(Order):
    LATEST = by(m.AuditEntry.at.desc(), m.AuditEntry.id.desc(), description="The latest first. 新的在前")


@strawberry.type
class AuditQueries:
    """Root fields about the trace."""

    audit_entries: Connection[AuditEntry] = pages(
        filter=AuditFilter,
        order=AuditOrder,
        description="The trace of the regions that an auditor is granted; to read it leaves an entry too. 审计记录列表",
    )


# --- what a family can be told ---------------------------------------------------------------------------------------

_LOG: Final = rows_of(
    "access_log",
    entry_id=BigInteger(),
    at=DateTime(timezone=True),
    actor_id=Uuid(),
    actor_name=Text(),
    organisation_name=Text(),
    actor_roles=ARRAY(Text()),
    action=Text(),
    kinds=ARRAY(Text()),
    purpose=Text(),
)


# The function that answers it asks for the grant itself, and the field that calls it for the role and the region.
@entity(_LOG, scope=everyone(), key=("entry_id",))
class AccessLogEntry:
    """Somebody looked at a family, or changed what stands of it: what the family can be told. 查询留痕"""

    at: datetime = described("When. 时间")
    actor_name: str | None = described("Who. 姓名")
    organisation_name: str | None = described("For which organisation, if the account is one's. 单位")
    actor_roles: list[str] = described("In which roles. 角色")
    action: str = described("What was done: `look` for a look, else the name of the change. 操作")
    kinds: list[str] = described("Which facts were shown: PHONE, HEALTH, DWELLING, INCOME, NOTE … 数据类别")
    purpose: str | None = described("What for, where it must be said. 用途")


_CHANGES: Final = rows_of(
    "change_log",
    entry_id=BigInteger(),
    at=DateTime(timezone=True),
    actor_id=Uuid(),
    actor_name=Text(),
    organisation_name=Text(),
    actor_roles=ARRAY(Text()),
    action=Text(),
    sealed=Text(),
)


@entity(_CHANGES, scope=everyone(), key=("entry_id",))
class ChangeLogEntry:
    """Somebody changed what stands of a family: what stood there, and what stands there since. 变更记录"""

    at: datetime = described("When. 时间")
    actor_name: str | None = described("Who. 姓名")
    organisation_name: str | None = described("For which organisation, if the account is one's. 单位")
    actor_roles: list[str] = described("In which roles. 角色")
    action: str = described("What was done: the name of the change. 操作")
    changes: JSON = opened(
        _CHANGES.c.sealed,
        description=(
            "A list of {personId, isErased, fields: [{field, before, after}]}; personId is null for the family's own."
            " Identity numbers and accounts are masked. Of whoever was erased isErased is true, and no field is left."
            " 变更前后值"
        ),
    )


_ANSWERS_FOR_FAMILIES: ColumnElement[bool] = and_(
    in_region(Household.region_code),
    of_viewer("role_names", ARRAY(Text())).op("&&")(cast(sorted(OFFICER_ROLES), ARRAY(Text()))),
)

LogSince = Annotated[
    date | None, strawberry.argument(description="From this day in China; absent: a year ago. 起始日期")
]
LogUntil = Annotated[
    date | None, strawberry.argument(description="Up to this day, which counts; absent: today. 截止日期")
]


def access_log(since: Any, until: Any) -> Connection[AccessLogEntry]:
    """Entries about the household around it, between two days in China; the latest first."""
    found = func.ruhu_access_log(Household.id, *_midnights(since, until)).table_valued(*_LOG.c, name="access_log")
    return page(AccessLogEntry, _ANSWERS_FOR_FAMILIES, order=by(_LOG.c.at.desc()), source=select(found))


def change_log(since: Any, until: Any) -> Connection[ChangeLogEntry]:
    """What changed of the household around it, between two days in China; the latest first."""
    found = func.ruhu_change_log(Household.id, *_midnights(since, until)).table_valued(*_CHANGES.c, name="change_log")
    return page(ChangeLogEntry, _ANSWERS_FOR_FAMILIES, order=by(_CHANGES.c.at.desc()), source=select(found))


def _midnights(since: Any, until: Any) -> list[Any]:
    today = of_viewer("today", Date())
    first = today - func.make_interval(1) if since is None else since
    last = (today if until is None else until) + literal(1, Integer())
    return [func.timezone("Asia/Shanghai", cast(day, DateTime())) for day in (first, last)]
