"""Connections: a page of rows, its cursors, whether it goes on, and how many rows there are in all.

    select '{"edges":[' || string_agg(o1) filter (where n <= first) || …           the page
      from (select '{"cursor":…,"node":…}' as o1, n, cursor                          its rows as text, laterals joined
              from (select t.…, row_number() over (…) as n                           what the page needs, limited first
                      from household t where … order by … limit first + 1) …) …

The extra row and its number are there only where `hasNextPage` is asked for.
"""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import Integer, Select, func, literal_column, select
from sqlalchemy.sql.elements import ColumnClause
from sqlalchemy.sql.visitors import iterate

from .arguments import Given, Variables, named_input
from .builder import Builder
from .catalogue import Field, PlannedType
from .cursors import beyond, cursor, order_name, read_size
from .filters import conditions
from .lists import hung, joined_to, keys_of, scope
from .orders import SortKey, ordering
from .selection import Selected
from .sources import Page
from .sql import Joined, Raw, Row, Sql, clause, from_source, together
from .watching import has_seen, with_seen


class _Asked:
    """What is asked of a connection, over all its aliases."""

    def __init__(self, selected: list[Selected]) -> None:
        def named(name: str) -> list[Selected]:
            return [c for c in selected if c.field is not None and c.field.name == name]

        self.rows = named("edges") + named("nodes")
        self.infos = [f.field.name for c in named("pageInfo") for f in c.children["PageInfo"] if f.field is not None]
        self.more = "hasNextPage" in self.infos
        self.end = "endCursor" in self.infos
        self.is_empty = not self.rows and not self.infos


class _Pager:
    """One connection under construction."""

    def __init__(self, builder: Builder, row: Row, one: Selected, field: Field, source: Page) -> None:
        self.builder, self.row, self.one, self.field, self.source = builder, row, one, field, source
        self.planned: PlannedType = builder.catalogue.node_of(field.named_type)
        self.name = field.named_type.name
        self.asked = _Asked(one.children[self.name])
        chosen = one.arguments.get("orderBy")
        order = chosen.now if isinstance(chosen, Given) else _default_order(source.order)
        self.order_name = getattr(order, "name", "")
        self.keys: list[SortKey] = keys_of(builder.row(self.planned), order)
        self.alias = builder.name("a")

    def where(self, target: Row) -> list[Any]:
        """Which rows the connection is over, whatever the page."""
        found = [scope(self.builder, target)]
        if self.source.of is not None and not isinstance(self.source.of, type):
            found.append(joined_to(self.row, self.source.of, target))
        found += [self.row.read(target.read(w)) for w in self.source.where]
        asked = self.one.arguments.get("filter")
        if self.source.filter is not None and asked is not None:
            shape = named_input(self.field.graphql.args["filter"].type)
            found += [
                target.read(c) for c in conditions(asked, shape, self.builder.binds, self.builder.catalogue.scope_of)
            ]
        return found

    def has_choice(self) -> bool:
        """Whether PostgreSQL must choose between the scope's index and the order's, as no index begins with both.

        With a scope that shows little, sorting what it shows is best; with one that shows much, walking the order.
        """
        assert self.planned.entity is not None
        scope = iterate(clause(self.planned.entity.scope))
        scoped = {c.name for c in scope if isinstance(c, ColumnClause) and c.table is self.planned.table}
        return bool(scoped) and self.keys[0].column.key not in scoped

    def from_(self, target: Row) -> Any:
        source = target.table if self.source.source is None else self.row.read(self.source.source)
        return from_source(source, target.alias)

    def size(self, more: int) -> Any:
        given, cap = self.one.arguments["first"], self.source.cap

        def read(variables: Variables) -> int:
            return read_size(given.read(variables), cap) + more

        return self.builder.binds.bind(Given(read, None, False), Integer(), lambda size: size)

    # --- the rows of the page

    def items(self) -> Select[Any]:
        """The page's rows: a text per alias of edges and nodes, the number n, and the cursor where it is asked for."""
        target = self.builder.row(self.planned)
        kept = self.builder.row(self.planned)
        name = order_name(self.keys, self.order_name)
        at = cursor(name, self.keys, [kept.read(k.column) for k in self.keys])
        texts = [self._text(kept, child, at).label(f"o{i}") for i, child in enumerate(self.asked.rows)]
        if self.asked.end:
            texts.append(at.label("cursor"))
        columns = [target.read(k.column) for k in self.keys]
        order = ordering(self.keys, columns)
        number: Sql = literal_column(f"{kept.alias}.n")
        outer_order = [number] if self.asked.more else ordering(self.keys, [kept.read(k.column) for k in self.keys])
        where = self.where(target)
        after = self.one.arguments.get("after")
        if isinstance(after, Given):
            where.append(beyond(name, self.keys, columns, after, self.builder.binds))
        picked = kept.picked(target)
        seen = kept.seen()
        if seen is not None:
            texts.append(seen.label("s"))
        if self.asked.more:
            picked.append(func.row_number().over(order_by=order).label("n"))
            texts.append(number.label("n"))
        limited = select(*picked).select_from(self.from_(target)).where(*where).order_by(*order)
        limited = limited.limit(self.size(1 if self.asked.more else 0))
        source = kept.joined(limited.subquery(kept.alias))
        return select(*(texts or [literal_column("1").label("nothing")])).select_from(source).order_by(*outer_order)

    def _text(self, kept: Row, asked: Selected, at: Sql) -> Sql:
        if asked.field is not None and asked.field.name == "nodes":
            return self.builder.object(kept, self.planned, asked.children[self.planned.name])
        ((edge_name, children),) = asked.children.items()
        parts: list[str | Sql] = []
        before = "{"
        for child in children:
            parts.append(f'{before}"{child.key}":')
            before = ","
            if child.field is None:
                parts.append(f'"{edge_name}"')
            elif child.field.name == "cursor":
                parts += ['"', at, '"']
            else:
                parts.append(self.builder.object(kept, self.planned, child.children[self.planned.name]))
        return Joined([*parts, "}"])

    # --- the page

    def page(self) -> Select[Any]:
        asked = None if self.asked.is_empty else self.items()
        items = None if asked is None else asked.subquery(self.alias)
        size = self.size(0) if self.asked.more else None
        parts: list[str | Sql] = []
        before, texts = "{", iter(range(len(self.asked.rows)))
        numbers = {id(child): n for child, n in zip(self.asked.rows, texts, strict=True)}
        for child in self.one.children[self.name]:
            parts.append(f'{before}"{child.key}":')
            before = ","
            if child.field is None:
                parts.append(f'"{self.name}"')
            elif id(child) in numbers:
                parts += ["[", self._together(f"o{numbers[id(child)]}", size), "]"]
            elif child.field.name == "totalCount":
                parts.append(self.total())
            else:
                parts.append(self.page_info(child, size))
        seen = None
        if asked is not None and has_seen(asked):
            # The row beyond the page, which tells whether there is more, is shown to nobody.
            seen = Raw(f"string_agg({self.alias}.s, ',') FILTER (WHERE ", self._on_page(size), ")")
        whole = select(*with_seen(Joined([*parts, "}"]), seen))
        if items is None:
            # Nothing of the page is asked, but what was said of it must still be right.
            return whole.where(self.size(0) >= literal_column("0"))
        # HAVING makes one row of the page even where nothing aggregated was asked.
        return whole.select_from(items).having(func.count() >= literal_column("0"))

    def _together(self, column: str, size: Any) -> Sql:
        return together(f"{self.alias}.{column}", None if size is None else self._on_page(size))

    def _on_page(self, size: Any) -> Sql:
        return Raw("true") if size is None else Raw(f"{self.alias}.n <= ", size)

    def total(self) -> Sql:
        other = self.builder.row(self.planned)
        counted = select(func.count()).select_from(self.from_(other)).where(*self.where(other)).scalar_subquery()
        return Raw("CAST(", counted, " AS TEXT)")

    def page_info(self, info: Selected, size: Any) -> Sql:
        parts: list[str | Sql] = []
        before = "{"
        for child in info.children["PageInfo"]:
            parts.append(f'{before}"{child.key}":')
            before = ","
            if child.field is None:
                parts.append('"PageInfo"')
            elif child.field.name == "hasNextPage":
                parts.append(Raw("CASE WHEN count(*) > ", size, " THEN 'true' ELSE 'false' END"))
            else:
                last = Raw("split_part(", self._together("cursor", size), ", ',', -1)")
                parts.append(
                    Raw(
                        "CASE WHEN count(*) FILTER (WHERE ",
                        self._on_page(size),
                        ") > 0 THEN ",
                        Joined(['"', last, '"']),
                        " ELSE 'null' END",
                    )
                )
        return Joined([*parts, "}"])


def _default_order(order: Any) -> Any:
    return next(iter(order)) if isinstance(order, enum.EnumType) else order


def page(builder: Builder, row: Row, one: Selected, field: Field, source: Page) -> Sql:
    if not builder.catalogue.types[field.named_type.name].is_connection:
        raise TypeError(f"a page is a Connection, not a {field.named_type.name}.")
    if "first" not in field.graphql.args or "after" not in field.graphql.args:
        raise TypeError("a method that returns a page takes `first: int = 50, after: str | None = None`.")
    pager = _Pager(builder, row, one, field, source)
    built = pager.page()
    if row.table is None:
        builder.has_choice |= pager.has_choice()
    return hung(builder, row, built)
