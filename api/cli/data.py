"""The commands that work on the data: migrate, demo reset, regions load and merge, token."""

from datetime import date
from pathlib import Path

from api.cli import CommandError
from api.cli.target import build, run, say, settings, target
from api.database import connected, prepare
from api.settings import Settings
from domain.regions import actions as regions


def migrate() -> None:
    """Brings the database up to date, without the demo."""
    with target(settings()) as url:
        run(prepare(url, demo=False, say=say))
    say("The database is up to date.")


def reset_demo() -> None:
    """Throws the demo's data away and loads it afresh."""
    demo_settings = _demo_only(settings())

    async def reset(url: str) -> None:
        from domain.demo.actions import reset_demo

        await prepare(url, demo=False, say=say)
        async with connected(url) as connection:
            await reset_demo(connection, say=say)

    with target(demo_settings) as url:
        run(reset(url))
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
            await regions.load_divisions(connection, say=say, file=file or regions.DIVISIONS)

    with target(settings()) as url:
        run(load(url))


def merge_regions(old: str, into: str, on: date) -> None:
    """Makes one division part of another and says how many rows were recoded."""

    async def merge(url: str) -> int:
        async with connected(url) as connection:
            return await regions.merge_regions(connection, old, into, on, say=say)

    with target(settings()) as url:
        say(f"Rows recoded: {run(merge(url))}.")


def print_token(persona: str) -> None:
    """Prints a token for one of the demo's personas, and nothing else."""
    from api.tokens import demo_token

    print(demo_token(_demo_only(settings()), persona))


def _demo_only(settings: Settings) -> Settings:
    if settings.env != "demo":
        raise CommandError(f"this is for the demo only, and RUHU_ENV is {settings.env}")
    return settings
