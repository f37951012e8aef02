"""Dataloaders over the ORM: each gathers the keys of one level and asks the database once, in a session of its own.

The scope is part of every query, and row-level security stands behind it, as in ours.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import aliased
from strawberry.dataloader import DataLoader

from domain.access.queries import SET_VIEWER, sees_household, viewer_parameters, viewer_settings
from domain.access.rules import Viewer
from domain.helpers.models import Helper
from domain.households.models import Household, Person
from domain.households.queries import sees_person
from domain.pairings.models import Pairing
from domain.pairings.queries import sees_pairing
from domain.regions.models import Region, Village
from domain.visits.models import Visit
from domain.visits.queries import sees_visit

Load = Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]


class Loaders:
    """What resolvers find in their context: the viewer, and a loader per kind of row and key."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], viewer: Viewer) -> None:
        self.sessions, self.viewer = sessions, viewer
        in_scope = sees_household(Household.region_code, Household.id)
        self.household = DataLoader(load_fn=self._by_key(Household.id, in_scope))
        self.helper = DataLoader(load_fn=self._by_key(Helper.id))
        self.region = DataLoader(load_fn=self._by_key(Region.code))
        self.village = DataLoader(load_fn=self._by_key(Village.id))
        self.village_of = DataLoader(load_fn=self._by_key(Village.region_code))
        heads_first = (Person.is_head.desc(), Person.born_on, Person.id)
        self.members = DataLoader(load_fn=self._grouped(Person.household_id, sees_person(), *heads_first))
        latest_first = (Pairing.started_on.desc(), Pairing.id.desc())
        self.pairings = DataLoader(load_fn=self._grouped(Pairing.household_id, sees_pairing(), *latest_first))
        self.visits = DataLoader(load_fn=self._latest_visits)

    async def rows(self, statement: Select[Any]) -> Sequence[Any]:
        """One query in a transaction of its own, under the viewer's settings."""
        async with self.sessions() as db, db.begin():
            await db.execute(SET_VIEWER, viewer_settings(self.viewer))
            return (await db.execute(statement, viewer_parameters(self.viewer))).scalars().all()

    def _by_key(self, column: Any, scope: ColumnElement[bool] | None = None) -> Load:
        async def load(keys: Sequence[Any]) -> Sequence[Any]:
            statement = select(column.class_).where(column.in_(keys))
            if scope is not None:
                statement = statement.where(scope)
            found = {getattr(row, column.key): row for row in await self.rows(statement)}
            return [found.get(key) for key in keys]

        return load

    def _grouped(self, column: Any, scope: ColumnElement[bool], *order: Any) -> Load:
        async def load(keys: Sequence[uuid.UUID]) -> Sequence[Any]:
            statement = select(column.class_).where(column.in_(keys), scope).order_by(*order)
            return _by(column.key, keys, await self.rows(statement))

        return load

    async def _latest_visits(self, keys: Sequence[tuple[uuid.UUID, int]]) -> Sequence[Any]:
        first = max(count for _, count in keys)
        households = [household for household, _ in keys]
        order = (Visit.occurred_at.desc(), Visit.id.desc())
        number = func.row_number().over(partition_by=Visit.household_id, order_by=order).label("number")
        numbered = select(Visit, number).where(Visit.household_id.in_(households), sees_visit()).subquery()
        latest = aliased(Visit, numbered)
        statement = select(latest).where(numbered.c.number <= first).order_by(numbered.c.number)
        grouped = _by("household_id", households, await self.rows(statement))
        return [visits[:count] for visits, (_, count) in zip(grouped, keys, strict=True)]


def _by(key: str, keys: Sequence[Any], rows: Sequence[Any]) -> list[list[Any]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, key)].append(row)
    return [groups[one] for one in keys]
