"""The database that a command works on: RUHU_DATABASE_URL's, or else the private one."""

import asyncio
import os
import socket
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from api.cli import CommandError
from api.cli.cluster import running
from api.database import DatabaseUnready
from api.master_key import MasterKeyMissing, master_key
from api.settings import Settings, load_settings
from domain.base.errors import DomainError
from domain.base.sealing import CannotOpen
from schema.messages import message

ROOT = Path(__file__).resolve().parents[2]


def settings() -> Settings:
    """The settings of this command; a wrong one is a CommandError that names it."""
    try:
        loaded = load_settings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name = f"RUHU_{str(wrong['loc'][0]).upper().removeprefix('RUHU_')}"
        if name not in os.environ:
            name = name.removeprefix("RUHU_")  # PORT goes by its short name too
        raise CommandError(f"the setting {name} is wrong: {wrong['msg']}. docs/settings.md explains it") from None
    return loaded.model_copy(update={"data_dir": ROOT / loaded.data_dir})


def key_for(settings: Settings) -> bytes:
    """The master key; a missing one is a CommandError that says what to do."""
    try:
        return master_key(settings)
    except MasterKeyMissing as error:
        raise CommandError(str(error)) from None


@contextmanager
def target(settings: Settings) -> Iterator[str]:
    """The address of the database, as a user who may do everything there; it is up while the block runs."""
    if settings.database_url:
        yield settings.database_url
        return
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]  # they point at some other server, and asyncpg heeds them
    with running(settings.data_dir / "postgres", say=say) as cluster:
        yield cluster.url("ruhu")


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Runs the work on an event loop; what may go wrong between us and the database becomes a CommandError."""
    try:
        return asyncio.run(work)
    except (DatabaseUnready, CannotOpen) as error:
        raise CommandError(str(error)) from None
    except DomainError as error:
        reasons = [message(problem.code, "en", problem.detail) for problem in error.problems]
        raise CommandError(" ".join(reasons)) from None
    except (ConnectionError, TimeoutError, socket.gaierror) as error:
        raise CommandError(f"the database cannot be reached ({error}): start it, or mend RUHU_DATABASE_URL") from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError) as error:
        reason = " ".join(str(error).split())[:300]
        raise CommandError(f"the database said: {reason}. `./ruhu doctor` looks into it") from error


def say(line: str) -> None:
    """Progress goes to stderr: stdout is for what was asked for."""
    print(line, file=sys.stderr, flush=True)
