"""Who sees cases and what is attached to them, and how they follow their family.

Revision: 0041_case_walls; follows: 0040_cases
"""

from __future__ import annotations

from alembic import op

revision = "0041_case_walls"
down_revision = "0040_cases"
branch_labels = None
depends_on = None

# As in 0010_clues and 0015_matrix.
IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""
SEES = f"{IN_REGION} OR household_id = ANY ((SELECT ruhu_listed_households())::uuid[])"
MET_REGION = "region_code ^@ ANY (string_to_array(current_setting('ruhu.met_spans', true), ','))"
MEETS = f"{MET_REGION} OR household_id = ANY ((SELECT ruhu_met_households())::uuid[])"
# A department sees what it is asked, and of the family nothing.
ASKED = "organisation_id = ruhu_viewer_uuid('organisation_id')"
OFFICERS = f"{IN_REGION} AND ({MET_REGION})"

CASE_CHANGES = """household_id, region_code, category, proposed_category, causes, round, step, step_since, step_due_on,
    round_began_on, due_on, decided_at, monitored_on, eliminated_on, closed_on, close_reason, upload_status, revision,
    updated_at"""
# table: (who sees a row, who writes one, what changes after it was born)
TABLES = {
    "monitoring_case": (SEES, MEETS, CASE_CHANGES),
    "case_event": (SEES, MEETS, None),
    "kinship": (f"({SEES}) AND ({MEETS})", MEETS, None),
    "case_authorisation": (f"({SEES}) AND ({MEETS})", MEETS, None),
    "comparison_question": (
        f"{ASKED} OR (({SEES}) AND ({MEETS}))",
        f"{ASKED} OR {MEETS}",
        "outcome, finding, settled_at, answered_by_id, explanation, explained_at",
    ),
    "notice": (SEES, MEETS, "withdrawn_at"),
    "objection": (OFFICERS, MET_REGION, "outcome, answer, answered_at, answered_by_id"),
}
# Whoever is responsible for a family now works on its case. The program may not change what was said once, so the machine
# carries it over: to another village with the family, and to the survivor of a merger with the case.
FOLLOW = """
CREATE FUNCTION ruhu_cases_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE monitoring_case SET region_code = NEW.region_code WHERE household_id = NEW.id;
  UPDATE case_event SET region_code = NEW.region_code WHERE household_id = NEW.id;
  UPDATE kinship SET region_code = NEW.region_code WHERE household_id = NEW.id;
  UPDATE case_authorisation SET region_code = NEW.region_code WHERE household_id = NEW.id;
  UPDATE comparison_question SET region_code = NEW.region_code WHERE household_id = NEW.id;
  UPDATE notice SET region_code = NEW.region_code WHERE household_id = NEW.id;
  UPDATE objection SET region_code = NEW.region_code WHERE household_id = NEW.id;
  RETURN NULL;
END
$function$
"""
# Kinship is to a family, and stays with it.
GOES_ON = """
CREATE FUNCTION ruhu_case_passes_on() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE case_event SET household_id = NEW.household_id, region_code = NEW.region_code WHERE case_id = NEW.id;
  UPDATE case_authorisation SET household_id = NEW.household_id, region_code = NEW.region_code WHERE case_id = NEW.id;
  UPDATE comparison_question SET household_id = NEW.household_id, region_code = NEW.region_code WHERE case_id = NEW.id;
  UPDATE notice SET household_id = NEW.household_id, region_code = NEW.region_code WHERE case_id = NEW.id;
  UPDATE objection SET household_id = NEW.household_id, region_code = NEW.region_code WHERE case_id = NEW.id;
  RETURN NULL;
END
$function$
"""
# What tells who they were goes with the family (0020_retention) and with the person (0030_erase_person); steps, days and
# codes stay, of nobody.
FORGET_FAMILY = """
CREATE FUNCTION ruhu_cases_forget_family() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE case_event SET reason = NULL, detail = '{}' WHERE household_id = NEW.id;
  UPDATE case_authorisation SET document = '' WHERE household_id = NEW.id;
  UPDATE comparison_question SET people = '[]', finding = NULL, explanation = left(explanation, 0)
  WHERE household_id = NEW.id;
  UPDATE notice SET content = '{}' WHERE household_id = NEW.id;
  UPDATE objection SET objector = NULL, says = '', answer = left(answer, 0) WHERE household_id = NEW.id;
  DELETE FROM kinship WHERE household_id = NEW.id;
  RETURN NULL;
END
$function$
"""
FORGET_PERSON = """
CREATE FUNCTION ruhu_cases_forget_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE comparison_question SET people = (
    SELECT coalesce(jsonb_agg(one), '[]') FROM jsonb_array_elements(people) AS one
    WHERE one ->> 'personId' <> NEW.id::text)
  WHERE people @> jsonb_build_array(jsonb_build_object('personId', NEW.id::text));
  RETURN NULL;
END
$function$
"""
ERASED = "FOR EACH ROW WHEN (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL)"
# function: (how it is made, the trigger that calls it)
FUNCTIONS = {
    "ruhu_cases_follow": (
        FOLLOW,
        "cases_follow AFTER UPDATE OF region_code ON household FOR EACH ROW WHEN (OLD.region_code <> NEW.region_code)",
    ),
    "ruhu_case_passes_on": (
        GOES_ON,
        (
            "case_passes_on AFTER UPDATE OF household_id ON monitoring_case FOR EACH ROW"
            " WHEN (OLD.household_id <> NEW.household_id)"
        ),
    ),
    "ruhu_cases_forget_family": (FORGET_FAMILY, f"cases_forget AFTER UPDATE OF erased_at ON household {ERASED}"),
    "ruhu_cases_forget_person": (FORGET_PERSON, f"cases_forget AFTER UPDATE OF erased_at ON person {ERASED}"),
}


def upgrade() -> None:
    for table, (seen, written, changing) in TABLES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO ruhu_machine")
        op.execute(f"CREATE POLICY owner ON {table} TO ruhu_owner USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO ruhu_app")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO ruhu_app USING ({seen})")
        op.execute(f"CREATE POLICY born ON {table} FOR INSERT TO ruhu_app WITH CHECK (({seen}) AND ({written}))")
        if changing:
            op.execute(f"GRANT UPDATE ({changing}) ON {table} TO ruhu_app")
            # What is locked is not yet written: who sees a family masked is told that the role may not (0015_matrix).
            op.execute(
                f"CREATE POLICY changed ON {table} FOR UPDATE TO ruhu_app"
                f" USING ({seen}) WITH CHECK (({seen}) AND ({written}))"
            )
    for function, (statement, trigger) in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"ALTER FUNCTION {function}() OWNER TO ruhu_machine")
        op.execute(f"CREATE TRIGGER {trigger} EXECUTE FUNCTION {function}()")


def downgrade() -> None:
    for function, (_, trigger) in FUNCTIONS.items():
        name, _, rest = trigger.partition(" ")
        table = rest.split(" ON ")[1].split(" ")[0]
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {function}()")
    for table, (_, _, changing) in TABLES.items():
        for policy in ("owner", "seen", "born", *(("changed",) if changing else ())):
            op.execute(f"DROP POLICY {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"REVOKE ALL ON {table} FROM ruhu_app, ruhu_machine")
