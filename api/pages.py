"""Pages of plain HTML from files of ours: blanks filled in; style sheets and scripts under names that never go stale."""

from __future__ import annotations

import hashlib
import html
from functools import cache, cached_property
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

MEDIA_TYPES: Final = MappingProxyType({".css": "text/css", ".js": "text/javascript"})
OUT_OF_REACH: Final = (DBAPIError, NoConnectionFree, OSError)


class Pages:
    """The templates of a directory, and the files of its `static/`, served below `address`/assets."""

    def __init__(self, directory: Path, address: str) -> None:
        self._directory = directory
        self._address = address

    def filled(self, name: str, trusted: dict[str, str] | None = None, **texts: str) -> str:
        """A page with its blanks filled in; texts are escaped, what is trusted is HTML of our own."""
        escaped = {blank: html.escape(text) for blank, text in texts.items()}
        return Template(_read(self._directory / name)).substitute(self._addresses, **escaped, **(trusted or {}))

    async def asset(self, request: Request) -> Response:
        """One file of `static/`."""
        name = request.path_params["name"]
        content = self._assets.get(name)
        if content is None:
            return PlainTextResponse("", 404)
        # The name changes with the content, so a copy never has to be asked about again.
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(content, media_type=MEDIA_TYPES[Path(name).suffix], headers=headers)

    @cached_property
    def _assets(self) -> MappingProxyType[str, bytes]:
        return MappingProxyType({_named(file): file.read_bytes() for file in self._files()})

    @cached_property
    def _addresses(self) -> dict[str, str]:
        return {file.name.replace(".", "_"): f"{self._address}/assets/{_named(file)}" for file in self._files()}

    def _files(self) -> list[Path]:
        return sorted((self._directory / "static").iterdir())


def _named(file: Path) -> str:
    return f"{file.stem}-{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}{file.suffix}"


@cache
def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
