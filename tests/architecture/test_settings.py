"""docs/settings.md lists every setting with its default, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from api.settings import Settings
from tests.architecture.sources import ROOT, mends

PAGE = ROOT / "docs" / "settings.md"
ROW = re.compile(r"^\| `RUHU_[A-Z_]+` .*\|$", re.MULTILINE)

# Where a name of the environment may be read.
READERS = ("ruhu", ".ci/run", "api/**/*.py", "schema/**/*.py", "domain/**/*.py", "migrations/*.py", "tests/**/*.py")
NAME = re.compile(r"\bRUHU_[A-Z_]+[A-Z]\b")


def row(name: str, field: FieldInfo) -> str:
    """A setting's line of the table: name, values, default, what it is for."""
    names = [f"RUHU_{name.upper()}"]
    if isinstance(field.validation_alias, AliasChoices):
        names = [str(choice) for choice in field.validation_alias.choices]
    values = " ".join(f"`{value}`" for value in get_args(field.annotation) if isinstance(value, str)) or _kind(field)
    shown = str(field.default).lower() if isinstance(field.default, bool) else field.default
    default = "" if field.default is None else f"`{shown}`"
    return f"| {' or '.join(f'`{n}`' for n in names)} | {values} | {default} | {field.description} |"


def _kind(field: FieldInfo) -> str:
    kinds: dict[Any, str] = {dict: "JSON object", list: "JSON list", bool: "`true` `false`"}
    kinds |= {str: "text", int: "whole number", float: "number", Path: "path"}
    meant = {field.annotation, get_origin(field.annotation), *get_args(field.annotation)}
    meant |= {get_origin(part) for part in get_args(field.annotation)}
    return next(text for kind, text in kinds.items() if kind in meant)


def differences(page: str) -> list[str]:
    """What is missing from the page, and what stands there too much."""
    meant = {row(name, field) for name, field in Settings.model_fields.items()}
    stands = set(ROW.findall(page.partition("\n## ")[0]))
    return [f"docs/settings.md lacks: {line}" for line in sorted(meant - stands)] + [
        f"docs/settings.md has no longer true: {line}" for line in sorted(stands - meant)
    ]


def test_every_setting_is_documented_with_its_default_and_no_other_is() -> None:
    found = differences(PAGE.read_text(encoding="utf-8"))
    assert not found, mends(found)


def test_every_setting_says_what_it_is_for() -> None:
    silent = [
        f"Settings.{name}: give its Field a description"
        for name, f in Settings.model_fields.items()
        if not f.description
    ]
    assert not silent, mends(silent)


def test_a_changed_default_and_a_forgotten_setting_are_found() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(differences(page.replace("| `8000` |", "| `8001` |"))) == 2
    assert len(differences(page.replace("| `RUHU_HOST` ", "| `RUHU_HOSTS` "))) == 2


def test_every_name_of_the_environment_that_is_read_anywhere_is_on_the_page() -> None:
    page = set(NAME.findall(PAGE.read_text(encoding="utf-8")))
    read: dict[str, str] = {}
    for pattern in READERS:
        for file in ROOT.glob(pattern):
            if file != Path(__file__):
                read |= dict.fromkeys(NAME.findall(file.read_text(encoding="utf-8")), str(file.relative_to(ROOT)))
    found = [f"{name} is read in {file}: say so in docs/settings.md" for name, file in read.items() if name not in page]
    assert not found, mends(found)
