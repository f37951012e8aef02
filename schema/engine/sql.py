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
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ClauseElement, ColumnClause, Grouping
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.util import immutabledict

if TYPE_CHECKING:
    from .catalogue import PlannedType

Sql = ColumnElement[Any]
_NOTHING: Any = immutabledict()


class _Ours(ColumnElement[Any]):
    """An element that writes itself. It brings no FROM, and passes nothing on to what stands in it but the compiler."""

    inherit_cache = False
    pieces: list[str | Sql] = []  # noqa: RUF012 - of the instance

    @property
    def _from_objects(self) -> list[FromClause]:
        return []

    def get_children(self, **options: Any) -> Iterable[ClauseElement]:
        return [piece for piece in self.pieces if not isinstance(piece, str)]


class Ref(_Ours):
    """A column of a row source named by us."""

    def __init__(self, alias: str, name: str, sql_type: Any, nullable: bool = True) -> None:
        self.alias, self.name, self.key, self.type, self.nullable = alias, name, name, sql_type, nullable

    def _compiler_dispatch(self, visitor: Any, **options: Any) -> str:
        return f"{self.alias}.{visitor.preparer.quote(self.name)}"


class Raw(_Ours):
    """SQL of our own wording around other elements: raw("to_json(", value, ")"). Closed, so that it needs no brackets.

    SQLAlchemy's own functions and casts say the same, but a cold plan has hundreds of them, and each costs ten calls.
    """

    def __init__(self, *pieces: str | Sql, sql_type: Any = None) -> None:
        self.type = Text() if sql_type is None else sql_type
        self.pieces = []
        for piece in pieces:
            self.pieces.extend(piece.pieces if isinstance(piece, Raw) else (piece,))

    def self_group(self, against: Any = None) -> Any:
        return self

    def _compiler_dispatch(self, visitor: Any, **options: Any) -> str:
        return "".join([p if isinstance(p, str) else p._compiler_dispatch(visitor) for p in self.pieces])


class Joined(_Ours):
    """Texts joined by ||: flat, because nested binary expressions cost SQLAlchemy most of a cold plan."""

    type = Text()

    def __init__(self, parts: Iterable[str | Sql]) -> None:
        self.pieces = []
        for part in parts:
            for piece in part.pieces if isinstance(part, Joined) else (part,):
                if isinstance(piece, str) and self.pieces and isinstance(self.pieces[-1], str):
                    self.pieces[-1] += piece
                else:
                    self.pieces.append(
                        piece if isinstance(piece, str) else piece.self_group(against=operators.concat_op)
                    )

    def self_group(self, against: Any = None) -> Any:
        return self if against is operators.concat_op or len(self.pieces) == 1 else Grouping(self)

    def _compiler_dispatch(self, visitor: Any, **options: Any) -> str:
        texts = [escaped(p) if isinstance(p, str) else p._compiler_dispatch(visitor) for p in self.pieces]
        return " || ".join(texts) or "''"


def escaped(text: str) -> str:
    """A constant of our own making. Nothing a client sends comes through here but its aliases, which are GraphQL names."""
    return "'" + text.replace("'", "''") + "'"


def quoted(text: str) -> Raw:
    """The same as a SQL element."""
    return Raw(escaped(text))


def coalesced(*texts: str | Sql) -> Raw:
    """The first text that is not null."""
    pieces: list[str | Sql] = ["coalesce("]
    for i, text in enumerate(texts):
        pieces += [", " if i else "", escaped(text) if isinstance(text, str) else text]
    return Raw(*pieces, ")")


def together(text: str, condition: Sql | None = None) -> Raw:
    """The texts of many rows with commas between; '' where there are none. `text` names a column of ours."""
    return Raw(
        f"coalesce(string_agg({text}, ',')",
        *((" FILTER (WHERE ", condition, ")") if condition is not None else ()),
        ", '')",
    )


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

    made = replacement_traverse(clause(expression), {}, replace)
    # What is left of the mapped class would make SQLAlchemy's ORM compile every select that this stands in.
    made._propagate_attrs = _NOTHING
    return made


class Row:
    """One row of a statement under construction: where it comes from, and the laterals that hang on it."""

    def __init__(self, planned: PlannedType, table: FromClause | None, alias: str) -> None:
        self.planned, self.table, self.alias = planned, table, alias
        self.needed: dict[str, Ref] = {}
        self.laterals: list[Any] = []
        self.told: dict[Any, Sql] = {}  # about whom something watched is shown in this row, or below it (watching.py)

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
        if "s" in subquery.selected_columns:
            self.told[alias] = Ref(alias, "s", Text())
        return Ref(alias, "o", Text())

    def seen(self) -> Sql | None:
        """About whom this row and what hangs on it show something watched, with commas between; None: nobody."""
        told: list[str | Sql] = [piece for one in self.told.values() for piece in (", ", one)]
        if len(self.told) <= 1:
            return told[1] if told else None  # type: ignore[return-value]
        return Raw("nullif(concat_ws(','", *told, "), '')")

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
    if isinstance(source, TableValuedAlias) and not source._render_derived:
        source = source.render_derived()  # or PostgreSQL would not know its columns by these names
    return select(*source.c).select_from(source).subquery(alias)
