"""The operations that this app sends, as the contract stores them: one file each, named by the operation."""

from functools import cache
from pathlib import Path

APP_VERSION = "1"
FOLDER = Path(__file__).resolve().parents[1] / "operations" / APP_VERSION


@cache
def operation(name: str) -> str:
    """The document of that operation. Always the same text: the server plans a document once and knows it again."""
    return (FOLDER / f"{name}.graphql").read_text(encoding="utf-8")
