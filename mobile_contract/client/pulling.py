"""Documents come in: page after page, each stored in one transaction with the cursor that comes after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mobile_contract.client.store import Cursor, Store
from mobile_contract.client.wire import Server, TimedOut, TooLarge

PAGE = 500
SMALLEST_PAGE = 20
RESETS_AT_ONCE = 3  # more of them in one sync, and something is wrong that going on would not mend


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of documents, and the kind of outbox items that turn up in it."""

    name: str
    operation: str
    field: str
    kind: str


HOUSEHOLDS = Stream("households", "SyncHouseholds", "pullHouseholds", "HOUSEHOLD")
VISITS = Stream("visits", "SyncVisits", "pullVisits", "VISIT")


@dataclass(slots=True)
class Pulled:
    """What one pull brought."""

    documents: int = 0
    dropped: int = 0
    was_reset: bool = False


async def pull(server: Server, store: Store, stream: Stream) -> Pulled:
    """Ask until nothing more has changed. What came before a failure is kept, and the next pull goes on from there."""
    pulled, limit, resets, has_more = Pulled(), PAGE, 0, True
    while has_more:
        at = store.cursor(stream.name)
        checkpoint = None if at.cursor is None else {"cursor": at.cursor}
        try:
            data = await server.ask(stream.operation, {"checkpoint": checkpoint, "limit": limit})
        except (TimedOut, TooLarge):
            if limit <= SMALLEST_PAGE:
                raise
            limit = max(SMALLEST_PAGE, limit // 4)
            continue
        page = data[stream.field]
        resets += page["isReset"]
        has_more = page["hasMore"] and resets < RESETS_AT_ONCE
        _keep(store, stream, page, at, pulled)
    return pulled


def _keep(store: Store, stream: Stream, page: dict[str, Any], at: Cursor, pulled: Pulled) -> None:
    documents, has_more = page["documents"], page["hasMore"]
    # The first page of a snapshot opens a new generation; everything from now on belongs to it. When the last page is
    # in, what is older was in no page: it is not ours to see any more. Until then the old documents stay readable.
    begins = page["isReset"] or at.cursor is None
    generation = at.generation + 1 if begins else at.generation
    is_snapshot = begins or at.is_snapshot
    with store.transaction():
        store.put(stream.name, documents, generation)
        store.see(stream.kind, [document["id"] for document in documents])
        if is_snapshot and not has_more:
            pulled.dropped += store.drop_older(stream.name, generation)
        store.move(stream.name, Cursor(page["checkpoint"]["cursor"], generation, is_snapshot and has_more))
        if page["isReset"]:
            # Remembered with the page: a phone that is switched off now must still send again what the server lost.
            store.remember(f"{stream.name} were reset", True)
    pulled.documents += len(documents)
    pulled.was_reset |= page["isReset"]
