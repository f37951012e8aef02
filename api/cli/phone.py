"""`./ruhu phone`: a cadre's day on the reference client, against a running demo or a server of its own."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager

import uvicorn

from api.cli import CommandError
from api.cli.day import Day
from api.cli.target import key_for, run, say, settings, target
from api.database import prepare
from api.settings import Settings
from mobile_contract.client.http import demo_token, over_http
from mobile_contract.client.network import BAD, Network, weather
from mobile_contract.client.wire import NotUnderstood, Unreachable

SECONDS = 50.0  # a day on the phone is over by then, come what may
SEED = 7


def phone(persona: str, network: str, url: str | None) -> None:
    """Plays the day and prints it. `url` is a GraphQL endpoint; without one the server of the settings, or a new one."""
    if network not in ("good", "bad"):
        raise CommandError(f"there is no network {network}: choose good or bad")
    with _endpoint(url) as endpoint:
        try:
            asyncio.run(_play(persona, endpoint, is_bad=network == "bad"))
        except NotUnderstood as error:
            raise CommandError(f"{endpoint} refuses this phone: {error}") from None
        except Unreachable as error:
            raise CommandError(f"{endpoint} cannot be reached ({error})") from None


async def _play(persona: str, endpoint: str, *, is_bad: bool) -> None:
    try:
        token = await demo_token(endpoint, persona)
    except OSError as error:
        raise CommandError(f"{error}: start one by `./ruhu serve`, and see `./ruhu token` for its personas") from None
    dice = random.Random(SEED)  # noqa: S311  # a bad day that can be had again
    network = Network(over_http(endpoint), weather(dice, BAD) if is_bad else iter(()), _hurried)
    try:
        async with asyncio.timeout(SECONDS):
            await Day(persona, token, network, _hurried, dice.random, print).play()
    except TimeoutError:
        print(f"The day is over after {SECONDS:.0f} seconds; what is still in the outbox goes out tomorrow.")


async def _hurried(seconds: float) -> None:
    """A phone waits seconds between attempts; on this day they pass twenty times as fast."""
    await asyncio.sleep(seconds / 20)


@contextmanager
def _endpoint(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    wanted = settings()
    host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
    running = f"http://{host}:{wanted.port}"
    if _answers(running):
        yield f"{running}/graphql"
        return
    if wanted.env != "demo":
        raise CommandError(f"this is for the demo only, and RUHU_ENV is {wanted.env}")
    if wanted.database_url and "env" not in wanted.model_fields_set:  # what stands there may be real
        raise CommandError("no demo is made on RUHU_DATABASE_URL's server unasked: set RUHU_ENV=demo, or name a --url")
    with target(wanted) as database_url:
        run(prepare(database_url, key_for(wanted), demo=True, say=say))
        with _serving(wanted.model_copy(update={"database_url": database_url, "log_level": "error"})) as endpoint:
            yield endpoint


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/livez", timeout=2) as answer:  # noqa: S310  # our own host and port
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def _serving(settings: Settings) -> Iterator[str]:
    """The app on a free port of this machine, in a thread; its signals stay ours."""
    from api.app import create_app

    started = threading.Event()
    config = uvicorn.Config(create_app(settings), lifespan="on", log_config=None, access_log=False)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started.set()

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        server = Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not started.wait(0.2):
                if not thread.is_alive():
                    raise CommandError("the app did not start: `./ruhu doctor` looks into it")
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/graphql"
        finally:
            server.should_exit = True
            thread.join()
