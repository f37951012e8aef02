"""The commands that work on the data: migrate, demo reset, regions load and merge."""

from datetime import UTC, date, datetime
from gzip import BadGzipFile
from pathlib import Path

from api.cli import CommandError
from api.cli.target import key_for, run, say, settings, target
from api.database import build, connected, prepare
from api.notary import TraceKey
from api.settings import Settings
from domain.access.rules import CHINA
from domain.base.key_ring import read_ring
from domain.calendar.loading import CalendarUnreadable, load_calendar
from domain.regions import actions as regions


def migrate() -> None:
    """Brings the database up to date, without the demo."""
    chosen = settings()
    master = key_for(chosen)
    with target(chosen) as url:
        run(prepare(url, master, demo=False, say=say))
    say("The database is up to date.")


def load_demo(households: int) -> None:
    """Loads the demo where it is missing, and beside it a province of so many households."""
    demo_settings = _demo_only(settings())
    master = key_for(demo_settings)

    async def load(url: str) -> None:
        from domain.demo.province import load_province

        await prepare(url, master, demo=True, say=say)
        if households:
            async with connected(url) as connection:
                ring = await read_ring(connection, master, datetime.now(UTC))
                try:
                    await load_province(connection, ring, households=households, say=say, today=_today())
                except ValueError as refusal:
                    raise CommandError(str(refusal)) from None

    with target(demo_settings) as url:
        run(load(url))
    say("The demo is there.")


def reset_demo() -> None:
    """Throws the demo's data away and loads it afresh."""
    demo_settings = _demo_only(settings())
    master = key_for(demo_settings)

    async def reset(url: str) -> None:
        from domain.demo.actions import reset_demo

        await prepare(url, master, demo=False, say=say)
        async with connected(url) as connection:
            ring = await read_ring(connection, master, datetime.now(UTC))
            await reset_demo(connection, ring, say=say, today=_today())

    with target(demo_settings) as url:
        run(reset(url))
    TraceKey(demo_settings.data_dir).forget()
    say("The demo is as on its first day.")


def load_regions(file: Path | None) -> None:
    """Loads all divisions into a database that has none yet: the project's own, or those of the file."""
    if file is not None and not file.is_file():
        raise CommandError(f"there is no file {file}: name a gzipped CSV of code,name lines with a head line")

    async def load(url: str) -> None:
        await build(url)
        async with connected(url) as connection:
            if await regions.divisions_are_loaded(connection):
                raise CommandError("divisions are loaded already: change them by `./ruhu regions merge`")
            try:
                await regions.load_divisions(connection, say=say, file=file or regions.DIVISIONS)
            except (BadGzipFile, ValueError) as error:
                raise CommandError(f"{file} is not a gzipped CSV of code,name lines: {error}") from None

    with target(settings()) as url:
        run(load(url))


def load_working_days(file: Path) -> None:
    """Loads the days of a calendar over those that are known."""
    if not file.is_file():
        raise CommandError(f"there is no file {file}: name a CSV of day,is_working,name lines with a head line")

    async def load(url: str) -> int:
        async with connected(url) as connection:
            try:
                return await load_calendar(connection, file)
            except (CalendarUnreadable, UnicodeDecodeError) as error:
                raise CommandError(f"{file} is no calendar: {error}") from None

    with target(settings()) as url:
        say(f"Days loaded: {run(load(url))}.")


def merge_regions(old: str, into: str, on: date) -> None:
    """Makes one division part of another and says how many rows were recoded."""

    async def merge(url: str) -> int:
        async with connected(url) as connection:
            return await regions.merge_regions(connection, old, into, on, say=say)

    with target(settings()) as url:
        say(f"Rows recoded: {run(merge(url))}.")


def _demo_only(settings: Settings) -> Settings:
    if settings.env != "demo":
        raise CommandError(f"this is for the demo only, and RUHU_ENV is {settings.env}")
    return settings


def _today() -> date:
    return datetime.now(CHINA).date()
