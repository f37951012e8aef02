"""A phone: what a person does with it, network or not, and the one `sync()` that settles everything with the server."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mobile_contract.client.pulling import HOUSEHOLDS, VISITS, Stream, pull
from mobile_contract.client.pushing import VISITS_AT_ONCE, push_edits, push_visits
from mobile_contract.client.store import Document, Item, Store
from mobile_contract.client.wire import NotUnderstood, Server

LEVEL = 1  # of the contract that this app was written for: mobile_contract/CHANGES.md
AGAIN_DAYS = 30  # how long an acknowledged item is sent again to a server that may have lost it
ROUNDS = 3


@dataclass(slots=True)
class Synced:
    """What one sync did. Counts of items by their new state; of documents by stream."""

    pushed: Counter[str] = field(default_factory=Counter)
    pulled: Counter[str] = field(default_factory=Counter)
    dropped: int = 0
    sent_again: int = 0


class Phone:
    """One person's phone. `clock` is the phone's own, with its offset, right or wrong."""

    def __init__(self, store: Store, server: Server, clock: Callable[[], datetime]) -> None:
        self.store, self.server, self.clock = store, server, clock

    # --- without a network -------------------------------------------------------------------------------------------

    def households(self) -> dict[str, Document]:
        """The families as their person sees them: what the server sent, and over it what was typed here since."""
        seen = self.store.documents(HOUSEHOLDS.name)
        for item in self.store.unseen_edits():
            if item.id in seen:
                seen[item.id] |= _typed(item)
        return seen

    def household(self, id: str) -> Document:
        """One family. KeyError when it is not on this phone."""
        document = self.store.document(HOUSEHOLDS.name, id)
        if document is None:
            raise KeyError(id)
        for item in self.store.unseen_edits():
            if item.id == id:
                document |= _typed(item)
        return document

    def visits(self) -> dict[str, Document]:
        """The visits that the server has; what it has not settled yet stands in `outbox()`."""
        return self.store.documents(VISITS.name)

    def outbox(self, *states: str) -> list[Item]:
        """What was typed here, with what became of it. Refused ones and conflicts are for a person to look at."""
        return self.store.items(None, states)

    def visit(self, content: Mapping[str, Any]) -> str:
        """Write down a visit: the fields of VisitInput, of which an id and the clocks are put in here. Its id."""
        now = self.stamp()
        visit = {"id": str(uuid.uuid4()), "occurredAt": now, "capturedAt": now} | dict(content)
        with self.store.transaction():
            self.store.type("VISIT", visit["id"], visit, self.clock())
        return str(visit["id"])

    def edit(self, household_id: str, changes: Mapping[str, Any]) -> int:
        """Change fields of a family as its person sees it now; that is the base by which the server merges."""
        # The server knows a repeated edit by its content, and who changes a thing to and fro types the same content
        # twice. The moment of typing, alike in both documents and so no edit itself, keeps the two apart.
        base = self.household(household_id) | {"updatedAt": self.clock().isoformat()}
        row = {"assumedMasterState": base, "newDocumentState": base | dict(changes)}
        with self.store.transaction():
            return self.store.type("HOUSEHOLD", household_id, row, self.clock())

    def mend(self, item: Item, content: Mapping[str, Any]) -> None:
        """Put right what was refused. It goes out again as the same item: a visit keeps its id."""
        if item.state not in ("refused", "conflict"):
            raise ValueError(f"only what was refused can be mended, and this is {item.state}")
        with self.store.transaction():
            self.store.retype(item.position, content)

    def stamp(self) -> str:
        """Now, for a visit: the phone's clock; a phone that is known to be ahead steps back, as the future is refused.

        One that is behind stays behind: a visit may not be later than `sentAt`, and the server notes the skew.
        """
        ahead = max(0.0, self.store.recall("skew seconds", 0.0))
        return (self.clock() - timedelta(seconds=ahead)).isoformat()

    # --- with a network ----------------------------------------------------------------------------------------------

    async def sync(self) -> Synced:
        """Push, then pull, until both are at rest. Raises Unreachable when the network gives up, and can be called again;
        NotUnderstood when the server wants another app or another person.

        Whatever happens in between, nothing typed is lost: an item's state changes only by the server's answer to it.
        """
        done = Synced()
        at_once = await self._greet()
        await self._refresh_lists()
        for _ in range(ROUNDS):
            done.pushed += await push_visits(self.server, self.store, self.clock, at_once)
            done.pushed += await push_edits(self.server, self.store, self.clock)
            again = 0
            for stream in (HOUSEHOLDS, VISITS):
                pulled = await pull(self.server, self.store, stream)
                done.pulled[stream.name] += pulled.documents
                done.dropped += pulled.dropped
                again += self._send_again(stream)
            done.sent_again += again
            if not again:
                break
        return done

    def _send_again(self, stream: Stream) -> int:
        """After a whole pull: what the server acknowledged must be in it, or the server has lost it since.

        A reset may mean that it was restored from yesterday's copy: then everything of the last weeks is offered again.
        What it still has, it answers as REPLAYED.
        """
        since = self.clock() - timedelta(days=AGAIN_DAYS)
        was_reset = f"{stream.name} were reset"
        with self.store.transaction():
            again = self.store.send_again(stream.kind, since, seen_too=self.store.recall(was_reset, False))
            self.store.remember(was_reset, False)
        return again

    async def _greet(self) -> int:
        """Learn how wrong the phone's clock is, and how many visits the server takes at once."""
        asked_at = self.clock()
        config = (await self.server.ask("ClientConfig", {}))["clientConfig"]
        if config["lowestContractLevel"] > LEVEL:
            raise NotUnderstood(f"this app is too old for the server: update it (what was typed is kept) [{LEVEL}]")
        # Half the way there and back: good to a second or so, which is all that a visit's clock needs.
        here = asked_at + (self.clock() - asked_at) / 2
        skew = (here - datetime.fromisoformat(config["serverTime"])).total_seconds()
        with self.store.transaction():
            self.store.remember("skew seconds", round(skew, 1))
        return min(VISITS_AT_ONCE, int(config["visitsAtOnce"]))

    async def _refresh_lists(self) -> None:
        since = {"listsSince": self.store.newest("lists"), "formsSince": self.store.newest("forms")}
        data = await self.server.ask("Lists", since)
        with self.store.transaction():
            for words in data["codeLists"]:
                self.store.keep("lists", words["name"], words["version"], words)
            for form in data["surveyForms"]:
                self.store.keep("forms", f"{form['id']} {form['version']}", form["changed"], form)


def _typed(item: Item) -> Document:
    """The fields that an edit changes."""
    base, new = item.content["assumedMasterState"], item.content["newDocumentState"]
    return {name: value for name, value in new.items() if base.get(name) != value}
