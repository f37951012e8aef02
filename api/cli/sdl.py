"""The SDL snapshot: what the schema says, as text under version control, so that each change of it is seen."""

from api.cli.target import ROOT, say

SNAPSHOT = ROOT / "mobile_contract" / "schema.graphql"


def current() -> str:
    """The SDL of the schema as it stands in the code."""
    from schema.root import schema

    return f"{schema.as_str().strip()}\n"


def write() -> None:
    """Writes the snapshot."""
    SNAPSHOT.write_text(current(), encoding="utf-8")
    say(f"Wrote {SNAPSHOT.relative_to(ROOT)}.")
