"""Figures as everybody asks for them: whatever is grouped by, on any day, what a recount finds; folded or not."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.access.rules import CHINA
from domain.demo.settlements import BELOW_8400, KEY_RISK
from domain.statistics.folding import fold
from domain.statistics.rules import DIGITS, StatisticsDimension
from tests.domain.actors import app_sessions
from tests.world import World

ASKED = """query($r: RegionCode!, $by: [StatisticsDimension!]!, $on: Date, $then: DateTime, $lists: [String!]) {
  statistics(region: $r, groupBy: $by, on: $on, knownAt: $then, rosters: $lists) {
    isExact households persons
    groups { regionCode category { code } cause { code } monitoringStatus roster households persons }
  }
}"""
# The families and people of a day, from what is written down of them: (region, category, cause, status, rosters, people).
WRITTEN = """
SELECT h.region_code, h.category, coalesce(h.causes[1], '') AS cause,
       CASE WHEN NOT EXISTS (SELECT FROM case_event e WHERE e.household_id = h.id) THEN h.monitoring_status
            WHEN last.to_step = 'ELIMINATED' THEN 'ELIMINATED_TRACKED'
            WHEN last.to_step = 'MONITORED' OR last.round = 'ELIMINATION' THEN 'MONITORED'
            WHEN last.to_step IS NULL OR last.to_step IN ('REJECTED', 'REGISTERED_POOR', 'CLOSED') THEN 'NEVER'
            ELSE 'IN_PROCEDURE' END AS monitoring_status,
       ARRAY(SELECT r.code FROM roster_entry e JOIN roster r ON r.id = e.roster_id WHERE e.household_id = h.id
             AND e.started_on <= $2 AND (e.ended_on IS NULL OR $2 < e.ended_on)) AS rosters,
       (SELECT count(*) FROM membership m WHERE m.household_id = h.id AND m.started_on <= $2
        AND (m.ended_on IS NULL OR $2 < m.ended_on)) AS people
FROM household h LEFT JOIN LATERAL (
  SELECT e.to_step, e.round FROM case_event e
  WHERE e.household_id = h.id AND (e.happened_at AT TIME ZONE 'Asia/Shanghai')::date <= $2
  ORDER BY e.recorded_at DESC, e.revision DESC LIMIT 1) AS last ON true
WHERE h.region_code ^@ $1 AND h.registered_on <= $2 AND (h.ended_on IS NULL OR $2 < h.ended_on)
"""
TODAY = datetime.now(UTC).astimezone(CHINA).date()
DAYS = (TODAY, TODAY - timedelta(days=45), date(2020, 6, 1), date(2020, 5, 31), date(2014, 3, 3), date(2010, 1, 1))
PLAIN = {"CATEGORY": "category", "CAUSE": "cause", "MONITORING_STATUS": "monitoring_status"}


async def figures(world: World, persona: str, region: str, *by: str, **given: Any) -> Any:
    variables = {"r": region, "by": list(by), **given}
    return (await world.ask(persona, ASKED, variables))["statistics"]


async def recounted(
    world: World, region: str, by: tuple[str, ...], day: date
) -> dict[tuple[str, ...], tuple[int, int]]:
    households: Counter[tuple[str, ...]] = Counter()
    people: Counter[tuple[str, ...]] = Counter()
    digits = max([len(region), *(DIGITS[StatisticsDimension(one)] for one in by if one in DIGITS)])
    for row in await world.sql.fetch(WRITTEN, region, day):
        values = [row[PLAIN[one]] if one in by else "" for one in PLAIN]
        for roster in (row["rosters"] or [""]) if "ROSTER" in by else [""]:
            key = (row["region_code"][:digits], *values, roster)
            households[key] += 1
            people[key] += row["people"]
    return {key: (households[key], people[key]) for key in households}


def as_counts(found: Any) -> dict[tuple[str, ...], tuple[int, int]]:
    counts = {}
    for one in found["groups"]:
        words = [one[name]["code"] if one[name] else "" for name in ("category", "cause")]
        key = (one["regionCode"], *words, one["monitoringStatus"] or "", one["roster"] or "")
        counts[key] = (one["households"], one["persons"])
    return counts


QUESTIONS: list[tuple[str, str, tuple[str, ...]]] = [
    ("province_officer", "35", ("PREFECTURE", "CATEGORY")),
    ("province_officer", "35", ("COUNTY", "MONITORING_STATUS", "CAUSE")),
    ("county_officer", "350125", ("CATEGORY", "CAUSE", "MONITORING_STATUS", "ROSTER")),
    ("county_officer", "350125", ("VILLAGE", "ROSTER")),
    ("county_officer", "350125", ("TOWNSHIP",)),
    ("township_officer", "350125201", ("VILLAGE", "CATEGORY")),
    ("village_officer", "350125201205", ("CAUSE",)),
]


@pytest.fixture(scope="module", params=["unfolded", "half folded", "folded"])
async def counting(request: pytest.FixtureRequest, world: World) -> World:
    """The same figures, wherever the worker is. The three come in this order."""
    if request.param != "unfolded":
        url = world.settings.database_url
        assert url is not None
        await world.sql.execute("UPDATE statistics_delta SET folded_at = NULL")
        await world.sql.execute("TRUNCATE statistics_balance")
        async with app_sessions(url, role="ruhu_machine") as sessions:
            if request.param == "half folded":
                await world.sql.execute("UPDATE statistics_delta SET folded_at = now() WHERE id % 2 = 0")
                await world.sql.execute(
                    "CREATE TEMP TABLE later AS SELECT id FROM statistics_delta WHERE folded_at IS NOT NULL"
                )
                await fold(sessions, datetime.now(UTC), most=7)
                await world.sql.execute(
                    "UPDATE statistics_delta SET folded_at = NULL WHERE id IN (SELECT id FROM later)"
                )
            else:
                assert await fold(sessions, datetime.now(UTC)) > 500
                assert await fold(sessions, datetime.now(UTC)) == 0
    return world


@pytest.mark.parametrize(("persona", "region", "by"), QUESTIONS)
async def test_figures_of_any_day_are_what_a_recount_finds(
    counting: World, persona: str, region: str, by: tuple[str, ...]
) -> None:
    for day in DAYS:
        found = await figures(counting, persona, region, *by, on=str(day))
        assert found["isExact"]
        assert as_counts(found) == await recounted(counting, region, by, day), day
        rows = await counting.sql.fetch(WRITTEN, region, day)
        assert (found["households"], found["persons"]) == (len(rows), sum(row["people"] for row in rows))
    assert found["households"] == 0, "nobody was on record in 2010"


async def test_fuzhous_two_lists_overlap_and_households_count_once(counting: World) -> None:
    """133 households with 443 people and 60 with 218 are not said to be disjoint: together they are 152 with 514."""
    found = await figures(counting, "province_officer", "3501", "ROSTER", lists=[KEY_RISK, BELOW_8400])
    lists = {one["roster"]: (one["households"], one["persons"]) for one in found["groups"]}
    assert lists == {KEY_RISK: (133, 443), BELOW_8400: (60, 218)}
    assert (found["households"], found["persons"]) == (152, 514)


async def test_what_was_not_known_yet_does_not_count(counting: World) -> None:
    long_ago = await figures(counting, "county_officer", "350125", then="2020-01-01T00:00:00+08:00")
    assert (long_ago["households"], long_ago["persons"]) == (0, 0)
    now = await figures(counting, "county_officer", "350125", then=datetime.now(UTC).isoformat())
    assert now["households"] > 0
    assert now == await figures(counting, "county_officer", "350125")
