"""The field: a server, phones of three people, and officers who change families meanwhile. Tests let it all happen."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mobile_contract.client.network import Fault, Network
from mobile_contract.client.phone import Phone
from mobile_contract.client.store import Store
from mobile_contract.client.wire import Answer, Server
from tests import databases
from tests.schema.families_asked import DECIDE_MOVE, MOVE, OTHER_TOWNSHIP, VILLAGE, act, new_family, person
from tests.schema.pairings_asked import TODAY, account
from tests.schema.test_deciding_on_pairings import ASSIGN, HAND_OVER
from tests.world import World

# Two phones of one cadre, one of another, one of an officer of the village; and clocks that are wrong.
PHONES = (
    ("cadre", timedelta(0)),
    ("cadre", timedelta(days=-365)),
    ("other_cadre", timedelta(days=365)),
    ("village_officer", timedelta(0)),
)
OFFICER = "county_officer"


@dataclass(frozen=True)
class Ground:
    """A database to be copied for each story, with four families: three of the cadre's, one of the other's."""

    database: str
    families: tuple[str, ...]


async def ground(template: str) -> Ground:
    """The demo with those families, made once."""
    name, families = "ruhu_field_ground", []
    async with World.on(await databases.fresh_database(name, template), log_level="error") as world:
        for number in range(4):
            id = await new_family(world, person(f"甲{number}"), person(f"乙{number}", "SPOUSE", sex="FEMALE"))
            helper = await account(world, "other_cadre" if number == 3 else "cadre")
            started = (TODAY - timedelta(days=40)).isoformat()
            given = {"id": str(uuid.uuid4()), "helperId": helper, "householdId": id, "startedOn": started}
            assert (await act(world, OFFICER, ASSIGN, role="KEY_HELP", **given))["errors"] == []
            families.append(id)
    return Ground(name, tuple(families))


@dataclass
class Field:
    """Everything goes through `over`, so that a restore can put another server in the place of the first."""

    name: str
    world: World
    stack: AsyncExitStack
    phones: list[Phone] = field(default_factory=list)
    families: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    is_restored: bool = False

    @classmethod
    @asynccontextmanager
    async def on(cls, ground: Ground, name: str = "ruhu_field") -> AsyncIterator[Field]:
        """A field on a copy of that ground, and phones that have synced once."""
        url = await databases.fresh_database(name, ground.database)
        async with AsyncExitStack() as stack:
            here = cls(name, await stack.enter_async_context(World.on(url, log_level="error")), stack)
            here.families = list(ground.families)
            here.phones = [here.a_phone(persona, skew) for persona, skew in PHONES]
            for phone in here.phones:
                await phone.sync()
            try:
                yield here
            finally:
                await here.stack.aclose()
                await databases.drop_database(name)
                await databases.drop_database(f"{name}_backup")

    # --- phones ------------------------------------------------------------------------------------------------------

    def a_phone(self, persona: str, skew: timedelta = timedelta(0)) -> Phone:
        """A phone with an empty memory. Its pauses are over at once."""

        async def sign_in() -> str:
            return self.world.headers(persona)["Authorization"].removeprefix("Bearer ")

        server = Server(Network(self.over, iter(()), _at_once), sign_in, _at_once, jitter=lambda: 0.0)
        return Phone(Store(), server, lambda: datetime.now(UTC) + skew)

    async def over(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """To whichever server there is now."""
        answer = await self.world.client.post("/graphql", content=body, headers=dict(headers))
        return Answer(answer.status_code, dict(answer.headers), answer.content)

    def persona(self, phone: Phone) -> str:
        return PHONES[self.phones.index(phone)][0]

    def with_faults(self, phone: Phone, faults: Iterable[Fault]) -> None:
        network = phone.server.send
        assert isinstance(network, Network)
        network.faults = iter(faults)

    async def delivered(self) -> None:
        """Whatever is still underway arrives."""
        for phone in self.phones:
            network = phone.server.send
            assert isinstance(network, Network)
            network.faults = iter(())
            await network.deliver()

    # --- officers ----------------------------------------------------------------------------------------------------

    async def officer(self, verb: str, document: str, by: str = OFFICER, **given: Any) -> Any:
        """What an officer does. Refusals are part of life: the family ended yesterday, the person has left."""
        payload = await act(self.world, by, document, **given)
        self.log.append(f"{by}: {verb}: {[error['code'] for error in payload['errors']] or 'done'}")
        return payload

    async def people(self, family: str) -> list[Any]:
        """Of a family as it is now, the head first."""
        rows = "SELECT id::text FROM person WHERE household_id = $1::uuid ORDER BY is_head DESC, born_on, id"
        return [row["id"] for row in await self.world.sql.fetch(rows, family)]

    async def hand_over(self, family: str, to: str) -> None:
        """The key help of a family goes over to another cadre."""
        pairing = await self.world.sql.fetchval(
            "SELECT id::text FROM pairing WHERE household_id = $1::uuid AND ended_on IS NULL AND role = 'KEY_HELP'"
            " AND helper_id IS NOT NULL",
            family,
        )
        if pairing is None:
            return
        given = {"id": str(uuid.uuid4()), "pairingId": pairing, "helperId": await account(self.world, to)}
        await self.officer(f"hand over {family[:8]} to {to}", HAND_OVER, handedOverOn=TODAY.isoformat(), **given)

    async def move(self, family: str, number: int) -> None:
        """Moved by the county at once; or asked for by the township, and accepted or declined by the county."""
        village, today = await self.village(number), TODAY.isoformat()
        to = f"{family[:8]} to {village}"
        given = {"householdId": family, "villageCode": village, "on": today}
        if number < 3:
            await self.officer(f"move {to}", MOVE, **given)
            return
        asked = await self.officer(f"ask to move {to}", MOVE, by="township_officer", reason="随子女居住", **given)
        if asked["move"]:
            answer = {"moveId": asked["move"]["id"], "accepts": number > 3, "reason": "已核实"}
            await self.officer(f"decide the move of {to}", DECIDE_MOVE, **answer)

    async def village(self, number: int) -> str:
        """力星村, one beside it, and one of the next township."""
        found = await self.world.sql.fetchval(
            "SELECT min(code) FROM region WHERE code ^@ $1 AND level = 'VILLAGE' AND valid_to IS NULL AND code <> $2",
            (VILLAGE[:9], OTHER_TOWNSHIP)[number % 2],
            VILLAGE,
        )
        return VILLAGE if number % 3 == 0 else str(found)

    # --- disasters ---------------------------------------------------------------------------------------------------

    async def back_up(self) -> None:
        """A copy of the database as it is now; the server is down for a moment."""
        await self._reopened(f"{self.name}_backup", self.name)
        self.log.append("operator: back-up made")

    async def restore(self) -> None:
        """The server as it was when the copy was made. What was written since is gone there."""
        await self._reopened(self.name, f"{self.name}_backup")
        self.is_restored = True
        self.log.append("operator: restored from the back-up")

    async def _reopened(self, copy: str, of: str) -> None:
        await self.stack.aclose()
        await databases.fresh_database(copy, of)
        self.world = await self.stack.enter_async_context(World.on(databases.named(self.name), log_level="error"))


async def _at_once(seconds: float) -> None:
    """A pause that is over."""
