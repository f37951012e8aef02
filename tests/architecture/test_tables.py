"""What the migrated database must have, table by table; each failure says what to write into a migration."""

from __future__ import annotations

import asyncpg

from domain.base.errors import CONSTRAINTS
from domain.base.sealed_fields import SEALED
from domain.visits.storing import BROKEN
from tests.architecture.sources import mends

# Ours: not PostGIS's, not Alembic's. Neither holds anything about anybody.
OTHERS = ("spatial_ref_sys", "alembic_version")

FOREIGN_KEYS_WITHOUT_INDEX = """
SELECT format('CREATE INDEX %I ON %s (%s);', 'ix_' || r.relname || '_' || columns[1], conrelid::regclass,
              array_to_string(columns, ', ')) || format('  -- for %s', conname)
FROM pg_constraint c JOIN pg_class r ON r.oid = conrelid
CROSS JOIN LATERAL (SELECT array(SELECT quote_ident(attname) FROM unnest(conkey) WITH ORDINALITY AS k(number, place)
                                 JOIN pg_attribute ON attrelid = conrelid AND attnum = k.number ORDER BY place)
                   ) AS named(columns)
WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT EXISTS (
  -- The key's columns in front, in any order; a partial index will do where it leaves out the nulls only.
  SELECT FROM pg_index i
  WHERE i.indrelid = conrelid AND (i.indkey::int2[])[0:cardinality(conkey) - 1] @> conkey
    AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) = format('(%s IS NOT NULL)', columns[1])))
ORDER BY 1
"""

TABLES_WITHOUT_WALL = """
SELECT CASE WHEN NOT relrowsecurity THEN format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY;', oid::regclass)
            WHEN NOT relforcerowsecurity THEN format('ALTER TABLE %s FORCE ROW LEVEL SECURITY;', oid::regclass)
            ELSE format('CREATE POLICY … ON %s …;  -- see POLICIES in migration 0003_walls', oid::regclass) END
FROM pg_class t
WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND relname <> ALL ($1)
  AND NOT (relrowsecurity AND relforcerowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = t.oid))
ORDER BY 1
"""

# Views run with their owner's rights unless told otherwise: they would show what the tables hide.
VIEWS_PAST_THE_WALL = """
SELECT format('ALTER VIEW %s SET (security_invoker = true);', oid::regclass) FROM pg_class c
WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
  AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
"""

# Rules on tables that the app role may write to. Foreign keys are left out: an action has looked up what it points at,
# under the viewer's scope, before it writes. Where such a key speaks, the action is wrong and not the client.
RULES_A_CLIENT_CAN_BREAK = """
WITH writable AS (
  SELECT oid FROM pg_class t WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
    AND (has_table_privilege('ruhu_app', t.oid, 'INSERT') OR has_table_privilege('ruhu_app', t.oid, 'UPDATE')))
SELECT conname FROM pg_constraint WHERE conrelid IN (SELECT oid FROM writable) AND contype IN ('c', 'u', 'x', 'p')
UNION
SELECT relname FROM pg_index JOIN pg_class i ON i.oid = indexrelid
WHERE indisunique AND indrelid IN (SELECT oid FROM writable)
"""

# Names that a client hears of; in a batch of visits, of its item.
CODED = {**CONSTRAINTS, **BROKEN}

# What no client can break, and why. A pair of columns that the program writes together is nothing a client sends.
INTERNAL = {
    **{
        f"ck_{table}_{name}_is_sealed": "sealed() writes the columns of a field together"
        for table, fields in SEALED.items()
        for name in fields
    },
    "ck_submission_content_is_kept_once": "a visit's is in the clear, a family's sealed: the action says which",
    "pk_trace_key": "made with ON CONFLICT DO NOTHING, one for each household and person",
    "ck_trace_key_there_or_destroyed": "the action writes the key; destroying it is the machine's",
    "ck_trace_key_wrapped_is_sealed": "the program seals",
    "pk_audit_entry": "the number comes from a sequence",
    "pk_operation": "domain.changes.once inserts with ON CONFLICT DO NOTHING and answers ID_TAKEN itself",
    "pk_submission": "submit_visits inserts with ON CONFLICT DO NOTHING and answers ID_TAKEN itself",
    "pk_pairing": "the pairing actions insert with ON CONFLICT DO NOTHING and answer ID_TAKEN themselves",
    "pk_household_access": "one row per pairing, written with it",
    "pk_household_event": "the action makes the id",
    "pk_clue": "the action makes the id",
    "pk_department_list": "that of the operation, which is carried out once",
    "pk_department_list_row": "made of the list and the row's number",
    "one_row_per_number": "the action numbers the rows; a file that is read again inserts with ON CONFLICT DO NOTHING",
    "ck_department_list_row_settled_with_an_outcome": "action and worker write the instant with the outcome",
    "pk_department_upload": "the transport makes the id",
    "uq_department_upload_list_id": "the action takes the upload for a list that has just been made",
    "ck_department_upload_of_a_known_kind": "the program says which of the two it is",
    "ck_department_upload_content_is_sealed": "the program seals",
    "pk_task": "that of the operation, which is carried out once",
    "ck_task_fails_with_a_code": "the worker writes the code with the state",
    "ck_task_finished_with_its_state": "the worker writes the moment with the state",
    "pk_webhook_endpoint": "that of the operation, which is carried out once",
    "pk_webhook_delivery": "that of the operation, which is carried out once",
    "ck_webhook_endpoint_old_secret_expires": "the action writes both columns",
    "ck_webhook_endpoint_disabled_for_a_reason": "the action writes both columns",
    "ck_webhook_endpoint_secret_is_sealed": "the action seals it",
    "ck_webhook_endpoint_old_secret_is_sealed": "an envelope that stood in the column beside it",
    "ck_webhook_delivery_finished_with_its_state": "the action writes both columns",
    "pk_clue_witness": "the action makes the id",
    "one_clue_per_sign_and_period": "raise_clue inserts with ON CONFLICT DO NOTHING: one more witness of the same clue",
    "one_witness_per_reference": "raise_clue inserts with ON CONFLICT DO NOTHING: the same witness heard again",
    "ck_clue_due_after_it_began": "the rule reckons the due day from day 0",
    "ck_clue_settled_unless_new": "the action writes the columns with the state",
    "ck_clue_verified_at_the_door": "the action writes the visit with the state",
    "pk_hardship_report": "report_hardship inserts with ON CONFLICT DO NOTHING and answers OPERATION_REUSED itself",
    "uq_hardship_report_receipt_mac": "the receipt is made of the id, and the id is unique",
    "ck_hardship_report_entered_by_an_operator": "the action writes the operator with the source",
    "ck_hardship_report_settled_unless_waiting": "the actions write the instant with the state",
    "ck_hardship_report_dismissed_for_a_reason": "the action writes the reason with the state",
    "pk_income_statement": "made of the operation, which is carried out once, and the row's place",
    "one_figure_per_origin": "the action holds the household and marks the old figure first; repeated rows are STATEMENT_REPEATED",
    "uq_income_statement_supersedes_id": "a figure that is superseded is in force no more, and found no more",
    "ck_income_statement_amount_in_range": "the rule has read the amount, and answers AMOUNT_INVALID",
    "ck_income_statement_month_by_its_first_day": "the rule makes a month its first day",
    "pk_policy_value": "made of the operation, which is carried out once, and the parameter",
    "ck_policy_value_ends_after_it_starts": "the rule ends an earlier value when it began before; END_BEFORE_START for a new one",
    "ck_policy_value_a_source_has_its_sentence": "the action answers SENTENCE_NEEDED",
    "pk_programme_case": "that of the operation, which is carried out once",
    "pk_programme_case_event": "that of the operation, which is carried out once",
    "ck_programme_case_ends_with_a_reason": "the action writes both columns",
    "pk_monitoring_case": "that of the operation, which is carried out once",
    "pk_case_event": "the action makes the id",
    "one_event_per_revision": "the case is held, and each event counts it up",
    "pk_kinship": "that of the operation, which is carried out once",
    "one_kinship_per_account": "declared again, it stays as it is: ON CONFLICT DO NOTHING",
    "pk_case_authorisation": "the action makes the id",
    "one_authorisation_per_round": "signed again, it stays as it is: ON CONFLICT DO NOTHING",
    "pk_comparison_question": "the action makes the id",
    "one_question_per_department": "asked again, it stays as it is: ON CONFLICT DO NOTHING",
    "pk_notice": "that of the operation, which is carried out once",
    "uq_notice_number": "drawn from a counter whose row is locked",
    "one_standing_notice": "the action has looked, with the case held, and answers NOTICE_STANDS",
    "pk_objection": "that of the operation, which is carried out once",
    "ck_monitoring_case_closed_with_its_step": "the step writes the day",
    "ck_monitoring_case_closes_for_a_reason": "the action writes both columns",
    "ck_monitoring_case_eliminated_with_its_step": "the action writes both columns",
    "ck_monitoring_case_due_after_it_began": "the rule reckons the due day from day 0",
    "ck_comparison_question_settled_with_an_outcome": "the action writes both columns",
    "ck_comparison_question_explained_with_its_instant": "the action writes both columns",
    "ck_notice_ends_after_it_hung": "policy allows no notice of no days",
    "ck_objection_answered_whole": "the action writes the four columns",
    "pk_sweep": "that of the operation, which is carried out once",
    "ck_sweep_ends_after_it_begins": "the action answers END_BEFORE_START",
    "pk_disaster": "that of its sweep, written with it",
    "pk_sweep_entry": "the worker writes entries, and ON CONFLICT DO NOTHING",
    "ck_sweep_entry_excluded_for_a_reason": "the action writes the three columns together",
    "pk_benefit_link": "that of the operation, which is carried out once",
    "pk_benefit_delivery": "the same",
    "pk_campaign": "the same",
    "pk_campaign_activity": "the same",
    "pk_agreement": "the same",
    "pk_pairing_change": "the number comes from a sequence",
    **{
        f"ck_{name}": "the action reads the value first"
        for name in (
            "benefit_link_ends_after_it_starts",
            "benefit_link_ends_with_a_reason",
            "benefit_link_period_of_a_year_at_most",
            "benefit_link_promised_in_range",
            "benefit_delivery_only_a_correction_takes_away",
            "benefit_delivery_amount_in_range",
            "campaign_ends_after_it_begins",
            "campaign_has_targets",
            "campaign_activity_amount_in_range",
            "campaign_activity_people_in_range",
            "agreement_ends_after_it_is_signed",
            "agreement_a_file_is_known_whole",
            "pairing_change_of_a_known_sort",
        )
    },
    "pk_risk_grade": "that of the operation, which is carried out once",
    "one_current_grade_per_scheme": "the action holds the household, and supersedes the old grade first",
    "ix_risk_grade_supersedes_id": "the action holds the household: one grade takes the place of another",
    **{
        f"ck_risk_grade_{name}": "the actions write the columns with the state"
        for name in (
            *("in_force_once_filed", "superseded_on_a_day", "superseded_after_it_held", "proposed_and_no_more"),
            *("returned_at_some_time", "reviewed_by_somebody", "returned_by_somebody", "reviewed_before_it_is_filed"),
        )
    },
    "ck_risk_grade_has_a_reason": "the action answers REASON_MISSING",
    "pk_assistance_plan": "that of the operation, which is carried out once",
    "ck_assistance_plan_of_a_known_kind": "the SDL has an enum",
    "ck_assistance_plan_ends_after_it_starts": "the rule answers STEP_BEFORE_THE_LAST",
    "ck_assistance_plan_ends_with_a_reason": "the action writes both columns",
    "ck_assistance_plan_result_of_what_ended": "the action writes the result with the end",
    "ck_assistance_plan_has_goals": "the action answers REQUIRED and TOO_MANY",
    "pk_measure": "that of the operation, which is carried out once",
    "ck_measure_in_a_known_state": "the table of steps says which",
    "ck_measure_of_a_known_entitlement": "the rule says which",
    "ck_measure_amount_in_range": "the rule has read the amount, and answers AMOUNT_INVALID",
    "ck_measure_due_after_it_was_planned": "the action answers END_BEFORE_START",
    "ck_measure_approved_before_it_goes_on": "the rule answers MEASURE_OUT_OF_TURN and STEP_BEFORE_THE_LAST",
    "ck_measure_starts_after_it_was_approved": "the rule answers STEP_BEFORE_THE_LAST",
    "ck_measure_delivered_on_a_day": "the rule answers STEP_BEFORE_THE_LAST",
    "ck_measure_confirmed_before_a_witness": "the action writes both columns with the state",
    "ck_measure_cancelled_for_a_reason": "the action writes both columns with the state",
    "ck_measure_has_a_provider_once_approved": "the action answers PROVIDER_MISSING",
    "pk_measure_event": "made of the operation, which is carried out once",
    "pk_effect_analysis": "that of the operation, which is carried out once",
    "one_analysis_per_household_and_quarter": "the action holds the household, and writes what is there anew",
    "ck_effect_analysis_of_a_quarter": "the rule has read the quarter",
    "ck_effect_analysis_confirmed_by_somebody": "the action writes both columns",
    "ck_effect_analysis_confirmed_by_another": "the rule refuses it before",
    "ck_effect_analysis_after_is_later": "the rule reckons both days from the quarter",
    "pk_relief": "that of the operation, which is carried out once",
    "ck_relief_in_a_known_state": "the action says which",
    "ck_relief_amount_in_range": "the rule has read the amount, and answers AMOUNT_INVALID",
    "ck_relief_for_a_term": "the rule answers TERM_INVALID",
    "ck_relief_reviewed_by_somebody": "the action writes both columns with the state",
    "ck_relief_reviewed_by_another": "the rule answers REVIEWER_IS_GIVER",
    "pk_household_move": "the id is that of an operation, which is carried out once",
    "ck_household_move_decided_by_somebody": "the action writes both columns with the state",
    "pk_membership": "the action makes the id",
    "pk_visit_companion": "companions are a set by the time they are written",
    "pk_helper": "no mutation makes a helper yet",
    "pk_organisation": "no mutation makes an organisation yet",
    "pk_roster_entry": "no mutation writes to a roster yet",
    "ck_household_ends_with_a_reason": "the action writes both columns",
    "ck_household_location_says_its_datum": "the action writes the four columns from one input, whose parts are required",
    "ck_household_stands_in_a_village": "the action has looked the village up and answers NOT_A_VILLAGE",
    "ck_membership_ends_with_a_reason": "the action writes both columns",
    "ck_pairing_ends_with_a_reason": "the action writes both columns",
    "ck_person_dies_after_birth": "nobody joins before birth nor leaves before joining: the action has compared both",
    "ck_person_gone_or_there": "the action moves the id from one column to the other",
    "ck_person_head_of_a_household": "the action takes the mark from whoever leaves",
    "ck_visit_location_says_its_datum": "the action writes the four columns from one input, whose parts are required",
}

CONSTRAINT_NAMES = """
SELECT conname AS name FROM pg_constraint
UNION SELECT relname FROM pg_class WHERE relkind = 'i'
UNION SELECT found[1] FROM pg_proc, regexp_matches(prosrc, 'CONSTRAINT = ''(\\w+)''', 'g') AS found
"""

DEFINER_FUNCTIONS_AMISS = """
SELECT format('ALTER FUNCTION %s ', p.oid::regprocedure)
    || CASE WHEN proowner <> 'ruhu_machine'::regrole THEN 'OWNER TO ruhu_machine;'
            ELSE 'SET search_path = public, pg_temp;' END
FROM pg_proc p
WHERE prosecdef AND pronamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
  AND NOT (proowner = 'ruhu_machine'::regrole AND 'search_path=public, pg_temp' = ANY (coalesce(proconfig, '{}')))
ORDER BY 1
"""

# A trigger function cannot be called, so its EXECUTE right gives nothing.
DEFINER_FUNCTIONS_FOR_ALL = """
SELECT format('REVOKE ALL ON FUNCTION %s FROM public;', p.oid::regprocedure) FROM pg_proc p
WHERE prosecdef AND pronamespace = 'public'::regnamespace AND prorettype <> 'trigger'::regtype
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
  AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))
"""

REGION_CODES_OF_ANOTHER_COLLATION = """
SELECT format('%s.%I must be text COLLATE "C": declare it as domain.base.models.RegionCode', attrelid::regclass, attname)
FROM pg_attribute a JOIN pg_class t ON t.oid = attrelid AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
WHERE (attname = 'region_code' OR attname LIKE '%\\_region\\_code' OR (relname = 'region' AND attname ~ 'code$'))
  AND (attcollation <> '"C"'::regcollation OR atttypid <> 'text'::regtype)
"""


async def lines(database: asyncpg.Connection, query: str, *arguments: object) -> list[str]:
    return [str(row[0]) for row in await database.fetch(query, *arguments)]


async def test_every_foreign_key_has_an_index(database: asyncpg.Connection) -> None:
    found = await lines(database, FOREIGN_KEYS_WITHOUT_INDEX)
    assert not found, mends(found)


async def test_a_foreign_key_without_index_is_found_with_its_mend(database: asyncpg.Connection) -> None:
    await database.execute("CREATE TABLE planted (pairing_id uuid CONSTRAINT fk_planted REFERENCES pairing, b int)")
    await database.execute("CREATE INDEX ON planted (b, pairing_id)")  # of no use: the key is not in front
    await database.execute("CREATE INDEX ON planted (pairing_id) WHERE b > 0")  # nor this one
    (mend,) = await lines(database, FOREIGN_KEYS_WITHOUT_INDEX)
    assert mend == "CREATE INDEX ix_planted_pairing_id ON planted (pairing_id);  -- for fk_planted"
    await database.execute(mend)
    assert not await lines(database, FOREIGN_KEYS_WITHOUT_INDEX)


async def test_every_table_stands_behind_row_level_security(database: asyncpg.Connection) -> None:
    found = await lines(database, TABLES_WITHOUT_WALL, OTHERS)
    assert not found, mends(found)


async def test_a_table_without_wall_is_found_step_by_step(database: asyncpg.Connection) -> None:
    await database.execute("CREATE TABLE planted (id uuid)")
    for mend in ("ENABLE", "FORCE"):
        (found,) = await lines(database, TABLES_WITHOUT_WALL, OTHERS)
        assert found == f"ALTER TABLE planted {mend} ROW LEVEL SECURITY;"
        await database.execute(found)
    (found,) = await lines(database, TABLES_WITHOUT_WALL, OTHERS)
    assert found.startswith("CREATE POLICY … ON planted")


async def test_no_view_shows_what_its_tables_hide(database: asyncpg.Connection) -> None:
    found = await lines(database, VIEWS_PAST_THE_WALL)
    assert not found, mends(found)
    await database.execute("CREATE VIEW planted AS SELECT * FROM person")
    (found_now,) = await lines(database, VIEWS_PAST_THE_WALL)
    await database.execute(found_now)
    assert not await lines(database, VIEWS_PAST_THE_WALL)


async def test_every_rule_that_a_client_can_break_has_an_error_code(database: asyncpg.Connection) -> None:
    breakable = await lines(database, RULES_A_CLIENT_CAN_BREAK)
    found = [
        f"{name}: give it an error code in domain/base/errors.py CONSTRAINTS, or say in INTERNAL of this test why no "
        "client can break it"
        for name in sorted(breakable)
        if name not in CODED and name not in INTERNAL
    ]
    assert not found, mends(found)


async def test_a_rule_without_error_code_is_found(database: asyncpg.Connection) -> None:
    await database.execute("ALTER TABLE visit ADD CONSTRAINT planted CHECK (late_by_seconds < 10) NOT VALID")
    await database.execute("CREATE UNIQUE INDEX planted_too ON visit (id, occurred_at)")
    new = set(await lines(database, RULES_A_CLIENT_CAN_BREAK)) - CODED.keys() - INTERNAL.keys()
    assert new >= {"planted", "planted_too"}


async def test_no_error_code_waits_for_a_constraint_that_is_gone(database: asyncpg.Connection) -> None:
    names = set(await lines(database, CONSTRAINT_NAMES))
    gone = [f"{name}: take it out of CONSTRAINTS or INTERNAL" for name in sorted({*CODED, *INTERNAL} - names)]
    both = [f"{name}: has a code, so it is not internal" for name in sorted(CODED.keys() & INTERNAL.keys())]
    assert not gone + both, mends(gone + both)


async def test_functions_that_look_past_the_wall_belong_to_the_machine_role(database: asyncpg.Connection) -> None:
    """With a fixed search path: else whoever may create a table of the same name steers what they read."""
    found = await lines(database, DEFINER_FUNCTIONS_AMISS) + await lines(database, DEFINER_FUNCTIONS_FOR_ALL)
    assert not found, mends(found)


async def test_a_function_past_the_wall_is_found_with_its_mends(database: asyncpg.Connection) -> None:
    await database.execute("CREATE FUNCTION planted() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'")
    for expected in ("OWNER TO ruhu_machine", "SET search_path = public, pg_temp"):
        (found,) = await lines(database, DEFINER_FUNCTIONS_AMISS)
        assert expected in found
        await database.execute(found)
    assert not await lines(database, DEFINER_FUNCTIONS_AMISS)
    (found,) = await lines(database, DEFINER_FUNCTIONS_FOR_ALL)
    assert found == "REVOKE ALL ON FUNCTION planted() FROM public;"


async def test_the_app_role_has_no_power_of_its_own(database: asyncpg.Connection) -> None:
    role = await database.fetchrow("SELECT * FROM pg_roles WHERE rolname = 'ruhu_app'")
    powers = ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication")
    assert role is not None
    assert not any(role[power] for power in powers)
    assert not await lines(database, "SELECT roleid::regrole FROM pg_auth_members WHERE member = 'ruhu_app'::regrole")
    assert not await lines(database, "SELECT oid::regclass FROM pg_class WHERE relowner = 'ruhu_app'::regrole")
    assert not await lines(database, "SELECT oid::regprocedure FROM pg_proc WHERE proowner = 'ruhu_app'::regrole")
    assert not await database.fetchval("SELECT has_schema_privilege('ruhu_app', 'public', 'CREATE')")


async def test_the_owner_of_the_tables_is_bound_by_their_policies(database: asyncpg.Connection) -> None:
    owners = await lines(
        database,
        "SELECT DISTINCT relowner::regrole FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND relnamespace = 'public'::regnamespace AND relname <> ALL ($1)",
        OTHERS,
    )
    assert owners == ["ruhu_owner"]
    assert not await database.fetchval("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'ruhu_owner'")


async def test_the_app_role_deletes_list_entries_only(database: asyncpg.Connection) -> None:
    """Existing households, people and pairings have history: nothing is deleted, it ends."""
    held = "SELECT oid::regclass FROM pg_class WHERE relkind IN ('r', 'p') AND has_table_privilege('ruhu_app', oid, $1)"
    # A file that gives way to the next one before anybody has read it is no history.
    assert set(await lines(database, held, "DELETE")) == {"department_upload", "household_access"}
    assert not await lines(database, held, "TRUNCATE")
    assert not await lines(database, held, "TRIGGER")


async def test_what_is_said_once_is_never_changed_by_the_app_role(database: asyncpg.Connection) -> None:
    """A visit is amended by another visit, an audit entry not at all; marks on them are the machine role's."""
    held = await lines(
        database,
        "SELECT oid::regclass FROM pg_class WHERE has_any_column_privilege('ruhu_app', oid, 'UPDATE')"
        " AND relname IN ('visit', 'visit_finding', 'visit_companion', 'visit_photo', 'audit_entry', 'change')",
    )
    assert not held, mends([f"Take {table} out of UPDATED in migration 0003_walls." for table in held])


async def test_every_region_code_compares_byte_by_byte(database: asyncpg.Connection) -> None:
    """A range of codes is a subtree in collation C only."""
    found = await lines(database, REGION_CODES_OF_ANOTHER_COLLATION)
    assert not found, mends(found)
    await database.execute("CREATE TABLE planted (region_code text)")
    assert len(await lines(database, REGION_CODES_OF_ANOTHER_COLLATION)) == 1
