"""Values that stand in the row itself: expressions, Python leaves, and objects composed of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, and_, case, func, select

from .builder import Builder
from .catalogue import Field
from .codecs import as_json, to_be_opened, unfinished
from .selection import Selected
from .sources import SOURCES, Composed, Computed, Opened, Shown
from .sql import Joined, Raw, Row, Sql, clause, coalesced, quoted


def shown(builder: Builder, row: Row, one: Selected, field: Field, source: Shown) -> Sql:
    expression = row.read(source.expression)
    if field.is_list:
        return builder.or_null(_array(builder, field, expression), field)
    text = builder.catalogue.codec(field.named_type).render(expression)
    # Both say never null. A nullable field over such a column knows of rows without one: of an outer join's.
    is_never_null = getattr(expression, "nullable", True) is False and not field.is_nullable
    return text if is_never_null else builder.or_null(text, field)


def _array(builder: Builder, field: Field, expression: Any) -> Sql:
    """A column of an array type: every element by its codec, nulls where the schema allows them."""
    of = expression.type.item_type if isinstance(expression.type, ARRAY) else None
    elements = (
        func.unnest(expression, type_=of).table_valued("e", with_ordinality="n").render_derived(name=builder.name("u"))
    )
    element = elements.c.e
    element.type = of if of is not None else element.type
    text = coalesced(builder.catalogue.codec(field.named_type).render(element), null_item(field))
    items = Raw("coalesce(string_agg(", text, ", ',' ORDER BY ", elements.c.n, "), '')")
    whole = select(Joined(["[", items, "]"])).select_from(elements).scalar_subquery()
    return case((expression.is_not(None), whole))


def null_item(field: Field) -> Sql:
    """What stands for a null among the items of a list."""
    is_required = str(field.item_type).endswith("!")
    return unfinished("null", f"{field.parent}.{field.name}") if is_required else quoted("null")


def computed(builder: Builder, row: Row, one: Selected, field: Field, source: Computed) -> Sql:
    builder.computed.append(source.function)
    return unfinished("python", str(len(builder.computed) - 1), *[as_json(row.read(need)) for need in source.needs])


def opened(builder: Builder, row: Row, one: Selected, field: Field, source: Opened) -> Sql:
    codec = builder.catalogue.codec(field.named_type)
    texts: list[str | Sql] = [to_be_opened(row.read(source.sealed), is_json=field.named_type.name == "JSON")]
    if source.otherwise is not None:
        texts.append(codec.render(row.read(source.otherwise)))
    return coalesced(*texts, "null" if field.is_nullable else builder.missing(field))


def composed(builder: Builder, row: Row, one: Selected, field: Field, source: Composed) -> Sql:
    planned = builder.catalogue.types[field.named_type.name]
    text = builder.object(row, planned, one.children[planned.name], source.parts)
    present = _present(row, source)
    if present is None:
        return text
    return case((present, text), else_=quoted("null") if field.is_nullable else builder.missing(field))


def _present(row: Row, source: Composed) -> Any:
    """When there is such an object; None where there always is one."""
    if source.present is not None:
        return row.read(and_(source.present))
    first = next(iter(source.parts.values()))
    if isinstance(first, SOURCES) and not isinstance(first, Shown):
        return None
    first = row.read(first.expression if isinstance(first, Shown) else clause(first))
    return None if getattr(first, "nullable", True) is False else first.is_not(None)
