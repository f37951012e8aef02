"""One action, one transaction: opened for a viewer, retried when PostgreSQL asks, closed with everything or nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from domain.base.errors import CONSTRAINTS, InvalidInput, Problem, TryAgain
from domain.base.sealing import Ring

Sessions = async_sessionmaker[AsyncSession]
T = TypeVar("T")

ATTEMPTS = 3
# Serialisation failure, deadlock, lock not available: the same action may well succeed on the next attempt.
WORTH_ANOTHER_ATTEMPT = frozenset({"40001", "40P01", "55P03"})
TOO_SLOW = "57014"  # stopped by statement_timeout


def sessions_on(engine: AsyncEngine, ring: Ring) -> Sessions:
    """Sessions on this engine, which carry the keys for what actions seal and open."""
    return async_sessionmaker(engine, expire_on_commit=False, info={"ring": ring})


def ring_of(db: AsyncSession) -> Ring:
    """The keys that come with a session."""
    ring: Ring = db.info["ring"]
    return ring


async def carry_out(
    sessions: Sessions,
    action: Callable[[AsyncSession], Awaitable[T]],
    *,
    set_viewer: TextClause,
    viewer: Mapping[str, str],
) -> T:
    """Run `action` in a transaction of its own, under the viewer's settings; commit when it returns.

    Actions are re-runnable: at most three attempts. A constraint that an action ran into becomes the DomainError that
    its name maps to (also at commit, where deferred ones speak); TryAgain when the last attempt failed too.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with sessions() as db, db.begin():
                await db.execute(text("SET LOCAL lock_timeout = '5s'"))
                await db.execute(set_viewer, viewer)
                return await action(db)
        except (NoConnectionFree, ConnectionError):  # nothing has begun
            raise TryAgain(Problem("BUSY")) from None
        # A family that was read, and handed over before it was written: row-level security hides it from the UPDATE,
        # which then touches nothing. The next attempt no longer finds it, and says so in the field's own words.
        except (DBAPIError, StaleDataError) as error:
            if isinstance(error, DBAPIError) and sqlstate(error) == TOO_SLOW:
                raise TryAgain(Problem("TOO_SLOW")) from None
            if isinstance(error, DBAPIError) and sqlstate(error) not in WORTH_ANOTHER_ATTEMPT:
                raise broken_rule(error) or error from None
            if attempt == ATTEMPTS:
                raise TryAgain(Problem("BUSY")) from None
    raise AssertionError("unreachable")


def sqlstate(error: DBAPIError) -> str:
    """PostgreSQL's five characters for what went wrong."""
    return str(getattr(error.orig, "sqlstate", ""))


def broken_rule(error: DBAPIError) -> InvalidInput | None:
    """The expected failure behind a named constraint; None for a surprise."""
    cause: Any = getattr(error.orig, "__cause__", None)
    code = CONSTRAINTS.get(getattr(cause, "constraint_name", None) or "")
    return None if code is None else InvalidInput(Problem(code))
