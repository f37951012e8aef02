"""No answer tells whether something is there: what is somebody else's is answered as what is nobody's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_required_input_field,
)

from schema.root import schema
from tests.world import World

MUTATIONS = schema._schema.mutation_type.fields  # type: ignore[union-attr]
# What reads well enough to come as far as the look-up, where the name alone does not say it.
VALUES: Mapping[str, Any] = {
    "reason": "TERM_COMPLETED",
    "role": "KEY_HELP",
    "startedOn": "2026-01-05",
    "endedOn": "2026-11-01",
    "handedOverOn": "2026-11-01",
    "happenedOn": "2026-11-01",
    "movesOn": "2026-11-01",
    "month": "2026-10",
    "kind": "WAGE",
    "amount": "1",
    "origin": "DOOR_SURVEY",
    "toVillageCode": "350125201205",
    "villageCode": "350125201205",
    "occurredAt": "2026-11-20T10:00:00+08:00",
    "capturedAt": "2026-11-20T10:00:00+08:00",
    "sentAt": "2026-11-20T10:00:00+08:00",
    "purpose": "ROUTINE",
    "contact": "IN_PERSON",
}
# Those whose answer is about nothing that stands: they are born, or nobody is asked who they are.
WITHOUT_A_SUBJECT = {"registerHousehold", "reportHardship", "enterHotlineCall", "adoptPolicy"}
SUBJECTS = ("household", "person", "visit", "pairing", "clue")


def filled(of: GraphQLInputType, name: str, probe: str) -> Any:
    """A value of an input type: the probe for every id but that of the operation."""
    if isinstance(of, GraphQLNonNull):
        return filled(of.of_type, name, probe)
    if isinstance(of, GraphQLList):
        return [filled(of.of_type, name, probe)]
    named = get_named_type(of)
    if isinstance(named, GraphQLInputObjectType):
        asked = {n: f.type for n, f in named.fields.items() if is_required_input_field(f) or n.endswith("Id")}
        return {n: filled(type_, n, probe) for n, type_ in asked.items()}
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    match named.name:
        case "ID":
            return str(uuid.uuid4()) if name in ("operationId", "id") else probe
        case "Int" | "Float":
            return 1
        case "Boolean":
            return True
        case "JSON":
            return {}
    return VALUES.get(name, "x")


def document(name: str) -> str:
    """The mutation with all of its errors."""
    (argument, of), *_ = MUTATIONS[name].args.items()
    payload = get_named_type(MUTATIONS[name].type)
    errors = "errors { code path message }" if "errors" in payload.fields else ""  # type: ignore[union-attr]
    extra = "results { outcome errors { code path } }" if "results" in payload.fields else ""  # type: ignore[union-attr]
    return f"mutation($given: {of.type}) {{ {name}({argument}: $given) {{ {errors} {extra} }} }}"


async def hidden(world: World, table: str) -> str | None:
    """An id that is there, in another province, and for none of these personas; None where there is no such row."""
    asked = (
        f"SELECT id::text FROM {table} WHERE region_code LIKE '341503%' OR region_code LIKE '1304%' ORDER BY id LIMIT 1"
    )
    found: str | None = await world.sql.fetchval(asked)
    return found


@pytest.mark.parametrize(
    "persona", ["county_officer", "township_officer", "cadre", "partner", "integrator", "administrator"]
)
@pytest.mark.parametrize("name", sorted(set(MUTATIONS) - WITHOUT_A_SUBJECT))
async def test_what_is_somebody_elses_is_refused_as_what_is_nobodys(world: World, persona: str, name: str) -> None:
    (_, argument), *_ = MUTATIONS[name].args.items()
    nobodys = str(uuid.uuid4())
    answers = {}
    for table in SUBJECTS:
        found = await hidden(world, table)
        for probe in (nobodys, found):
            if probe is None:
                continue
            given = filled(argument.type, name, probe)
            body = await world.post(persona, document(name), {"given": given})
            text = json.dumps(body, ensure_ascii=False).replace(probe, "ID")
            for error in body.get("errors", ()):
                text = text.replace(str(error.get("extensions", {}).get("requestId")), "-")
            answers[table if probe is found else "nobody's"] = text
    assert len(set(answers.values())) == 1, answers


async def test_a_visit_sent_for_a_family_out_of_sight_waits_like_one_for_a_family_of_nobody(world: World) -> None:
    """The cadre is told that it waits, and not for what."""
    form = await world.sql.fetchrow("SELECT id, version FROM survey_form ORDER BY version DESC LIMIT 1")
    theirs = await world.sql.fetchval("SELECT id FROM household WHERE region_code LIKE '341503%' ORDER BY id LIMIT 1")
    query = """mutation($i: SubmitVisitsInput!) { submitVisits(input: $i) {
      results { outcome errors { code path message isRetryable } } errors { code } } }"""
    answers = []
    for household in (theirs, uuid.uuid4()):
        visit = {
            "id": str(uuid.uuid4()),
            "householdId": str(household),
            "purpose": "ROUTINE",
            "contact": "IN_PERSON",
            "occurredAt": "2026-11-20T10:00:00+08:00",
            "capturedAt": "2026-11-20T10:00:00+08:00",
            "formId": str(form["id"]),
            "formVersion": form["version"],
            "answers": {},
        }
        body = await world.post("cadre", query, {"i": {"visits": [visit], "sentAt": "2026-11-20T10:05:00+08:00"}})
        answers.append(json.dumps(body, ensure_ascii=False).replace(str(household), "ID"))
    assert answers[0] == answers[1]
