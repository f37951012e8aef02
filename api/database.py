"""From an empty server to a database that can serve: roles, extensions, migrations, divisions, demo."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from domain.access.rules import CHINA
from domain.base.key_ring import make_keys, read_ring
from domain.base.terms import load_terms
from domain.calendar.loading import calendar_is_loaded, load_calendar
from domain.demo.actions import demo_is_loaded, load_demo
from domain.grades.loading import load_schemes
from domain.policy.loading import NATIONAL, load_presets
from domain.regions.actions import divisions_are_loaded, load_divisions
from domain.visits.loading import load_forms

ROOT = Path(__file__).resolve().parent.parent
EXTENSIONS = ("postgis", "pg_trgm", "btree_gist")

# owner: owns the tables, runs migrations. app: serves requests, under row-level security. machine: trigger functions and
# the worker, past row-level security because they answer for everybody. None is a superuser.
ROLES = {"ruhu_owner": "", "ruhu_app": "", "ruhu_machine": "BYPASSRLS"}

Say = Callable[[str], None]


class DatabaseUnready(Exception):
    """The database cannot be made ready; the message is one line that says what to do."""


async def prepare(admin_url: str, master: bytes, *, demo: bool, say: Say) -> None:
    """Make the database at `admin_url` ready to serve. Safe to repeat, and safe to run twice at once.

    `master` is the master key: it wraps the keys that are made here, and seals what a migration finds in the clear. The
    database's user must be allowed to create roles, extensions and, if the database is missing, the database.
    """
    await _ensure_database(admin_url)
    async with connected(admin_url) as connection:
        # Two starts at once: the second waits here and then finds everything done.
        await connection.execute("SELECT pg_advisory_lock(hashtext('ruhu prepare'))")
        await _build(connection, admin_url, master)
        await _load(connection, master, demo=demo, say=say)


async def build(admin_url: str) -> None:
    """Everything but data: the database, roles, extensions, migrations."""
    await _ensure_database(admin_url)
    async with connected(admin_url) as connection:
        await connection.execute("SELECT pg_advisory_lock(hashtext('ruhu prepare'))")
        await _build(connection, admin_url)


async def _build(connection: asyncpg.Connection, admin_url: str, master: bytes | None = None) -> None:
    await _ensure_roles(connection)
    for extension in EXTENSIONS:
        await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    await upgrade(admin_url, master=master)


@asynccontextmanager
async def connected(url: str, role: str | None = None) -> AsyncIterator[asyncpg.Connection]:
    """One connection, as the given role."""
    settings = {"role": role} if role else None
    connection = await asyncpg.connect(url, server_settings=settings)
    try:
        yield connection
    finally:
        await connection.close()


async def _ensure_database(url: str) -> None:
    try:
        async with connected(url):
            return
    except asyncpg.InvalidCatalogNameError:
        parts = urlsplit(url)
        name = parts.path.lstrip("/")
        async with connected(urlunsplit(parts._replace(path="/postgres"))) as connection:
            try:
                await connection.execute(f'CREATE DATABASE "{name}" ENCODING UTF8 TEMPLATE template0')
            except asyncpg.DuplicateDatabaseError:
                return
    except OSError as error:
        raise DatabaseUnready(
            f"No PostgreSQL answers at RUHU_DATABASE_URL ({error}). Start it, or mend the URL."
        ) from None


async def _ensure_roles(connection: asyncpg.Connection) -> None:
    for role, attributes in ROLES.items():
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            try:
                await connection.execute(f"CREATE ROLE {role} NOLOGIN {attributes}")
            except asyncpg.InsufficientPrivilegeError:
                raise DatabaseUnready(
                    f"The role {role} is missing and this user may not create it. "
                    f"An administrator runs: CREATE ROLE {role} NOLOGIN {attributes};"
                ) from None
    if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        await connection.execute("GRANT ruhu_owner, ruhu_app, ruhu_machine TO current_user")
    # The owner hands trigger functions over to the machine role, and may only do so as its member.
    await connection.execute("GRANT ruhu_machine TO ruhu_owner")
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    await connection.execute(f"GRANT CREATE ON DATABASE {database} TO ruhu_owner")
    await connection.execute("GRANT CREATE, USAGE ON SCHEMA public TO ruhu_owner, ruhu_machine")
    await connection.execute("GRANT USAGE ON SCHEMA public TO ruhu_app")


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic as pyproject.toml describes it, over a connection of ours."""
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.attributes["connection"] = connection
    return config


async def upgrade(admin_url: str, revision: str = "head", master: bytes | None = None) -> None:
    """Run the migrations that are missing. One that has to seal what stands in the clear needs the master key."""

    def run(config: Config) -> None:
        config.attributes["master"] = master
        command.upgrade(config, revision)

    await run_alembic(admin_url, run)


async def run_alembic(admin_url: str, run: Callable[[Config], object]) -> None:
    """Run an Alembic command on the database."""
    engine = create_async_engine(sqlalchemy_url(admin_url))
    try:
        async with engine.connect() as connection:
            await connection.run_sync(lambda sync: run(alembic_config(sync)))
    finally:
        await engine.dispose()


def sqlalchemy_url(url: str) -> str:
    """The same address for SQLAlchemy on asyncpg."""
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


async def _load(connection: asyncpg.Connection, master: bytes, *, demo: bool, say: Say) -> None:
    now = datetime.now(UTC)
    await make_keys(connection, master, now)
    ring = await read_ring(connection, master, now)
    if not await divisions_are_loaded(connection):
        say("Loading the divisions of 2023")
        await load_divisions(connection, say=say)
    await load_terms(connection)
    await load_schemes(connection)
    await load_forms(connection)
    if not await calendar_is_loaded(connection):
        await load_calendar(connection)
    await load_presets(connection, datetime.now(CHINA), only=NATIONAL)
    if demo and not await demo_is_loaded(connection):
        say("Loading the demo")
        await load_demo(connection, ring, say=say, today=datetime.now(CHINA).date())
