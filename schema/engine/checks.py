"""Every mistake in the declarations, found at load and told all at once.

First what can be seen by looking; then each planned field is compiled once, so that a body which cannot be SQL, or an
expression over the wrong table, is a mistake at load and not an error of the first request.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, get_named_type, is_leaf_type
from sqlalchemy import ARRAY, DateTime, Enum, Select
from sqlalchemy.sql.elements import ColumnClause
from sqlalchemy.sql.visitors import iterate

from .arguments import Given, is_list_type
from .builder import Builder
from .catalogue import Catalogue, Field, PlannedType
from .codecs import python_enum
from .compile import KeyedPart, plan_of
from .connections import CONNECTIONS
from .filters import rule_of
from .orders import By, Order
from .selection import Selected
from .sources import Composed, Computed, Either, Listed, Opened, Page, Related, Shown
from .sql import Row, clause


def check(catalogue: Catalogue, *, by_rehearsal: bool = True) -> Catalogue:
    """The catalogue itself, or DeclarationError with every mistake that was found.

    The rehearsal compiles each planned field, which costs milliseconds a field: whoever runs it with the tests may leave
    it out where a program starts.
    """
    for planned in catalogue.types.values():
        catalogue.mistakes += _of_type(catalogue, planned)
        for field in planned.fields.values():
            catalogue.mistakes += [f"{planned.name}.{field.name}: {m}" for m in _of_field(catalogue, planned, field)]
    for named in catalogue.graphql.type_map.values():
        if isinstance(named, GraphQLInputObjectType) and not named.name.startswith("__"):
            catalogue.mistakes += _of_filter(named)
    catalogue.raise_mistakes()  # what is wrong so far would only be said again, worse, by compiling it
    for planned in catalogue.types.values() if by_rehearsal else ():
        for field in planned.fields.values():
            if field.source is not None and not planned.is_connection:
                catalogue.mistakes += _rehearsed(catalogue, planned, field)
    catalogue.raise_mistakes()
    return catalogue


def _of_type(catalogue: Catalogue, planned: PlannedType) -> Iterator[str]:
    if planned.entity is None:
        return
    if planned.entity.scope is None:
        yield f"{planned.name}: no scope. Say which rows a viewer may see: entity(…, scope=…), or scope=everyone()."
    mapper = planned.entity.mapper
    if mapper is not None and len(mapper.tables) != 1:
        yield f"{planned.name}: {mapper.class_.__name__} is mapped to several tables. Declare a type over one of them."


def _of_filter(named: GraphQLInputObjectType) -> Iterator[str]:
    rules = [rule_of(named, name) for name in named.fields if "strawberry-definition" in named.fields[name].extensions]
    if any(rules) and not all(rules):
        for name in named.fields:
            if rule_of(named, name) is None:
                yield f"{named.name}.{name}: no condition. Say equals(), is_in(), contains(), matches() or some()."


def _of_field(catalogue: Catalogue, planned: PlannedType, field: Field) -> Iterator[str]:
    source, declared = field.source, field.graphql.extensions.get("strawberry-definition")
    if source is None:
        return
    if getattr(declared, "permission_classes", None) or getattr(declared, "extensions", None):
        yield "permissions and extensions do not run on planned fields. Put the rule into the scope or into a mask."
    if planned.entity is None and isinstance(source, Shown | Related | Either | Computed | Opened):
        yield f"{planned.name} has no rows for this to stand on. Decorate it with entity(…), or use composed()."
        return
    if field.is_leaf and field.named_type.name not in catalogue.codecs:
        name = field.named_type.name
        yield f"no codec for the scalar {name}. Give one: Engine(scalars={{'{name}': text_codec()}})."
        return
    if isinstance(source, Shown):
        yield from _of_expression(catalogue, planned, field, clause(source.expression))
    elif isinstance(source, Computed) and (not field.is_leaf or field.is_list):
        yield "only leaves can be computed in Python. Make it a root field, or related()."
    elif isinstance(source, Opened) and (field.is_list or field.named_type.name not in ("String", "JSON")):
        yield "what is opened is text or JSON. Make it a str or a JSON."
    elif isinstance(source, Related):
        yield from _of_relationship(catalogue, field, source.attribute, source.where, source.order_by)
    elif isinstance(source, Either):
        for attribute in source.attributes:
            yield from _of_relationship(catalogue, field, attribute, (), ())
    elif isinstance(source, Composed):
        yield from _of_parts(catalogue, field, set(source.parts))
    elif isinstance(source, Listed) and not field.is_leaf:
        yield from _of_parts(catalogue, field, {c.name for c in source.select.selected_columns})
    elif isinstance(source, Page):
        yield from _of_page(catalogue, field, source)
    if isinstance(source, Listed) and not field.is_list:
        yield "listed() gives a list. Write list[…]."


def _of_expression(catalogue: Catalogue, planned: PlannedType, field: Field, expression: Any) -> Iterator[str]:
    if not field.is_leaf:
        yield f"a column cannot be a {field.named_type.name}. Use related(), composed() or pages()."
        return
    if (
        not field.is_nullable
        and getattr(expression, "nullable", False)
        and getattr(expression, "table", None) is not None
    ):
        yield f"non-null over the nullable column {expression}. Write `| None`."
    sql_type = expression.type
    if field.is_list != isinstance(sql_type, ARRAY):
        yield f"the expression is {sql_type!r}, which is {'no' if field.is_list else 'a'} list."
        return
    sql_type = sql_type.item_type if isinstance(sql_type, ARRAY) else sql_type
    if isinstance(sql_type, DateTime) and not sql_type.timezone:
        yield "an instant without a time zone. Use DateTime(timezone=True)."
    wanted = () if isinstance(field.named_type, GraphQLEnumType) else catalogue.codec(field.named_type).python_types
    try:
        python_type = str if isinstance(sql_type, Enum) else sql_type.python_type
    except NotImplementedError:
        return  # NULL, geometry and the like: SQL will say
    if wanted and not issubclass(python_type, wanted) and python_type not in (object, type(None)):
        yield f"{field.named_type.name} over a column of type {sql_type!r}. Change the annotation, or cast() the column."


def _of_relationship(
    catalogue: Catalogue, field: Field, attribute: Any, where: tuple[Any, ...], order_by: tuple[Any, ...]
) -> Iterator[str]:
    prop = getattr(attribute, "property", None)
    if prop is None or not hasattr(prop, "mapper"):
        yield f"{attribute} is no relationship."
        return
    if field.is_leaf:
        yield f"{attribute} is a relationship, and {field.named_type.name} a leaf. Show one of its target's columns."
        return
    if catalogue.entity_over(field.named_type, prop.mapper.class_) is None:
        yield f"{attribute} leads to {prop.mapper.class_.__name__}, and {field.named_type.name} does not stand on that."
    if field.is_list and not prop.uselist:
        yield f"{attribute} leads to one row, not to a list."
    if not field.is_list and prop.uselist and not order_by and not where:
        yield f"{attribute} leads to many rows. Write list[…], or say by order_by= which is the first."


def _of_parts(catalogue: Catalogue, field: Field, given: set[str]) -> Iterator[str]:
    known = catalogue.types.get(field.named_type.name)
    if known is None or known.entity is not None:
        yield f"{field.named_type.name} is no plain object type that could be composed."
        return
    wanted = {f.python_name for f in known.fields.values()}
    if missing := sorted(wanted - given):
        yield f"{known.name} needs {', '.join(missing)} as well."
    if unknown := sorted(given - wanted):
        yield f"{known.name} has no {', '.join(unknown)}."


def _of_page(catalogue: Catalogue, field: Field, source: Page) -> Iterator[str]:
    known = catalogue.types.get(field.named_type.name)
    if known is None or not known.is_connection:
        yield f"a page is a {' or a '.join(c.__name__ for c in CONNECTIONS)}, not a {field.named_type.name}."
        return
    node = catalogue.node_of(field.named_type)
    if node.entity is None:
        yield f"{node.name} has no rows. Decorate it with entity(…)."
        return
    if not node.entity.key:
        yield f"{node.name} has no key to make its order total. Say entity(…, key=(…))."
    if source.of is not None and not isinstance(source.of, type):
        model = source.of.property.mapper.class_
        if node.entity.shape is not model:
            yield f"{source.of} leads to {model.__name__}, and {node.name} does not stand on that."
    if isinstance(source.order, type):
        if not issubclass(source.order, Order):
            yield f"{source.order.__name__} is no Order."
        for member in source.order:  # type: ignore[attr-defined]
            if not isinstance(member.value, By):
                yield f"{source.order.__name__}.{member.name} is not made with by(…)."


# --- rehearsal -----------------------------------------------------------------------------------


class StrictRow(Row):
    """A row that looks at what became of every expression read through it."""

    def read(self, expression: Any) -> Any:
        made = super().read(expression)
        for inner in iterate(made) if self.table is not None else ():
            if isinstance(inner, ColumnClause) and inner.table is not None and self.owns(inner):
                raise TypeError(
                    f"{inner} stands where it cannot mean this row's column. In a subquery over the type's own table use "
                    "aliased(); name a set-returning function once, by render_derived(), and use that one's columns."
                )
            if isinstance(inner, Select) and (not (froms := inner.get_final_froms()) or self.table in froms):
                raise TypeError("a subquery over the type's own table cannot tell the two apart: use aliased() in it.")
        return made


class Rehearsal(Builder):
    row_class = StrictRow


def _rehearsed(catalogue: Catalogue, planned: PlannedType, field: Field) -> Iterator[str]:
    """Compiles the field alone, with all its arguments and with as few as may be."""
    for is_full in (False, True):
        try:
            asked = rehearsal(catalogue, planned, field, is_full)
            if asked is not None:
                plan_of(catalogue, "rehearsal", catalogue.types[catalogue.query_name], *asked, {}, Rehearsal)
        except Exception as error:
            why = error if isinstance(error, TypeError) else repr(error)
            yield f"{planned.name}.{field.name}: cannot be compiled: {why}"
            return


def rehearsal(
    catalogue: Catalogue, planned: PlannedType, field: Field, is_full: bool
) -> tuple[list[Selected], list[KeyedPart]] | None:
    """What plan_of() compiles for this field alone; None for rows that only a planned method brings: they go with it."""
    one = _asked(catalogue, field, is_full)
    if planned.entity is None:
        return [one], []
    if planned.entity.mapper is not None and planned.entity.key:
        return [], [KeyedPart("keys", planned, [one])]
    return None


def _asked(catalogue: Catalogue, field: Field, is_full: bool, depth: int = 0) -> Selected:
    arguments: dict[str, Any] = {}
    for name, argument in field.graphql.args.items():
        value = _example(argument.type, is_full, depth=0)
        is_required = str(argument.type).endswith("!")
        if is_full or is_required:
            arguments[name] = value
    children: dict[str, list[Selected]] = {}
    if not field.is_leaf:
        for member in catalogue.members(field.named_type):
            inner = [f for f in member.fields.values() if f.is_leaf or (depth < 3 and _is_inside(catalogue, member, f))]
            children[member.name] = [_asked(catalogue, f, is_full, depth + 1) for f in inner]
    return Selected(field.name, field, arguments, children, [])


def _is_inside(catalogue: Catalogue, member: PlannedType, field: Field) -> bool:
    """Whether a field belongs to its parent's own text: what a connection holds, and objects without rows."""
    known = catalogue.types.get(field.named_type.name)
    return (
        (known is not None and known.entity is None and not known.is_connection)
        or member.is_connection
        or "Edge" in member.name
    )


def _example(of: Any, is_full: bool, depth: int) -> Any:
    named = get_named_type(of)
    if isinstance(named, GraphQLInputObjectType):
        fields = list(named.fields.items())
        if named.is_one_of:
            fields = fields[:1]
        one = {
            n: _example(f.type, is_full, depth + 1)
            for n, f in fields
            if depth < 2 or is_leaf_type(get_named_type(f.type))
        }
        return [one] if is_list_type(of) else one
    now: Any = next(iter(python_enum(named))) if isinstance(named, GraphQLEnumType) else named.name == "Boolean"
    value = [now] if is_list_type(of) else now
    return Given(lambda _: value, value, True)
