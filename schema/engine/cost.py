"""The price of an operation, read off the same tree as its SQL, before anything runs.

A field costs 1; what stands under a list costs once per row that the list may bring: `first` or the number of ids
where the client says it, else what such a list usually holds. So a price bounds the values produced by pages.
"""

from __future__ import annotations

from collections.abc import Iterator

from .arguments import Given, Reader, Variables
from .selection import Selected

USUAL_LIST = 10  # what a plain list usually holds; its cap is a guard, not an estimate
SIZES = ("first", "ids")


class Price:
    """A tree's cost as a function of the sizes a request gives; few sizes occur, so each is priced once."""

    def __init__(self, tree: list[Selected]) -> None:
        self.tree, self.sizes = tree, tuple(_sizes(tree))
        self.known: dict[tuple[int, ...], int] = {}

    def __call__(self, variables: Variables) -> int:
        asked = tuple([_count(read(variables)) for read in self.sizes])
        price = self.known.get(asked)
        if price is None:
            if len(self.known) > 100:
                self.known.clear()
            price = self.known[asked] = cost(self.tree, variables)
        return price


def _sizes(tree: list[Selected]) -> Iterator[Reader]:
    for one in tree:
        for name in SIZES:
            given = one.arguments.get(name)
            if isinstance(given, Given) and not given.is_constant:
                yield given.read
        for children in one.children.values():
            yield from _sizes(children)


def _count(value: object) -> int:
    return len(value) if isinstance(value, list) else max(0, value) if isinstance(value, int) else 0


def cost(selected: list[Selected], variables: Variables) -> int:
    """The sum over all fields; of the types an object can have, the dearest counts."""
    return sum(
        1 + rows(one, variables) * max((cost(c, variables) for c in one.children.values()), default=0)
        for one in selected
    )


def rows(one: Selected, variables: Variables) -> int:
    """How many objects a field may bring."""
    for name in SIZES:
        given = one.arguments.get(name)
        if isinstance(given, Given):
            return _count(given.read(variables))
    if one.field is None or one.field.name in ("edges", "nodes"):
        return 1  # of a connection, whose size was counted above
    return USUAL_LIST if one.field.is_list else 1
