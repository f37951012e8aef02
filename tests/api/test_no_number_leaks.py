"""Numbers are planted through everything that takes them, and then looked for in everything that is kept or told."""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from api.cli.postgres import programs_for
from api.logging import as_json
from domain.base.chinese_ids import made_up_id_number
from tests.reporting import REPORT, a_report
from tests.schema.families_asked import EDIT, act, new_family, person, register
from tests.schema.test_pushing_households import KEPT, pulled, push
from tests.sealed import opened
from tests.world import World

NUMBER, OTHER_NUMBER, REPORTED = (made_up_id_number(888, date(1981, 5, 1), serial) for serial in (11, 22, 33))
CERTIFICATE = NUMBER + "41"
PHONES = [f"1580591{place:04}" for place in range(7101, 7110)]
ACCOUNTS = [f"62170018{place:011}" for place in range(31337, 31340)]
PLANTED = [NUMBER, OTHER_NUMBER, REPORTED, CERTIFICATE, *PHONES, *ACCOUNTS]
LOOK = "query ($number: String!) { householdByIdNumber(idNumber: $number) { id } }"


@pytest.fixture
def logged(world: World) -> Iterator[list[str]]:
    """Everything that is logged, at every level; the tests' own HTTP client apart."""
    written: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not record.name.startswith(("httpx", "httpcore", "asyncio")):
                written.append(as_json.format(record))

    root, keeping = logging.getLogger(), Keeping()
    before = root.level
    root.addHandler(keeping)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(keeping)
    root.setLevel(before)


@pytest.fixture
async def answers(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that was answered to anybody."""
    told: list[str] = []
    post = world.client.post

    async def listening(*arguments: object, **options: object) -> object:
        answer = await post(*arguments, **options)  # type: ignore[arg-type]
        told.append(answer.text)
        return answer

    monkeypatch.setattr(world.client, "post", listening)
    return told


def found_in(text: str) -> list[str]:
    """Those of the planted numbers that stand in a text, also written in hexadecimal as PostgreSQL dumps bytes."""
    return [number for number in PLANTED if number in text or number.encode().hex() in text]


async def dump(world: World) -> str:
    """The whole database as text, as its backup holds it."""
    server = Path(os.environ.get("RUHU_TEST_DATA", ".data/test"))
    address = str(world.settings.database_url)
    code, text = programs_for(server / "pg").run("pg_dump", "--no-owner", address)
    assert code == 0, text[-500:]
    return text


async def test_no_planted_number_stands_or_is_told_in_the_clear(
    world: World, logged: list[str], answers: list[str]
) -> None:
    # Registered, with everything; refused, with everything; registered twice.
    made = await register(
        world,
        person("鄢大山", idNumber=NUMBER, disabilityCertificate=CERTIFICATE, phone=PHONES[0], health=["DISABLED"]),
        phone=PHONES[1],
        bankAccount=ACCOUNTS[0],
    )
    assert made["errors"] == []
    home = made["household"]["id"]
    twice = await register(world, person("鄢小山", idNumber=NUMBER, phone=PHONES[2]), bankAccount=ACCOUNTS[1])
    assert [error["code"] for error in twice["errors"]] == ["ID_NUMBER_TAKEN"]
    wrong = await register(world, person("鄢小山", idNumber=NUMBER[:-1], phone=PHONES[2] + "x"), bankAccount="12 34x")
    assert {error["code"] for error in wrong["errors"]} >= {"ID_NUMBER_LENGTH", "PHONE_INVALID", "BANK_ACCOUNT_INVALID"}

    # Edited, and in conflict.
    (head,) = await opened(world.sql, "person", "household_id = $1", uuid.UUID(home))
    edit = {
        "bankAccount": {"base": "****" + ACCOUNTS[0][-4:], "value": ACCOUNTS[1]},
        "members": [
            {
                "personId": str(head["id"]),
                "idNumber": {"base": head["id_number_masked"], "value": OTHER_NUMBER},
                "phone": {"base": PHONES[0], "value": PHONES[3]},
            }
        ],
    }
    done = await act(world, "village_officer", EDIT, householdId=home, **edit)
    assert done["errors"] == []
    done = await act(world, "village_officer", EDIT, householdId=home, **edit | {"operationId": str(uuid.uuid4())})
    assert done["errors"] == [], "what is so already is no conflict"
    late = {
        "phone": {"base": PHONES[4], "value": PHONES[5]},
        "bankAccount": {"base": ACCOUNTS[2], "value": ACCOUNTS[0]},
    }
    done = await act(world, "village_officer", EDIT, householdId=home, **late)
    assert {error["code"] for error in done["errors"]} == {"FIELD_CONFLICT"}

    # Pushed by a phone: applied, in conflict, refused.
    base = (await pulled(world, "village_officer"))[home]
    assert base["members"][0]["idNumber"] == head["id_number_masked"][:-2] + OTHER_NUMBER[-2:]
    await push(world, "village_officer", (base, {"phone": PHONES[6]}))
    await push(world, "village_officer", (base, {"phone": PHONES[7]}))
    members = [{**base["members"][0], "idNumber": REPORTED[:-1] + ("1" if REPORTED[-1] != "1" else "2")}]
    await push(world, "village_officer", (base, {"members": members, "bankAccount": ACCOUNTS[2]}))

    # Reported by nobody in particular; looked for.
    given = a_report("鄢大山", idNumber=REPORTED, phone=PHONES[8])
    await world.ask("anonymous", REPORT, {"input": given})
    for persona in ("cadre", "auditor", "village_officer"):
        await world.post(persona, LOOK, {"number": OTHER_NUMBER})
    await world.post("cadre", f'{{ householdByIdNumber(idNumber: "{NUMBER}" oops) {{ id }} }}')
    await world.post("cadre", LOOK, {"number": {"no": NUMBER}})

    told = "".join(answers)
    clear = set(found_in(told))
    assert clear <= set(PHONES), "no answer tells another number than a telephone"
    assert PHONES[3] in clear, "and that only to who meets the family"
    assert not found_in("".join(logged))
    assert logged
    assert not found_in((await world.client.get("/metrics")).text)
    assert not found_in(await dump(world))

    # What was typed is kept all the same, for whoever typed it.
    kept = json.dumps(await world.ask("village_officer", KEPT), ensure_ascii=False)
    assert {PHONES[6], PHONES[7], ACCOUNTS[2]} <= set(found_in(kept))


async def test_the_search_finds_what_is_planted_in_the_clear(world: World) -> None:
    """Else the search above might look at nothing."""
    home = await new_family(world, person("鄢大山"))
    await world.sql.execute("UPDATE household SET address = $2 WHERE id = $1", uuid.UUID(home), NUMBER)
    assert found_in(await dump(world)) == [NUMBER]
    await world.sql.execute("UPDATE household SET address = NULL WHERE id = $1", uuid.UUID(home))
