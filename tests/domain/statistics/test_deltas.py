"""Whatever happens to families, and whenever it comes to be known: the deltas of any day add up to a recount."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.statistics.folding import fold
from domain.statistics.loading import restand
from tests import databases
from tests.domain.actors import app_sessions
from tests.domain.families.conftest import Town
from tests.domain.families.test_histories import History, events
from tests.domain.statistics.records import BEGIN, KINDS, Figures, Records

# --- through the actions of families -------------------------------------------------------------------------------------

# What these households' own rows say of a day, and what is kept of them.
OF_A_DAY = """
SELECT region_code, category, monitoring_status, sum(people) AS persons, count(*) AS households FROM (
  SELECT h.*, (SELECT count(*) FROM membership m WHERE m.household_id = h.id AND m.started_on <= $2
               AND (m.ended_on IS NULL OR $2 < m.ended_on)) AS people
  FROM household h WHERE h.id = ANY ($1) AND h.registered_on <= $2 AND (h.ended_on IS NULL OR $2 < h.ended_on)) AS there
GROUP BY 1, 2, 3
"""
# The sum of all deltas since an id, by village: no other family was touched meanwhile.
BY_DELTAS = """
SELECT region_code, category, monitoring_status, sum(persons) AS persons, sum(households) AS households
FROM statistics_delta WHERE id > $1 AND effective_on <= $2 AND recorded_at <= $3 GROUP BY 1, 2, 3 HAVING sum(households) <> 0
"""
NOW = "SELECT clock_timestamp()"


def as_figures(rows: list[asyncpg.Record]) -> Figures:
    return {tuple(row.values())[:-2]: (row["households"], row["persons"]) for row in rows}


@settings(max_examples=8, deadline=None, derandomize=True)
@given(story=events)
async def test_what_actions_do_to_families_is_what_figures_say_of_every_day_and_of_all_that_was_known(
    town: Town, story: list[tuple[str, int, int, int]]
) -> None:
    before = await town.sql.fetchval("SELECT coalesce(max(id), 0) FROM statistics_delta")
    history = History(town)
    await history.begin()
    known: list[tuple[datetime, date, Figures]] = []
    for event in story:
        await history.happen(event)
        rows = await town.sql.fetch(OF_A_DAY, history.ids, history.today)
        known.append((await town.sql.fetchval(NOW), history.today, as_figures(rows)))

    for then, day, expected in known:
        found = as_figures(await town.sql.fetch(BY_DELTAS, before, day, then))
        assert found == expected, (day, "as known then")
    assert await restand(town.sql, await town.sql.fetchval(NOW)) == 0, "nothing was forgotten"


# --- facts with a clock of our own ---------------------------------------------------------------------------------------

facts = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 3),  # the family
        st.integers(0, 3),  # what of it
        st.integers(0, 30),  # days until it is known
        st.integers(0, 60),  # days since it happened
    ),
    min_size=6,
    max_size=20,
)


SUMMED = """
SELECT region_code, category, monitoring_status, monitoring_category, step, grades, rosters,
       sum(households) AS households, sum(persons) AS persons
FROM statistics_delta WHERE effective_on <= $1 AND recorded_at <= $2 GROUP BY 1, 2, 3, 4, 5, 6, 7
HAVING sum(households) <> 0 OR sum(persons) <> 0
"""
# The same of provinces, by what is folded and what is not.
BALANCED = """
SELECT region_code, sum(households) AS households, sum(persons) AS persons FROM (
  SELECT region_code, households, persons FROM statistics_balance WHERE digits = 2
    AND CASE span WHEN 'Y' THEN starts_on < date_trunc('year', $1::date)
                  WHEN 'M' THEN starts_on >= date_trunc('year', $1::date) AND starts_on < date_trunc('month', $1::date)
                  ELSE starts_on BETWEEN date_trunc('month', $1::date) AND $1 END
  UNION ALL SELECT left(region_code, 2), households, persons FROM statistics_delta
  WHERE folded_at IS NULL AND effective_on <= $1) AS part
GROUP BY 1 HAVING sum(households) <> 0 OR sum(persons) <> 0
"""


@pytest.fixture(scope="module")
async def blank(template: str) -> AsyncIterator[asyncpg.Connection]:
    """A database with divisions, people who act, two rosters, and no family."""
    url = await databases.fresh_database("ruhu_figures", template)
    connection = await asyncpg.connect(url)
    await connection.execute("TRUNCATE household, roster, statistics_delta, statistics_balance CASCADE")
    # A family without a head is not what is tried here.
    await connection.execute("ALTER TABLE household DISABLE TRIGGER has_a_head")
    await connection.execute(
        "INSERT INTO roster (id, code, name_zh, name_en, region_code, started_on)"
        " SELECT gen_random_uuid(), code, code, code, '3501', '2020-01-01' FROM unnest(ARRAY['TEST_0', 'TEST_1']) AS code"
    )
    yield connection
    await connection.close()
    await databases.drop_database("ruhu_figures")


@settings(max_examples=25, deadline=None, derandomize=True)
@given(story=facts, folded=st.integers(0, 30))
async def test_deltas_are_a_recount_of_any_day_as_known_at_any_time(
    blank: asyncpg.Connection, story: list[tuple[str, int, int, int, int]], folded: int
) -> None:
    await blank.execute("TRUNCATE household, person, statistics_delta, statistics_balance CASCADE")
    records = Records(blank)
    await records.begin()
    days = [BEGIN + timedelta(days=n) for n in (-92, -70, -30, -1, 0, 1, 31, 60, 200, 340, 800)]
    known: list[tuple[datetime, date, Figures]] = []
    for number, fact in enumerate(story):
        await records.happen(fact)
        known += [(records.at, day, records.counted(day)) for day in {*days, records.today}]
        if number == folded:
            async with app_sessions(_url(blank), role="ruhu_machine") as sessions:
                await fold(sessions, records.at, most=3)

    latest = {(at, day): expected for at, day, expected in known}  # of two facts of one day, what was known at its end
    for (at, day), expected in latest.items():
        rows = await blank.fetch(SUMMED, day, at)
        found = {
            (*list(r.values())[:5], tuple(r["grades"]), tuple(r["rosters"])): (r["households"], r["persons"])
            for r in rows
        }
        assert found == expected, (day, at)
    for day in {*days, records.today}:
        provinces: dict[str, tuple[int, int]] = {}
        for key, (households, persons) in records.counted(day).items():
            one = provinces.get(key[0][:2], (0, 0))
            provinces[key[0][:2]] = (one[0] + households, one[1] + persons)
        rows = await blank.fetch(BALANCED, day)
        assert {r["region_code"]: (r["households"], r["persons"]) for r in rows} == provinces, day
    assert await restand(blank, records.at) == 0, "nothing was forgotten"


def _url(connection: asyncpg.Connection) -> str:
    return databases.named("ruhu_figures")
