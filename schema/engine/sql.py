"""The few SQL elements that SQLAlchemy does not have, and a row of a statement under construction.

The engine names every row source itself (t1, t2, …) and refers to their columns by `Ref`, a column that brings no
FROM with it. So SQLAlchemy has nothing to correlate: it correlates one level only, and an outer row that is named
deeper would silently join the inner FROM and give every parent the same children.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnElement, FromClause, Select, Table, Text, literal_column, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ClauseElement, ColumnClause, Grouping
from sqlalchemy.sql.visitors import replacement_traverse

if TYPE_CHECKING:
    from .catalogue import PlannedType

Sql = ColumnElement[Any]


class Ref(ColumnElement[Any]):
    """A column of a row source named by us."""

    __visit_name__ = "engine_ref"
    inherit_cache = False

    def __init__(self, alias: str, name: str, sql_type: Any, nullable: bool = True) -> None:
        self.alias, self.name, self.type, self.nullable = alias, name, sql_type, nullable
        self.key = name

    @property
    def _from_objects(self) -> list[FromClause]:
        return []


class Joined(ColumnElement[str]):
    """Texts joined by ||: flat, because nested binary expressions cost SQLAlchemy most of a cold plan."""

    __visit_name__ = "engine_joined"
    inherit_cache = False
    type = Text()

    def __init__(self, parts: Iterable[str | Sql]) -> None:
        self.parts: list[Sql] = []
        text = ""
        for part in parts:
            if isinstance(part, str):
                text += part
                continue
            if text:
                self.parts.append(quoted(text))
                text = ""
            self.parts.extend(part.parts if isinstance(part, Joined) else [part.self_group(against=operators.concat_op)])
        if text or not self.parts:
            self.parts.append(quoted(text))

    @property
    def _from_objects(self) -> list[FromClause]:
        return []

    def get_children(self, **options: Any) -> Iterable[ClauseElement]:
        return self.parts

    def self_group(self, against: Any = None) -> Any:
        return self if against is operators.concat_op or len(self.parts) == 1 else Grouping(self)


@compiles(Ref)  # type: ignore[no-untyped-call,untyped-decorator]
def _render_ref(element: Ref, compiler: Any, **options: Any) -> str:
    return f"{element.alias}.{compiler.preparer.quote(element.name)}"


@compiles(Joined)  # type: ignore[no-untyped-call,untyped-decorator]
def _render_joined(element: Joined, compiler: Any, **options: Any) -> str:
    options.pop("within_columns_clause", None)
    return " || ".join([part._compiler_dispatch(compiler, **options) for part in element.parts])


def quoted(text: str) -> ColumnElement[str]:
    """A constant of our own making, as SQL text. Nothing a client sends comes through here but its aliases."""
    return literal_column("'" + text.replace("'", "''") + "'", Text())


def clause(expression: Any) -> Any:
    """The Core element behind a mapped attribute, a hybrid or an expression."""
    # In SQLAlchemy 2.1 a ClauseElement's own __clause_element__ returns itself: stop there.
    while not isinstance(expression, ClauseElement) and hasattr(expression, "__clause_element__"):
        expression = expression.__clause_element__()
    return expression


def replaced(expression: Any, choose: Callable[[Any], Any | None]) -> Any:
    """The expression with its columns exchanged."""

    def replace(element: Any, **_: Any) -> Any | None:
        return choose(element) if isinstance(element, ColumnClause) and element.table is not None else None

    return replacement_traverse(clause(expression), {}, replace)


class Row:
    """One row of a statement under construction: where it comes from, and the laterals that hang on it."""

    def __init__(self, planned: PlannedType, table: FromClause | None, alias: str) -> None:
        self.planned, self.table, self.alias = planned, table, alias
        self.needed: dict[str, Ref] = {}
        self.laterals: list[Any] = []

    def column(self, column: Any) -> Ref:
        found = self.needed.get(column.name)
        if found is None:
            found = Ref(self.alias, column.name, column.type, getattr(column, "nullable", True) is not False)
            self.needed[column.name] = found
        return found

    def owns(self, element: Any) -> bool:
        return self.table is not None and (element.table is self.table or element.table == self.table)

    def read(self, expression: Any) -> Any:
        """An expression written over the type's columns, as seen from this row."""
        element = clause(expression)
        if self.table is None or isinstance(element, Ref):
            return element
        if isinstance(element, Column) and self.owns(element):
            return self.column(element)
        return replaced(element, lambda c: self.column(c) if self.owns(c) else None)

    def hang(self, subquery: Select[Any], alias: str) -> Ref:
        """Joins a subquery that may name this row, and gives its one column, the text `o`."""
        self.laterals.append(subquery.lateral(alias))
        return Ref(alias, "o", Text())

    def joined(self, source: FromClause) -> FromClause:
        return reduce(lambda left, right: left.outerjoin(right, true()), self.laterals, source)

    def picked(self, of: Row) -> list[Any]:
        """The columns that this row needs, from the row `of` beneath it: the select list of its source."""
        found = [of.column(ref).label(name) for name, ref in self.needed.items()]
        return found or [literal_column("1").label("nothing")]


def from_source(source: Any, alias: str) -> FromClause:
    """A table under a name of ours; or a statement, set-returning function or CTE in brackets."""
    if isinstance(source, Table):
        return source.alias(alias)
    if isinstance(source, Select):
        return source.subquery(alias)
    return select(*source.c).select_from(source).subquery(alias)
