"""What the author of a type writes: plain strawberry classes, and a few words for what SQL must add.

A field without any word stands on the column, hybrid property or relationship of the same name. Every word
returns a strawberry field and is typed as the value that the field shows, so that mypy compares the GraphQL
type with the column's type.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, cast

import strawberry
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    SQLColumnExpression,
    TableClause,
    bindparam,
    column,
    table,
    true,
)
from sqlalchemy.types import TypeEngine

from .connections import argument_types
from .sources import (
    ENTITY,
    PLAN,
    ByIds,
    Composed,
    Computed,
    Either,
    Entity,
    Key,
    Listed,
    Method,
    Opened,
    Page,
    Related,
    Rows,
    Same,
    Shown,
    Source,
)

T = TypeVar("T")
C = TypeVar("C", bound=type)


def _field(source: Source, description: str | None, **options: Any) -> Any:
    return strawberry.field(metadata={PLAN: source}, description=description, **options)


# --- types ---------------------------------------------------------------------------------------


def entity(
    shape: Any, *, scope: ColumnElement[bool] | SQLColumnExpression[bool] | None = None, key: tuple[str, ...] = ()
) -> Callable[[C], C]:
    """A GraphQL type over the rows of a mapped class, or over any selectable that has the columns of `rows_of(...)`.

    `scope` says which rows this viewer may see. There is no default: a type without one does not load, and
    everyone() must be said aloud. `key` names the columns that tell rows apart, where no primary key does.
    The class's docstring is its description.
    """

    def decorate(cls: C) -> C:
        made = strawberry.type(cls, description=inspect.getdoc(cls))
        setattr(made, ENTITY, Entity(shape, scope, key))
        return made

    return decorate


def everyone() -> ColumnElement[bool]:
    """The scope of rows that every viewer may see."""
    return true()


def rows_of(name: str, /, **columns: TypeEngine[Any]) -> TableClause:
    """The columns of a type whose rows come from a statement: planned methods bring it as `source=`."""
    return table(name, *[column(n, sql_type) for n, sql_type in columns.items()])


# --- words for fields ----------------------------------------------------------------------------


def described(description: str) -> Any:
    """The column, hybrid or relationship of the field's own name, with a description."""
    return _field(Same(), description)


def shows(expression: SQLColumnExpression[T], *, description: str | None = None) -> T:
    """A SQL expression over the type's columns; it may use the viewer and subqueries (over themselves: aliased())."""
    return cast(T, _field(Shown(expression), description))


def related(
    relationship: Any, *where: Any, order_by: tuple[Any, ...] = (), cap: int = 500, description: str | None = None
) -> Any:
    """The rows of a relationship: all of them for a list field, else the first in the order given."""
    return _field(Related(relationship, where, order_by, cap), description)


def pages(
    relationship: Any = None,
    *where: Any,
    order: Any,
    filter: type | None = None,
    first: int = 50,
    cap: int = 500,
    description: str | None = None,
) -> Any:
    """A connection over a relationship, or over the whole type: with first/after, and filter/orderBy where offered."""

    def resolver(self: Any, **arguments: Any) -> Any:
        raise TypeError("planned fields are answered by the engine")

    ours = argument_types(first, filter, order if isinstance(order, enum.EnumType) else None)
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    keywords = [
        inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=d, annotation=t) for n, (t, d) in ours.items()
    ]
    resolver.__signature__ = inspect.Signature([own, *keywords])  # type: ignore[attr-defined]
    resolver.__annotations__ = {n: t for n, (t, _) in ours.items()}
    return _field(Page(relationship, where, order, filter, None, cap), description, resolver=resolver)


def either(*relationships: Any, description: str | None = None) -> Any:
    """A union: whichever of these to-one relationships is set."""
    return _field(Either(relationships), description)


def composed(*, present: Any = None, description: str | None = None, **parts: Any) -> Any:
    """An object made of expressions, without a row of its own; null where `present` (or its first part) is not.

    As the value of a field it declares it, and in the body of a planned method it is what the method returns.
    A part may be an expression or any source: many(...), through(...), another composed(...).
    """
    made = {name: part.metadata[PLAN] if hasattr(part, "metadata") else part for name, part in parts.items()}
    return _field(Composed(made, present), description)


def listed(select: Select[Any], *, cap: int = 500, description: str | None = None) -> Any:
    """A list of objects without rows of their own: the rows of a select over the type's columns, in its order.

    The select's columns are named as the fields of the objects; for a list of scalars there is one column.
    """
    return _field(Listed(select, cap), description)


def computed(function: Callable[..., T], *needs: Any, description: str | None = None) -> T:
    """A leaf that SQL cannot say: a Python function over the JSON values of columns."""
    return cast(T, _field(Computed(function, needs), description))


def opened(
    sealed: SQLColumnExpression[str | None],
    *,
    otherwise: SQLColumnExpression[T] | None = None,
    description: str | None = None,
) -> T:
    """A leaf whose text stands sealed: the engine hands it to `opens` and shows what that answers.

    Of a String it is the text, of a JSON its JSON. `sealed` is null where there is none, or the viewer is not to see it:
    then `otherwise` is shown, or null.
    """
    return cast(T, _field(Opened(sealed, otherwise), description))


def planned(method: Callable[..., Any]) -> Any:
    """A field with arguments of its own, described by its docstring.

    The body runs once per plan, not per request. In it an enum or a boolean is its value, an absent argument is its
    default, and everything else a SQL parameter. It returns an expression, or what one(), many(), page(), through(),
    composed(), listed(), by_id() and by_ids() give.
    """
    return strawberry.field(resolver=method, metadata={PLAN: Method(method)}, description=inspect.getdoc(method))


# --- what a planned method returns ---------------------------------------------------------------


def one(of: type[T], *where: Any, order_by: tuple[Any, ...] = (), source: Any = None) -> T | None:
    """The first row for which the conditions hold, or null."""
    return cast("T | None", Rows(of, where, order_by, source))


def the(of: type[T], *where: Any, order_by: tuple[Any, ...] = (), source: Any = None) -> T:
    """A row that must be there; where it is not, the client gets an error and not a null."""
    return cast(T, Rows(of, where, order_by, source))


def many(
    of: type[T],
    *where: Any,
    order_by: tuple[Any, ...] = (),
    source: FromClause | Select[Any] | None = None,
    cap: int = 500,
) -> list[T]:
    """All rows for which the conditions hold; more than `cap` of them are an error."""
    return cast("list[T]", Rows(of, where, order_by, source, cap))


def page(of: Any, *where: Any, order: Any, source: Any = None, cap: int = 500) -> Any:
    """A page (either sort of connection) of a type or of a relationship. The method's own `first` and `after` say which."""
    return Page(of, where, order, None, source, cap)


def through(relationship: Any, *where: Any, order_by: tuple[Any, ...] = (), cap: int = 500) -> Any:
    """The rows of a relationship, narrowed by a planned method's arguments."""
    return Related(relationship, where, order_by, cap)


def by_id(of: type[T], id: Any) -> T | None:
    """The row with this id in whichever planned type of an interface has it."""
    return cast("T | None", ByIds(of, id, is_list=False))


def by_ids(of: type[T], ids: Any, *, cap: int = 500) -> list[T | None]:
    """The rows with these ids, in their order; null where there is none to be seen."""
    return cast("list[T | None]", ByIds(of, ids, is_list=True, cap=cap))


def keyed(of: type[T], id: Any) -> T:
    """What an ordinary resolver returns in place of an object: the engine answers the selection after it returned."""
    return cast(T, Key(of, id))


# --- the viewer ----------------------------------------------------------------------------------

VIEWER = "viewer_"


def of_viewer(attribute: str, sql_type: TypeEngine[T]) -> BindParameter[T]:
    """An attribute of the viewer. All viewers share a plan, so in it a viewer is only ever a parameter."""
    return bindparam(VIEWER + attribute, type_=sql_type, required=True)


# --- the object around a planned field -------------------------------------------------------------------------------

PARENT = "parent_"


def of_parent(attribute: str, sql_type: TypeEngine[T]) -> BindParameter[T]:
    """An attribute of the object that an ordinary resolver returned, for a planned field on its type.

    So an action or an ordinary query may decide *which* rows, and the field says what is shown of them.
    """
    return bindparam(PARENT + attribute, type_=sql_type, required=True)


# --- the context of the request --------------------------------------------------------------------------------------

CONTEXT = "context_"


def of_context(attribute: str, sql_type: TypeEngine[T]) -> BindParameter[T]:
    """An attribute of the request's context, for what a watch writes down. Fields know nothing of it."""
    return bindparam(CONTEXT + attribute, type_=sql_type, required=True)


def argument(of: Any, description: str) -> Any:
    """`Annotated[of, strawberry.argument(description=…)]`, for signatures of planned methods."""
    return Annotated[of, strawberry.argument(description=description)]
