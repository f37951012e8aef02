"""From a request's token to the viewer: verified once, remembered for a few seconds."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime
from typing import Final

import asyncpg

from api.tokens import Bearer, Keys
from domain.access.queries import find_viewer
from domain.access.rules import ANONYMOUS, CHINA, Viewer
from domain.signing_in.rules import narrowed

# How long a change of grants or a lock may take to be felt. Verifying a signature costs more than most queries.
REMEMBERED_SECONDS: Final = 5.0
REMEMBERED_TOKENS: Final = 10_000


class NotSignedIn(Exception):
    """The token is not ours, has expired, or its account is gone or disabled."""


class Identities:
    """Finds viewers by token."""

    def __init__(self, keys: Keys, pool: asyncpg.Pool, *, is_demo: bool) -> None:
        self.keys, self.pool, self.is_demo = keys, pool, is_demo
        self._known: OrderedDict[str, tuple[float, Viewer, str | None]] = OrderedDict()

    async def viewer(self, authorization: str | None, accept_language: str | None, now: datetime) -> Viewer:
        """The viewer behind the Authorization header; anonymous without one. Raises NotSignedIn."""
        language = preferred_language(accept_language)
        if authorization is None:
            # The public has a today, too: what is in force on it is asked for without an account.
            return replace(ANONYMOUS, language=language, today=now.astimezone(CHINA).date())
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotSignedIn
        until, viewer, _ = self._known.get(token, (0.0, ANONYMOUS, None))
        if until < time.monotonic():
            viewer, device_id = await self._look_up(token, now)
            self._known[token] = (time.monotonic() + REMEMBERED_SECONDS, viewer, device_id)
            self._known.move_to_end(token)
            if len(self._known) > REMEMBERED_TOKENS:
                self._known.popitem(last=False)
        return viewer if viewer.language == language else replace(viewer, language=language)

    def device_of(self, authorization: str | None) -> str | None:
        """The device of a token that viewer() has just found to be good; None for a program's, and without one."""
        known = self._known.get((authorization or "").partition(" ")[2])
        return None if known is None else known[2]

    async def _look_up(self, token: str, now: datetime) -> tuple[Viewer, str | None]:
        bearer = self.keys.read(token)
        if bearer is None or not await self._is_open(bearer, now):
            raise NotSignedIn
        today = now.astimezone(CHINA).date()
        viewer = await find_viewer(self.pool, bearer.account_id, today, "zh", is_demo=self.is_demo)
        if viewer is None:
            raise NotSignedIn
        return (narrowed(viewer, bearer.scopes) if bearer.client_id else viewer), bearer.device_id

    async def _is_open(self, bearer: Bearer, now: datetime) -> bool:
        """Whether what the token was given for still stands. Only the demo has tokens that stand alone."""
        if bearer.session_id is not None:
            session = (bearer.session_id, bearer.account_id, bearer.device_id, now)
            return bool(await self.pool.fetchval("SELECT ruhu_session_is_open($1, $2, $3, $4)", *session))
        if bearer.client_id is not None:
            client = (bearer.client_id, bearer.account_id, now)
            return bool(await self.pool.fetchval("SELECT ruhu_client_is_open($1, $2, $3)", *client))
        return self.is_demo


def preferred_language(accept_language: str | None) -> str:
    """`zh` or `en`, whichever the header names first; Chinese when it names neither.

    Quality values are not weighed: with two languages, every client writes the one it wants first.
    """
    for wanted in (accept_language or "").lower().split(","):
        language = wanted.strip()[:2]
        if language in ("zh", "en"):
            return language
    return "zh"
