"""What `clientConfig` says is what the server does."""

from __future__ import annotations

from typing import Any

import pytest

from domain.visits.rules import VisitPolicy
from schema.client_config import CONTRACT_LEVEL, LOWEST_CONTRACT_LEVEL
from tests.visiting import a_visit, new_id, submit
from tests.world import World

CONFIG = """{ clientConfig { contractLevel lowestContractLevel visitsAtOnce householdsAtOnce rowsAtOnce documentsAtOnce
  minimumAppVersions { app version }
  visitPolicy { fenceMetres accuracyLimitMetres clockSkewToleranceSeconds lateAfterHours futureToleranceSeconds } } }"""


@pytest.fixture
async def config(reading_world: World) -> dict[str, Any]:
    told: dict[str, Any] = (await reading_world.ask("anonymous", CONFIG))["clientConfig"]
    return told


def test_it_names_the_levels_that_are_served(config: dict[str, Any]) -> None:
    assert (config["lowestContractLevel"], config["contractLevel"]) == (LOWEST_CONTRACT_LEVEL, CONTRACT_LEVEL)
    assert 1 <= LOWEST_CONTRACT_LEVEL <= CONTRACT_LEVEL


def test_its_policy_is_the_one_that_visits_are_judged_by(config: dict[str, Any]) -> None:
    policy = VisitPolicy()
    assert config["visitPolicy"] == {
        "fenceMetres": policy.fence_metres,
        "accuracyLimitMetres": policy.accuracy_limit_metres,
        "clockSkewToleranceSeconds": policy.clock_skew_tolerance_seconds,
        "lateAfterHours": policy.late_after_hours,
        "futureToleranceSeconds": policy.future_tolerance_seconds,
    }


@pytest.mark.parametrize(
    ("limit", "query"),
    [
        ("rowsAtOnce", "query($n: Int!) { households(first: $n) { nodes { id } } }"),
        ("documentsAtOnce", "query($n: Int!) { pullVisits(limit: $n) { hasMore } }"),
    ],
)
async def test_a_page_may_be_as_long_as_it_says_and_no_longer(
    reading_world: World, config: dict[str, Any], limit: str, query: str
) -> None:
    assert "errors" not in await reading_world.post("cadre", query, {"n": config[limit]})
    assert "errors" in await reading_world.post("cadre", query, {"n": config[limit] + 1})


async def test_one_visit_too_many_refuses_the_batch(reading_world: World, config: dict[str, Any]) -> None:
    visit = await a_visit(reading_world, new_id())
    payload = await submit(
        reading_world, "cadre", [visit | {"id": new_id()} for _ in range(config["visitsAtOnce"] + 1)]
    )
    assert [error["code"] for error in payload["errors"]] == ["BATCH_TOO_LARGE"]


async def test_one_family_too_many_refuses_the_push(reading_world: World, config: dict[str, Any]) -> None:
    push = "mutation($rows: [HouseholdPushRow!]!) { pushHouseholds(rows: $rows) { errors { code } } }"
    rows = [{"newDocumentState": {"id": new_id()}} for _ in range(config["householdsAtOnce"] + 1)]
    payload = (await reading_world.ask("cadre", push, {"rows": rows}))["pushHouseholds"]
    assert payload == {"errors": [{"code": "BATCH_TOO_LARGE"}]}


async def test_an_installation_names_the_apps_that_are_too_old(shared_database: str) -> None:
    named = {"org.example.zoujia": "1.4", "org.example.anfang": "2.0.1"}
    async with World.on(shared_database, minimum_app_versions=named) as world:
        told = (await world.ask("anonymous", CONFIG))["clientConfig"]["minimumAppVersions"]
    assert told == [{"app": "org.example.anfang", "version": "2.0.1"}, {"app": "org.example.zoujia", "version": "1.4"}]
