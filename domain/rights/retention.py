"""What is forgotten when its time is over (到期清除): by the upkeep, once a day, in small transactions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import func, select

from domain.base.transactions import Sessions
from domain.rights.rules import Kept, periods

AT_ONCE: Final = 500  # rows, or blocks of the trace, in one transaction


async def forget(sessions: Sessions) -> Mapping[Kept, int]:
    """Forget what is older than its period, by the database's clock; answers how much of each.

    Broken off, the next round goes on.
    """
    forgotten = dict.fromkeys(Kept, 0)
    for kind, period in periods().items():
        while True:
            async with sessions() as db, db.begin():
                done = int(await db.scalar(select(func.ruhu_forget(kind.value, period.kept, AT_ONCE))) or 0)
            forgotten[kind] += done
            if done < AT_ONCE:
                break
    return forgotten
