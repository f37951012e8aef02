"""Who may read the trace: auditors, of their region; officers, who looked at their families; and reading leaves a trace."""

from __future__ import annotations

import asyncpg
import pytest

from domain.demo.personas import account_id
from tests.world import World

FAMILY = "{ households(first: 1) { nodes { id } } }"
ENTRIES = """query($filter: AuditFilter) { auditEntries(first: 500, filter: $filter) { nodes {
  id action subjectKind subjectId regionCode householdCount purpose actorRoles actor { id name } detail } } }"""
LOG = """query($id: ID!) { household(id: $id) { accessLog { nodes {
  actorName organisationName actorRoles action kinds purpose } } } }"""


async def a_family(world: World, persona: str = "cadre") -> str:
    (family,) = (await world.ask(persona, FAMILY))["households"]["nodes"]
    return str(family["id"])


async def test_an_auditor_reads_what_was_done_in_the_region(world: World) -> None:
    await world.sql.execute("TRUNCATE audit_entry")
    family = await a_family(world)
    await world.ask("cadre", "query($id: ID!) { household(id: $id) { phone } }", {"id": family})
    (entry,) = (await world.ask("auditor", ENTRIES, {"filter": {"householdId": family}}))["auditEntries"]["nodes"]
    assert entry["action"] == "look"
    assert entry["actor"]["id"] == str(account_id("cadre"))
    assert (entry["householdCount"], entry["subjectId"], entry["actorRoles"]) == (1, family, ["HELPER"])
    assert entry["detail"] == {"kinds": ["PHONE"], "households": 1}

    own = {"actorId": str(account_id("auditor")), "actions": ["look"], "region": "35"}
    (read,) = (await world.ask("auditor", ENTRIES, {"filter": own}))["auditEntries"]["nodes"]
    assert (read["subjectKind"], read["regionCode"], read["detail"]["kinds"]) == ("trace", "35", ["TRACE"])


@pytest.mark.parametrize(
    "persona", ["county_officer", "province_officer", "cadre", "partner", "integrator", "administrator", "anonymous"]
)
async def test_nobody_else_reads_entries(world: World, persona: str) -> None:
    await world.ask("cadre", "{ households(first: 1) { nodes { phone } } }")
    assert (await world.ask(persona, ENTRIES))["auditEntries"]["nodes"] == []


async def test_an_auditor_sees_no_other_region_and_what_has_none_only_for_a_province(world: World) -> None:
    await world.sql.execute("TRUNCATE audit_entry")
    await world.ask("other_county_officer", "{ households(first: 1) { nodes { phone } } }")
    await world.sql.execute(
        "INSERT INTO audit_entry (at, actor_roles, action, subject_kind, detail) VALUES (now(), '{}', 'sign_in', 'account', '{}')"
    )
    actions = [one["action"] for one in (await world.ask("auditor", ENTRIES))["auditEntries"]["nodes"]]
    assert actions == ["sign_in"], "of another province nothing; what has no region is for a province's auditor"
    auditor = account_id("auditor")
    await world.sql.execute("UPDATE access_grant SET region_code = '350125' WHERE account_id = $1", auditor)
    try:
        seen = (await world.ask("auditor", ENTRIES))["auditEntries"]["nodes"]
        assert [one["action"] for one in seen] == []
    finally:
        await world.sql.execute("UPDATE access_grant SET region_code = '35' WHERE account_id = $1", auditor)


async def test_the_second_wall_alone_shows_auditors_their_region_and_others_nothing(world: World) -> None:
    await world.ask("cadre", "{ households(first: 1) { nodes { phone } } }")
    await world.ask("other_county_officer", "{ households(first: 1) { nodes { phone } } }")
    connection = await asyncpg.connect(str(world.settings.database_url), server_settings={"role": "ruhu_app"})
    for persona, sees in (("auditor", True), ("county_officer", False), ("administrator", False)):
        async with connection.transaction():
            await connection.execute(
                "SELECT set_config('ruhu.viewer_id', $1, true), set_config('ruhu.region_from', '0', true),"
                " set_config('ruhu.region_to', ':', true)",
                str(account_id(persona)),
            )
            regions = {
                row[0] for row in await connection.fetch("SELECT DISTINCT left(region_code, 2) FROM audit_entry")
            }
        assert ("35" in regions, "34" in regions) == (sees, False), persona
    await connection.close()


async def test_a_family_can_be_told_who_looked(world: World) -> None:
    family = await a_family(world)
    await world.sql.execute("TRUNCATE audit_entry")
    await world.ask("cadre", "query($id: ID!) { household(id: $id) { phone address } }", {"id": family})
    await world.ask("cadre", FAMILY)
    for officer in ("township_officer", "county_officer"):
        log = (await world.ask(officer, LOG, {"id": family}))["household"]["accessLog"]["nodes"]
        first = log[-1]
        assert (first["actorName"], first["action"]) == ("李桂芳", "look")
        assert (first["kinds"], first["actorRoles"]) == (["DWELLING", "PHONE"], ["HELPER"])
    assert [one["kinds"] for one in log] == [["TRACE"], ["DWELLING", "PHONE"]], "the township's own look at the log"


@pytest.mark.parametrize("persona", ["cadre", "partner", "integrator"])
async def test_who_does_not_answer_for_the_family_is_not_told_who_looked(world: World, persona: str) -> None:
    family = await a_family(world, persona)
    await world.ask("county_officer", "query($id: ID!) { household(id: $id) { phone } }", {"id": family})
    assert (await world.ask(persona, LOG, {"id": family}))["household"]["accessLog"]["nodes"] == []


async def test_the_log_of_a_family_elsewhere_says_nothing(world: World) -> None:
    family = await a_family(world, "other_county_officer")
    assert (await world.ask("county_officer", LOG, {"id": family}))["household"] is None
    connection = await asyncpg.connect(str(world.settings.database_url), server_settings={"role": "ruhu_app"})
    async with connection.transaction():
        await connection.execute("SELECT set_config('ruhu.viewer_id', $1, true)", str(account_id("county_officer")))
        asked = "SELECT count(*) FROM ruhu_access_log($1, '-infinity', 'infinity')"
        assert await connection.fetchval(asked, family) == 0
    await connection.close()
