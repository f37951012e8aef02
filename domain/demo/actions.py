"""Loading the demo, and throwing it away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Final

import asyncpg

from domain.access.rules import CHINA
from domain.base.bulk import bare
from domain.base.sealing import Ring
from domain.demo.assistance import write_help
from domain.demo.cases import write_cases
from domain.demo.grades import write_grades, write_lights
from domain.demo.helping import HELPER, write_parties
from domain.demo.livelihoods import write_clues, write_livelihood
from domain.demo.pairings import LIXING, SINCE, Assignment, Pairings
from domain.demo.partners import write_partners
from domain.demo.personas import account_id
from domain.demo.programmes import write_programmes
from domain.demo.recording import write_visits
from domain.demo.reports import write_reports
from domain.demo.rows import TABLES, Rows, points_as_pairs
from domain.demo.settlements import settle, write_family, write_rosters
from domain.demo.visits import a_year_of_visits, surveys
from domain.policy.loading import load_presets
from domain.statistics.loading import restand
from domain.visits.loading import load_forms

Say = Callable[[str], None]
# What people did since the load, beside the demo's own tables.
TRACES: Final = (
    *("policy_value", "submission", "operation", "audit_entry", "audit_block", "change", "change_pending"),
    *("statistics_delta", "statistics_balance", "standing_pending"),
)


async def demo_is_loaded(connection: asyncpg.Connection) -> bool:
    """Whether the personas are there: the load is one transaction, so it is everything or nothing."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM account WHERE id = $1)", account_id("cadre")))


async def load_demo(connection: asyncpg.Connection, ring: Ring, *, say: Say, today: date) -> None:
    """Load the demo into a database with its divisions and terms, and nobody in it. All or nothing.

    `connection` belongs to a superuser or a member of ruhu_owner and ruhu_machine, outside a transaction. Ids, names
    and figures are the same each time; visits lead up to the day before `today`, and the years of birth follow it, so
    that pupils stay pupils.
    """
    at = datetime.combine(today, time(), CHINA)
    rows = Rows(ring)
    write_parties(rows, at)
    write_rosters(rows)
    settled = settle(today)
    pairings = Pairings(rows, at)
    helped = pairings.key_help(settled)
    pairings.others(settled)
    cadres = {one.settled.region_code[:9]: one.helper for one in helped}
    for one in settled:
        write_family(rows, one, cadres[one.region_code[:9]].account_id, at)
        write_livelihood(rows, one, cadres[one.region_code[:9]].account_id, at)
    surveyed = [one for one in settled if one.region_code == LIXING and not one.rosters and one.ended_on is None]
    asked = [Assignment(HELPER["village_officer"], one, SINCE, None) for one in surveyed]
    visits = [
        *a_year_of_visits(helped, today),
        *surveys(asked, today, every_months=3, purpose="QUARTERLY_SURVEY"),
    ]
    await write_visits(connection, rows, visits)
    write_clues(rows, settled, visits, at)
    write_cases(rows, settled, at)
    write_reports(rows, at)
    write_partners(rows, at)
    write_grades(rows, settled, visits, at)
    write_lights(rows, settled, at)
    write_help(rows, helped, visits, at)
    write_programmes(rows, settled)
    # Keys are checked all the same, at the end; the change feed has nobody yet whom it could tell.
    async with points_as_pairs(connection), connection.transaction():
        await load_forms(connection)
        await load_presets(connection, at)
        async with bare(connection, TABLES):
            await rows.copy(connection)
        await restand(connection, at)
    counts = {table: len(rows.of[table]) for table in ("household", "person", "pairing", "visit")}
    say("  demo: {household} families, {person} people, {pairing} pairings, {visit} visits".format(**counts))


async def reset_demo(connection: asyncpg.Connection, ring: Ring, *, say: Say, today: date) -> None:
    """Throw away everything but divisions, terms and forms, then load the demo anew."""
    await connection.execute(f"TRUNCATE {', '.join((*TABLES, *TRACES))} CASCADE")
    await load_demo(connection, ring, say=say, today=today)
