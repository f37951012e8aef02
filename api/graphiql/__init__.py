"""GraphiQL: the page on which a person reads the schema and asks it questions, in a browser.

The page and everything it loads come from this process, so it works in an office without Internet access. `bundle/`
holds its sources and the script that builds them, `static/` the built files (gzipped, named by their content),
`examples/` the operations that its bar offers.
"""

import gzip
import html
import json
import re
from functools import cache
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.graphiql.examples import examples

HERE: Final = Path(__file__).parent
MEDIA_TYPES: Final = MappingProxyType(
    {
        ".css": "text/css",
        ".js": "text/javascript",
        ".ttf": "font/ttf",
        ".txt": "text/plain",
        ".woff": "font/woff",
        ".woff2": "font/woff2",
    }
)

# Monaco writes style elements and attributes of its own, hence 'unsafe-inline' for styles, and its icons are data URLs.
# No script but our files runs, and nothing but this server is asked: 'self' covers the WebSocket as well.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; font-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A worker does not inherit the page's policy: the one its own script came with holds.
ASSET_POLICY: Final = "default-src 'none'; script-src 'self'"
REFUSED: Final = re.compile(r"q=0(\.0*)?")


def page(*, is_demo: bool, endpoint: str = "/graphql") -> HTMLResponse:
    """The answer to a browser's `GET` of `endpoint`.

    In demo mode its bar offers the personas that `GET {endpoint}/personas` lists:
    `[{"name", "title": {"zh", "en"}, "about": {"zh", "en"}, "token"}]`; the chosen one's token then goes with every
    request as `Authorization: Bearer …` and into `connection_init` of the WebSocket.
    """
    return HTMLResponse(
        _page_text(is_demo, endpoint),
        headers={
            "Cache-Control": "no-cache",
            "Content-Security-Policy": PAGE_POLICY,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "same-origin",
            # One address answers browsers with this page and programs with GraphQL.
            "Vary": "Accept",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        },
    )


def routes(*, endpoint: str = "/graphql") -> list[Route]:
    """Where the page's files are: `GET {endpoint}/assets/{name}`. The page itself is served by the GraphQL endpoint."""
    return [Route(f"{endpoint}/assets/{{name}}", _asset, name="graphiql_asset")]


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    zipped = _static_files().get(name)
    if zipped is None:
        raise HTTPException(404)
    headers = {
        # The name changes with the content, so a copy never has to be asked about again.
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": ASSET_POLICY,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    media_type = MEDIA_TYPES[Path(name).suffix]
    if _takes_gzip(request.headers.get("Accept-Encoding", "")):
        return Response(zipped, media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(gzip.decompress(zipped), media_type=media_type, headers=headers)


def _takes_gzip(accept_encoding: str) -> bool:
    weights = {}
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.partition(";")
        weights[coding.strip()] = not REFUSED.fullmatch(weight.replace(" ", ""))
    return weights.get("gzip", weights.get("*", False))


@cache
def _static_files() -> MappingProxyType[str, bytes]:
    return MappingProxyType({file.stem: file.read_bytes() for file in (HERE / "static").glob("*.gz")})


@cache
def _page_text(is_demo: bool, endpoint: str) -> str:
    names: dict[str, str] = json.loads((HERE / "static" / "manifest.json").read_bytes())
    address = {entry: f"{endpoint}/assets/{name}" for entry, name in names.items()}
    config = {
        "endpoint": endpoint,
        "personas": is_demo,
        "examples": examples(),
        "workers": {label: address[f"worker-{label}.js"] for label in ("editor", "graphql", "json")},
    }
    return Template((HERE / "page.html").read_text("utf-8")).substitute(
        # "<" is the one character that could end the script element that holds the config.
        config=json.dumps(config, ensure_ascii=False).replace("<", "\\u003c"),
        script=html.escape(address["graphiql.js"]),
        style=html.escape(address["graphiql.css"]),
    )
