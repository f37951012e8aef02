"""How much each client may ask in a while: a bucket of cost per account, or per address for those who are not signed in.

Buckets are this process's own: behind several processes a client has as many, and the limits of nginx stand before them.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLError

from domain.access.rules import Viewer
from schema.messages import message

EVERY_OPERATION: Final = 100  # the least that one costs: a request is work, whatever it asks
MOST_CLIENTS: Final = 20_000  # remembered; the one that has been quiet longest is forgotten first, with a full bucket


class Budgets:
    """Buckets that hold `per_minute` and fill up again within a minute."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic, most_sockets: int = 20) -> None:
        self.per_minute, self.clock, self.most_sockets = per_minute, clock, most_sockets
        self._sockets: Counter[Hashable] = Counter()
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def bill(self, viewer: Viewer, address: str | None) -> Bill:
        """What one operation is charged to."""
        return Bill(self, viewer.id or neighbourhood(address), viewer.language)

    @contextmanager
    def socket(self, viewer: Viewer, address: str | None) -> Iterator[bool]:
        """A place for one socket of this client, given back at the end; False: it has as many open as it may."""
        client = viewer.id or neighbourhood(address)
        if self._sockets[client] >= self.most_sockets:
            yield False
            return
        self._sockets[client] += 1
        try:
            yield True
        finally:
            self._sockets[client] -= 1
            if not self._sockets[client]:
                del self._sockets[client]

    def take(self, client: Hashable, cost: int) -> tuple[float, float]:
        """Takes the cost if it is there: (what is left, 0), or (what is left, seconds until there is enough)."""
        now = self.clock()
        left, then = self._left.get(client, (float(self.per_minute), now))
        left = min(float(self.per_minute), left + (now - then) * self.per_minute / 60)
        if cost > left:
            return left, (cost - left) * 60 / self.per_minute
        self._left[client] = (left - cost, now)
        self._left.move_to_end(client)
        if len(self._left) > MOST_CLIENTS:
            self._left.popitem(last=False)
        return left - cost, 0.0


@dataclass(slots=True)
class Bill:
    """One operation's: called with its cost before anything runs."""

    budgets: Budgets
    client: Hashable
    language: str
    left: int = 0

    def __call__(self, cost: int) -> None:
        """Raises GraphQLError (BUDGET_SPENT), whose extensions have `retryAfterSeconds`."""
        # What costs more than the whole bucket waits for a full one and then empties it.
        left, seconds = self.budgets.take(self.client, min(max(cost, EVERY_OPERATION), self.budgets.per_minute))
        self.left = math.floor(left)
        if seconds:
            wait = math.ceil(seconds)
            text = message("BUDGET_SPENT", self.language, {"seconds": wait})
            raise GraphQLError(text, extensions={"code": "BUDGET_SPENT", "retryAfterSeconds": wait})

    def told(self, cost: int) -> dict[str, Any]:
        """`extensions.cost` of an answer."""
        return {"cost": {"operation": cost, "left": self.left, "perMinute": self.budgets.per_minute}}


def neighbourhood(address: str | None) -> str:
    """An IPv4 address as it is; of an IPv6 address the 64 bits that one household or one machine has to itself."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
