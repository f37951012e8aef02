"""Events to other systems: each is told, at least once and under one id, whatever dies in between."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api import worker
from api.cli.target import ROOT
from api.jobs import Work
from domain.demo.personas import account_id
from domain.webhooks.rules import ATTEMPTS, FAILURES_BEFORE_REST, signatures
from tests.receivers import DROPS, SILENT, Receiver, receiving
from tests.world import World

COUNTY = "350125"
LOG = "SELECT status_code, failure FROM webhook_attempt ORDER BY began_at"


@pytest.fixture
async def work(world: World) -> AsyncIterator[Work]:
    await world.sql.execute("TRUNCATE jobs.pgqueuer, jobs.pgqueuer_log, webhook_endpoint CASCADE")
    async with worker.working(world.settings) as work:
        yield work


@pytest.fixture
async def grant(world: World) -> uuid.UUID:
    """A department of Yongtai that was let in for a purpose."""
    found: uuid.UUID = await world.sql.fetchval(
        "INSERT INTO access_grant (id, account_id, role, region_code, organisation_id, purpose, starts_on, ends_on)"
        " SELECT gen_random_uuid(), id, 'DEPARTMENT', $2, organisation_id, 'medical', '2020-01-01', '2099-01-01'"
        " FROM account WHERE id = $1 RETURNING id",
        account_id("department"),
        COUNTY,
    )
    return found


async def do(world: World, mutation: str, kind: str, persona: str = "department", **given: Any) -> dict[str, Any]:
    query = (
        f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ endpoint {{ id url disabledAt oldSecretUntil }} secret"
        " delivery { id event state } errors { code path } } }"
    )
    payload: dict[str, Any] = (await world.ask(persona, query, {"input": given}))[mutation]
    return payload


async def register(
    world: World, grant: uuid.UUID, url: str, persona: str = "department", **more: Any
) -> dict[str, Any]:
    given = {"id": str(uuid.uuid4()), "grantId": str(grant), "url": url, "events": ["clue.raised"], **more}
    return await do(world, "registerWebhook", "RegisterWebhookInput", persona, **given)


def again() -> str:
    return str(uuid.uuid4())


async def a_clue(world: World, region: str = COUNTY, state: str = "NEW") -> uuid.UUID:
    """As any writer raises one: the trigger is below them all."""
    settled = "now()" if state != "NEW" else "NULL"
    found: uuid.UUID = await world.sql.fetchval(
        "INSERT INTO clue (id, household_id, region_code, sign, period, received_at, began_on, due_on, state,"
        f" stopped_at, settled_at) SELECT gen_random_uuid(), id, region_code, 'HARDSHIP', $2, now(), '2026-03-14',"
        f" '2026-03-21', $3, {settled}, {settled} FROM household"
        " WHERE region_code ^@ $1 AND ended_on IS NULL LIMIT 1 RETURNING id",
        region,
        str(uuid.uuid4()),
        state,
    )
    return found


async def drain(world: World, work: Work) -> None:
    """A worker works until nothing is due; what is to come later waits."""
    loop = asyncio.create_task(worker.work_off(world.settings, work, schedules=()))
    try:
        async with asyncio.timeout(60):
            while await world.sql.fetchval("SELECT EXISTS (SELECT FROM jobs.pgqueuer WHERE execute_after <= now())"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)


async def time_passes(world: World) -> None:
    """Whatever waits for an instant is due, instead of being waited for."""
    await world.sql.execute(
        "UPDATE webhook_delivery SET tries_at = now(), claimed_until = NULL WHERE state = 'WAITING'"
    )
    await world.sql.execute("UPDATE webhook_endpoint SET rests_until = NULL")
    await world.sql.execute("UPDATE jobs.pgqueuer SET execute_after = now(), heartbeat = now() - interval '1 minute'")


async def states(world: World) -> list[tuple[str, int]]:
    rows = await world.sql.fetch("SELECT state, attempts FROM webhook_delivery ORDER BY occurred_at")
    return [tuple(row) for row in rows]


def is_signed(receiver: Receiver, secret: str, position: int = -1) -> bool:
    heard = receiver.heard[position]
    mine = signatures([secret], heard.id, int(heard.headers["webhook-timestamp"]), heard.body)
    return mine in heard.headers["webhook-signature"].split()


async def test_a_clue_is_told_signed_with_ids_and_codes_and_no_more(world: World, work: Work, grant: uuid.UUID) -> None:
    async with receiving() as receiver:
        made = await register(world, grant, receiver.url)
        clue = await a_clue(world)
        await drain(world, work)
    (heard,) = receiver.heard
    village = await world.sql.fetchval("SELECT region_code FROM clue WHERE id = $1", clue)
    assert heard.told["type"] == "clue.raised"
    assert heard.told["data"] == {
        "clueId": str(clue),
        "sign": "HARDSHIP",
        "region": village,
        "beganOn": "2026-03-14",
        "dueOn": "2026-03-21",
    }
    assert is_signed(receiver, made["secret"])
    told = await world.ask(
        "department",
        "{ webhookDeliveries { nodes { id event state attempts endpoint { url } log { statusCode failure } } } }",
    )
    (one,) = told["webhookDeliveries"]["nodes"]
    assert (one["id"], one["state"], one["attempts"]) == (heard.id, "DELIVERED", 1)
    assert one["log"] == [{"statusCode": 200, "failure": None}]


async def test_only_clues_of_the_grants_region_that_wait_and_were_committed_are_told(
    world: World, work: Work, grant: uuid.UUID
) -> None:
    async with receiving() as receiver:
        await register(world, grant, receiver.url)
        await a_clue(world, "341503")
        transaction = world.sql.transaction()
        await transaction.start()
        await a_clue(world)
        await transaction.rollback()
        await world.sql.execute("UPDATE access_grant SET ends_on = current_date - 1 WHERE id = $1", grant)
        await a_clue(world)
        await drain(world, work)
    assert receiver.heard == []
    assert await states(world) == []


async def test_what_waits_when_the_grant_ends_or_the_endpoint_is_disabled_is_cancelled(
    world: World, work: Work, grant: uuid.UUID
) -> None:
    async with receiving() as receiver:
        await register(world, grant, receiver.url)
        other = await register(world, grant, receiver.url)
        await a_clue(world)
        given = {"operationId": again(), "endpointId": other["endpoint"]["id"]}
        assert (await do(world, "disableWebhook", "WebhookEndpointInput", **given))["endpoint"]["disabledAt"]
        await world.sql.execute("UPDATE access_grant SET ends_on = current_date - 1 WHERE id = $1", grant)
        await drain(world, work)
    assert receiver.heard == []
    assert await states(world) == [("CANCELLED", 0)] * 2


@pytest.mark.parametrize(("does", "logged"), [(500, (500, None)), (DROPS, (None, "BAD_ANSWER")), (302, (302, None))])
async def test_what_failed_is_sent_again_later_under_the_same_id(
    world: World, work: Work, grant: uuid.UUID, does: int | str, logged: tuple[int | None, str | None]
) -> None:
    async with receiving(does) as receiver:
        await register(world, grant, receiver.url)
        await a_clue(world)
        await drain(world, work)
        assert await states(world) == [("WAITING", 1)]
        assert await world.sql.fetchval("SELECT tries_at > now() + interval '5 s' FROM webhook_delivery")
        await drain(world, work)
        assert len(receiver.heard) == 1, "not before its time"
        await time_passes(world)
        await drain(world, work)
    assert [heard.id for heard in receiver.heard] == [receiver.heard[0].id] * 2
    assert receiver.heard[0].body == receiver.heard[1].body
    assert await states(world) == [("DELIVERED", 2)]
    assert [tuple(row) for row in await world.sql.fetch(LOG)] == [logged, (200, None)]
    assert await world.sql.fetchval("SELECT count(*) FROM jobs.pgqueuer") == 0


async def test_it_is_given_up_after_a_day_and_sent_again_by_hand(world: World, work: Work, grant: uuid.UUID) -> None:
    async with receiving(*[500] * ATTEMPTS) as receiver:
        await register(world, grant, receiver.url)
        await a_clue(world)
        for _ in range(ATTEMPTS + 1):
            await drain(world, work)
            await time_passes(world)
        assert await states(world) == [("GIVEN_UP", ATTEMPTS)]
        given = {"operationId": again(), "deliveryId": receiver.heard[0].id}
        for _ in range(2):
            asked = await do(world, "redeliverEvent", "RedeliverEventInput", **given)
            assert (asked["delivery"]["state"], asked["errors"]) == ("WAITING", [])
        other = await do(world, "redeliverEvent", "RedeliverEventInput", **{**given, "operationId": again()})
        assert other["errors"] == [{"code": "DELIVERY_UNDER_WAY", "path": ["input", "deliveryId"]}]
        await drain(world, work)
    assert await states(world) == [("DELIVERED", 1)]
    assert len({heard.id for heard in receiver.heard}) == 1


async def test_an_endpoint_that_is_away_costs_one_attempt_at_a_time(world: World, work: Work, grant: uuid.UUID) -> None:
    async with receiving(*[500] * 20) as receiver:
        await register(world, grant, receiver.url)
        for _ in range(8):
            await a_clue(world)
        await drain(world, work)
        # Two at once: the second may have been under way when the first made it rest.
        assert FAILURES_BEFORE_REST <= len(receiver.heard) <= FAILURES_BEFORE_REST + 1
        receiver.does.clear()
        await time_passes(world)
        await drain(world, work)
    assert {state for state, _ in await states(world)} == {"DELIVERED"}
    assert len({heard.id for heard in receiver.heard}) == 8


async def test_after_five_days_without_success_it_is_disabled_and_can_be_enabled(
    world: World, work: Work, grant: uuid.UUID
) -> None:
    async with receiving(500) as receiver:
        made = await register(world, grant, receiver.url)
        await a_clue(world)
        await world.sql.execute("UPDATE webhook_endpoint SET failing_since = now() - interval '5 days', failures = 1")
        await drain(world, work)
        assert await world.sql.fetchval("SELECT disable_reason FROM webhook_endpoint") == "FAILING"
        given = {"endpointId": made["endpoint"]["id"]}
        refused = await do(world, "sendTestEvent", "WebhookEndpointInput", operationId=again(), **given)
        assert refused["errors"] == [{"code": "WEBHOOK_DISABLED", "path": ["input", "endpointId"]}]
        enabled = await do(world, "enableWebhook", "WebhookEndpointInput", operationId=again(), **given)
        assert enabled["endpoint"]["disabledAt"] is None
        await do(world, "sendTestEvent", "WebhookEndpointInput", operationId=again(), **given)
        await drain(world, work)
    assert receiver.heard[-1].told["type"] == "webhook.test"


async def test_the_secret_is_told_once_sealed_and_exchanged_with_an_overlap(
    world: World, work: Work, grant: uuid.UUID
) -> None:
    id = str(uuid.uuid4())
    async with receiving() as receiver:
        first = (await register(world, grant, receiver.url, id=id))["secret"]
        assert (await register(world, grant, receiver.url, id=id))["secret"] is None
        kept = await world.sql.fetchval("SELECT secret_sealed FROM webhook_endpoint")
        assert first.removeprefix("whsec_").encode() not in kept
        rotation = {"operationId": again(), "endpointId": id}
        second = (await do(world, "rotateWebhookSecret", "RotateWebhookSecretInput", **rotation))["secret"]
        assert (await do(world, "rotateWebhookSecret", "RotateWebhookSecretInput", **rotation))["secret"] is None
        await a_clue(world)
        await drain(world, work)
        assert is_signed(receiver, first)
        assert is_signed(receiver, second)
        at_once = {"operationId": again(), "endpointId": id, "atOnce": True}
        third = (await do(world, "rotateWebhookSecret", "RotateWebhookSecretInput", **at_once))["secret"]
        await do(world, "sendTestEvent", "WebhookEndpointInput", operationId=again(), endpointId=id)
        await drain(world, work)
        assert [is_signed(receiver, secret) for secret in (first, second, third)] == [False, False, True]


async def test_an_administrator_sees_all_an_account_its_own_and_nobody_else_any(
    world: World, work: Work, grant: uuid.UUID
) -> None:
    async with receiving() as receiver:
        id = (await register(world, grant, receiver.url, "administrator"))["endpoint"]["id"]
        await a_clue(world)
        await drain(world, work)
        query = "{ webhookEndpoints { nodes { id url grantId failures } } webhookDeliveries { nodes { id } } }"
        for persona in ("administrator", "department"):
            seen = await world.ask(persona, query)
            assert [row["id"] for row in seen["webhookEndpoints"]["nodes"]] == [id]
            assert len(seen["webhookDeliveries"]["nodes"]) == 1
        for persona in ("partner", "county_officer", "integrator", "auditor"):
            seen = await world.ask(persona, query)
            assert (seen["webhookEndpoints"]["nodes"], seen["webhookDeliveries"]["nodes"]) == ([], [])
            assert (await register(world, grant, receiver.url, persona))["errors"][0]["code"] == "NOT_FOUND"
            given = {"operationId": again(), "endpointId": id}
            refused = await do(world, "disableWebhook", "WebhookEndpointInput", persona, **given)
            assert refused["errors"] == [{"code": "NOT_FOUND", "path": ["input", "endpointId"]}]
            given = {"operationId": again(), "deliveryId": receiver.heard[0].id}
            refused = await do(world, "redeliverEvent", "RedeliverEventInput", persona, **given)
            assert refused["errors"] == [{"code": "NOT_FOUND", "path": ["input", "deliveryId"]}]


async def test_everything_that_is_wrong_with_an_endpoint_is_told_at_once(
    world: World, work: Work, grant: uuid.UUID
) -> None:
    wrong = await register(world, grant, "ftp://example.org/", events=["clue.raised", "secrets"])
    assert {error["code"] for error in wrong["errors"]} == {"URL_INVALID", "UNKNOWN_CODE"}
    plain = await world.sql.fetchval(
        "SELECT id FROM access_grant WHERE account_id = $1 AND region_code IS NULL", account_id("partner")
    )
    wrong = await register(world, plain, "https://example.org/", "partner")
    assert wrong["errors"] == [{"code": "EVENT_NEEDS_REGION", "path": ["input", "events", "0"]}]
    officers = await world.sql.fetchval(
        "SELECT id FROM access_grant WHERE account_id = $1", account_id("county_officer")
    )
    wrong = await register(world, officers, "https://example.org/", "county_officer")
    assert wrong["errors"] == [{"code": "ROLE_NOT_FOR_ACCOUNT", "path": ["input", "grantId"]}]
    for _ in range(5):
        assert (await register(world, grant, "https://example.org/"))["errors"] == []
    sixth = await register(world, grant, "https://example.org/")
    assert sixth["errors"] == [{"code": "TOO_MANY", "path": ["input", "grantId"]}]


async def test_a_worker_killed_while_it_sends_loses_nothing_and_doubles_only_under_the_same_id(
    world: World, work: Work, grant: uuid.UUID
) -> None:
    """kill -9 while the receiver has the event and has not answered; then the job of a delivery that is done comes again."""
    async with receiving(SILENT) as receiver:
        await register(world, grant, receiver.url)
        await a_clue(world)
        environment = {**os.environ, "RUHU_DATABASE_URL": str(world.settings.database_url), "RUHU_ENV": "demo"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api.cli", "worker", cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
        )
        try:
            await receiver.has_heard(1)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        assert await states(world) == [("WAITING", 0)]
        assert await world.sql.fetchval("SELECT claimed_until < now() + interval '30 s' FROM webhook_delivery")
        await world.sql.execute("UPDATE jobs.pgqueuer SET heartbeat = now() - interval '1 minute'")
        await drain(world, work)
        assert len(receiver.heard) == 1, "the claim of the dead still holds: its job waits for its end"
        await time_passes(world)
        await drain(world, work)
        assert await states(world) == [("DELIVERED", 1)]
        await world.sql.execute(
            "SELECT ruhu_enqueue('deliver_webhook', jsonb_build_object('deliveryId', id), NULL, NULL) FROM webhook_delivery"
        )
        await drain(world, work)
    assert [heard.id for heard in receiver.heard] == [receiver.heard[0].id] * 2
    assert await world.sql.fetchval("SELECT count(*) FROM jobs.pgqueuer") == 0


async def test_the_log_is_forgotten_after_thirty_days(world: World, work: Work, grant: uuid.UUID) -> None:
    async with receiving() as receiver:
        await register(world, grant, receiver.url)
        await a_clue(world)
        await a_clue(world)
        await drain(world, work)
    await world.sql.execute(
        "UPDATE webhook_delivery SET finished_at = now() - interval '31 days'"
        " WHERE id = (SELECT id FROM webhook_delivery LIMIT 1)"
    )
    await world.sql.execute("SELECT ruhu_enqueue('forget_deliveries', '{}', NULL, NULL)")
    await drain(world, work)
    assert await world.sql.fetchval("SELECT count(*) FROM webhook_delivery") == 1
    assert await world.sql.fetchval("SELECT count(*) FROM webhook_attempt") == 1
