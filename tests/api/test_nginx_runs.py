"""docs/nginx.conf under nginx itself, with a certificate of the hour: what a client meets that comes from outside."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api import app as api_app
from api.app import create_app
from api.settings import Settings
from api.tokens import demo_token
from tests.sockets import phone, serving

FILE = Path(__file__).parents[2] / "docs" / "nginx.conf"
NAME = "ruhu.example.org"
PATIENCE_SECONDS = 20
BEFORE_HTTP2_ON = (1, 25, 1)  # docs/deploying.md: what older ones are told instead


@dataclass
class Front:
    """nginx before the application: the address of TLS, that without, and a client that trusts the certificate."""

    url: str
    plain: str
    trusts: ssl.SSLContext
    settings: Settings

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self.url, verify=self.trusts)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def certificate(folder: Path) -> None:
    """fullchain.pem and privkey.pem, good for an hour and for this machine."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(minutes=1))
    builder = builder.not_valid_after(now + timedelta(hours=1))
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.DNSName("localhost")])
    made = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    (folder / "fullchain.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "privkey.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def configured(folder: Path, version: tuple[int, ...], server: int, tls: int, plain: int) -> str:
    """The file of the docs, whole, inside the http block of a server that is nobody's but this test's."""
    text = FILE.read_text(encoding="utf-8")
    listen = f"127.0.0.1:{tls} ssl"
    if version < BEFORE_HTTP2_ON:
        text, listen = text.replace("http2 on;", ""), f"{listen} http2"
    for old, new in (
        ("127.0.0.1:8000", f"127.0.0.1:{server}"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl;", f"listen {listen};"),
        ("listen [::]:80;", ""),
        ("listen [::]:443 ssl;", ""),
        ("/etc/ssl/ruhu/", f"{folder}/"),
        ("/var/log/nginx/", f"{folder}/"),
    ):
        assert old in text
        text = text.replace(old, new)
    paths = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    return (
        f"{user} daemon off; master_process on; worker_processes 1; pid {folder}/pid; error_log stderr;"
        f" events {{ worker_connections 512; }} http {{ {paths} {text} }}"
    )


@asynccontextmanager
async def nginx_before(server: int, folder: Path) -> AsyncIterator[tuple[int, int]]:
    """nginx, running before that port: its own with TLS, and without."""
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert nginx, "nginx is not here: `./ruhu test` installs it; elsewhere apt-get install nginx-light"
    asked = await asyncio.create_subprocess_exec(nginx, "-v", stderr=asyncio.subprocess.PIPE)
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", (await asked.communicate())[1].decode())
    assert found
    certificate(folder)
    tls, plain = free_port(), free_port()
    conf = folder / "nginx.conf"
    conf.write_text(configured(folder, tuple(int(part) for part in found.groups()), server, tls, plain))
    running = await asyncio.create_subprocess_exec(
        nginx, "-c", str(conf), "-p", str(folder), stderr=asyncio.subprocess.PIPE
    )
    try:
        await listening(running, tls)
        yield tls, plain
    finally:
        running.terminate()
        await running.wait()


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "fullchain.pem"))


@pytest.fixture(scope="module")
async def front(shared_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Front]:
    folder = tmp_path_factory.mktemp("nginx")
    settings = Settings(database_url=shared_database, env="demo", pool_size=2, public_url=f"https://{NAME}")
    async with (
        serving(create_app(settings), settings) as address,
        nginx_before(urlsplit(address).port or 0, folder) as (tls, plain),
    ):
        yield Front(f"https://localhost:{tls}", f"http://127.0.0.1:{plain}", trusting(folder), settings)


async def listening(process: asyncio.subprocess.Process, port: int) -> None:
    """Comes back when somebody answers there; AssertionError with nginx's own words when it ended instead."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if process.returncode is not None:
                assert process.stderr is not None
                pytest.fail((await process.stderr.read()).decode())
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0)
                continue
            writer.close()
            return


async def ask(client: httpx2.AsyncClient, query: str = "{ __typename }", **headers: str) -> httpx2.Response:
    return await client.post("/graphql", json={"query": query}, headers=headers)


async def test_an_operation_goes_through_tls_with_all_its_headers(front: Front) -> None:
    async with front.client() as client:
        answer = await ask(client, '{ region(code: "350125201") { name } }')
        assert answer.json()["data"] == {"region": {"name": "富泉乡"}}
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "nginx" not in answer.headers.get("server", "") or "/" not in answer.headers["server"]


async def test_without_tls_nothing_is_answered_and_nothing_redirected(front: Front) -> None:
    async with httpx2.AsyncClient() as client:
        answer = await client.post(f"{front.plain}/graphql", json={"query": "{ __typename }"})
    assert answer.status_code == 403
    assert "location" not in answer.headers


async def test_old_protocols_of_tls_are_refused(front: Front) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    port = urlsplit(front.url).port
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", port, ssl=old, server_hostname="localhost")


async def test_large_answers_come_compressed_by_the_server_and_not_again(front: Front) -> None:
    query = '{ regions(within: "35", first: 200) { nodes { code fullName } } }'
    async with front.client() as client:
        answer = await ask(client, query, **{"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["data"]["regions"]["nodes"]) == 200


async def test_a_body_that_is_too_large_is_refused_in_the_servers_words_up_to_nginxs_own_limit(front: Front) -> None:
    async with front.client() as client:
        ours = await client.post("/graphql", content=b" " * (front.settings.max_body_bytes + 1), headers={"content-type": "application/json"})  # fmt: skip
        assert (ours.status_code, ours.json()["errors"][0]["extensions"]["code"]) == (413, "BODY_TOO_LARGE")
        token = {"authorization": f"Bearer {demo_token(front.settings, 'department')}"}
        file = b"x" * (front.settings.max_upload_bytes + 1)
        ours = await client.post("/department-lists/files", content=file, headers=token)
        assert (ours.status_code, ours.json()["errors"][0]["extensions"]["code"]) == (413, "BODY_TOO_LARGE")
        theirs = await client.post(
            "/graphql", content=b" " * (12 * 2**20), headers={"content-type": "application/json"}
        )
        assert theirs.status_code == 413


async def test_a_socket_goes_through_and_is_refused_to_other_sites(front: Front) -> None:
    address = front.url.replace("https", "wss") + "/graphql"
    async with phone(address, ssl=front.trusts, origin=front.url) as client:
        await client.greet()
        await client.ask("1", '{ region(code: "350125201") { name } }')
        assert (await client.hear())["payload"]["data"] == {"region": {"name": "富泉乡"}}
    with pytest.raises(Exception, match="403"):
        async with phone(address, ssl=front.trusts, origin="https://elsewhere.example"):
            pass


async def test_a_client_is_its_own_address_whatever_it_says(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    bill = api_app.Budgets.bill
    monkeypatch.setattr(api_app.Budgets, "bill", lambda self, who, at: (seen.append(at), bill(self, who, at))[1])
    async with front.client() as client:
        await ask(client, **{"x-forwarded-for": "192.0.2.7"})
    assert seen == ["127.0.0.1"]


async def test_while_the_server_is_away_an_app_is_told_to_wait_and_not_shown_a_page(tmp_path: Path) -> None:
    async with nginx_before(free_port(), tmp_path) as (tls, _):
        async with httpx2.AsyncClient(verify=trusting(tmp_path)) as client:
            answer = await client.post(f"https://localhost:{tls}/graphql", json={"query": "{ __typename }"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["errors"][0]["extensions"] == {"code": "BUSY"}
        with pytest.raises(Exception, match="503"):
            async with phone(f"wss://localhost:{tls}/graphql", ssl=trusting(tmp_path)):
                pass


async def test_figures_are_not_for_everybody(front: Front) -> None:
    async with front.client() as client:
        assert (await client.get("/metrics")).status_code == 404
        assert (await client.get("/livez")).status_code == 200
