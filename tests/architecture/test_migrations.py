"""Migrations: one line of them, there and back, and tables as the models describe them."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from api.database import alembic_config, build, connected, run_alembic, upgrade
from tests import databases
from tests.architecture.sources import calls, mends, trees

VERSIONS = "migrations/versions"

# Everything that a migration of ours can make, as sorted lines; nothing that an extension brought. Columns are named
# and not numbered: an added column stands last, a new table's stands where the model has it.
SCHEMA = """
WITH ours AS (
  SELECT oid, relname, relkind, relacl, relowner, relrowsecurity, relforcerowsecurity, relpersistence, reloptions
  FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e'))
SELECT line FROM (
  SELECT format('%s %s %s %s %s %s %s %s', relkind, relname, relowner::regrole, relacl, relrowsecurity,
                relforcerowsecurity, relpersistence, reloptions) FROM ours WHERE relkind NOT IN ('i', 'c')
  UNION ALL
  SELECT format('column %s.%s %s %s %s %s %s', relname, attname, format_type(atttypid, atttypmod),
                attcollation::regcollation, attnotnull, attidentity, pg_get_expr(adbin, adrelid))
  FROM ours JOIN pg_attribute ON attrelid = oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE relkind IN ('r', 'p', 'v') AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT format('constraint %s %s %s', relname, conname, pg_get_constraintdef(c.oid))
  FROM pg_constraint c JOIN ours ON ours.oid = conrelid
  UNION ALL
  SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN ours ON oid = indrelid
  UNION ALL
  SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN ours ON ours.oid = tgrelid WHERE NOT tgisinternal
  UNION ALL
  SELECT format('policy %s %s %s %s %s %s', relname, polname, polcmd, polroles::regrole[],
                pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
  FROM pg_policy JOIN ours ON ours.oid = polrelid
  UNION ALL
  SELECT format('%s %s %s', proowner::regrole, proacl, pg_get_functiondef(p.oid)) FROM pg_proc p
  WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
  UNION ALL
  SELECT format('type %s', typname) FROM pg_type t
  WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = t.oid AND deptype = 'e')
) AS all_lines(line) ORDER BY line
"""

# Whatever is set for the session or the server outlives the migration's transaction, and a failed one as well.
OUTLIVES = re.compile(
    r"\s*(BEGIN|COMMIT|ROLLBACK|RESET|DISCARD|VACUUM|ALTER\s+(SYSTEM|ROLE|USER|DATABASE)|SET\s+(?!LOCAL\b|CONSTRAINTS\b))",
    re.IGNORECASE,
)


def revisions() -> list[str]:
    """From the first to the last."""
    script = ScriptDirectory.from_config(alembic_config())
    return [revision.revision for revision in script.walk_revisions()][::-1]


def outliving(tree: ast.Module) -> list[str]:
    """What a migration says or does that does not end with its transaction."""
    found = [f"line {call.lineno}: {name}()" for name, call in calls(tree) if name in ("commit", "autocommit_block")]
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if OUTLIVES.match(text):
                found.append(f"line {node.lineno}: {text.strip()[:40]}")
    return found


@pytest.fixture
async def empty_database(server: str) -> AsyncIterator[str]:
    """A new database with roles and extensions, migrated to the head."""
    url = await databases.fresh_database("ruhu_migrations")
    await build(url)
    yield url
    await databases.drop_database("ruhu_migrations")


async def schema_of(url: str) -> list[str]:
    async with connected(url) as connection:
        return [row["line"] for row in await connection.fetch(SCHEMA)]


async def downgrade(url: str, revision: str) -> None:
    await run_alembic(url, lambda config: command.downgrade(config, revision))


def test_there_is_one_head() -> None:
    heads = ScriptDirectory.from_config(alembic_config()).get_heads()
    assert len(heads) == 1, f"{', '.join(heads)}: let one of them follow the other (down_revision)"


async def test_up_down_and_up_again_leaves_the_same_schema(empty_database: str) -> None:
    """Down to nothing first; then up stair by stair, each tried down and up again before the next."""
    made = await schema_of(empty_database)
    await downgrade(empty_database, "base")
    left = await schema_of(empty_database)
    assert not left, mends([f"A downgrade leaves: {line}" for line in left])
    for revision in revisions():
        await upgrade(empty_database, revision)
        before = await schema_of(empty_database)
        await downgrade(empty_database, "-1")
        await upgrade(empty_database, revision)
        changed = set(before) ^ set(await schema_of(empty_database))
        assert not changed, mends([f"{revision} comes back otherwise: {line}" for line in sorted(changed)])
    assert await schema_of(empty_database) == made


async def test_the_migrations_make_the_tables_that_the_models_describe(empty_database: str) -> None:
    output = io.StringIO()

    def check(config: Config) -> None:
        config.stdout = output
        command.check(config)

    try:
        await run_alembic(empty_database, check)
    except CommandError as error:
        pytest.fail(f"{output.getvalue()}{error} Write the migration: see CONTRIBUTING.")


async def test_a_table_that_no_model_describes_is_found(empty_database: str) -> None:
    async with connected(empty_database) as connection:
        await connection.execute("CREATE TABLE planted (id int)")
    with pytest.raises(CommandError, match="planted"):
        await run_alembic(empty_database, command.check)


async def test_a_change_of_the_schema_is_seen(database: asyncpg.Connection) -> None:
    async def lines() -> set[str]:
        return {row["line"] for row in await database.fetch(SCHEMA)}

    for statement in (
        "ALTER TABLE visit ALTER COLUMN purpose DROP NOT NULL",
        "ALTER FUNCTION ruhu_id(text) OWNER TO ruhu_machine",
        "DROP POLICY seen ON visit",
        "REVOKE SELECT ON region FROM ruhu_app",
        "DROP TRIGGER supersede ON visit",
        "DROP INDEX ix_pairing_helper_id",
        "ALTER TABLE change_pending SET LOGGED",
    ):
        before = await lines()
        await database.execute(statement)
        assert await lines() != before, statement


@pytest.mark.parametrize("file", sorted(trees(VERSIONS)))
def test_a_migration_is_dated_and_ends_with_its_transaction(file: str) -> None:
    tree = trees(VERSIONS)[file]
    name = file.removeprefix(f"{VERSIONS}/")
    assert re.fullmatch(r"20[0-9]{2}_[01][0-9]_[0-3][0-9]_[a-z0-9_]+\.py", name), f"{name}: begin with the date"
    found = outliving(tree)
    assert not found, mends([f"{file} {line} outlives the transaction" for line in found])
    (revision,) = (
        str(node.value.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "revision"
        and isinstance(node.value, ast.Constant)
    )
    assert name.removesuffix(".py").endswith(revision), f"{name} holds {revision}: let the file end with its revision"


@pytest.mark.parametrize(
    ("planted", "is_found"),
    [
        ('op.execute("SET lock_timeout = 0")', True),
        ('op.execute("SET SESSION AUTHORIZATION postgres")', True),
        ('op.execute("  reset ROLE")', True),
        ('op.execute("COMMIT")', True),
        ("connection.commit()", True),
        ("with op.get_context().autocommit_block():\n    pass", True),
        ('op.execute("SET LOCAL lock_timeout = 0")', False),
        ('op.execute("CREATE FUNCTION f() … SET search_path = public")', False),
        ('op.execute("UPDATE t SET a = 1")', False),
    ],
)
def test_what_outlives_a_transaction_is_found(planted: str, is_found: bool) -> None:
    assert bool(outliving(ast.parse(planted))) is is_found
