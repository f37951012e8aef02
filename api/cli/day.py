"""A cadre's day on the reference client, told as it happens: what a phone does between the first signal and the last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from mobile_contract.client.network import Fault, Network
from mobile_contract.client.phone import Phone, Synced
from mobile_contract.client.store import Document, Item, Store
from mobile_contract.client.wire import Server, Unreachable

DOORS = 4  # visits of the day
TRIES = 6


class Day:
    """One person, a phone, and a tablet that was left at the office with an edit of its own. `tell` takes each line."""

    def __init__(
        self,
        persona: str,
        token: str,
        network: Network,
        pause: Callable[[float], Awaitable[None]],
        jitter: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        async def sign_in() -> str:
            return token

        def a_device() -> Phone:
            # No machine of ours has a wrong clock on purpose: its own, with its offset.
            return Phone(Store(), Server(network, sign_in, pause, jitter), lambda: datetime.now().astimezone())

        self.persona, self.network, self.tell = persona, network, tell
        self.phone, self.tablet = a_device(), a_device()

    async def play(self) -> None:
        """From the first sync to the last. Raises Unreachable when there is no server even in the morning."""
        phone = self.phone
        self.tell(f"07:30  {self.persona} switches the phone on")
        if not await self.synced("07:30", phone):
            raise Unreachable("the phone could not be filled")
        homes = [home for home in phone.households().values() if home["endedOn"] is None]
        self.tell(
            f"       on the phone: {len(homes)} families, {len(phone.visits())} visits,"
            f" {len(phone.store.kept('lists'))} code lists, {len(phone.store.kept('forms'))} forms"
        )
        if not homes:
            self.tell("       no families are theirs: there is no door to knock at today")
            return
        await self.synced("07:40", self.tablet, "the tablet")
        self.network.is_up = False
        self.tell("08:00  into the valley: no signal")
        for number, home in enumerate((homes * DOORS)[:DOORS]):
            self.knock(8 + number, home, number)
        self.edit(homes[0])
        self.network.is_up = True
        self.tell("12:30  back on the ridge: some signal")
        await self.synced("12:30", self.tablet, "the tablet")
        await self.synced("12:40", phone)
        for item in phone.outbox("refused"):
            self.mend(item)
        await self.synced("13:00", phone)
        await self.network.deliver()
        await self.synced("17:30", phone)
        self.end()

    def knock(self, hour: int, home: Document, number: int) -> None:
        """A visit at a door: the first with a slip of the finger, the second with nobody home."""
        form = max(self.phone.store.kept("forms").values(), key=lambda form: (form["code"] == "RU_HU", form["version"]))
        contact = "NOBODY_HOME" if number == 1 else "IN_PERSON"
        visit: Document = {"householdId": home["id"], "purpose": "MONTHLY", "contact": contact}
        visit |= {"formId": form["id"], "formVersion": form["version"], "answers": filled_in(form, contact)}
        visit["note"] = f"第{number + 1}户"
        if home["longitude"] is not None:
            place = {"longitude": home["longitude"], "latitude": home["latitude"], "datum": "WGS84"}
            visit["location"] = place | {"accuracyMetres": 8.0} | ({"latitude": 91.0} if number == 0 else {})
        self.phone.visit(visit)
        said = {"NOBODY_HOME": "nobody home"}.get(contact, "a visit")
        self.tell(f"{hour:02}:30  {home['code']}: {said}, written down offline")

    def edit(self, home: Document) -> None:
        """The phone and the tablet change one telephone number, each without knowing of the other."""
        old = str(home["phone"])
        self.phone.edit(home["id"], {"phone": _another(old, "1")})
        self.tablet.edit(home["id"], {"phone": _another(old, "2")})
        self.tell(f"12:00  {home['code']}: a new telephone number on the phone, another one on the tablet")

    def mend(self, item: Item) -> None:
        if item.kind == "VISIT" and "location" in item.content:
            home = self.phone.household(item.content["householdId"])
            place = item.content["location"] | {"latitude": home["latitude"]}
            self.phone.mend(item, item.content | {"location": place})
            self.tell(f"12:50  {home['code']}: mended what was refused ({item.errors[0]['message']})")

    async def synced(self, at: str, device: Phone, name: str = "the phone") -> bool:
        """Sync, and again after giving up, as a person does who sees the bar come and go."""
        for _ in range(TRIES):
            before = Counter(self.network.happened)
            requests, received = device.server.requests, device.server.bytes_received
            try:
                done: Synced | None = await device.sync()
            except Unreachable as reason:
                done = None
                self.tell(f"{at}  {name} gives up for now: {reason}")
            faults = self.network.happened - before - Counter({Fault.NONE: 10**6})
            for fault, times in faults.items():
                self.tell(f"       network: {fault}" + (f", {times} times" if times > 1 else ""))
            if done is not None:
                used = (
                    f"{device.server.requests - requests} requests, {device.server.bytes_received - received:,} bytes"
                )
                self.tell(f"{at}  {name} synced: {_counted(done)} ({used})")
                return True
        return False

    def end(self) -> None:
        """What stands on the phone in the evening."""
        phone, tablet = self.phone, self.tablet
        states = Counter(item.state for item in phone.outbox())
        self.tell(f"18:00  on the phone: {len(phone.households())} families, {len(phone.visits())} visits")
        self.tell(f"       outbox: {', '.join(f'{count} {state}' for state, count in sorted(states.items()))}")
        for device in (phone, tablet):
            for item in device.outbox("refused", "conflict", "deferred"):
                for error in item.errors:
                    self.tell(f"       {item.state}: {error['message']} {_three(error)}".rstrip())
        sent = phone.server.bytes_sent + tablet.server.bytes_sent
        received = phone.server.bytes_received + tablet.server.bytes_received
        requests = phone.server.requests + tablet.server.requests
        self.tell(f"       network: {requests} requests, {sent:,} bytes sent, {received:,} bytes received")


def filled_in(form: Document, contact: str) -> Document:
    """Good answers to every question that is asked."""
    answers: Document = {}
    for question in form["questions"]:
        asked_when = question.get("askedWhen", {})
        if contact not in asked_when.get("contact", [contact]):
            continue
        if "key" in asked_when and answers.get(asked_when["key"]) != asked_when["is"]:
            continue
        answers[question["key"]] = _answer(question)
    return answers


def _answer(question: Document) -> Any:
    match question["kind"]:
        case "boolean":
            return True
        case "integer":
            return int(question.get("minimum", 0)) + 1
        case "decimal":
            return str(question.get("minimum", 0))
        case "choice":
            return question["choices"][0]["code"]
        case "choices":
            return [question["choices"][0]["code"]]
        case "date":
            return "2026-01-01"
        case _:
            return "一切都好"


def _another(phone: str, end: str) -> str:
    """A number that differs from the old one and from what the other device makes of it."""
    digits = "".join(character for character in phone if character.isdigit())[:9].ljust(9, "0")
    return f"{digits}{end}{'7' if phone.endswith('8') else '8'}"


def _counted(done: Synced) -> str:
    parts = [f"{count} {state}" for state, count in sorted(done.pushed.items())]
    parts += [f"{count} {stream} came" for stream, count in done.pulled.items() if count]
    parts += [f"{done.dropped} dropped"] if done.dropped else []
    parts += [f"{done.sent_again} sent again"] if done.sent_again else []
    return ", ".join(parts) or "nothing new"


def _three(error: Document) -> str:
    if "current" not in error:
        return ""
    return f"(read {error['base']}, now {error['current']}, typed {error['yours']})"
