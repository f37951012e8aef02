"""Logs: one JSON object per line, with the request's id; no query text, no variables, no personal data."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import orjson
import structlog

# What an exception says may quote a row (PostgreSQL's DETAIL does). Its type and where it was raised are enough.
_NEVER_LOGGED = ("exc_info", "exception", "stack_info")


def _without_words_of_exceptions(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    info = event.get("exc_info")
    if info is True:
        info = sys.exc_info()
    error = info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) else None
    if error is not None:
        event["error"] = type(error).__name__
        event["at"] = where(error)
    for name in _NEVER_LOGGED:
        event.pop(name, None)
    return event


def where(error: BaseException) -> list[str]:
    """File, line and function of each frame, innermost last: a stack without a single value."""
    frames = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/site-packages/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return frames[-12:]


def _to_json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


SHARED: Final[list[Any]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _without_words_of_exceptions,
]

as_json: Final = structlog.stdlib.ProcessorFormatter(
    foreign_pre_chain=SHARED,
    processors=[
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(serializer=_to_json),
    ],
)


def set_up_logging(level: str) -> None:
    """Everything that is logged, by us or a library, leaves as JSON on stderr."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(as_json)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # Below these levels they write down what is sent and received, and the values of statements.
    for name, least in (("uvicorn.error", logging.INFO), ("websockets", logging.INFO), ("sqlalchemy", logging.WARNING)):
        logging.getLogger(name).setLevel(max(root.level, least))
    logging.getLogger("uvicorn.access").disabled = True  # our own line per request says more
