"""Reads that are not plain columns: the scope of pairings, the load of a helper, what the rules ask of both sides."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Text,
    and_,
    any_,
    case,
    cast,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from domain.access.queries import (
    PARTIES,
    SEES_BY_LIST,
    in_region,
    is_listed,
    meets,
    sees_household,
    viewer_parameters,
)
from domain.access.rules import Actor
from domain.base.errors import Problem
from domain.base.models import Term, sealed_text
from domain.helpers.models import Helper, Organisation
from domain.households.models import Household, Membership, Person
from domain.pairings.models import Pairing, PairingChange
from domain.pairings.rules import Helped, HelpedFacts, HelpingFacts, Side
from domain.regions.models import Region, Village


def sees_pairing() -> ColumnElement[bool]:
    """The scope of a pairing: in the region, of a listed household, or one's own (also with a village, also ended)."""
    return or_(
        in_region(Pairing.region_code),
        is_listed(Pairing.household_id),
        and_(SEES_BY_LIST, or_(Pairing.helper_id == any_(PARTIES), Pairing.organisation_id == any_(PARTIES))),
    )


def sees_of_party(row: Any) -> ColumnElement[bool]:
    """The scope of what belongs to whoever helps, and to the officers of the region: agreements, changes."""
    return or_(in_region(row.region_code), and_(SEES_BY_LIST, row.party_id == any_(PARTIES)))


def sees_change() -> ColumnElement[bool]:
    """The scope of what became of a pairing."""
    return sees_of_party(PairingChange)


def is_settled() -> ColumnElement[bool]:
    """No transaction that is still open, or may still come, stands before this change: nothing is missed by a cursor."""
    oldest = func.pg_snapshot_xmin(func.pg_current_snapshot())
    return PairingChange.xid < cast(cast(oldest, Text()), BigInteger())


def knows_contacts() -> ColumnElement[bool]:
    """Whether whom to call about a pairing is told with the number: to its own side, and to officers who meet families."""
    met = and_(in_region(Pairing.region_code), meets(Pairing.region_code))
    return or_(met, and_(SEES_BY_LIST, Pairing.helping_id == any_(PARTIES)))


def phone_of(helper_id: InstrumentedAttribute[uuid.UUID | None]) -> Any:
    """The sealed number of a pairing's contact, for who knows it."""
    person = aliased(Helper)
    number = case((knows_contacts(), sealed_text("helper.phone", person.id, person.phone_sealed)))
    return select(number).where(person.id == helper_id).correlate_except(person).scalar_subquery()


def holds_on(day: Any) -> ColumnElement[bool]:
    """Whether a pairing holds on a day. It is half open: the day on which one ends is no longer its own."""
    return and_(Pairing.started_on <= day, or_(Pairing.ended_on.is_(None), Pairing.ended_on > day))


def open_pairings(
    side: InstrumentedAttribute[uuid.UUID | None], party: InstrumentedAttribute[uuid.UUID]
) -> ScalarSelect[int]:
    """The load (结对数) of a helper or organisation: how many of its pairings are open.

    Like every count it ends where the viewer's scope ends.
    """
    counted = select(func.count()).select_from(Pairing).where(side == party, sees_pairing(), Pairing.ended_on.is_(None))
    return counted.correlate_except(Pairing).scalar_subquery()


async def unknown_terms(db: AsyncSession, asked: Mapping[str, tuple[str, str | None]]) -> list[Problem]:
    """An UNKNOWN_CODE for every input field (field: (list, code)) whose code its vocabulary does not have."""
    given = {field: term for field, term in asked.items() if term[1] is not None}
    found = await db.execute(select(Term.list, Term.code).where(tuple_(Term.list, Term.code).in_(given.values())))
    known = {(row.list, row.code) for row in found}
    return [
        Problem("UNKNOWN_CODE", ("input", field), {"list": term[0], "code": term[1]})
        for field, term in given.items()
        if term not in known
    ]


async def helping_facts(db: AsyncSession, side: Side) -> HelpingFacts | None:
    """A helper or organisation. Whoever is signed in may know their names, so there is no scope.

    Not locked: PostgreSQL locks only what one might change, and a helper may come from another region.
    """
    if side.field == "helperId":
        facts = (Helper.kind, Helper.region_code, Helper.ended_on, Helper.is_party_member)
        helper = (await db.execute(select(*facts).where(Helper.id == side.id))).one_or_none()
        return None if helper is None else HelpingFacts(side, *helper)
    told = (Organisation.kind, Organisation.region_code, Organisation.ended_on)
    organisation = (await db.execute(select(*told).where(Organisation.id == side.id))).one_or_none()
    return None if organisation is None else HelpingFacts(side, *organisation)


async def helped_facts(db: AsyncSession, actor: Actor, side: Side) -> HelpedFacts | None:
    """A household, person or village; None where the actor sees none. Families are locked until the transaction ends.

    Without touching their keys: a visit that is being submitted only points at its household and need not wait for us.
    """
    if side.field == "householdId":
        return await _household(db, actor, side)
    if side.field == "personId":
        return await _person(db, actor, side)
    asked = select(Region.code, Region.valid_to).join(Village, Village.region_code == Region.code)
    village = (await db.execute(asked.where(Village.id == side.id))).one_or_none()
    return None if village is None else HelpedFacts(side, Helped.VILLAGE, *village)


async def _household(db: AsyncSession, actor: Actor, side: Side) -> HelpedFacts | None:
    asked = select(Household.region_code, Household.ended_on).where(
        Household.id == side.id, sees_household(Household.region_code, Household.id)
    )
    found = await db.execute(asked.with_for_update(key_share=True), viewer_parameters(actor.viewer))
    household = found.one_or_none()
    return None if household is None else HelpedFacts(side, Helped.HOUSEHOLD, *household, side.id)


async def _person(db: AsyncSession, actor: Actor, side: Side) -> HelpedFacts | None:
    # Households are locked before people, everywhere: so look first where the person lives.
    home = select(Person.household_id).where(Person.id == side.id).scalar_subquery()
    await db.execute(select(Household.id).where(Household.id == home).with_for_update(key_share=True))
    left_on = select(func.max(Membership.ended_on)).where(Membership.person_id == side.id).scalar_subquery()
    gone_on = case((Person.household_id.is_(None), func.coalesce(Person.died_on, left_on, Person.joined_on)))
    asked = select(Person.region_code, gone_on, Person.household_id, Person.school_status).where(
        Person.id == side.id, sees_household(Person.region_code, Person.household_id)
    )
    found = await db.execute(asked.with_for_update(key_share=True), viewer_parameters(actor.viewer))
    person = found.one_or_none()
    return None if person is None else HelpedFacts(side, Helped.PERSON, *person)
