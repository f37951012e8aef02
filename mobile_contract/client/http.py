"""HTTP with Python's standard library: one POST on a connection of its own, as a phone that wakes up now and then does."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import zlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from mobile_contract.client.wire import Answer, Send

SECONDS_TO_WAIT = 20.0  # for the next bytes; a page of 500 documents comes in a few on the slowest network


def over_http(url: str, seconds: float = SECONDS_TO_WAIT) -> Send:
    """Posts to the GraphQL endpoint at `url`."""

    async def send(body: bytes, headers: Mapping[str, str]) -> Answer:
        return await asyncio.to_thread(_exchange, "POST", url, body, headers, seconds)

    return send


async def demo_token(url: str, persona: str, seconds: float = SECONDS_TO_WAIT) -> str:
    """Signs in to a demo: its personas are there for the asking. OSError when it is none, or has no such persona."""
    answer = await asyncio.to_thread(_exchange, "GET", f"{url}/personas", None, {"Accept": "application/json"}, seconds)
    try:
        personas = {persona["name"]: persona["token"] for persona in json.loads(answer.body)}
        return str(personas[persona])
    except (ValueError, KeyError, TypeError):
        raise ConnectionError(f"{url} is no demo with a persona {persona}") from None


def _exchange(method: str, url: str, body: bytes | None, headers: Mapping[str, str], seconds: float) -> Answer:
    where = urlsplit(url)
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = kind(where.netloc, timeout=seconds)
    try:
        connection.request(method, where.path, body, {**headers, "Accept-Encoding": "gzip"})
        response = connection.getresponse()
        sent = response.read()
    except http.client.HTTPException as error:  # cut in the middle, or no HTTP at all
        raise ConnectionError(f"no whole answer: {type(error).__name__}") from error
    finally:
        connection.close()
    found = {name.lower(): value for name, value in response.getheaders()}
    try:
        content = gzip.decompress(sent) if found.get("content-encoding") == "gzip" else sent
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ConnectionError("the answer is damaged") from error
    return Answer(response.status, found, content, len(sent))
