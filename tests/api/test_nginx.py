"""docs/nginx.conf: read as nginx reads it, and held against what the server does behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from api.app import create_app
from api.graphql_ws import PING_SECONDS
from api.settings import Settings
from tests.sockets import serving

FILE = Path(__file__).parents[2] / "docs" / "nginx.conf"
TOKEN = re.compile(r"""\s*(?:\#[^\n]*|('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[{};]|[^\s{};'"\#]+))""")

# Directives of nginx' own modules (core, ssl, http_v2, proxy, gzip, headers, log, map, upstream, limit_req, limit_conn,
# rewrite) that the file may use, and where they may stand.
ALLOWED = {
    "http": {"upstream", "map", "limit_req_zone", "limit_conn_zone", "log_format", "server"},
    "upstream": {"server", "keepalive"},
    "server": {
        *("listen", "http2", "server_name", "return", "server_tokens", "access_log", "add_header", "location"),
        *("ssl_certificate", "ssl_certificate_key", "ssl_protocols", "ssl_session_cache", "ssl_session_tickets"),
        *("client_max_body_size", "client_body_timeout", "client_header_timeout"),
        *("limit_req", "limit_conn", "limit_req_status", "limit_conn_status", "error_page"),
    },
    "location": {
        *("return", "proxy_pass", "proxy_http_version", "proxy_set_header", "proxy_read_timeout", "proxy_send_timeout"),
        *("proxy_next_upstream", "proxy_buffering", "gzip", "default_type", "add_header"),
    },
}
BLOCKS = {"upstream", "map", "server", "location"}


@dataclass
class Directive:
    name: str
    given: list[str]
    inside: list[Directive] = field(default_factory=list)

    def all(self, name: str) -> list[Directive]:
        return [one for one in self.inside if one.name == name]

    def one(self, name: str) -> list[str]:
        (found,) = self.all(name)
        return found.given


class Wrong(Exception):
    """nginx would not start with this file."""


def tokens(text: str) -> Iterator[str]:
    at = 0
    while text[at:].strip():
        found = TOKEN.match(text, at)
        if found is None:
            raise Wrong(f"a quotation without end at {text[at : at + 20]!r}")
        at = found.end()
        if found[1]:
            yield found[1]


def read(stream: Iterator[str], context: str, *, is_top: bool = True) -> list[Directive]:
    """The directives up to the end of the block; raises Wrong for what nginx would refuse."""
    directives: list[Directive] = []
    words: list[str] = []
    for token in stream:
        if token == "}":
            if words or is_top:
                raise Wrong(f"'}}' after {words} in {context}")
            return directives
        if token not in (";", "{"):
            words.append(token)
            continue
        if not words:
            raise Wrong(f"'{token}' after nothing in {context}")
        name = words[0]
        is_block = name in BLOCKS and context != "upstream"
        if context != "map" and name not in ALLOWED[context]:
            raise Wrong(f"'{name}' may not stand in {context}")
        if context != "map" and is_block is (token == ";"):
            raise Wrong(f"'{name}' must end with {'a block' if is_block else 'a semicolon'}")
        directives.append(Directive(name, words[1:], read(stream, name, is_top=False) if token == "{" else []))
        words = []
    if words or not is_top:
        raise Wrong(f"the end of the file in the middle of {context}")
    return directives


@pytest.fixture(scope="module")
def conf() -> Directive:
    return Directive("http", [], read(tokens(FILE.read_text(encoding="utf-8")), "http"))


@pytest.fixture
def tls(conf: Directive) -> Directive:
    (found,) = [
        server for server in conf.all("server") if any("ssl" in listen.given for listen in server.all("listen"))
    ]
    return found


@pytest.fixture
def behind(tls: Directive) -> Directive:
    (found,) = [location for location in tls.all("location") if location.given == ["/"]]
    return found


@pytest.mark.parametrize(
    "text",
    [
        "server {",
        "server { listen 80 }",
        "}",
        "listen 80;",
        "server;",
        "server { lisen 80; }",
        "log_format a 'b;",
        "{ }",
    ],
)
def test_what_nginx_would_refuse_is_seen(text: str) -> None:
    with pytest.raises(Wrong):
        read(tokens(text), "http")


def test_nothing_is_answered_without_tls_and_none_of_the_old_protocols(conf: Directive, tls: Directive) -> None:
    assert tls.one("ssl_protocols") == ["TLSv1.2", "TLSv1.3"]
    (plain,) = [server for server in conf.all("server") if server is not tls]
    assert plain.one("return") == ["403"]
    assert not plain.all("location")
    assert tls.one("add_header")[0] == "Strict-Transport-Security"


def test_a_body_that_is_too_large_is_refused_by_the_server_in_its_own_words(tls: Directive) -> None:
    (size,) = tls.one("client_max_body_size")
    settings = Settings()
    assert int(size.removesuffix("m")) * 2**20 > max(settings.max_body_bytes, settings.max_upload_bytes)


def test_a_socket_that_is_pinged_is_not_taken_for_idle(behind: Directive) -> None:
    for name in ("proxy_read_timeout", "proxy_send_timeout"):
        (seconds,) = behind.one(name)
        assert int(seconds.removesuffix("s")) > 3 * PING_SECONDS


def test_sockets_host_and_address_reach_the_server_and_nothing_a_client_says_of_itself(behind: Directive) -> None:
    headers = {one.given[0]: one.given[1] for one in behind.all("proxy_set_header")}
    assert headers["Host"] == "$http_host"
    assert headers["X-Forwarded-For"] == "$remote_addr"
    assert headers["Upgrade"] == "$http_upgrade"
    assert headers["Connection"] == "$ruhu_connection"
    assert behind.one("proxy_http_version") == ["1.1"]
    assert behind.one("proxy_next_upstream") == ["off"]


def test_every_name_that_is_used_is_declared(conf: Directive, tls: Directive, behind: Directive) -> None:
    (upstream,) = conf.all("upstream")
    assert behind.one("proxy_pass") == [f"http://{upstream.given[0]}"]
    (declared,) = conf.all("map")
    assert declared.given[1] == "$ruhu_connection"
    zones = {
        one.given[1].removeprefix("zone=").partition(":")[0]
        for name in ("limit_req_zone", "limit_conn_zone")
        for one in conf.all(name)
    }
    assert {tls.one("limit_req")[0].removeprefix("zone="), tls.one("limit_conn")[0]} == zones
    assert tls.one("access_log")[1] == conf.one("log_format")[0]


def test_metrics_are_not_for_everybody_and_no_log_has_a_query_or_a_token(conf: Directive, tls: Directive) -> None:
    (metrics,) = [location for location in tls.all("location") if location.given == ["=", "/metrics"]]
    assert metrics.one("return") == ["404"]
    logged = " ".join(conf.one("log_format"))
    for secret in ("$request ", "$request_uri", "$args", "$query_string", "$http_authorization", "$request_body"):
        assert secret not in logged


async def test_behind_a_proxy_on_this_machine_a_client_is_known_by_its_own_address(shared_database: str) -> None:
    settings = Settings(database_url=shared_database, env="demo", pool_size=2, cost_per_minute=1000)
    async with serving(create_app(settings), settings) as address, httpx2.AsyncClient() as client:

        async def status(whom: str) -> int:
            url = address.replace("ws:", "http:")
            return (
                await client.post(url, json={"query": "{ __typename }"}, headers={"x-forwarded-for": whom})
            ).status_code

        while await status("192.0.2.1") == 200:
            pass
        assert await status("192.0.2.1") == 429
        assert await status("192.0.2.2") == 200
