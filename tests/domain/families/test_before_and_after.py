"""An edit's before and after stand in the trace, sealed under the family's key: opened with it, and with no other."""

from __future__ import annotations

import uuid

import pytest

from domain.audit.before_and_after import opened_changes
from domain.base.resealing import reseal
from domain.base.sealing import CannotOpen
from domain.families.actions import MemberEdit, edit_household
from domain.households.rules import Edit
from tests import databases
from tests.domain.families.conftest import Town, person

ENTRY = "SELECT changes FROM audit_entry WHERE action = 'edit_household' AND subject_id = $1 ORDER BY id DESC LIMIT 1"
KEY = "SELECT wrapped FROM trace_key WHERE id = $1"


async def an_edit(town: Town) -> tuple[uuid.UUID, uuid.UUID]:
    """The household and the head whose facts were changed."""
    head = person("陈大山", phone="13900000000")
    family = await town.family(head, address="下寨 1 号")
    edits = {"address": Edit("下寨 1 号", "下寨 2 号")}
    members = [
        MemberEdit(head.id, {"phone": Edit("13900000000", "13911111111"), "health": Edit(("HEALTHY",), ("DISABLED",))})
    ]
    cadre = await town.cadre(family)
    await town.do(cadre, edit_household, operation_id=uuid.uuid4(), household_id=family, edits=edits, members=members)
    return family, head.id


async def test_old_and_new_values_are_sealed_with_the_entry(town: Town) -> None:
    family, head = await an_edit(town)
    sealed, wrapped = await town.sql.fetchval(ENTRY, family), await town.sql.fetchval(KEY, family)
    assert opened_changes(await databases.ring(town.sql), family, wrapped, sealed) == {
        "household": {"address": ["下寨 1 号", "下寨 2 号"]},
        str(head): {"phone": ["13900000000", "13911111111"], "health": [["HEALTHY"], ["DISABLED"]]},
    }
    assert b"13911111111" not in sealed
    plain = await town.sql.fetchval(
        "SELECT (to_jsonb(e) - 'changes')::text FROM audit_entry e WHERE subject_id = $1 AND changes IS NOT NULL",
        family,
    )
    assert "下寨" not in plain


async def test_another_familys_key_opens_nothing_and_neither_does_what_was_touched(town: Town) -> None:
    (family, _), (other, _) = await an_edit(town), await an_edit(town)
    ring = await databases.ring(town.sql)
    sealed, wrapped = await town.sql.fetchval(ENTRY, family), await town.sql.fetchval(KEY, family)
    with pytest.raises(CannotOpen):
        opened_changes(ring, other, await town.sql.fetchval(KEY, other), sealed)
    with pytest.raises(CannotOpen):
        opened_changes(ring, family, wrapped, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(CannotOpen):
        opened_changes(ring, family, await town.sql.fetchval(KEY, other), sealed)


async def test_one_family_has_one_key_and_rotation_keeps_it(town: Town) -> None:
    family, _ = await an_edit(town)
    before = await town.sql.fetchval(KEY, family)
    cadre = await town.cadre(family)
    again = {"address": Edit("下寨 2 号", "下寨 3 号")}
    await town.do(cadre, edit_household, operation_id=uuid.uuid4(), household_id=family, edits=again)
    assert await town.sql.fetchval(KEY, family) == before
    ring = await databases.ring(town.sql)
    assert await reseal(town.sql, ring, say=lambda _: None) == 0, "sealed with the newest key already"
    assert opened_changes(ring, family, before, await town.sql.fetchval(ENTRY, family))["household"]


async def test_a_family_whose_key_was_destroyed_is_edited_no_more(town: Town) -> None:
    family, _ = await an_edit(town)
    await town.sql.execute("UPDATE trace_key SET wrapped = NULL, destroyed_at = now() WHERE id = $1", family)
    cadre = await town.cadre(family)
    again = {"address": Edit("下寨 2 号", "下寨 3 号")}
    with pytest.raises(CannotOpen):
        await town.do(cadre, edit_household, operation_id=uuid.uuid4(), household_id=family, edits=again)
