"""The ground under the benches: a synthetic province in a database of its own, and who asks for what of it."""

from __future__ import annotations

import json
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from api.cli.cluster import ClusterError, running
from api.database import connected, prepare
from api.tokens import Keys
from bench.servers import ROOT, master
from domain.access.queries import find_viewer, viewer_settings
from domain.access.rules import CHINA
from domain.base.key_ring import read_ring
from domain.base.models import namespace_id
from domain.demo.personas import account_id
from domain.demo.province import load_province, province_is_loaded

PREFECTURE = "5205"  # 毕节: the most villages
VILLAGES = 24
PARTNERS = 24
CADRES = 64
FAMILIES = 50
TOKEN_SECONDS = 2 * 3600


@dataclass(frozen=True)
class Asking:
    """One request's variables and who asks: a token, and the settings that wall 2 would get."""

    variables: dict[str, Any]
    token: str
    settings: dict[str, str]


@dataclass(frozen=True)
class Ground:
    """The database's address, what servers need in their environment, and the requests of each workload."""

    url: str
    environment: dict[str, str]
    asking: dict[str, list[Asking]]


@contextmanager
def address(url: str | None, households: int) -> Iterator[str]:
    """The database of `--database`, or one of so many households on a private server."""
    if url is not None:
        yield url
        return
    try:
        with running(ROOT / ".data" / "bench", say=print) as cluster:
            yield cluster.url(f"ruhu_bench_{households}")
    except ClusterError as error:
        sys.exit(f"ruhu: {error}")


@asynccontextmanager
async def ground(url: str, households: int) -> AsyncIterator[Ground]:
    """The province at this address, loaded if it is not there."""
    key = master()
    await prepare(url, key, demo=True, say=print)
    with tempfile.TemporaryDirectory(prefix="ruhu-bench-") as data:
        async with connected(url) as connection:
            if not await province_is_loaded(connection):
                ring = await read_ring(connection, key, datetime.now(UTC))
                today = datetime.now(CHINA).date()
                await load_province(connection, ring, households=households, say=print, today=today)
                await connection.execute("VACUUM (ANALYZE)")
            villages = await _villages(connection)
            partners = await _partners(connection)
            asker = _Asker(connection, Keys(Path(data)))
            officer = account_id(f"officer {PREFECTURE}")
            counties = await connection.fetch(
                "SELECT code FROM region WHERE parent_code = $1 AND valid_to IS NULL ORDER BY code", PREFECTURE
            )
            asking: dict[str, list[Asking]] = {
                "village": [await asker(officer, region=village) for village in villages],
                "changed": [await asker(officer, region=row["code"]) for row in counties],
                "partner": [await asker(account, id=str(partner)) for account, partner in partners],
                "visits": [await asker(account, households=own) for account, own in await _cadres(connection)],
            }
        environment = {"RUHU_DATABASE_URL": url, "RUHU_DATA_DIR": data, "RUHU_ENV": "development"}
        yield Ground(url, environment, asking)


SESSION = """
INSERT INTO sign_in_session (id, account_id, device_id, device_name, salt, generation, opened_at, rotated_at, expires_at)
VALUES ($1, $2, $3, 'bench', '', 0, now(), now(), now() + interval '10 days')
"""


class _Asker:
    def __init__(self, connection: asyncpg.Connection, keys: Keys) -> None:
        self.connection, self.keys = connection, keys

    async def __call__(self, account: uuid.UUID, **variables: Any) -> Asking:
        today = await self.connection.fetchval("SELECT current_date")
        viewer = await find_viewer(self.connection, account, today, "zh")
        assert viewer is not None, account
        # A session as a phone's sign-in leaves it: outside the demo no token stands alone.
        session, device = uuid.uuid4(), f"bench {uuid.uuid4()}"
        await self.connection.execute(SESSION, session, account, device)
        token = self.keys.issue(account, TOKEN_SECONDS, time.time(), sid=str(session), dev=device)
        return Asking(variables, token, {f"ruhu.{k}": v for k, v in viewer_settings(viewer).items()})


# The province spreads families evenly and thinner than real villages are. So 50 families of a township move into its
# first village, and their visits with them.
GATHER = """
WITH township AS (
  SELECT left(region_code, 9) AS code, min(region_code COLLATE "C") AS village
  FROM household WHERE region_code LIKE $1 || '%' GROUP BY 1 HAVING count(*) >= $3 ORDER BY 1 LIMIT $2
), picked AS (
  SELECT village, h.id FROM township CROSS JOIN LATERAL (
    SELECT id FROM household WHERE region_code >= township.code AND region_code < township.code || ':'
    ORDER BY region_code, code LIMIT $3) AS h
), moved AS (
  UPDATE household SET region_code = village FROM picked WHERE picked.id = household.id AND region_code <> village
), people AS (
  UPDATE person SET region_code = village FROM picked WHERE picked.id = household_id AND region_code <> village
), paired AS (
  UPDATE pairing SET region_code = village FROM picked WHERE picked.id = household_id AND region_code <> village
), visited AS (
  UPDATE visit SET region_code = village FROM picked WHERE picked.id = household_id AND region_code <> village
), listed AS (
  UPDATE household_access SET region_code = village FROM picked WHERE picked.id = household_id AND region_code <> village
)
SELECT village FROM township ORDER BY village
"""


async def _villages(connection: asyncpg.Connection) -> list[str]:
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")  # no phone is told of this
        return [row[0] for row in await connection.fetch(GATHER, PREFECTURE, VILLAGES, FAMILIES)]


async def _partners(connection: asyncpg.Connection) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Accounts for the partners with most families; (account, organisation)."""
    rows = await connection.fetch(
        "SELECT o.id, o.name FROM organisation o JOIN pairing p ON p.organisation_id = o.id"
        " WHERE o.region_code LIKE $1 || '%' GROUP BY o.id ORDER BY count(*) DESC, o.id LIMIT $2",
        PREFECTURE,
        PARTNERS,
    )
    found = [(namespace_id(f"bench partner {row['id']}"), row["id"]) for row in rows]
    for (account, partner), row in zip(found, rows, strict=True):
        await connection.execute(
            "INSERT INTO account (id, name, kind, organisation_id, created_at) VALUES ($1, $2, 'PARTNER', $3, now())"
            " ON CONFLICT DO NOTHING",
            account,
            row["name"],
            partner,
        )
        await connection.execute(
            "INSERT INTO access_grant (id, account_id, role, organisation_id, purpose, starts_on, ends_on)"
            " VALUES ($1, $2, 'PARTNER', $3, 'bench', current_date - 1, current_date + 9) ON CONFLICT DO NOTHING",
            namespace_id(f"bench grant {account}"),
            account,
            partner,
        )
    return found


async def _cadres(connection: asyncpg.Connection) -> list[tuple[uuid.UUID, list[Any]]]:
    """The cadres with most families, outside the prefecture that is read: (account, [(household, longitude, latitude)])."""
    rows = await connection.fetch(
        "SELECT a.id, json_agg(json_build_array(h.id, ST_X(h.location), ST_Y(h.location))) AS households"
        " FROM account a JOIN household_access l ON l.party_id = a.helper_id JOIN household h ON h.id = l.household_id"
        " WHERE l.region_code LIKE '52%' AND l.region_code NOT LIKE $1 || '%' AND h.location IS NOT NULL"
        " GROUP BY a.id ORDER BY count(*) DESC, a.id LIMIT $2",
        PREFECTURE,
        CADRES,
    )
    return [(row["id"], json.loads(row["households"])) for row in rows]


def header(settings: dict[str, str]) -> str:
    """The settings as PostGraphile's server wants them in `X-Viewer`."""
    return json.dumps(settings)
