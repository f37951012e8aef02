"""Every recorded answer comes again: apps in the field were built on them."""

from __future__ import annotations

import json
from difflib import unified_diff
from typing import Any

from tests.architecture.sources import mends
from tests.contract.fixtures import OPERATIONS, Fixture, fixture_world, masked, stories, told_again, without_new_rows

MEND = "was answered otherwise. Put the old answer back; only if apps of version {version} survive the new one, record \
it again: ./ruhu contract record {version}/{name}"


def text(answer: Any) -> list[str]:
    return json.dumps(answer, ensure_ascii=False, indent=1, sort_keys=True).splitlines()


def told_otherwise(fixture: Fixture, answer: Any) -> list[str]:
    """Nothing where the answer is the recorded one, up to what is another each time; else the mend and what differs."""
    places = fixture.told.get("volatile", [])
    for place in fixture.told.get("grows", []):
        answer = without_new_rows(fixture.told["answer"], answer, place.split("."))
    then, now = (text(masked(one, places)) for one in (fixture.told["answer"], answer))
    if then == now:
        return []
    mend = MEND.format(version=fixture.version, name=fixture.name)
    return [f"{fixture.version}/{fixture.name} {mend}", *unified_diff(then, now, "recorded", "now", n=1, lineterm="")]


async def test_what_was_recorded_is_answered_again(template: str) -> None:
    told = stories()
    found: list[str] = []
    async with fixture_world(template) as world:
        for story in told.values():
            async for fixture, _, answer in told_again(world, story):
                found += told_otherwise(fixture, answer)
    assert not found, mends(found)
    assert any(told.values()), "there is no fixture at all"


def test_every_stored_operation_has_a_recorded_answer() -> None:
    recorded = {(fixture.version, fixture.told["operation"]) for story in stories().values() for fixture in story}
    lacking = sorted({(file.parent.name, file.stem) for file in OPERATIONS.glob("*/*.graphql")} - recorded)
    assert not lacking, mends(
        [
            f"write mobile_contract/fixtures/{version}/<number>-<what happens>.json with about, persona, operation "
            f"{operation} and variables, and let `./ruhu contract record` fill in the answer"
            for version, operation in lacking
        ]
    )


def test_an_answer_that_changed_is_found_and_a_volatile_place_is_not(tmp_path: Any) -> None:
    told = {
        "volatile": ["data.config.serverTime", "data.families.*.cursor"],
        "answer": {"data": {"config": {"serverTime": "then"}, "families": [{"name": "陈", "cursor": "a"}]}},
    }
    fixture = Fixture(tmp_path / "1" / "01-config.json", told)
    again: Any = {"data": {"config": {"serverTime": "now"}, "families": [{"name": "陈", "cursor": "b"}]}}
    more = {"data": again["data"] | {"families": [{"name": "林", "cursor": "c"}, *again["data"]["families"]]}}
    assert told_otherwise(Fixture(fixture.file, told | {"grows": ["data.families"]}), more) == []
    assert told_otherwise(fixture, more) != []
    other = {"data": {"config": {"serverTime": None}, "families": [{"name": 7, "cursor": "b"}]}}
    assert told_otherwise(fixture, again) == []
    mend, *lines = told_otherwise(fixture, other)
    assert "record it again: ./ruhu contract record 1/01-config" in mend
    assert {'-    "name": "陈"', '+    "name": 7', '+   "serverTime": null'} <= set(lines)
