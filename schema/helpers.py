"""Who helps: helpers and organisations. Their names are everybody's who is signed in; their numbers are not."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Boolean, ColumnElement, Text

from domain.access.queries import is_signed_in
from domain.helpers import models as m
from domain.helpers.queries import is_named_like, known_phone, knows_helper, knows_organisation, only_if
from domain.pairings.models import Pairing as PairingRow
from domain.pairings.queries import holds_on, open_pairings
from schema.engine import (
    CountedConnection,
    by,
    described,
    entity,
    equals,
    is_in,
    matches,
    one,
    opened,
    page,
    pages,
    planned,
    shows,
)
from schema.node import Node
from schema.regions import Region
from schema.scalars import RegionCode
from schema.terms import Term, term

if TYPE_CHECKING:
    from schema.pairings import Pairing

First = Annotated[
    int, strawberry.argument(description="How many rows to bring at most; over 500 is an error. 每页行数")
]
After = Annotated[str | None, strawberry.argument(description="The cursor after which the page begins. 起始游标")]
ActiveOn = Annotated[
    date | None, strawberry.argument(description="Only what held on this day; absent: all of history. 生效日期")
]


def below(column: Any) -> Any:
    """The filter on a region code: that division and all that lies below it."""

    def inside(code: Any) -> ColumnElement[bool]:
        condition: ColumnElement[bool] = (column >= code) & (column < code + ":")
        return condition

    return inside


def _is_active(row: Any) -> Any:
    return lambda active: row.ended_on.is_(None) == active


@entity(m.Helper, scope=is_signed_in())
class Helper(Node):
    """A person who helps. 帮扶责任人"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    name: str = described("The person's name. 姓名")
    kind: Term = term("helper_kind", m.Helper.kind, description="Cadre, first secretary, teacher … 帮扶责任人类型")
    region: Region = described("Where the helper works or lives: the village of a leader. 所在区划")
    organisation: Organisation | None = described("Whom the helper belongs to. 所属单位")
    phone: str | None = opened(
        known_phone(knows_helper(), m.Helper),
        otherwise=m.Helper.phone_masked,
        description="Whole for the helper and for officers of the region, else like 138****5678. 电话",
    )
    is_party_member: bool | None = shows(
        only_if(knows_helper(), m.Helper.is_party_member),
        description="For the helper and for officers of the region, else null. 是否党员",
    )
    started_on: date = described("The first day as a helper. 开始日期")
    ended_on: date | None = described("The first day as none any more; null while it lasts. 终止日期")
    open_pairing_count: int = shows(
        open_pairings(PairingRow.helper_id, m.Helper.id),
        description="The load: open pairings, as far as the viewer's scope reaches. 在结对数",
    )

    @planned
    def pairings(
        self, first: First = 50, active_on: ActiveOn = None, after: After = None
    ) -> CountedConnection[Annotated[Pairing, strawberry.lazy("schema.pairings")]]:
        """Whom this person helps and helped, the latest first. 结对"""
        return _pairings_of(PairingRow.helper_id == m.Helper.id, active_on)


@entity(m.Organisation, scope=is_signed_in())
class Organisation(Node):
    """A department, social organisation, enterprise, resident team, school or insurer that helps. 帮扶单位"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    name: str = described("Its name. 名称")
    kind: Term = term("organisation_kind", m.Organisation.kind, description="What sort of organisation. 单位类型")
    region: Region = described("Where it is registered. 所在区划")
    phone: str | None = opened(
        known_phone(knows_organisation(), m.Organisation),
        otherwise=m.Organisation.phone_masked,
        description="Whole for the organisation and for officers of the region, else like 138****5678. 电话",
    )
    started_on: date = described("Since when it helps. 开始日期")
    ended_on: date | None = described("The first day on which it no longer does; null while it does. 终止日期")
    open_pairing_count: int = shows(
        open_pairings(PairingRow.organisation_id, m.Organisation.id),
        description="The load: open pairings, as far as the viewer's scope reaches. 在结对数",
    )
    helpers: CountedConnection[Helper] = pages(
        m.Organisation.helpers, order=by(m.Helper.name), description="Its people who help. 所属帮扶责任人"
    )

    @planned
    def pairings(
        self, first: First = 50, active_on: ActiveOn = None, after: After = None
    ) -> CountedConnection[Annotated[Pairing, strawberry.lazy("schema.pairings")]]:
        """Whom it helps and helped, the latest first. 结对"""
        return _pairings_of(PairingRow.organisation_id == m.Organisation.id, active_on)


def _pairings_of(theirs: ColumnElement[bool], active_on: date | None) -> CountedConnection[Pairing]:
    # The types refer to each other; bodies run once the whole language is there.
    from schema.pairings import Pairing

    held = () if active_on is None else (holds_on(active_on),)
    return page(Pairing, theirs, *held, order=by(PairingRow.started_on.desc()))


@strawberry.input(description="Which helpers; all conditions together. 帮扶责任人筛选条件")
class HelperFilter:
    region: RegionCode | None = matches(
        below(m.Helper.region_code), Text(), description="In this division or below it. 所在区划"
    )
    kinds: list[str] | None = is_in(m.Helper.kind, description="Of one of these kinds (codes of helper_kind). 类型代码")
    organisation_id: strawberry.ID | None = equals(
        m.Helper.organisation_id, description="Of this organisation. 所属单位标识"
    )  # type: ignore[assignment]
    search: str | None = matches(
        lambda search: is_named_like(m.Helper.name, search), Text(), description="Part of the name. 姓名关键字"
    )
    is_active: bool | None = matches(
        _is_active(m.Helper), Boolean(), description="Helping still, or no longer. 是否在任"
    )


@strawberry.input(description="Which organisations; all conditions together. 帮扶单位筛选条件")
class OrganisationFilter:
    region: RegionCode | None = matches(
        below(m.Organisation.region_code), Text(), description="In this division or below it. 所在区划"
    )
    kinds: list[str] | None = is_in(
        m.Organisation.kind, description="Of one of these kinds (codes of organisation_kind). 类型代码"
    )
    search: str | None = matches(
        lambda search: is_named_like(m.Organisation.name, search), Text(), description="Part of the name. 名称关键字"
    )
    is_active: bool | None = matches(
        _is_active(m.Organisation), Boolean(), description="Helping still, or no longer. 是否仍在帮扶"
    )


@strawberry.type
class HelperQueries:
    """Root fields about who helps."""

    helpers: CountedConnection[Helper] = pages(
        filter=HelperFilter,
        order=by(m.Helper.region_code, m.Helper.name),
        description="Helpers everywhere, by region and name. 帮扶责任人列表",
    )
    organisations: CountedConnection[Organisation] = pages(
        filter=OrganisationFilter,
        order=by(m.Organisation.region_code, m.Organisation.name),
        description="Organisations everywhere, by region and name. 帮扶单位列表",
    )

    @planned
    def helper(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]
    ) -> Helper | None:
        """One helper by id. 按标识查帮扶责任人"""
        return one(Helper, m.Helper.id == id)

    @planned
    def organisation(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]
    ) -> Organisation | None:
        """One organisation by id. 按标识查帮扶单位"""
        return one(Organisation, m.Organisation.id == id)
