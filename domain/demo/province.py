"""A whole made-up province: families in every real village of Guizhou (贵州), to measure with and to look at on a map.

Nothing of it is in the sources. Per household: some four people, four visits in a year, a cadre for every fourth one.
Rows are made and written township by township, so that memory stays small however many there are.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from typing import Any, Final

import asyncpg

from domain.access.rules import CHINA, GrantRole, ViewerKind
from domain.base.bulk import bare
from domain.base.sealing import Ring
from domain.demo import people
from domain.demo.actions import demo_is_loaded
from domain.demo.families import SERIALS, Families
from domain.demo.helping import (
    DemoHelper,
    DemoOrganisation,
    write_account,
    write_grant,
    write_helper,
    write_helpers_account,
    write_organisation,
)
from domain.demo.pairings import SINCE, Assignment, Pairings
from domain.demo.personas import account_id
from domain.demo.places import DemoVillage
from domain.demo.recording import write_visits
from domain.demo.rows import TABLES, Rows, points_as_pairs
from domain.demo.settlements import Settled, at_home, write_family
from domain.demo.visits import a_year_of_visits, surveys
from domain.statistics.loading import restand

Say = Callable[[str], None]
PROVINCE: Final = "52"
FAMILIES_AT_ONCE: Final = 2_000  # some 60 MB of rows
FAMILIES_OF_A_CADRE: Final = 24
VILLAGES_OF_A_PARTNER: Final = 16
FAMILIES_OF_AN_ENTERPRISE: Final = 14
FIRST_AREA, AREAS = 100, 900  # of identity numbers; the demo has the areas below
_PEOPLE_OF_EITHER_SEX = 2.2  # in a household, with some room
MOST_HOUSEHOLDS: Final = 2_000_000

# Prefecture: its middle (WGS-84), and who most of its villagers are.
_PREFECTURES: Final = {
    "5201": (106.71, 26.58, "HAN"),
    "5202": (104.85, 26.20, "YI"),
    "5203": (106.94, 27.90, "GELAO"),
    "5204": (105.93, 26.10, "BUYEI"),
    "5205": (105.29, 27.20, "YI"),
    "5206": (108.90, 27.90, "TUJIA"),
    "5223": (105.30, 25.30, "BUYEI"),
    "5226": (108.30, 26.50, "MIAO"),
    "5227": (107.40, 26.00, "BUYEI"),
}
_SURNAMES: Final = "王李张杨陈吴罗潘龙石韦陆田刘周"
_SIZES, _SIZE_WEIGHTS = (1, 2, 3, 4, 5, 6, 7), (8, 14, 18, 22, 19, 12, 7)
_CATEGORIES, _CATEGORY_WEIGHTS = ("ORDINARY", "LIFTED", "EDGE"), (75, 22, 3)


@dataclass(slots=True)
class _Progress:
    households: int = 0
    helpers: int = 0
    partners: int = 0
    enterprises: int = 0


async def province_is_loaded(connection: asyncpg.Connection) -> bool:
    """Whether any household stands in the province: the load is one transaction."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM household WHERE region_code >= $1 AND region_code < $1 || ':')", PROVINCE
        )
    )


async def load_province(connection: asyncpg.Connection, ring: Ring, *, households: int, say: Say, today: date) -> None:
    """Load so many households, evenly over the province's villages, beside the demo. All or nothing, in minutes.

    Every division above the villages gets an officer's account: `account_id("officer 5201")`. Ids, names and sizes
    depend on `households` and nothing else, visits lead up to the day before `today`. `connection` as for `load_demo`,
    and the demo must be loaded. ValueError for less than 1 or more than 2,000,000 households, and where the province
    has some already.
    """
    if not 1 <= households <= MOST_HOUSEHOLDS:
        raise ValueError(f"1 to {MOST_HOUSEHOLDS:,} households, not {households:,}")
    if await province_is_loaded(connection) or not await demo_is_loaded(connection):
        raise ValueError("a made-up province goes beside the demo, once: begin with a reset of the demo")
    at = datetime.combine(today, time(), CHINA)
    regions = await connection.fetch(
        "SELECT code, name FROM region WHERE code >= $1 AND code < $1 || ':' AND valid_to IS NULL ORDER BY code",
        PROVINCE,
    )
    villages = [row for row in regions if len(row["code"]) == 12]
    maker = Families(today, laps=1 + int(households * _PEOPLE_OF_EITHER_SEX / (AREAS * SERIALS)))
    done = _Progress()
    async with points_as_pairs(connection), connection.transaction():
        async with bare(connection, TABLES):
            rows = Rows(ring)
            _write_officers(rows, [row for row in regions if len(row["code"]) < 12], at)
            for township, members in groupby(enumerate(villages), key=lambda pair: pair[1]["code"][:9]):
                settled: list[Settled] = []
                for position, row in members:
                    # Where they do not come out even, some villages get one family more.
                    if count := households * (position + 1) // len(villages) - households * position // len(villages):
                        village = _village(position, row["code"], row["name"])
                        settled += [_settle(maker, village, number) for number in range(1, count + 1)]
                await _write_township(connection, rows, township, settled, done, at)
                done.households += len(settled)
                if len(rows.of["household"]) >= FAMILIES_AT_ONCE:
                    await rows.copy(connection)
                    rows = Rows(ring)
                    say(f"  province: {done.households:,} of {households:,} households")
            await rows.copy(connection)
            say("  province: keys and indexes")
        await restand(connection, at, below=PROVINCE)


def _village(position: int, code: str, name: str) -> DemoVillage:
    """A real village at a made-up place: near its township, that near its county, that near the prefecture's middle."""
    longitude, latitude, ethnicity = _PREFECTURES[code[:4]]
    for prefix, spread in ((code[:6], 0.45), (code[:9], 0.12), (code, 0.04)):
        chance = random.Random(f"place {prefix}")  # noqa: S311
        longitude += chance.uniform(-spread, spread)
        latitude += chance.uniform(-spread, spread)
    chance = random.Random(f"village {code}")  # noqa: S311
    surnames = "".join(chance.sample(_SURNAMES, 4))
    short = name.removesuffix("民委员会").removesuffix("居委会").removesuffix("委会")
    ethnicity = ethnicity if chance.random() < 0.4 else "HAN"
    return DemoVillage(FIRST_AREA + position % AREAS, code, short, longitude, latitude, surnames, ethnicity)


def _settle(maker: Families, village: DemoVillage, number: int) -> Settled:
    chance = random.Random(f"household {village.code} {number}")  # noqa: S311
    size = chance.choices(_SIZES, _SIZE_WEIGHTS)[0]
    category = chance.choices(_CATEGORIES, _CATEGORY_WEIGHTS)[0]
    return at_home(maker.make(village, number, size, category))


async def _write_township(
    connection: asyncpg.Connection, rows: Rows, township: str, settled: Sequence[Settled], done: _Progress, at: datetime
) -> None:
    """A township's families, with the cadres, leaders, enterprises and partners who help them, and their visits."""
    pairings = Pairings(rows, at)
    helped: list[Assignment] = []
    needy = [one for one in settled if one.family.category != "ORDINARY"]
    for start in range(0, len(needy), FAMILIES_OF_A_CADRE):
        cadre = _helper(rows, done, f"cadre {township} {start}", "CADRE", township, at)
        for one in needy[start : start + FAMILIES_OF_A_CADRE]:
            pairings.write("KEY_HELP", cadre, one)
            helped.append(Assignment(cadre, one, SINCE, None))
    asked: list[Assignment] = []
    for code, family_list in groupby(settled, key=lambda one: one.region_code):
        in_village = list(family_list)
        officer = _helper(rows, done, f"village officer {code}", "VILLAGE_OFFICER", code, at)
        leader = _helper(rows, done, f"leader {code}", "WEALTH_LEADER", code, at)
        asked += [Assignment(officer, one, SINCE, None) for one in in_village if one.family.category == "ORDINARY"]
        for one in in_village:
            write_family(rows, one, officer.account_id, at)
            if one.family.category != "ORDINARY" and one.family.number % 2:
                pairings.write("WEALTH_LEADER", leader, one)
        _write_partner(rows, pairings, code, done)
    _write_enterprise(rows, pairings, township, needy, done)
    visits = [
        *a_year_of_visits(helped, at.date()),
        *surveys(asked, at.date(), every_months=6, purpose="HALF_YEAR_SURVEY"),
    ]
    for number, visit in enumerate(visits):
        if number % 10:
            visit.photos = []  # they would be as many again as the visits
    await write_visits(connection, rows, visits)


def _write_officers(rows: Rows, divisions: Sequence[Any], at: datetime) -> None:
    """One officer for the province, each prefecture, county and township."""
    roles = {
        2: GrantRole.PROVINCE_OFFICER,
        4: GrantRole.PREFECTURE_OFFICER,
        6: GrantRole.COUNTY_OFFICER,
        9: GrantRole.TOWNSHIP_OFFICER,
    }
    for code, name in divisions:
        account = account_id(f"officer {code}")
        write_account(rows, account, f"{name}干部", ViewerKind.OFFICER, at)
        write_grant(rows, account, roles[len(code)], code)


def _helper(rows: Rows, done: _Progress, key: str, kind: str, region_code: str, at: datetime) -> DemoHelper:
    """A new helper with an account."""
    done.helpers += 1
    chance = random.Random(f"helper {key}")  # noqa: S311
    sex = chance.choice(("MALE", "MALE", "FEMALE"))
    name = people.name(chance, "HAN", chance.choice(_SURNAMES), sex, 40)
    helper = DemoHelper(key, name, kind, region_code)
    write_helper(rows, helper, 1_000_000 + done.helpers)
    write_helpers_account(rows, helper, at)
    return helper


def _write_partner(rows: Rows, pairings: Pairings, code: str, done: _Progress) -> None:
    """For every sixteenth village a social organisation (阳光“1+1”牵手)."""
    if int(code[-3:]) % VILLAGES_OF_A_PARTNER:
        return
    done.partners += 1
    partner = DemoOrganisation(f"partner {code}", f"贵州演示社会组织{done.partners}", "SOCIAL_ORGANISATION", PROVINCE)
    write_organisation(rows, partner, 2_000_000 + done.partners)
    pairings.write("SUNSHINE_HAND", partner, village_code=code, mode="LONG_TERM")


def _write_enterprise(rows: Rows, pairings: Pairings, township: str, needy: Sequence[Settled], done: _Progress) -> None:
    """A co-operative in each township, with benefit links to some of its families (利益联结)."""
    linked = needy[::3][:FAMILIES_OF_AN_ENTERPRISE]
    if not linked:
        return
    done.enterprises += 1
    enterprise = DemoOrganisation(
        f"enterprise {township}", f"贵州演示合作社{done.enterprises}", "COOPERATIVE", township
    )
    write_organisation(rows, enterprise, 3_000_000 + done.enterprises)
    for one in linked:
        pairings.write("BENEFIT_LINK", enterprise, one, mode="GUARANTEED_PURCHASE")
