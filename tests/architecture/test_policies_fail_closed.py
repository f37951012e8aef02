"""Wall 2 alone: raw SQL on a connection of the app role, without anything of the program in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

# All that says something about a family or about who helps whom.
FAMILY_TABLES = (
    "household",
    "person",
    "membership",
    "household_event",
    "household_move",
    "household_access",
    "roster_entry",
    "pairing",
    "visit",
    "visit_companion",
    "visit_finding",
    "visit_photo",
    "income_statement",
    "clue",
    "benefit_link",
    "benefit_delivery",
    "campaign",
    "campaign_activity",
    "agreement",
    "pairing_change",
    "clue_witness",
    "daily_summary",
    "risk_grade",
    "assistance_plan",
    "measure",
    "measure_event",
    "effect_analysis",
    "relief",
    "programme_case",
    "programme_case_event",
    "monitoring_case",
    "case_event",
    "case_authorisation",
    "comparison_question",
    "notice",
    "objection",
    "kinship",
    "sweep",
    "sweep_entry",
    "disaster",
    "task",
    "hardship_report",
    "department_list",
    "department_list_row",
    "department_upload",
    "submission",
    "change",
    "operation",
    "account",
    "access_grant",
    "helper",
    "organisation",
    "roster",
    "audit_entry",
    "trace_key",
    "webhook_endpoint",
    "webhook_delivery",
    "webhook_attempt",
    "nightly_evaluation",
    "household_standing",
    "statistics_delta",
    "statistics_balance",
)
# Of sealing_key every key is wrapped: it opens nothing without one that is not in the database.
READABLE_BY_ALL = {
    "calendar_day",
    "policy_value",
    "grading_scheme",
    "grade_level",
    "grading_round",
    "region",
    "sealing_key",
    "survey_form",
    "term",
    "village",
}
NEVER_READ = {
    "audit_block",
    "notice_serial",
    "change_pending",
    "standing_pending",
    "credential",
    "sign_in_attempt",
    "sign_in_session",
    "oauth_client",
    "oauth_assertion",
}

SEE_A_COUNTY = """
SELECT set_config('ruhu.viewer_id', gen_random_uuid()::text, true), set_config('ruhu.region_from', '350125', true),
       set_config('ruhu.region_to', '350125:', true), set_config('ruhu.region_spans', '', true)
"""


@pytest.fixture
async def app_role(shared_database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the program opens it: the role is set when the session starts."""
    connection = await asyncpg.connect(shared_database, server_settings={"role": "ruhu_app"})
    yield connection
    await connection.close()


async def rows_seen(connection: asyncpg.Connection) -> dict[str, int]:
    """Table → rows, for each table of which any row is seen."""
    counts = {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in FAMILY_TABLES}
    return {table: count for table, count in counts.items() if count}


async def test_without_settings_nothing_of_any_family_is_seen(app_role: asyncpg.Connection) -> None:
    assert await rows_seen(app_role) == {}


async def test_after_a_transaction_with_settings_nothing_is_seen_again(app_role: asyncpg.Connection) -> None:
    """A setting whose transaction has ended reads '' and not NULL: no policy may take that for somebody."""
    async with app_role.transaction():
        await app_role.execute(SEE_A_COUNTY)
        seen = await rows_seen(app_role)
    assert {"household", "person", "membership", "pairing"} <= seen.keys(), "the proof needs rows to be hidden again"
    assert await app_role.fetchval("SELECT current_setting('ruhu.region_from', true)") == ""
    assert await rows_seen(app_role) == {}


async def test_after_a_rollback_nothing_is_seen_again(app_role: asyncpg.Connection) -> None:
    transaction = app_role.transaction()
    await transaction.start()
    await app_role.execute(SEE_A_COUNTY)
    await transaction.rollback()
    assert await rows_seen(app_role) == {}


@pytest.mark.parametrize(
    ("region_from", "region_to", "region_spans"),
    [
        pytest.param("", "", "", id="empty texts"),
        pytest.param("~", "~", "", id="what the program sends for nowhere"),
        pytest.param("350125", "", "", id="a beginning without an end"),
        pytest.param("0", "~", "~,~", id="everything, cut down to nowhere"),
        pytest.param("350125:", "350125", "", id="an end before its beginning"),
    ],
)
async def test_half_made_settings_show_no_family(
    app_role: asyncpg.Connection, region_from: str, region_to: str, region_spans: str
) -> None:
    async with app_role.transaction():
        await app_role.execute(
            "SELECT set_config('ruhu.region_from', $1, true), set_config('ruhu.region_to', $2, true),"
            " set_config('ruhu.region_spans', $3, true)",
            region_from,
            region_to,
            region_spans,
        )
        assert await rows_seen(app_role) == {}


async def test_without_settings_nothing_is_written(app_role: asyncpg.Connection) -> None:
    for statement in (
        "UPDATE household SET address = 'x'",
        "UPDATE person SET name = 'x'",
        "UPDATE pairing SET ended_on = now(), end_reason = 'x'",
        "DELETE FROM household_access",
    ):
        assert (await app_role.execute(statement)).split()[-1] == "0", statement


@pytest.mark.parametrize("table", sorted(NEVER_READ))
async def test_the_app_role_reads_neither_the_trace_nor_the_open_changes(
    app_role: asyncpg.Connection, table: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app_role.fetchval(f"SELECT count(*) FROM {table}")


async def test_every_table_is_in_one_of_the_lists_above(database: asyncpg.Connection) -> None:
    rows = await database.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        " AND relname NOT IN ('spatial_ref_sys', 'alembic_version')"
    )
    listed = {*FAMILY_TABLES, *READABLE_BY_ALL, *NEVER_READ}
    new = sorted({row["relname"] for row in rows} ^ listed)
    assert not new, f"{', '.join(new)}: put it into FAMILY_TABLES, unless it says nothing about anybody"
