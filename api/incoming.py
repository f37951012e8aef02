"""What comes in, read strictly: the operation in a body, an address or a frame, or a BadRequest that says what is amiss."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request

JSON: Final = "application/json"
QUOTE_BY_NUMBER: Final = rb"\u0022"
PARAMETERS: Final = ("query", "documentId", "variables", "operationName", "extensions")

# No page of another site can make a browser send one of these without asking us first, which we never allow. Without one
# of them a GET would be a link that anybody may plant: it changes nothing, but it would make the server work.
PREFLIGHTED: Final = ("authorization", "graphql-preflight", "apollo-require-preflight")


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client sent, its JSON kinds checked: a document's text, or the id of one that the server holds."""

    query: str | None
    variables: dict[str, Any] | None
    operation_name: str | None
    document_id: str | None = None


class BadRequest(Exception):
    """The request is not GraphQL over HTTP: a status, a code of the catalogue, what its message needs, headers."""

    def __init__(self, status: int, code: str, headers: dict[str, str] | None = None, **detail: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.headers, self.detail = status, code, headers, detail


def is_same_host(headers: Mapping[str, str]) -> bool:
    """Browsers name the site whose page connects, and would let any site's page connect as the person before it."""
    origin = headers.get("origin")
    return origin is None or origin.lower().partition("://")[2] == headers.get("host", "?").lower()


def refuse_other_sites(request: Request) -> None:
    """Raises BadRequest for what a page of another site may have sent in its reader's name."""
    is_get = request.method != "POST"
    if not is_same_host(request.headers) or (is_get and not any(name in request.headers for name in PREFLIGHTED)):
        raise BadRequest(403, "CROSS_SITE")


async def read_body(request: Request, at_most: int) -> bytes:
    """The body, counted as it comes: a Content-Length is a claim, not a fact."""
    chunks = bytearray()
    try:
        async for chunk in request.stream():
            chunks += chunk
            if len(chunks) > at_most:
                raise BadRequest(413, "BODY_TOO_LARGE", at_most=at_most)
    except ClientDisconnect:
        raise BadRequest(400, "BAD_REQUEST", reason="it ended before it was whole") from None
    return bytes(chunks)


def read_operation(content_type: str | None, body: bytes) -> Operation:
    """The operation in a body of JSON; raises BadRequest."""
    kind, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    if kind != JSON or any(p.startswith("charset=") and p.strip('"') not in ("charset=utf-8",) for p in parameters):
        # Only this type: a browser sends it to another site after asking that site first, which we never allow.
        raise BadRequest(415, "UNSUPPORTED_MEDIA_TYPE")
    return operation_of(strict_json(body))


def operation_in_address(parameters: Mapping[str, str]) -> Operation:
    """The operation of a GET: texts as they are, variables and extensions as JSON; raises BadRequest."""
    sent: dict[str, Any] = {name: parameters[name] for name in PARAMETERS if name in parameters}
    for name in ("variables", "extensions"):
        if name in sent:
            sent[name] = strict_json(sent[name].encode(errors="surrogatepass"))
    return operation_of(sent)


def strict_json(text: bytes) -> Any:
    """What this JSON says; raises BadRequest (BAD_JSON, KEY_REPEATED).

    orjson takes UTF-8 only, no NaN, no number beyond a double, no lone surrogate, and writes no more than 254 levels.
    NUL may be written: it is refused where it would be stored, so that a batch loses one item and not all of them.
    """
    try:
        sent = orjson.loads(text)
        # Of a key that stands twice, parsers keep the first or the last: what one program checks is not what another one
        # does. orjson has dropped one of the two, and with it at least two quotation marks, so what it writes again has
        # fewer. That is a tenth of what a walk over the keys would cost, and right but for marks that came as numbers.
        if QUOTE_BY_NUMBER in text:
            json.loads(text, object_pairs_hook=_once)
        elif orjson.dumps(sent).count(b'"') != text.count(b'"'):
            raise BadRequest(400, "KEY_REPEATED")
    except (ValueError, TypeError, RecursionError):
        raise BadRequest(400, "BAD_JSON") from None
    return sent


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise BadRequest(400, "KEY_REPEATED")


def operation_of(sent: object) -> Operation:
    """The operation that this JSON is, over HTTP or a socket; raises BadRequest (400, with a reason)."""
    if not isinstance(sent, dict):
        raise BadRequest(400, "BAD_REQUEST", reason="The body must be a JSON object")
    query, document_id = sent.get("query"), sent.get("documentId")
    if not isinstance(query, str | None) or not isinstance(document_id, str | None):
        raise BadRequest(400, "BAD_REQUEST", reason="'query' and 'documentId' must be strings")
    if (query is None) is (document_id is None):
        raise BadRequest(400, "BAD_REQUEST", reason="There must be one of 'query' and 'documentId'")
    variables, name = sent.get("variables"), sent.get("operationName")
    if not isinstance(variables, dict | None):
        raise BadRequest(400, "BAD_REQUEST", reason="'variables' must be an object")
    if not isinstance(name, str | None):
        raise BadRequest(400, "BAD_REQUEST", reason="'operationName' must be a string")
    if not isinstance(sent.get("extensions"), dict | None):
        raise BadRequest(400, "BAD_REQUEST", reason="'extensions' must be an object")
    return Operation(query, variables, name, document_id)
