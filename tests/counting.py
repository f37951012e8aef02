"""How many statements an answer takes: those of the read engine, as they reach a pool."""

from __future__ import annotations

from typing import Any

import pytest

from api.reading import Reads


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements of the read engine since the test began, or since it was cleared."""
    statements: list[str] = []
    original = Reads.fetchval

    async def fetchval(self: Reads, query: str, *values: Any) -> Any:
        if query.startswith("WITH viewer AS"):
            statements.append(query)
        return await original(self, query, *values)

    monkeypatch.setattr(Reads, "fetchval", fetchval)
    return statements
