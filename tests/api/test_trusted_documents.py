"""Documents that the server holds, and who may send, or read, anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.app import create_app
from api.documents import document_id, stored_documents
from api.settings import Settings
from mobile_contract.client.operations import operation
from schema.client_config import CONTRACT_LEVEL
from tests.sockets import phone, serving
from tests.world import World

REGION = '{ region(code: "350125201") { name } }'
SCHEMA = "{ __schema { queryType { name } } }"
CONFIG = document_id(operation("ClientConfig"))


async def sent(world: World, persona: str, **operation: Any) -> tuple[int, dict[str, Any]]:
    answer = await world.client.post("/graphql", json=operation, headers=world.headers(persona))
    return answer.status_code, answer.json()


def code(body: dict[str, Any]) -> str:
    found: str = body["errors"][0]["extensions"]["code"]
    return found


async def test_every_stored_operation_is_known_by_the_hash_of_its_text(reading_world: World) -> None:
    assert len(stored_documents()) >= 7
    assert CONFIG.startswith("sha256:")
    assert len(CONFIG) == len("sha256:") + 64
    status, body = await sent(reading_world, "anonymous", documentId=CONFIG, operationName="ClientConfig")
    assert status == 200
    assert body["data"]["clientConfig"]["contractLevel"] == CONTRACT_LEVEL
    variables = {"listsSince": None, "formsSince": None}
    assert (
        "errors"
        not in (await sent(reading_world, "cadre", documentId=document_id(operation("Lists")), variables=variables))[1]
    )


@pytest.mark.parametrize("id", ["sha256:" + "0" * 64, "", CONFIG.upper(), CONFIG.removeprefix("sha256:")])
async def test_an_id_that_is_not_stored_is_404(reading_world: World, id: str) -> None:
    status, body = await sent(reading_world, "cadre", documentId=id)
    assert (status, code(body)) == (404, "DOCUMENT_UNKNOWN")


async def test_a_role_may_be_held_to_stored_documents(shared_database: str) -> None:
    async with World.on(shared_database, trusted_only=["HELPER", "ANONYMOUS"]) as strict:
        for persona in ("cadre", "anonymous"):
            status, body = await sent(strict, persona, query=REGION)
            assert (status, code(body)) == (403, "TRUSTED_DOCUMENTS_ONLY")
            assert (await sent(strict, persona, documentId=CONFIG))[0] == 200
            same_text = await sent(strict, persona, query=operation("ClientConfig"))
            assert same_text[0] == 403, "by its id, so that what runs is looked up and not compared"
        assert (await sent(strict, "county_officer", query=REGION))[0] == 200


async def test_a_socket_takes_stored_documents_and_holds_roles_to_them_too(shared_database: str) -> None:
    settings = Settings(database_url=shared_database, env="demo", pool_size=2, trusted_only=["ANONYMOUS"])
    async with serving(create_app(settings), settings) as address, phone(address) as client:
        await client.greet()
        await client.say("subscribe", id="a", payload={"documentId": CONFIG})
        assert "clientConfig" in (await client.hear())["payload"]["data"]
        assert (await client.hear())["type"] == "complete"
        for payload, expected in (
            ({"query": REGION}, "TRUSTED_DOCUMENTS_ONLY"),
            ({"documentId": "sha256:0"}, "DOCUMENT_UNKNOWN"),
        ):
            await client.say("subscribe", id="b", payload=payload)
            frame = await client.hear()
            assert (frame["type"], frame["payload"][0]["extensions"]["code"]) == ("error", expected)


async def test_in_the_demo_everybody_reads_the_schema_and_gets_suggestions(reading_world: World) -> None:
    assert (await reading_world.ask("anonymous", SCHEMA))["__schema"] == {"queryType": {"name": "Query"}}
    assert "Did you mean" in json.dumps(await reading_world.post("anonymous", "{ regoin }"))


async def test_elsewhere_the_schema_is_for_the_roles_of_the_setting(shared_database: str) -> None:
    async with World.on(shared_database, introspection=["COUNTY_OFFICER"]) as narrow:
        assert "data" in (await sent(narrow, "county_officer", query=SCHEMA))[1]
        for persona in ("cadre", "anonymous"):
            status, body = await sent(narrow, persona, query=SCHEMA)
            assert (status, code(body)) == (403, "INTROSPECTION_OFF")
            assert "Did you mean" not in json.dumps(await narrow.post(persona, "{ regoin }"))
            assert (await narrow.ask(persona, "{ __typename }")) == {"__typename": "Query"}
