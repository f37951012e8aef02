"""The commands about keys, as `__main__` has the others: each imports its file only when it is called."""

from pathlib import Path
from typing import Annotated

import typer

keys_app = typer.Typer(help="The keys that sign tokens, and those that seal numbers.", rich_markup_mode=None)


@keys_app.command("rotate")
def keys_rotate() -> None:
    """Sign tokens with a new key; the old one verifies for another day."""
    from api.cli.people import rotate_keys

    rotate_keys()


@keys_app.command("rotate-fields")
def keys_rotate_fields() -> None:
    """Seal identity numbers and the like with a new key, while the service runs."""
    from api.cli.sealing import rotate_fields

    rotate_fields()


@keys_app.command("rewrap")
def keys_rewrap(file: Annotated[Path, typer.Argument(help="The file with the new master key.")]) -> None:
    """Put all sealing keys under another master key."""
    from api.cli.sealing import rewrap_keys

    rewrap_keys(file)
