"""`./ruhu doctor`: looks at everything the program stands on; each line says what is there, or what to do."""

import asyncio
import platform
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg
from alembic.script import ScriptDirectory

from api.cli import CommandError
from api.cli.cluster import is_made
from api.cli.postgres import programs_for
from api.cli.target import ROOT, settings, target
from api.database import alembic_config, connected
from api.master_key import MasterKeyMissing, master_key, own_key
from api.settings import Settings
from domain.base.key_ring import read_ring
from domain.base.sealing import CannotOpen

LEAST_DISK_GIGABYTES = 2
MOST_DRIFT_SECONDS = 5

Finding = tuple[bool, str]  # whether it is well, and what is there or what to do


def doctor() -> int:
    """Prints the findings; answers 1 if anything is amiss."""
    chosen = settings()
    amiss = 0
    for is_well, text in _findings(chosen):
        amiss += not is_well
        print(f"{'✓' if is_well else '✗'} {text}", flush=True)
    return 1 if amiss else 0


def _findings(settings: Settings) -> Iterator[Finding]:
    yield sys.version_info >= (3, 11), f"Python {platform.python_version()} (3.11 or newer is needed)"
    yield _packages()
    yield _disk(settings)
    yield _port(settings)
    yield _clock()
    yield _master_key(settings)
    with ExitStack() as stack:
        try:
            if not settings.database_url:
                programs = programs_for(settings.data_dir / "postgres" / "pg")
                yield True, f"PostgreSQL's programs with PostGIS are in {programs.folder}"
                if not is_made(settings.data_dir / "postgres"):
                    yield False, "there is no database yet: `./ruhu serve` makes it"
                    return
            url = stack.enter_context(target(settings))
            findings = asyncio.run(_database(url, _key(settings)))
        except CommandError as error:
            findings = [(False, str(error))]
        except (OSError, asyncpg.PostgresError) as error:
            findings = [(False, f"the database cannot be reached ({error}): start it, or mend RUHU_DATABASE_URL")]
        yield from findings


def _packages() -> Finding:
    """The lock that the environment was made from, against what is installed."""
    stamp = ROOT / ".venv" / "ruhu-stamp"
    lock = "requirements-dev.txt" if stamp.exists() and stamp.read_text().startswith("dev ") else "requirements.txt"
    locked = re.findall(r"^([\w.-]+)==([^\s;]+) *(;?)", (ROOT / lock).read_text(), re.MULTILINE)
    others = []
    for name, wanted, has_marker in locked:
        try:
            found = version(name)
        except PackageNotFoundError:
            found = wanted if has_marker else "missing"  # a marker: for another system
        if found != wanted:
            others.append(f"{name} {found} instead of {wanted}")
    if others:
        return False, f"packages differ from {lock} ({', '.join(others)}): remove .venv and start again"
    return True, f"packages are those of {lock} ({len(locked)})"


def _disk(settings: Settings) -> Finding:
    folder = next(folder for folder in (settings.data_dir, *settings.data_dir.parents) if folder.exists())
    free = shutil.disk_usage(folder).free / 2**30
    return (
        free >= LEAST_DISK_GIGABYTES,
        f"{free:.1f} GB are free in {folder} (at least {LEAST_DISK_GIGABYTES} are needed)",
    )


def _port(settings: Settings) -> Finding:
    with socket.socket() as caller:
        caller.settimeout(1)
        is_open = caller.connect_ex((settings.host, settings.port)) == 0
    where = f"{settings.host}:{settings.port}"
    return True, f"{where} answers: something serves there already" if is_open else f"{where} is free to listen on"


def _clock() -> Finding:
    now = datetime.now(UTC)
    try:
        in_china = now.astimezone(ZoneInfo("Asia/Shanghai"))
    except ZoneInfoNotFoundError:
        return False, "the time zone Asia/Shanghai is unknown: an administrator must run `apt-get install tzdata`"
    is_plausible = now.year >= 2026
    return is_plausible, f"the clock says {in_china:%Y-%m-%d %H:%M} in China{'' if is_plausible else ': set it'}"


def _master_key(settings: Settings) -> Finding:
    """Where it comes from and whether it is one; never what it is. None is made by looking."""
    given = {
        "RUHU_MASTER_KEY": settings.master_key,
        f"RUHU_MASTER_KEY_FILE ({settings.master_key_file})": settings.master_key_file,
        "RUHU_MASTER_KEY_COMMAND": settings.master_key_command,
    }
    names = [name for name, value in given.items() if value is not None]
    if not names and settings.env == "demo":
        if not own_key(settings).exists():
            return True, "there is no master key yet: `./ruhu serve` makes the demo's own"
        names = [f"{own_key(settings)}, the demo's own"]
    try:
        master_key(settings)
    except MasterKeyMissing as error:
        return False, str(error)
    return True, f"the master key is that of {names[0]}"


def _key(settings: Settings) -> bytes | None:
    """The master key, where there is one; none is made by looking."""
    is_given = any((settings.master_key, settings.master_key_file, settings.master_key_command))
    try:
        return master_key(settings) if is_given or own_key(settings).exists() else None
    except MasterKeyMissing:
        return None


async def _database(url: str, master: bytes | None) -> list[Finding]:
    async with connected(url) as connection:
        server = await connection.fetchval("SHOW server_version")
        findings = [(int(server.split(".")[0]) >= 15, f"PostgreSQL {server} answers (15 or newer is needed)")]
        postgis = await connection.fetchval("SELECT extversion FROM pg_extension WHERE extname = 'postgis'")
        if not postgis:
            return [*findings, (False, "PostGIS is not set up in the database: run `./ruhu migrate`")]
        findings.append((True, f"PostGIS {postgis}"))

        drift = abs((await connection.fetchval("SELECT clock_timestamp()") - datetime.now(UTC)).total_seconds())
        told = (
            f"the database's clock is {drift:.1f} s off ours (at most {MOST_DRIFT_SECONDS}: else let both follow NTP)"
        )
        findings.append((drift <= MOST_DRIFT_SECONDS, told))

        head = ScriptDirectory.from_config(alembic_config()).get_current_head()
        has_table = await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL")
        stands = await connection.fetchval("SELECT version_num FROM alembic_version") if has_table else None
        if stands != head:
            findings.append((False, f"migrations stand at {stands}, not at {head}: run `./ruhu migrate`"))
            return findings
        findings.append((True, f"migrations are current ({head})"))

        if master is not None:
            findings.append(await _opens(connection, master))

        # What failed so often that the worker gave it up: it is done again when its row is `queued` again.
        failed = await connection.fetch(
            "SELECT entrypoint, count(*) FROM jobs.pgqueuer WHERE status = 'failed' GROUP BY 1"
        )
        told = ", ".join(f"{job}: {number}" for job, number in failed)
        findings.append(
            (not failed, f"jobs were put aside ({told}): the log says why" if failed else "no job was put aside")
        )

        divisions = await connection.fetchval("SELECT count(*) FROM region")
        findings.append((divisions > 0, f"{divisions:,} divisions{'' if divisions else ': run `./ruhu regions load`'}"))
        return findings


async def _opens(connection: asyncpg.Connection, master: bytes) -> Finding:
    """Whether the master key is that of this database: another opens nothing that is sealed in it."""
    try:
        await read_ring(connection, master, datetime.now(UTC))
    except CannotOpen as error:
        return False, str(error)
    return True, "the master key opens the database's keys"
