"""The operations that this app sends, as the contract stores them: one file each, named by the operation."""

import hashlib
from functools import cache
from pathlib import Path

APP_VERSION = "1"
FOLDER = Path(__file__).resolve().parents[1] / "operations" / APP_VERSION


@cache
def operation(name: str) -> str:
    """The document of that operation. Always the same text: the server plans a document once and knows it again."""
    return (FOLDER / f"{name}.graphql").read_text(encoding="utf-8")


@cache
def document_id(name: str) -> str:
    """By this a server that holds the document knows it: most of what a small request would otherwise consist of."""
    return f"sha256:{hashlib.sha256(operation(name).encode()).hexdigest()}"
