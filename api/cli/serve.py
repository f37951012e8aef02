"""`./ruhu serve`: the database, then the web server, until Ctrl-C; then both down again, in that order."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn

from api.cli import CommandError
from api.cli.target import key_for, run, say, settings, target
from api.database import prepare
from api.settings import Settings
from api.tokens import PERSONAS

if TYPE_CHECKING:  # the app is imported after the port is ours
    from starlette.applications import Starlette

DRAIN_SECONDS = 5  # what open requests get after Ctrl-C
UNREAD_SECONDS = 60  # how long a client may take in nothing of what was sent


def serve(*, demo: bool = False) -> None:
    """Serves until it is told to stop. `demo` asks for the demo on RUHU_DATABASE_URL's server as well."""
    wanted = _with_demo_decided(settings(), asked=demo)
    master = key_for(wanted)
    with _bound(wanted) as listener, target(wanted) as url:
        run(prepare(url, master, demo=wanted.env == "demo", say=say))
        try:
            listener.listen(2048)
        except OSError as error:  # somebody was quicker while we prepared
            raise _taken(wanted) from error
        from api.app import create_app

        app = create_app(wanted.model_copy(update={"database_url": url}), is_kept_up=True)
        server = _Server(configured(app, wanted), _welcome(wanted, listener))
        try:
            with suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has stopped
                server.run(sockets=[listener])
        except SystemExit:
            raise CommandError("the app did not start: mend what the log above names, and start again") from None
    say("Stopped.")


def configured(app: Starlette, settings: Settings) -> uvicorn.Config:
    """How uvicorn runs the app."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=settings.max_body_bytes,
        ws_ping_interval=None,  # the protocol has pings of its own: api/graphql_ws.py
        lifespan="on",
        log_config=None,  # the app logs, as JSON
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, welcome: str) -> None:
        super().__init__(config)
        self.welcome = welcome

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            say(self.welcome)


def _with_demo_decided(settings: Settings, *, asked: bool) -> Settings:
    """On a server of one's own choosing there is no demo, and no persona may sign in, unless one asks for it."""
    if asked:
        return settings.model_copy(update={"env": "demo"})
    if settings.database_url and "env" not in settings.model_fields_set:
        return settings.model_copy(update={"env": "production"})
    return settings


def _bound(settings: Settings) -> socket.socket:
    """The port is ours, or we say so before any slow work. It does not listen yet: nobody shall wait for us."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it. uvicorn has no bound for a client that is there and reads nothing, or is gone without a
        # word in the middle of an answer: the kernel drops it, with what we hold for it. A slow one is not concerned.
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
        listener.bind(address)
    except socket.gaierror as error:
        raise CommandError(f"RUHU_HOST {settings.host} is no address of this machine: {error.strerror}") from error
    except OSError as error:
        raise _taken(settings) from error
    return listener


def _taken(settings: Settings) -> CommandError:
    return CommandError(
        f"cannot listen on {settings.host}:{settings.port}, it is in use or not allowed: stop what runs there, "
        f"or choose another port: PORT={settings.port + 1} ./ruhu serve"
    )


def _welcome(settings: Settings, listener: socket.socket) -> str:
    lines = []
    if settings.env == "demo":
        lines.append("In the demo you may be, picked in GraphiQL or by `./ruhu token NAME`:")
        lines += [f"  {persona.name:<22}{persona.title['zh']}" for persona in PERSONAS.values()]
    else:
        lines.append("`./ruhu administrator NAME` lets the first administrator in: docs/signing-in.md tells the rest.")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    what = "GraphiQL" if settings.serves_graphiql else "GraphQL"
    lines.append(f"{what} is at http://{host}:{listener.getsockname()[1]}/graphql (Ctrl-C stops everything).")
    return "\n".join(lines)
