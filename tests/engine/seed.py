"""A small county of libraries with every awkward value: quotes, NaN, nulls, equal sort keys, rows outside the scope."""

from __future__ import annotations

import json
import random
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from .models import Base, Condition, Genre

AWKWARD = ['张"家', "a\\b", "O'Neil", "tab\tnew\nline", "\x01\x02", "emoji 🌾", "", "</script>", "%s $1 :x", "50% _off"]
AREAS = [f"52{k:02d}" for k in range(1, 13)]
APP_ROLE = "toy_app"
WALL = f"""
do $$ begin if not exists (select 1 from pg_roles where rolname = '{APP_ROLE}') then create role {APP_ROLE} login; end if; end $$;
grant usage on schema public to {APP_ROLE};
grant select on all tables in schema public to {APP_ROLE};
"""


async def seed(url: str) -> None:
    """Makes the tables in an empty database and fills them, the same every time."""
    connection = await asyncpg.connect(url)
    await connection.execute("create extension postgis")
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in Base.metadata.sorted_tables:
        await connection.execute(str(CreateTable(table).compile(dialect=dialect)))
        for index in table.indexes:
            if not any(c.name == "place" for c in index.columns):
                await connection.execute(str(CreateIndex(index).compile(dialect=dialect)))
    await connection.execute(
        "create index on loan (book_id, lent_at desc, id desc); create index on book (library_id, code, id)"
    )
    for name, rows in _rows(random.Random(7)).items():
        columns = list(rows[0])
        casts = {"place": "::text::geometry", "notes": "::text::jsonb"}
        marks = ", ".join(f"${i}{casts.get(c, '')}" for i, c in enumerate(columns, 1))
        statement = f"insert into {name} ({', '.join(columns)}) values ({marks})"
        await connection.executemany(statement, [list(row.values()) for row in rows])
    await connection.execute(WALL)
    await connection.execute("analyze")
    await connection.close()


def _rows(r: random.Random) -> dict[str, list[dict[str, Any]]]:
    def uid() -> uuid.UUID:
        return uuid.UUID(int=r.getrandbits(128), version=4)

    def text() -> str:
        return r.choice(AWKWARD) + str(r.randrange(30))

    now = datetime(2026, 1, 1, tzinfo=UTC)
    areas = [{"code": "52", "name": text(), "parent_code": None}] + [
        {"code": c, "name": text(), "parent_code": "52"} for c in AREAS
    ]
    topics = [{"code": f"T{k}", "label": text()} for k in range(6)]
    libraries = [{"id": uid(), "area_code": c, "name": text()} for c in AREAS]
    authors = [{"id": uid(), "name": text(), "phone": r.choice([None, "138"])} for _ in range(15)]
    readers = [
        {
            "id": uid(),
            "area_code": r.choice(AREAS),
            "name": text(),
            "born_on": r.choice([None, date(1990, 1, 1 + r.randrange(5))]),
        }
        for _ in range(40)
    ]
    books, authorships, loans = [], [], []
    for k in range(260):
        library = r.choice(libraries)
        book = {
            "id": uid(),
            "library_id": library["id"],
            "area_code": library["area_code"],
            "code": f"B{k // 3:04d}",
            "title": r.choice([None, text()]),
            "genre": r.choice(list(Genre)).name,
            "condition": r.choice(list(Condition)).value,
            "price": r.choice([None, Decimal(r.randrange(10**5)) / 100, Decimal("12.50")]),
            "copies": r.randrange(1, 6),
            "rating": r.choice([None, 1.0, 0.1, 4.5, r.random() * 1e6]) if k % 60 else float("nan"),
            "is_reference": r.choice([None, True, False]),
            "acquired_on": r.choice([None, date(2020, 1, 1) + timedelta(r.randrange(8))]),
            "updated_at": now + timedelta(microseconds=r.choice([0, 500_000, r.randrange(10**12)])),
            "topics": r.sample([t["code"] for t in topics] + ["gone"], r.randrange(4)),
            "notes": r.choice([None, json.dumps({"k": [1, None, text().replace("\x01", "")]})]),
            "place": f"SRID=4326;POINT({104 + r.random()} {26 + r.random()})" if r.random() < 0.8 else None,
        }
        books.append(book)
        for _ in range(r.randrange(4)):
            authorships.append({"id": uid(), "book_id": book["id"], "author_id": r.choice(authors)["id"]})
        for _ in range(r.randrange(6)):
            is_reader = r.random() < 0.7
            loans.append(
                {
                    "id": uid(),
                    "area_code": library["area_code"],
                    "book_id": book["id"],
                    "reader_id": r.choice(readers)["id"] if is_reader else None,
                    "to_library_id": None if is_reader else r.choice(libraries)["id"],
                    "lent_at": now + timedelta(hours=r.randrange(5)),
                    "returned_on": r.choice([None, date(2026, 1, 2 + r.randrange(3))]),
                    "receipt_key": f"k/{r.randrange(9)}.jpg",
                }
            )
    return {
        "area": areas,
        "topic": topics,
        "library": libraries,
        "author": authors,
        "reader": readers,
        "book": books,
        "authorship": authorships,
        "loan": loans,
    }
