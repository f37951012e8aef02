"""Families are pushed from phones, against real tables with real commits."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from domain.access.rules import Actor, GrantRole
from domain.base.chinese_ids import made_up_id_number
from domain.base.errors import InvalidInput, Problem, Refused, TryAgain
from domain.sync.difference import Row
from domain.sync.pushing import ROWS_LIMIT, Pushed, push_households
from domain.visits.models import SubmissionOutcome
from tests.domain.families.conftest import Town, person, told
from tests.sealed import opened, pushed

APPLIED, REPLAYED, DEFERRED, CONFLICT, REJECTED = SubmissionOutcome
NUMBER, OTHER_NUMBER = (made_up_id_number(125, date(1980, 5, 1), serial) for serial in (11, 22))


async def master(town: Town, id: uuid.UUID) -> dict[str, Any]:
    """The document as a phone of somebody who meets the family has it."""
    home = await town.household(id)
    people = await opened(town.sql, "person", "household_id = $1 ORDER BY is_head DESC, name", id)
    return {
        "id": str(id),
        "isDeleted": False,
        "revision": str(home["revision"]),
        "code": home["code"],
        "villageCode": home["region_code"],
        "address": home["address"],
        "phone": home["phone"],
        "bankAccount": home["bank_account_masked"],
        "category": home["category"],
        "causes": home["causes"],
        "longitude": home["sent_longitude"],
        "latitude": home["sent_latitude"],
        "members": [
            {
                "id": str(one["id"]),
                "name": one["name"],
                "isHead": one["is_head"],
                "relationToHead": one["relation_to_head"],
                "sex": one["sex"],
                "ethnicity": one["ethnicity"],
                "bornOn": str(one["born_on"]),
                "idNumber": one["id_number_masked"],
                "phone": one["phone"],
                "education": one["education"],
                "schoolStatus": one["school_status"],
                "health": one["health"],
                "labour": one["labour"],
                "joinedOn": str(one["joined_on"]),
            }
            for one in people
        ],
    }


def member_of(document: Mapping[str, Any], position: int = 0, **facts: Any) -> list[dict[str, Any]]:
    """The members of a document, with facts of one of them changed."""
    members = [dict(one) for one in document["members"]]
    members[position] |= facts
    return members


async def push(town: Town, actor: Actor, *rows: Row) -> list[Pushed]:
    return await town.do(actor, push_households, rows=rows)


async def push_one(town: Town, actor: Actor, base: Mapping[str, Any] | None, **edits: Any) -> Pushed:
    new = {**(base or {}), **edits}
    (answer,) = await push(town, actor, Row(new, base))
    return answer


def codes(problems: Sequence[Problem]) -> list[tuple[str, str]]:
    """Codes with their paths; the beginning, which every row of one has, is left out."""
    for problem in problems:
        assert problem.path[:3] == ("rows", "0", "newDocumentState")
    return [(problem.code, ".".join(problem.path[3:])) for problem in problems]


async def kept(town: Town, actor: Actor) -> list[tuple[str, str]]:
    rows = await town.sql.fetch("SELECT kind, outcome FROM submission WHERE submitter_id = $1", actor.id)
    return sorted((row["kind"], row["outcome"]) for row in rows)


async def test_edits_of_a_family_and_its_members_are_written(town: Town) -> None:
    home = await town.family(phone="13800000000")
    cadre = await town.cadre(home)
    base = await master(town, home)
    answer = await push_one(
        town, cadre, base, phone="13900000000", members=member_of(base, name="陈阿嬷", health=["CHRONIC_ILLNESS"])
    )
    assert (answer.outcome, answer.problems, answer.takes_master) == (APPLIED, [], False)
    now = await master(town, home)
    assert (now["phone"], now["members"][0]["name"], now["members"][0]["health"]) == (
        "13900000000",
        "陈阿嬷",
        ["CHRONIC_ILLNESS"],
    )
    assert int(now["revision"]) == int(base["revision"]) + 1
    assert await kept(town, cadre) == [("HOUSEHOLD", "APPLIED")]


async def test_edits_of_different_fields_meet(town: Town) -> None:
    home = await town.family()
    one, other = await town.cadre(home), await town.cadre(home)
    base = await master(town, home)
    assert not (await push_one(town, one, base, address="水尾 3 号")).takes_master
    answer = await push_one(town, other, base, phone="13700000000")
    assert answer.outcome == APPLIED
    assert answer.takes_master, "its phone does not have the other's address"
    now = await master(town, home)
    assert (now["address"], now["phone"]) == ("水尾 3 号", "13700000000")


async def test_edits_of_one_field_conflict_and_nothing_of_the_row_is_written(town: Town) -> None:
    home = await town.family(address="旧地址")
    one, other = await town.cadre(home), await town.cadre(home)
    base = await master(town, home)
    await push_one(town, one, base, address="水尾 3 号")
    answer = await push_one(town, other, base, address="溪口 7 号", phone="13700000000")
    assert answer.outcome == CONFLICT
    assert answer.takes_master
    assert codes(answer.problems) == [("FIELD_CONFLICT", "address")]
    (problem,) = answer.problems
    assert (problem.base, problem.current, problem.yours) == ("旧地址", "水尾 3 号", "溪口 7 号")
    assert (await master(town, home))["phone"] is None
    (kept,) = await pushed(town.sql, "submitter_id = $1", other.id)
    assert kept["content"]["newDocumentState"]["address"] == "溪口 7 号"


async def test_the_same_edit_twice_is_no_conflict_and_the_phone_takes_what_stands(town: Town) -> None:
    home = await town.family()
    one, other = await town.cadre(home), await town.cadre(home)
    base = await master(town, home)
    await push_one(town, one, base, address="水尾 3 号")
    answer = await push_one(town, other, base, address=" 水尾 3 号")
    assert (answer.outcome, answer.takes_master) == (APPLIED, True)
    assert int((await master(town, home))["revision"]) == int(base["revision"]) + 1


async def test_a_row_that_comes_again_is_applied_once(town: Town) -> None:
    home = await town.family(address="旧地址")
    one, other = await town.cadre(home), await town.cadre(home)
    base = await master(town, home)
    await push_one(town, one, base, address="水尾 3 号")
    await push_one(town, other, await master(town, home), address="溪口 7 号")
    answer = await push_one(town, one, base, address="水尾 3 号")
    assert (answer.outcome, answer.problems, answer.takes_master) == (REPLAYED, [], True)
    assert (await master(town, home))["address"] == "溪口 7 号"
    assert await kept(town, one) == [("HOUSEHOLD", "APPLIED")]


async def test_there_and_back_and_there_again_are_three_edits(town: Town) -> None:
    home = await town.family(address="甲")
    cadre = await town.cadre(home)
    for address in ("乙", "甲", "乙"):
        answer = await push_one(town, cadre, await master(town, home), address=address)
        assert (answer.outcome, (await master(town, home))["address"]) == (APPLIED, address)


async def test_a_refused_row_is_judged_anew_when_it_comes_again(town: Town) -> None:
    home = await town.family(address="旧地址")
    one, other = await town.cadre(home), await town.cadre(home)
    base = await master(town, home)
    await push_one(town, one, base, address="水尾 3 号")
    assert (await push_one(town, other, base, address="溪口 7 号")).outcome == CONFLICT
    await push_one(town, one, await master(town, home), address="旧地址")
    assert (await push_one(town, other, base, address="溪口 7 号")).outcome == APPLIED
    assert await kept(town, other) == [("HOUSEHOLD", "APPLIED")]


async def test_everything_wrong_with_a_row_is_told_at_its_place(town: Town) -> None:
    home = await town.family(person("陈大山"), person("陈小山", "SON"))
    cadre = await town.cadre(home)
    base = await master(town, home)
    answer = await push_one(
        town,
        cadre,
        base,
        phone="none",
        revision="7",
        longitude=118.0,
        members=member_of(base, 1, idNumber="1", relationToHead="HEAD"),
    )
    assert answer.outcome == REJECTED
    assert set(codes(answer.problems)) == {
        ("FIELD_NOT_EDITABLE", "revision"),
        ("PHONE_INVALID", "phone"),
        ("COORDINATES_OUT_OF_RANGE", "latitude"),
        ("ID_NUMBER_LENGTH", "members.1.idNumber"),
        ("SECOND_HEAD", "members.1.relationToHead"),
    }
    (problems,) = await town.sql.fetchrow("SELECT problems FROM submission WHERE submitter_id = $1", cadre.id)
    assert ["input", "members", "1", "idNumber"] in [problem["path"] for problem in json.loads(problems)]


async def test_a_new_number_over_a_mask_is_an_edit_and_an_untouched_mask_is_none(town: Town) -> None:
    home = await town.family(person("陈大山", id_number=NUMBER, phone="13811112222"), phone="13812345678")
    cadre = await town.cadre(home)
    base = await master(town, home)
    masked = {
        **base,
        "phone": "138****",
        "members": member_of(base, phone="138****"),
    }
    new = {**masked, "phone": "13900000000", "members": member_of(masked, idNumber=OTHER_NUMBER)}
    (answer,) = await push(town, cadre, Row(new, masked))
    assert (answer.outcome, answer.problems) == (APPLIED, [])
    now = await master(town, home)
    assert now["phone"] == "13900000000"
    (head,) = await opened(town.sql, "person", "household_id = $1", home)
    assert (head["id_number"], head["phone"]) == (OTHER_NUMBER, "13811112222")


async def test_a_mask_that_fits_nothing_conflicts(town: Town) -> None:
    home = await town.family(phone="13812345678")
    cadre = await town.cadre(home)
    base = {**await master(town, home), "phone": "139****"}
    answer = await push_one(town, cadre, base, phone="13700000000")
    assert codes(answer.problems) == [("FIELD_CONFLICT", "phone")]
    assert (answer.problems[0].base, answer.problems[0].current) == ("139****", "138****")


async def test_no_phone_deletes_a_family(town: Town) -> None:
    home = await town.family()
    cadre = await town.cadre(home)
    answer = await push_one(town, cadre, await master(town, home), isDeleted=True)
    assert (answer.outcome, answer.takes_master) == (REJECTED, True)
    assert codes(answer.problems) == [("DELETION_NOT_TAKEN", "isDeleted")]
    assert (await town.household(home))["ended_on"] is None


def a_new_family(town: Town, **facts: Any) -> dict[str, Any]:
    head = {
        "id": str(uuid.uuid4()),
        "name": "林新户",
        "relationToHead": "HEAD",
        "sex": "MALE",
        "ethnicity": "HAN",
        "labour": "ORDINARY",
        "bornOn": "1990-02-03",
        "education": "PRIMARY",
    }
    usual = {"id": str(uuid.uuid4()), "villageCode": town.village, "category": "LIFTED", "members": [head]}
    return {**usual, **facts}


async def test_a_family_without_base_is_put_on_record(town: Town) -> None:
    new = a_new_family(town, longitude=118.85, latitude=25.8, monitoringStatus="MONITORED")
    (answer,) = await push(town, town.village_officer, Row(new, None))
    assert (answer.outcome, answer.problems, answer.takes_master) == (APPLIED, [], True)
    home = await town.household(uuid.UUID(new["id"]))
    assert (home["region_code"], home["sent_datum"], home["monitoring_status"]) == (town.village, "WGS84", "NEVER")
    assert await town.names(home["id"]) == {"林新户": "HEAD"}
    (submission,) = [one for one in await pushed(town.sql) if one["content"]["newDocumentState"]["id"] == new["id"]]
    assert (submission["region_code"], submission["outcome"]) == (town.village, "APPLIED")
    (again,) = await push(town, town.village_officer, Row(new, None))
    assert again.outcome == REPLAYED


async def test_a_family_on_record_is_not_registered_again(town: Town) -> None:
    new = a_new_family(town)
    await push(town, town.village_officer, Row(new, None))
    (answer,) = await push(town, town.village_officer, Row({**new, "address": "别处"}, None))
    assert (answer.outcome, answer.takes_master) == (CONFLICT, True)
    assert codes(answer.problems) == [("ALREADY_ON_RECORD", "id")]


async def test_an_id_that_hides_another_family_is_taken(town: Town) -> None:
    hidden = await town.family(village=town.next_township)
    (answer,) = await push(town, town.village_officer, Row(a_new_family(town, id=str(hidden)), None))
    assert answer.outcome == REJECTED
    assert [problem.code for problem in answer.problems] == ["ID_TAKEN"]


async def test_a_helper_registers_nobody_and_what_they_typed_is_kept(town: Town) -> None:
    cadre = await town.cadre()
    (answer,) = await push(town, cadre, Row(a_new_family(town), None))
    assert answer.outcome == REJECTED
    assert codes(answer.problems) == [("FORBIDDEN_ROLE", "")]
    assert await kept(town, cadre) == [("HOUSEHOLD", "REJECTED")]


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({"villageCode": None}, ("REQUIRED", "villageCode")),
        ({"members": []}, ("HEAD_MISSING", "members")),
        ({"longitude": 200.0, "latitude": 25.0}, ("COORDINATES_OUT_OF_RANGE", "longitude")),
        ({"id": "nobody"}, ("ID_INVALID", "id")),
        ({"address": "a\x00b"}, ("TEXT_UNREADABLE", "")),
    ],
)
async def test_a_family_that_cannot_be_is_refused(town: Town, facts: dict[str, Any], problem: tuple[str, str]) -> None:
    (answer,) = await push(town, town.village_officer, Row(a_new_family(town, **facts), None))
    assert answer.outcome == REJECTED
    assert problem in codes(answer.problems)


async def test_a_family_out_of_sight_is_as_good_as_none(town: Town) -> None:
    home = await town.family()
    stranger = await town.cadre()
    base = await master(town, home)
    seen = await push_one(town, stranger, base, address="别处")
    unknown = await push_one(town, stranger, {**base, "id": str(uuid.uuid4())}, address="别处")
    assert [(one.outcome, codes(one.problems)) for one in (seen, unknown)] == [(REJECTED, [("NOT_FOUND", "id")])] * 2
    assert (await master(town, home))["address"] != "别处"


async def test_one_bad_row_leaves_the_others_standing(town: Town) -> None:
    homes = [await town.family() for _ in range(3)]
    cadre = await town.cadre(*homes)
    bases = [await master(town, home) for home in homes]
    edits: list[dict[str, Any]] = [{"address": "一"}, {"category": "NOBODY_KNOWS"}, {"address": "三"}]
    answers = await push(town, cadre, *(Row({**base, **edit}, base) for base, edit in zip(bases, edits, strict=True)))
    assert [answer.outcome for answer in answers] == [APPLIED, REJECTED, APPLIED]
    assert answers[1].problems[0].path == ("rows", "1", "newDocumentState", "category")
    assert [(await master(town, home))["address"] for home in homes] == ["一", None, "三"]


async def test_a_request_that_is_too_large_or_contradicts_itself_stores_nothing(town: Town) -> None:
    home = await town.family()
    cadre = await town.cadre(home)
    base = await master(town, home)
    with pytest.raises(InvalidInput) as error:
        await push(town, cadre, *(Row({"id": str(uuid.uuid4())}, None) for _ in range(ROWS_LIMIT + 1)))
    assert told(error) == {("BATCH_TOO_LARGE", "")}
    with pytest.raises(InvalidInput) as error:
        await push(town, cadre, Row({**base, "address": "一"}, base), Row({**base, "id": str(home).upper()}, base))
    assert told(error) == {("ID_REPEATED", "1.newDocumentState.id")}
    assert await kept(town, cadre) == []


async def test_who_meets_no_family_pushes_nothing(town: Town) -> None:
    auditor = await town.officer(GrantRole.AUDITOR, town.village)
    with pytest.raises(Refused) as error:
        await push(town, auditor, Row({"id": str(uuid.uuid4())}, None))
    assert told(error) == {("FORBIDDEN_ROLE", "")}
    assert await kept(town, auditor) == []


async def test_twenty_resends_at_once_are_applied_once(town: Town) -> None:
    home = await town.family()
    cadre = await town.cadre(home)
    base = await master(town, home)
    answers = await asyncio.gather(*(push_one(town, cadre, base, address="同时") for _ in range(20)))
    assert sorted(answer.outcome for answer in answers) == ["APPLIED", *["REPLAYED"] * 19]
    assert await kept(town, cadre) == [("HOUSEHOLD", "APPLIED")]
    assert await town.chronicle(home) == ["REGISTERED", "EDITED"]


async def test_twenty_devices_at_once_write_every_field_they_may(town: Town) -> None:
    """Ten edit one field each to another value, ten another field to the same: one of the ten wins, the others are told."""
    homes = [await town.family() for _ in range(3)]
    cadres = [await town.cadre(*homes) for _ in range(20)]
    bases = [await master(town, home) for home in homes]

    async def device(number: int) -> list[Pushed]:
        edit = {"address": f"门牌 {number}"} if number % 2 else {"phone": "13700000000"}
        rows = [Row({**base, **edit}, base) for base in (bases if number % 4 < 2 else bases[::-1])]
        return await push(town, cadres[number], *rows)

    answers = await asyncio.gather(*(device(number) for number in range(20)))
    for place, home in enumerate(homes):
        outcomes = {}
        for number, found in enumerate(answers):
            by_home = {answer.household_id: answer for answer in found}
            outcomes[number] = by_home[home].outcome
        winners = [number for number in range(1, 20, 2) if outcomes[number] == APPLIED]
        assert len(winners) == 1
        assert {outcomes[number] for number in range(0, 20, 2)} == {APPLIED}
        now = await master(town, homes[place])
        assert (now["address"], now["phone"]) == (f"门牌 {winners[0]}", "13700000000")


async def test_two_phones_that_register_one_family_at_once_make_one(town: Town) -> None:
    new = a_new_family(town)
    rows = [Row({**new, "address": f"门牌 {number}"}, None) for number in range(2)]
    answers = await asyncio.gather(*(push(town, town.village_officer, row) for row in rows))
    outcomes = sorted(answer.outcome for (answer,) in answers)
    assert outcomes == [APPLIED, CONFLICT]
    (refused,) = [answer for (answer,) in answers if answer.outcome == CONFLICT]
    assert codes(refused.problems) == [("ALREADY_ON_RECORD", "id")]


async def test_a_number_of_somebody_out_of_sight_is_taken_and_refuses_its_row_only(town: Town) -> None:
    number = made_up_id_number(125, date(1980, 5, 1), 33)
    await town.family(person("陈远方", id_number=number), village=town.next_township)
    homes = [await town.family() for _ in range(2)]
    cadre = await town.cadre(*homes)
    first, second = [await master(town, home) for home in homes]
    edited = {**first, "members": member_of(first, idNumber=number)}
    answers = await push(town, cadre, Row(edited, first), Row({**second, "address": "二"}, second))
    assert [answer.outcome for answer in answers] == [REJECTED, APPLIED]
    assert [problem.code for problem in answers[0].problems] == ["ID_NUMBER_TAKEN"]


SURPRISE = """
CREATE FUNCTION surprise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.address = '意外' THEN RAISE 'surprise'; END IF;
  IF NEW.address = '占用' THEN RAISE 'wait' USING ERRCODE = '55P03'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER surprise BEFORE UPDATE ON household FOR EACH ROW EXECUTE FUNCTION surprise();
"""


async def test_a_surprise_keeps_the_row_and_leaves_the_others_standing(town: Town) -> None:
    homes = [await town.family() for _ in range(3)]
    cadre = await town.cadre(*homes)
    bases = [await master(town, home) for home in homes]
    await town.sql.execute(SURPRISE)
    try:
        rows = [Row({**base, "address": text}, base) for base, text in zip(bases, ("一", "意外", "三"), strict=True)]
        answers = await push(town, cadre, *rows)
        assert [answer.outcome for answer in answers] == [APPLIED, DEFERRED, APPLIED]
        assert [problem.code for problem in answers[1].problems] == ["INTERNAL"]
        with pytest.raises(TryAgain):
            await push_one(town, cadre, await master(town, homes[0]), address="占用")
    finally:
        await town.sql.execute("DROP FUNCTION surprise CASCADE")
    (answer,) = await push(town, cadre, rows[1])
    assert answer.outcome == APPLIED, "it is good when it comes again"
