"""Requests that this server makes (出站请求): to addresses that somebody else gave, so no further than the open internet.

The name is looked up once, the addresses are judged, and the connection goes to the very address that was judged: a name
that answers differently the second time gains nothing. TLS still checks the certificate against the name. Redirects are
not followed, an answer's body is not read, and proxies of the environment are not asked.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import Final
from urllib.parse import SplitResult, urlsplit

import h11

from domain.webhooks.rules import PATIENCE, Outcome, is_public

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

MOST_HEAD_BYTES: Final = 16_384
READ_BYTES: Final = 4096


class AddressRefused(Exception):
    """The name leads to this machine, or into a network that is not the internet."""


async def addresses_of(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, in the resolver's order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@cache
def trusted() -> ssl.SSLContext:
    """The system's certificate authorities."""
    return ssl.create_default_context()


async def send(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    is_demo: bool,
    resolve: Resolve = addresses_of,
    patience: timedelta = PATIENCE,
    tls: Callable[[], ssl.SSLContext] = trusted,
) -> Outcome:
    """POST JSON, and what it came to; within `patience` for all of it. In the demo every address will do.

    Failures: ADDRESS_REFUSED, NO_SUCH_HOST, TLS_FAILED, NO_CONNECTION, NO_ANSWER (in time), BAD_ANSWER.
    """
    began = time.monotonic()
    status, failure = None, None
    try:
        async with asyncio.timeout(patience.total_seconds()):
            status = await _posted(urlsplit(url), headers, body, is_demo, resolve, tls)
    except TimeoutError:
        failure = "NO_ANSWER"
    except AddressRefused:
        failure = "ADDRESS_REFUSED"
    except socket.gaierror:
        failure = "NO_SUCH_HOST"
    except ssl.SSLError:
        failure = "TLS_FAILED"
    except OSError:
        failure = "NO_CONNECTION"
    except (h11.RemoteProtocolError, h11.LocalProtocolError, UnicodeError, ValueError):
        failure = "BAD_ANSWER"
    return Outcome(status, failure, timedelta(seconds=time.monotonic() - began))


async def _posted(
    url: SplitResult,
    headers: Mapping[str, str],
    body: bytes,
    is_demo: bool,
    resolve: Resolve,
    tls: Callable[[], ssl.SSLContext],
) -> int:
    host, is_tls = url.hostname or "", url.scheme == "https"
    if not is_tls and not is_demo:
        raise AddressRefused
    port = url.port or (443 if is_tls else 80)
    addresses = await resolve(host, port)
    # One inner address among others is enough: a name of an honest receiver has none.
    if not addresses or not (is_demo or all(map(is_public, addresses))):
        raise AddressRefused
    reader, writer = await asyncio.open_connection(
        addresses[0], port, ssl=tls() if is_tls else None, server_hostname=host if is_tls else None
    )
    try:
        return await _asked(reader, writer, url, headers, body)
    finally:
        writer.close()
        with suppress(OSError, ssl.SSLError):
            writer.transport.abort()  # without waiting for the other side's farewell


async def _asked(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    url: SplitResult,
    headers: Mapping[str, str],
    body: bytes,
) -> int:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD_BYTES)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    fields = {
        "host": url.netloc,
        "content-type": "application/json",
        "content-length": str(len(body)),
        "user-agent": "ruhu-webhooks/1",
        "connection": "close",
        **headers,
    }
    request = h11.Request(method="POST", target=target, headers=list(fields.items()))
    for event in (request, h11.Data(body), h11.EndOfMessage()):
        writer.write(connection.send(event) or b"")
    await writer.drain()
    while True:
        answer = connection.next_event()
        if isinstance(answer, h11.Response):
            return answer.status_code
        if answer is h11.NEED_DATA:
            connection.receive_data(await reader.read(READ_BYTES))
        elif not isinstance(answer, h11.InformationalResponse):
            raise h11.RemoteProtocolError("no answer")
