"""Visits as they are read: who called where and when, what was found, and how credible it is."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry
from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Double,
    Integer,
    Text,
    case,
    column,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from strawberry.scalars import JSON

from domain.access.matrix import FieldClass
from domain.base.datum import Datum
from domain.households.queries import BLUR_DEGREES, by_class, meets_of
from domain.visits import models as m
from domain.visits.queries import is_own, of_a_visit_in_sight, of_a_visit_met, sees_visit
from domain.visits.rules import VisitContact
from schema.engine import (
    CountedConnection,
    by,
    composed,
    computed,
    described,
    entity,
    equals,
    everyone,
    is_in,
    many,
    matches,
    one,
    pages,
    planned,
    related,
    rows_of,
    shows,
)
from schema.enums import described_enum
from schema.helpers import Helper, below
from schema.node import Node
from schema.places import GeoPoint, InDatum
from schema.regions import Region
from schema.scalars import RegionCode
from schema.survey_forms import SurveyForm
from schema.terms import Term, term
from schema.viewer import Actor
from schema.walls import LANGUAGE

if TYPE_CHECKING:
    from schema.households import Household
    from schema.people import Person

described_enum(
    VisitContact,
    "How the family was reached. 联系方式",
    IN_PERSON="At the door. 当面走访",
    REMOTE="By phone or video: for families that are away. 电话或视频",
    NOBODY_HOME="An attempt: recorded, and it counts for nothing. 家中无人",
)

CREDIBILITY: Final = Path(__file__).parent / "data" / "credibility.csv"
# What the family said, and where exactly it was said, is for those who meet the family, and for who wrote it down.
IS_CLEAR = or_(meets_of(m.Visit), is_own())


def _seen(point: Any, is_clear: ColumnElement[bool], datum: Datum, accuracy: Any) -> GeoPoint | None:
    """The point, or the kilometre it lies in: it gives the dwelling away."""
    kept = case((is_clear, point), else_=func.ST_SnapToGrid(point, BLUR_DEGREES))
    shown = func.ruhu_from_wgs84(kept, datum.value)
    return composed(
        longitude=func.ST_X(shown, type_=Double()),
        latitude=func.ST_Y(shown, type_=Double()),
        datum=literal(datum.name, Text()),
        accuracy_metres=accuracy,
        is_blurred=case((is_clear, literal(False, Boolean())), else_=literal(True, Boolean())),
        present=point.is_not(None),
    )


@cache
def _credibility() -> Mapping[str, Mapping[str, str]]:
    with CREDIBILITY.open(encoding="utf-8", newline="") as lines:
        return {row["code"]: row for row in csv.DictReader(lines)}


def note_message(code: str, detail: Mapping[str, Any], language: str) -> str:
    """What is odd, in the client's language; the code itself where no text is known."""
    return _credibility()[code][language].format_map(detail) if code in _credibility() else code


_NOTE = rows_of("credibility_note", position=Integer(), code=Text(), detail=JSONB())


@entity(_NOTE, scope=everyone(), key=("position",))
class CredibilityNote:
    """Something odd about a visit, explained in figures. It rejects nothing: a person judges. 可信度说明"""

    code: str = described("Stable code, such as TOO_FAR or MOCK_LOCATION. 代码")
    message: str = computed(
        note_message, _NOTE.c.code, _NOTE.c.detail, LANGUAGE, description="The same in the client's language. 说明"
    )
    detail: JSON = described("The figures behind it; their keys name the units. 明细")


@entity(m.Finding, scope=of_a_visit_in_sight(m.Finding.visit_id))
class Finding:
    """Something that a visit found and that somebody should act on. 发现问题"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    kind: Term = term("finding", m.Finding.kind, description="What was found. 问题类型")
    person: Annotated[Person, strawberry.lazy("schema.people")] | None = described(
        "Whom of the family it is about, if one person. 涉及成员"
    )
    note: str | None = shows(
        by_class(FieldClass.NOTE, m.Finding.note, is_met=of_a_visit_met(m.Finding.visit_id)),
        description="In the visitor's words. 备注",
    )


@entity(m.Photo, scope=of_a_visit_in_sight(m.Photo.visit_id))
class Photo:
    """A photo that belongs to a visit: announced with it, uploaded when the network allows. 照片"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    sha256: str = described("The SHA-256 of its bytes, in 64 hex digits. 校验值")
    byte_size: int = described("Its size in bytes. 字节数")
    media_type: str = described("Such as image/jpeg. 媒体类型")
    taken_at: datetime | None = described("When it was taken, by the phone. 拍摄时间")

    @planned
    def location(self, datum: InDatum = Datum.WGS84) -> GeoPoint | None:
        """Where it was taken. 拍摄位置"""
        return _seen(m.Photo.location, of_a_visit_met(m.Photo.visit_id), datum, literal(None, Double()))


@entity(m.Visit, scope=sees_visit())
class Visit(Node):
    """One call at a household. Visits are immutable: a correction is a new visit that supersedes the old one. 入户走访"""

    id: strawberry.ID = described("Globally unique id, made by the phone. 唯一标识")
    household: Annotated[Household, strawberry.lazy("schema.households")] | None = described(
        "The household; null when it is no longer in the viewer's scope. 农户"
    )
    region: Region = described("The village in which the family lived then. 所在行政村")
    recorded_by: Actor = described("The account that submitted it. 记录人")
    helper: Helper | None = described("The helper who called; null for an officer without pairings. 走访人")
    companions: list[Helper] = related(
        m.Visit.companions, order_by=("name",), description="Helpers who came along. 随访人员"
    )
    purpose: Term = term("visit_purpose", m.Visit.purpose, description="What the visit was for. 走访目的")
    contact: VisitContact = described("How the family was reached. 联系方式")
    occurred_at: datetime = described("When it happened, by the phone; its month in China is what counts. 走访时间")
    captured_at: datetime = described("When it was written down, by the phone. 填写时间")
    received_at: datetime = described("When the server received it. 接收时间")
    late_by_seconds: int = described("From the visit to its arrival, in seconds. 迟报时长(秒)")
    sent_location: GeoPoint | None = composed(
        longitude=m.Visit.sent_longitude,
        latitude=m.Visit.sent_latitude,
        datum=m.Visit.sent_datum,
        accuracy_metres=m.Visit.accuracy_metres,
        is_blurred=literal(False, Boolean()),
        present=m.Visit.location.is_not(None) & IS_CLEAR,
        description="The point exactly as sent, in its own datum; null for viewers who see places blurred. 上报坐标",
    )
    distance_to_dwelling_metres: float | None = described(
        "From the visit to the dwelling on the ellipsoid, in metres. 距住所(米)"
    )
    is_within_fence: bool | None = described("Whether that is inside the fence; null for calls. 是否在围栏内")
    form: SurveyForm = described("The form and version that was answered. 调查表")
    answers: JSON = shows(
        case((IS_CLEAR, m.Visit.answers), else_=literal({}, JSONB())),
        description="The answers by question; empty for viewers who do not meet families. 调查答案",
    )
    is_complete: bool = described("Whether every question that was asked has its answer. 是否完整")
    findings: list[Finding] = related(
        m.Visit.findings, order_by=("position",), description="What was found, in order. 发现问题"
    )
    photos: list[Photo] = related(m.Visit.photos, order_by=("id",), description="Its photos. 照片")
    note: str | None = shows(
        by_class(FieldClass.NOTE, m.Visit.note, is_met=IS_CLEAR), description="In the visitor's words. 备注"
    )
    supersedes: Visit | None = described("The visit that this one corrects. 所更正的走访")
    superseded_by: Visit | None = described("The visit that corrects this one. 更正后的走访")
    amend_reason: str | None = shows(
        by_class(FieldClass.NOTE, m.Visit.amend_reason, is_met=IS_CLEAR),
        description="Why it corrects the other one. 更正原因",
    )

    @planned
    def location(self, datum: InDatum = Datum.WGS84) -> GeoPoint | None:
        """Where the phone was, in the datum asked for. 走访位置"""
        return _seen(m.Visit.location, IS_CLEAR, datum, m.Visit.accuracy_metres)

    @planned
    def credibility(self) -> list[CredibilityNote]:
        """What is odd about it; empty when nothing is. 可信度说明"""
        notes = (
            func.jsonb_array_elements(m.Visit.credibility)
            .table_valued(column("note", JSONB()), with_ordinality="position", name="notes")
            .render_derived()
        )
        rows = select(
            type_coerce(notes.c.position, Integer).label("position"),
            notes.c.note["code"].astext.label("code"),
            notes.c.note["detail"].label("detail"),
        )
        return many(CredibilityNote, source=rows, order_by=(_NOTE.c.position,))


@strawberry.input(description="Which visits; all conditions together. 走访筛选条件")
class VisitFilter:
    household_id: strawberry.ID | None = equals(m.Visit.household_id, description="At this household. 农户标识")  # type: ignore[assignment]
    region: RegionCode | None = matches(
        below(m.Visit.region_code), Text(), description="In this division or below it. 所在区划"
    )
    helper_id: strawberry.ID | None = equals(m.Visit.helper_id, description="By this helper. 走访人标识")  # type: ignore[assignment]
    recorded_by_id: strawberry.ID | None = equals(
        m.Visit.recorded_by_id, description="Submitted by this account; one's own is `viewer.id`. 记录人账号标识"
    )  # type: ignore[assignment]
    occurred_since: datetime | None = matches(
        lambda at: m.Visit.occurred_at >= at, DateTime(timezone=True), description="At this instant or later. 起始时刻"
    )
    occurred_before: datetime | None = matches(
        lambda at: m.Visit.occurred_at < at, DateTime(timezone=True), description="Before this instant. 截止时刻"
    )
    contacts: list[VisitContact] | None = is_in(m.Visit.contact, description="With one of these contacts. 联系方式")
    purposes: list[str] | None = is_in(
        m.Visit.purpose, description="For one of these purposes (codes of visit_purpose). 走访目的代码"
    )
    is_within_fence: bool | None = equals(m.Visit.is_within_fence, description="Inside the fence. 是否在围栏内")
    is_complete: bool | None = equals(m.Visit.is_complete, description="With a complete form. 是否完整")
    is_in_force: bool | None = matches(
        lambda asked: m.Visit.superseded_by_id.is_(None) == asked,
        Boolean(),
        description="Not superseded by a correction, or superseded. 是否有效",
    )


LATEST_FIRST: Final = by(m.Visit.occurred_at.desc())


@strawberry.type
class VisitQueries:
    """Root fields about visits."""

    visits: CountedConnection[Visit] = pages(
        filter=VisitFilter, order=LATEST_FIRST, description="Visits that the viewer may see, the latest first. 走访列表"
    )

    @planned
    def visit(self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]) -> Visit | None:
        """One visit by id, superseded or not. 按标识查走访"""
        return one(Visit, m.Visit.id == id)
