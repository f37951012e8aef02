"""The figures of domain.md §9, out of made-up families at full scale: Hebei's and Anhui's, as the sources tell them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from domain.base.bulk import bare
from domain.statistics.folding import fold
from domain.statistics.loading import restand
from tests import databases
from tests.domain.actors import app_sessions
from tests.world import World

JUNE = date(2020, 6, 30)
OFFICERS = {"13": "province_officer", "34": "county_officer"}  # whose grants are over these provinces here
TABLES = ("household", "person", "membership", "monitoring_case", "case_event")
# Made-up households of a province, spread over a thousand of its villages; the first {bigger} have one person more, the first
# {free} were found free of risk.
HOUSEHOLDS = """
CREATE TEMP TABLE made AS
SELECT n, ruhu_id('{province} {category} ' || n) AS id, ruhu_id('case {province} {category} ' || n) AS case_id, village.code,
       {size} + (n <= {bigger})::int AS size, n <= {free} AS is_free
FROM generate_series(1, {count}) AS n
JOIN (SELECT code, row_number() OVER (ORDER BY md5(code)) AS place FROM region
      WHERE code ^@ '{province}' AND level = 'VILLAGE') AS village ON village.place = n % 1000 + 1
"""
WRITTEN = (
    """
INSERT INTO household (id, code, region_code, category, monitoring_status, registered_on, created_at, updated_at)
SELECT id, 'made ' || id, code, CASE WHEN '{category}' = 'EDGE' THEN 'EDGE' ELSE 'LIFTED' END,
       CASE WHEN is_free THEN 'ELIMINATED_TRACKED' ELSE 'MONITORED' END, '2015-01-01', now(), now() FROM made
""",
    """
INSERT INTO person (id, household_id, region_code, name, is_head, relation_to_head, sex, ethnicity, born_on, education,
                    labour, joined_on)
SELECT ruhu_id(id || ' ' || k), id, code, '甲', k = 1, CASE WHEN k = 1 THEN 'HEAD' ELSE 'OTHER' END, 'MALE', 'HAN',
       '1970-01-01', 'PRIMARY', 'ORDINARY', '2015-01-01' FROM made, generate_series(1, size) AS k
""",
    """
INSERT INTO membership (id, person_id, household_id, region_code, started_on, start_reason)
SELECT gen_random_uuid(), ruhu_id(id || ' ' || k), id, code, '2015-01-01', 'REGISTERED'
FROM made, generate_series(1, size) AS k
""",
    """
INSERT INTO monitoring_case (id, household_id, region_code, category, causes, round, step, step_since, began_on,
                             round_began_on, due_on, opened_at, decided_at, monitored_on, eliminated_on, closed_on,
                             created_at, updated_at)
SELECT case_id, id, code, '{category}', '{{}}', CASE WHEN is_free THEN 'ELIMINATION' ELSE 'ADMISSION' END,
       CASE WHEN is_free THEN 'ELIMINATED' ELSE 'MONITORED' END, '{announced}', '{announced}', '{announced}', '{announced}',
       '{announced}', '{announced}', '{announced}',
       CASE WHEN is_free THEN date '{ended}' END, CASE WHEN is_free THEN date '{ended}' END, now(), now() FROM made
""",
    """
INSERT INTO case_event (id, case_id, household_id, region_code, round, event, from_step, to_step, happened_at, recorded_at,
                        revision, detail)
SELECT gen_random_uuid(), case_id, id, code, round, 'RESULT_ANNOUNCED', 'RESULT_ANNOUNCED', step, day, day, revision, '{{}}'
FROM made, (VALUES ('ADMISSION', 'MONITORED', timestamptz '{announced}', 1), ('ELIMINATION', 'ELIMINATED', '{ended}', 2))
  AS told(round, step, day, revision)
WHERE round = 'ADMISSION' OR is_free
""",
)
ASKED = """query($r: RegionCode!, $on: Date) { statistics(
  region: $r, groupBy: [MONITORING_CATEGORY, MONITORING_STATUS], on: $on
) { households persons groups { monitoringCategory { code label } monitoringStatus households persons } } }"""


async def write(sql: asyncpg.Connection, province: str, category: str, count: int, persons: int, free: int = 0) -> None:
    """So many households with so many people, monitored since March 2020; `free` of them found free of risk in May."""
    size, bigger = divmod(persons, count)
    given = {"province": province, "category": category, "count": count, "size": size, "bigger": bigger, "free": free}
    given |= {"announced": date(2020, 3, 10), "ended": date(2020, 5, 20)}
    for statement in (HOUSEHOLDS, *WRITTEN, "DROP TABLE made"):
        await sql.execute(statement.format(**given))


def as_told(found: Any) -> dict[tuple[str, str], tuple[int, int]]:
    return {
        (one["monitoringCategory"]["code"], one["monitoringStatus"]): (one["households"], one["persons"])
        for one in found["groups"]
        if one["monitoringCategory"]
    }


@pytest.fixture(scope="module")
async def provinces(template: str) -> AsyncIterator[World]:
    """Hebei's and Anhui's households of June 2020, loaded as the demo is, figures folded."""
    url = await databases.fresh_database("ruhu_sources", template)
    sql = await asyncpg.connect(url)
    # Of the demo's own families in these provinces nothing is to be counted.
    await sql.execute("TRUNCATE household, person, statistics_delta, statistics_balance CASCADE")
    async with sql.transaction():
        async with bare(sql, TABLES):
            await sql.execute("RESET ROLE")
            await write(sql, "13", "UNSTABLE_LIFTED", 17_000, 41_000)
            await write(sql, "13", "EDGE", 24_000, 55_000)
            await write(sql, "34", "EDGE", 61_279, 61_279, free=18_029)
        await restand(sql, datetime(2020, 3, 1, tzinfo=UTC))
    async with app_sessions(url, role="ruhu_machine") as sessions:
        await fold(sessions, datetime.now(UTC))
    for province, persona in OFFICERS.items():
        whose = "account_id = (SELECT id FROM account WHERE persona = $2)"
        await sql.execute(f"UPDATE access_grant SET region_code = $1 WHERE {whose}", province, persona)
    await sql.execute("ANALYZE")
    async with World.on(url) as world:
        yield world
    await sql.close()
    await databases.drop_database("ruhu_sources")


async def told(world: World, province: str, on: date) -> Any:
    """To the officer of that province."""
    return (await world.ask(OFFICERS[province], ASKED, {"r": province, "on": str(on)}))["statistics"]


async def test_hebeis_41_000_households_are_17_000_unstable_and_24_000_at_the_edge(provinces: World) -> None:
    """“截至今年6月，全省防贫监测对象共纳入4.1万户9.6万人，其中脱贫不稳定户1.7万户4.1万人，边缘易致贫户2.4万户5.5万人”"""
    found = await told(provinces, "13", JUNE)
    assert (found["households"], found["persons"]) == (41_000, 96_000)
    assert as_told(found) == {
        ("UNSTABLE_LIFTED", "MONITORED"): (17_000, 41_000),
        ("EDGE", "MONITORED"): (24_000, 55_000),
    }
    labels = {one["monitoringCategory"]["label"] for one in found["groups"]}
    assert labels == {"脱贫不稳定户", "边缘易致贫户"}


async def test_anhuis_61_279_edge_households_of_which_18_029_are_free_of_risk(provinces: World) -> None:
    """“安徽省识别边缘户61279户……已消除18029户边缘户致贫风险”"""
    found = await told(provinces, "34", JUNE)
    assert found["households"] == 61_279
    assert as_told(found) == {
        ("EDGE", "ELIMINATED_TRACKED"): (18_029, 18_029),
        ("EDGE", "MONITORED"): (61_279 - 18_029, 61_279 - 18_029),
    }


async def test_before_the_announcement_nobody_is_monitored_and_before_may_nobody_free(provinces: World) -> None:
    assert as_told(await told(provinces, "34", date(2020, 3, 9))) == {}
    assert as_told(await told(provinces, "34", date(2020, 5, 19))) == {("EDGE", "MONITORED"): (61_279, 61_279)}
