"""Bounds on what clients can make the server remember, and on how fast they can make it compile."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, OperationType

from .compile import Plan
from .cost import Price
from .errors import RATE_LIMITED, refused
from .shapes import Shape, shape

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """The least recently used go first: clients choose documents and shapes, so both need a bound."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.items: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        found = self.items.get(key)
        if found is not None:
            self.items.move_to_end(key)
        return found

    def put(self, key: K, value: V) -> V:
        self.items[key] = value
        if len(self.items) > self.size:
            self.items.popitem(last=False)
        return value


@dataclass
class Prepared:
    """A parsed and validated operation, and its plans by the shape of the variables."""

    document: DocumentNode
    operation: OperationDefinitionNode
    name: str
    is_planned: bool  # every root field is the engine's, so the whole is one statement
    shapes: Mapping[str, Shape]
    plans: Bounded[Any, Plan]
    prices: Bounded[Any, Price]  # of the mixed path, where plans are known only as the places come
    reads_schema: bool = False  # asks for __schema or __type
    is_trusted: bool = False  # the application's own, or known to it: making plans of it is nobody's fault

    def shape(self, given: Mapping[str, Any]) -> Any:
        """The key of a plan for these variables."""
        return shape(self.shapes, given)

    @property
    def kind(self) -> OperationType:
        return self.operation.operation


@dataclass
class Refused:
    """A document that does not parse or validate: remembered too, or it could be sent for ever at full price.

    Whoever may not read the schema is not told what it has instead, either: `quiet` has no suggestions.
    """

    errors: list[GraphQLError] = field(default_factory=list)
    quiet: list[GraphQLError] | None = None


class Allowance:
    """How many new documents and plans each viewer may cause: `burst` at once, `per_second` in the long run.

    An alias more makes another document, so without this a cached plan's few microseconds become ten milliseconds at
    any client's will. Use as Engine(on_miss=Allowance(key=…)).
    """

    def __init__(
        self,
        *,
        key: Callable[[Any], Hashable] = lambda viewer: None,
        burst: int = 100,
        per_second: float = 20.0,
        viewers: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.key, self.burst, self.per_second, self.clock = key, burst, per_second, clock
        self._left: Bounded[Hashable, tuple[float, float]] = Bounded(viewers)

    def __call__(self, viewer: Any) -> None:
        now, key = self.clock(), self.key(viewer)
        left, then = self._left.get(key) or (float(self.burst), now)
        left = min(float(self.burst), left + (now - then) * self.per_second)
        if left < 1:
            raise refused("Too many new operations. Send values as variables, and try again shortly.", RATE_LIMITED)
        self._left.put(key, (left - 1, now))
