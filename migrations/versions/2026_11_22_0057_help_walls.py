"""Who sees and writes help, and how it goes along when families move, split, merge, end or are erased.

Revision: 0057_help_walls; follows: 0056_help
"""

from __future__ import annotations

from alembic import op

revision = "0057_help_walls"
down_revision = "0056_help"
branch_labels = None
depends_on = None

# As in 0010_clues and 0015_matrix.
IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""
SEES = f"{IN_REGION} OR household_id = ANY ((SELECT ruhu_listed_households())::uuid[])"
MET_REGION = "region_code ^@ ANY (string_to_array(current_setting('ruhu.met_spans', true), ','))"
MET = f"{MET_REGION} OR household_id = ANY ((SELECT ruhu_met_households())::uuid[])"
# What a department or a donor gave is theirs to look at, wherever the family lives.
THEIRS = "organisation_id = ruhu_viewer_uuid('organisation_id')"
OF_A_MEASURE = "EXISTS (SELECT FROM measure m WHERE m.id = measure_id)"

FIGURES = ", ".join(
    f"{side}_{name}"
    for side in ("before", "after")
    for name in ("on", "income_fen", "causes", "planned", "delivered", "confirmed")
)
# table: (who sees a row, who writes one beside that, the columns that change after it was born)
TABLES = {
    "assistance_plan": (SEES, MET, "ended_on, end_reason, result"),
    "measure": (
        SEES,
        MET,
        (
            "state, approved_on, started_on, delivered_on, confirmed_on, cancelled_on, cancel_reason, witness_visit_id, "
            "amount_fen, provider_organisation_id, provider_helper_id"
        ),
    ),
    "measure_event": (OF_A_MEASURE, OF_A_MEASURE, None),
    "effect_analysis": (
        SEES,
        MET,
        f"content, {FIGURES}, written_at, written_by_id, confirmed_at, confirmed_by_id",
    ),
    "relief": (f"{SEES} OR {THEIRS}", f"{MET} OR {THEIRS}", "state, reviewed_at, reviewed_by_id, review_note"),
}

# Whoever is responsible for a family now goes on with its help.
FOLLOW = """
CREATE FUNCTION ruhu_help_follows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE measure_event e SET region_code = NEW.region_code FROM measure m
  WHERE m.id = e.measure_id AND m.household_id = NEW.id;
  UPDATE measure SET region_code = NEW.region_code WHERE household_id = NEW.id;
  UPDATE assistance_plan SET region_code = NEW.region_code WHERE household_id = NEW.id;
  UPDATE effect_analysis SET region_code = NEW.region_code WHERE household_id = NEW.id;
  UPDATE relief SET region_code = NEW.region_code WHERE household_id = NEW.id;
  RETURN NULL;
END
$function$
"""
# "What belongs to a person moves, what belongs to none stays" (domain.md §11.12): measures that are still to come or to be
# confirmed go along into another family, without the old one's plan. What is over stays where it was.
OF_A_PERSON = """
CREATE FUNCTION ruhu_measures_go_along() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE measure m SET household_id = h.id, region_code = h.region_code, plan_id = NULL FROM household h
  WHERE h.id = NEW.household_id AND m.person_id = NEW.id AND m.household_id <> h.id
    AND m.state NOT IN ('CONFIRMED', 'CANCELLED');
  UPDATE measure_event e SET region_code = m.region_code FROM measure m
  WHERE m.id = e.measure_id AND m.person_id = NEW.id AND e.region_code <> m.region_code;
  RETURN NULL;
END
$function$
"""
# Of two families one goes on: with the open measures of the other. A plan was for those who lived there, and ends.
OF_A_MERGED = """
CREATE FUNCTION ruhu_help_goes_on_with_the_survivor() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE measure m SET household_id = h.id, region_code = h.region_code, plan_id = NULL FROM household h
  WHERE h.id = NEW.merged_into_id AND m.household_id = NEW.id AND m.state NOT IN ('CONFIRMED', 'CANCELLED');
  UPDATE measure_event e SET region_code = m.region_code FROM measure m
  WHERE m.id = e.measure_id AND m.household_id = NEW.merged_into_id AND e.region_code <> m.region_code;
  UPDATE assistance_plan SET ended_on = greatest(started_on, NEW.ended_on), end_reason = 'HOUSEHOLD_ENDED'
  WHERE household_id = NEW.id AND ended_on IS NULL;
  RETURN NULL;
END
$function$
"""
# A witness is the call as it stands after corrections; whether it still witnesses anything is asked where it is read.
OF_A_VISIT = """
CREATE FUNCTION ruhu_witness_is_corrected() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE measure SET witness_visit_id = NEW.superseded_by_id WHERE witness_visit_id = NEW.id;
  RETURN NULL;
END
$function$
"""
# What tells who it was about goes with the family, or with the person (0020_retention, 0030_erase_person): words. Codes,
# days and amounts stay, of nobody.
ERASED = """
CREATE FUNCTION ruhu_help_is_erased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE assistance_plan SET goals = '{***}', result = NULL WHERE household_id = NEW.id;
  UPDATE measure_event SET note = NULL WHERE measure_id IN (SELECT id FROM measure WHERE household_id = NEW.id);
  UPDATE measure SET content = NULL WHERE household_id = NEW.id;
  UPDATE effect_analysis SET content = NULL WHERE household_id = NEW.id;
  UPDATE relief SET note = NULL, review_note = NULL WHERE household_id = NEW.id;
  RETURN NULL;
END
$function$
"""
ERASED_PERSON = """
CREATE FUNCTION ruhu_help_of_a_person_is_erased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE measure_event SET note = NULL WHERE measure_id IN (SELECT id FROM measure WHERE person_id = NEW.id);
  UPDATE measure SET content = NULL WHERE person_id = NEW.id;
  UPDATE relief SET note = NULL, review_note = NULL WHERE person_id = NEW.id;
  RETURN NULL;
END
$function$
"""
# function: (its text, trigger, when)
TRIGGERS = {
    "ruhu_help_follows()": (
        FOLLOW,
        "help_follows AFTER UPDATE OF region_code ON household",
        "OLD.region_code <> NEW.region_code",
    ),
    "ruhu_measures_go_along()": (
        OF_A_PERSON,
        "measures_go_along AFTER UPDATE OF household_id ON person",
        "NEW.household_id IS NOT NULL AND NEW.household_id IS DISTINCT FROM OLD.household_id",
    ),
    "ruhu_help_goes_on_with_the_survivor()": (
        OF_A_MERGED,
        "help_goes_on_with_the_survivor AFTER UPDATE OF merged_into_id ON household",
        "NEW.merged_into_id IS NOT NULL AND OLD.merged_into_id IS NULL",
    ),
    "ruhu_witness_is_corrected()": (
        OF_A_VISIT,
        "witness_is_corrected AFTER UPDATE OF superseded_by_id ON visit",
        "NEW.superseded_by_id IS NOT NULL",
    ),
    "ruhu_help_is_erased()": (
        ERASED,
        "help_is_erased AFTER UPDATE OF erased_at ON household",
        "NEW.erased_at IS NOT NULL",
    ),
    "ruhu_help_of_a_person_is_erased()": (
        ERASED_PERSON,
        "help_of_a_person_is_erased AFTER UPDATE OF erased_at ON person",
        "NEW.erased_at IS NOT NULL",
    ),
}


def upgrade() -> None:
    for table, (seen, written, changing) in TABLES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO ruhu_machine")
        op.execute(f"CREATE POLICY owner ON {table} TO ruhu_owner USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO ruhu_app")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO ruhu_app USING ({seen})")
        op.execute(f"CREATE POLICY born ON {table} FOR INSERT TO ruhu_app WITH CHECK ({seen})")
        op.execute(f"CREATE POLICY born_met ON {table} AS RESTRICTIVE FOR INSERT TO ruhu_app WITH CHECK ({written})")
        if changing is None:
            continue
        op.execute(f"GRANT UPDATE ({changing}) ON {table} TO ruhu_app")
        op.execute(f"CREATE POLICY changed ON {table} FOR UPDATE TO ruhu_app USING ({seen}) WITH CHECK ({seen})")
        op.execute(
            f"CREATE POLICY changed_met ON {table} AS RESTRICTIVE FOR UPDATE TO ruhu_app"
            f" USING (true) WITH CHECK ({written})"
        )
    for table in ("measure", "relief"):
        op.execute(f"ALTER TABLE {table} ALTER region_code SET STATISTICS 1000")  # as 0009_wide_lists says
    for function, (text, trigger, condition) in TRIGGERS.items():
        op.execute(text)
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
        op.execute(f"CREATE TRIGGER {trigger} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {function}")


def downgrade() -> None:
    for function, (_, trigger, _) in reversed(TRIGGERS.items()):
        name, _, table = trigger.partition(" AFTER ")
        op.execute(f"DROP TRIGGER {name} ON {table.rpartition(' ')[2]}")
        op.execute(f"DROP FUNCTION {function}")
    for table, (_, _, changing) in TABLES.items():
        for policy in ("owner", "seen", "born", "born_met", *(("changed", "changed_met") if changing else ())):
            op.execute(f"DROP POLICY {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"REVOKE ALL ON {table} FROM ruhu_app, ruhu_machine")
