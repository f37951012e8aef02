"""What a field can stand on. The author never writes these: the words in words.py make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select
from sqlalchemy import inspect as mapping_of
from sqlalchemy.orm import Mapper

PLAN = "plan"  # key of a strawberry field's metadata
ENTITY = "__entity__"  # attribute of a class that entity() decorated


@dataclass(frozen=True, eq=False)
class Entity:
    """A type that stands on rows: of a mapped class, or of any selectable with the columns of `shape`."""

    shape: Any
    scope: Any  # None: the author forgot, and the schema will not load
    key_names: tuple[str, ...] = ()

    @property
    def mapper(self) -> Mapper[Any] | None:
        return None if isinstance(self.shape, FromClause) else mapping_of(self.shape)

    @property
    def table(self) -> FromClause:
        mapper = self.mapper
        return self.shape if mapper is None else mapper.local_table

    def attribute(self, name: str) -> Any:
        """The column, hybrid or relationship of that name; None if there is none."""
        return getattr(self.shape, name, None) if self.mapper is not None else self.table.c.get(name)

    @property
    def key(self) -> tuple[ColumnElement[Any], ...]:
        """The columns that make an order total."""
        return tuple(self.table.c[name] for name in self.key_names) or tuple(self.table.primary_key)


@dataclass(frozen=True, eq=False)
class Same:
    """The column, hybrid or relationship of the field's own name."""


@dataclass(frozen=True, eq=False)
class Shown:
    expression: Any


@dataclass(frozen=True, eq=False)
class Related:
    attribute: Any
    where: tuple[Any, ...] = ()
    order_by: tuple[Any, ...] = ()
    cap: int = 500


@dataclass(frozen=True, eq=False)
class Either:
    """A union: the one of these to-one relationships that is set."""

    attributes: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Composed:
    """An object without a row of its own. `present` says when there is one; by default when its first part is not null."""

    parts: Mapping[str, Any]
    present: Any = None


@dataclass(frozen=True, eq=False)
class Listed:
    """A list of objects without rows of their own: what this select yields, in its order."""

    select: Select[Any]
    cap: int = 500


@dataclass(frozen=True, eq=False)
class Computed:
    """A leaf that needs Python: a function of columns, run over the finished tree."""

    function: Callable[..., Any]
    needs: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Opened:
    """A leaf that stands sealed: its text is opened on its way out. Where there is none, another expression is shown."""

    sealed: Any
    otherwise: Any = None


@dataclass(frozen=True, eq=False)
class Method:
    """A field with arguments: its body is read once per plan and returns any of the other sources."""

    function: Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a type, found by conditions: one, or a list of them."""

    of: type
    where: tuple[Any, ...] = ()
    order_by: tuple[Any, ...] = ()
    source: Any = None
    cap: int = 500


@dataclass(frozen=True, eq=False)
class ByIds:
    """Rows of an interface or union, found by id in any of its members; `is_list` says how many ids there are."""

    of: Any
    ids: Any
    is_list: bool
    cap: int = 500


@dataclass(frozen=True, eq=False)
class Page:
    """A keyset connection over a type, or over a relationship of the row it stands in."""

    of: Any  # an entity class, or a relationship
    where: tuple[Any, ...] = ()
    order: Any = None  # By, or an Order enum that the client chooses from
    filter: type | None = None
    source: Any = None
    cap: int = 500


@dataclass(frozen=True, eq=False)
class Key:
    """What an action returns in place of an object: the engine answers the selection after the commit."""

    of: type
    id: Any


Source = Same | Shown | Related | Either | Composed | Listed | Computed | Opened | Method | Rows | ByIds | Page
SOURCES = (Same, Shown, Related, Either, Composed, Listed, Computed, Opened, Method, Rows, ByIds, Page)


@dataclass(frozen=True)
class FilterRule:
    """How a field of a filter becomes a condition: from a bind parameter, or from the conditions of a nested filter."""

    condition: Callable[[Any], Any] = field(compare=False)
    column: Any = None  # what the value is compared with: it decides the parameter's SQL type
    sql_type: Any = None
    is_list: bool = False
    nested: Any = None  # the relationship that a nested filter asks about
