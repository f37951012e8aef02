"""What is due comes to the phone whole, or not at all when nothing changed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.schema.pairings_asked import TODAY
from tests.visiting import a_visit, ago, homes_of, submit
from tests.world import World

DUTIES = """query($version: String) { pullDuties(version: $version) {
  version isModified duties { id rule subjectId householdId beganOn dueOn } } }"""


async def due(world: World, persona: str, version: str | None = None) -> Any:
    return (await world.ask(persona, DUTIES, {"version": version}))["pullDuties"]


async def test_who_has_nothing_due_is_told_so(world: World) -> None:
    first = await due(world, "other_cadre")

    assert (first["isModified"], first["duties"]) == (True, [])
    assert await due(world, "other_cadre", first["version"]) == {**first, "isModified": False}


async def test_a_refused_visit_is_due_until_it_is_mended(world: World) -> None:
    before = await due(world, "cadre")
    home = (await homes_of(world, "cadre"))[0]
    visit = await a_visit(world, home, purpose="NO_SUCH_PURPOSE")
    assert (await submit(world, "cadre", [visit]))["results"][0]["outcome"] == "REJECTED"

    after = await due(world, "cadre", before["version"])

    (duty,) = after["duties"]
    assert (duty["rule"], duty["subjectId"], duty["householdId"]) == ("MEND_SUBMISSION", visit["id"], home)
    assert duty["beganOn"] == TODAY.isoformat()
    assert date.fromisoformat(duty["dueOn"]) == TODAY + timedelta(days=5)
    assert await due(world, "cadre", after["version"]) == {**after, "isModified": False, "duties": []}
    assert (await due(world, "other_cadre"))["duties"] == []

    assert (await submit(world, "cadre", [visit | {"purpose": "MONTHLY"}]))["results"][0]["outcome"] == "APPLIED"
    mended = await due(world, "cadre", after["version"])
    assert (mended["isModified"], mended["duties"]) == (True, [])


async def test_what_was_typed_as_household_may_be_anything(world: World) -> None:
    visit = await a_visit(world, "no id at all", occurredAt=ago(hours=2))
    assert (await submit(world, "cadre", [visit]))["results"][0]["outcome"] == "REJECTED"

    (duty,) = (await due(world, "cadre"))["duties"]

    assert duty["householdId"] is None


async def test_nobody_has_nothing_due(world: World) -> None:
    assert (await due(world, "anonymous"))["duties"] == []
