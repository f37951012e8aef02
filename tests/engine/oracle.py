"""A second opinion, naive on purpose: all rows in memory, Python loops, graphql-core's own executor.

It shares nothing with the engine but the tables and the text of the SDL.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, cmp_to_key
from typing import Any

from graphql import ExecutionResult, GraphQLObjectType, build_schema, execute_sync, parse, print_schema
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from . import models as m
from .language import Viewer
from .naive import compare, in_order, like, plain, text_of
from .schema import schema

SCOPED = (m.Library, m.Book, m.Reader, m.Loan)
MODELS = (m.Area, m.Topic, m.Library, m.Author, m.Authorship, m.Book, m.Reader, m.Loan)
NODES = (m.Library, m.Author, m.Book, m.Reader, m.Loan)
BOOK_ORDERS = {
    "CODE": [("code", False)],
    "NEWEST": [("acquired_on", True), ("code", False)],
    "PRICE": [("price", False)],
    "UPDATED": [("updated_at", True)],
    "RATING": [("rating", True)],
}
LOAN_ORDERS = {"LATEST": [("lent_at", True)], "RETURNED": [("returned_on", False), ("lent_at", True)]}


def snake(name: str) -> str:
    return re.sub("([A-Z])", lambda found: "_" + found[1].lower(), name)


class Oracle:
    def __init__(self, rows: dict[type, list[Any]]) -> None:
        self.rows = rows
        self.schema = build_schema(print_schema(schema._schema))
        for named in self.schema.type_map.values():
            if isinstance(named, GraphQLObjectType) and not named.name.startswith("__"):
                for name, field in named.fields.items():
                    field.resolve = getattr(self, f"{named.name}_{name}", None) or self._plainly(name)
        self.schema.get_type("Node").resolve_type = lambda o, *_: type(o).__name__  # type: ignore[union-attr]
        self.schema.get_type("Borrower").resolve_type = lambda o, *_: type(o).__name__  # type: ignore[union-attr]

    @staticmethod
    def _plainly(name: str) -> Any:
        return lambda o, info, **_: o[name] if isinstance(o, dict) else plain(getattr(o, snake(name)))

    @classmethod
    async def load(cls, url: str) -> Oracle:
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
        async with AsyncSession(engine) as session:
            rows = {model: list((await session.scalars(select(model))).all()) for model in MODELS}
            session.expunge_all()
        await engine.dispose()
        return cls(rows)

    def run(self, query: str, variables: dict[str, Any], viewer: Viewer) -> ExecutionResult:
        return execute_sync(self.schema, parse(query), variable_values=variables, context_value=viewer)

    # --- rows

    def get(self, model: type, info: Any, **where: Any) -> list[Any]:
        viewer, rows = info.context, self.rows[model]
        for name, value in where.items():
            rows = self.by(model, name).get(value, [])
        return [r for r in rows if model not in SCOPED or viewer.area_from <= r.area_code <= viewer.area_to]

    @cache  # noqa: B019 - there is one oracle
    def by(self, model: type, name: str) -> dict[Any, list[Any]]:
        found: dict[Any, list[Any]] = {}
        for row in self.rows[model]:
            found.setdefault(getattr(row, name), []).append(row)
        return found

    def by_name(self, table: str) -> list[Any]:
        return next(rows for model, rows in self.rows.items() if model.__tablename__ == table)  # type: ignore[attr-defined]

    def first(self, model: type, info: Any, **where: Any) -> Any:
        return next(iter(self.get(model, info, **where)), None)

    def page(
        self, rows: list[Any], keys: list[tuple[str, bool]], name: str, first: int, after: str | None, key: str = "id"
    ) -> Any:
        """The last sort key gives its direction to the tie-break."""
        keys = [*keys, (key, keys[-1][1])] if key not in [k for k, _ in keys] else keys
        rows = in_order(rows, keys)

        def cursor(row: Any) -> str:
            values = [text_of(getattr(row, k)) for k, _ in keys]
            return base64.b64encode(json.dumps([name, *values], ensure_ascii=False).encode()).decode()

        total = len(rows)
        if after is not None:
            mark = json.loads(base64.b64decode(after))[-1]
            marked = next(r for r in self.rows[type(rows[0])] if str(getattr(r, key)) == mark) if rows else None
            everything = in_order([*rows, marked], keys) if marked is not None and marked not in rows else rows
            rows = everything[everything.index(marked) + 1 :] if marked is not None else []
        kept = rows[:first]
        return {
            "edges": [{"node": r, "cursor": cursor(r)} for r in kept],
            "nodes": kept,
            "totalCount": total,
            "pageInfo": {"hasNextPage": len(rows) > first, "endCursor": cursor(kept[-1]) if kept else None},
        }

    # --- the roots

    def Query_books(
        self, _: Any, info: Any, first: int, orderBy: str = "CODE", filter: Any = None, after: Any = None
    ) -> Any:
        rows, f = self.get(m.Book, info), {k: v for k, v in (filter or {}).items() if v is not None}
        if "genre" in f:
            rows = [r for r in rows if r.genre.name in f["genre"]]
        if "condition" in f:
            rows = [r for r in rows if r.condition == m.Condition[f["condition"]].value]
        if "code" in f:
            rows = [r for r in rows if r.code == f["code"]]
        if "codes" in f:
            rows = [r for r in rows if r.code in f["codes"]]
        if "title" in f:
            rows = [r for r in rows if r.title is not None and f["title"] in r.title]
        if "priceFrom" in f:
            rows = [r for r in rows if r.price is not None and r.price >= Decimal(f["priceFrom"])]
        if "notLentSince" in f:
            at = datetime.fromisoformat(f["notLentSince"])
            rows = [r for r in rows if not any(x.lent_at >= at for x in self.by(m.Loan, "book_id").get(r.id, []))]
        if "loan" in f:
            rows = [r for r in rows if self.filtered(self.get(m.Loan, info, book_id=r.id), f["loan"])]
        return self.page(rows, BOOK_ORDERS[orderBy or "CODE"], orderBy or "CODE", first, after)

    def filtered(self, loans: list[Any], filter: Any) -> list[Any]:
        since = (filter or {}).get("lentFrom")
        return loans if since is None else [x for x in loans if x.lent_at >= datetime.fromisoformat(since)]

    def Query_loans(
        self, _: Any, info: Any, first: int, orderBy: str = "LATEST", filter: Any = None, after: Any = None
    ) -> Any:
        order = orderBy or "LATEST"
        return self.page(self.filtered(self.get(m.Loan, info), filter), LOAN_ORDERS[order], order, first, after)

    def Query_node(self, _: Any, info: Any, id: str) -> Any:
        return next((r for model in NODES for r in self.get(model, info) if str(r.id) == id), None)

    def Query_nodes(self, _: Any, info: Any, ids: list[str]) -> Any:
        return [self.Query_node(_, info, i) for i in ids]

    def Query_book(self, _: Any, info: Any, key: Any) -> Any:
        ((name, value),) = key.items()
        return next(
            iter(in_order([b for b in self.get(m.Book, info) if str(getattr(b, name)) == value], [("id", False)])),
            None,
        )

    def Query_area(self, _: Any, info: Any, code: str) -> Any:
        return self.first(m.Area, info, code=code)

    def Query_areas(
        self, _: Any, info: Any, first: int, within: str | None = None, search: str | None = None, after: Any = None
    ) -> Any:
        rows = [a for a in self.get(m.Area, info) if within is None or like(a.code, within + "%")]
        rows = [a for a in rows if search is None or like(a.name, "%" + search + "%")]
        return self.page(rows, [("code", False)], "code", first, after, key="code")

    def Query_library(self, _: Any, info: Any, area: str) -> Any:
        return self.first(m.Library, info, area_code=area)

    def Query_authors(self, _: Any, info: Any) -> Any:
        return in_order(self.get(m.Author, info), [("name", False), ("id", False)])

    def Query_tallies(self, _: Any, info: Any, by: list[str], on: str | None = None) -> Any:
        groups: dict[tuple[Any, ...], list[Any]] = {}
        for b in self.get(m.Book, info):
            if on is None or (b.acquired_on and b.acquired_on.isoformat() <= on):
                key = (b.genre.name if "GENRE" in by else None, b.library_id if "LIBRARY" in by else None)
                groups.setdefault(key, []).append(b)
        if not by and not groups:
            groups[None, None] = []
        found = []
        for (genre, library), books in groups.items():
            prices = [b.price for b in books if b.price is not None]
            worth = plain(sum(prices, Decimal("0.00"))) if prices else None
            found.append({"genre": genre, "library_id": library, "books": len(books), "worth": worth})
        order = lambda a, b: compare(a["genre"], b["genre"], False) or compare(a["library_id"], b["library_id"], False)  # noqa: E731
        return sorted(found, key=cmp_to_key(order))

    def Query_years(self, _: Any, info: Any, start: int, end: int) -> Any:
        return [{"number": n} for n in range(start, end + 1)]

    def Query_shelf(self, _: Any, info: Any, genre: str) -> Any:
        books = [b for b in self.get(m.Book, info) if b.genre.name == genre]
        cheap = [b for b in books if b.price is not None and b.price < 100]
        return {"total": len(books), "cheapest": in_order(cheap, [("price", False), ("code", False), ("id", False)])}

    # --- fields that are not columns

    def Tally_library(self, t: Any, info: Any) -> Any:
        return self.first(m.Library, info, id=t["library_id"]) if t["library_id"] else None

    def Area_parent(self, a: Any, info: Any) -> Any:
        return self.first(m.Area, info, code=a.parent_code) if a.parent_code else None

    def Area_children(self, a: Any, info: Any) -> Any:
        return in_order(self.get(m.Area, info, parent_code=a.code), [("name", True), ("code", True)])

    def Area_siblingCount(self, a: Any, info: Any) -> Any:
        return sum(x.parent_code == a.parent_code for x in self.rows[m.Area]) if a.parent_code else 0

    def Area_libraries(self, a: Any, info: Any, named: str | None = None) -> Any:
        found = [x for x in self.get(m.Library, info, area_code=a.code) if named is None or x.name == named]
        return in_order(found, [("name", False), ("id", False)])

    def Library_area(self, x: Any, info: Any) -> Any:
        return self.first(m.Area, info, code=x.area_code)

    def Library_bookCount(self, x: Any, info: Any) -> Any:
        return len(self.by(m.Book, "library_id").get(x.id, []))

    def Library_books(self, x: Any, info: Any, first: int, after: Any = None) -> Any:
        return self.page(self.get(m.Book, info, library_id=x.id), [("code", False)], "code,id", first, after)

    def Library_booksOf(self, x: Any, info: Any, genre: str, first: int, after: Any = None) -> Any:
        books = [b for b in self.get(m.Book, info, library_id=x.id) if b.genre.name == genre]
        return self.page(books, [("updated_at", True)], "-updated_at,-id", first, after)

    def Author_phoneOrItsBeginning(self, a: Any, info: Any) -> Any:
        return a.phone if info.context.role == "librarian" else a.phone and a.phone[:1]

    def Author_phone(self, a: Any, info: Any) -> Any:
        return a.phone if info.context.role == "librarian" else None

    def Author_books(self, a: Any, info: Any) -> Any:
        ids = {x.book_id for x in self.by(m.Authorship, "author_id").get(a.id, [])}
        return in_order([b for b in self.get(m.Book, info) if b.id in ids], [("code", False), ("id", False)])

    def Book_authors(self, b: Any, info: Any) -> Any:
        ids = {x.author_id for x in self.by(m.Authorship, "book_id").get(b.id, [])}
        return in_order([a for a in self.get(m.Author, info) if a.id in ids], [("name", False), ("id", False)])

    def Book_condition(self, b: Any, info: Any) -> Any:
        return m.Condition(b.condition).name

    def Book_price(self, b: Any, info: Any) -> Any:
        return plain(b.price) if info.context.role == "librarian" else None

    def Book_pricePerCopy(self, b: Any, info: Any) -> Any:
        return None if b.price is None else plain((b.price / b.copies).quantize(Decimal("0.01"), ROUND_HALF_UP))

    def Book_topicCodes(self, b: Any, info: Any) -> Any:
        return b.topics

    def Book_topics(self, b: Any, info: Any) -> Any:
        return [t for code in b.topics for t in self.get(m.Topic, info, code=code)]

    def Book_firstTopic(self, b: Any, info: Any) -> Any:
        if not b.topics:
            return None
        topic = self.first(m.Topic, info, code=b.topics[0])
        return {"code": b.topics[0], "label": topic.label if topic else None}

    def Book_library(self, b: Any, info: Any) -> Any:
        return self.first(m.Library, info, id=b.library_id)

    def Book_lastLoan(self, b: Any, info: Any) -> Any:
        return next(iter(in_order(self.get(m.Loan, info, book_id=b.id), [("lent_at", True), ("id", True)])), None)

    def Book_loans(
        self, b: Any, info: Any, first: int, orderBy: str = "LATEST", filter: Any = None, after: Any = None
    ) -> Any:
        loans, order = self.filtered(self.get(m.Loan, info, book_id=b.id), filter), orderBy or "LATEST"
        return self.page(loans, LOAN_ORDERS[order], order, first, after)

    def Book_openLoans(self, b: Any, info: Any, on: str | None = None) -> Any:
        loans = self.get(m.Loan, info, book_id=b.id)
        open_ = [x for x in loans if on is None or x.returned_on is None or x.returned_on.isoformat() > on]
        return in_order(open_, [("lent_at", False), ("id", False)])

    def Book_isDearerThan(self, b: Any, info: Any, price: str) -> Any:
        return None if b.price is None else b.price > Decimal(price)

    def Book_place(self, b: Any, info: Any, datum: str = "WGS84") -> Any:
        if b.place is None:
            return None
        longitude, latitude = struct.unpack("<dd", bytes.fromhex(b.place.desc)[-16:])
        return {"longitude": longitude + (1.0 if datum == "SHIFTED" else 0.0), "latitude": latitude, "datum": datum}

    def Reader_name(self, r: Any, info: Any) -> Any:
        return r.name if info.context.role == "librarian" else r.name[:1] + "**"

    def Reader_loans(self, r: Any, info: Any) -> Any:
        return in_order(self.get(m.Loan, info, reader_id=r.id), [("lent_at", False), ("id", False)])

    def Loan_book(self, x: Any, info: Any) -> Any:
        return self.first(m.Book, info, id=x.book_id)

    def Loan_borrower(self, x: Any, info: Any) -> Any:
        return self.first(m.Reader, info, id=x.reader_id) or self.first(m.Library, info, id=x.to_library_id)

    def Loan_receiptUrl(self, x: Any, info: Any) -> Any:
        return f"/receipts/{x.receipt_key}?signed"
