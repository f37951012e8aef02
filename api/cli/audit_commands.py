"""`./ruhu audit …`: the trace of what was done, and what others' tools say of the server."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

audit_app = typer.Typer(
    help="The trace of what was done, and what others' tools say of the server.", rich_markup_mode=None
)
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@audit_app.command("verify")
def audit_verify(
    against: Annotated[Path | None, typer.Option(help="A line that `audit head` printed before.")] = None,
) -> None:
    """Read the whole trace and say what was removed, altered, reordered or slipped in since it was sealed."""
    from api.cli.trace import verify_trace

    raise typer.Exit(verify_trace(against))


@audit_app.command("head")
def audit_head() -> None:
    """Print the last sealed block, to be kept where nobody reaches who reaches the database."""
    from api.cli.trace import print_head

    print_head()


@audit_app.command("http", context_settings=PASS_ON)
def audit_http(context: typer.Context) -> None:
    """Run the audit of GraphQL over HTTP that the npm package graphql-http has: all 61 checks must pass."""
    from api.cli.benching import run_bench

    raise typer.Exit(run_bench("audit", context.args))


@audit_app.command("fuzz", context_settings=PASS_ON)
def audit_fuzz(context: typer.Context) -> None:
    """Let schemathesis ask whatever the schema allows, as a county officer (--minutes 5): no server error."""
    from api.cli.benching import run_bench

    raise typer.Exit(run_bench("fuzz", context.args))


@audit_app.command("export")
def audit_export(
    since: Annotated[datetime | None, typer.Option(help="From this instant, in UTC; else from the beginning.")] = None,
    before: Annotated[datetime | None, typer.Option(help="Before this instant, in UTC; else to the end.")] = None,
    region: Annotated[str, typer.Option(help="Of this division and below; else of all.")] = "",
    form: Annotated[str, typer.Option(help="jsonl or csv.")] = "jsonl",
) -> None:
    """Print entries of the trace, one a line, for an auditor's own tools; this leaves an entry too."""
    from api.cli.trace import export_trace

    export_trace(since, before, region, form)
