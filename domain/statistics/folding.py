"""Folding deltas upward (统计汇总): the worker adds those of villages to the balances of the regions above them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.base.transactions import Sessions
from domain.statistics.models import VECTOR

AT_ONCE: Final = 20_000  # deltas a transaction
_FOLDER: Final = 0x72756875  # the advisory lock of whoever folds
_VECTOR: Final = ", ".join(VECTOR)

# Writers of deltas are never waited for, nor do they wait: what is still open is simply not there yet. That a delta is
# folded stands in the same transaction as the balances, so a worker that is killed leaves both or neither.
_FOLD: Final = f"""
WITH taken AS MATERIALIZED (
  UPDATE statistics_delta SET folded_at = :at
  WHERE id IN (SELECT id FROM statistics_delta WHERE folded_at IS NULL LIMIT :most) RETURNING *),
summed AS (
  SELECT digits, left(region_code, digits) AS region_code, span,
         date_trunc(unit, effective_on::timestamp)::date AS starts_on, {_VECTOR},
         sum(households) AS households, sum(persons) AS persons
  FROM taken, unnest(ARRAY[2, 4, 6, 9]) AS digits, (VALUES ('D', 'day'), ('M', 'month'), ('Y', 'year')) AS of(span, unit)
  GROUP BY 1, 2, 3, 4, {_VECTOR} HAVING sum(households) <> 0 OR sum(persons) <> 0),
folded AS (
  INSERT INTO statistics_balance AS b (digits, region_code, span, starts_on, {_VECTOR}, households, persons)
  SELECT * FROM summed
  ON CONFLICT (digits, region_code, span, starts_on, {_VECTOR})
  DO UPDATE SET households = b.households + EXCLUDED.households, persons = b.persons + EXCLUDED.persons)
SELECT count(*) FROM taken
"""  # noqa: S608 - names of our own


async def fold(sessions: Sessions, at: datetime, *, most: int = AT_ONCE) -> int:
    """Fold what is not folded yet, `most` deltas a transaction; answers how many. One folder at a time: another one finds
    nothing to do. Balances that have come to nothing stay as nothing: they are few, and come back."""
    folded = 0
    while True:
        async with sessions() as db, db.begin():
            count = await _fold(db, at, most)
        folded += count
        if count < most:
            return folded


async def _fold(db: AsyncSession, at: datetime, most: int) -> int:
    if not await db.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _FOLDER}):
        return 0
    return await db.scalar(text(_FOLD), {"at": at, "most": most}) or 0
