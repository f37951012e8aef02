"""The master key (主密钥): the one secret that stands outside the database, and opens all that is sealed in it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import shlex
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from api.database import DatabaseUnready
from api.keys import folder_of, once
from api.settings import Settings
from domain.base.key_ring import READ_EVERY_SECONDS, Connection, read_again
from domain.base.sealing import KEY_BYTES, Ring

LOG = structlog.get_logger("ruhu")

COMMAND_SECONDS: Final = 30
HOW: Final = "64 hexadecimal digits, as `openssl rand -hex 32` makes them"


class MasterKeyMissing(DatabaseUnready):
    """Nothing can be opened; the message is one line that says what to do."""


def master_key(settings: Settings) -> bytes:
    """The 32 bytes, from the environment, a file or a command. The demo makes one of its own under `data_dir/keys`.

    Raises MasterKeyMissing where there is none, or what there is is no key.
    """
    if settings.master_key is not None:
        return _read(settings.master_key, "RUHU_MASTER_KEY")
    if settings.master_key_file is not None:
        return _of_file(settings.master_key_file, "RUHU_MASTER_KEY_FILE")
    if settings.master_key_command is not None:
        return _of_command(settings.master_key_command)
    if settings.env != "demo":
        raise MasterKeyMissing(
            f"there is no master key, and RUHU_ENV is {settings.env}: name a file with {HOW} in RUHU_MASTER_KEY_FILE "
            "(docs/security.md says how to keep it)"
        )
    file = own_key(settings)
    once(file, lambda: os.urandom(KEY_BYTES).hex())
    return _of_file(file, str(file))


def own_key(settings: Settings) -> Path:
    """Where the demo keeps the key that it makes itself."""
    return folder_of(settings.data_dir) / "master.key"


@asynccontextmanager
async def kept_current(ring: Ring, reads: Connection, master: bytes) -> AsyncIterator[None]:
    """While the block lasts, keys that somebody makes are known here before anything is sealed with them."""

    async def look_again() -> None:
        while True:
            await asyncio.sleep(READ_EVERY_SECONDS)
            try:
                await read_again(ring, reads, master, datetime.now(UTC))
            except Exception:
                LOG.exception("the keys could not be read again")

    looking = asyncio.create_task(look_again())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


def _of_file(file: Path, name: str) -> bytes:
    try:
        return _read(file.read_text(), name)
    except (OSError, UnicodeDecodeError) as error:
        raise MasterKeyMissing(f"{name} cannot be read: {type(error).__name__} at {file}") from None


def _of_command(command: str) -> bytes:
    """What the command prints: so a key management service or an HSM can keep the key."""
    try:
        done = subprocess.run(  # noqa: S603 - whoever sets the environment runs the program anyway
            shlex.split(command), capture_output=True, text=True, timeout=COMMAND_SECONDS, check=True
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        # Never with what it printed.
        raise MasterKeyMissing(f"RUHU_MASTER_KEY_COMMAND failed: {type(error).__name__}") from None
    return _read(done.stdout, "RUHU_MASTER_KEY_COMMAND")


def _read(text: str, name: str) -> bytes:
    given = text.strip()
    for decode in (bytes.fromhex, lambda letters: base64.b64decode(letters, validate=True)):
        try:
            key = decode(given)
        except (ValueError, binascii.Error):
            continue
        if len(key) == KEY_BYTES:
            return key
    raise MasterKeyMissing(f"{name} holds no key: it must be {HOW}, or the same 32 bytes in base64")
