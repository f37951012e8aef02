"""Campaigns, benefit links, agreements, whom to call, and what became of a pairing, to be read on from a cursor.

Revision: 0052_partners; follows: 0050_statistics
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0052_partners"
down_revision = "0065_rows_of_erased"
branch_labels = None
depends_on = None

# As in 0028_sweeps.
IN_REGION = """(region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ','))))"""
LISTED = "household_id = ANY ((SELECT ruhu_listed_households())::uuid[])"
MET = (
    "(region_code ^@ ANY (string_to_array(current_setting('ruhu.met_spans', true), ','))"
    " OR household_id = ANY ((SELECT ruhu_met_households())::uuid[]))"
)
MET_REGION = "region_code ^@ ANY (string_to_array(current_setting('ruhu.met_spans', true), ','))"
OUR = "organisation_id = ruhu_viewer_uuid('organisation_id')"
PARTYS = "party_id = ANY ((SELECT ruhu_viewer_parties())::uuid[])"
SIGNED_IN = "nullif(current_setting('ruhu.viewer_id', true), '') IS NOT NULL"

# table: (who sees a row, who may write one down). None: the app role may not.
WALLS: dict[str, tuple[str, str | None]] = {
    "campaign": (SIGNED_IN, f"{IN_REGION} AND {MET_REGION}"),
    "campaign_activity": (f"{IN_REGION} OR {OUR}", f"{OUR} OR ({IN_REGION} AND {MET_REGION})"),
    # What a family earns by a link is for who meets it, and for whoever promised it.
    "benefit_link": (f"{IN_REGION} OR {LISTED} OR {OUR}", f"({IN_REGION} OR {LISTED}) AND {MET}"),
    "benefit_delivery": (f"{IN_REGION} OR {LISTED} OR {OUR}", f"{OUR} OR ({IN_REGION} OR {LISTED}) AND {MET}"),
    "agreement": (f"{IN_REGION} OR {PARTYS}", f"{PARTYS} OR ({IN_REGION} AND {MET_REGION})"),
    "pairing_change": (f"{IN_REGION} OR {PARTYS}", None),
}
TABLES = ("campaign", "campaign_activity", "benefit_link", "benefit_delivery", "agreement", "pairing_change")

# As clues do (0010_clues): whoever is responsible for a family now answers for its links.
FOLLOW = """
CREATE FUNCTION ruhu_links_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE benefit_link SET region_code = NEW.region_code WHERE household_id = NEW.id;
  UPDATE benefit_delivery SET region_code = NEW.region_code WHERE household_id = NEW.id;
  RETURN NULL;
END
$$
"""
# What is erased of a family (0020_retention) takes along what was written of its links; amounts stay, of nobody.
FORGOTTEN = """
CREATE FUNCTION ruhu_links_forgotten() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE benefit_link SET terms = NULL WHERE household_id = NEW.id;
  UPDATE benefit_delivery SET evidence = NULL WHERE household_id = NEW.id;
  RETURN NULL;
END
$$
"""

# One row per pairing and statement, and what endpoints are to hear of it. A partner's grant has no region: it hears of its
# own organisation's pairings, and nobody else's. The transaction's number orders what is committed at the same time.
BEGAN = """
CREATE FUNCTION ruhu_pairings_began() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO pairing_change (xid, at, op, pairing_id, party_id, region_code)
  SELECT pg_current_xact_id()::text::bigint, now(), CASE WHEN ended_on IS NULL THEN 'BEGAN' ELSE 'ENDED' END,
         id, helping_id, region_code
  FROM new_rows;
  RETURN NULL;
END
$$
"""
CHANGED = """
CREATE FUNCTION ruhu_pairings_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO pairing_change (xid, at, op, pairing_id, party_id, region_code)
  SELECT pg_current_xact_id()::text::bigint, now(),
         CASE WHEN n.ended_on IS NOT NULL AND o.ended_on IS NULL THEN 'ENDED' ELSE 'CHANGED' END,
         n.id, n.helping_id, n.region_code
  FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n IS DISTINCT FROM o;
  RETURN NULL;
END
$$
"""
TELL = """
CREATE FUNCTION ruhu_tell_of_pairings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  today date := (now() AT TIME ZONE 'Asia/Shanghai')::date;
  delivery uuid;
BEGIN
  FOR delivery IN
    INSERT INTO webhook_delivery (id, endpoint_id, event, content, occurred_at, tries_at)
    SELECT gen_random_uuid(), e.id, 'pairing.changed',
           jsonb_build_object('pairingId', b.pairing_id, 'op', b.op, 'role', p.role, 'region', b.region_code,
                              'startedOn', p.started_on, 'endedOn', p.ended_on),
           b.at, now()
    FROM webhook_endpoint e
    JOIN access_grant g ON g.id = e.grant_id AND g.starts_on <= today AND (g.ends_on IS NULL OR today < g.ends_on)
    JOIN account a ON a.id = e.account_id AND a.disabled_at IS NULL
    JOIN born b ON CASE WHEN g.role = 'INTEGRATOR' THEN b.region_code ^@ g.region_code
                        ELSE b.party_id = a.organisation_id END
    JOIN pairing p ON p.id = b.pairing_id
    WHERE e.disabled_at IS NULL AND 'pairing.changed' = ANY (e.events)
    RETURNING id
  LOOP
    PERFORM ruhu_enqueue('deliver_webhook', jsonb_build_object('deliveryId', delivery), NULL, NULL);
  END LOOP;
  RETURN NULL;
END
$$
"""
FUNCTIONS = {
    "ruhu_links_follow()": FOLLOW,
    "ruhu_links_forgotten()": FORGOTTEN,
    "ruhu_pairings_began()": BEGAN,
    "ruhu_pairings_changed()": CHANGED,
    "ruhu_tell_of_pairings()": TELL,
}
TRIGGERS = {
    "links_follow ON household": "AFTER UPDATE OF region_code ON household FOR EACH ROW"
    " WHEN (OLD.region_code <> NEW.region_code) EXECUTE FUNCTION ruhu_links_follow()",
    "links_forgotten ON household": "AFTER UPDATE OF erased_at ON household FOR EACH ROW"
    " WHEN (NEW.erased_at IS NOT NULL) EXECUTE FUNCTION ruhu_links_forgotten()",
    "pairings_began ON pairing": "AFTER INSERT ON pairing REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT"
    " EXECUTE FUNCTION ruhu_pairings_began()",
    "pairings_changed ON pairing": "AFTER UPDATE ON pairing REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
    " FOR EACH STATEMENT EXECUTE FUNCTION ruhu_pairings_changed()",
    "tells_webhooks ON pairing_change": "AFTER INSERT ON pairing_change REFERENCING NEW TABLE AS born FOR EACH STATEMENT"
    " EXECUTE FUNCTION ruhu_tell_of_pairings()",
}


def upgrade() -> None:
    for column in ("contact_id", "responsible_id"):
        op.add_column("pairing", sa.Column(column, sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_pairing_{column}"), "pairing", "helper", [column], ["id"])
        op.create_index(f"ix_pairing_{column}", "pairing", [column], postgresql_where=sa.text(f"{column} IS NOT NULL"))
    _campaigns()
    _links()
    _agreements()
    for table in TABLES:
        _wall(table, *WALLS[table])
    op.execute("GRANT UPDATE (ended_on, end_reason) ON benefit_link TO ruhu_app")
    seen = WALLS["benefit_link"][1]
    op.execute(f"CREATE POLICY changed ON benefit_link FOR UPDATE TO ruhu_app USING ({seen}) WITH CHECK ({seen})")
    for table in ("benefit_link", "benefit_delivery"):
        op.execute(f"CREATE POLICY seen_met ON {table} AS RESTRICTIVE FOR SELECT TO ruhu_app USING ({MET} OR {OUR})")
    for function, definition in FUNCTIONS.items():
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM public")
        op.execute(f"ALTER FUNCTION {function} OWNER TO ruhu_machine")
    for trigger, definition in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {trigger.split()[0]} {definition}")


def _wall(table: str, seen: str, born: str | None) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO ruhu_machine")
    op.execute(f"GRANT SELECT ON {table} TO ruhu_app")
    op.execute(f"CREATE POLICY owner ON {table} TO ruhu_owner USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO ruhu_app USING ({seen})")
    if born is not None:
        op.execute(f"GRANT INSERT ON {table} TO ruhu_app")
        op.execute(f"CREATE POLICY born ON {table} FOR INSERT TO ruhu_app WITH CHECK ({born})")


def _where(table: str, column: str, *, is_nullable: bool = False) -> None:
    condition = sa.text(f"{column} IS NOT NULL") if is_nullable else None
    op.create_index(f"ix_{table}_{column}", table, [column], postgresql_where=condition)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _campaigns() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("target_organisations", sa.BigInteger(), nullable=False),
        sa.Column("target_villages", sa.BigInteger(), nullable=False),
        sa.Column("modes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("areas", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("until_on IS NULL OR until_on > from_on", name=op.f("ck_campaign_ends_after_it_begins")),
        sa.CheckConstraint("target_organisations > 0 AND target_villages > 0", name=op.f("ck_campaign_has_targets")),
        _key("campaign", "region_code", "region.code"),
        _key("campaign", "opened_by_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        postgresql.ExcludeConstraint(
            (sa.column("region_code"), "="),
            (sa.column("role"), "="),
            (sa.text("daterange(from_on, until_on)"), "&&"),
            using="gist",
            name="campaigns_do_not_overlap",
        ),
    )
    op.create_index("ix_campaign_region_code", "campaign", ["region_code", "id"])
    _where("campaign", "opened_by_id", is_nullable=True)
    op.create_table(
        "campaign_activity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("village_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("people_reached", sa.BigInteger(), nullable=True),
        sa.Column("photos", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("amount_fen BETWEEN 0 AND 100000000000", name=op.f("ck_campaign_activity_amount_in_range")),
        sa.CheckConstraint("people_reached BETWEEN 0 AND 10000000", name=op.f("ck_campaign_activity_people_in_range")),
        _key("campaign_activity", "campaign_id", "campaign.id"),
        _key("campaign_activity", "pairing_id", "pairing.id"),
        _key("campaign_activity", "organisation_id", "organisation.id"),
        _key("campaign_activity", "village_id", "village.id"),
        _key("campaign_activity", "region_code", "region.code"),
        _key("campaign_activity", "reported_by_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_activity")),
    )
    for column in ("campaign_id", "organisation_id"):
        op.create_index(f"ix_campaign_activity_{column}", "campaign_activity", [column, "happened_on", "id"])
    for column in ("pairing_id", "village_id", "region_code"):
        _where("campaign_activity", column)
    _where("campaign_activity", "reported_by_id", is_nullable=True)


def _links() -> None:
    op.create_table(
        "benefit_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("promised_fen", sa.BigInteger(), nullable=True),
        sa.Column("period_months", sa.BigInteger(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "ended_on IS NULL OR ended_on >= started_on", name=op.f("ck_benefit_link_ends_after_it_starts")
        ),
        sa.CheckConstraint(
            "num_nonnulls(ended_on, end_reason) IN (0, 2)", name=op.f("ck_benefit_link_ends_with_a_reason")
        ),
        sa.CheckConstraint("period_months BETWEEN 1 AND 12", name=op.f("ck_benefit_link_period_of_a_year_at_most")),
        sa.CheckConstraint("promised_fen BETWEEN 0 AND 10000000000", name=op.f("ck_benefit_link_promised_in_range")),
        _key("benefit_link", "pairing_id", "pairing.id"),
        _key("benefit_link", "household_id", "household.id"),
        _key("benefit_link", "organisation_id", "organisation.id"),
        _key("benefit_link", "region_code", "region.code"),
        _key("benefit_link", "recorded_by_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_benefit_link")),
    )
    op.create_index("ix_benefit_link_region_code", "benefit_link", ["region_code", "id"])
    op.create_index("ix_benefit_link_organisation_id", "benefit_link", ["organisation_id", "region_code", "id"])
    for column in ("pairing_id", "household_id"):
        _where("benefit_link", column)
    _where("benefit_link", "recorded_by_id", is_nullable=True)
    op.create_table(
        "benefit_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "amount_fen >= 0 OR corrects_id IS NOT NULL", name=op.f("ck_benefit_delivery_only_a_correction_takes_away")
        ),
        sa.CheckConstraint("abs(amount_fen) <= 10000000000", name=op.f("ck_benefit_delivery_amount_in_range")),
        _key("benefit_delivery", "link_id", "benefit_link.id"),
        _key("benefit_delivery", "household_id", "household.id"),
        _key("benefit_delivery", "organisation_id", "organisation.id"),
        _key("benefit_delivery", "region_code", "region.code"),
        _key("benefit_delivery", "corrects_id", "benefit_delivery.id"),
        _key("benefit_delivery", "recorded_by_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_benefit_delivery")),
    )
    op.create_index("ix_benefit_delivery_link_id", "benefit_delivery", ["link_id", "delivered_on"])
    for column in ("household_id", "organisation_id", "region_code"):
        _where("benefit_delivery", column)
    for column in ("corrects_id", "recorded_by_id"):
        _where("benefit_delivery", column, is_nullable=True)


def _agreements() -> None:
    op.create_table(
        "agreement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("byte_size", sa.BigInteger(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("ends_on IS NULL OR ends_on > signed_on", name=op.f("ck_agreement_ends_after_it_is_signed")),
        sa.CheckConstraint(
            "num_nonnulls(sha256, byte_size, media_type) IN (0, 3)", name=op.f("ck_agreement_a_file_is_known_whole")
        ),
        _key("agreement", "pairing_id", "pairing.id"),
        _key("agreement", "region_code", "region.code"),
        _key("agreement", "recorded_by_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
    )
    op.create_index("ix_agreement_region_code", "agreement", ["region_code", "id"])
    op.create_index("ix_agreement_party_id", "agreement", ["party_id", "ends_on"])
    op.create_index(
        "ix_agreement_ends_on", "agreement", ["ends_on", "id"], postgresql_where=sa.text("ends_on IS NOT NULL")
    )
    _where("agreement", "pairing_id")
    _where("agreement", "recorded_by_id", is_nullable=True)
    op.create_table(
        "pairing_change",
        sa.Column("seq", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("op", sa.Text(), nullable=False),
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint("op IN ('BEGAN', 'CHANGED', 'ENDED')", name=op.f("ck_pairing_change_of_a_known_sort")),
        _key("pairing_change", "pairing_id", "pairing.id"),
        _key("pairing_change", "region_code", "region.code"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_pairing_change")),
    )
    op.create_index("ix_pairing_change_party_id", "pairing_change", ["party_id", "xid", "seq"])
    op.create_index("ix_pairing_change_xid", "pairing_change", ["xid", "seq"])
    for column in ("pairing_id", "region_code"):
        _where("pairing_change", column)


def downgrade() -> None:
    for trigger in TRIGGERS:
        op.execute(f"DROP TRIGGER {trigger}")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    for table in reversed(TABLES):
        if table not in ("campaign", "benefit_link"):
            op.drop_table(table)
    for table in ("benefit_link", "campaign"):
        op.drop_table(table)
    for column in ("contact_id", "responsible_id"):
        op.drop_column("pairing", column)
