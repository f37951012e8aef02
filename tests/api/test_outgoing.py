"""Requests that this server makes: to the address that was judged, for so long, and no further."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.outgoing import addresses_of, send
from domain.webhooks.rules import Outcome
from tests.receivers import DROPS, SILENT, receiving

SOON = timedelta(seconds=0.3)
BODY = b'{"type":"webhook.test"}'


async def posted(url: str, **changed: Any) -> Outcome:
    return await send(url, {"webhook-id": "m1"}, BODY, **{"is_demo": True, **changed})


def leads_to(*addresses: str) -> Any:
    """A resolver that answers so, and differently whenever it is asked again."""
    answers = iter([addresses])

    async def resolve(host: str, port: int) -> Sequence[str]:
        return next(answers)

    return resolve


async def test_it_posts_json_and_reads_the_status() -> None:
    async with receiving(204) as receiver:
        outcome = await posted(receiver.url)
    assert (outcome.status, outcome.failure) == (204, None)
    (heard,) = receiver.heard
    assert (heard.target, heard.id, heard.body) == ("/hook?from=ruhu", "m1", BODY)
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["host"] == f"127.0.0.1:{receiver.port}"


async def test_it_follows_no_redirect() -> None:
    async with receiving(302) as receiver:
        outcome = await posted(receiver.url)
    assert (outcome.status, outcome.is_delivered, len(receiver.heard)) == (302, False, 1)


@pytest.mark.parametrize(("does", "failure"), [(SILENT, "NO_ANSWER"), (DROPS, "BAD_ANSWER")])
async def test_a_receiver_that_says_nothing_is_waited_for_so_long_and_no_longer(does: str, failure: str) -> None:
    async with receiving(does) as receiver:
        outcome = await posted(receiver.url, patience=SOON)
    assert (outcome.status, outcome.failure) == (None, failure)


@pytest.mark.parametrize("said", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000])
async def test_what_is_no_http_or_has_no_end_is_no_answer(said: bytes) -> None:
    async def says(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(says, "127.0.0.1", 0)
    async with server:
        outcome = await posted(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert outcome.failure == "BAD_ANSWER"


async def test_where_nobody_listens_there_is_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert (await posted(f"http://127.0.0.1:{port}/")).failure == "NO_CONNECTION"


async def test_a_name_that_nobody_has_is_told_so() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    assert (await posted("https://nobody.example/", resolve=resolve)).failure == "NO_SUCH_HOST"


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["10.0.0.8"], ["::1"], ["169.254.169.254"], ["8.8.8.8", "10.0.0.8"], []]
)
async def test_outside_the_demo_nothing_goes_to_an_inner_address_whatever_the_name(addresses: list[str]) -> None:
    outcome = await posted("https://hooks.example.org/", is_demo=False, resolve=leads_to(*addresses))
    assert outcome.failure == "ADDRESS_REFUSED"


async def test_outside_the_demo_nothing_goes_without_tls() -> None:
    async with receiving() as receiver:
        outcome = await posted(receiver.url, is_demo=False)
    assert (outcome.failure, receiver.heard) == ("ADDRESS_REFUSED", [])


async def test_numbers_that_hide_this_machine_are_looked_up_and_refused() -> None:
    """The system's resolver takes 2130706433 and 127.1 for 127.0.0.1."""
    for host in ("2130706433", "127.1", "0x7f000001", "localhost"):
        assert set(await addresses_of(host, 443)) <= {"127.0.0.1", "::1"}
        assert (await posted(f"https://{host}/", is_demo=False)).failure == "ADDRESS_REFUSED"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for hooks.example.org, in one file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    names = "subjectAltName=DNS:hooks.example.org"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    key = path.with_name("key.pem")
    subprocess.run(
        [*made, "-subj", "/CN=x", "-addext", names, "-keyout", key, "-out", path], check=True, capture_output=True
    )
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path


async def test_the_connection_goes_to_the_address_that_was_judged_and_tls_checks_the_name(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look-up, whose answer is used: a second one would find this resolver exhausted."""
    monkeypatch.setattr("api.outgoing.is_public", lambda address: address == "127.0.0.1")
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(certificate)
    mine = lambda: ssl.create_default_context(cafile=certificate)  # noqa: E731
    async with receiving(200, ssl=served) as receiver:
        sent = {"is_demo": False, "tls": mine}
        good = await posted(f"https://hooks.example.org:{receiver.port}/", resolve=leads_to("127.0.0.1"), **sent)
        other = await posted(f"https://other.example.org:{receiver.port}/", resolve=leads_to("127.0.0.1"), **sent)
        stranger = await posted(
            f"https://hooks.example.org:{receiver.port}/", resolve=leads_to("127.0.0.1"), is_demo=False
        )
    assert [outcome.status for outcome in (good, other, stranger)] == [200, None, None]
    assert {other.failure, stranger.failure} == {"TLS_FAILED"}
    assert receiver.heard[0].headers["host"] == f"hooks.example.org:{receiver.port}"
