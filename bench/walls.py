"""What the walls cost: one statement with both, with the first alone, and with neither, on the same rows, taking turns.

    ./ruhu bench walls [--households N] [--rounds N]

The bare statement is compiled from the same document with every scope open, and runs as a role that row-level security does
not hold; what it asks for keeps it inside what the viewer sees, so the answers are compared byte by byte. Both walls are
the statement as it is served: scopes, policies, and the viewer's settings made anew in each. Each variant has a
connection of its own, planned as the program plans it.

Compared are the processor time of the connection's own PostgreSQL process (Linux' /proc; the clock elsewhere), in which
other programs count little, and the clock of whoever waits for the answer, in which the way there and back counts too.
Turns are taken in small batches, in a new order each time; a ratio is the median over batches. Prints milliseconds of
processor per statement, the ratios of both walls to none by processor and by clock, and their geometric means.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from api.app import PLANNED_ANEW, PLANNED_ONCE
from api.cli.cluster import running
from api.database import connected, prepare
from bench.servers import ROOT, master
from domain.access.queries import find_viewer, viewer_settings
from domain.access.rules import CHINA, Viewer
from domain.base.key_ring import read_ring
from domain.demo.personas import account_id
from domain.demo.province import load_province
from schema.engine import Engine
from schema.engine.catalogue import Catalogue
from schema.engine.compile import Plan
from schema.engine.words import everyone
from schema.root import CODECS, schema
from schema.walls import FLAGS, SETTINGS

COUNTY: Final = "350125"
HOME: Final = "code category { code } memberCount members { name relationToHead { code } }"
OF_A_FAMILY: Final = (
    f"query($h: ID!) {{ household(id: $h) {{ {HOME} pairings {{ role {{ code }} startedOn }} clues {{ state }}"
    " visits(first: 5) { nodes { occurredAt } } } }"
)


@dataclass(frozen=True)
class Read:
    """What a persona asks. Its filter, and no wall, keeps it to what they see: so the bare statement finds the same."""

    name: str
    persona: str
    query: str


READS: Final = (
    Read("a village", "county_officer", f"query($v: RegionCode!) {{ households(filter: {{region: $v}}) {{ totalCount nodes {{ {HOME} }} }} }}"),  # noqa: E501
    Read("its own village", "village_officer", f"query($o: RegionCode!) {{ households(filter: {{region: $o}}) {{ nodes {{ {HOME} }} }} }}"),  # noqa: E501
    Read("a page of the county", "county_officer", f'{{ households(filter: {{region: "{COUNTY}"}}, first: 50) {{ nodes {{ {HOME} }} }} }}'),  # noqa: E501
    Read("one family", "county_officer", OF_A_FAMILY),
    Read("a cadre's family", "cadre", OF_A_FAMILY.replace("$h", "$c")),
    Read("a partner's family", "partner", OF_A_FAMILY.replace("$h", "$p")),
    Read("visits of the county", "county_officer", f'{{ visits(filter: {{region: "{COUNTY}"}}, first: 50) {{ nodes {{ id occurredAt }} }} }}'),  # noqa: E501
    Read("clues of the county", "county_officer", f'{{ clues(filter: {{region: "{COUNTY}"}}, first: 50) {{ nodes {{ id state dueOn }} }} }}'),  # noqa: E501
    Read("a name", "county_officer", 'query($v: RegionCode!) { households(filter: {search: "桂芳", region: $v}, first: 20) { nodes { code } } }'),  # noqa: E501
)  # fmt: skip
BATCH: Final = 5  # statements of one variant between two looks at the clock
WARM_UP: Final = 20


def with_open_scopes() -> Catalogue:
    """The schema as if everybody saw everything: wall 1 taken out of every statement."""
    found = Catalogue(schema, CODECS)
    for name, planned in found.types.items():
        if planned.entity is not None:
            opened = replace(planned, entity=replace(planned.entity, scope=everyone()))
            found.types[name] = found.by_class[planned.cls] = opened
    return found


@dataclass
class Variant:
    """A statement on its own connection."""

    connection: asyncpg.Connection
    sql: str
    values: list[Any]

    async def once(self) -> Any:
        return await self.connection.fetchval(self.sql, *self.values)

    async def batch(self) -> tuple[float, float]:
        """Milliseconds for each statement of a batch: of the processor, and by the clock."""
        began, clock = self.spent(), time.perf_counter()
        for _ in range(BATCH):
            await self.once()
        waited = (time.perf_counter() - clock) * 1000
        return (self.spent() - began) / BATCH, waited / BATCH

    def spent(self) -> float:
        """The milliseconds that this connection's process has had of a processor; where nobody counts them, the clock."""
        try:
            counted = Path(f"/proc/{self.connection.get_server_pid()}/schedstat").read_text()
        except OSError:
            return time.perf_counter() * 1000
        return int(counted.split()[0]) / 1e6


async def compared(url: str, plans: Sequence[tuple[str, Plan, list[Any]]], viewer: Viewer) -> list[Variant]:
    """The variants on connections of their own; all are planned as the program plans the last, the one with both walls."""
    *_, (_, whole, _) = plans
    variants = []
    for role, plan, values in plans:
        planned = PLANNED_ANEW if whole.has_choice and viewer.sees_by_region else PLANNED_ONCE
        connection = await asyncpg.connect(
            url, server_settings={"role": role, "jit": "off", **planned}, max_cacheable_statement_size=0
        )
        for name, value in viewer_settings(
            viewer
        ).items():  # for the function that searches names; the statement itself sets its own
            await connection.execute("SELECT set_config($1, $2, false)", f"ruhu.{name}", value)
        variants.append(Variant(connection, plan.sql, values))
    return variants


def planned(engine: Engine, read: Read, given: dict[str, Any], viewer: Viewer) -> tuple[Plan, list[Any]]:
    """The statement of a document, and its values."""
    prepared = engine.prepare(read.query, None, viewer)
    coerced = engine.coerce(prepared, given)
    plan = engine.plan(prepared, coerced, viewer)
    return plan, plan.values(coerced, viewer)


async def ratios_of(variants: Sequence[Variant], rounds: int, name: str) -> tuple[list[float], tuple[float, float]]:
    """The medians of each variant in milliseconds of processor; the median ratios of the last to the first, by processor
    and by clock."""
    answers = [await variant.once() for variant in variants]
    assert all(answer == answers[0] for answer in answers), f"{name}: the walls take something away"
    for variant in variants:
        for _ in range(WARM_UP):
            await variant.once()
    took: list[list[tuple[float, float]]] = [[] for _ in variants]
    order = list(range(len(variants)))
    for turn in range(rounds):
        random.Random(turn).shuffle(order)
        for position in order:
            took[position].append(await variants[position].batch())
    pairs = list(zip(took[0], took[-1], strict=True))
    processor, clock = (statistics.median(both[n] / bare[n] for bare, both in pairs) for n in (0, 1))
    return [statistics.median(spent for spent, _ in times) for times in took], (processor, clock)


async def measure(url: str, households: int, rounds: int) -> None:
    """Prints a line for each statement, and the geometric means of the ratios."""
    key = master()
    await prepare(url, key, demo=True, say=print)
    today = datetime.now(CHINA).date()
    async with connected(url) as sql:
        ring = await read_ring(sql, key, datetime.now(CHINA))
        if await sql.fetchval("SELECT count(*) FROM household") < households:
            await load_province(sql, ring, households=households, say=print, today=today)
        await sql.execute("ANALYZE")
        viewers = {
            persona: await find_viewer(sql, account_id(persona), today, "zh")
            for persona in {read.persona for read in READS}
        }
        asked = await variables(sql)
    engines = {
        is_walled: Engine(catalogue, None, settings=SETTINGS if has_settings else {}, flags=FLAGS)  # type: ignore[arg-type]
        for is_walled, catalogue, has_settings in (
            ("bare", with_open_scopes(), False),
            ("wall 1", Catalogue(schema, CODECS), False),
            ("both", Catalogue(schema, CODECS), True),
        )
    }
    print(f"{'':<22}{'bare':>9}{'wall 1':>9}{'both':>9}   by processor  by clock")
    ratios = []
    for read in READS:
        viewer = viewers[read.persona]
        assert viewer is not None
        given = {name: value for name, value in asked.items() if f"${name}:" in read.query}
        roles = {"bare": "ruhu_machine", "wall 1": "ruhu_machine", "both": "ruhu_app"}
        plans = [(roles[which], *planned(engine, read, given, viewer)) for which, engine in engines.items()]
        async with AsyncExitStack() as stack:
            variants = await compared(url, plans, viewer)
            for variant in variants:
                stack.push_async_callback(variant.connection.close)
            medians, (processor, clock) = await ratios_of(variants, rounds, read.name)
        ratios.append((processor, clock))
        told = "".join(f"{median:9.3f}" for median in medians)
        print(f"{read.name:<22}{told}{processor:15.2f}{clock:10.2f}", flush=True)
    means = [statistics.geometric_mean(pair[n] for pair in ratios) for n in (0, 1)]
    print(f"{'geometric mean':<49}{means[0]:15.2f}{means[1]:10.2f}")


async def variables(sql: asyncpg.Connection) -> dict[str, Any]:
    """The most populous village of the county, the officer's own, and a family of each sort of viewer."""
    village = await sql.fetchval(
        "SELECT region_code FROM household WHERE region_code ^@ $1 GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1", COUNTY
    )
    listed = (
        "SELECT household_id::text FROM household_access JOIN account a ON party_id IN (a.helper_id, a.organisation_id)"
        " WHERE a.persona = $1 ORDER BY 1 LIMIT 1"
    )
    own = "SELECT region_code FROM access_grant JOIN account a ON a.id = account_id WHERE a.persona = 'village_officer'"
    return {
        "v": village,
        "o": await sql.fetchval(own),
        "h": await sql.fetchval("SELECT id::text FROM household WHERE region_code = $1 ORDER BY id LIMIT 1", village),
        "c": await sql.fetchval(listed, "cadre"),
        "p": await sql.fetchval(listed, "partner"),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="./ruhu bench walls", description="What the walls cost.")
    parser.add_argument("--households", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=60, help="batches of each statement")
    parser.add_argument("--database", help="one that stands, in place of a private one")
    asked = parser.parse_args(arguments)
    if asked.database:
        asyncio.run(measure(asked.database, asked.households, asked.rounds))
        return
    with running(ROOT / ".data" / "bench", say=print) as cluster:
        asyncio.run(measure(cluster.url(f"ruhu_walls_{asked.households}"), asked.households, asked.rounds))


if __name__ == "__main__":
    main()
