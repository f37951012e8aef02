"""Sealed leaves: opened in the bytes, for who is to see them; an error with its path where one does not open."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from sqlalchemy import Boolean, Integer, Text, case, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from strawberry.scalars import JSON

from schema.engine import (
    Catalogue,
    DeclarationError,
    Engine,
    check,
    entity,
    everyone,
    many,
    of_viewer,
    opened,
    planned,
    rows_of,
)

LETTER = rows_of("letter", number=Integer(), sealed=Text(), seen=Text(), note=JSONB(), names=ARRAY(Text()))
KNOWS = of_viewer("knows", Boolean())
# Every text that could be taken for something else in JSON, or for one of the engine's own marks.
TEXTS = ["plain", 'a "quote" and a \\', "line\nbreak \x01\x02\x03\x04", "李阿姨 \U0001f600", ""]
QUERY = "query ($sealed: [String]!) { letters(sealed: $sealed) { text must } }"


@entity(LETTER, scope=everyone(), key=("number",))
class Letter:
    """A sealed letter."""

    text: str | None = opened(case((KNOWS, LETTER.c.sealed)), otherwise=LETTER.c.seen)
    must: str = opened(LETTER.c.sealed)
    content: JSON | None = opened(case((KNOWS, LETTER.c.sealed)), otherwise=LETTER.c.note)  # type: ignore[assignment]


@strawberry.type
class Query:
    @planned
    def letters(self, sealed: list[str | None]) -> list[Letter]:
        """One for each."""
        given = func.unnest(sealed, type_=Text()).table_valued(
            column("sealed", Text()), with_ordinality="number", name="given"
        )
        given = given.render_derived()
        rows = select(given.c.number, given.c.sealed, func.concat("seen ", given.c.sealed).label("seen"))
        rows = rows.add_columns(func.jsonb_build_array(given.c.sealed).label("note"))
        return many(Letter, source=rows, order_by=(LETTER.c.number,))

    @strawberry.field
    def ordinary(self) -> bool:
        return True


CATALOGUE = check(Catalogue(strawberry.Schema(Query)))


def opens(told: bytes) -> str:
    """The sealed text is the number of a text; a letter is no number."""
    return TEXTS[int(told)]


class Asking:
    def __init__(self, pool: Any, opens: Any = opens) -> None:
        self.surprises: list[str] = []
        self.engine = Engine(CATALOGUE, pool, flags=("knows",), opens=opens, on_surprise=self._note)

    def _note(self, error: BaseException, plan: str) -> None:
        self.surprises.append(str(error))

    async def __call__(self, query: str, sealed: list[Any], *, knows: bool = True) -> dict[str, Any]:
        answer = await self.engine.execute(query, {"sealed": sealed}, viewer=SimpleNamespace(knows=knows))
        body: dict[str, Any] = json.loads(answer.body)
        return body


@pytest.mark.parametrize("beside", ["", " ordinary"], ids=["in one statement", "beside an ordinary field"])
async def test_what_stands_sealed_leaves_opened_whatever_it_holds(pool: Any, beside: str) -> None:
    query = QUERY.replace(" must } }", f" must }} {beside} }}")
    body = await Asking(pool)(query, [str(place) for place in range(len(TEXTS))])
    assert body["data"]["letters"] == [{"text": text, "must": text} for text in TEXTS]
    assert "errors" not in body


async def test_who_is_not_to_see_it_is_shown_the_other_expression_and_nothing_is_opened(pool: Any) -> None:
    def never(told: bytes) -> str:
        raise AssertionError(told)

    body = await Asking(pool, never)(
        "query ($sealed: [String]!) { letters(sealed: $sealed) { text } }", ["0", None], knows=False
    )
    assert body == {"data": {"letters": [{"text": "seen 0"}, {"text": "seen "}]}}


async def test_json_that_stands_sealed_leaves_as_json(pool: Any) -> None:
    query = "query ($sealed: [String]!) { letters(sealed: $sealed) { content } }"
    content = {"a": [1, "\u0001", None], "b": {"c": "李"}}
    asking = Asking(pool, lambda told: json.dumps(content))
    assert (await asking(query, ["0"]))["data"]["letters"] == [{"content": content}]
    assert (await asking(query, ["0"], knows=False))["data"]["letters"] == [{"content": ["0"]}]


@pytest.mark.parametrize("beside", ["", " ordinary"], ids=["in one statement", "beside an ordinary field"])
async def test_what_does_not_open_is_an_error_at_its_place_and_the_rest_is_there(pool: Any, beside: str) -> None:
    asking = Asking(pool)
    query = f"query ($sealed: [String]!) {{ letters(sealed: $sealed) {{ text }} {beside} }}"
    body = await asking(query, ["1", "letter of 7", "3"])
    assert [one["text"] for one in body["data"]["letters"]] == [TEXTS[1], None, TEXTS[3]]
    (error,) = body["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["letters", 1, "text"], "INTERNAL")
    assert "letter of 7" not in json.dumps(body)
    assert asking.surprises == ["invalid literal for int() with base 10: b'letter of 7'"], "the log is told"


async def test_where_something_must_be_and_is_not_null_goes_up(pool: Any) -> None:
    body = await Asking(pool)(QUERY, ["0", None])
    assert body["data"] is None
    assert body["errors"][0]["path"] == ["letters", 1, "must"]


@pytest.mark.parametrize(
    ("of", "expression"), [(int, LETTER.c.number), (list[str], LETTER.c.names)], ids=["a number", "a list"]
)
def test_only_texts_and_json_are_opened(of: Any, expression: Any) -> None:
    made = type("Odd", (), {"__annotations__": {"odd": of}, "odd": opened(expression), "__doc__": "Odd."})
    odd = entity(LETTER, scope=everyone(), key=("number",))(made)

    def one(self: Any) -> Any:
        """One."""
        return many(odd)

    one.__annotations__["return"] = list[odd]  # type: ignore[valid-type]
    root = strawberry.type(type("Query", (), {"one": planned(one)}))
    with pytest.raises(DeclarationError, match="what is opened is text or JSON"):
        check(Catalogue(strawberry.Schema(root)))
