"""Two counties, two partners, two cadres, people with several grants and with none left; every table has rows to hide."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from api.tokens import Keys
from domain.access.queries import find_viewer, viewer_settings
from domain.access.rules import ANONYMOUS, CHINA, Viewer
from domain.base.models import namespace_id
from domain.demo.helping import HELPER, ORGANISATION
from domain.demo.personas import PERSONAS, account_id
from tests import databases
from tests.walls.expected import Expectation, Somebody, expected
from tests.world import World


@dataclass(frozen=True)
class Held:
    """Grants beyond a persona's one: `helper` and `organisation` are keys of the demo's; `is_over`: they have run out.

    stands_in_for: the helper (a key of the demo's) as whose deputy they are named, until `deputy_to`.
    """

    grants: Sequence[tuple[str, str | None]]
    helper: str | None = None
    organisation: str | None = None
    is_over: bool = False
    stands_in_for: str | None = None
    deputy_to: date | None = None


SEVERAL = {
    # An officer of one township who speaks for a partner elsewhere, and the like.
    "officer_and_partner": Held([("TOWNSHIP_OFFICER", "350125201"), ("PARTNER", None)], organisation="other_partner"),
    "cadre_and_partner": Held([("HELPER", None), ("PARTNER", None)], "cadre_fuquan_3", "partner"),
    "service_and_officer": Held([("INTEGRATOR", "3501"), ("COUNTY_OFFICER", "350124")]),
    "officer_of_two_counties": Held([("COUNTY_OFFICER", "350125"), ("COUNTY_OFFICER", "341503")]),
    "cadre_no_longer": Held([("HELPER", None)], "cadre_fuquan_4", is_over=True),
    "partner_no_longer": Held([("PARTNER", None)], organisation="partner", is_over=True),
    # Stand-ins (AB角): with no families of their own, beside their own, beside a township, and once.
    "deputy": Held([], stands_in_for="other_cadre"),
    "cadre_and_deputy": Held([("HELPER", None)], "cadre_dushan", stands_in_for="cadre_dushan_2"),
    "officer_and_deputy": Held([("TOWNSHIP_OFFICER", "350125201")], stands_in_for="cadre_shanglian"),
    "deputy_no_longer": Held([], "cadre_hongyang", stands_in_for="cadre_huokou", deputy_to=date(2026, 1, 1)),
}
VIEWERS = (*PERSONAS, *SEVERAL)

# Rows that the demo lacks, on both sides of the walls.
PLANTED = """
INSERT INTO household_move (id, household_id, region_code, to_region_code, household_code, head_name, member_count,
                            moves_on, reason, asked_at, asked_by_id, state)
SELECT gen_random_uuid(), h.id, h.region_code, side.code, h.code, '陈**', 3, '2026-11-01', '务工', now(), a.id, 'ASKED'
FROM account a, (VALUES ('350125', '350124201201'), ('341503', '341503104201')) AS side(county, code),
LATERAL (SELECT * FROM household WHERE region_code LIKE county || '%' ORDER BY id LIMIT 2) AS h
WHERE a.persona = 'county_officer';
INSERT INTO submission (id, kind, submitter_id, region_code, outcome, content, content_hash, hash_version, problems,
                        received_at, judged_at, review_since)
SELECT gen_random_uuid(), 'VISIT', a.id, place.code, 'DEFERRED', '{}', 'x', 1, '[]', now(), now(), since
FROM account a, (VALUES ('350125201'), ('341503104')) AS place(code), (VALUES (now()), (NULL)) AS waited(since)
WHERE a.persona IN ('cadre', 'other_cadre', 'partner');
INSERT INTO hardship_report (id, region_code, received_at, began_on, due_on, receipt_mac, sender_mac, content_hash, name,
                             is_for_somebody_else, sign, text)
SELECT gen_random_uuid(), code, now(), current_date, current_date + 7, sha256(code::bytea), sha256('x'), 'x', '张三',
       false, 'HARDSHIP', '病了'
FROM (VALUES ('350125201201'), ('350125201205'), ('341503104208')) AS place(code);
INSERT INTO daily_summary (region_code, day, made_at, raised, verified, dismissed, waiting, overdue, by_source, by_sign,
                           clue_ids)
SELECT code, '2026-11-01', now(), 0, 0, 0, 0, 0, '{}', '{}', '{}' FROM (VALUES ('350125201'), ('341503104')) AS place(code);
INSERT INTO sweep (id, kind, region_code, period, from_on, until_on, groups, purposes, opened_at)
SELECT gen_random_uuid(), 'MONTHLY', code, '2020-01', '2020-01-01', '2020-01-31', '{}', '{SWEEP}', now()
FROM (VALUES ('350125'), ('350125201205'), ('341503104'), ('35')) AS place(code);
INSERT INTO disaster (id, region_code, kind, name, happened_on, area, sent_area, sent_datum)
SELECT id, region_code, 'FLOOD', '洪水', '2020-01-01',
       ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)))', 4326), '{}', 'WGS84' FROM sweep;
INSERT INTO sweep_entry (sweep_id, household_id, region_code, groups, is_unlocated, added_at)
SELECT s.id, h.id, h.region_code, '{DISABILITY}', false, now() FROM sweep s
JOIN household h ON h.region_code ^@ s.region_code WHERE s.region_code <> '35';
INSERT INTO risk_grade (id, household_id, region_code, scheme, level, state, reasons, note, indicators, proposed_at)
SELECT gen_random_uuid(), id, region_code, 'THREE_LEVELS', 'BLUE', 'PROPOSED', '{NO_DIFFICULTY}', '说明', '[]', now()
FROM household WHERE revision = 1 AND region_code LIKE '3501%';
INSERT INTO effect_analysis (id, household_id, region_code, quarter, due_on, content, before_on, before_income_fen,
                             before_causes, before_planned, before_delivered, before_confirmed, after_on, after_income_fen,
                             after_causes, after_planned, after_delivered, after_confirmed, written_at, written_by_id)
SELECT gen_random_uuid(), h.id, h.region_code, '2026Q1', '2026-03-31', '收入稳定', '2025-12-31', 700000, '{ILLNESS}', 1, 0, 0,
       '2026-03-31', 900000, '{ILLNESS}', 2, 2, 1, now(), a.id
FROM household h, account a WHERE a.persona = 'cadre' AND h.ended_on IS NULL;
INSERT INTO programme_case (id, household_id, region_code, recipient_class, groups, services, step, step_since, began_on,
                            opened_at)
SELECT gen_random_uuid(), h.id, h.region_code, 'SAFETY_NET', '{ORPHAN}', '{}', 'SURVEY', now(), '2020-06-01', now()
FROM household h WHERE h.ended_on IS NULL AND NOT EXISTS (SELECT FROM programme_case p WHERE p.household_id = h.id);
INSERT INTO programme_case_event (id, programme_case_id, household_id, region_code, event, level, to_step, services,
                                  recorded_at, recorded_by_id)
SELECT gen_random_uuid(), p.id, household_id, region_code, 'OPENED', 'VILLAGE', 'SURVEY', '{}', now(), a.id
FROM programme_case p, account a WHERE a.persona = 'village_officer';
INSERT INTO task (id, kind, region_code, asked_by_id, asked_at)
SELECT gen_random_uuid(), 'WALK', place.code, a.id, now()
FROM account a, (VALUES ('350125201'), ('341503')) AS place(code) WHERE a.persona IN ('township_officer', 'partner');
WITH born AS (
  INSERT INTO webhook_endpoint (id, account_id, grant_id, url, events, secret_sealed, created_at)
  SELECT gen_random_uuid(), a.id, g.id, 'https://example.org/', '{clue.raised}',
         '\\x01'::bytea || sha256(a.name::bytea), now()
  FROM account a JOIN access_grant g ON g.account_id = a.id WHERE a.persona IN ('partner', 'integrator') RETURNING id
), sent AS (
  INSERT INTO webhook_delivery (id, endpoint_id, event, content, occurred_at, tries_at)
  SELECT gen_random_uuid(), id, 'webhook.test', '{}', now(), now() FROM born RETURNING id
)
INSERT INTO webhook_attempt (id, delivery_id, began_at, took_milliseconds, status_code)
SELECT gen_random_uuid(), id, now(), 7, 500 FROM sent;
INSERT INTO statistics_balance (digits, region_code, span, starts_on, households, persons, category, cause,
                                monitoring_status, monitoring_category, step, grades, rosters)
SELECT length(code), code, 'M', '2026-11-01', 7, 21, 'EDGE', 'ILLNESS', 'MONITORED', 'EDGE', 'MONITORED', '{}', '{}'
FROM (VALUES ('35'), ('3501'), ('350125'), ('350125201'), ('34'), ('341503'), ('341503104')) AS place(code);
INSERT INTO oauth_client (id, account_id, name, scopes, secret_hash, created_at, expires_at)
SELECT 'c-' || persona, id, persona, '{*:families:walls}', sha256('x'), now(), now() + interval '1 day'
FROM account WHERE persona IN ('partner', 'integrator');
INSERT INTO nightly_evaluation (region_code, day, judged_at, raised)
SELECT code, '2026-11-01', now(), 0 FROM (VALUES ('350125201'), ('341503104')) AS place(code);
INSERT INTO task (id, kind, region_code, asked_by_id, asked_at)
SELECT gen_random_uuid(), 'match_list', code, a.id, now()
FROM account a, (VALUES ('350125'), ('341503')) AS place(code) WHERE a.persona = 'department';
INSERT INTO department_list (id, organisation_id, region_code, sign, period, received_at, submitted_by_id)
SELECT t.id, a.organisation_id, region_code, 'OTHER',
       '2026-11', now(), a.id
FROM task t JOIN account a ON a.id = asked_by_id WHERE t.kind = 'match_list';
INSERT INTO department_upload (id, uploaded_by_id, uploaded_at, kind, content_sealed)
SELECT gen_random_uuid(), id, now(), 'CSV', decode(rpad('01', 80, '0'), 'hex') FROM account WHERE persona = 'department';
INSERT INTO department_list_row (id, list_id, number, organisation_id, region_code, name, outcome, settled_at)
SELECT gen_random_uuid(), l.id, place.number, l.organisation_id, code, '张三', outcome, now()
FROM department_list l JOIN (VALUES (1, '350125201205', 'MATCHED_NEW_CLUE'), (2, '350125201201', 'MATCHED_WITNESS'),
                                (3, '350125', 'AMBIGUOUS'), (1, '341503104208', 'MATCHED_NEW_CLUE'))
  AS place(number, code, outcome) ON place.code LIKE l.region_code || '%';
INSERT INTO benefit_link (id, pairing_id, household_id, organisation_id, region_code, kind, promised_fen, period_months,
                          started_on, recorded_at)
SELECT gen_random_uuid(), p.id, p.household_id, p.organisation_id, p.region_code, 'ORDERS', 5000, 3, '2026-01-01', now()
FROM pairing p WHERE p.role = 'BENEFIT_LINK';
INSERT INTO benefit_delivery (id, link_id, household_id, organisation_id, region_code, period, delivered_on, amount_fen,
                              evidence, recorded_at)
SELECT gen_random_uuid(), id, household_id, organisation_id, region_code, '2026-Q1', '2026-03-01', 5000, '收据', now()
FROM benefit_link;
INSERT INTO campaign (id, name, role, region_code, from_on, target_organisations, target_villages, modes, areas, document,
                      opened_at)
SELECT gen_random_uuid(), '牵手', 'SPONSORSHIP', code, '2026-01-01', 1, 1, '{}', '{}', '方案', now()
FROM (VALUES ('350125'), ('341503')) AS place(code);
INSERT INTO campaign_activity (id, campaign_id, pairing_id, organisation_id, village_id, region_code, area, happened_on,
                               text, reported_at)
SELECT gen_random_uuid(), c.id, p.id, o.id, v.id, v.region_code, 'INDUSTRY', '2026-02-01', '技术培训', now()
FROM campaign c, organisation o, village v, (SELECT id FROM pairing LIMIT 1) AS p
WHERE v.region_code IN ('350125201205', '341503104208') AND o.kind IN ('SOCIAL_ORGANISATION', 'LEADING_ENTERPRISE')
  AND v.region_code ^@ c.region_code;
INSERT INTO agreement (id, pairing_id, party_id, region_code, title, signed_on, recorded_at)
SELECT gen_random_uuid(), id, helping_id, region_code, '协议', '2026-01-01', now() FROM pairing;
INSERT INTO pairing_change (xid, at, op, pairing_id, party_id, region_code)
SELECT 1, now(), 'BEGAN', id, helping_id, region_code FROM pairing;
INSERT INTO monitoring_case (id, household_id, region_code, causes, round, step, step_since, began_on, round_began_on, due_on,
                             opened_at, created_at, updated_at)
SELECT gen_random_uuid(), h.id, h.region_code, '{ILLNESS}', 'ADMISSION', 'VILLAGE_NOTICE', now(), '2026-11-01', '2026-11-01',
       '2026-11-16', now(), now(), now()
FROM household h WHERE h.ended_on IS NULL AND NOT EXISTS (SELECT FROM monitoring_case c WHERE c.household_id = h.id);
INSERT INTO case_event (id, case_id, household_id, region_code, revision, round, event, to_step, happened_at, recorded_at, reason, detail)
SELECT gen_random_uuid(), id, household_id, region_code, 1000, round, 'OPENED', step, now(), now(), '病了', '{}' FROM monitoring_case;
INSERT INTO case_authorisation (id, case_id, household_id, region_code, round, person_id, signed_on, document, recorded_at,
                                recorded_by_id)
SELECT gen_random_uuid(), c.id, c.household_id, c.region_code, c.round, p.id, '2026-11-01', '1', now(), a.id
FROM monitoring_case c JOIN person p ON p.household_id = c.household_id AND p.is_head, account a
WHERE a.persona = 'village_officer' ON CONFLICT DO NOTHING;
INSERT INTO comparison_question (id, case_id, household_id, region_code, organisation_id, round, people, asked_at, due_on)
SELECT gen_random_uuid(), c.id, c.household_id, c.region_code, a.organisation_id, c.round, '[]', now(), '2026-11-20'
FROM monitoring_case c, account a WHERE a.persona = 'department' ON CONFLICT DO NOTHING;
INSERT INTO notice (id, case_id, household_id, region_code, round, number, kind, published_on, ends_on, content, published_at,
                    published_by_id)
SELECT gen_random_uuid(), c.id, c.household_id, c.region_code, c.round, 'walls ' || c.id, 'VILLAGE_NOTICE', '2026-11-01',
       '2026-11-06', '{}', now(), a.id
FROM monitoring_case c, account a WHERE a.persona = 'village_officer' ON CONFLICT DO NOTHING;
INSERT INTO objection (id, case_id, notice_id, household_id, region_code, round, received_at, due_on, says, recorded_by_id)
SELECT gen_random_uuid(), n.case_id, n.id, n.household_id, n.region_code, n.round, now(), '2026-11-10', '有车', n.published_by_id
FROM notice n;
INSERT INTO kinship (id, account_id, household_id, region_code, relation, declared_at, declared_by_id)
SELECT gen_random_uuid(), a.id, h.id, h.region_code, '堂兄', now(), a.id FROM household h, account a
WHERE a.persona = 'village_officer' AND h.ended_on IS NULL;
INSERT INTO audit_entry (at, actor_id, actor_roles, action, subject_kind, region_code, detail)
SELECT now(), a.id, '{HELPER}', 'look', 'household', code, '{}'
FROM account a, (VALUES ('350125201'), ('341503104'), (NULL)) AS place(code) WHERE a.persona = 'cadre';
INSERT INTO change (area, seq, kind, id, op, party_id, region_code, household_id, at)
SELECT left(h.region_code, 9)::int, row_number() OVER (ORDER BY h.id), 'household', h.id, 'U',
       '00000000-0000-0000-0000-000000000000', h.region_code, h.id, now() FROM household h;
"""


@dataclass
class Stage:
    """The world, and everybody who looks at it: as they stand in the tables, and as the program takes them."""

    world: World
    url: str
    today: date
    somebody: dict[str, Somebody] = field(default_factory=dict)
    viewers: dict[str, Viewer] = field(default_factory=dict)
    known: dict[tuple[str, str], Expectation] = field(default_factory=dict)

    async def expected(self, who: str, name: str, table: str | None = None) -> Expectation:
        """As `expected`, once."""
        if name == "audit_entry":  # every look adds to it
            return await expected(self.world.sql, self.somebody[who], name)
        if (who, name) not in self.known:
            self.known[who, name] = await expected(self.world.sql, self.somebody[who], name, table)
        return self.known[who, name]


def id_of(who: str) -> uuid.UUID:
    """The account of a persona, of a helper of the demo, or one made here."""
    if who in PERSONAS:
        return account_id(who)
    helper = SEVERAL[who].helper
    return account_of(helper) if helper else namespace_id(f"walls {who}")


def account_of(helper: str) -> uuid.UUID:
    """The account of a helper of the demo."""
    return account_id(helper) if helper in PERSONAS else HELPER[helper].account_id


async def write_several(sql: asyncpg.Connection) -> None:
    """The accounts of SEVERAL and their grants. A token is issued as for personas."""
    for who, held in SEVERAL.items():
        organisation = ORGANISATION[held.organisation].id if held.organisation else None
        await sql.execute(
            "INSERT INTO account (id, name, kind, organisation_id, created_at) VALUES ($1, $2, 'OFFICER', $3, now())"
            " ON CONFLICT (id) DO UPDATE SET organisation_id = EXCLUDED.organisation_id",
            id_of(who),
            who,
            organisation,
        )
        await sql.execute("DELETE FROM access_grant WHERE account_id = $1", id_of(who))
        for number, (role, region) in enumerate(held.grants):
            await sql.execute(
                "INSERT INTO access_grant (id, account_id, role, region_code, starts_on, ends_on, purpose)"
                " VALUES ($1, $2, $3, $4, '2020-01-01', $5, 'walls')",
                namespace_id(f"walls {who} {number}"),
                id_of(who),
                role,
                region,
                date(2026, 1, 1) if held.is_over else date(2100, 1, 1),
            )
        if held.stands_in_for is not None:
            named = await sql.execute(
                "UPDATE access_grant SET deputy_id = $1, deputy_from = '2020-01-01', deputy_to = $2"
                " WHERE account_id = $3 AND role = 'HELPER'",
                id_of(who),
                held.deputy_to,
                account_of(held.stands_in_for),
            )
            assert named == "UPDATE 1", held.stands_in_for


@pytest.fixture(scope="session")
async def stage(template: str) -> AsyncIterator[Stage]:
    """The demo with these people and rows, on a clone that tests only read."""
    url = await databases.fresh_database("ruhu_walls", template)
    async with World.on(url) as world:
        await write_several(world.sql)
        await world.sql.execute(f"SET session_replication_role = replica; {PLANTED}; RESET session_replication_role")
        stage = Stage(world, url, datetime.now(UTC).astimezone(CHINA).date())
        keys = Keys(world.settings.data_dir)
        for who in VIEWERS:
            stage.somebody[who] = await Somebody.of(world.sql, id_of(who), stage.today)
            found = await find_viewer(world.sql, id_of(who), stage.today, "zh")  # type: ignore[arg-type]
            stage.viewers[who] = found or ANONYMOUS
            if who in SEVERAL:
                world.tokens[who] = keys.issue(id_of(who), 3600, time.time())
        yield stage
    await databases.drop_database("ruhu_walls")


def settings_of(viewer: Viewer) -> list[tuple[str, str]]:
    """What wall 2 is told of a viewer."""
    return [(f"ruhu.{name}", value) for name, value in viewer_settings(viewer).items()]


async def answered(stage: Stage, who: str, query: str, **variables: Any) -> dict[str, Any]:
    """The data of an answer without errors."""
    return await stage.world.ask(who, query, json.loads(json.dumps(variables, default=str)))
