"""Signs that figures give by themselves: the decision tables of the income and expense rules, and the clues they raise.

Every case is a family of the town on 14 March 2026, where the line is Fuzhou's 8,400 yuan: 700 a month and head. A family
is written as its months, the last of them February: a wage in yuan, None for a month of which nobody said anything.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy import literal

from domain.access.queries import viewer_parameters
from domain.access.rules import Actor
from domain.families.actions import Leaving
from domain.households.models import Household
from domain.monitoring.actions import change_members, evaluate_households
from domain.monitoring.months import facts_of, judged_months, population_of, years_of
from domain.monitoring.signs import signs_on
from tests.domain.families.conftest import TODAY, Town, person
from tests.domain.monitoring.conftest import a_sign, at, clues, figure, witnesses, write_down

INCOME = "INCOME_BELOW_STANDARD"
Wages = Sequence[str | None]


@dataclass(frozen=True)
class Case:
    """What is known of a family, and the signs with their periods that it gives in March."""

    says: str
    wages: Wages = ()
    more: tuple[tuple[str, str, str], ...] = ()  # (month, kind, yuan)
    people: int = 1
    signs: dict[str, str] = field(default_factory=dict)


def month(before_march: int) -> str:
    """1: February, 2: January, 3: December …; 0: March itself."""
    number = 2026 * 12 + 2 - before_march
    return f"{number // 12}-{number % 12 + 1:02}"


POOR = {INCOME: "2026-02"}
CASES = [
    Case("nothing is known at all"),
    Case("three known months below the line", ["699.99"] * 3, signs=POOR),
    Case("exactly a twelfth of the line is not below", ["699.99", "700", "699.99"]),
    Case("two months are not three", ["699.99"] * 2),
    Case("a good month before does not mend it", ["5000", "600", "600", "600"], signs=POOR),
    Case("a good month after does", ["600", "600", "600", "700"]),
    Case("nought is a figure", ["0", "0", "0"], signs=POOR),
    Case("an unknown month breaks the run", ["600", None, "600", "600"]),
    Case("an unknown month before it does not matter", [None, "600", "600", "600"], signs=POOR),
    Case("nobody has told of February yet: the run stands", ["600", "600", "600", None], signs={INCOME: "2026-01"}),
    Case("what was said last is eleven months old", ["600"] * 3 + [None] * 9, signs={INCOME: "2025-05"}),
    Case("a run of more than three is one sign", ["600"] * 6, signs=POOR),
    Case("per head: two live on what is enough for one", ["1300"] * 3, people=2, signs=POOR),
    Case("per head: and on enough for two", ["1400"] * 3, people=2),
    Case("transfers count", ["600"] * 3, ((month(1), "TRANSFER", "100"),)),
    Case("transfers alone make no month known", (), tuple((month(n), "TRANSFER", "10") for n in (1, 2, 3))),
    Case(
        "a harvest is spread over the year that is known",
        ["0"] * 14,
        ((month(5), "BUSINESS", "9600"), (month(5), "PRODUCTION_COST", "1200")),
    ),
    Case(
        "and what it cost is taken off",
        ["0"] * 14,
        ((month(5), "BUSINESS", "9600"), (month(5), "PRODUCTION_COST", "1201")),
        signs=POOR,
    ),
    Case("rent of a year paid at once is spread too", ["0"] * 14, ((month(3), "PROPERTY", "8400"),)),
    Case(
        "spread over the months that are known, not over those nobody told of",
        ["0"] * 4,
        ((month(2), "BUSINESS", "2800"),),
    ),
    Case("the present month is not over: it makes no run", ["700", "600", "600"], ((month(0), "WAGE", "0"),)),
    Case("rigid expenses are not taken from income", ["700"] * 3, ((month(1), "MEDICAL", "9000"),)),
    # --- expenses
    Case("just the threshold is not beyond it", (), ((month(1), "MEDICAL", "10000"),)),
    Case("a fen more is", (), ((month(1), "MEDICAL", "10000.01"),), signs={"MEDICAL_EXPENSE": "2026-02"}),
    Case(
        "this month's bill counts at once", (), ((month(0), "MEDICAL", "10300"),), signs={"MEDICAL_EXPENSE": "2026-03"}
    ),
    Case(
        "small bills add up over twelve months",
        (),
        ((month(11), "MEDICAL", "6000"), (month(4), "MEDICAL", "4001")),
        signs={"MEDICAL_EXPENSE": "2025-11"},
    ),
    Case("what is older does not count", (), ((month(12), "MEDICAL", "20000"), (month(1), "MEDICAL", "1"))),
    Case("schooling has its own threshold", (), ((month(6), "STUDY", "8000.01"),), signs={"STUDY_EXPENSE": "2025-09"}),
    Case("and so has a disaster", (), ((month(8), "DISASTER_LOSS", "10001"),), signs={"DISASTER": "2025-07"}),
    Case(
        "each alone is bearable, together they are not",
        (),
        ((month(1), "MEDICAL", "9000"), (month(2), "STUDY", "7000"), (month(3), "HOUSING", "4001")),
        signs={"RIGID_EXPENSE": "2026-02"},
    ),
    Case("exactly the sum is bearable", (), ((month(1), "HOUSING", "12000"), (month(2), "ACCIDENT", "8000"))),
    Case(
        "where one alone is too much, the sum says nothing new",
        (),
        ((month(1), "MEDICAL", "15000"), (month(2), "HOUSING", "9000")),
        signs={"MEDICAL_EXPENSE": "2026-02"},
    ),
    Case(
        "poor and ill are two signs",
        ["100"] * 3,
        ((month(1), "MEDICAL", "10001"),),
        signs={**POOR, "MEDICAL_EXPENSE": "2026-02"},
    ),
]


async def a_family(town: Town, case: Case) -> uuid.UUID:
    family = await town.family(*(person("甲", "HEAD" if n == 0 else "SON") for n in range(case.people)))
    await say(town, family, case.wages, case.more)
    return family


async def say(town: Town, family: uuid.UUID, wages: Wages = (), more: Sequence[tuple[str, str, str]] = ()) -> None:
    """The last of the wages is February's. Straight into the table: what the rule says is asked for afterwards."""
    told = [(month(len(wages) - n), "WAGE", wage) for n, wage in enumerate(wages) if wage is not None]
    await town.sql.executemany(
        "INSERT INTO income_statement (id, household_id, region_code, month, kind, amount_fen, origin, recorded_at,"
        " recorded_by_id) SELECT gen_random_uuid(), id, region_code, $2, $3, $4, 'DOOR_SURVEY', now(), $5"
        " FROM household WHERE id = $1",
        [
            (family, date.fromisoformat(f"{m}-01"), kind, round(float(yuan) * 100), town.village_officer.id)
            for m, kind, yuan in [*told, *more]
        ],
    )


async def signs(town: Town, family: uuid.UUID, on: date = TODAY) -> dict[str, str]:
    async def ask(db: Any, actor: Actor) -> dict[str, str]:
        rows = await db.execute(
            signs_on(population_of(Household.id == family, on), on), viewer_parameters(actor.viewer)
        )
        return {row.sign: row.period for row in rows}

    return await town.do(town.village_officer, ask)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
async def test_what_the_figures_of_a_family_say(town: Town, case: Case) -> None:
    assert await signs(town, await a_family(town, case)) == case.signs


async def test_a_whole_village_at_once_says_the_same_of_each(town: Town) -> None:
    """A county at night and one family at its door run the same expression."""
    families = {await a_family(town, case): case for case in CASES}

    async def ask(db: Any, actor: Actor) -> dict[uuid.UUID, dict[str, str]]:
        found: dict[uuid.UUID, dict[str, str]] = {}
        population = population_of(Household.region_code == town.village, TODAY)
        for row in await db.execute(signs_on(population, TODAY), viewer_parameters(actor.viewer)):
            found.setdefault(row.household_id, {})[row.sign] = row.period
        return found

    found = await town.do(town.county_officer, ask)
    assert {family: found.get(family, {}) for family in families} == {f: case.signs for f, case in families.items()}


async def test_a_member_who_left_counts_until_then(town: Town) -> None:
    """1,300 yuan were too little for two; since the grandmother died in January they are enough."""
    old = person("奶奶", "MOTHER")
    family = await town.family(person("甲"), old)
    await say(town, family, ["1300"] * 4)
    assert await signs(town, family) == POOR
    gone = Leaving(old.id, "DEATH", "2026-01-10")
    await town.do(town.village_officer, change_members, operation_id=uuid.uuid4(), household_id=family, leaving=[gone])
    assert await signs(town, family) == {}


async def test_a_family_that_was_put_on_record_today_lived_before(town: Town) -> None:
    family = await town.family(person("甲"), person("乙", "SON"), registered_on=TODAY)
    await say(town, family, ["1300"] * 3)
    assert await signs(town, family) == POOR


async def test_a_family_that_has_ended_gives_no_sign(town: Town) -> None:
    family = await a_family(town, Case("poor", ["100"] * 3))
    await town.sql.execute("UPDATE household SET ended_on = '2026-03-01', end_reason = 'OTHER' WHERE id = $1", family)
    assert await signs(town, family) == {}
    assert await signs(town, family, date(2026, 2, 28)) == {}, "two of the months lay behind it then, not three"


async def test_the_origin_that_a_county_trusts_most_is_the_one_that_counts(town: Town) -> None:
    family = await a_family(town, Case("poor at the door", ["600"] * 3))
    rows = [figure(family, month(n), "WAGE", "900") for n in (1, 2, 3)]
    await write_down(town, town.village_officer, *rows)
    assert await signs(town, family) == POOR
    async with policy(town, "ORIGIN_PRECEDENCE", '["SELF_DECLARED"]'):
        assert await signs(town, family) == {}


async def test_the_numbers_are_those_of_the_village_on_that_day(town: Town) -> None:
    family = await a_family(town, Case("two poor months", ["900", "650", "650"]))
    assert await signs(town, family) == {}
    async with policy(town, "MONTHS_BELOW", "2"):
        assert await signs(town, family) == POOR
    async with policy(town, "INCOME_LINE", '"12000.00"'):
        assert await signs(town, family) == POOR
    async with policy(town, "INCOME_LINE", '"12000.00"', from_on="2026-03-15"):
        assert await signs(town, family) == {}
    async with policy(town, "INCOME_LINE", '"12000.00"', region="341503"):
        assert await signs(town, family) == {}


class policy:
    """Inside, the county has set this."""

    def __init__(self, town: Town, parameter: str, value: str, from_on: str = "2026-01-01", region: str = "350125"):
        self.town, self.row = town, (uuid.uuid4(), region, parameter, value, date.fromisoformat(from_on))

    async def __aenter__(self) -> None:
        await self.town.sql.execute(
            "INSERT INTO policy_value (id, region_code, parameter, value, from_on, document, basis, adopted_at)"
            " VALUES ($1, $2, $3, $4, $5, 'a paper', 'ASSUMPTION', now())",
            *self.row,
        )

    async def __aexit__(self, *_: object) -> None:
        await self.town.sql.execute("DELETE FROM policy_value WHERE id = $1", self.row[0])


async def test_how_a_month_was_judged_can_be_read(town: Town) -> None:
    family = await a_family(town, Case("poor", ["800", "600", None, "600", "600"]))

    async def ask(db: Any, actor: Actor) -> list[Any]:
        population = population_of(Household.id == literal(family), TODAY)
        first, last = date(2025, 10, 1), date(2026, 2, 1)
        judged = judged_months(population, years_of(facts_of(population, first, last)), first, last, on=TODAY)
        rows = await db.execute(judged.select().order_by(judged.c.month), viewer_parameters(actor.viewer))
        return [(f"{row.month:%Y-%m}", row.is_known, row.run) for row in rows]

    assert await town.do(town.village_officer, ask) == [
        ("2025-10", True, 0),
        ("2025-11", True, 1),
        ("2025-12", False, 0),
        ("2026-01", True, 1),
        ("2026-02", True, 2),
    ]


# --- clues -----------------------------------------------------------------------------------------------------------


async def evaluate(town: Town, *families: uuid.UUID, actor: Actor | None = None) -> list[uuid.UUID]:
    return await town.do(actor or town.village_officer, evaluate_households, household_ids=families)


async def test_a_sign_becomes_a_clue_with_the_rule_as_its_witness(town: Town) -> None:
    family = await a_family(town, Case("poor", ["600"] * 4))

    born = await evaluate(town, family, actor=at(town.village_officer, "2026-03-14T23:30:00+08:00"))

    (clue,) = await clues(town, family)
    assert born == [clue["id"]]
    assert (clue["sign"], clue["period"], clue["state"]) == (INCOME, "2026-02", "NEW")
    assert (clue["began_on"], clue["due_on"]) == (date(2026, 3, 14), date(2026, 3, 21)), "it dates from the evaluation"
    (witness,) = await witnesses(town, clue["id"])
    assert (witness["source"], witness["reference"], witness["recorded_by_id"]) == ("INCOME_RULE", "2026-02", None)
    assert witness["detail"] == '{"fromMonth": "2025-11", "untilMonth": "2026-02"}'
    entry = "SELECT detail FROM audit_entry WHERE action = 'raise_clue' AND subject_id = $1"
    assert await town.sql.fetchval(entry, clue["id"]) is not None


async def test_evaluating_again_and_twenty_times_at_once_changes_nothing(town: Town) -> None:
    family = await a_family(town, Case("ill", (), ((month(1), "MEDICAL", "12000"),)))
    await asyncio.gather(*(evaluate(town, family) for _ in range(20)))
    assert await evaluate(town, family) == []
    (clue,) = await clues(town, family)
    assert len(await witnesses(town, clue["id"])) == 1
    count = "SELECT count(*) FROM audit_entry WHERE action = 'raise_clue' AND subject_id = $1"
    assert await town.sql.fetchval(count, clue["id"]) == 1


async def test_a_county_decides_by_when_its_clues_are_verified(town: Town) -> None:
    family = await a_family(town, Case("ill", (), ((month(1), "MEDICAL", "12000"),)))
    async with policy(town, "VERIFICATION_DAYS", "3"):
        await evaluate(town, family)
    (clue,) = await clues(town, family)
    assert clue["due_on"] == date(2026, 3, 17)


async def test_a_sign_that_somebody_gave_before_gets_the_rule_as_one_more_witness(town: Town) -> None:
    family = await a_family(town, Case("ill", (), ((month(1), "MEDICAL", "12000"),)))
    told = await a_sign(town, family, sign="MEDICAL_EXPENSE", period="2026-03", reference="list 7, row 12")

    assert await evaluate(town, family) == []

    (clue,) = await clues(town, family)
    assert clue["id"] == told
    assert {w["source"] for w in await witnesses(town, clue["id"])} == {"SWEEP", "EXPENSE_RULE"}


async def test_the_next_month_below_bears_the_waiting_clue_out(town: Town) -> None:
    family = await a_family(town, Case("poor", ["600"] * 3))
    await evaluate(town, family)
    await say(town, family, more=((month(0), "WAGE", "500"),))
    await evaluate(town, family, actor=at(town.village_officer, "2026-04-05T08:00:00+08:00"))
    (clue,) = await clues(town, family)
    assert [w["reference"] for w in await witnesses(town, clue["id"])] == ["2026-02", "2026-03"]


async def settle(town: Town, clue: asyncpg.Record) -> None:
    await town.sql.execute(
        "UPDATE clue SET state = 'CLOSED', stopped_at = now(), settled_at = now() WHERE id = $1", clue["id"]
    )


async def test_what_was_looked_at_once_raises_no_second_clue_but_what_comes_after_does(town: Town) -> None:
    family = await a_family(town, Case("ill and poor", ["600"] * 3, ((month(1), "MEDICAL", "12000"),)))
    await evaluate(town, family)
    for clue in await clues(town, family):
        await settle(town, clue)
    assert await evaluate(town, family) == []

    await say(town, family, more=((month(0), "WAGE", "500"), (month(0), "MEDICAL", "9000")))
    assert await evaluate(town, family, actor=at(town.village_officer, "2026-04-05T08:00:00+08:00")) == []
    await say(
        town, family, more=((month(-1), "WAGE", "500"), (month(-2), "WAGE", "500"), (month(-1), "MEDICAL", "1001"))
    )
    born = await evaluate(town, family, actor=at(town.village_officer, "2026-06-05T08:00:00+08:00"))
    assert len(born) == 2
    assert {(c["sign"], c["period"]) for c in await clues(town, family) if c["state"] == "NEW"} == {
        (INCOME, "2026-05"),
        ("MEDICAL_EXPENSE", "2026-04"),
    }


async def test_households_outside_the_scope_are_left_out(town: Town) -> None:
    mine = await a_family(town, Case("poor", ["600"] * 3))
    family = await town.family(person("乙"), village=town.next_township)
    await say(town, family, ["600"] * 3)
    assert len(await evaluate(town, mine, family, uuid.uuid4())) == 1
    assert await clues(town, family) == []


async def test_writing_figures_down_judges_them_at_once(town: Town) -> None:
    family = await town.family()
    rows = [figure(family, month(n), "WAGE", "600") for n in (3, 1)]
    await write_down(town, town.village_officer, *rows)
    assert await clues(town, family) == []
    cadre = await town.cadre(family)
    later = replace(cadre, at=datetime.fromisoformat("2026-03-20T10:00:00+08:00"))
    await write_down(town, later, figure(family, month(2), "WAGE", "650"))
    (clue,) = await clues(town, family)
    assert (clue["sign"], clue["period"], clue["began_on"]) == (INCOME, "2026-02", date(2026, 3, 20))
