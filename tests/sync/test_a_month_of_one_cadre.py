"""How much a cadre's phone must fetch: 60 families with 250 people and 700 visits, over a village's network."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.sync.phones import HOUSEHOLDS, VISITS
from tests.world import World

FAMILIES, PEOPLE, VISITS_MADE = 60, 250, 700
MOST_REQUESTS, MOST_BYTES = 3, 150 * 1024

# Sixty families of the demo, as large as they come, and the rest of the 250 people as further members.
GIVE_FAMILIES = """
WITH mine AS (
  SELECT h.id, h.region_code FROM household h WHERE h.ended_on IS NULL AND h.region_code ^@ '350125'
    AND NOT EXISTS (SELECT FROM household_access x WHERE x.household_id = h.id AND x.party_id = $1)
  ORDER BY (SELECT count(*) FROM person p WHERE p.household_id = h.id) DESC, h.id
  LIMIT $2 - (SELECT count(DISTINCT household_id) FROM household_access WHERE party_id = $1)
), paired AS (
  INSERT INTO pairing (id, role, region_code, helper_id, household_id, started_on, created_at)
  SELECT gen_random_uuid(), 'KEY_HELP', region_code, $1, id, current_date - 60, now() FROM mine
  RETURNING id, household_id, region_code
)
INSERT INTO household_access (pairing_id, party_id, household_id, region_code)
SELECT id, $1, household_id, region_code FROM paired
"""
ADD_PEOPLE = """
INSERT INTO person SELECT (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid(), 'is_head', false,
  'relation_to_head', 'SON', 'id_number', null, 'disability_certificate', null))).*
FROM person p WHERE p.is_head AND p.household_id IN (SELECT household_id FROM household_access WHERE party_id = $1)
ORDER BY p.id LIMIT greatest($2, 0)
"""
# What a visit holds is what the demo's visits hold; each in its own words, or the compression would be a lie.
MAKE_VISITS = """
WITH mine AS (SELECT DISTINCT household_id, region_code FROM household_access WHERE party_id = $1),
told AS (SELECT v AS whole, v.id FROM visit v WHERE v.superseded_by_id IS NULL AND v.supersedes_id IS NULL LIMIT 200)
INSERT INTO visit SELECT (jsonb_populate_record(v.whole, jsonb_build_object('id', gen_random_uuid(),
  'household_id', m.household_id, 'region_code', m.region_code, 'helper_id', $1::uuid, 'recorded_by_id', $2::uuid,
  'occurred_at', now() - n * interval '61 minutes', 'captured_at', now() - n * interval '59 minutes',
  'received_at', now() - n * interval '53 minutes', 'distance_to_dwelling_metres', round((random() * 80)::numeric, 1),
  'note', md5(n::text)))).*
FROM generate_series(1, $3::int) n
JOIN LATERAL (SELECT * FROM mine ORDER BY md5(household_id::text || n) LIMIT 1) m ON true
JOIN LATERAL (SELECT * FROM told ORDER BY md5(id::text || n) LIMIT 1) v ON true
"""


@dataclass
class Fetched:
    """What went over the network."""

    requests: int = 0
    sent: int = 0
    ids: set[str] = field(default_factory=set)


async def fetch(world: World, query: str, limit: int, into: Fetched) -> list[dict[str, object]]:
    documents: list[dict[str, object]] = []
    cursor, has_more = None, True
    while has_more:
        variables = {"limit": limit, "since": cursor}
        answer = await world.client.post(
            "/graphql", json={"query": query, "variables": variables}, headers=world.headers("other_cadre")
        )
        assert answer.headers["content-encoding"] in ("gzip", "zstd")
        into.requests, into.sent = into.requests + 1, into.sent + int(answer.headers["content-length"])
        (page,) = json.loads(answer.content)["data"].values()
        documents += page["documents"]
        cursor, has_more = page["checkpoint"], page["hasMore"]
    return documents


async def test_a_month_of_one_cadre_is_three_requests_and_150_kilobytes(world: World) -> None:
    account = await world.sql.fetchrow("SELECT id, helper_id FROM account WHERE persona = 'other_cadre'")
    assert account is not None
    helper = account["helper_id"]
    await world.sql.execute(GIVE_FAMILIES, helper, FAMILIES)
    count = "SELECT count(*) FROM person WHERE household_id IN (SELECT household_id FROM household_access WHERE party_id = $1)"
    await world.sql.execute(ADD_PEOPLE, helper, PEOPLE - await world.sql.fetchval(count, helper))
    there = (
        "SELECT count(*) FROM visit WHERE recorded_by_id = $2 OR household_id IN"
        " (SELECT household_id FROM household_access WHERE party_id = $1)"
    )
    standing = await world.sql.fetchval(there, helper, account["id"])
    await world.sql.execute(MAKE_VISITS, helper, account["id"], VISITS_MADE - standing)

    fetched = Fetched()
    households = await fetch(world, HOUSEHOLDS, 1000, fetched)
    visits = await fetch(world, VISITS, 1000, fetched)

    people = sum(len(household["members"]) for household in households)  # type: ignore[arg-type]
    assert (len(households), len(visits)) == (FAMILIES, VISITS_MADE)
    assert people >= PEOPLE
    assert fetched.requests <= MOST_REQUESTS
    assert fetched.sent <= MOST_BYTES, f"{fetched.sent / 1024:.0f} KB"
