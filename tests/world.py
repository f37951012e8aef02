"""The application as its clients meet it: over HTTP, as a persona."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx2

from api.app import create_app
from api.settings import Settings
from api.tokens import demo_token

PERSONAS = (
    "province_officer",
    "county_officer",
    "other_county_officer",
    "township_officer",
    "village_officer",
    "cadre",
    "other_cadre",
    "department",
    "partner",
    "other_partner",
    "integrator",
    "hotline_operator",
    "auditor",
    "administrator",
    "anonymous",
)


@dataclass
class World:
    """One running application and a superuser's connection beside it, to look at what really stands in the tables."""

    client: httpx2.AsyncClient
    sql: asyncpg.Connection
    settings: Settings
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def on(cls, url: str, **overrides: Any) -> AsyncIterator[World]:
        """The application over the database at `url`."""
        async with cls.of(
            Settings(database_url=url, **{"env": "demo", "pool_size": 6, "cost_per_minute": 10**12, **overrides}), url
        ) as world:
            yield world

    @classmethod
    @asynccontextmanager
    async def of(cls, settings: Settings, url: str) -> AsyncIterator[World]:
        """The application of these settings."""
        app = create_app(settings)
        sql = await asyncpg.connect(url)
        async with (
            app.router.lifespan_context(app) as state,
            httpx2.AsyncClient(transport=_with_state(app, state), base_url="http://ruhu.test") as client,
        ):
            yield cls(client, sql, settings)
        await sql.close()

    def headers(self, persona: str, language: str = "zh-CN") -> dict[str, str]:
        """What a persona's app sends with every request."""
        headers = {"Accept-Language": language}
        if persona != "anonymous":
            if persona not in self.tokens:
                self.tokens[persona] = demo_token(self.settings, persona)
            headers["Authorization"] = f"Bearer {self.tokens[persona]}"
        return headers

    async def post(
        self, persona: str, query: str, variables: Mapping[str, Any] | None = None, language: str = "zh-CN"
    ) -> dict[str, Any]:
        """The whole answer, errors and all, but for what it cost: what is left of a budget is another each time."""
        answer = await self.client.post(
            "/graphql", json={"query": query, "variables": variables or {}}, headers=self.headers(persona, language)
        )
        body: dict[str, Any] = answer.json()
        body.pop("extensions", None)
        return body

    async def ask(
        self, persona: str, query: str, variables: Mapping[str, Any] | None = None, language: str = "zh-CN"
    ) -> dict[str, Any]:
        """The data of an answer that must have no errors."""
        body = await self.post(persona, query, variables, language)
        assert "errors" not in body, body["errors"]
        data: dict[str, Any] = body["data"]
        return data


def _with_state(app: Any, state: Mapping[str, Any]) -> httpx2.ASGITransport:
    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    return httpx2.ASGITransport(app=with_state)
