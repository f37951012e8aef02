"""福州的即时救助: "实施即时救助。通过政府补助、社会捐助等方式 … 共发放各类补助45.3万元" (Fuzhou 2020).

1,257 hardship households were surveyed; how many of them received something the source does not say, so nothing is divided.
"""

from __future__ import annotations

import uuid
from decimal import Decimal

from tests.helping import GIVE, REVIEW, day, new_id
from tests.schema.families_asked import act, codes
from tests.schema.test_relief import totals
from tests.world import World

LIST = """query ($after: String) { reliefs(filter: {region: "3501"}, first: 50, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } nodes { amount household { id } source { code } } } }"""


async def test_453000_yuan_in_all_come_out_to_the_cent(world: World) -> None:
    await world.sql.execute(
        "INSERT INTO access_grant (id, account_id, role, region_code, starts_on)"
        " SELECT $1, id, 'PREFECTURE_OFFICER', '3501', '2020-01-01' FROM account WHERE persona = 'county_officer'",
        uuid.uuid4(),
    )
    found = await totals(world, "county_officer", "3501")
    assert found["all"]["amount"] == "453000.00"

    # The same from the lines of the list, page by page.
    after, lines = None, []
    while True:
        page = (await world.ask("county_officer", LIST, {"after": after}))["reliefs"]
        lines += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sum(Decimal(line["amount"]) for line in lines) == Decimal("453000.00")
    assert len(lines) == page["totalCount"] == found["all"]["times"]
    assert len({line["household"]["id"] for line in lines}) == found["all"]["households"]
    assert any(Decimal(line["amount"]) % 1 for line in lines), "uneven shares, to the fen"
    # Government and donations are sources of one sum.
    by_source = {line["source"]["code"] for line in lines}
    assert by_source >= {"CIVIL_AFFAIRS", "MEDICAL_INSURANCE", "DISABLED_FEDERATION", "DONATION"}
    assert sum(Decimal(found[source]["amount"]) for source in by_source) == Decimal("453000.00")
    counties = [key for key in found if key.isdigit()]
    assert sum(Decimal(found[county]["amount"]) for county in counties) == Decimal("453000.00")

    # One cent more is seen; the same claim again is not taken; what a review revokes is gone again.
    home = lines[0]["household"]["id"]
    mite = {
        "kind": "OTHER",
        "cause": "OTHER",
        "term": "2026",
        "source": "DONATION",
        "amount": "0.01",
        "givenOn": day(1),
    }
    given = await act(world, "county_officer", GIVE, id=new_id(), householdId=home, **mite)
    assert given["errors"] == []
    assert (await totals(world, "county_officer", "3501"))["all"]["amount"] == "453000.01"
    again = await act(world, "county_officer", GIVE, id=new_id(), householdId=home, **mite)
    assert codes(again) == {("DUPLICATE_CLAIM", "input.term")}
    revoked = await act(
        *(world, "province_officer", REVIEW),
        reliefId=given["relief"]["id"],
        isRight=False,
        note="多记一分",
    )
    assert revoked["errors"] == []
    assert (await totals(world, "county_officer", "3501"))["all"]["amount"] == "453000.00"
