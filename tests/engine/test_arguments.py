"""Arguments of every kind reach SQL as parameters, from variables and literals alike."""

from __future__ import annotations

import pytest

from .asking import EVERYONE, VISITOR, Asking
from .oracle import Oracle


async def test_a_filter_asks_only_what_is_given(ask: Asking) -> None:
    query = "query($f: BookFilter) { books(filter: $f) { totalCount } }"
    everything = (await ask(query, {})).data
    assert (await ask(query, {"f": None})).data == everything
    assert (await ask(query, {"f": {"code": None, "genre": None}})).data == everything
    assert (await ask(query, {"f": {"genre": []}})).data == {"books": {"totalCount": 0}}


async def test_enums_are_stored_by_name_or_as_plain_text_of_their_values(ask: Asking, oracle: Oracle) -> None:
    query = "query($g: [Genre!], $c: Condition) { books(filter: {genre: $g, condition: $c}, first: 500) { nodes { genre condition } } }"
    nodes = (await ask(query, {"g": ["POEMS", "NOVEL"], "c": "LOST"})).data["books"]["nodes"]
    expected = [b for b in oracle.by_name("book") if b.genre.name in ("POEMS", "NOVEL") and b.condition == "lost!"]
    assert len(nodes) == len(expected) > 0
    assert {n["condition"] for n in nodes} == {"LOST"}


async def test_one_plan_serves_every_length_of_a_list(ask: Asking) -> None:
    query = "query($c: [String!]) { books(filter: {codes: $c}) { totalCount } }"
    counts = [
        (await ask(query, {"c": c})).data["books"]["totalCount"] for c in ([], ["B0001"], ["B0001", "B0002", "x"])
    ]
    assert counts == [0, 3, 6]
    assert len({sql for sql, _ in ask.statements}) == 1


async def test_one_value_stands_for_a_list_of_one(ask: Asking) -> None:
    data = (
        await ask(
            'query($c: [String!] = "B0001") { a: books(filter: {codes: $c}) { totalCount } b: books(filter: {codes: "B0001"}) { totalCount } }'
        )
    ).data
    assert data == {"a": {"totalCount": 3}, "b": {"totalCount": 3}}


async def test_a_variable_may_stand_inside_a_list(ask: Asking) -> None:
    query = 'query($c: String!) { books(filter: {codes: [$c, "B0002"]}) { totalCount } }'
    assert (await ask(query, {"c": "B0001"})).data == {"books": {"totalCount": 6}}


@pytest.mark.parametrize("text", ["%", "_", "\\", "50%", "' or 1=1 --"])
async def test_contains_takes_its_text_literally(ask: Asking, oracle: Oracle, text: str) -> None:
    query = "query($t: String) { books(filter: {title: $t}) { totalCount } }"
    count = (await ask(query, {"t": text})).data["books"]["totalCount"]
    assert count == sum(b.title is not None and text in b.title for b in oracle.by_name("book"))


async def test_exactly_one_key_of_a_one_of_input(ask: Asking, oracle: Oracle) -> None:
    book = oracle.by_name("book")[0]
    query = "query($k: BookKey!) { book(key: $k) { id code } }"
    assert (await ask(query, {"k": {"id": str(book.id)}})).data["book"] == {"id": str(book.id), "code": book.code}
    assert (await ask(query, {"k": {"code": book.code}})).data["book"]["code"] == book.code
    for wrong in ({}, {"id": str(book.id), "code": "x"}, {"id": None}):
        assert (await ask(query, {"k": wrong})).errors[0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_id_that_is_none_of_ours_is_not_found(ask: Asking, oracle: Oracle) -> None:
    loan = str(oracle.by_name("loan")[0].id)
    query = "query($id: ID!, $ids: [ID!]!) { node(id: $id) { id } nodes(ids: $ids) { __typename id } }"
    data = (await ask(query, {"id": "7", "ids": ["", loan, "x"]})).data
    assert data == {"node": None, "nodes": [None, {"__typename": "Loan", "id": loan}, None]}


async def test_an_enum_argument_is_part_of_the_plan_s_shape(ask: Asking) -> None:
    query = 'query($d: Datum!) { books(filter: {code: "B0004"}) { nodes { place(datum: $d) { longitude datum } } } }'
    (right, shifted) = [(await ask(query, {"d": d})).data["books"]["nodes"] for d in ("WGS84", "SHIFTED")]
    for a, b in zip(right, shifted, strict=True):
        assert a["place"] is None or (a["place"]["datum"], b["place"]["datum"]) == ("WGS84", "SHIFTED")
        assert a["place"] is None or b["place"]["longitude"] == pytest.approx(a["place"]["longitude"] + 1)


async def test_a_list_of_enums_decides_the_grouping(ask: Asking) -> None:
    query = "query($by: [Dimension!]!) { tallies(by: $by) { genre library { name } books worth } }"
    everything = (await ask(query, {"by": []})).data["tallies"]
    by_genre = (await ask(query, {"by": ["GENRE"]})).data["tallies"]
    both = (await ask(query, {"by": ["LIBRARY", "GENRE"]})).data["tallies"]
    assert [len(everything), len(by_genre)] == [1, 3]
    assert {t["genre"] for t in by_genre} == {"NOVEL", "POEMS", "ALMANAC"}
    assert all(t["library"] for t in both)
    assert sum(t["books"] for t in both) == sum(t["books"] for t in by_genre) == everything[0]["books"] == 260


async def test_instants_need_an_offset_and_mean_the_same_in_every_zone(ask: Asking) -> None:
    query = "query($at: DateTime) { loans(filter: {lentFrom: $at}, first: 100) { nodes { id } } }"
    utc = (await ask(query, {"at": "2026-01-01T04:00:00Z"})).data
    assert utc == (await ask(query, {"at": "2026-01-01T12:00:00+08:00"})).data
    assert (await ask(query, {"at": "2026-01-01T12:00:00"})).code == "BAD_USER_INPUT"


async def test_decimals_are_exact_and_travel_as_strings(ask: Asking) -> None:
    query = 'query($p: Decimal!) { books(filter: {code: "B0004"}) { nodes { price isDearerThan(price: $p) } } }'
    for node in (await ask(query, {"p": "12.49"})).data["books"]["nodes"]:
        assert node["price"] is None or isinstance(node["price"], str)
        assert node["price"] != "12.50" or node["isDearerThan"] is True
    assert (await ask(query, {"p": "NaN"})).code == "BAD_USER_INPUT"
    assert (await ask(query, {"p": "1e99999"})).code == "BAD_USER_INPUT"


async def test_what_a_viewer_may_not_see_is_masked_by_the_same_plan(ask: Asking) -> None:
    query = "{ books(orderBy: PRICE, first: 3) { nodes { price } } }"
    seen, masked = [(await ask(query, viewer=v)).data["books"]["nodes"] for v in (EVERYONE, VISITOR)]
    assert all(n["price"] is not None for n in seen)
    assert all(n["price"] is None for n in masked)
    assert len({sql for sql, _ in ask.statements}) == 1


async def test_variables_and_literals_say_the_same(ask: Asking) -> None:
    literal = (
        await ask(
            '{ books(filter: {genre: [POEMS], loan: {lentFrom: "2026-01-01T02:00:00Z"}}, orderBy: NEWEST) { nodes { id } } }'
        )
    ).data
    query = "query($f: BookFilter, $o: BookOrder) { books(filter: $f, orderBy: $o) { nodes { id } } }"
    variables = {"f": {"genre": ["POEMS"], "loan": {"lentFrom": "2026-01-01T02:00:00Z"}}, "o": "NEWEST"}
    assert literal == (await ask(query, variables)).data


async def test_fragments_merge_into_one_selection(ask: Asking) -> None:
    query = """
      query { books(first: 1) { ...A ...A ... on BookConnection { nodes { library { name } } } } }
      fragment A on BookConnection { nodes { ...B library { id ...C } } }
      fragment B on Node { id }
      fragment C on Library { area { code } }
    """
    ((node,),) = [(await ask(query)).data["books"]["nodes"]]
    assert list(node) == ["id", "library"]
    assert list(node["library"]) == ["id", "area", "name"]


async def test_skipped_fields_are_not_in_the_statement(ask: Asking) -> None:
    query = "query($w: Boolean!) { books(first: 1) { nodes { id title @include(if: $w) price @skip(if: true) } } }"
    ((without,), (whole,)) = [(await ask(query, {"w": w})).data["books"]["nodes"] for w in (False, True)]
    assert list(without) == ["id"]
    assert list(whole) == ["id", "title"]
    assert "title" not in ask.statements[0][0]


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query($v: [String!]) { books(filter: {codes: $v}) { totalCount } }", {"v": ["x"] * 501}),
        ("query($v: [Genre!]) { books(filter: {genre: $v}) { totalCount } }", {"v": ["NOVEL"] * 100_000}),
        ("query($v: [Dimension!]!) { tallies(by: $v) { books } }", {"v": ["GENRE"] * 501}),
        (f"{{ books(filter: {{codes: [{','.join(['$c'] * 501)}]}}) {{ totalCount }} }}".replace("$c", '"x"'), {}),
        ("query($v: [String!]) { books(filter: {codes: $v}) { totalCount } serverTime }", {"v": ["x"] * 501}),
    ],
    ids=["of texts", "of enums", "of enums that a body branches on", "literal", "beside a Python field"],
)
async def test_a_list_without_end_is_refused_before_any_sql(
    ask: Asking, query: str, variables: dict[str, list[str]]
) -> None:
    assert (await ask(query, variables)).code == "TOO_MANY_VALUES"
    assert ask.statements == []


async def test_a_list_may_have_as_many_values_as_a_page_has_rows(ask: Asking) -> None:
    query = "query($c: [String!]) { books(filter: {codes: $c}) { totalCount } }"
    assert (await ask(query, {"c": ["B0001"] * 500})).data == {"books": {"totalCount": 3}}
