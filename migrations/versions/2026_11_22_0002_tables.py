"""All tables of the domain core, as the mapped classes declare them.

Revision: 0002_tables; follows: 0001_functions
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0002_tables"
down_revision = "0001_functions"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("region_code", sa.Text(collation="C"), nullable=True),
        sa.Column("operation_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_actor_id", "audit_entry", ["actor_id", "id"], unique=False)
    op.create_index("ix_audit_entry_subject_id", "audit_entry", ["subject_id", "id"], unique=False)
    op.create_table(
        "change",
        sa.Column("area", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("op", sa.CHAR(length=1), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("area", "seq", name=op.f("pk_change")),
    )
    op.create_index("ix_change_id", "change", ["id", "seq"], unique=False)
    op.create_table(
        "change_pending",
        sa.Column("xid", sa.Text(), nullable=False),
        sa.Column("area", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("op", sa.CHAR(length=1), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("xid", "area", "kind", "id", "op", "party_id", name=op.f("pk_change_pending")),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "operation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("hash_version", sa.SmallInteger(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation")),
    )
    op.create_index(op.f("ix_operation_actor_id"), "operation", ["actor_id"], unique=False)
    op.create_index(op.f("ix_operation_at"), "operation", ["at"], unique=False)
    op.create_table(
        "region",
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "level",
            sa.Enum("PROVINCE", "PREFECTURE", "COUNTY", "TOWNSHIP", "VILLAGE", name="regionlevel", native_enum=False),
            nullable=False,
        ),
        sa.Column("parent_code", sa.Text(collation="C"), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("successor_code", sa.Text(collation="C"), nullable=True),
        sa.CheckConstraint(
            "code ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$'",
            name=op.f("ck_region_code_is_2_4_6_9_or_12_digits"),
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_region_ends_after_it_starts")),
        sa.ForeignKeyConstraint(["parent_code"], ["region.code"], name=op.f("fk_region_parent_code")),
        sa.ForeignKeyConstraint(["successor_code"], ["region.code"], name=op.f("fk_region_successor_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_region")),
    )
    op.create_index(
        "ix_region_name_trigram",
        "region",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index("ix_region_parent_code", "region", ["parent_code", "code"], unique=False)
    op.create_index(
        "ix_region_successor_code",
        "region",
        ["successor_code"],
        unique=False,
        postgresql_where=sa.text("successor_code IS NOT NULL"),
    )
    op.create_table(
        "survey_form",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("questions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_survey_form")),
    )
    op.create_table(
        "term",
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("list", "code", name=op.f("pk_term")),
    )
    op.create_geospatial_table(
        "household",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("causes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "monitoring_status",
            sa.Enum(
                "NEVER",
                "IN_PROCEDURE",
                "MONITORED",
                "ELIMINATED_TRACKED",
                name="monitoringstatus",
                native_enum=False,
                length=20,
            ),
            server_default="NEVER",
            nullable=False,
        ),
        sa.Column(
            "location",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("sent_longitude", sa.Float(precision=53), nullable=True),
        sa.Column("sent_latitude", sa.Float(precision=53), nullable=True),
        sa.Column("sent_datum", sa.Text(), nullable=True),
        sa.Column("accuracy_metres", sa.Float(precision=53), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("split_from_id", sa.Uuid(), nullable=True),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cardinality(causes) <= 3", name=op.f("ck_household_at_most_three_causes")),
        sa.CheckConstraint("length(region_code) = 12", name=op.f("ck_household_stands_in_a_village")),
        sa.CheckConstraint(
            "location IS NULL OR (ST_X(location) BETWEEN -180 AND 180 AND ST_Y(location) BETWEEN -90 AND 90)",
            name=op.f("ck_household_location_in_range"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(ended_on, end_reason) IN (0, 2)", name=op.f("ck_household_ends_with_a_reason")
        ),
        sa.CheckConstraint(
            "num_nonnulls(location, sent_longitude, sent_latitude, sent_datum) IN (0, 4)",
            name=op.f("ck_household_location_says_its_datum"),
        ),
        sa.ForeignKeyConstraint(["merged_into_id"], ["household.id"], name=op.f("fk_household_merged_into_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_household_region_code")),
        sa.ForeignKeyConstraint(["split_from_id"], ["household.id"], name=op.f("fk_household_split_from_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
    )
    op.create_geospatial_index(
        "ix_household_location", "household", ["location"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(
        "ix_household_merged_into_id",
        "household",
        ["merged_into_id"],
        unique=False,
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_index("ix_household_region_code", "household", ["region_code", "code", "id"], unique=False)
    op.create_index(
        "ix_household_split_from_id",
        "household",
        ["split_from_id"],
        unique=False,
        postgresql_where=sa.text("split_from_id IS NOT NULL"),
    )
    op.create_index("uq_household_code", "household", ["code"], unique=True)
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_organisation_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
    )
    op.create_index(
        "ix_organisation_name_trigram",
        "organisation",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_organisation_region_code"), "organisation", ["region_code"], unique=False)
    op.create_table(
        "roster",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_roster_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster")),
        sa.UniqueConstraint("code", name=op.f("uq_roster_code")),
    )
    op.create_index(op.f("ix_roster_region_code"), "roster", ["region_code"], unique=False)
    op.create_table(
        "village",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_village_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_village")),
        sa.UniqueConstraint("region_code", name=op.f("uq_village_region_code")),
    )
    op.create_table(
        "helper",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("is_party_member", sa.Boolean(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_helper_organisation_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_helper_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helper")),
    )
    op.create_index(
        "ix_helper_name_trigram",
        "helper",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_helper_organisation_id"), "helper", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_helper_region_code"), "helper", ["region_code"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("left_household_id", sa.Uuid(), nullable=True),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_head", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("relation_to_head", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.Column("ethnicity", sa.Text(), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=False),
        sa.Column("died_on", sa.Date(), nullable=True),
        sa.Column("id_number", sa.Text(), nullable=True),
        sa.Column("disability_certificate", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("education", sa.Text(), nullable=True),
        sa.Column("school_status", sa.Text(), nullable=True),
        sa.Column("health", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{HEALTHY}'"), nullable=False),
        sa.Column("labour", sa.Text(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "disability_certificate IS NULL OR (ruhu_is_id_number(left(disability_certificate, 18))"
            " AND substr(disability_certificate, 19) ~ '^[1-7][1-4]$')",
            name=op.f("ck_person_disability_certificate_valid"),
        ),
        sa.CheckConstraint("NOT is_head OR household_id IS NOT NULL", name=op.f("ck_person_head_of_a_household")),
        sa.CheckConstraint("num_nonnulls(household_id, left_household_id) <= 1", name=op.f("ck_person_gone_or_there")),
        sa.CheckConstraint("died_on IS NULL OR died_on >= born_on", name=op.f("ck_person_dies_after_birth")),
        sa.CheckConstraint("id_number IS NULL OR ruhu_is_id_number(id_number)", name=op.f("ck_person_id_number_valid")),
        sa.CheckConstraint(
            "num_nonnulls(education, school_status) = 1", name=op.f("ck_person_education_or_school_status")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_person_household_id")),
        sa.ForeignKeyConstraint(["left_household_id"], ["household.id"], name=op.f("fk_person_left_household_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_person_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_index(op.f("ix_person_household_id"), "person", ["household_id"], unique=False)
    op.create_index(
        "ix_person_left_household_id",
        "person",
        ["left_household_id"],
        unique=False,
        postgresql_where=sa.text("left_household_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_person_region_code"), "person", ["region_code"], unique=False)
    op.create_index(
        "one_head_per_household", "person", ["household_id"], unique=True, postgresql_where=sa.text("is_head")
    )
    op.create_index(
        "uq_person_id_number", "person", ["id_number"], unique=True, postgresql_where=sa.text("id_number IS NOT NULL")
    )
    op.create_table(
        "roster_entry",
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_roster_entry_household_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_roster_entry_region_code")),
        sa.ForeignKeyConstraint(["roster_id"], ["roster.id"], name=op.f("fk_roster_entry_roster_id")),
        sa.PrimaryKeyConstraint("roster_id", "household_id", name=op.f("pk_roster_entry")),
    )
    op.create_index(op.f("ix_roster_entry_household_id"), "roster_entry", ["household_id"], unique=False)
    op.create_index(op.f("ix_roster_entry_region_code"), "roster_entry", ["region_code"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "HELPER",
                "OFFICER",
                "DEPARTMENT",
                "PARTNER",
                "INTEGRATOR",
                "HOTLINE_OPERATOR",
                "AUDITOR",
                "ADMINISTRATOR",
                name="viewerkind",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("persona", sa.Text(), nullable=True),
        sa.Column("helper_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["helper_id"], ["helper.id"], name=op.f("fk_account_helper_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_account_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("helper_id", name=op.f("uq_account_helper_id")),
        sa.UniqueConstraint("persona", name=op.f("uq_account_persona")),
    )
    op.create_index(op.f("ix_account_organisation_id"), "account", ["organisation_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("start_reason", sa.Text(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("person_id"), "="),
            (sa.text("daterange(started_on, ended_on)"), "&&"),
            using="gist",
            name="membership_spells_do_not_overlap",
        ),
        sa.CheckConstraint(
            "ended_on IS NULL OR ended_on >= started_on", name=op.f("ck_membership_ends_after_it_starts")
        ),
        sa.CheckConstraint(
            "num_nonnulls(ended_on, end_reason) IN (0, 2)", name=op.f("ck_membership_ends_with_a_reason")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_membership_household_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_membership_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_household_id"), "membership", ["household_id"], unique=False)
    op.create_index("ix_membership_person_id", "membership", ["person_id"], unique=False)
    op.create_index(op.f("ix_membership_region_code"), "membership", ["region_code"], unique=False)
    op.create_table(
        "pairing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("helper_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("village_id", sa.Uuid(), nullable=True),
        sa.Column(
            "helping_id", sa.Uuid(), sa.Computed("coalesce(helper_id, organisation_id)", persisted=True), nullable=True
        ),
        sa.Column(
            "helped_id",
            sa.Uuid(),
            sa.Computed("coalesce(household_id, person_id, village_id)", persisted=True),
            nullable=True,
        ),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("succeeds_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("helped_id"), "="),
            (sa.column("helping_id"), "="),
            (sa.column("role"), "="),
            (sa.text("daterange(started_on, ended_on)"), "&&"),
            using="gist",
            name="pairings_do_not_overlap",
        ),
        sa.CheckConstraint("ended_on IS NULL OR ended_on >= started_on", name=op.f("ck_pairing_ends_after_it_starts")),
        sa.CheckConstraint("num_nonnulls(ended_on, end_reason) IN (0, 2)", name=op.f("ck_pairing_ends_with_a_reason")),
        sa.CheckConstraint("num_nonnulls(helper_id, organisation_id) = 1", name=op.f("ck_pairing_one_side_helps")),
        sa.CheckConstraint(
            "num_nonnulls(household_id, person_id, village_id) = 1", name=op.f("ck_pairing_one_side_is_helped")
        ),
        sa.ForeignKeyConstraint(["helper_id"], ["helper.id"], name=op.f("fk_pairing_helper_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_pairing_household_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_pairing_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_pairing_person_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_pairing_region_code")),
        sa.ForeignKeyConstraint(["succeeds_id"], ["pairing.id"], name=op.f("fk_pairing_succeeds_id")),
        sa.ForeignKeyConstraint(["village_id"], ["village.id"], name=op.f("fk_pairing_village_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairing")),
    )
    op.create_index("ix_pairing_helper_id", "pairing", ["helper_id", "started_on"], unique=False)
    op.create_index("ix_pairing_household_id", "pairing", ["household_id", "started_on"], unique=False)
    op.create_index("ix_pairing_organisation_id", "pairing", ["organisation_id", "started_on"], unique=False)
    op.create_index("ix_pairing_person_id", "pairing", ["person_id", "started_on"], unique=False)
    op.create_index("ix_pairing_region_code", "pairing", ["region_code", "id"], unique=False)
    op.create_index(
        "ix_pairing_succeeds_id",
        "pairing",
        ["succeeds_id"],
        unique=False,
        postgresql_where=sa.text("succeeds_id IS NOT NULL"),
    )
    op.create_index("ix_pairing_village_id", "pairing", ["village_id", "started_on"], unique=False)
    op.create_table(
        "access_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "HELPER",
                "VILLAGE_OFFICER",
                "RESIDENT_TEAM",
                "TOWNSHIP_OFFICER",
                "COUNTY_OFFICER",
                "PREFECTURE_OFFICER",
                "PROVINCE_OFFICER",
                "DEPARTMENT",
                "PARTNER",
                "INTEGRATOR",
                "HOTLINE_OPERATOR",
                "AUDITOR",
                "ADMINISTRATOR",
                name="grantrole",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("region_code", sa.Text(collation="C"), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("deputy_id", sa.Uuid(), nullable=True),
        sa.Column("deputy_from", sa.Date(), nullable=True),
        sa.Column("deputy_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_access_grant_ends_after_it_starts")
        ),
        sa.CheckConstraint(
            "num_nonnulls(deputy_id, deputy_from) IN (0, 2)", name=op.f("ck_access_grant_deputy_has_a_beginning")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_access_grant_account_id")),
        sa.ForeignKeyConstraint(["deputy_id"], ["account.id"], name=op.f("fk_access_grant_deputy_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_access_grant_organisation_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_access_grant_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_grant")),
    )
    op.create_index("ix_access_grant_account_id", "access_grant", ["account_id"], unique=False)
    op.create_index(
        "ix_access_grant_deputy_id",
        "access_grant",
        ["deputy_id"],
        unique=False,
        postgresql_where=sa.text("deputy_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_access_grant_organisation_id"), "access_grant", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_access_grant_region_code"), "access_grant", ["region_code"], unique=False)
    op.create_table(
        "household_access",
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_household_access_household_id")),
        sa.ForeignKeyConstraint(["pairing_id"], ["pairing.id"], name=op.f("fk_household_access_pairing_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_household_access_region_code")),
        sa.PrimaryKeyConstraint("pairing_id", name=op.f("pk_household_access")),
    )
    op.create_index(op.f("ix_household_access_household_id"), "household_access", ["household_id"], unique=False)
    op.create_index("ix_household_access_party_id", "household_access", ["party_id", "household_id"], unique=False)
    op.create_index(op.f("ix_household_access_region_code"), "household_access", ["region_code"], unique=False)
    op.create_table(
        "household_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_household_event_household_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["account.id"], name=op.f("fk_household_event_recorded_by_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_household_event_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_event")),
    )
    op.create_index("ix_household_event_household_id", "household_event", ["household_id", "happened_on"], unique=False)
    op.create_index(op.f("ix_household_event_recorded_by_id"), "household_event", ["recorded_by_id"], unique=False)
    op.create_index(op.f("ix_household_event_region_code"), "household_event", ["region_code"], unique=False)
    op.create_table(
        "submission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("submitter_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "APPLIED",
                "REPLAYED",
                "DEFERRED",
                "CONFLICT",
                "REJECTED",
                name="submissionoutcome",
                native_enum=False,
                length=10,
            ),
            nullable=False,
        ),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("hash_version", sa.SmallInteger(), nullable=False),
        sa.Column("problems", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["submitter_id"], ["account.id"], name=op.f("fk_submission_submitter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
    )
    op.create_index(
        "ix_submission_submitter_id",
        "submission",
        ["submitter_id", sa.literal_column("received_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_geospatial_table(
        "visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("helper_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column(
            "contact",
            sa.Enum("IN_PERSON", "REMOTE", "NOBODY_HOME", name="visitcontact", native_enum=False, length=12),
            nullable=False,
        ),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late_by_seconds", sa.BigInteger(), nullable=False),
        sa.Column(
            "location",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("sent_longitude", sa.Float(precision=53), nullable=True),
        sa.Column("sent_latitude", sa.Float(precision=53), nullable=True),
        sa.Column("sent_datum", sa.Text(), nullable=True),
        sa.Column("accuracy_metres", sa.Float(precision=53), nullable=True),
        sa.Column("is_mocked", sa.Boolean(), nullable=True),
        sa.Column("located_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("distance_to_dwelling_metres", sa.Float(precision=53), nullable=True),
        sa.Column("is_within_fence", sa.Boolean(), nullable=True),
        sa.Column("credibility", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("form_version", sa.BigInteger(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column("superseded_by_id", sa.Uuid(), nullable=True),
        sa.Column("amend_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "location IS NULL OR (ST_X(location) BETWEEN -180 AND 180 AND ST_Y(location) BETWEEN -90 AND 90)",
            name=op.f("ck_visit_location_in_range"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(location, sent_longitude, sent_latitude, sent_datum) IN (0, 4)",
            name=op.f("ck_visit_location_says_its_datum"),
        ),
        sa.ForeignKeyConstraint(
            ["form_id", "form_version"], ["survey_form.id", "survey_form.version"], name=op.f("fk_visit_form_id")
        ),
        sa.ForeignKeyConstraint(["helper_id"], ["helper.id"], name=op.f("fk_visit_helper_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_visit_household_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["account.id"], name=op.f("fk_visit_recorded_by_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_visit_region_code")),
        sa.ForeignKeyConstraint(["superseded_by_id"], ["visit.id"], name=op.f("fk_visit_superseded_by_id")),
        sa.ForeignKeyConstraint(["supersedes_id"], ["visit.id"], name=op.f("fk_visit_supersedes_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_visit_supersedes_id")),
    )
    op.create_index("ix_visit_form_id", "visit", ["form_id", "form_version"], unique=False)
    op.create_index(
        "ix_visit_helper_id",
        "visit",
        ["helper_id", sa.literal_column("occurred_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_visit_household_id",
        "visit",
        ["household_id", sa.literal_column("occurred_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_visit_occurred_at",
        "visit",
        [sa.literal_column("occurred_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_visit_recorded_by_id",
        "visit",
        ["recorded_by_id", sa.literal_column("occurred_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_visit_region_code",
        "visit",
        ["region_code", sa.literal_column("occurred_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_visit_superseded_by_id",
        "visit",
        ["superseded_by_id"],
        unique=False,
        postgresql_where=sa.text("superseded_by_id IS NOT NULL"),
    )
    op.create_table(
        "visit_companion",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("helper_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["helper_id"], ["helper.id"], name=op.f("fk_visit_companion_helper_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_visit_companion_region_code")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_companion_visit_id")),
        sa.PrimaryKeyConstraint("visit_id", "helper_id", name=op.f("pk_visit_companion")),
    )
    op.create_index(op.f("ix_visit_companion_helper_id"), "visit_companion", ["helper_id"], unique=False)
    op.create_index(op.f("ix_visit_companion_region_code"), "visit_companion", ["region_code"], unique=False)
    op.create_table(
        "visit_finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_visit_finding_person_id")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_visit_finding_region_code")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_finding_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_finding")),
    )
    op.create_index(op.f("ix_visit_finding_person_id"), "visit_finding", ["person_id"], unique=False)
    op.create_index(op.f("ix_visit_finding_region_code"), "visit_finding", ["region_code"], unique=False)
    op.create_index(op.f("ix_visit_finding_visit_id"), "visit_finding", ["visit_id"], unique=False)
    op.create_geospatial_table(
        "visit_photo",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("byte_size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "location",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("sent_longitude", sa.Float(precision=53), nullable=True),
        sa.Column("sent_latitude", sa.Float(precision=53), nullable=True),
        sa.Column("sent_datum", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_visit_photo_region_code")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_photo_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_photo")),
    )
    op.create_index(op.f("ix_visit_photo_region_code"), "visit_photo", ["region_code"], unique=False)
    op.create_index(op.f("ix_visit_photo_sha256"), "visit_photo", ["sha256"], unique=False)
    op.create_index(op.f("ix_visit_photo_visit_id"), "visit_photo", ["visit_id"], unique=False)


def downgrade() -> None:

    op.drop_index(op.f("ix_visit_photo_visit_id"), table_name="visit_photo")
    op.drop_index(op.f("ix_visit_photo_sha256"), table_name="visit_photo")
    op.drop_index(op.f("ix_visit_photo_region_code"), table_name="visit_photo")
    op.drop_geospatial_table("visit_photo")
    op.drop_index(op.f("ix_visit_finding_visit_id"), table_name="visit_finding")
    op.drop_index(op.f("ix_visit_finding_region_code"), table_name="visit_finding")
    op.drop_index(op.f("ix_visit_finding_person_id"), table_name="visit_finding")
    op.drop_table("visit_finding")
    op.drop_index(op.f("ix_visit_companion_region_code"), table_name="visit_companion")
    op.drop_index(op.f("ix_visit_companion_helper_id"), table_name="visit_companion")
    op.drop_table("visit_companion")
    op.drop_index(
        "ix_visit_superseded_by_id", table_name="visit", postgresql_where=sa.text("superseded_by_id IS NOT NULL")
    )
    op.drop_index("ix_visit_region_code", table_name="visit")
    op.drop_index("ix_visit_recorded_by_id", table_name="visit")
    op.drop_index("ix_visit_occurred_at", table_name="visit")
    op.drop_index("ix_visit_household_id", table_name="visit")
    op.drop_index("ix_visit_helper_id", table_name="visit")
    op.drop_index("ix_visit_form_id", table_name="visit")
    op.drop_geospatial_table("visit")
    op.drop_index("ix_submission_submitter_id", table_name="submission")
    op.drop_table("submission")
    op.drop_index(op.f("ix_household_event_region_code"), table_name="household_event")
    op.drop_index(op.f("ix_household_event_recorded_by_id"), table_name="household_event")
    op.drop_index("ix_household_event_household_id", table_name="household_event")
    op.drop_table("household_event")
    op.drop_index(op.f("ix_household_access_region_code"), table_name="household_access")
    op.drop_index("ix_household_access_party_id", table_name="household_access")
    op.drop_index(op.f("ix_household_access_household_id"), table_name="household_access")
    op.drop_table("household_access")
    op.drop_index(op.f("ix_access_grant_region_code"), table_name="access_grant")
    op.drop_index(op.f("ix_access_grant_organisation_id"), table_name="access_grant")
    op.drop_index(
        "ix_access_grant_deputy_id", table_name="access_grant", postgresql_where=sa.text("deputy_id IS NOT NULL")
    )
    op.drop_index("ix_access_grant_account_id", table_name="access_grant")
    op.drop_table("access_grant")
    op.drop_index("ix_pairing_village_id", table_name="pairing")
    op.drop_index("ix_pairing_succeeds_id", table_name="pairing", postgresql_where=sa.text("succeeds_id IS NOT NULL"))
    op.drop_index("ix_pairing_region_code", table_name="pairing")
    op.drop_index("ix_pairing_person_id", table_name="pairing")
    op.drop_index("ix_pairing_organisation_id", table_name="pairing")
    op.drop_index("ix_pairing_household_id", table_name="pairing")
    op.drop_index("ix_pairing_helper_id", table_name="pairing")
    op.drop_table("pairing")
    op.drop_index(op.f("ix_membership_region_code"), table_name="membership")
    op.drop_index("ix_membership_person_id", table_name="membership")
    op.drop_index(op.f("ix_membership_household_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_account_organisation_id"), table_name="account")
    op.drop_table("account")
    op.drop_index(op.f("ix_roster_entry_region_code"), table_name="roster_entry")
    op.drop_index(op.f("ix_roster_entry_household_id"), table_name="roster_entry")
    op.drop_table("roster_entry")
    op.drop_index("uq_person_id_number", table_name="person", postgresql_where=sa.text("id_number IS NOT NULL"))
    op.drop_index("one_head_per_household", table_name="person", postgresql_where=sa.text("is_head"))
    op.drop_index(op.f("ix_person_region_code"), table_name="person")
    op.drop_index(
        "ix_person_left_household_id", table_name="person", postgresql_where=sa.text("left_household_id IS NOT NULL")
    )
    op.drop_index(op.f("ix_person_household_id"), table_name="person")
    op.drop_table("person")
    op.drop_index(op.f("ix_helper_region_code"), table_name="helper")
    op.drop_index(op.f("ix_helper_organisation_id"), table_name="helper")
    op.drop_index(
        "ix_helper_name_trigram", table_name="helper", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}
    )
    op.drop_table("helper")
    op.drop_table("village")
    op.drop_index(op.f("ix_roster_region_code"), table_name="roster")
    op.drop_table("roster")
    op.drop_index(op.f("ix_organisation_region_code"), table_name="organisation")
    op.drop_index(
        "ix_organisation_name_trigram",
        table_name="organisation",
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.drop_table("organisation")
    op.drop_index("uq_household_code", table_name="household")
    op.drop_index(
        "ix_household_split_from_id", table_name="household", postgresql_where=sa.text("split_from_id IS NOT NULL")
    )
    op.drop_index("ix_household_region_code", table_name="household")
    op.drop_index(
        "ix_household_merged_into_id", table_name="household", postgresql_where=sa.text("merged_into_id IS NOT NULL")
    )
    op.drop_geospatial_index(
        "ix_household_location", table_name="household", postgresql_using="gist", column_name="location"
    )
    op.drop_geospatial_table("household")
    op.drop_table("term")
    op.drop_table("survey_form")
    op.drop_index(
        "ix_region_successor_code", table_name="region", postgresql_where=sa.text("successor_code IS NOT NULL")
    )
    op.drop_index("ix_region_parent_code", table_name="region")
    op.drop_index(
        "ix_region_name_trigram", table_name="region", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}
    )
    op.drop_table("region")
    op.drop_index(op.f("ix_operation_at"), table_name="operation")
    op.drop_index(op.f("ix_operation_actor_id"), table_name="operation")
    op.drop_table("operation")
    op.drop_table("change_pending")
    op.drop_index("ix_change_id", table_name="change")
    op.drop_table("change")
    op.drop_index("ix_audit_entry_subject_id", table_name="audit_entry")
    op.drop_index("ix_audit_entry_actor_id", table_name="audit_entry")
    op.drop_table("audit_entry")
