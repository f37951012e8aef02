"""Every contract level that is still served, held against today's schema."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import build_schema

from api.cli import CommandError, contract
from api.cli.sdl import current
from api.cli.target import ROOT
from mobile_contract.compatibility import breaks, differences, operation_faults
from schema.client_config import CONTRACT_LEVEL, LOWEST_CONTRACT_LEVEL
from tests.architecture.sources import mends

CONTRACT = ROOT / "mobile_contract"
OPERATIONS = sorted((CONTRACT / "operations").glob("*/*.graphql"))
FROZEN = {int(file.stem): file for file in (CONTRACT / "levels").glob("*.graphql")}
NEXT = f"Raise CONTRACT_LEVEL in schema/client_config.py to {CONTRACT_LEVEL + 1} and begin its entry in CHANGES.md."


def entries() -> dict[int, str]:
    """The entries of CHANGES.md by level, in the order in which they stand."""
    text = (CONTRACT / "CHANGES.md").read_text(encoding="utf-8")
    return {int(level): entry for level, entry in re.findall(r"^## Level (\d+)\n(.*?)(?=^## |\Z)", text, re.M | re.S)}


def test_apps_of_every_level_that_is_served_work_with_todays_schema() -> None:
    now = build_schema(current())
    found = [
        f"Level {level}: {line}"
        for level, file in sorted(FROZEN.items())
        for line in breaks(
            build_schema(file.read_text(encoding="utf-8")),
            now,
            announced="".join(entry for later, entry in entries().items() if later > level),
        )
    ]
    assert not found, mends(found)


def test_every_level_that_is_served_stands_frozen_but_the_one_that_grows() -> None:
    served = set(range(LOWEST_CONTRACT_LEVEL, CONTRACT_LEVEL + 1))
    assert set(FROZEN) <= served, "delete mobile_contract/levels/ of what is served no longer, or is not begun"
    assert served - set(FROZEN) <= {CONTRACT_LEVEL}, (
        "a level is frozen (`./ruhu contract freeze`) before the next begins"
    )


def test_a_frozen_level_grows_no_more() -> None:
    if file := FROZEN.get(CONTRACT_LEVEL):
        then, now = build_schema(file.read_text(encoding="utf-8")), build_schema(current())
        taken_away = breaks(then, now)  # another test says so
        grown = [line for line in differences(then, now) if not any(told.startswith(line) for told in taken_away)]
        assert not grown, mends([f"Level {CONTRACT_LEVEL} is frozen. {NEXT}", *grown])


def test_freezing_is_done_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "LEVELS", tmp_path / "levels")
    contract.freeze()
    frozen = build_schema((tmp_path / "levels" / f"{CONTRACT_LEVEL}.graphql").read_text(encoding="utf-8"))
    assert breaks(frozen, build_schema(current())) == differences(frozen, build_schema(current())) == []
    with pytest.raises(CommandError, match=f"level {CONTRACT_LEVEL} is frozen: raise CONTRACT_LEVEL"):
        contract.freeze()


def test_every_level_has_an_entry_the_newest_first() -> None:
    wanted = list(range(CONTRACT_LEVEL, LOWEST_CONTRACT_LEVEL - 1, -1))
    assert list(entries()) == wanted, f"mobile_contract/CHANGES.md: one entry `## Level n` for each of {wanted}"


def test_the_stored_operations_of_every_app_version_are_taken() -> None:
    schema = build_schema(current())
    found = [
        f"{file.relative_to(ROOT)}: {fault}"
        for file in OPERATIONS
        for fault in operation_faults(file.stem, file.read_text(encoding="utf-8"), schema)
    ]
    assert not found, mends(found)
    assert OPERATIONS, "there is no stored operation at all"
