"""Grading over HTTP in Dushan, Lu'an, on a day that the test names."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from api import worker
from api.jobs import JOBS
from domain.access.rules import CHINA
from tests.sweeping import WHOLE
from tests.visiting import SUBMIT, the_form
from tests.world import World

TAIAN, COUNTY = "341503104208", "other_county_officer"
TOLD = """grade { id state level { code colour } reasons { code label } cause { code } round { month dueOn } filedOn
  effectiveFrom supersedes { id } proposedBy { name } returnedAt returnReason
  indicators { code value speaksFor contradicts } changes { level } } errors { code path message }"""
PROPOSE = f"mutation ($input: ProposeGradeInput!) {{ proposeGrade(input: $input) {{ {TOLD} }} }}"
REVIEW = f"mutation ($input: ReviewGradeInput!) {{ reviewGrade(input: $input) {{ {TOLD} }} }}"
FILE = f"mutation ($input: FileGradeInput!) {{ fileGrade(input: $input) {{ {TOLD} }} }}"
ROUNDS = """query ($filter: GradingRoundFilter) { gradingRounds(filter: $filter) { nodes { id month openedOn dueOn
  scheme { code } region { code } coverage { households filed underWay waiting }
  villages { region { code } households filed underWay waiting }
  waiting(first: 500) { totalCount nodes { id } } } } }"""


class Clock:
    """The server's clock, stopped on a day."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = datetime.now(CHINA)
        monkeypatch.setattr("api.graphql_http.datetime", self)
        monkeypatch.setattr("api.identity.REMEMBERED_SECONDS", -1)  # whoever asks on another day is asked for anew

    def now(self, zone: Any = None) -> datetime:
        return self.at.astimezone(zone)

    def on(self, day: str, hour: int = 10) -> datetime:
        """Go to that day in China."""
        self.at = datetime.fromisoformat(day).replace(hour=hour, tzinfo=CHINA)
        return self.at


async def serve_in_dushan(world: World) -> None:
    """The demo's officers of village and township serve in Taian and Dushan, too; nobody has been graded there."""
    for persona, role, region in (
        ("village_officer", "VILLAGE_OFFICER", TAIAN),
        ("township_officer", "TOWNSHIP_OFFICER", TAIAN[:9]),
        ("other_cadre", "RESIDENT_TEAM", TAIAN),
    ):
        await world.sql.execute(
            "INSERT INTO access_grant (id, account_id, role, region_code, starts_on)"
            " SELECT $1, id, $2, $3, '2018-01-01' FROM account WHERE persona = $4",
            *(uuid.uuid4(), role, region, persona),
        )
    await world.sql.execute("DELETE FROM risk_grade")
    await world.sql.execute("DELETE FROM grading_round")


async def lifted(world: World) -> list[str]:
    """The lifted households of Taian, in the order of codes."""
    rows = await world.sql.fetch(
        "SELECT id::text FROM household WHERE region_code = $1 AND category = 'LIFTED' AND ended_on IS NULL ORDER BY code",
        TAIAN,
    )
    return [row["id"] for row in rows]


async def at_night(world: World, clock: Clock) -> None:
    """What the worker does about rounds."""
    async with worker.working(world.settings, lambda: clock.at) as work:
        await JOBS["open_rounds"](work, {})


async def call(world: World, clock: Clock, home: str, **changed: Any) -> str:
    """The id of a call at the family's door an hour ago, with a whole form."""
    form_id, version = await the_form(world)
    at = clock.at.replace(hour=clock.at.hour - 1).isoformat()
    visit = {
        "id": str(uuid.uuid4()),
        "householdId": home,
        "purpose": "MONTHLY",
        "contact": "IN_PERSON",
        "occurredAt": at,
        "capturedAt": at,
        "formId": form_id,
        "formVersion": version,
        "answers": WHOLE,
    } | changed
    sent = {"input": {"visits": [visit], "sentAt": clock.at.isoformat()}}
    (result,) = (await world.ask("village_officer", SUBMIT, sent))["submitVisits"]["results"]
    assert result["outcome"] == "APPLIED", result
    return str(visit["id"])


async def proposed(
    world: World,
    home: str,
    visit: str | None,
    level: str,
    reasons: Sequence[str],
    persona: str = "village_officer",
    **more: Any,
) -> Any:
    usual = {"id": str(uuid.uuid4()), "householdId": home, "scheme": "THREE_LEVELS", "level": level}
    usual |= {"reasons": list(reasons), "visitId": visit}
    return (await world.ask(persona, PROPOSE, {"input": usual | more}))["proposeGrade"]


async def reviewed(
    world: World, grade: str, outcome: str = "NO_OBJECTION", persona: str = "township_officer", **more: Any
) -> Any:
    given = {"operationId": str(uuid.uuid4()), "gradeId": grade, "outcome": outcome} | more
    return (await world.ask(persona, REVIEW, {"input": given}))["reviewGrade"]


async def filed(world: World, grade: str, outcome: str = "FILED", persona: str = COUNTY, **more: Any) -> Any:
    given = {"operationId": str(uuid.uuid4()), "gradeId": grade, "outcome": outcome} | more
    return (await world.ask(persona, FILE, {"input": given}))["fileGrade"]


async def graded(world: World, clock: Clock, home: str, level: str, *reasons: str, **more: Any) -> Any:
    """The grade after all three steps, by the book."""
    done = await proposed(world, home, await call(world, clock, home), level, reasons, **more)
    assert done["errors"] == []
    assert (await reviewed(world, done["grade"]["id"]))["errors"] == []
    done = await filed(world, done["grade"]["id"])
    assert done["errors"] == []
    return done["grade"]


def codes(payload: Any) -> list[str]:
    return [error["code"] for error in payload["errors"]]


async def rounds(world: World, persona: str = COUNTY, **asked: Any) -> list[Any]:
    nodes: list[Any] = (await world.ask(persona, ROUNDS, {"filter": asked}))["gradingRounds"]["nodes"]
    return nodes
