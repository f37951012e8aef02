"""Which document runs: one that the server holds, or the client's own where its roles may send one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final

from api.incoming import BadRequest, Operation
from domain.access.rules import Viewer

OPERATIONS: Final = Path(__file__).resolve().parent.parent / "mobile_contract" / "operations"
ANONYMOUS: Final = "ANONYMOUS"  # stands for a role where nobody is signed in, or no grant is in force


class Documents:
    """The trusted documents by id, and who may send nothing else.

    An id is `sha256:` and the hash of the document's text in UTF-8, in 64 small hexadecimal digits.
    """

    def __init__(self, texts: Iterable[str], trusted_only: Collection[str] = ()) -> None:
        self.texts = {document_id(text): text for text in texts}
        self.trusted_only = frozenset(trusted_only)

    def text_of(self, operation: Operation, viewer: Viewer) -> str:
        """The document to run; raises BadRequest. A viewer with several roles has the freest one's freedom."""
        if operation.document_id is not None:
            text = self.texts.get(operation.document_id)
            if text is None:
                raise BadRequest(404, "DOCUMENT_UNKNOWN")
            return text
        if roles_of(viewer) <= self.trusted_only:
            raise BadRequest(403, "TRUSTED_DOCUMENTS_ONLY")
        assert operation.query is not None
        return operation.query


def document_id(text: str) -> str:
    """The id under which clients ask for this document."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def stored_documents() -> list[str]:
    """The operations of every version of every app that is in the field."""
    return [file.read_text(encoding="utf-8") for file in sorted(OPERATIONS.rglob("*.graphql"))]


def may_introspect(roles: Collection[str] | None, *, is_open: bool) -> Callable[[Viewer], bool]:
    """Who may read the schema: one of these roles; without a list everybody where it is open, else who is signed in."""
    if roles is None:
        return lambda viewer: is_open or viewer.is_signed_in
    allowed = frozenset(roles)
    return lambda viewer: not roles_of(viewer).isdisjoint(allowed)


def roles_of(viewer: Viewer) -> frozenset[str]:
    """The viewer's roles by name."""
    return frozenset(str(role) for role in viewer.roles) or frozenset([ANONYMOUS])
