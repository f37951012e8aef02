"""Wall 1: what a viewer sees, as one expression per kind of row, for every statement that touches such rows.

The viewer is bind parameters named `viewer_…`, never a value and never a Python branch: viewers share plans. The read
engine binds them for its statements (SEES_BY_REGION and its like are constants there: decision 0013); actions pass
`viewer_parameters(viewer)` with theirs. The policies of migration 0003_walls say the same once more in PostgreSQL (wall 2)
and share nothing with this file.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import asyncpg
from sqlalchemy import (
    ARRAY,
    BindParameter,
    Boolean,
    ColumnElement,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.sql import SQLColumnExpression

from domain.access.models import HouseholdAccess
from domain.access.rules import GrantFacts, GrantRole, Viewer, ViewerKind, audited_spans, hull, offices, reach

VIEWER_ID: BindParameter[uuid.UUID | None] = bindparam("viewer_id", type_=Uuid())
REGION_FROM: BindParameter[str] = bindparam("viewer_region_from", type_=Text())
REGION_TO: BindParameter[str] = bindparam("viewer_region_to", type_=Text())
REGION_SPANS: BindParameter[Any] = bindparam("viewer_region_spans", type_=ARRAY(Text()))
HELPER_ID: BindParameter[uuid.UUID | None] = bindparam("viewer_helper_id", type_=Uuid())
ORGANISATION_ID: BindParameter[uuid.UUID | None] = bindparam("viewer_organisation_id", type_=Uuid())
# Under whose names families are listed for the viewer: those two, and the helpers for whom they stand in.
PARTIES: BindParameter[Any] = bindparam("viewer_parties", type_=ARRAY(Uuid()))
STANDS_IN_FOR: BindParameter[Any] = bindparam("viewer_stands_in_for", type_=ARRAY(Uuid()))
AUDITED_SPANS: BindParameter[Any] = bindparam("viewer_audited_spans", type_=ARRAY(Text()))
AUDITS_A_PROVINCE: BindParameter[bool] = bindparam("viewer_audits_a_province", type_=Boolean())
# Which arms of a scope can be true at all. The read engine writes them into its plans as constants, so that PostgreSQL
# drops the others: an OR with an arm that is never true still hides the index that a list could walk in its order.
SEES_BY_REGION: BindParameter[bool] = bindparam("viewer_sees_by_region", type_=Boolean())
SEES_BY_LIST: BindParameter[bool] = bindparam("viewer_sees_by_list", type_=Boolean())
HAS_SPANS: BindParameter[bool] = bindparam("viewer_has_spans", type_=Boolean())
# Constants in plans alike: whether all families that are seen are met, or some. Only for the latter a row is asked.
MEETS: BindParameter[bool] = bindparam("viewer_meets_families", type_=Boolean())
MEETS_SOME: BindParameter[bool] = bindparam("viewer_meets_some", type_=Boolean())
MET_PREFIXES: BindParameter[Any] = bindparam("viewer_met_prefixes", type_=ARRAY(Text()))
MET_PARTIES: BindParameter[Any] = bindparam("viewer_met_parties", type_=ARRAY(Uuid()))
OFFICES: BindParameter[Any] = bindparam("viewer_offices", type_=ARRAY(Text()))


def viewer_parameters(viewer: Viewer) -> dict[str, Any]:
    """The values of all parameters above, for a statement that an action executes."""
    return {
        "viewer_id": viewer.id,
        "viewer_region_from": viewer.region_from,
        "viewer_region_to": viewer.region_to,
        "viewer_region_spans": None if viewer.region_spans is None else list(viewer.region_spans),
        "viewer_helper_id": viewer.helper_id,
        "viewer_organisation_id": viewer.organisation_id,
        "viewer_parties": list(viewer.parties),
        "viewer_sees_by_region": viewer.sees_by_region,
        "viewer_sees_by_list": viewer.sees_by_list,
        "viewer_has_spans": viewer.has_spans,
        "viewer_meets_families": viewer.meets_families,
        "viewer_meets_some": viewer.meets_some,
        "viewer_met_prefixes": viewer.met_prefixes,
        "viewer_met_parties": viewer.met_parties,
        "viewer_offices": list(viewer.offices),
    }


def is_signed_in() -> ColumnElement[bool]:
    """For what everybody may read who has an account: names of helpers and organisations."""
    return VIEWER_ID.is_not(None)


def in_region(region_code: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """Inside a granted subtree. The hull is a range an index can walk; the prefixes cut it down where there are several."""
    exact = region_code.op("^@")(any_(REGION_SPANS))
    return and_(SEES_BY_REGION, region_code >= REGION_FROM, region_code < REGION_TO, or_(~HAS_SPANS, exact))


def is_audited(region_code: SQLColumnExpression[str | None]) -> ColumnElement[bool]:
    """Inside a subtree whose trace the viewer may read; what has no region is for the auditors of a province."""
    inside = region_code.op("^@")(any_(AUDITED_SPANS))
    return case((region_code.is_(None), AUDITS_A_PROVINCE), else_=inside)


def is_listed(household_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
    """On the viewer's list, because of an open pairing of theirs, or of a helper for whom they stand in.

    One array for the whole statement, not a semi-join: beside an OR, only `= ANY (array)` can still use the index.
    """
    mine = select(HouseholdAccess.household_id).where(HouseholdAccess.party_id == any_(PARTIES))
    return and_(SEES_BY_LIST, household_id == any_(func.array(mine.scalar_subquery())))


def sees_household(
    region_code: SQLColumnExpression[str], household_id: SQLColumnExpression[Any]
) -> ColumnElement[bool]:
    """The scope of a household and of all that hangs on it."""
    return or_(in_region(region_code), is_listed(household_id))


def meets(region_code: SQLColumnExpression[str], *household_ids: SQLColumnExpression[Any]) -> ColumnElement[bool]:
    """Whether this row is seen through a grant that meets its family: what the masks of the matrix ask.

    Somebody may hold several grants: an officer of one township who speaks for a partner in another sees the partner's
    families masked. For all others the answer is a constant of the plan, and the rest of this is not looked at.
    """
    mine = func.array(
        select(HouseholdAccess.household_id).where(HouseholdAccess.party_id == any_(MET_PARTIES)).scalar_subquery()
    )
    listed = (household_id == any_(mine) for household_id in household_ids)
    return or_(MEETS, and_(MEETS_SOME, or_(region_code.op("^@")(any_(MET_PREFIXES)), *listed)))


# --- who is asking ---------------------------------------------------------------------------------------------------

SET_VIEWER = text(
    "SELECT set_config('ruhu.viewer_id', :viewer_id, true), set_config('ruhu.region_from', :region_from, true),"
    " set_config('ruhu.region_to', :region_to, true), set_config('ruhu.region_spans', :region_spans, true),"
    " set_config('ruhu.helper_id', :helper_id, true), set_config('ruhu.organisation_id', :organisation_id, true),"
    " set_config('ruhu.met_spans', :met_spans, true), set_config('ruhu.stands_in_for', :stands_in_for, true)"
)


def viewer_settings(viewer: Viewer) -> dict[str, str]:
    """The transaction-local settings that the policies read, all text; '' stands for none."""
    return {
        "viewer_id": str(viewer.id or ""),
        "region_from": viewer.region_from,
        "region_to": viewer.region_to,
        "region_spans": ",".join(viewer.region_spans or ()),
        "helper_id": str(viewer.helper_id or ""),
        "organisation_id": str(viewer.organisation_id or ""),
        "met_spans": ",".join(viewer.met_prefixes),
        "stands_in_for": ",".join(map(str, viewer.stands_in_for)),
    }


async def find_viewer(
    pool: asyncpg.Pool, account_id: uuid.UUID, today: date, language: str, *, is_demo: bool = True
) -> Viewer | None:
    """The account with all grants in force on that day; None when it does not exist or is disabled.

    Outside the demo a persona's account is nobody's, should one have come along with a copy of the demo's database.
    """
    row = await pool.fetchrow("SELECT * FROM ruhu_viewer_of($1, $2)", account_id, today)
    if row is None or (row["persona"] is not None and not is_demo):
        return None
    return viewer_from(row, json.loads(row["grants"]), account_id, today, language)


def viewer_from(
    row: Mapping[str, Any], held: Sequence[Mapping[str, Any]], account_id: uuid.UUID, today: date, language: str
) -> Viewer:
    """The viewer of a row of `ruhu_viewer_of` and of its grants, parsed."""
    grants = [
        GrantFacts(
            GrantRole(g["role"]),
            g["region_code"],
            g["organisation_id"],
            g["stands_in_for"] and uuid.UUID(g["stands_in_for"]),
        )
        for g in held
    ]
    reached = reach(grants, has_organisation=row["organisation_id"] is not None)
    region_from, region_to = hull(reached.spans)
    return Viewer(
        id=account_id,
        name=row["name"],
        kind=ViewerKind(row["kind"]),
        language=language,
        region_from=region_from,
        region_to=region_to,
        region_spans=reached.spans if len(reached.spans) > 1 else None,
        helper_id=row["helper_id"] if reached.has_own_list else None,
        organisation_id=row["organisation_id"] if reached.has_organisations_list else None,
        roles=frozenset(grant.role for grant in grants),
        audited_spans=audited_spans(grants),
        today=today,
        met_spans=reached.met_spans,
        meets_organisation=reached.meets_organisation,
        stands_in_for=reached.stands_in_for,
        offices=offices(grants),
    )
