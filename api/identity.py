"""From a request's token to the viewer: verified once, remembered for a few seconds."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime
from typing import Final

import asyncpg

from api.tokens import Keys
from domain.access.queries import find_viewer
from domain.access.rules import ANONYMOUS, CHINA, Viewer

# How long a change of grants or a lock may take to be felt. Verifying a signature costs more than most queries.
REMEMBERED_SECONDS: Final = 5.0
REMEMBERED_TOKENS: Final = 10_000


class NotSignedIn(Exception):
    """The token is not ours, has expired, or its account is gone or disabled."""


class Identities:
    """Finds viewers by token."""

    def __init__(self, keys: Keys, pool: asyncpg.Pool, *, is_demo: bool) -> None:
        self.keys, self.pool, self.is_demo = keys, pool, is_demo
        self._known: OrderedDict[str, tuple[float, Viewer]] = OrderedDict()

    async def viewer(self, authorization: str | None, accept_language: str | None, now: datetime) -> Viewer:
        """The viewer behind the Authorization header; anonymous without one. Raises NotSignedIn."""
        language = preferred_language(accept_language)
        if authorization is None:
            return ANONYMOUS if language == ANONYMOUS.language else replace(ANONYMOUS, language=language)
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotSignedIn
        until, viewer = self._known.get(token, (0.0, ANONYMOUS))
        if until < time.monotonic():
            viewer = await self._look_up(token, now)
            self._known[token] = (time.monotonic() + REMEMBERED_SECONDS, viewer)
            self._known.move_to_end(token)
            if len(self._known) > REMEMBERED_TOKENS:
                self._known.popitem(last=False)
        return viewer if viewer.language == language else replace(viewer, language=language)

    async def _look_up(self, token: str, now: datetime) -> Viewer:
        account = self.keys.account_of(token)
        if account is None:
            raise NotSignedIn
        viewer = await find_viewer(self.pool, account, now.astimezone(CHINA).date(), "zh", is_demo=self.is_demo)
        if viewer is None:
            raise NotSignedIn
        return viewer


def preferred_language(accept_language: str | None) -> str:
    """`zh` or `en`, whichever the header names first; Chinese when it names neither.

    Quality values are not weighed: with two languages, every client writes the one it wants first.
    """
    for wanted in (accept_language or "").lower().split(","):
        language = wanted.strip()[:2]
        if language in ("zh", "en"):
            return language
    return "zh"
