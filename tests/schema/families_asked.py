"""How the tests of families ask and act: as a persona over HTTP, and beside it in the tables."""

from __future__ import annotations

import uuid
from typing import Any

from tests.world import World

LISTED = """
SELECT a.household_id FROM household_access a JOIN account c ON a.party_id IN (c.helper_id, c.organisation_id)
JOIN household h ON h.id = a.household_id
WHERE c.persona = $1 AND h.ended_on IS NULL AND h.location IS NOT NULL ORDER BY h.code
"""
EVERYTHING = """
query ($id: ID!) {
  household(id: $id) {
    id code revision address phone bankAccount memberCount monitoringStatus registeredOn endedOn updatedAt
    village { code region { name } }
    location { longitude latitude datum accuracyMetres isBlurred }
    category { list code label } causes { code label }
    head { id name isHead }
    members {
      id name isHead relationToHead { code label } sex { code } ethnicity { code } bornOn diedOn idNumber phone
      disabilityCertificate education { code } schoolStatus { code } health { code } labour { code } joinedOn
      household { id } memberships { startedOn startReason { code } endedOn household { id } }
      pairings { id role { code } }
    }
    formerMembers { person { name } startedOn endedOn endReason { code } }
    pairings(activeOn: "2026-01-01") { id role { code } helper { name } organisation { name } }
    rosters { roster { code name } startedOn endedOn }
    events { kind happenedOn recordedAt }
    splitFrom { id } mergedInto { id }
  }
}
"""


async def listed(world: World, persona: str) -> list[str]:
    """The households on a persona's list."""
    return [str(row["household_id"]) for row in await world.sql.fetch(LISTED, persona)]


async def family(world: World, persona: str, id: str) -> Any:
    return (await world.ask(persona, EVERYTHING, {"id": id}))["household"]


def codes(payload: Any) -> set[tuple[str, str]]:
    """What a payload says is wrong, and where."""
    return {(error["code"], ".".join(error["path"])) for error in payload["errors"]}


COUNT = """query ($filter: HouseholdFilter) { households(filter: $filter, first: 500) {
  totalCount nodes { id code village { code } category { code } monitoringStatus } } }"""


async def count(world: World, persona: str, **asked: Any) -> Any:
    return (await world.ask(persona, COUNT, {"filter": asked}))["households"]


PAYLOAD = (
    "household { id code revision memberCount members { id name } head { name } } errors { code path message __typename"
)
PAYLOAD += " ... on FieldConflict { base current yours } }"
REGISTER = f"mutation ($input: RegisterHouseholdInput!) {{ registerHousehold(input: $input) {{ {PAYLOAD} }} }}"
EDIT = f"mutation ($input: EditHouseholdInput!) {{ editHousehold(input: $input) {{ {PAYLOAD} }} }}"
CHANGE = f"mutation ($input: ChangeMembersInput!) {{ changeMembers(input: $input) {{ {PAYLOAD} }} }}"
MERGE = f"mutation ($input: MergeHouseholdsInput!) {{ mergeHouseholds(input: $input) {{ {PAYLOAD} }} }}"
MOVED = f"{PAYLOAD} move {{ id state headName memberCount decisionReason household {{ id }} }}"
MOVE = f"mutation ($input: MoveHouseholdInput!) {{ moveHousehold(input: $input) {{ {MOVED} }} }}"
DECIDE_MOVE = f"mutation ($input: DecideHouseholdMoveInput!) {{ decideHouseholdMove(input: $input) {{ {MOVED} }} }}"
WITHDRAW_MOVE = (
    f"mutation ($input: WithdrawHouseholdMoveInput!) {{ withdrawHouseholdMove(input: $input) {{ {MOVED} }} }}"
)
SPLIT = """mutation ($input: SplitHouseholdInput!) { splitHousehold(input: $input) {
  household { id members { name } } newHousehold { id members { name } splitFrom { id } } errors { code path } } }"""
VILLAGE, OTHER_TOWNSHIP = "350125201205", "350125202"


def person(name: str, relation: str = "HEAD", **facts: Any) -> dict[str, Any]:
    usual = {"sex": "MALE", "ethnicity": "HAN", "labour": "ORDINARY", "bornOn": "1980-05-01", "education": "PRIMARY"}
    return {"id": str(uuid.uuid4()), "name": name, "relationToHead": relation, **usual, **facts}


async def register(world: World, *people: dict[str, Any], persona: str = "village_officer", **facts: Any) -> Any:
    given = {"id": str(uuid.uuid4()), "villageCode": VILLAGE, "category": "LIFTED", "members": people, **facts}
    return (await world.ask(persona, REGISTER, {"input": given}))["registerHousehold"]


async def new_family(world: World, *people: dict[str, Any], **facts: Any) -> str:
    payload = await register(world, *(people or (person("鄢大山"),)), **facts)
    assert payload["errors"] == []
    id: str = payload["household"]["id"]
    return id


async def act(world: World, persona: str, document: str, **given: Any) -> Any:
    """The payload of a mutation that takes an operation id."""
    operation = {} if "id" in given else {"operationId": str(uuid.uuid4())}
    return next(iter((await world.ask(persona, document, {"input": {**operation, **given}})).values()))
