"""福州的季度摸排: 133 households of 443 people with a key risk of return, 60 of 218 below 8,400 yuan, each of them called on.

Fuzhou 2020 names the two figures and does not say that the lists are disjoint, so the ledger counts distinct households.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal

from domain.access.rules import CHINA
from domain.demo.settlements import BELOW_8400, KEY_RISK
from tests.sweeping import call, coverage, gathered, ledger, opened, work_off
from tests.world import World

FIGURES = """query ($id: ID!) { sweep(id: $id) { ledger(first: 200) { nodes { outcome groups household {
  memberCount income { perCapitaNet unknownMonths } } } } } }"""


async def test_fuzhous_quarter_from_the_rosters_to_the_last_line_of_the_ledger(world: World) -> None:
    # The figures are the prefecture's; its desk opens the campaign here as a county's would.
    await world.sql.execute(
        "INSERT INTO access_grant (id, account_id, role, region_code, starts_on)"
        " SELECT $1, id, 'COUNTY_OFFICER', '3501', '2020-01-01' FROM account WHERE persona = 'county_officer'",
        uuid.uuid4(),
    )
    today = datetime.now(CHINA).date()
    span = {"fromOn": str(today - timedelta(days=7)), "untilOn": str(today + timedelta(days=7))}
    groups = {"groups": [KEY_RISK, BELOW_8400]}
    quarter = f"{today.year}-Q{(today.month + 2) // 3}"
    sweep_id = await gathered(
        world, await opened(world, "county_officer", region="3501", period=quarter, **span, **groups)
    )
    lines = await ledger(world, sweep_id)
    for roster, households, people in ((KEY_RISK, 133, 443), (BELOW_8400, 60, 218)):
        listed = [line for line in lines.values() if roster in line["groups"]]
        assert len(listed) == households
        assert sum(line["household"]["memberCount"] for line in listed) == people
    both = [line for line in lines.values() if len(line["groups"]) == 2]
    assert len(lines) == 133 + 60 - len(both), "N:M lists, distinct households"
    assert {line["outcome"] for line in lines.values()} == {"WAITING"}

    # The income and expense sheet beside each household.
    rows = (await world.ask("county_officer", FIGURES, {"id": sweep_id}))["sweep"]["ledger"]["nodes"]
    assert len(rows) == len(lines)
    below = [row["household"]["income"] for row in rows if BELOW_8400 in row["groups"]]
    known = [Decimal(income["perCapitaNet"]) for income in below if income["perCapitaNet"] is not None]
    assert known
    assert max(known) < 8400
    assert all(income["unknownMonths"] for income in below if income["perCapitaNet"] is None)

    homes = [home for home, line in sorted(lines.items()) if line["region"]["code"] == "350125201205"][:3]
    for home, findings in zip(homes, ((), ("INCOME_DROP",), ("SERIOUS_ILLNESS",)), strict=True):
        await call(world, home, *findings, purpose="QUARTERLY_SURVEY")
    await work_off(world)
    after = await ledger(world, sweep_id)
    assert [after[home]["outcome"] for home in homes] == ["NOTHING_FOUND", "FOUND", "FOUND"]
    assert [clue["sign"]["code"] for home in homes for clue in after[home]["clues"]] == ["HARDSHIP", "MEDICAL_EXPENSE"]
    total = (await coverage(world, sweep_id))["coverage"]
    assert (total["households"], total["visited"], total["found"]) == (len(lines), 3, 2)
    whole, part = divmod(3 * 10000 // len(lines), 100)
    assert total["percent"] == f"{whole}.{part:02}"
