"""Reads about households that are not plain columns: scope and locks for those who write, search and masks for readers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Double,
    Row,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    Text,
    Uuid,
    and_,
    any_,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from domain.access.matrix import Effect, FieldClass, matrix
from domain.access.queries import in_region, is_listed, meets, sees_household, viewer_parameters
from domain.access.rules import Actor
from domain.base.models import Term, sealed_text
from domain.base.sealed_fields import ID_NUMBER
from domain.base.transactions import ring_of
from domain.households.models import Household, HouseholdMove, Membership, Person, RosterEntry
from domain.households.rules import VOCABULARIES, GivenPoint, Path, Reading
from domain.regions.models import Region
from domain.regions.rules import region_code

T = TypeVar("T")


def sees_person() -> ColumnElement[bool]:
    """The scope of a person: their family's, and that of the family they left last."""
    return or_(in_region(Person.region_code), is_listed(Person.household_id), is_listed(Person.left_household_id))


def sees_roster_entry() -> ColumnElement[bool]:
    """A place on a roster belongs to the family that has it."""
    return sees_household(RosterEntry.region_code, RosterEntry.household_id)


def sees_move() -> ColumnElement[bool]:
    """A move concerns the officers of both sides, and only them: the family itself is another row with its own scope."""
    return or_(in_region(HouseholdMove.region_code), in_region(HouseholdMove.to_region_code))


async def vocabulary(db: AsyncSession, lists: Sequence[str] = VOCABULARIES) -> Mapping[str, frozenset[str]]:
    """The codes of these lists; if nothing else is asked, of every list that a family's facts use."""
    rows = (await db.execute(select(Term.list, Term.code).where(Term.list.in_(lists)))).all()
    return {name: frozenset(row.code for row in rows if row.list == name) for name in lists}


async def lock_households(db: AsyncSession, actor: Actor, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Household]:
    """The visible ones of these, ended ones too, locked in the order of their ids until the transaction ends."""
    statement = (
        select(Household)
        .where(Household.id.in_(sorted(ids)), sees_household(Household.region_code, Household.id))
        .order_by(Household.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = await db.scalars(statement, viewer_parameters(actor.viewer))
    return {household.id: household for household in found}


async def lock_members(db: AsyncSession, household_ids: Iterable[uuid.UUID]) -> list[Person]:
    """Everybody who belongs to these households now, locked. The households are locked before: nobody joins meanwhile."""
    statement = (
        select(Person)
        .where(Person.household_id.in_(sorted(household_ids)))
        .order_by(Person.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(await db.scalars(statement))


async def lock_people(db: AsyncSession, actor: Actor, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Person]:
    """The visible ones of these people, members of a household or not, locked. Who was erased is not there."""
    statement = (
        select(Person)
        .where(Person.id.in_(sorted(ids)), Person.erased_at.is_(None), sees_person())
        .order_by(Person.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {person.id: person for person in await db.scalars(statement, viewer_parameters(actor.viewer))}


async def last_left_on(db: AsyncSession, person_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Any]:
    """For each of these people the day on which their last spell ended, as far as it is visible."""
    statement = (
        select(Membership.person_id, func.max(Membership.ended_on))
        .where(Membership.person_id.in_(person_ids))
        .group_by(Membership.person_id)
    )
    return {row[0]: row[1] for row in await db.execute(statement)}


async def taken_id_numbers(db: AsyncSession, numbers: Sequence[str | None]) -> set[str]:
    """Those of these identity numbers that a visible person has. A hidden person's speaks through the constraint."""
    wanted = {ring_of(db).index(ID_NUMBER, number): number for number in numbers if number is not None}
    known = select(Person.id_number_index).where(Person.id_number_index.in_(wanted))
    return {wanted[index] for index in await db.scalars(known) if index is not None}


async def village_problems(
    db: AsyncSession, actor: Actor, reading: Reading, code: str, path: Path, *, is_anywhere: bool = False
) -> None:
    """A village that is there, in force, and in the actor's own regions, unless it may be anywhere.

    Divisions are public: nothing is given away.
    """
    # What is no code at all is not looked for: it may hold what PostgreSQL cannot (NUL).
    of_code = select(Region.level, Region.valid_to).where(Region.code == code)
    village = None if region_code(code) is None else (await db.execute(of_code)).one_or_none()
    if village is None:
        reading.wrong("REGION_UNKNOWN", path, region=code)
    elif village.level != "VILLAGE":
        reading.wrong("NOT_A_VILLAGE", path, region=code)
    elif village.valid_to is not None:
        reading.wrong("REGION_ENDED", path, region=code)
    elif not is_anywhere and not actor.viewer.sees_region(code):
        reading.wrong("REGION_OUT_OF_SCOPE", path, region=code)


def sent_point(household: Household) -> GivenPoint | None:
    """The dwelling's place as it was given."""
    if household.sent_longitude is None or household.sent_latitude is None or household.sent_datum is None:
        return None
    return GivenPoint(
        household.sent_longitude, household.sent_latitude, household.sent_datum, household.accuracy_metres
    )


def members_on(day: Any) -> ScalarSelect[int]:
    """How many people belonged to the household on a day: spells are half open, so a hand-over day counts once."""
    spell = aliased(Membership)
    is_open = or_(spell.ended_on.is_(None), day < spell.ended_on)
    return (
        select(func.count())
        .select_from(spell)
        .where(and_(spell.household_id == Household.id, spell.started_on <= day, is_open))
        .correlate(Household)
        .scalar_subquery()
    )


# --- what those see who do not meet the family -----------------------------------------------------------------------

BLUR_DEGREES = 0.01  # about a kilometre: the village, not the house

_LINKS = {Household: ("id",), Person: ("household_id", "left_household_id")}


def meets_of(row: Any) -> ColumnElement[bool]:
    """`meets` for a row of this mapped class: one that has a region and says whose it is."""
    links = _LINKS.get(row, ("household_id",))
    return meets(row.region_code, *(getattr(row, link) for link in links))


def by_class(
    of: FieldClass, column: Any, *, masked: Any = None, blurred: Any = None, is_met: ColumnElement[bool] | None = None
) -> Any:
    """The column as the matrix shows a field of this class: to those who meet the family, and to others.

    is_met: where the column's own class does not say whose row it is.
    """
    found = matrix()
    forms = {Effect.SHOWN: column, Effect.MASKED: masked, Effect.BLURRED: blurred, Effect.ABSENT: None}
    inside, outside = found.inside[of], found.outside[of]
    if inside is outside:
        return forms[inside]
    is_met = meets_of(column.class_) if is_met is None else is_met
    return (
        case((is_met, forms[inside]))
        if outside is Effect.ABSENT
        else case((is_met, forms[inside]), else_=forms[outside])
    )


def shown_name() -> SQLColumnExpression[str]:
    """陈桂芳, or 陈** for those who do not meet the family."""
    return by_class(FieldClass.NAME, Person.name, masked=func.concat(func.left(Person.name, 1), "**"))  # type: ignore[no-any-return]


def shown_number(of: FieldClass, masked: InstrumentedAttribute[str | None]) -> SQLColumnExpression[str | None]:
    """A number of which only the mask is ever read: whole for nobody but by revealing it."""
    return by_class(of, None, masked=masked, is_met=meets_of(masked.class_))  # type: ignore[no-any-return]


def met_phone(of: type[Household] | type[Person]) -> SQLColumnExpression[str | None]:
    """The sealed telephone for those who meet the family: they must be able to call, also without a network."""
    return case((meets_of(of), sealed_text(f"{of.__tablename__}.phone", of.id, of.phone_sealed)))


def shown_point() -> SQLColumnExpression[Any]:
    """The dwelling, or the kilometre it lies in. Whatever asks about places asks about this, or it would tell more."""
    blurred = func.ST_SnapToGrid(Household.location, BLUR_DEGREES)
    return by_class(FieldClass.DWELLING, Household.location, blurred=blurred)  # type: ignore[no-any-return]


def found_by(search: Any) -> ColumnElement[bool]:
    """A code that begins like this, or (for those who meet the family) a member with this in the name.

    Ranges, and one array of ids: both are what an index can answer under row-level security, where LIKE is not.
    """
    code, beginning = Household.code, func.nullif(search, "", type_=Text())
    ids = func.ruhu_families_named(search, type_=ARRAY(Uuid())).column_valued("ids")
    named = cast(select(ids).scalar_subquery(), ARRAY(Uuid()))  # once per statement, and no row of a subquery
    return or_(
        and_(code >= beginning, code < beginning.concat(func.chr(1114111, type_=Text()))),
        and_(meets_of(Household), Household.id == any_(named)),
    )


def is_in_box(west: Any, south: Any, east: Any, north: Any, datum: str) -> ColumnElement[bool]:
    """The point that the viewer is shown lies in a rectangle of that datum, edges included.

    The envelope comes first, wide enough for every shift and blur: it is what an index can answer.
    """
    around = func.ST_Expand(func.ST_MakeEnvelope(west, south, east, north, 4326), 0.02 + BLUR_DEGREES)
    shown = func.ruhu_from_wgs84(shown_point(), datum)
    return and_(
        Household.location.op("&&")(around),
        func.ST_X(shown, type_=Double()).between(west, east),
        func.ST_Y(shown, type_=Double()).between(south, north),
    )


def home_of_number(index: Any) -> Select[uuid.UUID, str]:
    """The household (id, region) of whoever has the identity number of this blind index, now or last, if it is visible."""
    home = func.coalesce(Person.household_id, Person.left_household_id)
    statement = select(Household.id, Household.region_code).join(Person, home == Household.id)
    return statement.where(Person.id_number_index == index, sees_household(Household.region_code, Household.id))


async def household_of_id_number(db: AsyncSession, actor: Actor, number: str) -> Row[uuid.UUID, str] | None:
    """The household (id, region) of whoever has exactly this identity number, if it is visible."""
    statement = home_of_number(ring_of(db).index(ID_NUMBER, number))
    return (await db.execute(statement, viewer_parameters(actor.viewer))).one_or_none()


async def exited_on(db: AsyncSession, household_id: uuid.UUID) -> date | None:
    """The day on which a household last left monitoring; None where it never did, or no exit is on record."""
    found: date | None = await db.scalar(select(Household.exited_on).where(Household.id == household_id))
    return found
