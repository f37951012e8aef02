"""The part of our language that the bench asks for, as strawberry's documentation has one write it."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any, NewType

import strawberry
from sqlalchemy import select
from strawberry.schema.config import StrawberryConfig

from bench.peers.strawberry_orm.loaders import Loaders
from domain.access.queries import sees_household
from domain.helpers.models import Organisation as OrganisationRow
from domain.households.models import Household as HouseholdRow
from domain.households.models import MonitoringStatus
from domain.households.models import Person as PersonRow
from domain.pairings.models import Pairing as PairingRow
from domain.pairings.queries import sees_pairing
from domain.visits.models import Visit as VisitRow
from domain.visits.rules import VisitContact

strawberry.enum(MonitoringStatus)
strawberry.enum(VisitContact)
RegionCode = NewType("RegionCode", str)
Info = strawberry.Info[dict[str, Any], None]


def loaders(info: Info) -> Loaders:
    found: Loaders = info.context["loaders"]
    return found


@strawberry.type
class Term:
    code: str


@strawberry.type
class Region:
    name: str


@strawberry.type
class Village:
    code: RegionCode

    @strawberry.field
    async def region(self, info: Info) -> Region:
        return Region(name=(await loaders(info).region.load(self.code)).name)


@strawberry.type
class Helper:
    id: strawberry.ID
    name: str


async def helper_of(info: Info, id: uuid.UUID | None) -> Helper | None:
    row = None if id is None else await loaders(info).helper.load(id)
    return None if row is None else Helper(id=strawberry.ID(str(row.id)), name=row.name)


@strawberry.type
class Person:
    row: strawberry.Private[PersonRow]
    id: strawberry.ID
    is_head: bool
    relation_to_head: Term
    sex: Term

    @strawberry.field
    def name(self, info: Info) -> str:
        return self.row.name if loaders(info).viewer.meets_families else f"{self.row.name[:1]}**"

    @strawberry.field
    def born_on(self, info: Info) -> date | None:
        return self.row.born_on if loaders(info).viewer.meets_families else None

    @staticmethod
    def of(row: PersonRow) -> Person:
        return Person(
            row=row,
            id=strawberry.ID(str(row.id)),
            is_head=row.is_head,
            relation_to_head=Term(code=row.relation_to_head),
            sex=Term(code=row.sex),
        )


@strawberry.type
class Visit:
    row: strawberry.Private[VisitRow]
    id: strawberry.ID
    contact: VisitContact
    purpose: Term
    occurred_at: datetime

    @strawberry.field
    async def helper(self, info: Info) -> Helper | None:
        return await helper_of(info, self.row.helper_id)

    @staticmethod
    def of(row: VisitRow) -> Visit:
        return Visit(
            row=row,
            id=strawberry.ID(str(row.id)),
            contact=row.contact,
            purpose=Term(code=row.purpose),
            occurred_at=row.occurred_at.astimezone(UTC),
        )


@strawberry.type
class VisitConnection:
    nodes: list[Visit]


@strawberry.type
class Household:
    row: strawberry.Private[HouseholdRow]
    id: strawberry.ID
    code: str
    revision: str
    category: Term
    causes: list[Term]
    monitoring_status: MonitoringStatus
    registered_on: date

    @strawberry.field
    def address(self, info: Info) -> str | None:
        return self.row.address if loaders(info).viewer.meets_families else None

    @strawberry.field
    async def village(self, info: Info) -> Village:
        return Village(code=RegionCode((await loaders(info).village_of.load(self.row.region_code)).region_code))

    @strawberry.field
    async def members(self, info: Info) -> list[Person]:
        return [Person.of(row) for row in await loaders(info).members.load(self.row.id)]

    @strawberry.field
    async def visits(self, info: Info, first: int = 50) -> VisitConnection:
        return VisitConnection(nodes=[Visit.of(v) for v in await loaders(info).visits.load((self.row.id, first))])

    @strawberry.field
    async def pairings(self, info: Info) -> list[Pairing]:
        return [Pairing.of(row) for row in await loaders(info).pairings.load(self.row.id)]

    @staticmethod
    def of(row: HouseholdRow) -> Household:
        return Household(
            row=row,
            id=strawberry.ID(str(row.id)),
            code=row.code,
            revision=str(row.revision),
            category=Term(code=row.category),
            causes=[Term(code=code) for code in row.causes],
            monitoring_status=row.monitoring_status,
            registered_on=row.registered_on,
        )


@strawberry.type
class Pairing:
    row: strawberry.Private[PairingRow]
    id: strawberry.ID
    role: Term
    started_on: date

    @strawberry.field
    async def helper(self, info: Info) -> Helper | None:
        return await helper_of(info, self.row.helper_id)

    @strawberry.field
    async def household(self, info: Info) -> Household | None:
        row = self.row.household_id and await loaders(info).household.load(self.row.household_id)
        return Household.of(row) if row else None

    @strawberry.field
    async def village(self, info: Info) -> Village | None:
        row = self.row.village_id and await loaders(info).village.load(self.row.village_id)
        return Village(code=RegionCode(row.region_code)) if row else None

    @staticmethod
    def of(row: PairingRow) -> Pairing:
        return Pairing(row=row, id=strawberry.ID(str(row.id)), role=Term(code=row.role), started_on=row.started_on)


@strawberry.type
class PairingConnection:
    nodes: list[Pairing]


@strawberry.type
class Organisation:
    row: strawberry.Private[OrganisationRow]
    id: strawberry.ID
    name: str

    @strawberry.field
    async def pairings(self, info: Info, first: int = 50) -> PairingConnection:
        theirs = (PairingRow.organisation_id == self.row.id, sees_pairing())
        statement = select(PairingRow).where(*theirs).order_by(PairingRow.started_on.desc(), PairingRow.id.desc())
        return PairingConnection(nodes=[Pairing.of(row) for row in await loaders(info).rows(statement.limit(first))])


@strawberry.type
class HouseholdConnection:
    nodes: list[Household]


@strawberry.input
class HouseholdFilter:
    region: RegionCode


@strawberry.type
class Query:
    @strawberry.field
    async def households(self, info: Info, filter: HouseholdFilter, first: int = 50) -> HouseholdConnection:
        statement = (
            select(HouseholdRow)
            .where(HouseholdRow.region_code >= filter.region, HouseholdRow.region_code < filter.region + ":")
            .where(HouseholdRow.ended_on.is_(None), sees_household(HouseholdRow.region_code, HouseholdRow.id))
            .order_by(HouseholdRow.region_code, HouseholdRow.code)
            .limit(first)
        )
        return HouseholdConnection(nodes=[Household.of(row) for row in await loaders(info).rows(statement)])

    @strawberry.field
    async def organisation(self, info: Info, id: strawberry.ID) -> Organisation | None:
        rows = await loaders(info).rows(select(OrganisationRow).where(OrganisationRow.id == uuid.UUID(id)))
        return Organisation(row=rows[0], id=strawberry.ID(str(rows[0].id)), name=rows[0].name) if rows else None


schema = strawberry.Schema(
    Query, config=StrawberryConfig(scalar_map={RegionCode: strawberry.scalar(name="RegionCode", serialize=str)})
)
