"""When all is quiet: do server and phones agree, and is everything that was ever typed accounted for?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mobile_contract.client.phone import Phone
from mobile_contract.client.store import Item
from tests.sync.field import Field
from tests.sync.test_pulling import visible

# What the server's own books say of an item in each of the phone's states.
OUTCOMES = {"acknowledged": {"APPLIED"}, "deferred": {"DEFERRED"}, "refused": {"REJECTED"}, "conflict": {"CONFLICT"}}
ROUNDS = 6


async def settle(field: Field) -> None:
    """The network is good, and all phones sync until nothing happens any more."""
    await field.delivered()
    for _ in range(ROUNDS):
        before = [states(phone) for phone in field.phones]
        came = 0
        for phone in field.phones:
            synced = await phone.sync()
            came += synced.pulled.total() + synced.sent_again
        if not came and before == [states(phone) for phone in field.phones]:
            return
    raise AssertionError(f"still not quiet after {ROUNDS} rounds")


def states(phone: Phone) -> list[tuple[int, str]]:
    return [(item.position, item.state) for item in phone.outbox()]


async def disagreements(field: Field) -> list[str]:
    """Everything that is not as it should be, in words."""
    found: list[str] = []
    for number, phone in enumerate(field.phones):
        who = f"phone {number} ({field.persona(phone)})"
        fresh = field.a_phone(field.persona(phone))
        await fresh.sync()
        for stream, table in (("households", "household"), ("visits", "visit")):
            mine, theirs = phone.store.documents(stream), fresh.store.documents(stream)
            found += [f"{who}: {stream}: {line}" for line in differences(mine, theirs)]
            # The fresh phone was told by the same code; the tables are asked past it.
            may_see = await visible(field.world, field.persona(phone), table)
            found += [f"a fresh {who}: {stream}: {id} is wrong there or missing" for id in may_see ^ theirs.keys()]
        books = await submissions(phone)
        for item in phone.outbox():
            found += [f"{who}: {described(item)}: {line}" for line in await unaccounted(field, item, books)]
    return found


def differences(mine: dict[str, Any], theirs: dict[str, Any]) -> Iterator[str]:
    """Of the documents on a phone and those of a fresh one, field by field."""
    for id in sorted(mine.keys() | theirs.keys()):
        here, there = mine.get(id), theirs.get(id)
        if here is None or there is None:
            yield f"{id} is {'missing' if here is None else 'still there'}"
        elif here != there:
            names = [name for name in there if here.get(name) != there[name]]
            yield f"{id}: " + ", ".join(f"{name} is {here.get(name)!r}, not {there[name]!r}" for name in names)


async def submissions(phone: Phone) -> list[dict[str, Any]]:
    """What the server kept of all that this account sent."""
    kept: list[dict[str, Any]] = []
    after = None
    while True:
        data = await phone.server.ask("MySubmissions", {"outcomes": None, "first": 200, "after": after})
        kept += data["submissions"]["nodes"]
        after = data["submissions"]["pageInfo"]["endCursor"]
        if not data["submissions"]["pageInfo"]["hasNextPage"]:
            return kept


async def unaccounted(field: Field, item: Item, books: list[dict[str, Any]]) -> list[str]:
    """What is wrong about one typed item, if anything."""
    if item.state not in OUTCOMES:
        return [f"it is {item.state}: nobody knows what became of it"]
    found = []
    kept = [line for line in books if line["kind"] == item.kind and is_of(item, line["content"])]
    # A restore may take the books back to before a refusal, which is not sent again: then the phone alone still knows.
    may_be_forgotten = field.is_restored and item.state in ("refused", "conflict")
    if not kept and not may_be_forgotten:
        found.append("its author does not find it in `submissions`")
    if kept and not any(line["outcome"] in OUTCOMES[item.state] for line in kept) and item.state != "conflict":
        found.append(f"the phone says {item.state}, `submissions` say {[line['outcome'] for line in kept]}")
    if item.kind == "VISIT":
        stored = await field.world.sql.fetch("SELECT note FROM visit WHERE id = $1::uuid", item.id)
        expected = [item.content.get("note")] if item.state == "acknowledged" else []
        if [row["note"] for row in stored] != expected and item.state != "conflict":
            found.append(f"the phone says {item.state}, and {len(stored)} such visits are stored")
    elif item.state == "acknowledged" and len(kept) != 1:
        found.append(f"it stands {len(kept)} times in `submissions`")
    return found


def is_of(item: Item, content: dict[str, Any]) -> bool:
    """Whether kept content is this item's: a visit by its id, an edit by all that was typed."""
    if item.kind == "VISIT":
        return bool(content.get("id") == item.id)
    return meant(content) == meant(item.content)


def meant(content: Any) -> Any:
    """What was typed without what says nothing: an absent field and a null are the same."""
    match content:
        case dict():
            return {name: meant(value) for name, value in content.items() if value is not None}
        case list():
            return [meant(item) for item in content]
        case _:
            return content


def described(item: Item) -> str:
    if item.kind == "VISIT":
        return f"visit {item.id[:8]} to {item.content['householdId'][:8]} ({item.content.get('note')}), {item.state}"
    new, base = item.content["newDocumentState"], item.content["assumedMasterState"]
    changed = {name: value for name, value in new.items() if value != base.get(name)}
    return f"edit of {item.id[:8]} {changed}, {item.state} {[error['code'] for error in item.errors]}"
