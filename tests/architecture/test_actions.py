"""The shape of the house: who may act, who may end a transaction, and how long a file may be."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import inspect
from sqlalchemy.orm import configure_mappers

from domain.base.models import Base
from domain.tables import metadata
from tests.architecture.sources import ROOT, calls, mends, trees

MOST_LINES = 350
CLOCK = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
MODULES_OF_THE_CLOCK = {"datetime", "date", "time"}
OF_THE_WORLD = {"sqlalchemy", "asyncio", "asyncpg", "time", "random", "secrets", "os"}


def is_of_actions(file: str) -> bool:
    """domain/x/actions.py, domain/x/actions_of_y.py, domain/x/actions/y.py."""
    return any(part.startswith("actions") for part in file.split("/")[2:])


def public_coroutines(tree: ast.Module) -> list[ast.AsyncFunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_")]


def without_actor(tree: ast.Module) -> list[str]:
    """Names of actions that take a session and do not say on whose behalf."""
    found = []
    for function in public_coroutines(tree):
        parameters = [(p.arg, ast.unparse(p.annotation or ast.Constant(""))) for p in function.args.args]
        if "db" in {name for name, _ in parameters} and parameters[:2] != [("db", "AsyncSession"), ("actor", "Actor")]:
            found.append(function.name)
    return found


def test_every_action_takes_the_session_and_then_the_actor() -> None:
    found = [
        f"{file}: {name}(db: AsyncSession, actor: Actor, …): say who acts, second"
        for file, tree in trees("domain").items()
        if is_of_actions(file)
        for name in without_actor(tree)
    ]
    assert not found, mends(found)


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("async def do(db: AsyncSession, actor: Actor, *, id: UUID): ...", []),
        ("async def load(connection: asyncpg.Connection): ...", []),
        ("async def _step(db: AsyncSession): ...", []),
        ("async def do(db: AsyncSession, *, id: UUID): ...", ["do"]),
        ("async def do(db: AsyncSession, id: UUID, actor: Actor): ...", ["do"]),
        ("async def do(actor: Actor, db: AsyncSession): ...", ["do"]),
        ("async def do(db, actor): ...", ["do"]),
    ],
)
def test_an_action_without_actor_is_found(planted: str, found: list[str]) -> None:
    assert without_actor(ast.parse(planted)) == found


def test_the_actions_are_where_the_test_looks() -> None:
    names = {f.name for file, tree in trees("domain").items() if is_of_actions(file) for f in public_coroutines(tree)}
    assert {"record", "once"} <= names


def leaving_no_trace(modules: Mapping[str, ast.Module], is_action: Callable[[ast.AsyncFunctionDef], bool]) -> list[str]:
    """Actions from which no chain of calls within their package leads to `record`."""
    functions = {
        node.name: {name for name, _ in calls(node)}
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    def reached(name: str) -> set[str]:
        seen, ahead = set(), [name]
        while ahead:
            if (one := ahead.pop()) not in seen:
                seen.add(one)
                ahead += functions.get(one, ())
        return seen

    actions = [f for tree in modules.values() for f in public_coroutines(tree) if is_action(f)]
    return [action.name for action in actions if "record" not in reached(action.name)]


def test_every_action_leaves_an_audit_entry() -> None:
    """An action takes db and actor, and is called by a mutation or goes through `once`."""
    mutations = {name for tree in trees("schema").values() for name, _ in calls(tree)}

    def is_action(function: ast.AsyncFunctionDef) -> bool:
        acts = [parameter.arg for parameter in function.args.args[:2]] == ["db", "actor"]
        return acts and (function.name in mutations or any(name == "once" for name, _ in calls(function)))

    packages: dict[str, dict[str, ast.Module]] = {}
    for file, tree in trees("domain").items():
        packages.setdefault(file.split("/")[1], {})[file] = tree
    found = [
        f"domain/{package}: {name} leaves no trace: record(db, actor, …) in its transaction"
        for package, modules in packages.items()
        if package not in ("audit", "changes", "access")
        for name in leaving_no_trace(modules, is_action)
    ]
    assert not found, mends(found)


def test_an_action_without_audit_entry_is_found() -> None:
    planted = ast.parse(
        """
async def told(db, actor): await _write(db)
async def _write(db): await record(db)
async def silent(db, actor): await _other(db)
async def _other(db): await silent(db, None)
"""
    )
    assert leaving_no_trace({"planted.py": planted}, lambda _: True) == ["silent"]


def test_nobody_ends_a_transaction_by_hand() -> None:
    """`carry_out` opens it and closes it; an action that commits leaves half of itself behind when it fails."""
    found = [
        f"{file}:{node.lineno}: no {name}() here; the mutation's transaction ends by itself"
        for file, tree in trees("domain", "schema").items()
        for name, node in calls(tree)
        if name in ("commit", "rollback")
    ]
    assert not found, mends(found)


def clock_readings(tree: ast.Module) -> list[int]:
    """Lines that ask what time it is."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCK
        and ast.unparse(node.func.value).split(".")[-1] in MODULES_OF_THE_CLOCK
    ]


def test_the_domain_reads_no_clock() -> None:
    """Time comes in with the actor: so a day can be asked about, and a test needs no waiting."""
    found = [
        f"{file}:{line}: take the time as an argument (actor.at, actor.today)"
        for file, tree in trees("domain").items()
        for line in clock_readings(tree)
    ]
    assert not found, mends(found)


def test_a_read_clock_is_found() -> None:
    planted = "a = datetime.now(UTC)\nb = date.today()\nc = datetime.datetime.now()\nd = time.time()\ne = actor.today()"
    assert clock_readings(ast.parse(planted)) == [1, 2, 3, 4]


def imported(tree: ast.Module) -> set[str]:
    """The first names of everything imported."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_rules_are_pure() -> None:
    """No database, no event loop, no clock, no chance: a rule decides from what it is given."""
    found = [
        f"{file} imports {name}: decide in rules, read in queries, write in actions"
        for file, tree in trees("domain").items()
        if file.rsplit("/", 1)[-1].startswith("rules") or "/rules/" in file
        for name in sorted(imported(tree) & OF_THE_WORLD)
    ]
    assert not found, mends(found)


def test_an_impure_rule_is_found() -> None:
    assert imported(ast.parse("from sqlalchemy.orm import x\nimport os.path")) & OF_THE_WORLD == {"sqlalchemy", "os"}


def too_long(lines: dict[str, int]) -> list[str]:
    return [
        f"{file} has {count} lines, {MOST_LINES} are the most: split it by noun, never into utils"
        for file, count in sorted(lines.items())
        if count > MOST_LINES
    ]


def test_a_file_fits_in_a_head() -> None:
    files = [
        file
        for folder in ("api", "schema", "domain", "mobile_contract")
        for suffix in ("py", "js", "mjs", "jsx", "css", "html", "sql", "sh")
        for file in (ROOT / folder).rglob(f"*.{suffix}")
        if not {"static", "node_modules"} & set(file.relative_to(ROOT).parts)
    ]
    found = too_long(
        {str(f.relative_to(ROOT)): len(f.read_text("utf-8").splitlines()) for f in [*files, ROOT / "ruhu"]}
    )
    assert not found, mends(found)
    assert len(files) > 50


def test_a_file_that_is_too_long_is_found() -> None:
    assert too_long({"a.py": 350, "b.py": 351}) == [
        "b.py has 351 lines, 350 are the most: split it by noun, never into utils"
    ]


def test_no_relationship_loads_by_itself() -> None:
    """A lazy load is a statement that nobody wrote, past the first wall, once per row."""
    assert metadata().tables  # all models are imported
    configure_mappers()
    found = [
        f'{relationship}: declare it with lazy="raise"'
        for mapper in Base.registry.mappers
        for relationship in inspect(mapper.class_).relationships
        if relationship.lazy != "raise"
    ]
    assert not found, mends(found)


# Which package may import which is held by import-linter: `./ruhu check`, contracts in pyproject.toml.
