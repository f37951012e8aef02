"""What a number looks like to who need not know it."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy import false, select
from sqlalchemy.dialects import postgresql

from domain.helpers.models import Helper
from domain.helpers.queries import masked_phone


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13800138000", "138****8000"),
        ("0591-24832", "059****832"),
        ("12345678", "123****8"),
        ("110", "110****"),
        (None, None),
    ],
)
async def test_a_short_number_shows_less(database: asyncpg.Connection, phone: str | None, masked: str | None) -> None:
    one = await database.fetchval("SELECT id FROM helper LIMIT 1")
    await database.execute("UPDATE helper SET phone = $1 WHERE id = $2", phone, one)
    statement = select(masked_phone(false(), Helper.phone)).where(Helper.id == one)
    compiled = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    assert await database.fetchval(str(compiled)) == masked
