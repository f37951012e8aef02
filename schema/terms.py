"""Vocabularies: what a region or a ministry may extend is a Term and not an enum; inputs take its code."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from sqlalchemy import Select, Text, case, column, func, literal, select
from sqlalchemy.orm import aliased

from domain.base import models as m
from schema.engine import composed as _composed
from schema.engine import described, entity, everyone, listed, many, planned, rows_of
from schema.walls import LANGUAGE


@strawberry.type(description="A word of a vocabulary, labelled in the client's language. 术语")
class Term:
    list: str = strawberry.field(description="The vocabulary it belongs to, as in `codeLists`. 代码表名称")
    code: str = strawberry.field(description="Its code: what inputs take. 代码")
    label: str = strawberry.field(description="What people read. 标签")


def _label(word: Any) -> Any:
    return case((LANGUAGE == "en", word.label_en), else_=word.label_zh)


def term(vocabulary: str, code: Any, *, description: str | None = None) -> Any:
    """The word behind a column that holds its code; null where the column is. An unknown code is its own label."""
    word = aliased(m.Term)
    label = select(_label(word)).where(word.list == vocabulary, word.code == code).correlate_except(word)
    return _composed(
        code=code,
        list=literal(vocabulary, Text()),
        label=func.coalesce(label.scalar_subquery(), code),
        present=code.is_not(None),
        description=description,
    )


def terms(vocabulary: str, codes: Any, *, description: str | None = None) -> Any:
    """The words behind a column that holds an array of codes, in its order."""
    word = aliased(m.Term)
    given = (
        func.unnest(codes).table_valued(column("code", Text()), with_ordinality="place", name="given").render_derived()
    )
    found: Select[Any] = (
        select(
            literal(vocabulary, Text()).label("list"),
            given.c.code.label("code"),
            func.coalesce(_label(word), given.c.code).label("label"),
        )
        .select_from(given.outerjoin(word, (word.list == vocabulary) & (word.code == given.c.code)))
        .order_by(given.c.place)
    )
    return listed(found, description=description)


_CODE_LIST = rows_of("code_list", name=Text(), version=Text())


def _version(at: Any) -> Any:
    # Fixed width, so that versions compare as text, and a client's nonsense is only a text that compares oddly.
    return func.to_char(func.timezone("UTC", at), 'YYYYMMDD"T"HH24MISS.US')


_words = aliased(m.Term)


@entity(_CODE_LIST, scope=everyone(), key=("name",))
class CodeList:
    """A whole vocabulary, for phones to keep. 代码表"""

    name: str = described("The vocabulary's name: the `list` of its terms. 代码表名称")
    version: str = described("Grows with every change: send the greatest back as `changedSince`. 版本")
    terms: list[Term] = listed(
        select(_words.list.label("list"), _words.code.label("code"), _label(_words).label("label"))
        .where(_words.list == _CODE_LIST.c.name)
        .order_by(_words.position, _words.code),
        description="Its words, in their order. 术语",
    )


@strawberry.type
class TermQueries:
    """The root field for vocabularies."""

    @planned
    def code_lists(
        self,
        changed_since: Annotated[
            str | None,
            strawberry.argument(description="The greatest version the client has; absent: all lists. 已有版本"),
        ] = None,
    ) -> list[CodeList]:
        """All vocabularies, or those that changed since a version. 代码表"""
        newest = _version(func.max(m.Term.changed_at))
        lists = select(m.Term.list.label("name"), newest.label("version")).group_by(m.Term.list)
        if changed_since is not None:
            lists = lists.having(newest > changed_since)
        return many(CodeList, source=lists, order_by=(_CODE_LIST.c.name,))
