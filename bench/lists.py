"""How long a department's list of 100,000 rows takes: sent as a workbook, read, sealed, matched, and its clues raised.

    python -m bench.lists [--rows N] [--known SHARE] [--households N] [--database URL]

Of the rows, `known` percent are members of families of one prefecture of the synthetic province; the others are nobody's.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import time
import uuid
from datetime import UTC, date, datetime

import asyncpg

from api.database import prepare
from api.settings import Settings
from api.worker import working
from bench.ground import PREFECTURE, address
from bench.servers import master
from domain.access.queries import SET_VIEWER, find_viewer, viewer_settings
from domain.access.rules import CHINA, Actor
from domain.base.chinese_ids import made_up_id_number
from domain.base.key_ring import read_ring
from domain.base.sealed_fields import ID_NUMBER
from domain.base.transactions import carry_out
from domain.demo.personas import account_id
from domain.demo.province import load_province, province_is_loaded
from domain.lists.actions import keep_upload, submit_department_list
from domain.lists.matching import match_list
from domain.lists.sheets import as_xlsx, kind_of

GRANT = """
INSERT INTO access_grant (id, account_id, role, region_code, starts_on, ends_on, purpose)
SELECT gen_random_uuid(), id, 'DEPARTMENT', $1, '2020-01-01', '2099-01-01', 'bench' FROM account
WHERE persona = 'department'
"""
MEMBERS = """
SELECT p.id, p.name, id_number_sealed FROM person p JOIN household h ON h.id = p.household_id
WHERE h.region_code LIKE $1 || '%' AND id_number_sealed IS NOT NULL AND died_on IS NULL ORDER BY p.id LIMIT $2
"""
OUTCOMES = "SELECT outcome, count(*) FROM department_list_row WHERE list_id = $1 GROUP BY 1 ORDER BY 2 DESC"


async def bench(url: str, rows: int, known: int, households: int) -> None:
    """Loads what is missing, delivers one list, and prints what it took."""
    key = master()
    await prepare(url, key, demo=True, say=print)
    sql = await asyncpg.connect(url)
    ring = await read_ring(sql, key, datetime.now(UTC))
    if not await province_is_loaded(sql):
        await load_province(sql, ring, households=households, say=print, today=datetime.now(CHINA).date())
        await sql.execute("VACUUM (ANALYZE)")
    await sql.execute(GRANT, PREFECTURE)
    people = await sql.fetch(MEMBERS, PREFECTURE, rows * known // 100)
    lines = [(p["name"], ring.unseal(ID_NUMBER, p["id"], p["id_number_sealed"]), "20000.00") for p in people]
    nobody = rows - len(lines)
    lines += [("某某", made_up_id_number(n % 1000, date(1931, 1, 1), n // 1000 + 1), "20000.00") for n in range(nobody)]
    content = as_xlsx(("姓名", "身份证号", "金额"), lines)

    settings = Settings(database_url=url, env="demo", master_key=key.hex())
    today = datetime.now(CHINA)
    viewer = await find_viewer(sql, account_id("department"), today.date(), "zh")
    assert viewer is not None
    actor, list_id, upload_id = Actor(viewer, today), uuid.uuid4(), uuid.uuid4()
    async with working(settings) as work:
        began = time.perf_counter()
        for action in (
            lambda db: keep_upload(db, actor, id=upload_id, kind=kind_of(content), content=content),
            lambda db: submit_department_list(
                db, actor, operation_id=list_id, sign="MEDICAL_EXPENSE", period=f"{today:%Y-%m}",
                region_code=PREFECTURE, upload_id=upload_id,
            ),
        ):  # fmt: skip
            await carry_out(work.sessions, action, set_viewer=SET_VIEWER, viewer=viewer_settings(viewer))
        before = resource.getrusage(resource.RUSAGE_SELF)
        await match_list(work.sessions, work.clock, list_id)
        seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{rows} rows, {len(content)} bytes: {seconds:.1f} s, {rows / seconds:.0f} rows a second")
    print(f"processor time of the worker {spent:.1f} s")
    print({row["outcome"]: row["count"] for row in await sql.fetch(OUTCOMES, list_id)})
    await sql.execute("DELETE FROM jobs.pgqueuer WHERE entrypoint = 'match_list'")
    await sql.close()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="How long a department's list takes.")
    parser.add_argument("--rows", type=int, default=100_000, help="at most 100,000")
    parser.add_argument("--known", type=int, default=10, help="percent of the rows that are somebody on record")
    parser.add_argument("--households", type=int, default=20_000, help="of the synthetic province")
    parser.add_argument("--database", help="address of a database to use; else a private server under .data/bench")
    given = parser.parse_args()
    with address(given.database, given.households) as url:
        asyncio.run(bench(url, min(given.rows, 100_000), given.known, given.households))


if __name__ == "__main__":
    main()
