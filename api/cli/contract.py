"""`./ruhu contract`: what phones rely on, written down. mobile_contract/CHANGES.md says how levels come and go."""

import subprocess
import sys

from api.cli import CommandError
from api.cli.sdl import SNAPSHOT, current
from api.cli.target import ROOT, say
from schema.client_config import CONTRACT_LEVEL

LEVELS = SNAPSHOT.parent / "levels"


def freeze() -> None:
    """Writes today's SDL down as the level that the code names; from then on the level grows no more."""
    file = LEVELS / f"{CONTRACT_LEVEL}.graphql"
    if file.exists():
        raise CommandError(
            f"level {CONTRACT_LEVEL} is frozen: raise CONTRACT_LEVEL in schema/client_config.py and begin its entry in "
            "mobile_contract/CHANGES.md"
        )
    file.parent.mkdir(exist_ok=True)
    file.write_text(current(), encoding="utf-8")
    say(f"Wrote level {CONTRACT_LEVEL}. Say in mobile_contract/CHANGES.md that it is released.")


def record(names: list[str]) -> int:
    """Fills in the answers that fixtures lack, and those of the named ones again; answers an exit code."""
    command = [sys.executable, "-m", "tests.contract.record", *names]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603  # our own module
