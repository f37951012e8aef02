"""Who helps, as every persona may ask: names for all who are signed in, numbers for the few who need them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.schema.pairings_asked import account
from tests.sealed import opened
from tests.world import PERSONAS, World

SIGNED_IN = [persona for persona in PERSONAS if persona != "anonymous"]


async def helper(world: World, persona: str, id: str, fields: str) -> dict[str, Any]:
    found = await world.ask(persona, f"query($id: ID!) {{ helper(id: $id) {{ {fields} }} }}", {"id": id})
    answer: dict[str, Any] = found["helper"]
    return answer


async def names(
    world: World, persona: str, filter: dict[str, Any], field: str = "helpers", first: int = 500
) -> list[str]:
    of = "HelperFilter" if field == "helpers" else "OrganisationFilter"
    query = f"query($f: {of}, $n: Int!) {{ {field}(filter: $f, first: $n) {{ nodes {{ name }} }} }}"
    found = await world.ask(persona, query, {"f": filter, "n": first})
    return [node["name"] for node in found[field]["nodes"]]


@pytest.mark.parametrize("persona", SIGNED_IN)
async def test_whoever_is_signed_in_reads_the_names_of_who_helps(reading_world: World, persona: str) -> None:
    cadre, partner = await account(reading_world, "cadre"), await account(reading_world, "partner", "organisation_id")
    query = """query($helper: ID!, $organisation: ID!) {
      helper(id: $helper) { name kind { list code label } region { fullName } startedOn endedOn }
      organisation(id: $organisation) { name kind { label } } }"""
    found = await reading_world.ask(persona, query, {"helper": cadre, "organisation": partner})
    assert found["helper"] == {
        "name": "李桂芳",
        "kind": {"list": "helper_kind", "code": "CADRE", "label": "帮扶干部"},
        "region": {"fullName": "福建省福州市永泰县富泉乡"},
        "startedOn": "2018-03-01",
        "endedOn": None,
    }
    assert found["organisation"]["kind"] == {"label": "社会组织"}


async def test_without_an_account_nobody_helps(reading_world: World) -> None:
    cadre = await account(reading_world, "cadre")
    found = await reading_world.ask(
        "anonymous",
        "query($id: ID!) { helper(id: $id) { name } node(id: $id) { id }"
        " helpers { totalCount nodes { name } } organisations { nodes { name } } pairings { nodes { id } } }",
        {"id": cadre},
    )
    assert found == {
        "helper": None,
        "node": None,
        "helpers": {"totalCount": 0, "nodes": []},
        "organisations": {"nodes": []},
        "pairings": {"nodes": []},
    }


@pytest.mark.parametrize(
    ("persona", "knows", "reason"),
    [
        ("cadre", True, "it is her own"),
        ("township_officer", True, "she works in his township"),
        ("county_officer", True, "and in her county"),
        ("province_officer", True, "and in his province"),
        ("other_cadre", False, "a colleague"),
        ("village_officer", False, "an officer of one village, she works in the whole township"),
        ("other_county_officer", False, "an officer of elsewhere"),
        ("partner", False, "a partner"),
        ("auditor", False, "looks at the trace, not at people"),
        ("administrator", False, "runs the system"),
    ],
)
async def test_a_helpers_number_and_party_are_for_who_needs_them(
    reading_world: World, persona: str, knows: bool, reason: str
) -> None:
    cadre = await account(reading_world, "cadre")
    (known,) = await opened(reading_world.sql, "helper", "id = $1::uuid", cadre)
    phone = known["phone"]
    whole = {"phone": phone, "isPartyMember": known["is_party_member"]}
    masked = {"phone": f"{phone[:3]}****{phone[-4:]}", "isPartyMember": None}
    seen = await helper(reading_world, persona, cadre, "phone isPartyMember")
    assert seen == (whole if knows else masked), reason


async def test_an_organisations_number_is_for_itself_and_its_officers(reading_world: World) -> None:
    insured = await account(reading_world, "department", "organisation_id")
    query = "query($id: ID!) { organisation(id: $id) { phone } }"
    seen = {
        persona: (await reading_world.ask(persona, query, {"id": insured}))["organisation"]["phone"]
        for persona in ("department", "county_officer", "partner", "township_officer")
    }
    assert seen["department"] == seen["county_officer"]
    assert seen["partner"] == seen["township_officer"] == f"{seen['department'][:3]}****{seen['department'][-4:]}"


@pytest.mark.parametrize(
    ("reason", "filter", "found"),
    [
        ("by a part of the name", {"search": "桂芳"}, ["李桂芳"]),
        ("by one character of it", {"search": "芳"}, ["李桂芳"]),
        ("signs of SQL are only signs", {"search": "%"}, []),
        ("nor is this a wildcard", {"search": "李_芳"}, []),
        ("elsewhere", {"search": "李桂芳", "region": "3415"}, []),
        ("a code padded with zeros is fine", {"search": "李桂芳", "region": "350125000000"}, ["李桂芳"]),
        ("of one kind", {"region": "350125201", "kinds": ["TECHNICIAN", "TEACHER"]}, ["张学军", "谢丽琴"]),
        ("of a kind that there is not", {"kinds": ["MINISTER"]}, []),
        ("no longer helping", {"search": "李桂芳", "isActive": False}, []),
    ],
)
async def test_helpers_are_found(reading_world: World, reason: str, filter: dict[str, Any], found: list[str]) -> None:
    assert await names(reading_world, "other_county_officer", filter) == found, reason


async def test_organisations_are_found_with_their_people(reading_world: World) -> None:
    assert await names(reading_world, "cadre", {"kinds": ["SCHOOL"], "region": "350125"}, "organisations") == [
        "富泉乡演示小学"
    ]
    assert await names(reading_world, "cadre", {"search": "茶业"}, "organisations") == ["六安市演示茶业有限公司"]
    assert await names(reading_world, "cadre", {"search": "茶业", "isActive": False}, "organisations") == []
    team = await reading_world.ask(
        "partner",
        """{ organisations(filter: {kinds: ["RESIDENT_TEAM"]}) {
            nodes { id helpers { totalCount nodes { name organisation { name } } } } } }""",
    )
    (organisation,) = team["organisations"]["nodes"]
    assert organisation["helpers"]["totalCount"] == 2
    assert {node["name"] for node in organisation["helpers"]["nodes"]} == {"林国强", "谢文辉"}
    assert {node["organisation"]["name"] for node in organisation["helpers"]["nodes"]} == {"力星村驻村工作队"}
    assert sorted(await names(reading_world, "partner", {"organisationId": organisation["id"]})) == ["林国强", "谢文辉"]


async def test_the_load_is_what_is_open_within_the_viewers_scope(reading_world: World) -> None:
    cadre = await account(reading_world, "cadre")
    load = "SELECT count(*) FROM pairing WHERE helper_id = $1::uuid AND ended_on IS NULL AND region_code ^@ $2"
    for persona, region in (
        ("cadre", ""),
        ("township_officer", "350125201"),
        ("village_officer", "350125201205"),
        ("other_county_officer", "341503"),
    ):
        seen = await helper(reading_world, persona, cadre, "openPairingCount pairings { totalCount nodes { endedOn } }")
        expected = await reading_world.sql.fetchval(load, cadre, region)
        assert seen["openPairingCount"] == expected, persona
        assert sum(node["endedOn"] is None for node in seen["pairings"]["nodes"]) == expected, persona


async def test_a_helper_with_no_family_in_sight_is_listed_all_the_same(reading_world: World) -> None:
    cadre = await account(reading_world, "cadre")
    seen = await helper(reading_world, "other_county_officer", cadre, "name openPairingCount pairings { nodes { id } }")
    assert seen == {"name": "李桂芳", "openPairingCount": 0, "pairings": {"nodes": []}}


async def test_helpers_are_walked_page_by_page(reading_world: World) -> None:
    query = """query($after: String) { helpers(first: 4, after: $after) {
        totalCount nodes { id } pageInfo { hasNextPage endCursor } } }"""
    seen: list[str] = []
    after = None
    while True:
        page = (await reading_world.ask("auditor", query, {"after": after}))["helpers"]
        seen += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == len(set(seen)) == page["totalCount"]
    assert page["totalCount"] == await reading_world.sql.fetchval("SELECT count(*) FROM helper")
