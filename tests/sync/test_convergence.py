"""Whatever happens in whatever order, and however bad the network: in the end server and phones agree, and nothing is lost.

Scripts are drawn by hypothesis: phones visit, edit, sync through faults, alone or all at once; officers edit, split,
merge, move and hand over families meanwhile; and once in some scripts the server is restored from an older copy.
RUHU_TEST_SCRIPTS sets how many are tried (`RUHU_TEST_SCRIPTS=300 ./ruhu test tests/sync/test_convergence.py`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from mobile_contract.client.network import Fault
from mobile_contract.client.phone import Phone
from mobile_contract.client.wire import Unreachable
from tests import databases
from tests.schema.families_asked import CHANGE, EDIT, MERGE, SPLIT, person
from tests.schema.pairings_asked import TODAY
from tests.sync.agreement import disagreements, settle
from tests.sync.field import PHONES, Field, Ground, ground
from tests.visiting import new_id

SCRIPTS = int(os.environ.get("RUHU_TEST_SCRIPTS", "4"))


@dataclass(frozen=True)
class Step:
    """Something happens: to a phone and a family by number; `what` picks among its ways."""

    verb: str
    phone: int = 0
    family: int = 0
    what: int = 0
    faults: tuple[Fault, ...] = ()


numbers = st.integers(0, 5)
phones = st.integers(0, len(PHONES) - 1)
faults = st.lists(st.sampled_from(Fault), max_size=9).map(tuple)
ON_PHONES = ("edit", "visit", "edit", "bad visit", "edit", "visit", "mend")
BY_OFFICERS = ("officer edits", "birth", "leaving", "split", "merge", "move", "hand over", "hand over")
on_phones = st.builds(Step, st.sampled_from(ON_PHONES), phones, st.integers(0, 3), numbers)
by_officers = st.builds(Step, st.sampled_from(BY_OFFICERS), family=numbers, what=numbers)
syncs = st.builds(Step, st.just("sync"), phones, faults=faults)
storms = st.builds(Step, st.just("all sync at once"), faults=faults)
steps = st.one_of(on_phones, on_phones, on_phones, by_officers, syncs, syncs, storms)
# Long ones: two phones must edit one family before one of them has heard of the other.
scripts = st.lists(steps, min_size=20, max_size=35)


@dataclass(frozen=True)
class Disaster:
    """The server is copied after so many steps, and put back to the copy after so many more."""

    backed_up_after: int
    restored_after: int


def bounded(scripts: int) -> Any:
    return settings(
        max_examples=scripts,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        print_blob=False,
    )


@pytest.fixture(scope="module")
async def town(template: str) -> AsyncIterator[Ground]:
    made = await ground(template)
    yield made
    await databases.drop_database(made.database)


@bounded(SCRIPTS)
@drawn(script=scripts)
async def test_server_and_phones_agree_in_the_end(town: Ground, script: list[Step]) -> None:
    async with Field.on(town) as field:
        for step in script:
            await happen(field, step)
        await agreed(field)


@bounded(max(1, SCRIPTS // 3))
@drawn(script=scripts, disaster=st.builds(Disaster, st.integers(0, 10), st.integers(1, 10)))
async def test_they_agree_after_a_restore_too(town: Ground, script: list[Step], disaster: Disaster) -> None:
    async with Field.on(town) as field:
        await field.back_up()
        for number, step in enumerate(script):
            if number == disaster.backed_up_after:
                await field.back_up()
            if number == disaster.backed_up_after + disaster.restored_after:
                await field.restore()
            await happen(field, step)
        if not field.is_restored:
            await field.restore()
        await agreed(field)


async def agreed(field: Field) -> None:
    await settle(field)
    wrong = await disagreements(field)
    assert not wrong, "\n".join(["what happened:", *field.log, "what is wrong:", *wrong])


async def test_what_was_acknowledged_and_never_pulled_survives_a_restore(town: Ground) -> None:
    """The phone's cursor is older than the back-up, so no reset tells it that its visit is lost: it has to look itself."""
    async with Field.on(town) as field:
        await field.back_up()
        await happen(field, Step("visit"))
        await happen(field, Step("sync", faults=(Fault.NONE,) * 3 + (Fault.LOST,) * 5))
        assert [item.state for item in field.phones[0].outbox()] == ["acknowledged"]
        await field.restore()

        await agreed(field)


# --- a test that finds nothing must be able to find something --------------------------------------------------------


async def test_a_phone_that_sends_nothing_again_is_found_out(town: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Phone, "_send_again", lambda phone, stream: 0)
    async with Field.on(town) as field:
        await field.back_up()
        await happen(field, Step("visit"))
        await happen(field, Step("sync"))
        await field.restore()
        await settle(field)

        found = "\n".join(await disagreements(field))

    assert "its author does not find it in `submissions`" in found
    assert "the phone says acknowledged, and 0 such visits are stored" in found


async def test_a_document_too_many_too_few_or_too_old_is_found_out(town: Ground) -> None:
    async with Field.on(town) as field:
        store, (first, second, *_) = field.phones[0].store, field.families
        store.put("households", [{"id": "ghost", "isDeleted": False}, {"id": first, "isDeleted": True}], 1)
        old = store.document("households", second)
        assert old is not None
        store.put("households", [old | {"address": "早就不在这里"}], 1)
        await settle(field)

        found = await disagreements(field)

    assert f"phone 0 (cadre): households: {first} is missing" in found
    assert "phone 0 (cadre): households: ghost is still there" in found
    assert any(
        line.startswith(f"phone 0 (cadre): households: {second}: address is '早就不在这里', not") for line in found
    )


# --- what can happen -------------------------------------------------------------------------------------------------


async def happen(field: Field, step: Step) -> None:
    """One step. Many come to nothing (the family is gone, the network is dead), and that is life too."""
    phone = field.phones[step.phone]
    family = field.families[step.family % len(field.families)]
    who = f"phone {step.phone} ({PHONES[step.phone][0]})"
    match step.verb:
        case "visit" | "bad visit":
            typed = visit(field, phone, family, step)
            field.log.append(f"{who}: {step.verb} {typed[:8]} to {family[:8]}")
        case "edit" if family in phone.households():
            changes = edit(phone, family, step.what, len(field.log))
            phone.edit(family, changes)
            field.log.append(f"{who}: edits {family[:8]} {changes}")
        case "mend":
            for item in phone.outbox("refused"):
                if item.kind == "VISIT":
                    phone.mend(item, item.content | {"answers": {"adultsMet": 1}})
                    field.log.append(f"{who}: mends {item.id[:8]}")
        case "sync":
            await sync(field, phone, step.faults)
        case "all sync at once":
            shares = [step.faults[number :: len(field.phones)] for number in range(len(field.phones))]
            await asyncio.gather(*(sync(field, *one) for one in zip(field.phones, shares, strict=True)))
        case _:
            await by_an_officer(field, family, step)


async def sync(field: Field, phone: Phone, faults: tuple[Fault, ...]) -> None:
    field.with_faults(phone, faults)
    said = "all is well"
    try:
        await phone.sync()
    except Unreachable as reason:
        said = f"gives up: {reason}"
    number = field.phones.index(phone)
    field.log.append(f"phone {number}: syncs through [{', '.join(fault.name for fault in faults)}]: {said}")


def visit(field: Field, phone: Phone, family: str, step: Step) -> str:
    form = next(form for form in phone.store.kept("forms").values() if form["code"] == "RU_HU")
    answers = {"adultsMet": -1} if step.verb == "bad visit" else {"adultsMet": 2}
    content = {"householdId": family, "purpose": "MONTHLY", "contact": "IN_PERSON", "answers": answers}
    content |= {"formId": form["id"], "formVersion": form["version"], "note": f"第{len(field.log)}步"}
    return phone.visit(content)


def edit(phone: Phone, family: str, what: int, mark: int) -> dict[str, Any]:
    """Of the address, the telephone, both, the category, or a member's work."""
    document = phone.household(family)
    address, telephone = {"address": f"{mark} 号"}, {"phone": f"1390000{mark:04}"}
    match what:
        case 0 | 1:
            return address
        case 2:
            return telephone
        case 3:
            return address | telephone
        case 4:
            return {"category": ("LIFTED", "GENERAL")[mark % 2]}
        case _:
            labour = ("SKILLED", "ORDINARY")[mark % 2]
            first = [{**member, "labour": labour} for member in document["members"][:1]]
            return {"members": first + document["members"][1:]}


async def by_an_officer(field: Field, family: str, step: Step) -> None:
    people, today, what = await field.people(family), TODAY.isoformat(), step.what
    if not people:
        return
    match step.verb:
        case "officer edits":
            base = await field.world.sql.fetchval("SELECT address FROM household WHERE id = $1::uuid", family)
            address = {"base": base, "value": f"镇里改的 {len(field.log)} 号"}
            await field.officer(f"edit {family[:8]}", EDIT, householdId=family, address=address)
        case "birth":
            baby = person("小宝", "SON", bornOn=today, education=None, schoolStatus="BEFORE_PRESCHOOL")
            joining = [{"reason": "BIRTH", "on": today, "person": baby}]
            await field.officer(f"birth in {family[:8]}", CHANGE, householdId=family, joining=joining)
        case "leaving" if len(people) > 1:
            leaving = [{"personId": people[-1], "reason": "LEFT", "on": today}]
            await field.officer(f"leaving of {family[:8]}", CHANGE, householdId=family, leaving=leaving)
        case "split" if len(people) > 1:
            id, members = new_id(), [{"personId": people[-1], "relationToHead": "HEAD"}]
            done = await field.officer(
                f"split {family[:8]}", SPLIT, id=id, householdId=family, on=today, members=members
            )
            if not done["errors"]:
                field.families.append(id)
        case "merge":
            into = field.families[what % len(field.families)]
            members = [{"personId": one, "relationToHead": "OTHER_RELATIVE"} for one in people]
            given = {"survivorId": into, "mergedId": family, "on": today, "members": members}
            await field.officer(f"merge {family[:8]} into {into[:8]}", MERGE, **given)
        case "move":
            await field.move(family, what)
        case "hand over":
            await field.hand_over(family, ("cadre", "other_cadre")[what % 2])
