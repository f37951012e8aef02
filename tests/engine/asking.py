"""An engine with everything it does on record: statements, surprises."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from schema.engine import Answer, Catalogue, Engine
from schema.engine.checks import check

from .language import SCALARS, Viewer
from .schema import schema

EVERYONE = Viewer("librarian", "52", "53")
NEIGHBOUR = Viewer("librarian", "5201", "5204")
VISITOR = Viewer("visitor", "52", "53")

CATALOGUE = check(Catalogue(schema, SCALARS))


@dataclass
class Asked:
    """One answer, taken apart."""

    answer: Answer

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.answer.body)  # type: ignore[no-any-return]

    @property
    def data(self) -> Any:
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        return self.body["errors"]  # type: ignore[no-any-return]

    @property
    def code(self) -> str:
        (error,) = self.errors
        return error["extensions"]["code"]  # type: ignore[no-any-return]


class Asking:
    """Ask it: `(await ask("{ … }")).data`."""

    def __init__(self, pool: Any, **options: Any) -> None:
        self.pool, self.statements, self.surprises = (
            pool,
            list[tuple[str, tuple[Any, ...]]](),
            list[tuple[BaseException, str]](),
        )
        self.engine = Engine(CATALOGUE, self, on_surprise=self.note, **{"most_cost": 10**7, **options})

    def note(self, error: BaseException, plan_name: str) -> None:
        self.surprises.append((error, plan_name))

    async def fetchval(self, query: str, *values: Any) -> Any:
        self.statements.append((query, values))
        return await self.pool.fetchval(query, *values)

    async def __call__(
        self, query: str, variables: dict[str, Any] | None = None, viewer: Viewer = EVERYONE, **context: Any
    ) -> Asked:
        seen = SimpleNamespace(role=viewer.role, pool=self.pool, **context)
        return Asked(await self.engine.execute(query, variables, viewer=viewer, context=seen))
