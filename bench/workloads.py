"""What is asked in `bench read`: three operations in our language (strawberry's peer speaks it too), and PostGraphile's.

PostGraphile names things by tables; `renamed` makes of its answer what ours is, so that the two can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = Any


@dataclass(frozen=True)
class Workload:
    """One operation: its name (the floor's file in sql/), our document, PostGraphile's, and how to read its answer."""

    name: str
    title: str
    document: str
    postgraphile: str
    renamed: Callable[[Json], Json]


def households(data: Json, household: Callable[[Json], Json]) -> Json:
    return {"households": {"nodes": [household(row) for row in data["households"]["nodes"]]}}


def person(row: Json) -> Json:
    return row | {"relationToHead": {"code": row["relationToHead"]}, "sex": {"code": row["sex"]}}


def visit(row: Json) -> Json:
    # It writes microseconds where there are none.
    return row | {
        "purpose": {"code": row["purpose"]},
        "occurredAt": datetime.fromisoformat(row["occurredAt"]).isoformat(),
    }


def village_household(row: Json) -> Json:
    return row | {
        "category": {"code": row["category"]},
        "members": [person(one) for one in row["members"]["nodes"]],
        "visits": {"nodes": [visit(one) for one in row["visits"]["nodes"]]},
    }


def changed_household(row: Json) -> Json:
    return row | {
        "revision": str(row["revision"]),
        "category": {"code": row["category"]},
        "causes": [{"code": code} for code in row["causes"]],
        "members": [person(one) for one in row["members"]["nodes"]],
    }


def partner(data: Json) -> Json:
    def village(row: Json) -> Json:
        return row and {"code": row["regionCode"], "region": row["region"]}

    def pairing(row: Json) -> Json:
        household = row["household"]
        if household is not None:
            household = {
                "id": household["id"],
                "code": household["code"],
                "village": {"code": household["regionCode"], "region": household["region"]},
                "pairings": [one | {"role": {"code": one["role"]}} for one in household["pairings"]["nodes"]],
            }
        return row | {"role": {"code": row["role"]}, "village": village(row["village"]), "household": household}

    found = data["organisation"]
    return {"organisation": found | {"pairings": {"nodes": [pairing(row) for row in found["pairings"]["nodes"]]}}}


VILLAGE = Workload(
    "village",
    "a village's 50 households with members and three latest visits",
    """
query Village($region: RegionCode!) {
  households(filter: {region: $region}, first: 50) { nodes {
    id code address category { code } monitoringStatus
    members { id name isHead relationToHead { code } sex { code } bornOn }
    visits(first: 3) { nodes { id occurredAt contact purpose { code } helper { id name } } }
  } }
}""",
    """
query Village($from: String!, $to: String!) {
  households: allHouseholds(
    filter: {regionCode: {greaterThanOrEqualTo: $from, lessThan: $to}, endedOn: {isNull: true}}
    orderBy: [REGION_CODE_ASC, CODE_ASC], first: 50
  ) { nodes {
    id: rowId code address category monitoringStatus
    members: peopleByHouseholdId(orderBy: [IS_HEAD_DESC, BORN_ON_ASC, ROW_ID_ASC]) { nodes {
      id: rowId name isHead relationToHead sex bornOn
    } }
    visits: visitsByHouseholdId(orderBy: [OCCURRED_AT_DESC, ROW_ID_DESC], first: 3) { nodes {
      id: rowId occurredAt contact purpose helper: helperByHelperId { id: rowId name }
    } }
  } }
}""",
    lambda data: households(data, village_household),
)
PARTNER = Workload(
    "partner",
    "a partner, its pairings, their households and villages, and who else helps there",
    """
query Partner($id: ID!) {
  organisation(id: $id) { id name pairings(first: 50) { nodes {
    id role { code } startedOn village { code region { name } }
    household { id code village { code region { name } } pairings { id role { code } helper { id name } } }
  } } }
}""",
    """
query Partner($id: UUID!) {
  organisation: organisationByRowId(rowId: $id) { id: rowId name
    pairings: pairingsByOrganisationId(orderBy: [STARTED_ON_DESC, ROW_ID_DESC], first: 50) { nodes {
      id: rowId role startedOn village: villageByVillageId { regionCode region: regionByRegionCode { name } }
      household: householdByHouseholdId { id: rowId code regionCode region: regionByRegionCode { name }
        pairings: pairingsByHouseholdId(orderBy: [STARTED_ON_DESC, ROW_ID_DESC]) { nodes {
          id: rowId role helper: helperByHelperId { id: rowId name }
        } }
      }
    } }
  }
}""",
    partner,
)
CHANGED = Workload(
    "changed",
    "500 households with members",
    """
query Changed($region: RegionCode!) {
  households(filter: {region: $region}, first: 500) { nodes {
    id code revision address category { code } causes { code } monitoringStatus registeredOn
    members { id name isHead relationToHead { code } sex { code } bornOn }
  } }
}""",
    """
query Changed($from: String!, $to: String!) {
  households: allHouseholds(
    filter: {regionCode: {greaterThanOrEqualTo: $from, lessThan: $to}, endedOn: {isNull: true}}
    orderBy: [REGION_CODE_ASC, CODE_ASC], first: 500
  ) { nodes {
    id: rowId code revision address category causes monitoringStatus registeredOn
    members: peopleByHouseholdId(orderBy: [IS_HEAD_DESC, BORN_ON_ASC, ROW_ID_ASC]) { nodes {
      id: rowId name isHead relationToHead sex bornOn
    } }
  } }
}""",
    lambda data: households(data, changed_household),
)
WORKLOADS = (VILLAGE, PARTNER, CHANGED)
