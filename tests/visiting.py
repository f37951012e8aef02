"""Visits over HTTP: what a phone writes, and the operations that it sends."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.world import World

SUBMIT = """mutation Submit($input: SubmitVisitsInput!) { submitVisits(input: $input) {
  results { id outcome visit { id note supersededBy { id } } errors { code message path isRetryable } }
  errors { code message path isRetryable } } }"""
AMEND = """mutation Amend($input: AmendVisitInput!) { amendVisit(input: $input) {
  visit { id note amendReason recordedBy { name } helper { name } supersedes { id note supersededBy { id } } }
  errors { code message path isRetryable } } }"""

# Every question of the form at the door, answered.
HAVES = "hasTelevision hasFan hasWeatherproofDoorsAndWindows isYardClean areRoomsClean isPersonClean hasEnoughFood"
NEEDED = "hasEnoughClothing hasBasicMedicalCare isHousingSafe"
COMPLETE = dict.fromkeys(f"{HAVES} {NEEDED}".split(), True) | {
    "adultsMet": 1,
    "compulsoryEducation": "ALL_IN_SCHOOL",
    "drinkingWater": "SAFE",
    "needs": [],
}


def now() -> datetime:
    return datetime.now(UTC)


def ago(**by: float) -> str:
    return (now() - timedelta(**by)).isoformat()


def new_id() -> str:
    return str(uuid.uuid4())


async def the_form(world: World) -> tuple[str, int]:
    """The id and version of the form for home visits."""
    forms = (await world.ask("cadre", "{ surveyForms { id version code } }"))["surveyForms"]
    [form] = [form for form in forms if form["code"] == "RU_HU"]
    return form["id"], form["version"]


async def a_visit(world: World, household: Mapping[str, Any] | str, **changed: Any) -> dict[str, Any]:
    """A good visit of an hour ago; at the household's door, where its `location` is given."""
    form_id, version = await the_form(world)
    home: Mapping[str, Any] = {"id": household} if isinstance(household, str) else household
    visit: dict[str, Any] = {
        "id": new_id(),
        "householdId": home["id"],
        "purpose": "MONTHLY",
        "contact": "IN_PERSON",
        "occurredAt": ago(hours=1),
        "capturedAt": ago(minutes=50),
        "formId": form_id,
        "formVersion": version,
        "answers": {"adultsMet": 2, "hasTelevision": True, "needs": ["MEDICAL"], "needsDetail": "降压药不够"},
    }
    if place := home.get("location"):
        visit["location"] = {key: place[key] for key in ("longitude", "latitude", "datum")} | {"accuracyMetres": 6.5}
    return visit | changed


async def submit(
    world: World, persona: str, visits: Sequence[Mapping[str, Any]], language: str = "zh-CN"
) -> dict[str, Any]:
    """The payload for one batch."""
    variables = {"input": {"visits": visits, "sentAt": now().isoformat()}}
    payload: dict[str, Any] = (await world.ask(persona, SUBMIT, variables, language))["submitVisits"]
    return payload


async def amend(
    world: World, persona: str, visit_id: str, visit: Mapping[str, Any], reason: str = "看错了门牌"
) -> dict[str, Any]:
    """The payload for one correction."""
    variables = {"input": {"visitId": visit_id, "reason": reason, "visit": visit, "sentAt": now().isoformat()}}
    payload: dict[str, Any] = (await world.ask(persona, AMEND, variables))["amendVisit"]
    return payload


async def homes_of(world: World, persona: str) -> list[str]:
    """The ids of the households on the list of a persona who helps, in the order of their codes."""
    rows = await world.sql.fetch(
        "SELECT DISTINCT h.id, h.code FROM account a JOIN household_access x"
        " ON x.party_id IN (a.helper_id, a.organisation_id) JOIN household h ON h.id = x.household_id"
        " WHERE a.persona = $1 AND h.ended_on IS NULL AND h.location IS NOT NULL ORDER BY h.code",
        persona,
    )
    return [str(row["id"]) for row in rows]
