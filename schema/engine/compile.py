"""A plan: one statement, and where each request finds its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import BindParameter, Dialect, Select, func, select
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from . import leaves, lists, paging
from .arguments import Given, Reader, Variables
from .builder import Builder
from .catalogue import Catalogue, PlannedType
from .cost import Price
from .selection import Selected
from .sources import ByIds, Composed, Computed, Either, Listed, Opened, Page, Related, Rows, Shown
from .sql import Joined, Row, Sql, quoted
from .words import PARENT, VIEWER

DIALECT: Dialect = asyncpg_dialect()  # type: ignore[no-untyped-call]
Flags = frozenset[tuple[str, bool]]  # attributes of the viewer with their values
NO_FLAGS: Flags = frozenset()

Builder.renderers = {
    Shown: leaves.shown,
    Composed: leaves.composed,
    Computed: leaves.computed,
    Opened: leaves.opened,
    Listed: lists.listed,
    Related: lists.related,
    Either: lists.either,
    Rows: lists.rows,
    ByIds: lists.by_ids,
    Page: paging.page,
}


AROUND = "the object around"  # among the values of a request; no variable can have this name


@dataclass(frozen=True, eq=False)
class KeyedPart:
    """Objects known by their keys, which a request brings under `name`; the answer is an array in their order."""

    name: str
    planned: PlannedType
    children: list[Selected]


@dataclass(frozen=True, eq=False)
class Plan:
    """Immutable, and shared by all viewers whose flags are the same."""

    name: str
    sql: str
    readers: tuple[tuple[bool, Reader], ...]  # (of the viewer?, reader), in the order of $1, $2, …
    tree: list[Selected]
    computed: tuple[Callable[..., Any], ...]
    price: Price
    has_choice: bool  # whether the best index depends on how much the viewer sees
    statement: Select[Any] = field(repr=False)
    is_of_parent: bool  # one parameter at least is an attribute of the object around a planned field

    def values(self, variables: Variables, viewer: Any) -> list[Any]:
        return [read(viewer) if is_viewer else read(variables) for is_viewer, read in self.readers]


def plan_of(
    catalogue: Catalogue,
    name: str,
    planned: PlannedType,
    tree: list[Selected],
    parts: list[KeyedPart],
    settings: Mapping[str, BindParameter[Any]],
    builder_class: type[Builder] = Builder,
    flags: Flags = NO_FLAGS,
) -> Plan:
    """One statement for root fields (`data`) and for objects known by their keys (each under its name).

    flags: attributes of the viewer that are constants in this plan
    """
    builder = builder_class(catalogue)
    root = Row(planned, None, "root")
    texts: list[str | Sql] = ['{"data":', builder.object(root, planned, tree)]
    for part in parts:
        keys = Given(_variable(part.name), None, False)
        children = {part.planned.name: part.children}
        texts += [f',"{part.name}":', lists.found_by_keys(builder, [part.planned], children, keys)]
    # As bytes, because as text asyncpg would decode what is encoded again on the way out.
    body = func.convert_to(Joined([*texts, "}"]), quoted("UTF8")).label("body")
    statement = _with_settings(body, settings)
    compiled, names = _compiled(statement, flags)
    readers = tuple(_reader(builder.binds.readers, compiled, name) for name in names)
    of_parent = any(name.startswith(PARENT) for name in names if name not in builder.binds.readers)
    made = tuple(builder.computed), Price(tree), builder.has_choice
    return Plan(name, str(compiled), readers, tree, *made, statement, of_parent)


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement of an ordinary resolver's own, which answers one value; shared as plans are."""

    sql: str
    readers: tuple[tuple[bool, Reader], ...]

    def values(self, given: Variables, viewer: Any) -> list[Any]:
        return [read(viewer) if is_viewer else read(given) for is_viewer, read in self.readers]


def statement_of(statement: Select[Any], settings: Mapping[str, BindParameter[Any]], flags: Flags) -> Statement:
    """Parameters of the viewer are read from the viewer, others that have no value of their own from what is given."""
    compiled, names = _compiled(_with_settings(statement.scalar_subquery(), settings), flags)
    own = {name: _variable(name) for name in names if not name.startswith(VIEWER) and compiled.binds[name].required}
    return Statement(str(compiled), tuple(_reader(own, compiled, name) for name in names))


def _compiled(statement: Select[Any], flags: Flags) -> tuple[Any, Sequence[str]]:
    compiled: Any = statement.compile(dialect=_dialect(flags))
    return compiled, compiled.positiontup or ()


@cache
def _dialect(flags: Flags) -> Dialect:
    """Writes parameters that are flags as constants, so that PostgreSQL drops what they decide: arms of an OR, masks."""
    dialect: Any = asyncpg_dialect()  # type: ignore[no-untyped-call]
    constants = {VIEWER + name: "true" if value else "false" for name, value in flags}

    class Compiler(dialect.statement_compiler):  # type: ignore[misc]
        def visit_bindparam(self, bindparam: BindParameter[Any], **options: Any) -> str:
            written: str = constants.get(bindparam.key) or super().visit_bindparam(bindparam, **options)
            return written

    dialect.statement_compiler = Compiler
    return dialect


def _variable(name: str) -> Reader:
    return lambda given: given[name]


def _with_settings(value: Any, settings: Mapping[str, BindParameter[Any]]) -> Select[Any]:
    # The viewer's settings come first: the scalar subqueries of the select list run lazily, once the row of this
    # CTE is there. Were that ever untrue, the policies would see the connection's own settings: they must show nothing.
    if not settings:
        return select(value)
    columns = [
        func.set_config(quoted(name), setting, True).label(f"s{i}")
        for i, (name, setting) in enumerate(settings.items())
    ]
    return select(value).select_from(select(*columns).cte("viewer"))


def _reader(readers: Mapping[str, Reader], compiled: Any, name: str) -> tuple[bool, Reader]:
    own = readers.get(name)
    if own is not None:
        return False, own  # its value is made by receiver(), not by SQLAlchemy
    parameter = compiled.binds[name]
    process = parameter.type.dialect_impl(DIALECT).bind_processor(DIALECT)
    if name.startswith(VIEWER):
        read = attrgetter(name.removeprefix(VIEWER))
        return True, read if process is None else lambda viewer: process(read(viewer))
    if name.startswith(PARENT):
        of_parent = attrgetter(name.removeprefix(PARENT))
        if process is None:
            return False, lambda given: of_parent(given[AROUND])
        return False, lambda given: process(of_parent(given[AROUND]))
    value = parameter.effective_value if process is None else process(parameter.effective_value)
    return False, lambda _: value
