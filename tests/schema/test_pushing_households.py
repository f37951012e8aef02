"""Families edited on phones come in over HTTP: whole documents, as they were pulled and as they are now."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from tests.schema.families_asked import VILLAGE, listed, new_family, person
from tests.world import World

MEMBER = """id name isHead relationToHead sex ethnicity bornOn idNumber disabilityCertificate phone education schoolStatus
  health labour joinedOn"""
RECORD = f"""id isDeleted revision code villageCode address phone longitude latitude accuracyMetres isBlurred category causes
  monitoringStatus registeredOn endedOn endReason splitFromId mergedIntoId updatedAt members {{ {MEMBER} }}
  pairings {{ id role helperId helperName organisationId organisationName mode startedOn }}"""
PULL = f"""query ($since: CheckpointInput) {{ pullHouseholds(checkpoint: $since, limit: 1000) {{
  documents {{ {RECORD} }} checkpoint {{ cursor }} hasMore }} }}"""
PUSH = f"""mutation ($rows: [HouseholdPushRow!]!) {{ pushHouseholds(rows: $rows) {{
  conflicts {{ {RECORD} }}
  errors {{ __typename code message path isRetryable ... on FieldConflict {{ base current yours }} }} }} }}"""
KEPT = """{ submissions(first: 3) { nodes { kind outcome content visit { id } errors { code path message } } } }"""


async def pulled(world: World, persona: str) -> dict[str, Any]:
    """Everything a persona's phone holds of families, by id."""
    documents = (await world.ask(persona, PULL))["pullHouseholds"]["documents"]
    return {document["id"]: document for document in documents}


async def push(world: World, persona: str, *rows: tuple[Any, Any]) -> Any:
    """Push rows of (the document as it came, what was changed in it)."""
    sent = [{"newDocumentState": {**(base or {}), **edits}, "assumedMasterState": base} for base, edits in rows]
    return (await world.ask(persona, PUSH, {"rows": sent}))["pushHouseholds"]


async def one_of(world: World, persona: str = "cadre") -> Any:
    """A family on the persona's phone, whole."""
    id = (await listed(world, persona))[0]
    return (await pulled(world, persona))[id]


async def test_what_was_pulled_goes_back_whole_and_only_what_was_edited_is_written(world: World) -> None:
    base = await one_of(world)
    members = [{**base["members"][0], "phone": "13700001111"}, *base["members"][1:]]
    payload = await push(world, "cadre", (base, {"address": "水尾 3 号", "members": members}))
    assert payload == {"conflicts": [], "errors": []}
    now = await one_of(world)
    assert (now["address"], now["members"][0]["phone"]) == ("水尾 3 号", "13700001111")
    changed = {name for name in base if base[name] != now[name]}
    assert changed == {"address", "members", "revision", "updatedAt"}


async def test_a_document_without_nulls_is_the_same_document(world: World) -> None:
    """Most stores of phones have no nulls."""
    base = {name: value for name, value in (await one_of(world)).items() if value not in (None, [])}
    payload = await push(world, "cadre", (base, {"address": "水尾 4 号"}))
    assert payload == {"conflicts": [], "errors": []}


async def test_a_conflict_brings_the_three_values_and_the_document_as_it_stands(world: World) -> None:
    base = await one_of(world)
    await push(world, "township_officer", (base, {"address": "乡里写的"}))
    payload = await push(world, "cadre", (base, {"address": "干部写的", "phone": "13900002222"}))
    (error,) = payload["errors"]
    assert (error["__typename"], error["code"], error["path"]) == (
        "FieldConflict",
        "FIELD_CONFLICT",
        ["rows", "0", "newDocumentState", "address"],
    )
    (master,) = payload["conflicts"]
    assert (error["base"], error["yours"], error["current"]) == (base["address"], "干部写的", master["address"])
    assert master == await one_of(world)
    (kept, *_) = (await world.ask("cadre", KEPT))["submissions"]["nodes"]
    assert (kept["kind"], kept["outcome"], kept["visit"]) == ("HOUSEHOLD", "CONFLICT", None)
    assert kept["content"]["newDocumentState"]["phone"] == "13900002222"
    assert [(one["code"], one["path"]) for one in kept["errors"]] == [("FIELD_CONFLICT", ["input", "address"])]
    # Looked at, and sent again from what stands.
    assert (await push(world, "cadre", (master, {"address": "干部写的"})))["errors"] == []


async def test_edits_of_others_come_back_with_the_merge(world: World) -> None:
    base = await one_of(world)
    await push(world, "township_officer", (base, {"address": "乡里又写的"}))
    payload = await push(world, "cadre", (base, {"phone": "13900003333"}))
    assert payload["errors"] == []
    assert [(one["address"], one["phone"]) for one in payload["conflicts"]] == [("乡里又写的", "13900003333")]


async def test_a_lost_answer_is_made_good_by_sending_again(world: World) -> None:
    base = await one_of(world)
    first = await push(world, "cadre", (base, {"address": "重发"}))
    again = await push(world, "cadre", (base, {"address": "重发"}))
    assert (first["errors"], first["conflicts"]) == ([], [])
    assert again["errors"] == []
    assert [one["address"] for one in again["conflicts"]] == ["重发"]
    assert again["conflicts"][0]["revision"] == str(int(base["revision"]) + 1)


async def test_no_phone_deletes_a_family(world: World) -> None:
    base = await one_of(world)
    payload = await push(world, "cadre", (base, {"isDeleted": True}))
    assert [(one["code"], one["path"][3:]) for one in payload["errors"]] == [("DELETION_NOT_TAKEN", ["isDeleted"])]
    assert payload["conflicts"] == [base]


async def test_a_new_family_comes_back_with_what_the_server_filled_in(world: World) -> None:
    head = person("鄢新户")
    new = {"id": str(uuid.uuid4()), "villageCode": VILLAGE, "category": "LIFTED", "members": [head]}
    payload = await push(world, "village_officer", (None, new))
    assert payload["errors"] == []
    (record,) = payload["conflicts"]
    assert (record["id"], record["revision"], record["members"][0]["name"]) == (new["id"], "1", "鄢新户")
    assert record["code"].startswith(VILLAGE)
    again = await push(world, "village_officer", (None, {**new, "address": "别处"}))
    assert [error["code"] for error in again["errors"]] == ["ALREADY_ON_RECORD"]
    assert again["conflicts"] == [record]


async def test_a_push_of_nothing_is_done_at_once(world: World) -> None:
    assert await push(world, "cadre") == {"conflicts": [], "errors": []}


async def test_who_does_not_see_a_family_gets_a_tombstone_and_changes_nothing(world: World) -> None:
    base = await one_of(world)
    payload = await push(world, "other_county_officer", (base, {"address": "别县写的"}))
    assert [(one["code"], one["path"][3:]) for one in payload["errors"]] == [("NOT_FOUND", ["id"])]
    (tombstone,) = payload["conflicts"]
    assert {name: value for name, value in tombstone.items() if value not in (None, [])} == {
        "id": base["id"],
        "isDeleted": True,
    }
    assert await one_of(world) == base
    nodes = (await world.ask("cadre", KEPT))["submissions"]["nodes"]
    assert all(one["content"]["newDocumentState"].get("address") != "别县写的" for one in nodes)


async def test_rows_stand_or_fall_alone(world: World) -> None:
    homes = [await new_family(world, person(f"鄢{name}"), address="旧") for name in ("甲", "乙", "丙")]
    phone = await pulled(world, "village_officer")
    edits: list[dict[str, Any]] = [{"address": "新甲"}, {"monitoringStatus": "MONITORED"}, {"address": "新丙"}]
    payload = await push(world, "village_officer", *((phone[id], edit) for id, edit in zip(homes, edits, strict=True)))
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [
        ("FIELD_NOT_EDITABLE", ["rows", "1", "newDocumentState", "monitoringStatus"])
    ]
    assert [one["id"] for one in payload["conflicts"]] == [homes[1]]
    phone = await pulled(world, "village_officer")
    assert [phone[id]["address"] for id in homes] == ["新甲", "旧", "新丙"]


@pytest.mark.parametrize(
    ("persona", "count", "error"),
    [
        ("cadre", 201, ("BATCH_TOO_LARGE", ["rows"])),
        ("cadre", 2, ("ID_REPEATED", ["rows", "1", "newDocumentState", "id"])),
        ("auditor", 1, ("FORBIDDEN_ROLE", ["rows"])),
        ("anonymous", 1, ("SIGN_IN_REQUIRED", ["input"])),
    ],
)
async def test_a_refused_request_stores_nothing(world: World, persona: str, count: int, error: tuple[str, Any]) -> None:
    before = await world.sql.fetchval("SELECT count(*) FROM submission")
    id = str(uuid.uuid4())
    rows = [(None, {"id": str(uuid.uuid4()) if count > 2 else id}) for _ in range(count)]
    payload = await push(world, persona, *rows)
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [error]
    assert payload["conflicts"] == []
    assert await world.sql.fetchval("SELECT count(*) FROM submission") == before


async def test_a_field_that_no_document_has_is_a_fault_of_the_app(world: World) -> None:
    base = await one_of(world)
    rows = [{"newDocumentState": {**base, "colour": "red"}, "assumedMasterState": base}]
    body = await world.post("cadre", PUSH, {"rows": rows})
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_two_devices_at_once_leave_one_truth(world: World) -> None:
    base = await one_of(world)
    payloads = await asyncio.gather(
        *(push(world, "cadre", (base, {"address": f"门牌 {number}"})) for number in range(8)),
        push(world, "township_officer", (base, {"phone": "13600000000"})),
    )
    applied = [number for number, payload in enumerate(payloads[:8]) if payload["errors"] == []]
    assert len(applied) == 1
    assert payloads[8]["errors"] == []
    now = await one_of(world)
    assert (now["address"], now["phone"]) == (f"门牌 {applied[0]}", "13600000000")
