"""The table of commands. Each imports its file only when it is called, so that `./ruhu help` answers at once."""

import signal
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli import CommandError
from api.cli.audit_commands import audit_app
from api.cli.benching import PASS_ON, bench_app
from api.cli.key_commands import keys_app

HEAD = "入户 ruhu: the open-source backend for preventing a return to poverty.\n\nUsage: ./ruhu COMMAND"
FOOT = """./ruhu COMMAND --help tells more about one. Settings come from the environment: see docs/settings.md.
Exit codes: 0 all is well, 1 it failed and one line said what to do, 2 the command was not understood."""

# Plain text: boxes and colours get in the way of whoever reads a log or asks a colleague on the telephone.
app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
demo_app = typer.Typer(help="The made-up families and personas of the demo.", rich_markup_mode=None)
regions_app = typer.Typer(help="China's administrative divisions.", rich_markup_mode=None)
calendar_app = typer.Typer(help="The days that are worked in China.", rich_markup_mode=None)
client_app = typer.Typer(help="Programs of partners and integrators.", rich_markup_mode=None)
contract_app = typer.Typer(help="What phones rely on, written down.", rich_markup_mode=None)


@app.command()
def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo into RUHU_DATABASE_URL's server too.")] = False,
) -> None:
    """Serve GraphQL and GraphiQL; the first time, make the database and load divisions and demo."""
    from api.cli.serve import serve

    serve(demo=demo)


@app.command(context_settings=PASS_ON)
def test(context: typer.Context) -> None:
    """Run the tests on a database of their own; what follows goes to pytest (./ruhu test -k regions)."""
    from api.cli.testing import run_tests

    raise typer.Exit(run_tests(context.args))


@app.command()
def check() -> None:
    """Check format, lint, types, import contracts, the SDL snapshot and the migrations."""
    from api.cli.check import check

    raise typer.Exit(check())


@app.command()
def fix() -> None:
    """Mend what can be mended by itself: format and the simple lints."""
    from api.cli.check import fix

    raise typer.Exit(fix())


@app.command()
def sdl() -> None:
    """Write the SDL snapshot that phones rely on: mobile_contract/schema.graphql."""
    from api.cli.sdl import write

    write()


@app.command()
def worker() -> None:
    """Work off what is queued and due, until Ctrl-C; `serve` does so too unless RUHU_WORKS is false."""
    from api.cli.work import work

    work()


@calendar_app.command("load")
def calendar_load(
    file: Annotated[
        Path, typer.Argument(help="CSV of day,is_working,name: the days that differ from Monday to Friday.")
    ],
) -> None:
    """Load the holidays and worked weekends of a new year."""
    from api.cli.data import load_working_days

    load_working_days(file)


@app.command()
def migrate() -> None:
    """Bring the database up to date: roles, extensions, migrations, divisions. Never the demo."""
    from api.cli.data import migrate

    migrate()


@demo_app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    households: Annotated[int, typer.Option(min=0, max=2_000_000, help="A made-up province of so many beside it.")] = 0,
) -> None:
    """Load the demo where it is missing; with --households, a whole made-up province beside it."""
    if context.invoked_subcommand is None:
        from api.cli.data import load_demo

        load_demo(households)


@demo_app.command("reset")
def demo_reset() -> None:
    """Throw the demo's data away and load it afresh."""
    from api.cli.data import reset_demo

    reset_demo()


@regions_app.command("load")
def regions_load(
    file: Annotated[Path | None, typer.Argument(help="Gzipped CSV of code,name; else the project's own.")] = None,
) -> None:
    """Load all divisions into a database that has none yet."""
    from api.cli.data import load_regions

    load_regions(file)


@regions_app.command("merge")
def regions_merge(
    old: Annotated[str, typer.Argument(help="The code of the division that ends.")],
    into: Annotated[str, typer.Argument(help="The code of the division that takes it in.")],
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When it takes effect; else today.")] = None,
) -> None:
    """Make one division part of another: what stands below it is recoded, history keeps its code."""
    from api.cli.data import merge_regions

    merge_regions(old, into, on.date() if on else date.today())  # noqa: DTZ011  # an administrator's own calendar


@contract_app.command("freeze")
def contract_freeze() -> None:
    """Write today's SDL down as the contract level that the code names; then it grows no more."""
    from api.cli.contract import freeze

    freeze()


@contract_app.command("record")
def contract_record(
    again: Annotated[list[str] | None, typer.Argument(help="Fixtures to record again, like 1/03-families.")] = None,
) -> None:
    """Ask the demo what fixtures lack an answer to, and write the answers into them."""
    from api.cli.contract import record

    raise typer.Exit(record(again or []))


@app.command()
def token(persona: Annotated[str, typer.Argument(help="For instance cadre or county_officer.")]) -> None:
    """Print a token for one of the demo's personas, and nothing else (demo only)."""
    from api.cli.tokens import print_token

    print_token(persona)


@app.command()
def administrator(
    login: Annotated[str, typer.Argument(help="The name to sign in with.")],
    name: Annotated[str, typer.Option(help="What others see; else the login name.")] = "",
) -> None:
    """Make an administrator, or let one in again: prints a one-time code."""
    from api.cli.people import make_administrator

    make_administrator(login, name)


@client_app.command("add")
def client_add(
    account: Annotated[str, typer.Argument(help="The id of the partner's or integrator's account.")],
    scope: Annotated[list[str], typer.Option(help="area:class:purpose; may be given several times.")],
    name: Annotated[str, typer.Option(help="What it is, for people.")],
    keys: Annotated[Path | None, typer.Option(help="A JWK set of public keys; then there is no secret.")] = None,
    days: Annotated[int, typer.Option(min=1, max=1100, help="How long it is good for.")] = 365,
) -> None:
    """Make a client for an account: prints its id and, once, its secret."""
    from api.cli.clients import add

    add(account, name, scope, keys, days)


@client_app.command("rotate")
def client_rotate(
    client: Annotated[str, typer.Argument(help="The client's id.")],
    at_once: Annotated[bool, typer.Option("--at-once", help="The old secret is no longer good.")] = False,
) -> None:
    """Give a client a new secret; the old one is good for another day."""
    from api.cli.clients import rotate

    rotate(client, at_once=at_once)


@client_app.command("revoke")
def client_revoke(client: Annotated[str, typer.Argument(help="The client's id.")]) -> None:
    """End a client and its tokens."""
    from api.cli.clients import revoke

    revoke(client)


@client_app.command("list")
def client_list() -> None:
    """Show all clients."""
    from api.cli.clients import show

    show()


@app.command()
def phone(
    persona: Annotated[str, typer.Option(help="Whose day; for instance cadre or village_officer.")] = "cadre",
    network: Annotated[str, typer.Option(help="good or bad.")] = "good",
    url: Annotated[str | None, typer.Option(help="A demo's GraphQL endpoint; else the one that runs here.")] = None,
) -> None:
    """Play a cadre's day on the reference client: offline visits, an edit, a sync over whatever network (demo only)."""
    from api.cli.phone import phone

    phone(persona, network, url)


@app.command()
def doctor() -> None:
    """Look at everything the program stands on, and say what to do about what is amiss."""
    from api.cli.doctor import doctor

    raise typer.Exit(doctor())


@app.command("help")
def list_commands() -> None:
    """Show this list."""
    print(HEAD, end="\n\n")
    groups = (
        ("", app),
        ("demo ", demo_app),
        ("regions ", regions_app),
        ("calendar ", calendar_app),
        ("bench ", bench_app),
        ("audit ", audit_app),
        ("contract ", contract_app),
        ("keys ", keys_app),
        ("client ", client_app),
    )
    for prefix, group in groups:
        for command in group.registered_commands:
            function = command.callback
            assert function is not None
            print(f"  {prefix + (command.name or function.__name__):<20}{(function.__doc__ or '').splitlines()[0]}")
    print(f"  {'demo':<20}{(demo.__doc__ or '').splitlines()[0]}")  # a group that is a command of its own as well
    print(f"\n{FOOT}")


app.add_typer(demo_app, name="demo")
app.add_typer(regions_app, name="regions")
app.add_typer(calendar_app, name="calendar")
app.add_typer(bench_app, name="bench")
app.add_typer(audit_app, name="audit")
app.add_typer(contract_app, name="contract")
app.add_typer(keys_app, name="keys")
app.add_typer(client_app, name="client")


def main(arguments: list[str]) -> None:
    """Run one command and exit with its code; what goes wrong as expected is one line on stderr."""
    # A plain end (systemd, a closed terminal) must stop the private PostgreSQL too: let it unwind as Ctrl-C does.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) != signal.SIG_IGN:  # nohup
            signal.signal(ending, signal.default_int_handler)
    try:
        asks_for_help = arguments[:1] in ([], ["--help"], ["-h"])
        code = app(["help"] if asks_for_help else arguments, prog_name="./ruhu", standalone_mode=False)
    except typer.TyperException as error:
        print(f"ruhu: {error.format_message().rstrip('.?')}. `./ruhu help` lists the commands.", file=sys.stderr)
        code = 2
    except CommandError as error:
        print(f"ruhu: {error}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code or 0)


if __name__ == "__main__":
    main(sys.argv[1:])
