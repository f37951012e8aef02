"""Rows of other types: relationships, rows found by conditions, and rows found by id."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, Select, Table, exists, func, literal_column, select
from sqlalchemy.types import TypeEngine

from .arguments import Given
from .builder import Builder
from .catalogue import Field, PlannedType
from .codecs import receiver, unfinished
from .errors import PAGE_TOO_LARGE, refused
from .leaves import null_item
from .orders import By, SortKey, ordering, plain_order, sort_keys
from .selection import Selected
from .sources import ByIds, Either, Listed, Related, Rows
from .sql import Joined, Raw, Ref, Row, Sql, clause, coalesced, from_source, replaced, together
from .watching import has_seen, with_seen


def joined_to(row: Row, relationship: Any, target: Row) -> Any:
    """The condition of a mapped relationship between two rows; through a secondary table, a semi-join.

    A semi-join and not a join: a helper paired twice with a household is still one of its helpers.
    """
    prop = relationship.property
    if prop.secondary is None:
        return replaced(prop.primaryjoin, lambda c: target.column(c) if _is_remote(c, row, target) else row.column(c))
    between: Table = prop.secondary
    middle = Row(target.planned, between, target.alias + "m")
    near = replaced(prop.primaryjoin, lambda c: middle.column(c) if middle.owns(c) else row.column(c))
    far = replaced(prop.secondaryjoin, lambda c: middle.column(c) if middle.owns(c) else target.column(c))
    return exists(select(literal_column("1")).select_from(between.alias(middle.alias)).where(near, far))


def _is_remote(column: Any, row: Row, target: Row) -> bool:
    # Both sides of a self-reference have the same table: only SQLAlchemy's annotation tells them apart.
    return "remote" in column._annotations or not row.owns(column)


def keys_of(target: Row, order: Any) -> list[SortKey]:
    assert target.planned.entity is not None
    return sort_keys(_named(target, plain_order(order)), target.planned.entity.key)


def _named(target: Row, order: By) -> By:
    assert target.table is not None
    return By(tuple(target.table.c[c] if isinstance(c, str) else c for c in order.columns))


# --- one row -------------------------------------------------------------------------------------


def related(builder: Builder, row: Row, one: Selected, field: Field, source: Related) -> Sql:
    planned = builder.catalogue.entity_over(field.named_type, source.attribute.property.mapper.class_)
    assert planned is not None, "checked at load"
    target = builder.row(planned)
    where = [joined_to(row, source.attribute, target), *[row.read(target.read(w)) for w in source.where]]
    children = one.children[planned.name]
    if field.is_list:
        keys = keys_of(target, source.order_by)
        text = array(builder, target, target.table, where, keys, source.cap, children, field)
        return row.hang(text, builder.name("l"))
    is_single = source.attribute.property.uselist is False and not source.where
    found = first(builder, target, target.table, where, None if is_single else source.order_by, children)
    return builder.or_null(row.hang(found, builder.name("l")), field)


def either(builder: Builder, row: Row, one: Selected, field: Field, source: Either) -> Sql:
    found = []
    for attribute in source.attributes:
        planned = builder.catalogue.entity_over(field.named_type, attribute.property.mapper.class_)
        assert planned is not None, "checked at load"
        target = builder.row(planned)
        where = [joined_to(row, attribute, target)]
        subquery = first(builder, target, target.table, where, None, one.children[planned.name])
        found.append(row.hang(subquery, builder.name("l")))
    return builder.or_null(coalesced(*found), field)


def rows(builder: Builder, row: Row, one: Selected, field: Field, source: Rows) -> Sql:
    planned = builder.catalogue.by_class[source.of]
    target = builder.row(planned)
    where = [row.read(target.read(w)) for w in source.where]
    of = target.table if source.source is None else row.read(source.source)
    children = one.children[planned.name]
    if field.is_list:
        keys = keys_of(target, source.order_by)
        return hung(builder, row, array(builder, target, of, where, keys, source.cap, children, field))
    found = first(builder, target, of, where, source.order_by, children)
    return builder.or_null(hung(builder, row, found), field)


def hung(builder: Builder, row: Row, subquery: Select[Any]) -> Sql:
    """At the root there is no row to hang on: a subquery of its own, which runs after the viewer's settings are set.

    Where something is watched it has two columns, and hangs on the row of those settings. That one comes first all the
    same: on the left of a left join without a condition nothing else can stand.
    """
    is_alone = row.table is None and not builder.watched
    return subquery.scalar_subquery() if is_alone else row.hang(subquery, builder.name("l"))


def scope(builder: Builder, target: Row) -> Any:
    """The first wall. Every select of a type's rows passes here."""
    assert target.planned.entity is not None
    return target.read(target.planned.entity.scope)


def first(
    builder: Builder, target: Row, source: Any, where: list[Any], order_by: Any, children: list[Selected]
) -> Select[Any]:
    """The first row in an order; `order_by` None where there can be only one."""
    body = builder.object(target, target.planned, children)
    inner = select(*with_seen(body, target.seen())).select_from(target.joined(from_source(source, target.alias)))
    inner = inner.where(*where, scope(builder, target))
    if order_by is None:
        return inner
    keys = keys_of(target, order_by)
    return inner.order_by(*ordering(keys, [target.read(k.column) for k in keys])).limit(1)


# --- lists ---------------------------------------------------------------------------------------


def array(
    builder: Builder,
    target: Row,
    source: Any,
    where: list[Any],
    keys: list[SortKey],
    cap: int,
    children: list[Selected],
    field: Field,
) -> Select[Any]:
    """A JSON array of rows. The limit is taken before any lateral runs, so that rows beyond it cost nothing."""
    kept = builder.row(target.planned)
    body = builder.object(kept, target.planned, children)
    order = ordering(keys, [kept.read(k.column) for k in keys])
    inner_order = ordering(keys, [target.read(k.column) for k in keys])
    condition = scope(builder, target)
    limited = select(*kept.picked(target)).select_from(from_source(source, target.alias)).where(*where, condition)
    limited = limited.order_by(*inner_order).limit(literal_column(str(cap + 1)))
    source = kept.joined(limited.subquery(kept.alias))
    items = select(*with_seen(body, kept.seen())).select_from(source).order_by(*order)
    return gathered(builder, items, cap)


def gathered(builder: Builder, items: Select[Any], cap: int) -> Select[Any]:
    """One text of the column `o` of many rows; too many of them are an error, never a silent cut."""
    alias = builder.name("a")
    whole = Joined(["[", together(f"{alias}.o"), "]"])
    text = Raw(f"CASE WHEN count(*) > {cap} THEN ", unfinished("long", str(cap)), " ELSE ", whole, " END")
    seen = Raw(f"string_agg({alias}.s, ',')") if has_seen(items) else None
    return select(*with_seen(text, seen)).select_from(items.subquery(alias))


def listed(builder: Builder, row: Row, one: Selected, field: Field, source: Listed) -> Sql:
    """Objects without rows of their own, from a select over the row's columns."""
    alias = builder.name("t")
    inner = row.read(source.select.limit(literal_column(str(source.cap + 1)))).subquery(alias)
    columns = {c.name: Ref(alias, c.name, c.type) for c in clause(source.select).selected_columns}
    if field.is_leaf:
        (column,) = columns.values()
        body: Sql = coalesced(builder.catalogue.codec(field.named_type).render(column), null_item(field))
    else:
        planned = builder.catalogue.types[field.named_type.name]
        body = builder.object(Row(planned, None, alias), planned, one.children[planned.name], columns)
    return hung(builder, row, gathered(builder, select(body.label("o")).select_from(inner), source.cap))


# --- by id ---------------------------------------------------------------------------------------


def by_ids(builder: Builder, row: Row, one: Selected, field: Field, source: ByIds) -> Sql:
    given = one.arguments.get("ids" if source.is_list else "id")
    assert isinstance(given, Given), "checked at load"
    members = [m for m in builder.catalogue.members(field.named_type) if m.entity is not None]
    if source.is_list:
        return found_by_keys(builder, row, members, one.children, given, source.cap)
    found = [_by_key(builder, row, m, one.children[m.name], builder.binds.bind(given, _key_type(m))) for m in members]
    return builder.or_null(coalesced(*found), field)


def _key_type(planned: PlannedType) -> TypeEngine[Any]:
    assert planned.entity is not None
    return planned.entity.key[0].type


def _by_key(builder: Builder, row: Row, planned: PlannedType, children: list[Selected], key: Any) -> Any:
    assert planned.entity is not None
    target = builder.row(planned)
    where = [target.column(planned.entity.key[0]) == key]
    found = first(builder, target, target.table, where, None, children)
    # OFFSET 0: one key at a time, as a subquery would be. PostgreSQL must not make a join of it that reads all rows.
    return hung(builder, row, found.offset(literal_column("0")) if builder.watched else found)


def found_by_keys(
    builder: Builder,
    row: Row,
    members: list[PlannedType],
    children: dict[str, list[Selected]],
    keys: Given,
    cap: int | None = None,
) -> Sql:
    """A JSON array of objects in the order of the keys asked for, null where there is none to be seen."""
    types = {repr(_key_type(m)): _key_type(m) for m in members}
    asked, alias = [], builder.name("k")
    for sql_type in types.values():
        take = receiver(sql_type)

        def receive(values: Any, take: Any = take) -> Any:
            if cap is not None and len(values) > cap:
                raise refused(f"At most {cap} ids can be asked for at once.", PAGE_TOO_LARGE)
            return [take(v) for v in values]

        asked.append(builder.binds.bind(keys, ARRAY(sql_type), receive))
    names = {kind: f"k{i}" for i, kind in enumerate(types)}
    unnested = func.unnest(*asked).table_valued(*names.values(), with_ordinality="n").render_derived(name=alias)
    keyed = Row(members[0], None, alias)
    found = [
        _by_key(builder, keyed, m, children[m.name], literal_column(f"{alias}.{names[repr(_key_type(m))]}"))
        for m in members
    ]
    text = coalesced(*found, "null")
    items = select(*with_seen(text, keyed.seen())).select_from(keyed.joined(unnested)).order_by(unnested.c.n)
    name = builder.name("a")
    whole = Joined(["[", together(f"{name}.o"), "]"])
    seen = Raw(f"string_agg({name}.s, ',')") if has_seen(items) else None
    return hung(builder, row, select(*with_seen(whole, seen)).select_from(items.subquery(name)))
