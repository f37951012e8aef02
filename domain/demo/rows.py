"""The demo's rows, gathered table by table and written by one COPY each."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from operator import itemgetter
from typing import Any, Final

import asyncpg

from domain.base.sealed_fields import SEALED, sealed
from domain.base.sealing import Ring

# Every table comes after those that it refers to.
TABLES: Final = (
    "organisation",
    "helper",
    "account",
    "access_grant",
    "household",
    "person",
    "membership",
    "household_event",
    "roster",
    "roster_entry",
    "pairing",
    "household_access",
    "campaign",
    "campaign_activity",
    "agreement",
    "benefit_link",
    "benefit_delivery",
    "visit",
    "visit_companion",
    "visit_finding",
    "visit_photo",
    "income_statement",
    "clue",
    "clue_witness",
    "hardship_report",
    "monitoring_case",
    "case_event",
    "notice",
    "objection",
    "grading_round",
    "risk_grade",
    "assistance_plan",
    "measure",
    "measure_event",
    "effect_analysis",
    "relief",
    "programme_case",
    "programme_case_event",
)
Point = tuple[float, float]  # WGS-84, longitude first


class Rows:
    """Gathered rows, sealed where their table has sealed fields. All rows of a table name the same columns."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.of: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}

    def add(self, table: str, **columns: Any) -> None:
        """One more row of `table`; points are (longitude, latitude), JSON is text, and numbers are in the clear."""
        self.of[table].append(sealed(self.ring, table, columns["id"], columns) if table in SEALED else columns)

    async def copy(self, connection: asyncpg.Connection) -> None:
        """Write everything. The connection writes points as pairs."""
        for table, rows in self.of.items():
            if rows:
                columns = tuple(rows[0])
                if any(len(row) != len(columns) for row in rows):
                    raise ValueError(f"the rows of {table} do not all name the same columns")
                records = map(itemgetter(*columns), rows)
                await connection.copy_records_to_table(table, records=records, columns=columns)


_EWKB_POINT = struct.Struct("<BIIdd")
_POINT_WITH_SRID = 0x20000001


def ewkb(point: Point) -> bytes:
    """A WGS-84 point as PostGIS reads it in a binary COPY."""
    return _EWKB_POINT.pack(1, _POINT_WITH_SRID, 4326, *point)


@asynccontextmanager
async def points_as_pairs(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Inside, this connection writes pairs of coordinates into columns of points. Enter it outside a transaction."""
    schema = await connection.fetchval(
        "SELECT nspname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE typname = 'geometry'"
    )
    await connection.set_type_codec(
        "geometry", schema=schema, encoder=ewkb, decoder=lambda data: _EWKB_POINT.unpack(data)[3:], format="binary"
    )
    try:
        yield
    finally:
        await connection.reset_type_codec("geometry", schema=schema)
