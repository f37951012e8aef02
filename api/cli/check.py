"""`./ruhu check` and `./ruhu fix`: what a change must pass before the tests. All of it runs, whatever fails first."""

import asyncio
import io
import subprocess
import sys
import traceback
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

from api.cli.cluster import Cluster, running
from api.cli.sdl import SNAPSHOT, current
from api.cli.target import ROOT
from api.cli.testing import TEST_DATA

Check = Callable[[], str]  # answers what is wrong, or nothing


def check() -> int:
    """Prints a line per check, with its output if it failed; answers 1 if any did."""
    checks: dict[str, Check] = {
        "format": lambda: _tool("ruff", "format", "--check", "--output-format=concise", "."),
        "lint": lambda: _tool("ruff", "check", "--output-format=concise", "."),
        "types": lambda: _tool("mypy"),
        "import contracts": lambda: _tool("lint-imports", "--no-cache", "--no-logo"),
        "SDL snapshot": _snapshot_differs,
        "migrations": _migrations_differ,
    }
    failed = 0
    for name, run in checks.items():
        try:
            wrong = run().strip()
        except Exception as error:  # a schema that cannot be imported, say: the other checks are still worth knowing
            wrong = "".join(traceback.format_exception(error, limit=-2))
        print(f"{'✗' if wrong else '✓'} {name}", flush=True)
        if wrong:
            failed += 1
            print("\n".join(f"    {line}" for line in wrong.splitlines()), flush=True)
    print("All is well." if not failed else f"{failed} of {len(checks)} failed. `./ruhu fix` mends format and lint.")
    return 1 if failed else 0


def fix() -> int:
    """Formats, and mends the simple lints; prints what is left to mend by hand and answers 1 if anything is."""
    left = _tool("ruff", "check", "--fix", ".")
    left += _tool("ruff", "format", ".")
    print(left.strip() or "All is well.")
    return 1 if left else 0


def _tool(name: str, *arguments: str) -> str:
    """What a tool of the environment prints if it fails."""
    program = Path(sys.executable).with_name(name)
    done = subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, text=True)  # noqa: S603
    return (done.stdout + done.stderr) or f"exit code {done.returncode}" if done.returncode else ""


def _snapshot_differs() -> str:
    kept = SNAPSHOT.read_text(encoding="utf-8") if SNAPSHOT.exists() else ""
    differences = unified_diff(kept.splitlines(), current().splitlines(), "snapshot", "schema", n=1, lineterm="")
    text = "\n".join(differences)
    return f"{text}\nIf the change is meant, run `./ruhu sdl` and commit the snapshot." if text else ""


def _migrations_differ() -> str:
    """One head, and the tables that the migrations make are those that the models describe."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError as AlembicError

    from api.database import alembic_config, build, connected, run_alembic

    heads = ScriptDirectory.from_config(alembic_config()).get_heads()
    if len(heads) != 1:
        return f"Heads: {', '.join(heads)}. Let one of them follow the other (down_revision)."
    output = io.StringIO()

    def check_quietly(config: Config) -> None:
        config.stdout = output
        command.check(config)

    async def compare(cluster: Cluster) -> None:
        # Afresh each time: a migration that was edited since must not find its earlier self in place.
        async with connected(cluster.url("postgres")) as connection:
            await connection.execute("DROP DATABASE IF EXISTS checked WITH (FORCE)")
        url = cluster.url("checked")
        await build(url)
        await run_alembic(url, check_quietly)

    with running(TEST_DATA, throwaway=True) as cluster:
        try:
            asyncio.run(compare(cluster))
        except AlembicError as error:
            return f"{output.getvalue()}{error}\nWrite the migration: see CONTRIBUTING."
    return ""
