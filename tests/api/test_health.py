"""Is it alive, is it ready, how is it doing."""

from __future__ import annotations

import httpx2
import pytest

from api.app import create_app
from api.settings import Settings
from tests.world import World


async def test_it_lives_and_is_ready(reading_world: World) -> None:
    assert (await reading_world.client.get("/livez")).text == "ok"
    ready = await reading_world.client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["ready"] is True


async def test_it_is_not_ready_when_migrations_are_missing(world: World) -> None:
    before = await world.sql.fetchval("SELECT version_num FROM alembic_version")
    await world.sql.execute("UPDATE alembic_version SET version_num = 'older'")
    ready = await world.client.get("/readyz")
    await world.sql.execute("UPDATE alembic_version SET version_num = $1", before)
    assert ready.status_code == 503
    assert "ruhu migrate" in ready.json()["because"]


async def test_it_lives_but_is_not_ready_when_the_database_is_gone(world: World) -> None:
    await world.sql.execute("REVOKE SELECT ON alembic_version FROM ruhu_app")
    ready = await world.client.get("/readyz")
    alive = await world.client.get("/livez")
    await world.sql.execute("GRANT SELECT ON alembic_version TO ruhu_app")
    assert (alive.status_code, ready.status_code) == (200, 503)


async def test_requests_are_counted(reading_world: World) -> None:
    await reading_world.ask("anonymous", "{ clientConfig { contractLevel } }")
    text = (await reading_world.client.get("/metrics")).text
    assert 'ruhu_http_requests_total{method="POST",route="/graphql",status="200"}' in text
    assert "ruhu_http_request_seconds_bucket" in text


async def test_there_are_no_personas_in_production(shared_database: str) -> None:
    app = create_app(Settings(database_url=shared_database, env="production"))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://ruhu.test") as client:
        assert (await client.get("/graphql/personas")).status_code == 404


async def test_an_app_without_a_database_says_so() -> None:
    app = create_app(Settings(database_url=None))
    with pytest.raises(RuntimeError, match="RUHU_DATABASE_URL"):
        await app.router.lifespan_context(app).__aenter__()
