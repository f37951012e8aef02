"""The differential test is only worth what it finds: each of these bugs, put in on purpose, must come out within CI's
number of examples, and for its own reason.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import true

from schema.engine import Engine, cursors, leaves, lists, orders, paging
from schema.engine.sql import Row, replaced

from .asking import CATALOGUE
from .oracle import Oracle
from .test_differential import EXAMPLES, Comparison, compare, example_values

Plant = Callable[[pytest.MonkeyPatch], None]


def missing_scope(patch: pytest.MonkeyPatch) -> None:
    keep = lists.scope

    def forgets(builder: Any, target: Row) -> Any:
        return true() if target.planned.name == "Book" else keep(builder, target)

    patch.setattr(lists, "scope", forgets)
    patch.setattr(paging, "scope", forgets)


def null_order(patch: pytest.MonkeyPatch) -> None:
    keep = cursors.beyond

    def forgets(name: str, keys: Any, *rest: Any) -> Any:
        return keep(name, [dataclasses.replace(k, is_nullable=False) for k in keys], *rest)

    patch.setattr(cursors, "_fits", lambda key, value: True)
    patch.setattr(paging, "beyond", forgets)


def nested_total_count(patch: pytest.MonkeyPatch) -> None:
    keep = paging._Pager.total

    def forgets(self: Any) -> Any:
        whole, self.source = self.source, dataclasses.replace(self.source, of=None)
        try:
            return keep(self)
        finally:
            self.source = whole

    patch.setattr(paging._Pager, "total", forgets)


def tie_break(patch: pytest.MonkeyPatch) -> None:
    keep = orders.sort_keys

    def forgets(order: Any, key: Any) -> Any:
        return [dataclasses.replace(k, is_descending=False) if k.column.key == "id" else k for k in keep(order, key)]

    patch.setattr(lists, "sort_keys", forgets)


def mask(patch: pytest.MonkeyPatch) -> None:
    keep = leaves.shown

    def forgets(builder: Any, row: Row, one: Any, field: Any, source: Any) -> Any:
        if (field.parent, field.name) in (("Book", "price"), ("Author", "phone"), ("Reader", "name")):
            source = leaves.Shown(row.table.c[field.name])  # type: ignore[union-attr]
        return keep(builder, row, one, field, source)

    patch.setitem(lists.Builder.renderers, leaves.Shown, forgets)


def wrong_correlation(patch: pytest.MonkeyPatch) -> None:
    """The parent's own table in place of the parent's row: it joins the inner FROM, and every parent gets all children."""
    keep = lists.joined_to

    def forgets(row: Row, relationship: Any, target: Row) -> Any:
        if relationship.property.secondary is not None or not relationship.property.uselist:
            return keep(row, relationship, target)
        return replaced(relationship.property.primaryjoin, lambda c: target.column(c) if target.owns(c) else None)

    patch.setattr(lists, "joined_to", forgets)
    patch.setattr(paging, "joined_to", forgets)


PLANTS: list[Plant] = [missing_scope, null_order, nested_total_count, tie_break, mask, wrong_correlation]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
async def test_a_planted_bug_is_found(plant: Plant, pool: Any, oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    comparison = Comparison(new_engine(pool), oracle, example_values(oracle))
    with pytest.raises(AssertionError):
        await compare(comparison, EXAMPLES, shrinks=False)
    operation, viewer = comparison.last
    monkeypatch.undo()
    # For its own reason: with the bug away, the engine agrees on the very operation that brought it out.
    mended = Comparison(new_engine(pool), oracle, comparison.values)
    await asyncio.to_thread(mended.once, operation, viewer, asyncio.get_running_loop())


def new_engine(pool: Any) -> Engine:
    return Engine(CATALOGUE, pool, most_cost=10**9)
