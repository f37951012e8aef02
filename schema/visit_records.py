"""A visit as phones keep it: one flat document of fixed content."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy import ARRAY, ColumnElement, Double, Text, Uuid, case, column, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from strawberry.scalars import JSON

from domain.access.matrix import FieldClass
from domain.households.queries import BLUR_DEGREES, by_class
from domain.sync.queries import with_tombstones
from domain.sync.rules import MOST_AT_ONCE as MOST
from domain.visits import models as m
from domain.visits.queries import of_a_visit_in_sight, of_a_visit_met, sees_visit
from domain.visits.rules import VisitContact
from schema.engine import described, entity, many, related, shows
from schema.scalars import RegionCode
from schema.visits import IS_CLEAR

# No visit is without a purpose: a row without one comes from an outer join that found nothing.
IS_TOMBSTONE = m.Visit.purpose.is_(None)
SEES = sees_visit()
PLACE = case((IS_CLEAR, m.Visit.location), else_=func.ST_SnapToGrid(m.Visit.location, BLUR_DEGREES))


def _ids(row: Any, id: Any) -> ColumnElement[Any]:
    """The ids of what hangs on the visit, in their order."""
    found = select(id).where(row.visit_id == m.Visit.id).order_by(id).correlate_except(row)
    return func.array(found.scalar_subquery(), type_=ARRAY(Uuid()))


def _codes() -> ColumnElement[Any]:
    notes = func.jsonb_array_elements(m.Visit.credibility).table_valued(column("note", JSONB()), name="notes")
    code = notes.render_derived().c.note["code"].astext
    return func.array(select(code).scalar_subquery(), type_=ARRAY(Text()))


@entity(m.Finding, scope=of_a_visit_in_sight(m.Finding.visit_id))
class FindingRecord:
    """Something that a visit found, as phones keep it. 发现问题记录"""

    id: strawberry.ID = described("Its id. 标识")
    kind: str = described("Code of finding. 问题类型代码")
    person_id: strawberry.ID | None = described("Whom it is about, if one person. 涉及成员标识")
    note: str | None = shows(
        by_class(FieldClass.NOTE, m.Finding.note, is_met=of_a_visit_met(m.Finding.visit_id)),
        description="In the visitor's words. 备注",
    )


_COMPANION, _PHOTO = aliased(m.VisitCompanion), aliased(m.Photo)


@entity(m.Visit, scope=or_(IS_TOMBSTONE, SEES))
class VisitRecord:
    """A visit as phones keep it; all but the first two are null where it is gone from the viewer's scope. Sent again when
    the visit changes: it is corrected, or its family moves. 走访记录"""

    id: strawberry.ID = described("The visit's id. 走访标识")
    is_deleted: bool = shows(IS_TOMBSTONE, description="Whether it is gone from the viewer's scope. 是否已移出")
    household_id: strawberry.ID | None = shows(m.Visit.household_id, description="The household. 农户标识")  # type: ignore[assignment]
    village_code: RegionCode | None = shows(m.Visit.region_code, description="The family's village. 行政村代码")  # type: ignore[assignment]
    recorded_by_id: strawberry.ID | None = shows(
        m.Visit.recorded_by_id, description="The account that submitted it. 记录人账号标识"
    )  # type: ignore[assignment]
    helper_id: strawberry.ID | None = described("The helper who called. 走访人标识")
    purpose: str | None = shows(m.Visit.purpose, description="Code of visit_purpose. 走访目的代码")
    contact: VisitContact | None = shows(m.Visit.contact, description="How the family was reached. 联系方式")
    occurred_at: datetime | None = shows(m.Visit.occurred_at, description="When it happened. 走访时间")
    captured_at: datetime | None = shows(m.Visit.captured_at, description="When it was written down. 填写时间")
    received_at: datetime | None = shows(m.Visit.received_at, description="When the server received it. 接收时间")
    longitude: float | None = shows(
        func.ST_X(PLACE, type_=Double()), description="Of the phone, WGS-84, in degrees east. 经度"
    )
    latitude: float | None = shows(
        func.ST_Y(PLACE, type_=Double()), description="Of the phone, WGS-84, in degrees north. 纬度"
    )
    accuracy_metres: float | None = described("As the device stated it, in metres. 精度(米)")
    is_blurred: bool | None = shows(
        case((m.Visit.location.is_not(None), case((IS_CLEAR, False), else_=True))),
        description="Whether the place is rounded to a kilometre; null without one. 是否模糊化",
    )
    distance_to_dwelling_metres: float | None = described("From the visit to the dwelling, in metres. 距住所(米)")
    is_within_fence: bool | None = described("Whether that is inside the fence; null for calls. 是否在围栏内")
    is_complete: bool | None = shows(m.Visit.is_complete, description="Whether the form is complete. 是否完整")
    credibility: list[str] | None = shows(_codes(), description="What is odd about it, by code. 可信度说明代码")
    form_id: strawberry.ID | None = shows(m.Visit.form_id, description="The form. 调查表标识")  # type: ignore[assignment]
    form_version: int | None = shows(m.Visit.form_version, description="Its version. 调查表版本号")
    answers: JSON | None = shows(
        case((IS_CLEAR, m.Visit.answers), (IS_TOMBSTONE, None), else_=literal({}, JSONB())),
        description="The answers by question; empty for viewers who do not meet families. 调查答案",
    )
    note: str | None = shows(
        by_class(FieldClass.NOTE, m.Visit.note, is_met=IS_CLEAR), description="In the visitor's words. 备注"
    )
    supersedes_id: strawberry.ID | None = described("The visit that this one corrects. 所更正的走访标识")
    superseded_by_id: strawberry.ID | None = described("The visit that corrects this one. 更正后的走访标识")
    amend_reason: str | None = shows(
        by_class(FieldClass.NOTE, m.Visit.amend_reason, is_met=IS_CLEAR),
        description="Why it corrects the other one. 更正原因",
    )
    companion_ids: list[strawberry.ID] | None = shows(
        _ids(_COMPANION, _COMPANION.helper_id), description="Helpers who came along. 随访人员标识"
    )
    photo_ids: list[strawberry.ID] | None = shows(_ids(_PHOTO, _PHOTO.id), description="Its photos. 照片标识")
    findings: list[FindingRecord] = related(
        m.Visit.findings, order_by=("position",), description="What was found, in order. 发现问题"
    )


def visit_records(ids: Any) -> list[VisitRecord]:
    """The records of these ids (an array of UUIDs, as a parameter), or their tombstones."""
    return many(VisitRecord, source=with_tombstones(m.Visit, SEES, ids), order_by=(m.Visit.id,), cap=MOST)
