"""Who sees a list and its rows, and which people rows may be about."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, any_, literal, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from domain.access.queries import ORGANISATION_ID, in_region, meets, viewer_parameters
from domain.access.rules import Actor
from domain.base.sealed_fields import unsealed
from domain.base.sealing import Ring
from domain.base.transactions import ring_of
from domain.households.models import Household, Person
from domain.lists.models import DepartmentList, DepartmentListRow
from domain.lists.rules import MATCHED, Candidate


def sees_list() -> ColumnElement[bool]:
    """The scope of a list: the department's own, and officers of its division and of what lies above."""
    return or_(
        DepartmentList.organisation_id == ORGANISATION_ID,
        and_(meets(DepartmentList.region_code), in_region(DepartmentList.region_code)),
    )


def sees_row() -> ColumnElement[bool]:
    """The scope of a row: the department's own, and where it matched, officers of the family's village and above."""
    row = DepartmentListRow
    has_matched = or_(*(row.outcome == outcome for outcome in MATCHED))
    return or_(
        row.organisation_id == ORGANISATION_ID, and_(meets(row.region_code), has_matched, in_region(row.region_code))
    )


async def may_deliver(db: AsyncSession, region_code: str) -> bool:
    """Whether a grant of the transaction's viewer, as a department, holds over this division today."""
    asked = text(
        "SELECT EXISTS (SELECT FROM ruhu_viewer_grants() WHERE role = 'DEPARTMENT' AND CAST(:code AS text) ^@ region_code)"
    )
    return bool(await db.scalar(asked, {"code": region_code}))


async def is_ours(db: AsyncSession, actor: Actor, list_id: uuid.UUID) -> bool:
    """Whether a list is one of the actor's own department."""
    mine = select(DepartmentList.id).where(
        DepartmentList.id == list_id, DepartmentList.organisation_id == ORGANISATION_ID
    )
    return await db.scalar(mine, viewer_parameters(actor.viewer)) is not None


async def candidates_of(
    db: AsyncSession, actor: Actor, rows: Sequence[DepartmentListRow]
) -> tuple[Mapping[uuid.UUID, list[Candidate]], Mapping[uuid.UUID, str]]:
    """By row, the living members of households of the actor's region whom it may be about; and the villages of their
    households. Two statements for any number of rows."""
    ring = ring_of(db)
    households: dict[uuid.UUID, str] = {}
    candidates: dict[uuid.UUID, list[Candidate]] = defaultdict(list)
    there = (
        select(Person.id, Person.household_id, Household.region_code, Person.name, Person.id_number_index)
        .add_columns(Person.phone_sealed, Person.disability_certificate_sealed, Person.id_number_sealed)
        .join(Household, Household.id == Person.household_id)
        .where(Person.died_on.is_(None), Household.ended_on.is_(None), in_region(Household.region_code))
    )
    viewer = viewer_parameters(actor.viewer)

    numbers = {row.id_number_index for row in rows if row.id_number_index is not None}
    by_number: dict[bytes | None, Any] = {}
    if numbers:
        wanted = Person.id_number_index == any_(literal(list(numbers), ARRAY(BYTEA())))
        by_number = {person.id_number_index: person for person in await db.execute(there.where(wanted), viewer)}
    left = []
    for row in rows:
        person = by_number.get(row.id_number_index)
        if person is None:
            left.append(row)
            continue
        households[person.household_id] = person.region_code
        candidates[row.id].append(Candidate(person.id, person.household_id, has_the_number=True))

    named = [row for row in left if row.name is not None and (row.village_code or row.phone_sealed)]
    if named:
        namesakes: dict[str | None, list[Any]] = defaultdict(list)
        there = there.where(Person.name == any_(literal([*{row.name for row in named}], ARRAY(Text()))))
        if all(row.phone_sealed is None for row in named):  # then nobody is looked for beyond the villages
            villages = [*{row.village_code for row in named}]
            there = there.where(Person.region_code == any_(literal(villages, ARRAY(Text(collation="C")))))
        for person in await db.execute(there, viewer):
            namesakes[person.name].append(person)
        for row in named:
            phone = unsealed(ring, "department_list_row", row)["phone"]
            for person in namesakes[row.name]:
                households[person.household_id] = person.region_code
                candidates[row.id].append(
                    Candidate(
                        person.id,
                        person.household_id,
                        has_another=person.id_number_index is not None,
                        has_the_phone=phone is not None and _digits(phone) == _phone_of(ring, person),
                        in_the_village=row.village_code == person.region_code,
                    )
                )
    return candidates, households


def _phone_of(ring: Ring, person: Any) -> str | None:
    phone = unsealed(ring, "person", person)["phone"]
    return None if phone is None else _digits(phone)


def _digits(phone: str) -> str:
    """What tells two telephones apart: their digits, without the country's 86."""
    digits = "".join(letter for letter in phone if letter.isdecimal())
    return digits.removeprefix("86") if len(digits) > 11 else digits
