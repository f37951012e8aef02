"""Policy over HTTP: what is in force where and why, who may set it, and what is refused."""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime
from typing import Any

import pytest

from domain.access.rules import CHINA
from tests.world import World

POLICY = """query ($region: RegionCode!, $on: Date) { policy(region: $region, on: $on) { region { name } on
  values { parameter label kind unit value basis document sentence fromOn untilOn isDefault region { code name } }
  settings { parameter value fromOn untilOn adoptedBy { name } supersededAt } } }"""
ADOPT = """mutation ($input: AdoptPolicyInput!) { adoptPolicy(input: $input) {
  policy { on values { parameter value region { code } } } errors { code message path } } }"""
LIXING, YONGTAI = "350125201205", "350125"


async def values(world: World, region: str, on: str, persona: str = "anonymous") -> dict[str, Any]:
    found = await world.ask(persona, POLICY, {"region": region, "on": on})
    return {value["parameter"]: value for value in found["policy"]["values"]}


def given(parameter: str = "FENCE", value: Any = 300, **more: Any) -> dict[str, Any]:
    return {"parameter": parameter, "value": value, "basis": "ASSUMPTION", **more}


async def adopt(world: World, persona: str, *chosen: dict[str, Any], **more: Any) -> Any:
    asked = {
        "operationId": str(uuid.uuid4()),
        "region": YONGTAI,
        "fromOn": "2026-01-01",
        "document": "永政办〔2026〕1号",
    }
    found = await world.ask(persona, ADOPT, {"input": {**asked, "values": list(chosen or [given()]), **more}})
    return found["adoptPolicy"]


def codes(payload: Any) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["path"])) for error in payload["errors"]]


async def test_each_value_says_where_it_comes_from(reading_world: World) -> None:
    """A village of Fuzhou in 2026: its line is Fuzhou's, its notice the country's, its fence nobody's."""
    found = await values(reading_world, LIXING, "2026-11-22")
    line, notice, week, fence = (found[name] for name in ("INCOME_LINE", "NOTICE_DAYS", "VERIFICATION_DAYS", "FENCE"))
    assert (line["value"], line["region"]["code"], line["basis"]) == ("8400.00", "3501", "SOURCE")
    assert "8400元以下" in line["sentence"]
    assert line["fromOn"] == "2020-07-01"
    assert (week["value"], week["region"]["name"], week["basis"]) == (7, "福建省", "SOURCE")
    assert (notice["value"], notice["region"], notice["basis"]) == (5, None, "CONVENTION")
    assert not notice["isDefault"]
    assert (fence["value"], fence["unit"], fence["isDefault"], fence["basis"]) == (200, "METRES", True, "ASSUMPTION")
    assert (fence["region"], fence["document"], fence["fromOn"]) == (None, None, None)


async def test_another_day_and_another_place_have_other_values(reading_world: World) -> None:
    before = await values(reading_world, LIXING, "2020-06-30")
    assert before["INCOME_LINE"]["isDefault"]
    assert before["VERIFICATION_DAYS"]["region"]["code"] == "35"
    weixian = [
        (await values(reading_world, "130434205222", on))["MONITORING_CATEGORIES"]
        for on in ("2020-12-31", "2021-01-01")
    ]
    assert [len(one["value"]) for one in weixian] == [2, 3]
    assert weixian[1]["region"] is None


async def test_without_a_day_it_is_that_of_today_for_the_public_too(reading_world: World) -> None:
    today = datetime.now(CHINA).date().isoformat()
    for persona in ("anonymous", "cadre"):
        found = (await reading_world.ask(persona, POLICY, {"region": LIXING}))["policy"]
        assert found["on"] == today
        assert (
            found["values"]
            == (await reading_world.ask(persona, POLICY, {"region": LIXING, "on": today}))["policy"]["values"]
        )
        assert not all(value["isDefault"] for value in found["values"])


async def test_a_division_that_is_not_there_has_no_policy(reading_world: World) -> None:
    assert (await reading_world.ask("anonymous", POLICY, {"region": "99"}))["policy"] is None


async def test_labels_follow_the_language(reading_world: World) -> None:
    asked = {"region": "35", "on": "2026-01-01"}
    for language, label in (
        ("zh-CN", "公示天数"),
        ("en", "Full days of a village notice after the day of publication"),
    ):
        found = await reading_world.ask("anonymous", POLICY, asked, language)
        assert next(one["label"] for one in found["policy"]["values"] if one["parameter"] == "NOTICE_DAYS") == label


async def test_a_county_sets_its_own_numbers_and_the_old_ones_stay_to_be_read(world: World) -> None:
    done = await adopt(world, "county_officer", given(value=300), given("LATE_AFTER", 48, sentence="两天内上传"))
    assert done["errors"] == []
    assert {
        one["parameter"] for one in done["policy"]["values"] if one["region"] and one["region"]["code"] == YONGTAI
    } == {
        "FENCE",
        "LATE_AFTER",
    }
    again = await adopt(world, "county_officer", given(value=400), fromOn="2026-06-01")
    assert again["errors"] == []
    assert [
        (await values(world, LIXING, on))["FENCE"]["value"] for on in ("2025-12-31", "2026-05-31", "2026-06-01")
    ] == [
        200,
        300,
        400,
    ]
    found = (await world.ask("cadre", POLICY, {"region": YONGTAI, "on": "2026-06-01"}))["policy"]["settings"]
    told = [(one["parameter"], one["value"], one["fromOn"], one["untilOn"], one["adoptedBy"]["name"]) for one in found]
    assert told == [
        ("FENCE", 400, "2026-06-01", None, "黄秀兰"),
        ("FENCE", 300, "2026-01-01", "2026-06-01", "黄秀兰"),
        ("LATE_AFTER", 48, "2026-01-01", None, "黄秀兰"),
    ]


async def test_a_value_for_the_whole_time_of_another_supersedes_it(world: World) -> None:
    assert (await adopt(world, "county_officer", given("REVEALS_A_DAY", 20)))["errors"] == []
    assert (await adopt(world, "county_officer", given("REVEALS_A_DAY", 10), untilOn="2026-03-01"))["errors"] == []
    found = (await world.ask("cadre", POLICY, {"region": YONGTAI}))["policy"]["settings"]
    mine = {one["value"]: one for one in found if one["parameter"] == "REVEALS_A_DAY"}
    assert mine[20]["supersededAt"] is not None
    assert mine[10]["supersededAt"] is None
    # After its end the division above is heard again: here nobody, so the default.
    assert (await values(world, YONGTAI, "2026-03-01"))["REVEALS_A_DAY"]["isDefault"]


async def test_the_same_operation_is_carried_out_once(world: World) -> None:
    operation = str(uuid.uuid4())
    first, second = [
        await adopt(world, "county_officer", given("SMALLEST_GROUP", 8), operationId=operation) for _ in range(2)
    ]
    assert first == second
    assert first["errors"] == []
    count = "SELECT count(*) FROM policy_value WHERE parameter = 'SMALLEST_GROUP'"
    assert await world.sql.fetchval(count) == 1
    other = await adopt(world, "county_officer", given("SMALLEST_GROUP", 9), operationId=operation)
    assert codes(other) == [("OPERATION_REUSED", "input")]
    assert (
        await world.sql.fetchval("SELECT count(*) FROM audit_entry WHERE operation_id = $1", uuid.UUID(operation)) == 1
    )


async def test_two_at_once_leave_one_value_for_each_day(world: World) -> None:
    await asyncio.gather(
        *(adopt(world, "county_officer", given("SPEED_LIMIT", 100 + n), fromOn="2026-02-01") for n in range(6))
    )
    counting = "SELECT count(*) FROM policy_value WHERE parameter = 'SPEED_LIMIT' AND superseded_at IS NULL"
    assert await world.sql.fetchval(counting) == 1


@pytest.mark.parametrize(
    ("persona", "region", "refused"),
    [
        ("province_officer", YONGTAI, ("FORBIDDEN_ROLE", "input.region")),
        ("other_county_officer", YONGTAI, ("NOT_FOUND", "input.region")),
        ("county_officer", "3501", ("NOT_FOUND", "input.region")),
        ("county_officer", "350125201", ("FORBIDDEN_ROLE", "input.region")),
        ("county_officer", "999999", ("NOT_FOUND", "input.region")),
        ("township_officer", "350125201", ("FORBIDDEN_ROLE", "input.region")),
        ("cadre", YONGTAI, ("NOT_FOUND", "input.region")),
        ("administrator", YONGTAI, ("NOT_FOUND", "input.region")),
        ("anonymous", YONGTAI, ("SIGN_IN_REQUIRED", "input")),
    ],
)
async def test_nobody_sets_the_numbers_of_another_level_or_place(
    world: World, persona: str, region: str, refused: tuple[str, str]
) -> None:
    done = await adopt(world, persona, region=region)
    assert codes(done) == [refused]
    assert done["policy"] is None


async def test_a_province_sets_its_own(world: World) -> None:
    assert (await adopt(world, "province_officer", given("ACCURACY_LIMIT", 80), region="35"))["errors"] == []
    assert (await values(world, LIXING, "2026-01-01"))["ACCURACY_LIMIT"]["region"]["code"] == "35"


async def test_everything_that_is_wrong_is_told_at_once(world: World) -> None:
    done = await adopt(
        world,
        "county_officer",
        given("INCOME_LINE", "5999.99"),
        given("DECISION_DAYS", 16),
        given("NOTICE_DAYS", 4),
        given("NOBODYS_NUMBER", 1),
        given("FENCE", "200"),
        given("LATE_AFTER", 24, basis="SOURCE"),
        given("FENCE", 100, basis="RUMOUR"),
        given("QUARTERLY_REVIEW", True, sentence="长" * 501),
        document=" ",
        fromOn="2026-02-30",
        untilOn="soon",
    )
    assert sorted(codes(done)) == sorted(
        [
            ("DATE_INVALID", "input.fromOn"),
            ("DATE_INVALID", "input.untilOn"),
            ("REQUIRED", "input.document"),
            ("POLICY_BELOW_MINIMUM", "input.values.2.value"),
            ("UNKNOWN_CODE", "input.values.3.parameter"),
            ("POLICY_VALUE_INVALID", "input.values.4.value"),
            ("SENTENCE_NEEDED", "input.values.5.sentence"),
            ("UNKNOWN_CODE", "input.values.6.basis"),
            ("PARAMETER_REPEATED", "input.values.6.parameter"),
            ("TOO_LONG", "input.values.7.sentence"),
        ]
    )


@pytest.mark.parametrize(
    ("parameter", "value", "code"),
    [("INCOME_LINE", "5999.99", "POLICY_BELOW_MINIMUM"), ("DECISION_DAYS", 16, "POLICY_ABOVE_MAXIMUM")],
)
async def test_the_countrys_number_of_that_day_is_the_bound(
    world: World, parameter: str, value: Any, code: str
) -> None:
    assert codes(await adopt(world, "county_officer", given(parameter, value))) == [(code, "input.values.0.value")]
    # In 2020 the country had said nothing of it, so the county was free.
    done = await adopt(world, "county_officer", given(parameter, value), fromOn="2020-01-01", untilOn="2020-12-01")
    assert done["errors"] == []


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"values": []}, ("REQUIRED", "input.values")),
        ({"values": [given()] * 101}, ("TOO_MANY", "input.values")),
        ({"untilOn": "2026-01-01"}, ("END_BEFORE_START", "input.untilOn")),
        ({"fromOn": "1999-12-31"}, ("DATE_INVALID", "input.fromOn")),
        ({"document": "a\x00b"}, ("TEXT_UNREADABLE", "input.document")),
    ],
)
async def test_what_makes_no_sense_is_refused(world: World, changed: dict[str, Any], refused: tuple[str, str]) -> None:
    assert codes(await adopt(world, "county_officer", **changed)) == [refused]


async def test_the_second_wall_keeps_other_regions_numbers_too(world: World) -> None:
    """An app role with the viewer of Yongtai touches no row of another county, nor the country's."""
    async with world.sql.transaction():
        await world.sql.execute("SET LOCAL ROLE ruhu_app")
        await world.sql.execute(
            "SELECT set_config('ruhu.region_from', '350125', true), set_config('ruhu.region_to', '350125:', true),"
            " set_config('ruhu.region_spans', '', true)"
        )
        touched = await world.sql.execute(
            "UPDATE policy_value SET until_on = '2030-01-01' WHERE region_code IS NULL OR region_code <> '350125'"
        )
        assert touched == "UPDATE 0"
