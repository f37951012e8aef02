"""`./ruhu bench` and `./ruhu audit`: each in a process of its own, as nothing of the code imports `bench/`."""

import os
import sys

import typer

bench_app = typer.Typer(help="How fast it is, beside SQL written by hand.", rich_markup_mode=None)

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def run_bench(name: str, arguments: list[str]) -> int:
    """Runs `bench.<name>` with the arguments; answers its exit code."""
    # A developer's own settings must not colour the figures, and a database of theirs must never be the ground of a
    # bench; the master key of one that is named by --database is none of these.
    from api.cli.testing import run_to_its_end

    environment = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("RUHU_MASTER_KEY") or not name.startswith(("RUHU_", "PG", "PORT"))
    }
    environment["PYTHONUNBUFFERED"] = "1"  # its progress is seen at once, through a pipe too
    return run_to_its_end([sys.executable, "-m", f"bench.{name}", *arguments], environment)


@bench_app.command("read", context_settings=PASS_ON)
def bench_read(context: typer.Context) -> None:
    """Measure reads beside hand-written SQL and other servers (--help tells what can be chosen)."""
    raise typer.Exit(run_bench("read", context.args))


@bench_app.command("looks", context_settings=PASS_ON)
def bench_looks(context: typer.Context) -> None:
    """Measure what it costs that reads note themselves, and what the notes take on disk."""
    raise typer.Exit(run_bench("looks", context.args))


@bench_app.command("visits", context_settings=PASS_ON)
def bench_visits(context: typer.Context) -> None:
    """Measure visits per second beside hand-written inserts (--help tells what can be chosen)."""
    raise typer.Exit(run_bench("visits", context.args))


@bench_app.command("sync", context_settings=PASS_ON)
def bench_sync(context: typer.Context) -> None:
    """Phones that pull and push, and how soon they hear of a change."""
    raise typer.Exit(run_bench("sync", context.args))


@bench_app.command("rxdb", context_settings=PASS_ON)
def bench_rxdb(context: typer.Context) -> None:
    """Let RxDB on five phones work against the server: it must converge (needs npm)."""
    raise typer.Exit(run_bench("rxdb", context.args))


@bench_app.command("walls", context_settings=PASS_ON)
def bench_walls(context: typer.Context) -> None:
    """Measure what the two walls cost, beside the same reads without them."""
    raise typer.Exit(run_bench("walls", context.args))
