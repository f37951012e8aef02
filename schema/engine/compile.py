"""A plan: one statement, and where each request finds its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import BindParameter, Dialect, Select, func, literal_column, select
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import AsBoolean, BooleanClauseList, False_, Grouping

from . import leaves, lists, paging
from .arguments import Given, Reader, Variables
from .builder import Builder
from .catalogue import Catalogue, PlannedType
from .cost import Price
from .selection import Selected
from .sources import ByIds, Composed, Computed, Either, Listed, Opened, Page, Related, Rows, Shown
from .sql import Joined, Row, Sql, clause, quoted
from .watching import Watch, Watched
from .words import CONTEXT, PARENT, VIEWER

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


AT_HAND = "the context"
AROUND = "the object around"  # among the values of a request; no variable can have these names


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
    is_noted: bool  # it writes down what it shows, and some parameters may be of the context

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
    watch: Watch | None = None,
) -> Plan:
    """One statement for root fields (`data`) and for objects known by their keys (each under its name).

    flags: attributes of the viewer that are constants in this plan
    watch: what of it is to be noted
    """
    asked = [*tree, *(one for part in parts for one in part.children)]
    watched = {} if watch is None else watch.shown(asked, lambda when: never_holds(when, dict(flags)))
    builder = builder_class(catalogue, watched)
    root = Row(planned, None, "root")
    texts: list[str | Sql] = ['{"data":', builder.object(root, planned, tree)]
    for part in parts:
        keys = Given(_variable(part.name), None, False)
        children = {part.planned.name: part.children}
        texts += [f',"{part.name}":', lists.found_by_keys(builder, root, [part.planned], children, keys)]
    # As bytes, because as text asyncpg would decode what is encoded again on the way out.
    body = Joined([*texts, "}"])
    if watched:
        assert watch is not None
        statement = _with_note(body, root, settings, watch, watched, name)
    else:
        statement = _with_settings(_as_bytes(body), settings)
    compiled, names = _compiled(statement, flags)
    readers = tuple(_reader(builder.binds.readers, compiled, name) for name in names)
    of_parent = any(name.startswith(PARENT) for name in names if name not in builder.binds.readers)
    made = tuple(builder.computed), Price(tree), builder.has_choice
    return Plan(name, str(compiled), readers, tree, *made, statement, of_parent, bool(watched))


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


def _as_bytes(body: Sql) -> Any:
    return func.convert_to(body, quoted("UTF8")).label("body")


def _with_note(
    body: Sql,
    root: Row,
    settings: Mapping[str, BindParameter[Any]],
    watch: Watch,
    watched: Mapping[str, Watched],
    name: str,
) -> Select[Any]:
    """The statement that writes down what it shows: watching.py."""
    more = {name: quoted(value) for name, value in watch.settings.items()}
    viewer = (
        _viewer({**settings, **more}) if settings or more else select(literal_column("1").label("s0")).cte("viewer")
    )
    seen = root.seen()
    columns = body.label("body"), (literal_column("NULL::text") if seen is None else seen).label("seen")
    answer = select(*columns).select_from(root.joined(viewer)).cte("answer")
    kinds = sorted({one.kind for one in watched.values()})
    noted = watch.entry(answer, kinds, name).cte("noted")
    return select(_as_bytes(answer.c.body)).select_from(answer).add_cte(noted)


def never_holds(condition: Any, flags: Mapping[str, bool]) -> bool:
    """Whether these flags alone make the condition false, as PostgreSQL folds it; False where that is not known."""
    match clause(condition):
        case Grouping() as brackets:
            return never_holds(brackets.element, flags)
        case AsBoolean() as parameter if parameter.operator is operators.is_true:
            return never_holds(parameter.element, flags)
        case BindParameter() as parameter:
            return flags.get(parameter.key.removeprefix(VIEWER)) is False
        case BooleanClauseList() as parts:
            found = [never_holds(part, flags) for part in parts.clauses]
            return all(found) if parts.operator is operators.or_ else any(found)
        case other:
            return isinstance(other, False_)


def _viewer(settings: Mapping[str, Any]) -> Any:
    columns = [
        func.set_config(quoted(name), setting, True).label(f"s{i}")
        for i, (name, setting) in enumerate(settings.items())
    ]
    return select(*columns).cte("viewer")


def _with_settings(value: Any, settings: Mapping[str, BindParameter[Any]]) -> Select[Any]:
    # The viewer's settings come first: the scalar subqueries of the select list run lazily, once the row of this
    # CTE is there. Were that ever untrue, the policies would see the connection's own settings: they must show nothing.
    return select(value).select_from(_viewer(settings)) if settings else select(value)


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
    if name.startswith(CONTEXT):
        of_context = attrgetter(name.removeprefix(CONTEXT))
        if process is None:
            return False, lambda given: of_context(given[AT_HAND])
        return False, lambda given: process(of_context(given[AT_HAND]))
    value = parameter.effective_value if process is None else process(parameter.effective_value)
    return False, lambda _: value
