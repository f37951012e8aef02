"""What is kept how long: with a moved clock, everything goes when its time is over, and nothing before."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from api.notary import TraceKey
from api.upkeep import sweep
from domain.audit.blocks import seal, verify
from domain.base.transactions import Sessions
from domain.hardship.rules import RECEIPT_DAYS
from domain.rights.retention import forget
from domain.rights.rules import Kept, periods
from tests.domain.actors import actor, app_sessions
from tests.domain.audit.conftest import Trace
from tests.world import World

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
DAY = timedelta(days=1)
SECRET = "张三的话"


async def rows(world: World, kind: Kept) -> int:
    """How many rows of this kind still say what they said."""
    count: int = await world.sql.fetchval(
        {
            Kept.SUBMISSION: "SELECT count(*) FROM submission WHERE content::text LIKE '%张三%'",
            Kept.OPERATION: "SELECT count(*) FROM operation WHERE name = 'test'",
            Kept.HARDSHIP_REPORT: "SELECT count(*) FROM hardship_report WHERE text = '张三的话'",
            Kept.DEPARTMENT_LIST_ROW: "SELECT count(*) FROM department_list_row WHERE name = '张三的话'",
            Kept.HOUSEHOLD: "SELECT count(*) FROM household WHERE address = '张三的话'",
            Kept.AUDIT: "SELECT count(*) FROM audit_entry WHERE action = 'tested'",
        }[kind]
    )
    return count


async def it_is(world: World, at: datetime) -> None:
    """The database's clock, as nobody but its owner could move it."""
    await world.sql.execute(
        "CREATE OR REPLACE FUNCTION ruhu_clock() RETURNS timestamptz LANGUAGE sql SET search_path = public, pg_temp"
        f" AS $$ SELECT '{at.isoformat()}'::timestamptz $$"
    )


async def forget_at(world: World, sessions: Sessions, at: datetime) -> Mapping[Kept, int]:
    await it_is(world, at)
    return await forget(sessions)


async def set_the_scene(world: World, sessions: Sessions, key: TraceKey) -> None:
    """One of each, ended, judged, settled or sealed at NOW."""
    await world.sql.execute("TRUNCATE audit_entry, audit_block")
    who = (await actor(world.sql, "cadre")).id
    await world.sql.execute(
        "INSERT INTO submission (id, kind, submitter_id, outcome, content, content_hash, hash_version, problems, received_at,"
        " judged_at) VALUES ($1, 'VISIT', $2, 'REJECTED', '{\"note\": \"张三的话\"}', 'x', 1, '[]', $3, $3)",
        uuid.uuid4(),
        who,
        NOW,
    )
    await world.sql.execute(
        "INSERT INTO operation (id, actor_id, name, content_hash, hash_version, answer, at) VALUES ($1, $2, 'test', 'x', 1, '{}', $3)",
        uuid.uuid4(),
        who,
        NOW,
    )
    await world.sql.execute(
        "INSERT INTO hardship_report (id, region_code, source, received_at, began_on, due_on, receipt_mac, sender_mac,"
        " content_hash, name, is_for_somebody_else, sign, text, matching, settled_at, reason) VALUES"
        " ($1, '350125201205', 'SELF_REPORT', $2, '2026-11-22', '2026-11-29', $3, '', 'x', '张三', false, 'X', '张三的话',"
        " 'DISMISSED', $2, 'DUPLICATE')",
        uuid.uuid4(),
        NOW,
        uuid.uuid4().bytes,
    )
    await world.sql.execute(
        "WITH asked AS (INSERT INTO task (id, kind, region_code, asked_by_id, asked_at)"
        " VALUES (gen_random_uuid(), 'match_list', '350125', $1, $2) RETURNING id),"
        " listed AS (INSERT INTO department_list (id, organisation_id, region_code, sign, period, received_at, submitted_by_id)"
        " SELECT asked.id, a.organisation_id, '350125', 'OTHER', '2026-11', $2, $1 FROM asked, account a"
        " WHERE a.persona = 'department' RETURNING id, organisation_id)"
        " INSERT INTO department_list_row (id, list_id, number, organisation_id, region_code, name, id_number_index, outcome,"
        " amount_fen, settled_at) SELECT gen_random_uuid(), id, 1, organisation_id, '350125', '张三的话', 'x',"
        " 'NOT_A_HOUSEHOLD_MEMBER', 700000, $2 FROM listed",
        who,
        NOW,
    )
    await world.sql.execute(
        "UPDATE household SET ended_on = '2026-11-22', end_reason = 'OTHER', address = '张三的话' WHERE id ="
        " (SELECT id FROM household WHERE erased_at IS NULL AND ended_on IS NULL ORDER BY id LIMIT 1)"
    )
    trace = Trace(world.sql, sessions, key, str(world.settings.database_url), await actor(world.sql, "cadre", NOW))
    await trace.write(3)
    await seal(sessions, NOW, key)


@pytest.mark.parametrize("kind", list(Kept))
async def test_it_is_kept_to_the_last_day_and_forgotten_after_it(world: World, kind: Kept, tmp_path: Path) -> None:
    async with app_sessions(str(world.settings.database_url)) as sessions:
        await set_the_scene(world, sessions, TraceKey(tmp_path))
        before = await rows(world, kind)
        assert before > 0
        await forget_at(world, sessions, NOW + periods()[kind].kept - DAY)
        assert await rows(world, kind) == before
        done = await forget_at(world, sessions, NOW + periods()[kind].kept + 2 * DAY)
        assert done[kind] > 0
        assert await rows(world, kind) == 0
        assert (await forget_at(world, sessions, NOW + periods()[kind].kept + 2 * DAY))[kind] == 0, "once"


async def test_a_row_of_a_list_keeps_its_outcome_and_its_amount(world: World, tmp_path: Path) -> None:
    async with app_sessions(str(world.settings.database_url)) as sessions:
        await set_the_scene(world, sessions, TraceKey(tmp_path))
        await forget_at(world, sessions, NOW + periods()[Kept.DEPARTMENT_LIST_ROW].kept + DAY)
        rows = await world.sql.fetch(
            "SELECT r.* FROM department_list_row r JOIN department_list l ON l.id = list_id WHERE received_at = $1", NOW
        )
        assert rows
        for row in rows:
            assert (row["name"], row["id_number_index"], row["phone_sealed"]) == (None, None, None)
            assert (row["outcome"], row["amount_fen"]) == ("NOT_A_HOUSEHOLD_MEMBER", 700000)


async def test_a_report_that_nobody_settled_is_forgotten_after_its_receipt_expired(
    world: World, tmp_path: Path
) -> None:
    async with app_sessions(str(world.settings.database_url)) as sessions:
        await set_the_scene(world, sessions, TraceKey(tmp_path))
        await world.sql.execute(
            "UPDATE hardship_report SET matching = 'WAITING', settled_at = NULL, reason = NULL WHERE text = $1", SECRET
        )
        receipt, kept = timedelta(days=RECEIPT_DAYS), periods()[Kept.HARDSHIP_REPORT].kept
        await forget_at(world, sessions, NOW + receipt + kept - DAY)
        assert await rows(world, Kept.HARDSHIP_REPORT) > 0
        await forget_at(world, sessions, NOW + receipt + kept + DAY)
        assert await rows(world, Kept.HARDSHIP_REPORT) == 0


async def test_the_trace_is_whole_after_its_oldest_entries_were_forgotten(world: World, tmp_path: Path) -> None:
    key = TraceKey(tmp_path)
    kept = periods()[Kept.AUDIT].kept
    async with app_sessions(str(world.settings.database_url)) as sessions:
        await set_the_scene(world, sessions, key)
        trace = Trace(world.sql, sessions, key, str(world.settings.database_url), await actor(world.sql, "cadre", NOW))
        await trace.write(2)
        await seal(sessions, NOW + kept, key)
        await forget_at(world, sessions, NOW + kept + DAY)
        later = NOW + 2 * kept
        report = await verify(world.sql, key, kept_for=kept, now=later)
        assert (report.blocks, report.entries, report.findings) == (2, 2, [])
        await world.sql.execute("UPDATE audit_block SET pruned_at = sealed_at + interval '2 days' WHERE number = 1")
        told = [str(one) for one in (await verify(world.sql, key, kept_for=kept, now=later)).findings]
        assert told == ["PRUNED_TOO_SOON block 1"]
        await world.sql.execute(
            "UPDATE audit_block SET pruned_at = CASE number WHEN 2 THEN sealed_at + $1::interval END", kept
        )
        told = [str(one) for one in (await verify(world.sql, key, kept_for=kept, now=later)).findings]
        assert "PRUNED_TOO_SOON block 2" in told, "out of turn"


async def test_pruned_too_soon_is_found_whatever_day_is_written_there(world: World, tmp_path: Path) -> None:
    key, kept = TraceKey(tmp_path), periods()[Kept.AUDIT].kept
    async with app_sessions(str(world.settings.database_url)) as sessions:
        await set_the_scene(world, sessions, key)
        trace = Trace(world.sql, sessions, key, str(world.settings.database_url), await actor(world.sql, "cadre", NOW))
        await world.sql.execute("UPDATE audit_block SET pruned_at = sealed_at + $1::interval * 2", kept)
        told = (await verify(world.sql, key, kept_for=kept, now=NOW + DAY)).findings
        assert [str(one) for one in told] == ["PRUNED_TOO_SOON block 1"], "a day that has not come yet"
        await world.sql.execute("UPDATE audit_block SET pruned_at = NULL")
        await trace.write(1)
        await seal(sessions, NOW - 2 * kept, key)  # as if it were old
        await world.sql.execute("UPDATE audit_block SET pruned_at = $1", NOW)
        told = (await verify(world.sql, key, kept_for=kept, now=NOW)).findings
        assert "PRUNED_TOO_SOON block 2" in [str(one) for one in told], (
            "sealed under an earlier day than the one before"
        )


async def test_nothing_is_forgotten_before_half_a_year_whatever_is_asked(world: World) -> None:
    for kept in ("170 days", "-1 year", None):
        with pytest.raises(asyncpg.RaiseError):
            await world.sql.execute("SELECT ruhu_forget('SUBMISSION', $1::text::interval, 10)", kept)


async def test_who_forgets_cannot_say_what_time_it_is(world: World) -> None:
    connection = await asyncpg.connect(str(world.settings.database_url), server_settings={"role": "ruhu_app"})
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await it_is(replace(world, sql=connection), NOW + 9999 * DAY)
    await connection.close()
    clock = "SELECT count(*) FROM pg_proc WHERE proname = 'ruhu_forget' AND 'timestamptz'::regtype = ANY (proargtypes)"
    assert await world.sql.fetchval(clock) == 0


async def test_the_upkeep_forgets_once_a_day(world: World) -> None:
    async with app_sessions(str(world.settings.database_url)) as sessions:
        await world.sql.execute(
            "INSERT INTO operation (id, actor_id, name, content_hash, hash_version, answer, at)"
            " VALUES (gen_random_uuid(), gen_random_uuid(), 'test', 'x', 1, '{}', $1)",
            NOW,
        )
        later = NOW + periods()[Kept.OPERATION].kept + DAY
        await it_is(world, later)
        await sweep(sessions, later, prunes=False)
        assert await rows(world, Kept.OPERATION) > 0
        await sweep(sessions, later, prunes=True)
        assert await rows(world, Kept.OPERATION) == 0


def test_every_period_says_why() -> None:
    for kind, period in periods().items():
        assert period.basis in ("SOURCE", "CONVENTION", "ASSUMPTION"), kind
        assert period.kept >= timedelta(days=180)
        assert period.zh
        assert period.what
    assert set(periods()) == set(Kept)
