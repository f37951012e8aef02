"""The daily summary (日汇总): "each clue lands in the daily summary of its township (an immutable snapshot per day)".

Source: 实行“日汇总、周核实”制度 (Fujian 2020). The worker makes it after midnight; nobody can change it afterwards, so what
a township saw on a day is known for good, however late a phone sends what it saw at the door.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import CHINA

# A clue that was received at 23:59:59 may still be on its way into the table: no statement takes longer than this.
SETTLES_AFTER: Final = timedelta(minutes=5)
MOST_DAYS: Final = 31  # in one go, the oldest first; a worker that was away for longer is back at it the next minute

# A day after the last one that was summed up; on an empty table the day of the first clue.
_MISSING = text("""
SELECT day::date FROM generate_series(
  coalesce((SELECT max(day) + 1 FROM daily_summary), (SELECT min(began_on) FROM clue))::timestamp,
  CAST(:until AS date)::timestamp, interval '1 day') AS day
ORDER BY day LIMIT :most
""")

# What was so at 24:00 of the day, from the facts, and not from the state of the moment: run late it says the same. Of a
# clue with many witnesses the first one counts as its source.
_SUM_UP = text("""
WITH clues AS (
  SELECT left(c.region_code, 9) COLLATE "C" AS township, c.id, c.sign, c.began_on = :day AS is_new,
    (SELECT w.source FROM clue_witness w WHERE w.clue_id = c.id ORDER BY w.received_at, w.id LIMIT 1) AS source,
    CASE WHEN (c.settled_at AT TIME ZONE 'Asia/Shanghai')::date = :day THEN c.state END AS became,
    coalesce((c.settled_at AT TIME ZONE 'Asia/Shanghai')::date > :day, true) AS is_waiting,
    c.due_on <= :day AND coalesce((c.stopped_at AT TIME ZONE 'Asia/Shanghai')::date > :day, true) AS is_overdue
  FROM clue c
  WHERE c.began_on <= :day AND coalesce((c.settled_at AT TIME ZONE 'Asia/Shanghai')::date >= :day, true))
INSERT INTO daily_summary
  (region_code, day, made_at, raised, verified, dismissed, waiting, overdue, by_source, by_sign, clue_ids)
SELECT c.township, :day, :at, count(*) FILTER (WHERE c.is_new), count(*) FILTER (WHERE c.became = 'VERIFIED'),
  count(*) FILTER (WHERE c.became = 'DISMISSED'), count(*) FILTER (WHERE c.is_waiting),
  count(*) FILTER (WHERE c.is_waiting AND c.is_overdue),
  coalesce((SELECT jsonb_object_agg(s.source, s.n) FROM (
    SELECT n.source, count(*) AS n FROM clues n WHERE n.township = c.township AND n.is_new GROUP BY 1) s), '{}'),
  coalesce((SELECT jsonb_object_agg(s.sign, s.n) FROM (
    SELECT n.sign, count(*) AS n FROM clues n WHERE n.township = c.township AND n.is_new GROUP BY 1) s), '{}'),
  coalesce(array_agg(c.id ORDER BY c.id) FILTER (WHERE c.is_new), '{}')
FROM clues c GROUP BY c.township
ON CONFLICT DO NOTHING
""")


def last_day_over(at: datetime) -> date:
    """The last day in China that is over, and of which everything has arrived in the tables.

    >>> from datetime import UTC
    >>> last_day_over(datetime(2026, 3, 1, 16, 4, 59, tzinfo=UTC))  # 00:04:59 of the 2nd: the 1st is not settled yet
    datetime.date(2026, 2, 28)
    >>> last_day_over(datetime(2026, 3, 1, 16, 5, tzinfo=UTC))
    datetime.date(2026, 3, 1)
    """
    return (at - SETTLES_AFTER).astimezone(CHINA).date() - timedelta(days=1)


async def missing_days(db: AsyncSession, at: datetime) -> list[date]:
    """The days that are over and were not summed up yet, the oldest first, at most MOST_DAYS."""
    return list(await db.scalars(_MISSING, {"until": last_day_over(at), "most": MOST_DAYS}))


async def sum_up(db: AsyncSession, day: date, at: datetime) -> None:
    """The summaries of all townships that had anything that day. As the machine role; run again, it changes nothing."""
    await db.execute(_SUM_UP, {"day": day, "at": at})
