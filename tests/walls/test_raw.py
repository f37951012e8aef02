"""Wall 2 alone: every table as the app role, for every viewer, against what the matrix says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from domain.access.matrix import ANONYMOUS, matrix
from tests.walls.conftest import VIEWERS, Stage, settings_of
from tests.walls.expected import ARMS

# Hundreds of thousands of rows that everybody may read: counted, not compared one by one.
WIDE = {"region", "village"}
TABLES = sorted(name for name in matrix().scopes if name.islower())


@pytest.fixture(scope="module")
async def app_role(stage: Stage) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(stage.url, server_settings={"role": "ruhu_app"})
    yield connection
    await connection.close()


async def seen(connection: asyncpg.Connection, stage: Stage, who: str, table: str) -> frozenset[str] | None:
    """The keys that PostgreSQL shows; None where the role may not even ask."""
    async with connection.transaction():
        for name, value in settings_of(stage.viewers[who]):
            await connection.execute("SELECT set_config($1, $2, true)", name, value)
        try:
            rows = await connection.fetch(
                f"SELECT ({ARMS[table][0] if table in ARMS else '1'})::text AS key FROM {table} t"
            )
        except asyncpg.InsufficientPrivilegeError:
            return None
    return frozenset(row["key"] for row in rows)


def is_for_nobody(table: str) -> bool:
    return not any(matrix().scopes[table].values())


@pytest.mark.parametrize("who", VIEWERS)
async def test_every_table_shows_what_the_matrix_says_and_nothing_else(
    stage: Stage, app_role: asyncpg.Connection, who: str
) -> None:
    wrong = []
    for table in TABLES:
        if table in WIDE or is_for_nobody(table):
            continue
        found = await seen(app_role, stage, who, table)
        wanted = (await stage.expected(who, table)).seen
        if found != wanted:
            assert found is not None, table
            wrong.append(f"{table}: {len(found - wanted)} too many, {len(wanted - found)} too few")
    assert not wrong, f"{who}: " + "; ".join(wrong)


@pytest.mark.parametrize("table", [table for table in TABLES if is_for_nobody(table)])
async def test_what_is_for_nobody_cannot_even_be_asked(stage: Stage, app_role: asyncpg.Connection, table: str) -> None:
    for who in ("administrator", "auditor", "county_officer", "anonymous"):
        assert await seen(app_role, stage, who, table) is None, who


async def test_what_is_public_is_public(stage: Stage, app_role: asyncpg.Connection) -> None:
    for table in WIDE:
        everything = await stage.world.sql.fetchval(f"SELECT count(*) FROM {table}")
        assert await app_role.fetchval(f"SELECT count(*) FROM {table}") == everything


async def test_the_proof_has_rows_to_show_and_rows_to_hide(stage: Stage) -> None:
    """A table that is empty, or of which everybody sees all, would prove nothing."""
    for table in TABLES:
        if table in ARMS and not matrix().scopes[table][ANONYMOUS] and table not in ("operation", "trace_key"):
            sizes = {len((await stage.expected(who, table)).seen) for who in VIEWERS}
            assert len(sizes) > 1, table


@pytest.mark.parametrize("who", ["cadre_no_longer", "partner_no_longer"])
async def test_a_list_ends_with_the_grant_that_opened_it(stage: Stage, who: str) -> None:
    account = stage.somebody[who]
    listed = await stage.world.sql.fetchval(
        "SELECT count(*) FROM household_access WHERE party_id IN ($1, $2)", account.helper_id, account.organisation_id
    )
    assert listed > 0, "the pairings are still there"
    assert (await stage.expected(who, "household")).seen == frozenset()
    assert stage.viewers[who].parties == ()
