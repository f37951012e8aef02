"""The trace in sealed blocks: it verifies as it was written, and nothing about it changes unnoticed."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.notary import TraceKey, head_as_text, head_of_text
from domain.audit.blocks import Head
from domain.audit.rules import Fault, Finding, block_hash, entry_digest, field, in_words
from tests.domain.audit.conftest import NOW, Trace


async def test_what_was_written_is_sealed_signed_and_whole(trace: Trace) -> None:
    await trace.write(7, note='陈桂芳的"家"\n', ratio=1.50, none=None)
    before = await trace.verify()
    assert (before.blocks, before.unsealed, before.findings) == (0, 7, [])
    head = await trace.seal(most=3)
    report = await trace.verify()
    assert (report.blocks, report.entries, report.unsealed, report.unsigned) == (3, 7, 0, 0)
    assert report.findings == []
    assert report.head == head
    assert await trace.seal() is None, "there is nothing new"


async def test_both_ways_to_say_the_bytes_agree(trace: Trace) -> None:
    """SQL seals, Python verifies: every column filled, and every column empty."""
    await trace.sql.execute(
        "INSERT INTO audit_entry (at, actor_id, actor_roles, action, subject_kind, subject_id, region_code,"
        " operation_id, request_id, device_id, purpose, detail, seen, changes) VALUES"
        " ('1969-12-31 23:59:59.999999Z', gen_random_uuid(), '{HELPER,\"a,\\\"b\"}', '录', 'k', gen_random_uuid(), '35',"
        "  gen_random_uuid(), 'r', 'd', 'p', '{\"x\": [1.10, null, \"é\"]}', ARRAY[gen_random_uuid(), gen_random_uuid()],"
        "  '\\x00ff'), ('2026-01-01Z', NULL, '{}', '', '', NULL, NULL, NULL, NULL, NULL, NULL, '{}', '{}', '')"
    )
    rows = await trace.sql.fetch(
        "SELECT e.id, transaction_id, at, actor_id, actor_roles, action, subject_kind, subject_id, region_code,"
        " operation_id, request_id, device_id, purpose, detail::text AS detail, seen, changes,"
        " ruhu_entry_digest(e) AS digest FROM audit_entry e"
    )
    assert len(rows) == 2
    for row in rows:
        assert entry_digest(row) == row["digest"]
    await trace.seal()
    (block,) = await trace.sql.fetch("SELECT * FROM audit_block")
    assert block_hash(block) == block["hash"]


def test_fields_cannot_run_together() -> None:
    assert field(None) != field("")
    assert field("ab") + field("c") != field("a") + field("bc")
    assert field("é") == b"\x01\x00\x00\x00\x02\xc3\xa9"


TAMPERINGS = [
    ("DELETE FROM audit_entry WHERE id = $1", Fault.ENTRY_REMOVED),
    ("UPDATE audit_entry SET actor_id = gen_random_uuid() WHERE id = $1", Fault.ENTRY_ALTERED),
    ("UPDATE audit_entry SET detail = '{}' WHERE id = $1", Fault.ENTRY_ALTERED),
    ("UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE id = $1", Fault.ENTRY_ALTERED),
    ("UPDATE audit_entry SET seen = ARRAY[gen_random_uuid()] WHERE id = $1", Fault.ENTRY_ALTERED),
    ("UPDATE audit_entry SET changes = 'x' WHERE id = $1", Fault.ENTRY_ALTERED),
    ("UPDATE audit_entry SET purpose = '' WHERE id = $1", Fault.ENTRY_ALTERED),
]


@pytest.mark.parametrize(("tampering", "fault"), TAMPERINGS)
async def test_an_entry_that_was_touched_is_named_with_its_block(trace: Trace, tampering: str, fault: Fault) -> None:
    await trace.write(6)
    await trace.seal(most=2)
    victim = await trace.sql.fetchval("SELECT entry_ids[1] FROM audit_block WHERE number = 2")
    await trace.sql.execute(tampering, victim)
    assert await trace.faults() == [f"{fault} block 2, entry {victim}"]


async def test_two_entries_that_changed_places_are_both_named(trace: Trace) -> None:
    await trace.write(4)
    await trace.seal()
    first, second = await trace.sql.fetchval("SELECT entry_ids[1:2] FROM audit_block")
    await trace.sql.execute(
        "UPDATE audit_entry a SET detail = b.detail FROM audit_entry b WHERE (a.id, b.id) IN (($1, $2), ($2, $1))",
        first,
        second,
    )
    assert await trace.faults() == [f"ENTRY_ALTERED block 1, entry {first}", f"ENTRY_ALTERED block 1, entry {second}"]


async def test_an_entry_slipped_in_afterwards_is_found(trace: Trace) -> None:
    await trace.write(2)
    await trace.seal()
    slipped = await trace.sql.fetchval(
        "INSERT INTO audit_entry (at, actor_roles, action, subject_kind, detail, transaction_id)"
        " SELECT at, '{}', 'made up', 'household', '{}', transaction_id FROM audit_entry LIMIT 1 RETURNING id"
    )
    assert await trace.faults() == [f"ENTRY_INSERTED outside of all blocks, entry {slipped}"]


async def test_whoever_alters_the_block_too_breaks_the_next_one_and_the_signature(trace: Trace) -> None:
    await trace.write(4)
    await trace.seal(most=2)
    await rewrite(trace, 1)
    assert await trace.faults() == ["SIGNATURE_WRONG block 1", "CHAIN_BROKEN block 2"]


async def test_whoever_rewrites_the_whole_chain_lacks_the_key(trace: Trace) -> None:
    await trace.write(4)
    head = await trace.seal(most=2)
    await rewrite(trace, 1)
    await rewrite(trace, 2)
    assert await trace.faults() == ["SIGNATURE_WRONG block 1", "SIGNATURE_WRONG block 2"]
    await trace.sql.execute("UPDATE audit_block SET key_id = NULL, signature = NULL WHERE number = 1")
    assert await trace.faults() == ["SIGNATURE_MISSING block 1", "SIGNATURE_WRONG block 2"]
    await trace.sql.execute("UPDATE audit_block SET key_id = NULL, signature = NULL")
    assert head is not None
    assert await trace.faults() == [], "the last blocks may be waiting for their signature"
    assert await trace.faults(head) == ["HEAD_DIFFERS block 2"], "which is what a head written down elsewhere is for"


async def test_an_end_cut_off_is_found_by_the_head_that_was_kept(trace: Trace) -> None:
    await trace.write(4)
    head = await trace.seal(most=2)
    assert head is not None
    await trace.sql.execute(
        "DELETE FROM audit_entry WHERE id = ANY ((SELECT entry_ids FROM audit_block WHERE number = 2)::bigint[])"
    )
    await trace.sql.execute("DELETE FROM audit_block WHERE number = 2")
    assert await trace.faults() == []
    assert await trace.faults(head) == ["HEAD_DIFFERS block 2"]
    trace.key.keep(head)
    assert trace.key.kept() == head
    trace.key.keep(Head(1, b"older"))
    assert trace.key.kept() == head, "an earlier block never takes the place of a later one"
    assert head_of_text(head_as_text(head)) == head


async def test_a_block_taken_out_of_the_middle_is_missed(trace: Trace) -> None:
    await trace.write(6)
    await trace.seal(most=2)
    await trace.sql.execute("DELETE FROM audit_block WHERE number = 2")
    faults = await trace.faults()
    assert faults[0] == "BLOCK_MISSING block 2"
    assert sum("ENTRY_INSERTED" in fault for fault in faults) == 2, "its entries belong to none now"


async def test_a_block_that_names_an_entry_twice_is_found(trace: Trace) -> None:
    await trace.write(2)
    await trace.seal()
    await trace.sql.execute("UPDATE audit_block SET entry_ids = entry_ids || entry_ids[1:1]")
    assert {"BLOCK_ALTERED block 1", "ENTRIES_REORDERED block 1"} <= set(await trace.faults())


async def test_another_keys_signature_is_worth_nothing(trace: Trace, tmp_path: Any) -> None:
    await trace.write(2)
    await trace.seal()
    other = TraceKey(tmp_path / "other")
    (block,) = await trace.sql.fetch("SELECT hash FROM audit_block")
    key_id, signature = other.sign(block["hash"])
    await trace.sql.execute("UPDATE audit_block SET key_id = $1, signature = $2", key_id, signature)
    assert await trace.faults() == ["SIGNATURE_WRONG block 1"]
    assert not trace.key.is_signed(block["hash"], trace.key.id, signature)


async def test_an_open_transaction_holds_back_what_came_after_it_and_loses_nothing(trace: Trace) -> None:
    """Numbers are given at once and committed in any order: a block waits for those that are still open."""
    late = await asyncpg.connect(trace.url, server_settings={"role": "ruhu_app"})
    open_one = late.transaction()
    await open_one.start()
    await late.execute(
        "INSERT INTO audit_entry (at, actor_roles, action, subject_kind, detail) VALUES (now(), '{}', 'late', 'x', '{}')"
    )
    await trace.write(3)
    assert await trace.seal() is None
    await open_one.commit()
    await late.close()
    assert await trace.seal() is not None
    report = await trace.verify()
    assert (report.entries, report.unsealed, report.findings) == (4, 0, [])


async def test_sealers_beside_each_other_seal_everything_once(trace: Trace) -> None:
    async def write_and_seal() -> None:
        await trace.write(10)
        await trace.seal(most=7)

    await asyncio.gather(*(write_and_seal() for _ in range(4)))
    await trace.seal()
    report = await trace.verify()
    assert (report.entries, report.unsealed, report.findings) == (40, 0, [])


async def test_a_sealer_killed_before_it_signed_is_made_up_for(trace: Trace) -> None:
    await trace.write(2)
    await trace.sql.execute("SELECT ruhu_seal_trace($1, 100)", NOW)
    report = await trace.verify()
    assert (report.unsigned, report.findings) == (1, [])
    assert await trace.seal() is not None
    assert (await trace.verify()).unsigned == 0


async def test_a_cluster_restored_from_a_dump_goes_on_where_the_old_one_stood(trace: Trace) -> None:
    """Its transactions count from the beginning again: as if the old ones' numbers had been far higher."""
    await trace.write(3)
    await trace.seal()
    await trace.write(2)
    await trace.sql.execute("UPDATE audit_entry SET transaction_id = transaction_id + 1000000000")
    await trace.sql.execute("TRUNCATE audit_block")
    await trace.sql.execute(  # sealed by the old cluster up to the third entry
        "INSERT INTO audit_block SELECT 1, now(), 0, max(transaction_id) + 1, min(id), max(id), array_agg(id ORDER BY id),"
        " string_agg(ruhu_entry_digest(e), '' ORDER BY id), NULL, '' FROM audit_entry e WHERE id IN"
        " (SELECT id FROM audit_entry ORDER BY id LIMIT 3)"
    )
    await trace.sql.execute("UPDATE audit_block SET hash = $1", block_hash(await the_block(trace, 1)))
    await trace.write(4)
    await trace.seal()
    report = await trace.verify()
    assert (report.blocks, report.entries, report.unsealed, report.findings) == (3, 9, 0, [])


async def test_the_app_role_cannot_choose_when_an_entry_was_written(trace: Trace) -> None:
    async with trace.sql.transaction():
        await trace.sql.execute("SET LOCAL ROLE ruhu_app")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with trace.sql.transaction():
                await trace.sql.execute(
                    "INSERT INTO audit_entry (at, actor_roles, action, subject_kind, detail, transaction_id)"
                    " VALUES (now(), '{}', 'x', 'x', '{}', 1)"
                )
        for statement in ("SELECT * FROM audit_block", "DELETE FROM audit_entry", "UPDATE audit_block SET number = 1"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with trace.sql.transaction():
                    await trace.sql.execute(statement)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_tampering_with_a_single_place_goes_unnoticed(trace: Trace, data: st.DataObject) -> None:
    """Any column of any entry or block, set to something else; any row taken away."""
    await trace.sql.execute("TRUNCATE audit_entry, audit_block")
    await trace.write(6)
    head = await trace.seal(most=2)
    assert head is not None
    assert await trace.faults(head) == []
    table = data.draw(st.sampled_from(["audit_entry", "audit_block"]))
    key = "id" if table == "audit_entry" else "number"
    rows = await trace.sql.fetch(f"SELECT {key} FROM {table} ORDER BY 1")
    victim = data.draw(st.sampled_from([row[0] for row in rows]))
    if data.draw(st.booleans()):
        await trace.sql.execute(f"DELETE FROM {table} WHERE {key} = $1", victim)
    else:
        change = data.draw(st.sampled_from(CHANGES[table]))
        await trace.sql.execute(f"UPDATE {table} SET {change} WHERE {key} = $1", victim)
    assert await trace.faults(head) != []


CHANGES = {
    "audit_entry": [
        "transaction_id = transaction_id - 1",
        "transaction_id = transaction_id + 1000000",
        "at = at - interval '1 day'",
        "actor_id = NULL",
        "actor_roles = actor_roles || ARRAY['X']",
        "action = action || 'x'",
        "subject_kind = 'y'",
        "subject_id = gen_random_uuid()",
        "region_code = NULL",
        "operation_id = gen_random_uuid()",
        "request_id = 'other'",
        "device_id = ''",
        "purpose = 'other'",
        "detail = detail || '{\"a\": 1}'",
        "seen = '{}'",
        "changes = '\\x00'",
    ],
    "audit_block": [
        "number = number + 100",
        "sealed_at = sealed_at + interval '1 second'",
        "floor_id = floor_id + 1",
        "until_xid = until_xid + 1",
        "entry_ids = entry_ids[1:1]",
        "entry_ids = array(SELECT unnest(entry_ids) ORDER BY 1 DESC)",
        "digests = digests || '\\x00'",
        "digests = set_byte(digests, 3, (get_byte(digests, 3) + 1) % 256)",
        "hash = sha256(hash)",
        "signature = set_byte(signature, 0, (get_byte(signature, 0) + 1) % 256)",
        "key_id = 'other'",
    ],
}


def test_many_faults_are_told_shortly() -> None:
    lines = in_words([Finding(Fault.ENTRY_ALTERED, 1, number) for number in range(50)], most=2)
    assert lines == ["ENTRY_ALTERED block 1, entry 0", "ENTRY_ALTERED block 1, entry 1", "and 48 more"]


async def the_block(trace: Trace, number: int) -> Any:
    return await trace.sql.fetchrow("SELECT * FROM audit_block WHERE number = $1", number)


async def rewrite(trace: Trace, number: int) -> None:
    """Alter an entry and everything in the database that would tell: what somebody does who knows how it works."""
    await trace.sql.execute(
        "UPDATE audit_entry SET actor_id = NULL WHERE id = (SELECT entry_ids[1] FROM audit_block WHERE number = $1)",
        number,
    )
    await trace.sql.execute(
        "UPDATE audit_block b SET previous_hash = (SELECT hash FROM audit_block WHERE number = $1 - 1), digests ="
        " (SELECT string_agg(ruhu_entry_digest(e), '' ORDER BY id) FROM audit_entry e WHERE id = ANY (b.entry_ids))"
        " WHERE number = $1",
        number,
    )
    await trace.sql.execute(
        "UPDATE audit_block SET hash = $1 WHERE number = $2", block_hash(await the_block(trace, number)), number
    )
