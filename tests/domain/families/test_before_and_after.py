"""Before and after of every change stand in the trace, sealed under the family's key, and a person's own as well."""

from __future__ import annotations

import json
import uuid
from base64 import b64encode
from typing import Any

import pytest

from domain.audit.before_and_after import differences, opened_changes, told
from domain.base.resealing import reseal
from domain.base.sealing import CannotOpen
from domain.families.actions import (
    Joining,
    Leaving,
    MemberEdit,
    Moving,
    change_members,
    edit_household,
    merge_households,
    move_household,
    split_household,
)
from domain.families.rules import DEATH
from domain.households.rules import Edit
from tests import databases
from tests.domain.families.conftest import TODAY, Town, person

ENTRY = "SELECT changes FROM audit_entry WHERE action = $2 AND subject_id = $1 ORDER BY id DESC LIMIT 1"
KEYS = "SELECT id, wrapped FROM trace_key WHERE wrapped IS NOT NULL"


async def keys(town: Town) -> dict[uuid.UUID, bytes]:
    return {row["id"]: row["wrapped"] for row in await town.sql.fetch(KEYS)}


async def sealed(town: Town, family: uuid.UUID, action: str = "edit_household") -> bytes:
    found: bytes = await town.sql.fetchval(ENTRY, family, action)
    return found


async def changes(town: Town, family: uuid.UUID, action: str = "edit_household") -> dict[str, Any]:
    """What the family's last entry of this action says, opened with all keys that there are."""
    return opened_changes(await databases.ring(town.sql), await sealed(town, family, action), await keys(town))


async def destroy(town: Town, whose: uuid.UUID) -> None:
    await town.sql.execute("UPDATE trace_key SET wrapped = NULL, destroyed_at = now() WHERE id = $1", whose)


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


FIRST = {
    "household": {"address": ["下寨 1 号", "下寨 2 号"]},
    "head": {"phone": ["13900000000", "13911111111"], "health": [["HEALTHY"], ["DISABLED"]]},
}


async def test_old_and_new_values_are_sealed_with_the_entry(town: Town) -> None:
    family, head = await an_edit(town)
    assert await changes(town, family) == {"household": FIRST["household"], str(head): FIRST["head"]}
    assert b"13911111111" not in await sealed(town, family)
    plain = await town.sql.fetchval(
        "SELECT (to_jsonb(e) - 'changes')::text FROM audit_entry e WHERE subject_id = $1 AND changes IS NOT NULL",
        family,
    )
    assert "下寨" not in plain


async def test_a_persons_key_destroyed_closes_theirs_and_the_familys_closes_all(town: Town) -> None:
    family, head = await an_edit(town)
    await destroy(town, head)
    assert await changes(town, family) == {"household": FIRST["household"], str(head): None}
    await destroy(town, family)
    assert await changes(town, family) == {"household": None, str(head): None}


async def test_neither_key_alone_opens_what_is_a_persons(town: Town) -> None:
    family, head = await an_edit(town)
    all_keys, ring = await keys(town), await databases.ring(town.sql)
    container = await sealed(town, family)
    for missing in (family, head):
        left = {id: wrapped for id, wrapped in all_keys.items() if id != missing}
        assert opened_changes(ring, container, left)[str(head)] is None


async def test_other_keys_open_nothing_and_neither_does_what_was_touched(town: Town) -> None:
    (family, head), (other, _) = await an_edit(town), await an_edit(town)
    ring, all_keys = await databases.ring(town.sql), await keys(town)
    container = await sealed(town, family)
    with pytest.raises(CannotOpen):
        opened_changes(ring, container, {**all_keys, family: all_keys[other]})
    with pytest.raises(CannotOpen):
        opened_changes(ring, container.replace(str(family).encode(), str(other).encode()), all_keys)
    kept = json.loads(container)
    kept["parts"][str(head)] = kept["parts"][str(family)]
    with pytest.raises(CannotOpen):
        opened_changes(ring, json.dumps(kept).encode(), all_keys)


async def test_one_family_has_one_key_and_rotation_keeps_it(town: Town) -> None:
    family, _ = await an_edit(town)
    before = (await keys(town))[family]
    cadre = await town.cadre(family)
    again = {"address": Edit("下寨 2 号", "下寨 3 号")}
    await town.do(cadre, edit_household, operation_id=uuid.uuid4(), household_id=family, edits=again)
    assert (await keys(town))[family] == before
    assert await reseal(town.sql, await databases.ring(town.sql), say=lambda _: None) == 0, "sealed with the newest key"
    assert await changes(town, family) == {"household": {"address": ["下寨 2 号", "下寨 3 号"]}}


async def test_a_family_whose_key_was_destroyed_is_edited_no_more(town: Town) -> None:
    family, _ = await an_edit(town)
    await destroy(town, family)
    cadre = await town.cadre(family)
    again = {"address": Edit("下寨 2 号", "下寨 3 号")}
    with pytest.raises(CannotOpen):
        await town.do(cadre, edit_household, operation_id=uuid.uuid4(), household_id=family, edits=again)


async def test_who_came_with_which_facts_and_who_went(town: Town) -> None:
    son = person("陈小山", "SON")
    family = await town.family(person("陈大山"), son)
    new = person("林秀英", "DAUGHTER_IN_LAW", phone="13900000001")
    change = {
        "joining": [Joining("MARRIED_IN", str(TODAY), new)],
        "leaving": [Leaving(son.id, DEATH, str(TODAY))],
    }
    await town.do(town.township_officer, change_members, operation_id=uuid.uuid4(), household_id=family, **change)
    told = await changes(town, family, "change_members")
    assert told[str(new.id)]["name"] == [None, "林秀英"]
    assert told[str(new.id)]["phone"] == [None, "13900000001"]
    assert told[str(new.id)]["startReason"] == [None, "MARRIED_IN"]
    assert told[str(son.id)] == {"leftOn": [None, str(TODAY)], "endReason": [None, DEATH]}


async def test_who_is_what_to_a_new_head(town: Town) -> None:
    old, wife = person("陈大山"), person("林秀英", "SPOUSE")
    family = await town.family(old, wife)
    relations = {wife.id: "HEAD", old.id: "SPOUSE"}
    asked = {"operation_id": uuid.uuid4(), "household_id": family, "head_id": wife.id, "relations": relations}
    await town.do(town.township_officer, change_members, **asked)
    assert await changes(town, family, "change_members") == {
        str(wife.id): {"relationToHead": ["SPOUSE", "HEAD"]},
        str(old.id): {"relationToHead": ["HEAD", "SPOUSE"]},
    }


async def test_a_split_and_a_merger_say_who_went_where(town: Town) -> None:
    son, new = person("陈小山", "SON"), uuid.uuid4()
    family = await town.family(person("陈大山"), son)
    asked: dict[str, Any] = {"on": str(TODAY), "members": [Moving(son.id, "HEAD")], "address": "上寨 7 号"}
    await town.do(town.township_officer, split_household, id=new, household_id=family, **asked)
    went = {"householdId": [str(family), str(new)], "joinedOn": [None, str(TODAY)], "relationToHead": ["SON", "HEAD"]}
    assert await changes(town, family, "split_household") == {str(son.id): went}
    told = await changes(town, new, "split_household")
    assert (told[str(son.id)], told["household"]["address"]) == (went, [None, "上寨 7 号"])

    asked = {"operation_id": uuid.uuid4(), "survivor_id": family, "merged_id": new}
    await town.do(town.township_officer, merge_households, on=str(TODAY), members=[Moving(son.id, "SON")], **asked)
    told = await changes(town, new, "merge_households")
    assert told["household"]["mergedIntoId"] == [None, str(family)]
    assert (await changes(town, family, "merge_households"))[str(son.id)]["householdId"] == [str(new), str(family)]


async def test_a_move_says_from_where_to_where(town: Town) -> None:
    family = await town.family(address="下寨 1 号")
    asked = {"operation_id": uuid.uuid4(), "household_id": family, "village_code": town.neighbour, "on": str(TODAY)}
    await town.do(town.township_officer, move_household, address="新村 5 号", **asked)
    assert await changes(town, family, "move_household") == {
        "household": {"address": ["下寨 1 号", "新村 5 号"], "regionCode": [town.village, town.neighbour]}
    }


async def test_as_it_is_read_numbers_are_masked(town: Town) -> None:
    family = await town.family(bank_account="6228480000000001234")
    edits = {"bank_account": Edit("****1234", "6228480000000005678")}
    cadre = await town.cadre(family)
    await town.do(cadre, edit_household, operation_id=uuid.uuid4(), household_id=family, edits=edits)
    wrapped = {str(id): b64encode(key).decode() for id, key in (await keys(town)).items()}
    brought = {"sealed": json.loads(await sealed(town, family)), "keys": wrapped}
    read = told(await databases.ring(town.sql), b"changes " + json.dumps(brought).encode())
    assert json.loads(read) == [
        {
            "personId": None,
            "isErased": False,
            "fields": [{"field": "bankAccount", "before": "****1234", "after": "****5678"}],
        }
    ]


def test_only_what_differs_is_told() -> None:
    assert differences({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == {"b": [2, 3], "c": [None, 4]}
    assert differences({"a": 1}, {}) == {"a": [1, None]}
