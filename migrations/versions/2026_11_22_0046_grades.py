"""Schemes of grading with their levels, rounds, and the grades of households.

Revision: 0046_grades; follows: 0030_erase_person
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0046_grades"
down_revision = "0061_stand_ins"
branch_labels = None
depends_on = None

# As in 0028_sweeps.
IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""
SEES = f"{IN_REGION} OR household_id = ANY ((SELECT ruhu_listed_households())::uuid[])"
MET_REGION = "region_code ^@ ANY (string_to_array(current_setting('ruhu.met_spans', true), ','))"

# As clues do (0010_clues): whoever is responsible for a family now answers for its grades.
FOLLOW = """
CREATE FUNCTION ruhu_grades_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE risk_grade SET region_code = NEW.region_code WHERE household_id = NEW.id;
  RETURN NULL;
END
$function$
"""

# What was said of a family goes with the rest of what tells who it was (0020_retention); levels and days stay, of nobody.
ERASED = """
CREATE FUNCTION ruhu_grades_are_emptied() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $function$
BEGIN
  UPDATE risk_grade SET note = NULL, return_reason = NULL, indicators = '[]' WHERE household_id = NEW.id;
  RETURN NULL;
END
$function$
"""

# "Superseded, never edited": each column is written once, with its step, and the steps go one way. What was said about it
# may be taken away when the family is erased; the place follows the family.
NOT_EDITED = """
CREATE FUNCTION ruhu_grades_are_not_edited() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
  IF (NEW.id, NEW.household_id, NEW.scheme, NEW.level, NEW.reasons, NEW.cause, NEW.visit_id, NEW.round_id,
      NEW.proposed_at, NEW.proposed_by_id)
     IS DISTINCT FROM (OLD.id, OLD.household_id, OLD.scheme, OLD.level, OLD.reasons, OLD.cause, OLD.visit_id, OLD.round_id,
      OLD.proposed_at, OLD.proposed_by_id)
    OR (NEW.note IS DISTINCT FROM OLD.note AND NEW.note IS NOT NULL)
    OR (NEW.indicators <> OLD.indicators AND NEW.indicators <> '[]')
    OR (OLD.reviewed_at IS NOT NULL AND (NEW.reviewed_at, NEW.reviewed_by_id)
        IS DISTINCT FROM (OLD.reviewed_at, OLD.reviewed_by_id))
    OR (OLD.filed_at IS NOT NULL AND (NEW.filed_at, NEW.filed_by_id, NEW.effective_from, NEW.supersedes_id)
        IS DISTINCT FROM (OLD.filed_at, OLD.filed_by_id, OLD.effective_from, OLD.supersedes_id))
    OR (OLD.superseded_at IS NOT NULL AND (NEW.superseded_at, NEW.superseded_on)
        IS DISTINCT FROM (OLD.superseded_at, OLD.superseded_on))
    OR (OLD.returned_at IS NOT NULL AND (NEW.returned_at, NEW.returned_by_id)
        IS DISTINCT FROM (OLD.returned_at, OLD.returned_by_id))
    OR NOT (NEW.state = OLD.state OR (OLD.state, NEW.state) IN (('PROPOSED', 'REVIEWED'), ('PROPOSED', 'RETURNED'),
        ('REVIEWED', 'FILED'), ('REVIEWED', 'RETURNED'), ('FILED', 'SUPERSEDED')))
  THEN
    RAISE EXCEPTION 'a grade is never edited, only superseded' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
$function$
"""

STEPS = (
    *("state", "reviewed_at", "reviewed_by_id", "filed_at", "filed_by_id", "effective_from", "supersedes_id"),
    *("superseded_at", "superseded_on", "returned_at", "returned_by_id", "return_reason"),
)


def upgrade() -> None:
    op.create_table(
        "grading_scheme",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("is_computed", sa.Boolean(), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_grading_scheme")),
    )
    op.create_table(
        "grade_level",
        sa.Column("scheme_code", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("raises_clue", sa.Boolean(), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["scheme_code"], ["grading_scheme.code"], name=op.f("fk_grade_level_scheme_code")),
        sa.PrimaryKeyConstraint("scheme_code", "code", name=op.f("pk_grade_level")),
    )
    op.create_table(
        "grading_round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("due_on >= opened_on", name=op.f("ck_grading_round_due_after_it_opened")),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_grading_round_month_by_its_first_day")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_grading_round_region_code")),
        sa.ForeignKeyConstraint(["scheme"], ["grading_scheme.code"], name=op.f("fk_grading_round_scheme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grading_round")),
        sa.UniqueConstraint("region_code", "scheme", "month", name="one_round_per_scheme_and_month"),
    )
    op.create_index("ix_grading_round_scheme", "grading_round", ["scheme"])
    op.create_index("ix_grading_round_opened_on", "grading_round", [sa.text("opened_on DESC"), sa.text("id DESC")])
    _grades()
    for function in (FOLLOW, ERASED, NOT_EDITED):
        op.execute(function)
    for name in ("ruhu_grades_follow", "ruhu_grades_are_emptied"):
        op.execute(f"ALTER FUNCTION {name}() OWNER TO ruhu_machine")
    op.execute(
        "CREATE TRIGGER grades_follow AFTER UPDATE OF region_code ON household FOR EACH ROW"
        " WHEN (OLD.region_code <> NEW.region_code) EXECUTE FUNCTION ruhu_grades_follow()"
    )
    op.execute(
        "CREATE TRIGGER grades_are_emptied AFTER UPDATE OF erased_at ON household FOR EACH ROW"
        " WHEN (NEW.erased_at IS NOT NULL) EXECUTE FUNCTION ruhu_grades_are_emptied()"
    )
    op.execute(
        "CREATE TRIGGER grades_are_not_edited BEFORE UPDATE ON risk_grade FOR EACH ROW"
        " EXECUTE FUNCTION ruhu_grades_are_not_edited()"
    )
    _walls()


def _grades() -> None:
    def day_of(instant: str) -> sa.Computed:
        return sa.Computed(f"({instant} AT TIME ZONE 'Asia/Shanghai')::date", persisted=True)

    people = ("proposed_by_id", "reviewed_by_id", "filed_by_id", "returned_by_id")
    op.create_table(
        "risk_grade",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("indicators", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("round_id", sa.Uuid(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_on", sa.Date(), day_of("proposed_at"), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_on", sa.Date(), day_of("reviewed_at"), nullable=True),
        sa.Column("reviewed_by_id", sa.Uuid(), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filed_on", sa.Date(), day_of("filed_at"), nullable=True),
        sa.Column("filed_by_id", sa.Uuid(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_on", sa.Date(), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_by_id", sa.Uuid(), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(filed_at, effective_from) = CASE WHEN state IN ('FILED', 'SUPERSEDED') THEN 2 ELSE 0 END",
            name=op.f("ck_risk_grade_in_force_once_filed"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(superseded_at, superseded_on) = CASE WHEN state = 'SUPERSEDED' THEN 2 ELSE 0 END",
            name=op.f("ck_risk_grade_superseded_on_a_day"),
        ),
        sa.CheckConstraint("superseded_on >= effective_from", name=op.f("ck_risk_grade_superseded_after_it_held")),
        sa.CheckConstraint(
            "state <> 'PROPOSED' OR num_nonnulls(reviewed_at, returned_at) = 0",
            name=op.f("ck_risk_grade_proposed_and_no_more"),
        ),
        sa.CheckConstraint(
            "state <> 'RETURNED' OR returned_at IS NOT NULL", name=op.f("ck_risk_grade_returned_at_some_time")
        ),
        sa.CheckConstraint(
            "num_nonnulls(reviewed_at, reviewed_by_id) IN (0, 2)", name=op.f("ck_risk_grade_reviewed_by_somebody")
        ),
        sa.CheckConstraint(
            "num_nonnulls(returned_at, returned_by_id) IN (0, 2)", name=op.f("ck_risk_grade_returned_by_somebody")
        ),
        sa.CheckConstraint(
            "proposed_by_id IS NULL OR state NOT IN ('REVIEWED', 'FILED', 'SUPERSEDED') OR reviewed_at IS NOT NULL",
            name=op.f("ck_risk_grade_reviewed_before_it_is_filed"),
        ),
        sa.CheckConstraint("cardinality(reasons) > 0", name=op.f("ck_risk_grade_has_a_reason")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_risk_grade_household_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_risk_grade_region_code")),
        sa.ForeignKeyConstraint(
            ["scheme", "level"], ["grade_level.scheme_code", "grade_level.code"], name=op.f("fk_risk_grade_scheme")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_risk_grade_visit_id")),
        sa.ForeignKeyConstraint(["round_id"], ["grading_round.id"], name=op.f("fk_risk_grade_round_id")),
        sa.ForeignKeyConstraint(["supersedes_id"], ["risk_grade.id"], name=op.f("fk_risk_grade_supersedes_id")),
        *(sa.ForeignKeyConstraint([who], ["account.id"], name=op.f(f"fk_risk_grade_{who}")) for who in people),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_grade")),
    )
    latest = [sa.text("proposed_at DESC"), sa.text("id DESC")]
    op.create_index("ix_risk_grade_household_id", "risk_grade", ["household_id", *latest])
    op.create_index("ix_risk_grade_region_code", "risk_grade", ["region_code", *latest])
    op.create_index("ix_risk_grade_proposed_at", "risk_grade", latest)
    op.create_index("ix_risk_grade_scheme", "risk_grade", ["scheme", "level", "region_code"])
    op.create_index(
        "ix_risk_grade_round_id",
        "risk_grade",
        ["round_id", "household_id"],
        postgresql_where=sa.text("round_id IS NOT NULL"),
    )
    for name, which in (("current", "state = 'FILED'"), ("open", "state IN ('PROPOSED', 'REVIEWED')")):
        op.create_index(
            f"one_{name}_grade_per_scheme",
            "risk_grade",
            ["household_id", "scheme"],
            unique=True,
            postgresql_where=sa.text(which),
        )
    for column in ("visit_id", *people, "supersedes_id"):
        op.create_index(
            f"ix_risk_grade_{column}",
            "risk_grade",
            [column],
            unique=column == "supersedes_id",
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )


def _walls() -> None:
    for table in ("grading_scheme", "grade_level", "grading_round", "risk_grade"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO ruhu_machine")
        op.execute(f"CREATE POLICY owner ON {table} TO ruhu_owner USING (true) WITH CHECK (true)")
        seen = SEES if table == "risk_grade" else "true"  # what is graded when and how, everybody may know
        op.execute(f"GRANT SELECT ON {table} TO ruhu_app")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO ruhu_app USING ({seen})")
    op.execute(f"GRANT INSERT, UPDATE ({', '.join(STEPS)}) ON risk_grade TO ruhu_app")
    # Nobody writes a grade but as a proposal; the worker files what is reckoned.
    op.execute(
        f"CREATE POLICY born ON risk_grade FOR INSERT TO ruhu_app WITH CHECK (state = 'PROPOSED' AND {IN_REGION})"
    )
    op.execute(
        f"CREATE POLICY changed ON risk_grade FOR UPDATE TO ruhu_app USING ({IN_REGION}) WITH CHECK ({IN_REGION})"
    )
    # As in 0015_matrix: by those who meet the family.
    op.execute(f"CREATE POLICY born_met ON risk_grade AS RESTRICTIVE FOR INSERT TO ruhu_app WITH CHECK ({MET_REGION})")
    op.execute(
        "CREATE POLICY changed_met ON risk_grade AS RESTRICTIVE FOR UPDATE TO ruhu_app"
        f" USING (true) WITH CHECK ({MET_REGION})"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER grades_follow ON household")
    op.execute("DROP TRIGGER grades_are_emptied ON household")
    for table in ("risk_grade", "grading_round", "grade_level", "grading_scheme"):
        op.drop_table(table)
    for name in ("ruhu_grades_follow", "ruhu_grades_are_emptied", "ruhu_grades_are_not_edited"):
        op.execute(f"DROP FUNCTION {name}()")
