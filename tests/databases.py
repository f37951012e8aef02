"""Databases for tests: made once as a template by the real migrations, then cloned for whoever commits."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from api.cli.cluster import running
from api.database import prepare
from domain.base.key_ring import read_ring
from domain.base.sealing import Ring

ROOT = Path(__file__).resolve().parent.parent
MASTER = bytes(range(32))  # the master key of every test's database
os.environ["RUHU_MASTER_KEY"] = MASTER.hex()
# Of several processes (`pytest -n`) each has a server of its own: an open transaction is felt in all databases of a server.
PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "")  # gw0, gw1 …
if PROCESS and (urls := os.environ.get("RUHU_TEST_ADMIN_URLS")):
    os.environ["RUHU_TEST_ADMIN_URL"] = urls.split()[int(PROCESS.removeprefix("gw"))]
# What a template is made of: when one of these changes, the next run makes a new one.
INGREDIENTS = (
    "api/database.py",
    "domain/*/models.py",
    "domain/*/data/**/*",
    "domain/base/*.py",
    "domain/demo/**/*.py",
    "domain/regions/*.py",
    "migrations/versions/*.py",
)


@contextmanager
def server() -> Iterator[str]:
    """The address of the test server's `postgres` database; `./ruhu test` has started it, plain pytest starts it here."""
    if url := os.environ.get("RUHU_TEST_ADMIN_URL"):
        yield url
        return
    data = Path(os.environ.get("RUHU_TEST_DATA", ROOT / ".data" / "test")) / PROCESS
    with running(data, throwaway=True) as cluster:
        os.environ["RUHU_TEST_ADMIN_URL"] = cluster.url("postgres")
        yield cluster.url("postgres")
        del os.environ["RUHU_TEST_ADMIN_URL"]


def named(name: str) -> str:
    """The address of another database on the test server."""
    return urlunsplit(urlsplit(os.environ["RUHU_TEST_ADMIN_URL"])._replace(path=f"/{name}"))


async def fresh_database(name: str, template: str = "template0") -> str:
    """A new database (an older one of that name is dropped): its address, as superuser.

    A clone is a copy of files (FILE_COPY): half a second for 250 MB, as on a throwaway server nothing is synced.
    """
    connection = await asyncpg.connect(os.environ["RUHU_TEST_ADMIN_URL"])
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    finally:
        await connection.close()
    return named(name)


async def ring(connection: asyncpg.Connection) -> Ring:
    """The keys of a test's database."""
    return await read_ring(connection, MASTER, datetime.now(UTC))


async def drop_database(name: str) -> None:
    """Away with a clone."""
    connection = await asyncpg.connect(os.environ["RUHU_TEST_ADMIN_URL"])
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()


async def template() -> str:
    """The name of the migrated database with all divisions and the demo; made when there is none of today's code."""
    digest = hashlib.sha256()
    for pattern in INGREDIENTS:
        for file in sorted(path for path in ROOT.glob(pattern) if path.is_file()):
            digest.update(file.read_bytes())
    name = f"ruhu_template_{digest.hexdigest()[:12]}"
    connection = await asyncpg.connect(os.environ["RUHU_TEST_ADMIN_URL"])
    try:
        existing = [row[0] for row in await connection.fetch("SELECT datname FROM pg_database")]
    finally:
        await connection.close()
    if name in existing:
        return name
    for old in existing:
        if old.startswith("ruhu_"):
            await drop_database(old)
    building = f"{name}_building"
    await prepare(await fresh_database(building), MASTER, demo=True, say=lambda _: None)
    connection = await asyncpg.connect(os.environ["RUHU_TEST_ADMIN_URL"])
    try:
        await connection.execute(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
    finally:
        await connection.close()
    return name
