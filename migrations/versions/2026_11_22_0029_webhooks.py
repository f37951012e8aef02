"""Signed webhooks, and when a township's figures were judged by themselves.

Revision: 0029_webhooks; follows: 0028_sweeps

A delivery is written by a trigger on `clue`, so in the transaction of the event and whoever raised it: a clue without its
deliveries cannot be committed, nor the reverse. The trigger asks which endpoints hear of it by the grants of that moment.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029_webhooks"
down_revision = "0028_sweeps"
branch_labels = None
depends_on = None

# As in 0017_accounts.
ADMINISTERS = "(SELECT ruhu_administers((now() AT TIME ZONE 'Asia/Shanghai')::date))"
# The policies of the table above apply inside: whoever sees the endpoint sees what hangs on it.
OF_AN_ENDPOINT = "EXISTS (SELECT FROM webhook_endpoint e WHERE e.id = endpoint_id)"

WALLS = {
    "webhook_endpoint": f"account_id = ruhu_viewer_uuid('viewer_id') OR {ADMINISTERS}",
    "webhook_delivery": OF_AN_ENDPOINT,
    "webhook_attempt": "EXISTS (SELECT FROM webhook_delivery d WHERE d.id = delivery_id)",
    # As in 0010_clues.
    "nightly_evaluation": """region_code >= current_setting('ruhu.region_from', true)
    AND region_code < current_setting('ruhu.region_to', true)
    AND (coalesce(current_setting('ruhu.region_spans', true), '') NOT LIKE '_%'
         OR region_code ^@ ANY (string_to_array(current_setting('ruhu.region_spans', true), ',')))""",
}
# What the app role may do beside reading. A test event is the only one that is made by hand.
RIGHTS = (
    "INSERT ON webhook_endpoint",
    "UPDATE (secret_sealed, old_secret_sealed, old_secret_until) ON webhook_endpoint",
    "UPDATE (failures, failing_since, rests_until, disabled_at, disable_reason) ON webhook_endpoint",
    "INSERT ON webhook_delivery",
    "UPDATE (state, attempts, tries_at, finished_at) ON webhook_delivery",
)

# received_at is when the clue came to be; the grants are those of today. Few endpoints, found by the whole table: a
# statement that raises a thousand clues asks once.
TELL = """
CREATE FUNCTION ruhu_tell_of_clues() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  today date := (now() AT TIME ZONE 'Asia/Shanghai')::date;
  delivery uuid;
BEGIN
  FOR delivery IN
    INSERT INTO webhook_delivery (id, endpoint_id, event, content, occurred_at, tries_at)
    SELECT gen_random_uuid(), e.id, 'clue.raised',
           jsonb_build_object('clueId', b.id, 'sign', b.sign, 'region', b.region_code, 'beganOn', b.began_on,
                              'dueOn', b.due_on),
           b.received_at, now()
    FROM webhook_endpoint e
    JOIN access_grant g ON g.id = e.grant_id AND g.starts_on <= today AND (g.ends_on IS NULL OR today < g.ends_on)
    JOIN account a ON a.id = e.account_id AND a.disabled_at IS NULL
    JOIN born b ON b.region_code ^@ g.region_code AND b.state = 'NEW'
    WHERE e.disabled_at IS NULL AND 'clue.raised' = ANY (e.events)
    RETURNING id
  LOOP
    PERFORM ruhu_enqueue('deliver_webhook', jsonb_build_object('deliveryId', delivery), NULL, NULL);
  END LOOP;
  RETURN NULL;
END
$$
"""


def upgrade() -> None:
    _endpoints()
    _deliveries()
    op.create_table(
        "nightly_evaluation",
        sa.Column("region_code", sa.Text(collation="C"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_nightly_evaluation_region_code")),
        sa.PrimaryKeyConstraint("region_code", name=op.f("pk_nightly_evaluation")),
    )
    for table, seen in WALLS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO ruhu_machine")
        op.execute(f"GRANT SELECT ON {table} TO ruhu_app")
        op.execute(f"CREATE POLICY owner ON {table} TO ruhu_owner USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO ruhu_app USING ({seen})")
        if table in ("webhook_attempt", "nightly_evaluation"):
            continue  # the worker's
        born = f"{seen} AND event = 'webhook.test'" if table == "webhook_delivery" else seen
        op.execute(f"CREATE POLICY born ON {table} FOR INSERT TO ruhu_app WITH CHECK ({born})")
        op.execute(f"CREATE POLICY changed ON {table} FOR UPDATE TO ruhu_app USING ({seen}) WITH CHECK ({seen})")
    for right in RIGHTS:
        op.execute(f"GRANT {right} TO ruhu_app")
    op.execute(TELL)
    op.execute("REVOKE ALL ON FUNCTION ruhu_tell_of_clues() FROM public")
    op.execute("ALTER FUNCTION ruhu_tell_of_clues() OWNER TO ruhu_machine")
    op.execute(
        "CREATE TRIGGER tells_webhooks AFTER INSERT ON clue REFERENCING NEW TABLE AS born FOR EACH STATEMENT"
        " EXECUTE FUNCTION ruhu_tell_of_clues()"
    )


def _endpoints() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disable_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(old_secret_sealed, old_secret_until) IN (0, 2)",
            name=op.f("ck_webhook_endpoint_old_secret_expires"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(disabled_at, disable_reason) IN (0, 2)",
            name=op.f("ck_webhook_endpoint_disabled_for_a_reason"),
        ),
        sa.CheckConstraint(
            "secret_sealed IS NULL OR (octet_length(secret_sealed) > 31 AND get_byte(secret_sealed, 0) = 1)",
            name=op.f("ck_webhook_endpoint_secret_is_sealed"),
        ),
        sa.CheckConstraint(
            "old_secret_sealed IS NULL OR (octet_length(old_secret_sealed) > 31 AND get_byte(old_secret_sealed, 0) = 1)",
            name=op.f("ck_webhook_endpoint_old_secret_is_sealed"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_webhook_endpoint_account_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["access_grant.id"], name=op.f("fk_webhook_endpoint_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_index("ix_webhook_endpoint_account_id", "webhook_endpoint", ["account_id"])
    op.create_index("ix_webhook_endpoint_grant_id", "webhook_endpoint", ["grant_id"])


def _deliveries() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="WAITING", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tries_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'WAITING') = (finished_at IS NULL)", name=op.f("ck_webhook_delivery_finished_with_its_state")
        ),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_delivery_endpoint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
    )
    op.create_index("ix_webhook_delivery_endpoint_id", "webhook_delivery", ["endpoint_id", "occurred_at"])
    op.create_index("ix_webhook_delivery_occurred_at", "webhook_delivery", ["occurred_at", "id"])
    op.create_index(
        "ix_webhook_delivery_finished_at",
        "webhook_delivery",
        ["finished_at"],
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_table(
        "webhook_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("took_milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("status_code", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(status_code, failure) = 1", name=op.f("ck_webhook_attempt_answered_or_failed")
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["webhook_delivery.id"],
            name=op.f("fk_webhook_attempt_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
    )
    op.create_index("ix_webhook_attempt_delivery_id", "webhook_attempt", ["delivery_id", "began_at"])


def downgrade() -> None:
    op.execute("DROP TRIGGER tells_webhooks ON clue")
    op.execute("DROP FUNCTION ruhu_tell_of_clues()")
    for table in ("nightly_evaluation", "webhook_attempt", "webhook_delivery", "webhook_endpoint"):
        op.drop_table(table)
