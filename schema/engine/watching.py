"""Who was shown what: beside its text, a statement gathers about whom a watched field was shown, and notes it itself.

A row whose watched field is shown says about whom (its `subject`); laterals hand that upward beside their text, as a
column `s` beside `o`. The statement then writes it down before anything leaves:

    WITH viewer AS (…), answer AS (SELECT … AS body, … AS seen FROM viewer LEFT JOIN LATERAL …),
      noted AS (INSERT INTO … SELECT … FROM answer WHERE seen IS NOT NULL)
    SELECT convert_to(body, 'UTF8') FROM answer

So nothing is shown without its note, and it stays one round trip. A plan that shows nothing watched, to viewers who have
these flags, is the plan that it would be without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Insert, case, true

from .selection import Selected
from .sql import Sql

Entry = Callable[[Any, list[str], str], Insert]


@dataclass(frozen=True, eq=False)
class Watched:
    """A field whose being shown is noted.

    kind      what it tells of somebody, in the application's word
    subject   about whom: a text over the columns of the type that has the field, without commas; None: about nobody in
              particular, and the request is noted whatever it shows
    when      in which rows it is shown at all to this viewer
    """

    kind: str
    subject: Any = None
    when: Any = field(default_factory=true)

    @cached_property
    def told(self) -> Any:
        """The subject, where the field is shown."""
        return case((self.when, self.subject))


@dataclass(frozen=True, eq=False)
class Watch:
    """What an application wants to know of its reads.

    fields   "Type.field" -> Watched
    entry    (the statement's own answer, with the columns `seen` and `body`; the kinds it shows; the plan's name) -> the
             INSERT that notes it. `seen` is the subjects with commas between, some more than once; null where there are
             none, and then nothing need be noted but for kinds without a subject.
    settings settings of PostgreSQL, for the transaction of such a statement alone
    """

    fields: Mapping[str, Watched]
    entry: Entry
    settings: Mapping[str, str] = field(default_factory=dict)

    def shown(self, tree: Iterable[Selected], is_never: Callable[[Any], bool]) -> dict[str, Watched]:
        """The watched fields of a selection, without those that these viewers are never shown."""
        names = {name for name in _names(tree) if name in self.fields}
        return {name: one for name in sorted(names) if not is_never((one := self.fields[name]).when)}


def _names(tree: Iterable[Selected]) -> Iterator[str]:
    for one in tree:
        if one.field is not None:
            yield f"{one.field.parent}.{one.field.name}"
        for children in one.children.values():
            yield from _names(children)


def with_seen(text: Sql, seen: Sql | None) -> list[Any]:
    """What a subquery answers: its text, and about whom it was shown, where anything is watched below."""
    return [text.label("o")] if seen is None else [text.label("o"), seen.label("s")]


def has_seen(subquery: Any) -> bool:
    """Whether a subquery answers the second column."""
    return "s" in subquery.selected_columns
