"""People who are new to the records: read, judged, and written down as members of a household."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.base.sealed_fields import sealed
from domain.base.transactions import ring_of
from domain.households.models import Person
from domain.households.queries import taken_id_numbers
from domain.households.rules import GivenPerson, Path, Reading, read_person, repeated


async def read_newcomers(
    db: AsyncSession, reading: Reading, given: Sequence[GivenPerson], paths: Sequence[Path]
) -> list[dict[str, Any]]:
    """The values of each one's columns; nobody twice, and nobody who is on record already."""
    people = [read_person(reading, person, path) for person, path in zip(given, paths, strict=True)]
    numbers = [person["id_number"] for person in people]
    number_paths = [(*path, "idNumber") for path in paths]
    taken = await taken_id_numbers(db, numbers)
    reading.problems += repeated([person["id"] for person in people], [(*path, "id") for path in paths], "ID_REPEATED")
    reading.problems += repeated(numbers, number_paths, "ID_NUMBER_TAKEN")
    for number, path in zip(numbers, number_paths, strict=True):
        if number in taken:
            reading.wrong("ID_NUMBER_TAKEN", path)
    return people


async def write_newcomers(
    db: AsyncSession,
    household_id: uuid.UUID,
    region_code: str,
    people: Sequence[Mapping[str, Any]],
    relations: Mapping[uuid.UUID, str],
    joined_on: Mapping[uuid.UUID, date],
) -> None:
    """Their rows, as members from their day on. Spells are the caller's, who knows why they came.

    None is the head yet: `write_relations` says so afterwards, when the old head no longer is (one at every moment).
    """
    ring = ring_of(db)
    rows = [
        {
            **sealed(ring, "person", person["id"], person),
            "household_id": household_id,
            "region_code": region_code,
            "relation_to_head": relations[person["id"]],
            "is_head": False,
            "joined_on": joined_on[person["id"]],
        }
        for person in people
    ]
    if rows:
        await db.execute(insert(Person), rows)
