"""Figures of families: who may write them down, which of them count, and what is unknown."""

from __future__ import annotations

import asyncio
import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import literal

from domain.access.rules import GrantRole
from domain.base.errors import Conflict, InvalidInput, Refused
from domain.families.actions import Joining, Leaving
from domain.monitoring.actions import change_members
from domain.monitoring.queries import earned_by, income_of
from domain.monitoring.rules import window
from tests.domain.families.conftest import TODAY, Town, person, told
from tests.domain.monitoring.conftest import MONTHS, at, figure, write_down


async def income(
    town: Town, family: uuid.UUID, *, members: int = 2, on: date = TODAY, months: int = 12, known_at: str | None = None
) -> Any:
    """The summary of a household of so many members, as somebody sees it who meets the family."""
    then = None if known_at is None else literal(datetime.fromisoformat(known_at))
    statement = income_of(literal(family), literal(town.village), literal(members), literal(on), literal(months), then)

    async def read(db: Any, actor: Any) -> Any:
        return (await db.execute(statement, {"viewer_meets_families": True})).one_or_none()

    return await town.do(town.village_officer, read)


async def a_known_year(town: Town, family: uuid.UUID, **kinds: str) -> None:
    """The same each month."""
    rows = [figure(family, month, kind, amount) for month in MONTHS for kind, amount in kinds.items()]
    await write_down(town, town.village_officer, *rows)


async def test_a_year_of_figures_makes_a_net_income_per_head_with_and_without_transfers(town: Town) -> None:
    family = await town.family(person("甲"), person("乙", "SON"))
    await a_known_year(
        town, family, WAGE="1000", BUSINESS="300.50", PROPERTY="10", TRANSFER="200", PRODUCTION_COST="100.25"
    )
    await write_down(town, town.village_officer, figure(family, "2026-01", "MEDICAL", "8000"))

    found = await income(town, family)

    assert (found.from_month, found.to_month) == (date(2025, 3, 1), date(2026, 2, 1))
    assert (found.wage, found.business, found.property) == (Decimal("12000.00"), Decimal("3606.00"), Decimal("120.00"))
    assert (found.transfer, found.production_cost, found.rigid_expense) == (2400, 1203, 8000)
    assert found.per_capita_net == (12000 + 3606 + 120 + 2400 - 1203) / Decimal(2)
    assert found.per_capita_net_without_transfers == (12000 + 3606 + 120 - 1203) / Decimal(2)
    assert found.unknown_months == []


async def test_a_month_of_which_nobody_said_anything_is_named_and_makes_no_figure(town: Town) -> None:
    family = await town.family()
    rows = [figure(family, month, "WAGE", "1000") for month in MONTHS if month not in ("2025-06", "2026-02")]
    await write_down(town, town.village_officer, *rows, figure(family, "2026-02", "TRANSFER", "500"))

    found = await income(town, family)

    assert found.unknown_months == [date(2025, 6, 1), date(2026, 2, 1)], (
        "that dibao came says nothing of what was earned"
    )
    assert (found.per_capita_net, found.per_capita_net_without_transfers) == (None, None)
    assert (found.wage, found.transfer) == (10000, 500)
    assert (await income(town, family, months=8, on=date(2026, 2, 1))).unknown_months == [date(2025, 6, 1)]
    assert (await income(town, family, months=6, on=date(2026, 2, 1))).per_capita_net == 3000


async def test_nought_is_a_figure(town: Town) -> None:
    family = await town.family()
    await a_known_year(town, family, WAGE="0")

    assert (await income(town, family)).per_capita_net == 0


async def test_a_household_of_nobody_has_no_income_per_head(town: Town) -> None:
    family = await town.family()
    await a_known_year(town, family, WAGE="100")

    assert (await income(town, family, members=0)).per_capita_net is None


@pytest.mark.parametrize("months", [0, -1, 61])
async def test_a_summary_is_of_one_to_sixty_months(town: Town, months: int) -> None:
    assert await income(town, await town.family(), months=months) is None


async def test_what_two_origins_say_stands_side_by_side_and_the_first_in_rank_counts(town: Town) -> None:
    son = person("乙", "SON")
    family = await town.family(person("甲"), son)
    said = [("SELF_DECLARED", "800"), ("DOOR_SURVEY", "1500"), ("VILLAGE_LEDGER", "1100")]
    rows = [figure(family, "2026-02", "WAGE", amount, origin=origin, person_id=son.id) for origin, amount in said]

    await write_down(town, town.village_officer, *rows)
    await write_down(town, town.township_officer, figure(family, "2026-02", "WAGE", "900", person_id=son.id))

    kept = await town.sql.fetch(
        "SELECT origin, amount_fen, superseded_at IS NULL AS holds FROM income_statement WHERE household_id = $1"
        " ORDER BY origin, amount_fen",
        family,
    )
    assert [tuple(row) for row in kept] == [
        ("DOOR_SURVEY", 150000, True),
        ("SELF_DECLARED", 80000, False),
        ("SELF_DECLARED", 90000, True),
        ("VILLAGE_LEDGER", 110000, True),
    ]
    assert (await income(town, family, months=1)).wage == 1500


async def test_a_regions_own_origin_comes_after_all_others(town: Town) -> None:
    family = await town.family()
    await town.sql.execute(
        "INSERT INTO term (list, code, label_zh, label_en, position, source)"
        " VALUES ('statement_origin', 'TEA_COMPANY', '茶厂', 'Tea company', 90, 'Yongtai') ON CONFLICT DO NOTHING"
    )
    await write_down(town, town.village_officer, figure(family, amount="700", origin="TEA_COMPANY"))
    assert (await income(town, family, months=1)).wage == 700
    await write_down(town, town.village_officer, figure(family, amount="600"))
    assert (await income(town, family, months=1)).wage == 600


async def test_what_is_nobodys_adds_to_what_members_have(town: Town) -> None:
    son, daughter = person("乙", "SON"), person("丙", "DAUGHTER")
    family = await town.family(person("甲"), son, daughter)
    await write_down(
        town,
        town.village_officer,
        figure(family, amount="1000", person_id=son.id),
        figure(family, amount="500", person_id=daughter.id),
        figure(family, amount="70"),
        figure(family, kind="PRODUCTION_COST", amount="200", person_id=son.id),
        figure(family, kind="TRANSFER", amount="9000", person_id=daughter.id),
        figure(family, kind="PROPERTY", amount="9000"),
    )

    assert (await income(town, family, months=1)).wage == 1570

    async def read(db: Any, actor: Any) -> Any:
        return await earned_by(db, family, town.village, window(TODAY, 12))

    assert await town.do(town.village_officer, read) == {son.id: 80000, daughter.id: 50000, None: 7000}


async def test_the_same_figure_again_changes_nothing_and_another_one_supersedes_it(town: Town) -> None:
    family = await town.family()
    (first,) = await write_down(town, town.village_officer, figure(family, amount="1000"))
    (same,) = await write_down(town, town.village_officer, figure(family, amount="1000.00"))
    (other,) = await write_down(town, town.village_officer, figure(family, amount="1200"))

    assert first == same != other
    row = await town.sql.fetchrow("SELECT * FROM income_statement WHERE id = $1", uuid.UUID(other))
    assert (str(row["supersedes_id"]), row["superseded_at"]) == (first, None)
    before = await town.sql.fetchrow("SELECT * FROM income_statement WHERE id = $1", uuid.UUID(first))
    assert (before["amount_fen"], before["superseded_at"]) == (100000, town.village_officer.at)


async def test_what_was_known_then_is_reckoned_without_what_was_said_since(town: Town) -> None:
    family = await town.family()
    for day, amount in ((2, "800"), (6, "900")):
        await write_down(
            town, at(town.village_officer, f"2026-03-{day:02}T09:00:00+08:00"), figure(family, amount=amount)
        )
    late = at(town.village_officer, "2026-03-12T09:00:00+08:00")
    await write_down(town, late, figure(family, "2026-01", amount="50", origin="EMPLOYER"))

    async def known(day: int) -> tuple[Any, list[date]]:
        found = await income(town, family, months=2, known_at=f"2026-03-{day:02}T12:00:00+08:00")
        return found.wage, found.unknown_months

    january, february = date(2026, 1, 1), date(2026, 2, 1)
    assert await known(1) == (0, [january, february])
    assert await known(3) == (800, [january])
    assert await known(7) == (900, [january])
    assert await known(13) == (950, [])
    assert (await income(town, family, months=2)).wage == 950


async def test_a_request_that_is_sent_twice_is_carried_out_once(town: Town) -> None:
    family, operation = await town.family(), uuid.uuid4()
    rows = [figure(family, month, amount="10") for month in MONTHS]

    ids = await write_down(town, town.village_officer, *rows, operation_id=operation)
    again = await write_down(town, town.village_officer, *rows, operation_id=operation)
    with pytest.raises(Conflict) as other:
        await write_down(town, town.village_officer, rows[0], operation_id=operation)

    assert ids == again
    assert told(other) == {("OPERATION_REUSED", "")}
    assert await town.sql.fetchval("SELECT count(*) FROM income_statement WHERE household_id = $1", family) == 12


async def test_twenty_at_once_leave_one_figure_in_force(town: Town) -> None:
    family = await town.family()
    await asyncio.gather(
        *(write_down(town, town.village_officer, figure(family, amount=str(1000 + n))) for n in range(20))
    )

    rows = await town.sql.fetch(
        "SELECT superseded_at, supersedes_id FROM income_statement WHERE household_id = $1", family
    )
    assert len(rows) == 20
    assert sum(row["superseded_at"] is None for row in rows) == 1
    assert sum(row["supersedes_id"] is None for row in rows) == 1, "each but the first says what it superseded"


async def test_everything_that_is_wrong_comes_at_once_and_nothing_is_stored(town: Town) -> None:
    family, other, gone = await town.family(), await town.family(), await town.family()
    await town.sql.execute(
        "UPDATE household SET ended_on = '2026-03-01', end_reason = 'NO_MEMBERS' WHERE id = $1", gone
    )
    stranger = await town.sql.fetchval("SELECT id FROM person WHERE household_id = $1", other)

    with pytest.raises(InvalidInput) as wrong:
        await write_down(
            town,
            town.village_officer,
            figure(family, "2026-13"),
            figure(family, "2026-04"),
            figure(family, amount="-5"),
            figure(family, kind="LOTTERY"),
            figure(family, origin="RUMOUR"),
            figure(family, person_id=stranger),
            figure(family, visit_id=uuid.uuid4()),
            figure(family, "2025-04", note="长" * 201),
            figure(uuid.uuid4()),
            figure(gone),
            figure(family, "2025-05"),
            figure(family, "2025-05", amount="7"),
        )

    assert told(wrong) == {
        ("MONTH_INVALID", "rows.0.month"),
        ("MONTH_OUT_OF_RANGE", "rows.1.month"),
        ("AMOUNT_INVALID", "rows.2.amount"),
        ("UNKNOWN_CODE", "rows.3.kind"),
        ("UNKNOWN_CODE", "rows.4.origin"),
        ("PERSON_NOT_OF_HOUSEHOLD", "rows.5.personId"),
        ("VISIT_OF_ANOTHER_HOUSEHOLD", "rows.6.visitId"),
        ("TOO_LONG", "rows.7.note"),
        ("NOT_FOUND", "rows.8.householdId"),
        ("HAS_ENDED", "rows.9.householdId"),
        ("STATEMENT_REPEATED", "rows.11"),
    }
    assert await town.sql.fetchval("SELECT count(*) FROM income_statement WHERE household_id = $1", family) == 0


async def test_a_sheet_has_one_row_at_least_and_five_hundred_at_most(town: Town) -> None:
    family = await town.family()
    rows = [figure(family, f"{year}-{month:02}") for year in range(2000, 2050) for month in range(1, 13)]

    with pytest.raises(InvalidInput) as empty:
        await write_down(town, town.village_officer)
    with pytest.raises(InvalidInput) as too_many:
        await write_down(town, town.village_officer, *rows[:501])

    assert told(empty) == {("REQUIRED", "rows")}
    assert told(too_many) == {("BATCH_TOO_LARGE", "rows")}
    villages = [await town.family() for _ in range(2)]
    assert (
        len(await write_down(town, town.village_officer, *(figure(one, m) for one in villages for m in MONTHS))) == 24
    )


async def test_who_goes_to_the_door_writes_figures_down_and_others_do_not(town: Town) -> None:
    family = await town.family()
    cadre, stranger = await town.cadre(family), await town.cadre()
    integrator = await town.officer(GrantRole.INTEGRATOR, town.village)

    assert len(await write_down(town, cadre, figure(family))) == 1
    with pytest.raises(InvalidInput) as unseen:
        await write_down(town, stranger, figure(family))
    with pytest.raises(Refused) as forbidden:
        await write_down(town, integrator, figure(family))

    assert told(unseen) == {("NOT_FOUND", "rows.0.householdId")}
    assert told(forbidden) == {("FORBIDDEN_ROLE", "")}


async def test_the_divisor_is_the_members_of_the_day_and_not_of_the_year(town: Town) -> None:
    old = person("乙", "FATHER", born_on="1940-01-01")
    family = await town.family(person("甲"), old)
    baby = person("小宝", "SON", born_on="2026-03-01", school_status="BEFORE_PRESCHOOL", labour="NONE")
    await town.do(
        town.village_officer,
        change_members,
        operation_id=uuid.uuid4(),
        household_id=family,
        leaving=[Leaving(old.id, "DEATH", "2026-01-10")],
        joining=[Joining("BIRTH", "2026-03-01", person=baby)],
    )

    counted = await town.sql.fetch(
        "SELECT day, (SELECT count(*) FROM membership m WHERE m.household_id = $1"
        " AND daterange(m.started_on, m.ended_on) @> day) AS members"
        " FROM unnest(ARRAY['2026-01-09', '2026-01-10', '2026-03-01']::date[]) AS day",
        family,
    )
    assert [row["members"] for row in counted] == [2, 1, 2]
