"""5,246 leading enterprises and the like had benefit links with 36,085 poor households of Fujian (S1): at that scale.

The families are made up, one statement each for what a province would have by its registers: enterprises, pairings, links,
deliveries. Read over HTTP, in one statement, and by plans that do not go from link to link.
"""

from __future__ import annotations

import pytest

from tests.counting import sent as sent
from tests.plans import explain
from tests.scenarios.viewers import viewer_of
from tests.schema.pairings_asked import TODAY
from tests.world import World

ENTERPRISES, FAMILIES = 5246, 36_085
DEMO_ENTERPRISES, DEMO_FAMILIES = 1, 6  # of Fujian, holding today

# Without triggers: nobody's phone is to hear of them. Every tenth family has a second enterprise: N:M.
MADE = f"""
SET session_replication_role = replica;
CREATE TEMP TABLE new_enterprise AS
  SELECT gen_random_uuid() AS id, n FROM generate_series(0, {ENTERPRISES - DEMO_ENTERPRISES - 1}) AS n;
INSERT INTO organisation (id, name, kind, region_code, started_on)
  SELECT id, '福建演示企业' || n, 'LEADING_ENTERPRISE', '35', '2018-01-01' FROM new_enterprise;
CREATE TEMP TABLE new_family AS
  SELECT gen_random_uuid() AS id, v.region_code, n FROM generate_series(0, {FAMILIES - DEMO_FAMILIES - 1}) AS n
  JOIN (SELECT region_code, row_number() OVER (ORDER BY md5(region_code)) - 1 AS place FROM village
        WHERE region_code LIKE '35%' LIMIT 2000) AS v ON v.place = n % 2000;
INSERT INTO household (id, code, region_code, category, causes, registered_on, created_at, updated_at)
  SELECT id, region_code || '-9' || lpad(n::text, 6, '0'), region_code, 'LIFTED', '{{LACK_OF_SKILLS}}', '2016-01-01', now(), now()
  FROM new_family;
CREATE TEMP TABLE new_link AS
  SELECT gen_random_uuid() AS pairing_id, gen_random_uuid() AS id, f.id AS household_id, f.region_code, e.id AS organisation_id,
         f.n, round
  FROM new_family f CROSS JOIN (VALUES (0), (1)) AS turn(round)
  JOIN new_enterprise e ON e.n = (f.n + 7 * round) % {ENTERPRISES - DEMO_ENTERPRISES}
  WHERE round = 0 OR f.n % 10 = 0;
INSERT INTO pairing (id, role, region_code, organisation_id, household_id, started_on, mode, created_at)
  SELECT pairing_id, 'BENEFIT_LINK', region_code, organisation_id, household_id, '2019-07-01', 'EMPLOYMENT', now() FROM new_link;
INSERT INTO household_access (pairing_id, party_id, household_id, region_code)
  SELECT pairing_id, organisation_id, household_id, region_code FROM new_link;
INSERT INTO benefit_link (id, pairing_id, household_id, organisation_id, region_code, kind, promised_fen, period_months,
                          started_on, recorded_at)
  SELECT id, pairing_id, household_id, organisation_id, region_code,
         (ARRAY['LAND_OPERATION_TRANSFER', 'EMPLOYMENT', 'SALES_AGENCY'])[n % 3 + 1], 100000, 12, '2024-01-01', now()
  FROM new_link;
INSERT INTO benefit_delivery (id, link_id, household_id, organisation_id, region_code, period, delivered_on, amount_fen,
                              evidence, recorded_at)
  SELECT gen_random_uuid(), id, household_id, organisation_id, region_code, year::text, make_date(year, 12, 1),
         CASE WHEN n % 5 = 0 THEN 90000 ELSE 100000 END, '银行回单', now()
  FROM new_link, (VALUES (2024), (2025)) AS paid(year);
RESET session_replication_role;
ANALYZE household, organisation, pairing, household_access, benefit_link, benefit_delivery;
"""
SUMMARY = """query($r: RegionCode!, $on: Date) { benefitSummary(region: $r, on: $on) {
  totals { organisations households links } kinds { kind { code } links organisations households due delivered behind } } }"""
LIST = """query($r: RegionCode, $after: String) { benefitLinks(filter: {region: $r, isOpen: true}, first: 50, after: $after) {
  nodes { id due delivered household { code } organisation { name } } pageInfo { hasNextPage endCursor } } }"""
COVERAGE = """query($r: RegionCode!) { pairingCoverage(region: $r) { totals { subject category { code } total paired }
  divisions { region { code } households } } }"""


@pytest.fixture(scope="module")
async def linked(world: World) -> World:
    await world.sql.execute(MADE)
    return world


async def test_the_province_counts_them_in_one_statement(linked: World, sent: list[str]) -> None:
    found = (await linked.ask("province_officer", SUMMARY, {"r": "35", "on": None}))["benefitSummary"]
    assert len(sent) == 1
    assert (found["totals"]["organisations"], found["totals"]["households"]) == (ENTERPRISES, FAMILIES)
    assert found["totals"]["links"] > FAMILIES, "every tenth family has a second enterprise"
    theirs = {one["kind"]["code"]: one for one in found["kinds"]}
    assert {"LAND_OPERATION_TRANSFER", "EMPLOYMENT", "SALES_AGENCY"} <= set(theirs)
    work = theirs["EMPLOYMENT"]
    exact = await linked.sql.fetchrow(
        "SELECT count(*) AS links, sum(fen) AS fen, count(*) FILTER (WHERE fen < 200000) AS behind FROM (SELECT l.id,"
        " sum(d.amount_fen) AS fen FROM benefit_link l JOIN benefit_delivery d ON d.link_id = l.id"
        " WHERE l.kind = 'EMPLOYMENT' AND l.region_code LIKE '35%' GROUP BY 1) AS t"
    )
    assert (work["links"], work["behind"]) == (exact["links"], exact["behind"])
    assert work["delivered"] == f"{exact['fen'] / 100:.2f}"
    assert work["due"] == f"{exact['links'] * 2000}.00", "two years are over"


async def test_a_page_of_them_walks_the_index(linked: World) -> None:
    officer = await viewer_of(linked, "province_officer")
    plan = await explain(linked.settings.database_url, LIST, {"r": "35"}, officer)
    assert "ix_benefit_link_region_code" in plan, plan
    assert "Seq Scan on benefit_link" not in plan, plan
    assert "Seq Scan on benefit_delivery" not in plan, plan


async def test_what_is_summed_is_walked_once_by_indexes(linked: World, sent: list[str]) -> None:
    """At most once per link or household, however the planner was told to guess."""
    officer = await viewer_of(linked, "province_officer")
    plan = await explain(linked.settings.database_url, SUMMARY, {"r": "35", "on": str(TODAY)}, officer)
    assert "ix_benefit_delivery_link_id" in plan, plan
    assert most_loops(plan) < 1.5 * FAMILIES, plan
    found = (await linked.ask("province_officer", COVERAGE, {"r": "35"}))["pairingCoverage"]
    assert len(sent) == 1
    lifted = [one for one in found["totals"] if one["category"] == {"code": "LIFTED"}]
    assert sum(one["paired"] for one in lifted) >= FAMILIES - DEMO_FAMILIES
    plan = await explain(linked.settings.database_url, COVERAGE, {"r": "35"}, officer)
    assert "ix_pairing_household_id" in plan, plan
    assert most_loops(plan) < 1.5 * FAMILIES, plan


async def test_an_enterprise_sees_its_own_and_nobody_elses(linked: World) -> None:
    found = (await linked.ask("other_partner", SUMMARY, {"r": "34", "on": None}))["benefitSummary"]
    assert found["totals"]["organisations"] == 1
    assert (await linked.ask("partner", SUMMARY, {"r": "35", "on": None}))["benefitSummary"]["totals"]["links"] == 0


def most_loops(plan: str) -> int:
    """How often the step that ran most often was begun."""
    return max((int(part.split(")")[0]) for part in plan.split("loops=")[1:]), default=0)
