"""The map that statements over many households read says what `value_of` says, of every parameter in every place."""

from __future__ import annotations

import json
from datetime import date

import asyncpg
import pytest
from sqlalchemy import Date, Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import array

from domain.access.rules import ANONYMOUS
from domain.policy.catalogue import DEFAULTS
from domain.policy.queries import nearest, settings_map, value_of
from schema.engine.compile import statement_of

# Of the presets' provinces, prefectures and counties; a village of Fuzhou's, and one of which nobody has set anything.
PLACES = ("35", "3501", "350125201205", "3415", "653125104202", "130434205222", "3714", "110101001001")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("day", [date(2019, 6, 1), date(2021, 1, 1), date(2026, 11, 20)])
async def test_the_nearest_in_the_map_is_the_value_in_force(
    database: asyncpg.Connection, place: str, day: date
) -> None:
    code, on = literal(place, Text()), literal(day, Date())
    settings = settings_map(tuple(DEFAULTS), on)
    pairs = [
        func.jsonb_build_array(nearest(settings, name, code), value_of(name, code, on)) for name in sorted(DEFAULTS)
    ]
    asked = statement_of(select(cast(func.to_jsonb(array(pairs)), Text())).select_from(settings), {}, frozenset())
    body = await database.fetchval(f"SELECT ({asked.sql})", *asked.values({}, ANONYMOUS))
    told = dict(zip(sorted(DEFAULTS), json.loads(body), strict=True))
    assert {name: found for name, (found, wanted) in told.items() if found != wanted} == {}
