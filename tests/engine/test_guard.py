"""No document makes the server work more than its own length: measured in nodes looked at, not in time."""

from __future__ import annotations

import pytest
from graphql import GraphQLError, SelectionNode, get_introspection_query, parse

from schema.engine import guard
from schema.engine.guard import MOST, measure

from .asking import EVERYONE, NEIGHBOUR, Asking


def bomb(levels: int) -> str:
    """Each fragment spreads the next one twice: 2 to the power of `levels` fields in a few hundred bytes."""
    fragments = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{{ ...F0 }} {fragments} fragment F{levels} on Query {{ __typename }}"


def aliased_bomb(levels: int) -> str:
    """The same where every spread stands under an alias, so that no two merge."""
    fragments = " ".join(
        f"fragment F{n} on Query {{ a: q {{ ...F{n + 1} }} b: q {{ ...F{n + 1} }} }}" for n in range(levels)
    )
    return f"{{ ...F0 }} {fragments} fragment F{levels} on Query {{ __typename }}"


def many(count: int, one: str) -> str:
    return "{ " + " ".join(one.format(n=n) for n in range(count)) + " }"


def nested(levels: int) -> str:
    return "{ a " * levels + "{ a }" + " }" * levels


REFUSED = {
    "a bomb of 25 nested fragments": (bomb(25), "fields with all fragments spread"),
    "a bomb under aliases": (aliased_bomb(25), "fields with all fragments spread"),
    "aliases": (many(101, "alias{n}: __typename"), "aliases"),
    "one field again and again": (many(500, "__typename"), "fields of one name"),
    "directives on one field": ("{ __typename " + "@aa" * 6 + " }", "directives in one place"),
    "directives on variables": ("query(" + "$a: Int @aa " * 101 + ") { a }", "directives"),
    "directives on a fragment": ("fragment F on Query " + "@aa" * 6 + " { a }", "directives in one place"),
    "depth": (nested(41), "levels"),
    "inline fragments in one another": ("{ ... " * 70 + "{ a }" + " }" * 70, "levels"),
    "fragments one behind the other": (
        " ".join(f"fragment F{n} on Query {{ a {{ ...F{n + 1} }} }}" for n in range(90)) + " { ...F0 }",
        "levels",
    ),
    "fragments": (" ".join(f"fragment F{n} on Query {{ a{n} }}" for n in range(101)) + " { a }", "fragments"),
    "spreads": ("{ " + "...F " * 301 + "} fragment F on Query { a }", "fragment spreads"),
    "operations": (" ".join(f"query Q{n} {{ a }}" for n in range(21)), "operations"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_app_needs_is_refused_by_name(name: str) -> None:
    document, what = REFUSED[name]
    with pytest.raises(GraphQLError, match=f"more than {MOST[what]} {what}") as refusal:
        measure(parse(document))
    assert refusal.value.extensions == {"code": "TOO_COMPLEX"}


@pytest.mark.parametrize("levels", [5, 10])
@pytest.mark.parametrize("kind", [bomb, aliased_bomb])
def test_a_fragment_is_looked_at_once_however_often_it_is_spread(kind: object, levels: int) -> None:
    assert callable(kind)
    document: str = kind(levels)
    measured = measure(parse(document))
    assert measured.counted["fields with all fragments spread"] >= 2**levels
    # What is written: the spreads and fields of each fragment, those of the last one, and the operation's.
    assert measured.visited == document.count("...") + document.count(":") + 1


@pytest.mark.parametrize("kind", [bomb, aliased_bomb])
def test_a_refused_bomb_was_walked_no_further_than_it_is_long(kind: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(kind)
    looked_at = 0
    really = guard._Tape._selection

    def counted(tape: guard._Tape, node: SelectionNode, nested: int) -> tuple[int, int]:
        nonlocal looked_at
        looked_at += 1
        return really(tape, node, nested)

    monkeypatch.setattr(guard._Tape, "_selection", counted)
    document: str = kind(25)
    with pytest.raises(GraphQLError):
        measure(parse(document))
    assert looked_at == document.count("...") + document.count(":") + 1


@pytest.mark.parametrize(
    "document",
    [
        "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
        "{ ...F } fragment F on Query { ...F ...F }",
        "{ ...Nowhere }",
        "type A { b: C }",
    ],
)
def test_circles_and_unknown_fragments_are_left_to_validation(document: str) -> None:
    measure(parse(document))


def test_the_introspection_of_every_tool_passes_and_is_known_for_what_it_is() -> None:
    assert measure(parse(get_introspection_query())).reads_schema
    assert measure(parse('{ ...F } fragment F on Query { a: __type(name: "A") { name } }')).reads_schema
    assert not measure(parse("{ a { __typename } }")).reads_schema


async def test_a_bomb_is_refused_before_it_is_validated_and_remembered(
    ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.engine.engine.validate", lambda *_, **__: pytest.fail("validated"))
    assert (await ask(bomb(25))).code == "TOO_COMPLEX"
    monkeypatch.setattr("schema.engine.engine.parse", lambda *_, **__: pytest.fail("parsed again"))
    assert (await ask(bomb(25))).code == "TOO_COMPLEX"


async def test_a_document_of_too_many_words_is_not_even_parsed_to_its_end(ask: Asking) -> None:
    assert (await ask(many(6000, "a{n}"))).code == "GRAPHQL_PARSE_FAILED"


async def test_the_schema_and_suggestions_from_it_are_for_those_who_may_read_it(pool: object) -> None:
    ask = Asking(pool, knows_schema=lambda viewer: viewer is EVERYONE)
    for viewer, is_told in ((EVERYONE, True), (NEIGHBOUR, False)):
        misspelt = await ask("{ boks { id } }", viewer=viewer)
        assert ("Did you mean" in misspelt.errors[0]["message"]) is is_told
        schema = await ask("{ __schema { queryType { name } } }", viewer=viewer)
        assert ("data" in schema.body) is is_told
    assert schema.code == "INTROSPECTION_OFF"


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query($f: Int!) { books(first: $f) { totalCount } }", {"f": "secret"}),
        ("query($f: Int!) { books(first: $f) { totalCount } }", {"f": ["secret"]}),
        ("query($f: BookFilter) { books(filter: $f) { totalCount } }", {"f": "secret"}),
        ("query($f: BookFilter) { books(filter: $f) { totalCount } }", {"f": {"code": {"x": "secret"}}}),
        ("query($o: BookOrder) { books(orderBy: $o) { totalCount } }", {"o": "secret"}),
        ('{ books(first: "secret") { totalCount } }', {}),
        ('{ books("secret") { totalCount } }', {}),
        ('{ books(filter: {code: """secret"""}, first: secret) { totalCount } }', {}),
    ],
)
async def test_no_value_comes_back_in_an_error(ask: Asking, query: str, variables: dict[str, object]) -> None:
    answer = await ask(query, variables)
    assert answer.answer.is_request_error
    assert b"secret" not in answer.answer.body


async def test_the_charge_is_told_the_cost_before_anything_runs(ask: Asking) -> None:
    charged: list[int] = []

    def charge(cost: int) -> None:
        charged.append(cost)
        raise GraphQLError("Enough.", extensions={"code": "ENOUGH"})

    for query in ("{ books(first: 7) { nodes { id } } }", "{ serverTime }", "subscription { loanChanges { id } }"):
        if query.startswith("subscription"):
            answers = [a async for a in ask.engine.subscribe(query, viewer=NEIGHBOUR, charge=charge)]
        else:
            answers = [await ask.engine.execute(query, viewer=NEIGHBOUR, charge=charge)]
        assert [a.is_request_error for a in answers] == [True]
    assert len(charged) == 3
    assert charged[0] > 7
    assert ask.statements == []


async def test_a_trusted_document_costs_no_allowance_and_stays(pool: object) -> None:
    query = "query Mine($n: Int!) { books(first: $n) { nodes { id } } }"
    ask = Asking(pool, documents=1, on_miss=lambda viewer: pytest.fail("a miss"))
    ask.engine.trust(query)
    (await ask(query, {"n": 1})).data  # noqa: B018
    assert len(ask.engine.documents.items) == 0
