"""The operations that GraphiQL's bar offers, one file each, in the order of their file names.

A file starts with comments: lines `# zh: …` and `# en: …` (the first of each is the title, further ones explain), and
at most one `# variables: {…}` in JSON. The operation follows.
"""

import json
from pathlib import Path
from typing import TypedDict

LANGUAGES = ("zh", "en")


class Example(TypedDict):
    """What the page shows: notes by language, title first; the operation; its variables as JSON text, or ''."""

    notes: dict[str, list[str]]
    query: str
    variables: str


def examples() -> list[Example]:
    return [read(file.read_text("utf-8"), source=file.name) for file in sorted(Path(__file__).parent.glob("*.graphql"))]


def read(text: str, *, source: str) -> Example:
    """Raises ValueError, naming the source, for a file that would show an untranslated title or broken variables."""
    example = Example(notes={language: [] for language in LANGUAGES}, query="", variables="")
    lines = text.splitlines()
    while lines and lines[0].startswith("#"):
        key, colon, value = lines.pop(0).removeprefix("#").strip().partition(":")
        if colon and key in LANGUAGES:
            example["notes"][key].append(value.strip())
        elif colon and key == "variables":
            try:
                example["variables"] = json.dumps(json.loads(value), ensure_ascii=False, indent=2)
            except ValueError as error:
                raise ValueError(f"{source}: variables are no JSON: {error}") from None
        else:
            raise ValueError(f"{source}: a comment at the top starts with 'zh:', 'en:' or 'variables:', not {key!r}")
    for language in LANGUAGES:
        if not example["notes"][language]:
            raise ValueError(f"{source}: no title in {language!r}; add a line '# {language}: …'")
    example["query"] = "\n".join(lines).strip()
    return example
