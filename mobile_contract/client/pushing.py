"""The outbox goes out, and what becomes of each item. An item leaves the outbox by an answer, never by being sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from mobile_contract.client.store import OPEN, Item, Store
from mobile_contract.client.wire import Refused, Server, Stumbled, TimedOut, TooLarge

VISITS_AT_ONCE = 100
EDITS_AT_ONCE = 50
Clock = Callable[[], datetime]

# What the server says of a visit, and what that makes of the item. A deferred one is good as soon as something else has
# come (the family it belongs to, most often), so every sync offers it again. A refused one waits for a person.
STATES = {
    "APPLIED": "acknowledged",
    "REPLAYED": "acknowledged",
    "DEFERRED": "deferred",
    "CONFLICT": "conflict",
    "REJECTED": "refused",
}


async def push_visits(server: Server, store: Store, clock: Clock, at_once: int = VISITS_AT_ONCE) -> Counter[str]:
    """Send every open visit once. How many came to which state."""
    return await _push(store, store.items("VISIT", OPEN), at_once, lambda items: _submit(server, store, clock, items))


async def push_edits(server: Server, store: Store, clock: Clock) -> Counter[str]:
    """Send every open edit once, of one household in the order of typing: the second was typed on top of the first."""
    states: Counter[str] = Counter()
    done: set[int] = set()
    waiting: set[str] = set()  # households whose earlier edit could not be settled now
    while True:
        first: dict[str, Item] = {}
        for item in store.items("HOUSEHOLD", OPEN):
            if item.position in done:
                waiting.add(item.id)
            elif item.id not in waiting:
                first.setdefault(item.id, item)
        if not first:
            return states
        items = list(first.values())
        done |= {item.position for item in items}
        states += await _push(store, items, EDITS_AT_ONCE, lambda items: _push_rows(server, store, clock, items))


async def _push(store: Store, items: Sequence[Item], at_once: int, send: Callable[..., Any]) -> Counter[str]:
    """In batches that shrink when they do not get through; one bad item must not hold up the others."""
    states: Counter[str] = Counter()
    left = list(items)
    while left:
        batch = left[:at_once]
        with store.transaction():
            for item in batch:
                store.settle(item.position, "sent", item.errors)  # from here on nobody knows whether it has arrived
        try:
            states += await send(batch)
        except (TimedOut, TooLarge, Stumbled, Refused) as failure:
            is_for_all = isinstance(failure, Refused) and not failure.is_for_one
            if len(batch) > 1 and not is_for_all:
                at_once = len(batch) // 2  # one of them may be to blame for all
                continue
            if isinstance(failure, TimedOut):
                raise  # not even one gets through: it is the network
            # One that the server stumbles over stays as it is: the next sync tries again, the others go on now.
            if not isinstance(failure, Stumbled):
                with store.transaction():
                    for item in batch:
                        store.settle(item.position, "refused", _reasons(failure))
                states["refused"] += len(batch)
        left = left[len(batch) :]
    return states


def _reasons(failure: TooLarge | Refused) -> list[dict[str, Any]]:
    if isinstance(failure, Refused):
        return failure.errors
    return [{"code": "BODY_TOO_LARGE", "message": str(failure), "path": [], "isRetryable": False}]


async def _submit(server: Server, store: Store, clock: Clock, items: Sequence[Item]) -> Counter[str]:
    # sentAt is the phone's clock at this very moment, right or wrong: by it the server knows what the others are worth.
    variables = {"visits": [item.content for item in items], "sentAt": clock().isoformat()}
    payload = (await server.ask("SubmitVisits", variables))["submitVisits"]
    _raise_for_all(payload["errors"])
    states: Counter[str] = Counter()
    with store.transaction():
        for item, result in zip(items, payload["results"], strict=True):
            state = STATES[result["outcome"]]
            store.settle(item.position, state, result["errors"], clock() if state == "acknowledged" else None)
            states[state] += 1
    return states


async def _push_rows(server: Server, store: Store, clock: Clock, items: Sequence[Item]) -> Counter[str]:
    payload = (await server.ask("PushHouseholds", {"rows": [item.content for item in items]}))["pushHouseholds"]
    by_row: dict[int, list[dict[str, Any]]] = {}
    for error in payload["errors"]:
        path = error["path"]
        row = int(path[1]) if path[:1] == ["rows"] and len(path) > 1 else None
        if row is None:
            _raise_for_all([error])
        else:
            by_row.setdefault(row, []).append(error)
    states: Counter[str] = Counter()
    with store.transaction():
        for row, item in enumerate(items):
            state = _state_of_row(by_row.get(row, []))
            store.settle(item.position, state, by_row.get(row, []), clock() if state == "acknowledged" else None)
            states[state] += 1
    return states


def _state_of_row(errors: Sequence[dict[str, Any]]) -> str:
    if not errors:
        return "acknowledged"
    if all(error["isRetryable"] for error in errors):
        return "deferred"
    return "conflict" if any(error["code"] == "FIELD_CONFLICT" for error in errors) else "refused"


def _raise_for_all(errors: Sequence[dict[str, Any]]) -> None:
    """The request as a whole was refused, and nothing of it was stored."""
    if not errors:
        return
    if any(error["code"] in ("BATCH_TOO_LARGE", "BODY_TOO_LARGE") for error in errors):
        raise TooLarge(errors[0]["message"])
    if any(error["isRetryable"] or error["code"] == "INTERNAL" for error in errors):
        raise Stumbled(errors[0]["message"])
    raise Refused(list(errors))
