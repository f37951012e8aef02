"""What each viewer is to see, reckoned from the matrix and from what stands in the tables, read as a superuser.

Nothing of either wall is used here: grants are read as they stand, and each arm of scopes.csv is one plain condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg

from domain.access.matrix import ANONYMOUS, Arm, matrix
from domain.access.roles import GrantRole

# Under whose name a role has its list: its own, or its organisation's.
OF_A_HELPER = {
    GrantRole.HELPER,
    GrantRole.VILLAGE_OFFICER,
    GrantRole.TOWNSHIP_OFFICER,
    GrantRole.COUNTY_OFFICER,
    GrantRole.PREFECTURE_OFFICER,
    GrantRole.PROVINCE_OFFICER,
    GrantRole.RESIDENT_TEAM,
}
OF_AN_ORGANISATION = {GrantRole.DEPARTMENT, GrantRole.PARTNER, GrantRole.RESIDENT_TEAM}

SIGNED_IN = "SIGNED_IN"

IN_REGION = "EXISTS (SELECT FROM unnest($1::text[]) AS granted(code) WHERE starts_with({}, granted.code))"
ON_LIST = "{} IN (SELECT household_id FROM household_access WHERE party_id = ANY ($2::uuid[]))"
KEY_IN_REGION = f"EXISTS (SELECT FROM household h WHERE h.id = t.id AND {IN_REGION.format('h.region_code')})"
MINE = "{} = $3::uuid"
MY_PARTYS = "{} = ANY ($2::uuid[])"


def _of_a_household(alias: str = "t") -> dict[Arm, str]:
    return {
        Arm.REGION: IN_REGION.format(f"{alias}.region_code"),
        Arm.LIST: ON_LIST.format(f"{alias}.household_id"),
    }


def _of_a_visit() -> dict[Arm, str]:
    of_the_visit = _of_a_household("v") | {Arm.OWN: MINE.format("v.recorded_by_id")}
    return {
        arm: f"EXISTS (SELECT FROM visit v WHERE v.id = t.visit_id AND {condition})"
        for arm, condition in of_the_visit.items()
    }


def _of_a_sweep(sweep_id: str) -> dict[Arm, str]:
    """In one's region, or for a family that is seen."""
    of_an_entry = {
        arm: f"EXISTS (SELECT FROM sweep_entry e WHERE e.sweep_id = {sweep_id} AND {condition})"
        for arm, condition in _of_a_household("e").items()
    }
    region = IN_REGION.format("t.region_code")
    return of_an_entry | {Arm.REGION: f"({region} OR {of_an_entry[Arm.REGION]})"}


# table: (its key as text, arm: condition on a row `t`). A table that is not here has no arm but ALL.
ARMS: Mapping[str, tuple[str, Mapping[Arm, str]]] = {
    "household": ("id", {Arm.REGION: IN_REGION.format("t.region_code"), Arm.LIST: ON_LIST.format("t.id")}),
    "person": (
        "id",
        {
            Arm.REGION: IN_REGION.format("t.region_code"),
            Arm.LIST: f"({ON_LIST.format('t.household_id')} OR {ON_LIST.format('t.left_household_id')})",
        },
    ),
    "trace_key": ("id", {Arm.REGION: KEY_IN_REGION, Arm.LIST: ON_LIST.format("t.id")}),
    "audit_entry": (
        "id",
        {
            Arm.REGION: f"({IN_REGION.format('t.region_code')}"
            " OR t.region_code IS NULL AND EXISTS (SELECT FROM unnest($1::text[]) AS code WHERE length(code) = 2))"
        },
    ),
    "membership": ("id", _of_a_household()),
    "household_event": ("id", _of_a_household()),
    "household_standing": ("household_id::text || from_on", _of_a_household()),
    "statistics_delta": ("id", {Arm.REGION: IN_REGION.format("t.region_code")}),
    "statistics_balance": (
        "concat_ws(' ', region_code, span, starts_on, category, cause, monitoring_status, rosters)",
        {Arm.REGION: IN_REGION.format("t.region_code")},
    ),
    "roster_entry": ("roster_id::text || household_id", _of_a_household()),
    "income_statement": ("id", _of_a_household()),
    "clue": ("id", _of_a_household()),
    "clue_witness": (
        "id",
        {
            arm: f"EXISTS (SELECT FROM clue c WHERE c.id = t.clue_id AND {condition})"
            for arm, condition in _of_a_household("c").items()
        },
    ),
    "risk_grade": ("id", _of_a_household()),
    "assistance_plan": ("id", _of_a_household()),
    "measure": ("id", _of_a_household()),
    "measure_event": (
        "id",
        {
            arm: f"EXISTS (SELECT FROM measure m WHERE m.id = t.measure_id AND {condition})"
            for arm, condition in _of_a_household("m").items()
        },
    ),
    "effect_analysis": ("id", _of_a_household()),
    "relief": ("id", _of_a_household() | {Arm.OWN: MY_PARTYS.format("t.organisation_id")}),
    "programme_case": ("id", _of_a_household()),
    "programme_case_event": ("id", _of_a_household()),
    "monitoring_case": ("id", _of_a_household()),
    "case_event": ("id", _of_a_household()),
    "notice": ("id", _of_a_household()),
    "case_authorisation": ("id", _of_a_household()),
    "kinship": ("id", _of_a_household()),
    "comparison_question": ("id", _of_a_household() | {Arm.OWN: MY_PARTYS.format("t.organisation_id")}),
    "objection": ("id", {Arm.REGION: IN_REGION.format("t.region_code")}),
    "sweep": ("id", _of_a_sweep("t.id")),
    "disaster": ("id", _of_a_sweep("t.id")),
    "sweep_entry": ("sweep_id::text || household_id", _of_a_household()),
    "pairing": (
        "id",
        _of_a_household()
        | {Arm.OWN: f"({MY_PARTYS.format('t.helper_id')} OR {MY_PARTYS.format('t.organisation_id')})"},
    ),
    "benefit_link": ("id", _of_a_household() | {Arm.OWN: MY_PARTYS.format("t.organisation_id")}),
    "benefit_delivery": ("id", _of_a_household() | {Arm.OWN: MY_PARTYS.format("t.organisation_id")}),
    "campaign": ("id", {}),
    "campaign_activity": (
        "id",
        {Arm.REGION: IN_REGION.format("t.region_code"), Arm.OWN: MY_PARTYS.format("t.organisation_id")},
    ),
    "agreement": (
        "id",
        {Arm.REGION: IN_REGION.format("t.region_code"), Arm.OWN: MY_PARTYS.format("t.party_id")},
    ),
    "pairing_change": (
        "seq",
        {Arm.REGION: IN_REGION.format("t.region_code"), Arm.OWN: MY_PARTYS.format("t.party_id")},
    ),
    "visit": ("id", _of_a_household() | {Arm.OWN: MINE.format("t.recorded_by_id")}),
    "visit_companion": ("visit_id::text || helper_id", _of_a_visit()),
    "visit_finding": ("id", _of_a_visit()),
    "visit_photo": ("id", _of_a_visit()),
    "household_move": (
        "id",
        {Arm.REGION: f"({IN_REGION.format('t.region_code')} OR {IN_REGION.format('t.to_region_code')})"},
    ),
    "daily_summary": ("region_code || day", {Arm.REGION: IN_REGION.format("t.region_code")}),
    "task": ("id", {Arm.REGION: IN_REGION.format("t.region_code"), Arm.OWN: MINE.format("t.asked_by_id")}),
    "hardship_report": ("id", {Arm.REGION: IN_REGION.format("t.region_code")}),
    "department_list": (
        "id",
        {Arm.REGION: IN_REGION.format("t.region_code"), Arm.OWN: MY_PARTYS.format("t.organisation_id")},
    ),
    "department_list_row": (
        "id",
        {
            Arm.REGION: f"(t.outcome LIKE 'MATCHED%' AND {IN_REGION.format('t.region_code')})",
            Arm.OWN: MY_PARTYS.format("t.organisation_id"),
        },
    ),
    "department_upload": ("id", {Arm.OWN: MINE.format("t.uploaded_by_id")}),
    "household_access": (
        "pairing_id",
        {Arm.REGION: IN_REGION.format("t.region_code"), Arm.OWN: MY_PARTYS.format("t.party_id")},
    ),
    "submission": (
        "id",
        {
            Arm.OWN: MINE.format("t.submitter_id"),
            Arm.REVIEW: f"(t.review_since IS NOT NULL AND {IN_REGION.format('t.region_code')})",
        },
    ),
    "operation": ("id", {Arm.OWN: MINE.format("t.actor_id")}),
    "access_grant": ("id", {Arm.OWN: f"({MINE.format('t.account_id')} OR {MINE.format('t.deputy_id')})"}),
    "webhook_endpoint": ("id", {Arm.OWN: MINE.format("t.account_id")}),
    "webhook_delivery": (
        "id",
        {
            Arm.OWN: "EXISTS (SELECT FROM webhook_endpoint e WHERE e.id = t.endpoint_id"
            f" AND {MINE.format('e.account_id')})"
        },
    ),
    "webhook_attempt": (
        "id",
        {
            Arm.OWN: "EXISTS (SELECT FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id"
            f" WHERE d.id = t.delivery_id AND {MINE.format('e.account_id')})"
        },
    ),
    "nightly_evaluation": ("region_code", {Arm.REGION: IN_REGION.format("t.region_code")}),
    "change": (
        "seq::text || id",
        _of_a_household()
        | {
            Arm.OWN: f"({MY_PARTYS.format('t.party_id')} OR t.kind = 'visit' AND"
            f" EXISTS (SELECT FROM visit v WHERE v.id = t.id AND {MINE.format('v.recorded_by_id')}))"
        },
    ),
    "account": ("id", {}),
    "helper": ("id", {}),
    "organisation": ("id", {}),
    "roster": ("id", {}),
    "region": ("code", {}),
    "village": ("id", {}),
    "term": ("list || code", {}),
    "survey_form": ("id::text || version", {}),
    "policy_value": ("id", {}),
    "calendar_day": ("day", {}),
    "grading_scheme": ("code", {}),
    "grade_level": ("scheme_code || code", {}),
    "grading_round": ("id", {}),
    "sealing_key": ("id", {}),  # wrapped: worthless without the master key
}


@dataclass(frozen=True)
class Somebody:
    """An account with its grants as they stand; `anonymous` has none.

    grants: role, region, and the helper under whose name the role has a list: another's where they stand in for a helper.
    """

    id: Any
    helper_id: Any
    organisation_id: Any
    grants: tuple[tuple[GrantRole, str | None, Any], ...]
    own_roles: tuple[GrantRole, ...] = ()

    @classmethod
    async def of(cls, sql: asyncpg.Connection, account_id: Any, today: date) -> Somebody:
        account = await sql.fetchrow("SELECT helper_id, organisation_id FROM account WHERE id = $1", account_id)
        if account is None:
            return cls(None, None, None, ())
        rows = await sql.fetch(
            "SELECT g.role, g.region_code, holder.helper_id, g.account_id = $1 AS is_own"
            " FROM access_grant g JOIN account holder ON holder.id = g.account_id"
            " WHERE starts_on <= $2 AND (ends_on IS NULL OR ends_on > $2)"
            " AND (g.account_id = $1 OR deputy_id = $1 AND deputy_from <= $2 AND (deputy_to IS NULL OR deputy_to > $2))",
            account_id,
            today,
        )
        grants = []
        for row in rows:
            role = GrantRole(row["role"])
            listed = row["helper_id"] if role is GrantRole.HELPER else account["helper_id"]
            grants.append((role, row["region_code"], listed))
        return cls(account_id, *account, tuple(grants), tuple(GrantRole(row["role"]) for row in rows if row["is_own"]))


@dataclass(frozen=True)
class Expectation:
    """The keys that somebody is to see of a table: all, and those of families whose row is shown as to who meets them."""

    seen: frozenset[str]
    met: frozenset[str]


async def expected(sql: asyncpg.Connection, who: Somebody, name: str, table: str | None = None) -> Expectation:
    """Of a table; or of a type of the SDL that has a line of its own in scopes.csv, and the table it stands on."""
    table = table or name
    seen: set[str] = set()
    met: set[str] = set()
    by_role = matrix().scopes[name]
    # Who signs in without a grant sees what every role does.
    by_role = {**by_role, SIGNED_IN: frozenset.intersection(*(by_role[role] for role in GrantRole))}
    for role, region, helper in who.grants or ((ANONYMOUS if who.id is None else SIGNED_IN, None, None),):
        for arm in by_role[role]:
            keys = await _keys(sql, who, table, arm, role, region, helper)
            seen |= keys
            met |= keys if role in matrix().meets else set()
    return Expectation(frozenset(seen), frozenset(met))


async def _keys(
    sql: asyncpg.Connection, who: Somebody, table: str, arm: Arm, role: str, region: str | None, helper: Any
) -> frozenset[str]:
    key, arms = ARMS[table]
    if arm is Arm.ALL:
        rows = await sql.fetch(f"SELECT ({key})::text AS key FROM {table}")
        return frozenset(row["key"] for row in rows)
    parties = [helper] if role in OF_A_HELPER and helper else []
    parties += [who.organisation_id] if role in OF_AN_ORGANISATION and who.organisation_id else []
    # Each condition uses one of the three; the others are named so that their types are known.
    rows = await sql.fetch(
        f"SELECT ({key})::text AS key FROM {table} t WHERE {arms[arm]} AND $1::text[] IS NOT NULL"
        " AND $2::uuid[] IS NOT NULL AND ($3::uuid IS NULL OR true)",
        [region] if region else [],
        parties,
        who.id,
    )
    return frozenset(row["key"] for row in rows)
