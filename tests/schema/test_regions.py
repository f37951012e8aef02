"""China's divisions, as anybody may ask for them."""

from __future__ import annotations

import asyncpg
import pytest

from tests.plans import explain
from tests.world import World


async def test_a_township_knows_its_parents_and_its_villages(reading_world: World) -> None:
    data = await reading_world.ask(
        "anonymous",
        """{ region(code: "350125201") { name fullName level parent { name parent { name } }
             children(first: 2) { totalCount nodes { code name level village { code } } } } }""",
    )
    assert data["region"] == {
        "name": "富泉乡",
        "fullName": "福建省福州市永泰县富泉乡",
        "level": "TOWNSHIP",
        "parent": {"name": "永泰县", "parent": {"name": "福州市"}},
        "children": {
            "totalCount": 9,
            "nodes": [
                {"code": "350125201201", "name": "蜚英村委会", "level": "VILLAGE", "village": {"code": "350125201201"}},
                {"code": "350125201202", "name": "力华村委会", "level": "VILLAGE", "village": {"code": "350125201202"}},
            ],
        },
    }


@pytest.mark.parametrize(
    ("written", "code"),
    [("350125000000", "350125"), ("350000000000", "35"), ("350125201000", "350125201"), ("350125", "350125")],
)
async def test_codes_padded_with_zeros_are_understood(reading_world: World, written: str, code: str) -> None:
    data = await reading_world.ask("anonymous", "query($c: RegionCode!) { region(code: $c) { code } }", {"c": written})
    assert data["region"] == {"code": code}


@pytest.mark.parametrize("written", ["3", "35012", "35012x", "", "３５０１２５", "350125201201201", "\u0000", "0135"])
async def test_what_is_no_code_is_refused_before_anything_runs(reading_world: World, written: str) -> None:
    body = await reading_world.post("anonymous", "query($c: RegionCode!) { region(code: $c) { code } }", {"c": written})
    assert "data" not in body
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_code_that_nobody_has_is_not_found(reading_world: World) -> None:
    data = await reading_world.ask("anonymous", '{ region(code: "990000") { code } village(code: "350125") { id } }')
    assert data == {"region": None, "village": None}


async def test_divisions_are_found_by_a_part_of_their_name(reading_world: World) -> None:
    data = await reading_world.ask("anonymous", '{ regions(search: "独山镇") { nodes { code fullName } } }')
    assert [region["code"] for region in data["regions"]["nodes"]] == [
        "341122109",
        "341503104",
        "371724106",
        "421127110",
    ]
    assert data["regions"]["nodes"][1]["fullName"] == "安徽省六安市裕安区独山镇"


async def test_two_characters_find_names_that_begin_with_them(reading_world: World) -> None:
    data = await reading_world.ask("anonymous", '{ regions(search: "独山", first: 500) { nodes { name } } }')
    names = [region["name"] for region in data["regions"]["nodes"]]
    assert len(names) > 20
    assert all(name.startswith("独山") for name in names)


@pytest.mark.parametrize("search", ["%", "_", "\\", "%%%", "'; DROP TABLE region; --", "独%镇"])
async def test_signs_of_sql_are_only_signs(reading_world: World, search: str) -> None:
    data = await reading_world.ask(
        "anonymous", "query($s: String!) { regions(search: $s) { totalCount } }", {"s": search}
    )
    assert data["regions"]["totalCount"] == 0


async def test_a_list_is_walked_page_by_page_without_loss(reading_world: World) -> None:
    query = """query($after: String) { regions(within: "350125", level: VILLAGE, first: 100, after: $after) {
        totalCount nodes { code } pageInfo { hasNextPage endCursor } } }"""
    codes: list[str] = []
    after = None
    while True:
        page = (await reading_world.ask("anonymous", query, {"after": after}))["regions"]
        codes += [node["code"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(codes) == page["totalCount"] > 250
    assert codes == sorted(set(codes))
    assert all(code.startswith("350125") for code in codes)


@pytest.mark.parametrize("first", [501, -1])
async def test_more_than_the_maximum_is_an_error_and_never_a_clamp(reading_world: World, first: int) -> None:
    body = await reading_world.post(
        "anonymous", "query($n: Int!) { regions(first: $n) { nodes { code } } }", {"n": first}
    )
    assert body["errors"][0]["extensions"]["code"] in ("PAGE_TOO_LARGE", "BAD_USER_INPUT")


async def test_all_divisions_of_2023_are_there(database: asyncpg.Connection) -> None:
    counted = await database.fetch("SELECT level, count(*) FROM region GROUP BY level")
    expected = {"PROVINCE": 31, "PREFECTURE": 342, "COUNTY": 2978, "TOWNSHIP": 41352, "VILLAGE": 620573}
    assert {row["level"]: row["count"] for row in counted} == expected
    assert await database.fetchval("SELECT count(*) FROM village") == 620573


@pytest.mark.parametrize(
    ("search", "why"),
    [("独山镇", "three characters have a trigram"), ("独山", "two have the padded trigrams of a beginning")],
)
async def test_the_search_by_name_asks_the_trigram_index(shared_database: str, search: str, why: str) -> None:
    plan = await explain(
        shared_database, "query($s: String!) { regions(search: $s) { nodes { code name } } }", {"s": search}
    )
    assert "ix_region_name_trigram" in plan, why
    assert "Seq Scan on region" not in plan, why


async def test_a_subtree_is_a_range_of_the_key(shared_database: str) -> None:
    plan = await explain(
        shared_database,
        "query($c: RegionCode!) { regions(within: $c, level: VILLAGE) { nodes { code } } }",
        {"c": "350125"},
    )
    assert "Index Cond: ((code >= " in plan
    assert "Seq Scan on region" not in plan
