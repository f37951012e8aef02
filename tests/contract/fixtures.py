"""Fixtures: requests of an app version with the answers that the demo gave, to be replayed and to build apps against.

A file under mobile_contract/fixtures/<app version>/ holds one request (`persona`, `operation`, `variables`, `language`), its
`answer` as it was recorded, and what a replay must know: `taken`, which variables come from the answer of an earlier
fixture; `volatile`, which places of the answer are another each time; and `grows`, which lists may have got more rows
since. The files of a version are one story, told in
the order of their names on a demo that was loaded on DEMO_DAY.
"""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from api.cli.target import ROOT
from api.database import connected
from domain.demo.actions import reset_demo
from tests import databases
from tests.world import World

FIXTURES = ROOT / "mobile_contract" / "fixtures"
OPERATIONS = ROOT / "mobile_contract" / "operations"
DEMO_DAY = date(2026, 11, 1)
MASK = "…"


@dataclass
class Fixture:
    """One file; `told` is its JSON."""

    file: Path
    told: dict[str, Any]

    @property
    def version(self) -> str:
        return self.file.parent.name

    @property
    def name(self) -> str:
        """As it is called in messages and in `taken`: 03-first-families."""
        return self.file.stem

    @property
    def query(self) -> str:
        return (OPERATIONS / self.version / f"{self.told['operation']}.graphql").read_text(encoding="utf-8")

    def write(self) -> None:
        self.file.write_text(json.dumps(self.told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def stories() -> dict[str, list[Fixture]]:
    """The fixtures of every app version, in order."""
    return {
        folder.name: [
            Fixture(file, json.loads(file.read_text(encoding="utf-8"))) for file in sorted(folder.glob("*.json"))
        ]
        for folder in sorted(FIXTURES.iterdir())
    }


@asynccontextmanager
async def fixture_world(template: str) -> AsyncIterator[World]:
    """The application over the demo as it was loaded on DEMO_DAY: its visits lead up to that day."""
    url = await databases.fresh_database("ruhu_fixtures", template)
    async with connected(url) as connection:
        await reset_demo(connection, await databases.ring(connection), say=lambda _: None, today=DEMO_DAY)
    async with World.on(url, log_level="warning") as world:
        yield world
    await databases.drop_database("ruhu_fixtures")


async def told_again(world: World, story: Sequence[Fixture]) -> AsyncIterator[tuple[Fixture, dict[str, Any], Any]]:
    """Every fixture of a version with the variables that were sent this time, and the answer."""
    answers: dict[str, Any] = {}
    for fixture in story:
        variables = copy.deepcopy(fixture.told["variables"])
        for place, source in fixture.told.get("taken", {}).items():
            earlier, _, where = source.partition(":")
            put(variables, place, only(answers[earlier], where))
        answer = await world.post(
            fixture.told["persona"], fixture.query, variables, fixture.told.get("language", "zh-CN")
        )
        answers[fixture.name] = answer
        yield fixture, variables, answer


def masked(answer: Any, places: Sequence[str]) -> Any:
    """The answer without what is another each time."""
    copied = copy.deepcopy(answer)
    for place in places:
        for holder, key in holders(copied, place.split(".")):
            if holder[key] is not None:
                holder[key] = MASK
    return copied


def without_new_rows(then: Any, now: Any, steps: Sequence[str]) -> Any:
    """`now`, but of the list to which the path leads only the rows that `then` has too."""
    if isinstance(now, list) and isinstance(then, list):
        known = {_key(row): row for row in then}
        if not steps:
            return [row for row in now if _key(row) in known]
        return [without_new_rows(known.get(_key(row)), row, steps[1:]) for row in now]
    if isinstance(now, Mapping) and isinstance(then, Mapping):
        return {**now, steps[0]: without_new_rows(then.get(steps[0]), now[steps[0]], steps[1:])}
    return now


def _key(row: Mapping[str, Any]) -> Any:
    """Forms by id and version, vocabularies by name (their version is another each time), terms by code."""
    return (row["id"], row["version"]) if "id" in row else row.get("name", row.get("code"))


def holders(value: Any, steps: Sequence[str]) -> Iterator[tuple[Any, Any]]:
    """Where a path like data.pullVisits.documents.*.receivedAt ends: the object or list, and the key in it."""
    step, *others = steps
    keys: Sequence[Any]
    if isinstance(value, list):
        keys = range(len(value)) if step == "*" else [int(step)]
    else:
        keys = [step] if isinstance(value, Mapping) and step in value else []
    for key in keys:
        if others:
            yield from holders(value[key], others)
        else:
            yield value, key


def only(value: Any, place: str) -> Any:
    """What stands at this one place; LookupError if nothing does."""
    [(holder, key)] = holders(value, place.split(".")) or [(None, None)]
    return holder[key]


def put(value: Any, place: str, wanted: Any) -> None:
    """Sets one place that is there already."""
    [(holder, key)] = holders(value, place.split("."))
    holder[key] = wanted
