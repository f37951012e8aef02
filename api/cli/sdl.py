"""The SDL snapshot: what the schema says, as text under version control, so that each change of it is seen."""

from api.cli import cases
from api.cli.matrix import PAGE, page
from api.cli.target import ROOT, say
from domain.access.matrix import matrix

SNAPSHOT = ROOT / "mobile_contract" / "schema.graphql"


def current() -> str:
    """The SDL of the schema as it stands in the code."""
    from schema.root import schema

    return f"{schema.as_str().strip()}\n"


def write() -> None:
    """Writes the snapshot, and the pages that are made of data: who sees what, and what can happen to a case."""
    for file, text in ((SNAPSHOT, current()), (PAGE, page(matrix())), (cases.PAGE, cases.page())):
        file.write_text(text, encoding="utf-8")
        say(f"Wrote {file.relative_to(ROOT)}.")
