"""The engine and the naive oracle agree on random operations. ENGINE_EXAMPLES=5000 for a long run."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schema.engine import Engine

from . import models as m
from .asking import EVERYONE, NEIGHBOUR, VISITOR
from .generate import Operation
from .language import Viewer
from .oracle import BOOK_ORDERS, LOAN_ORDERS, Oracle
from .schema import schema

EXAMPLES = int(os.environ.get("ENGINE_EXAMPLES", "300"))
VIEWERS = [EVERYONE, VISITOR, NEIGHBOUR]
QUIET = list(HealthCheck)


@dataclass
class Comparison:
    """Draws operations, runs them both ways, and counts."""

    engine: Engine
    oracle: Oracle
    values: dict[str, list[Any]]
    run: int = 0
    last: tuple[Operation, Viewer] | Any = None

    def once(self, operation: Operation, viewer: Viewer, loop: asyncio.AbstractEventLoop) -> None:
        query = operation.text
        self.run, self.last = self.run + 1, (operation, viewer)
        asked = self.engine.execute(query, operation.variables, viewer=viewer)
        mine = json.loads(asyncio.run_coroutine_threadsafe(asked, loop).result().body)
        theirs = self.oracle.run(query, operation.variables, viewer)
        said = f"{query}\n{operation.variables} {viewer}\nengine: {mine.get('errors')}\noracle: {theirs.errors}"
        if found := difference(mine.get("data"), theirs.data):
            raise AssertionError(f"{found}\n{said}")
        # graphql-core stops at the first error under one non-null parent; every error that it reports, we report too.
        assert {str(e.path) for e in theirs.errors or []} <= {str(e.get("path")) for e in mine.get("errors", [])}, said


def difference(mine: Any, theirs: Any, path: str = "data") -> str | None:
    """Where two answers first differ, keys in their order; 1 and 1.0 are the same number to a client."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        if list(mine) != list(theirs):
            return f"{path}: keys {list(mine)} and {list(theirs)}"
        return next((d for k in mine if (d := difference(mine[k], theirs[k], f"{path}.{k}"))), None)
    if isinstance(mine, list) and isinstance(theirs, list):
        if len(mine) != len(theirs):
            return f"{path}: {len(mine)} items and {len(theirs)}"
        return next(
            (d for i, (a, b) in enumerate(zip(mine, theirs, strict=True)) if (d := difference(a, b, f"{path}[{i}]"))),
            None,
        )
    same = mine == theirs and isinstance(mine, bool) == isinstance(theirs, bool)
    return None if same else f"{path}: engine {mine!r}, oracle {theirs!r}"


@st.composite
def operations(draw: Any, values: dict[str, list[Any]]) -> Operation:
    return Operation(draw, schema._schema, values)


def example_values(oracle: Oracle) -> dict[str, list[Any]]:
    """What arguments may be: some that hit, some that miss, some that mean harm."""
    ids = [str(oracle.rows[k][i].id) for k in (m.Book, m.Loan, m.Reader, m.Library, m.Author) for i in (0, 1, 2)]
    values: dict[str, list[Any]] = {
        "id": [*ids, "nonsense"],
        "ids": [*ids, "nonsense"],
        "code": ["B0001", "5201", "5212", "'; drop table book; --"],
        "codes": ["B0001", "B0002", "\\"],
        "area": ["5201", "5203", "5211", "nowhere"],
        "within": ["52", "5201", "%", ""],
        "search": ["a", "家", "%", "_", "'"],
        "named": ["7", "no such name"],
        "first": [0, 1, 2, 5, 30],
        "start": [1, 3],
        "end": [2, 5],
        "on": ["2020-01-04", "2026-01-03"],
        "price": ["12.50", "0", "99999999999999999999.123"],
        "priceFrom": ["12.5", "500"],
        "title": ["%", "'", "O'Neil", "\\", "家", "_"],
        "notLentSince": ["2026-01-01T01:00:00+00:00", "2026-01-01T10:00:00+08:00"],
        "lentFrom": ["2026-01-01T02:00:00+00:00", "2026-01-01T12:00:00+08:00"],
    }
    for name, orders, step in (("books", BOOK_ORDERS, 23), ("loans", LOAN_ORDERS, 31)):
        for order in orders:
            field, connection = (
                getattr(oracle, f"Query_{name}"),
                "BookConnection" if name == "books" else "LoanConnection",
            )
            info = type("Info", (), {"context": EVERYONE})
            edges = field(None, info, first=10**6, orderBy=order)["edges"]
            values[f"after {connection} {order}"] = [e["cursor"] for e in edges[::step]]
    return values


@pytest.fixture(scope="session")
def comparison(engine: Engine, oracle: Oracle) -> Comparison:
    return Comparison(engine, oracle, example_values(oracle))


async def compare(comparison: Comparison, examples: int, shrinks: bool = True) -> None:
    """Hypothesis is synchronous and the pool is not: it runs in a thread, and the operations in this loop."""
    loop = asyncio.get_running_loop()
    phases = [Phase.generate, Phase.shrink] if shrinks else [Phase.generate]
    bounds = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=QUIET,
        derandomize=True,
        report_multiple_bugs=False,
    )

    @bounds
    @given(operations(comparison.values), st.sampled_from(VIEWERS))
    def agree(operation: Operation, viewer: Viewer) -> None:
        comparison.once(operation, viewer, loop)

    await asyncio.to_thread(agree)


async def test_engine_and_oracle_agree(comparison: Comparison) -> None:
    await compare(comparison, EXAMPLES, shrinks="ENGINE_NO_SHRINK" not in os.environ)
    assert comparison.run >= EXAMPLES
