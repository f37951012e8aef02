"""The ordinary executor with planned places.

Mutations, introspection and Python resolvers run as graphql-core runs them. A value that is a key, and a planned field
on a type without rows, is left to the engine: all such places of one moment are answered by one statement, whose plan is
cached with the operation's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import ExecutionResult, GraphQLError, GraphQLNonNull, OperationType
from graphql import subscribe as subscribe_document
from graphql.execution import execute_root_selection_set
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from .answers import Answer, RequestError, failed, respond
from .cache import Prepared
from .compile import AROUND, AT_HAND, KeyedPart, Plan
from .cost import Price
from .errors import BAD_USER_INPUT, Unavailable, coded, refused, without_values
from .finish import Finisher, is_finished, opened, read_body
from .selection import Selected, Selection
from .sources import Key

if TYPE_CHECKING:
    from .engine import Charge, Engine


@dataclass(eq=False)
class Place:
    """A position the executor leaves to the engine: a planned root field, or an object known by its key."""

    id: tuple[str, ...]  # the keys of its path without indices, and its type: decides the part of the plan
    selected: Selected
    key: Key | None
    around: Any  # the object whose planned field it is; None at the root and for keys
    path: list[str | int]
    answer: asyncio.Future[Any]


@dataclass(eq=False)
class Request:
    """One operation on its way: what the executor and the planned places share."""

    engine: Engine
    prepared: Prepared
    given: dict[str, Any]
    viewer: Any
    context: Any
    places: list[Place] = field(default_factory=list)
    selected: dict[tuple[str, ...], Selected] = field(default_factory=dict)
    errors: list[GraphQLError] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)  # the loop itself keeps only a weak reference
    cost: int = 0


# Not in the context, which is the resolvers' own; the tasks of an execution inherit it.
CURRENT: ContextVar[Request] = ContextVar("engine_request")


async def execute(
    engine: Engine, prepared: Prepared, raw: Mapping[str, Any] | None, viewer: Any, context: Any, charge: Charge
) -> Answer:
    """Answers a query or mutation; raises GraphQLError or RequestError where nothing may run, Unavailable in between."""
    if prepared.kind is OperationType.SUBSCRIPTION:
        raise refused("Subscriptions are answered by Engine.subscribe.")
    name = prepared.operation.name
    executor = Executor.build(
        engine.catalogue.graphql, prepared.document, None, context, dict(raw or {}), name.value if name else None
    )
    if isinstance(executor, list):
        raise RequestError(coded(without_values(executor), BAD_USER_INPUT))
    request = Request(engine, prepared, executor.variable_values.coerced, viewer, context)
    request.cost = _check_cost(request)
    charge(request.cost)
    token = CURRENT.set(request)
    try:
        result = execute_root_selection_set(executor)
        done = result if isinstance(result, ExecutionResult) else await result
    finally:
        CURRENT.reset(token)
        for task in request.tasks:  # whoever was cancelled waits for them no more, and neither does the database
            task.cancel()
    if done.data is None or prepared.kind is OperationType.QUERY:
        for error in done.errors or ():
            if isinstance(error.original_error, Unavailable):
                raise error.original_error
    return respond(done.data, engine.told(_outward(request, done.errors or []), viewer), request.cost)


async def subscribe(
    engine: Engine,
    query: str,
    raw: Mapping[str, Any] | None,
    viewer: Any,
    operation_name: str | None,
    context: Any,
    charge: Charge,
) -> AsyncGenerator[Answer, None]:
    """One answer per event; a refusal, a failing resolver or an event that cannot be answered is the end, and says so."""
    try:
        prepared = engine.prepare(query, operation_name, viewer)
        given = engine.coerce(prepared, raw)
        if prepared.kind is not OperationType.SUBSCRIPTION:
            raise refused("Only subscriptions are answered by Engine.subscribe.")
        request = Request(engine, prepared, given, viewer, context)
        request.cost = _check_cost(request)
        charge(request.cost)
    except RequestError as refusal:
        yield failed(engine.told(refusal.errors, viewer))
        return
    except GraphQLError as error:
        yield failed(engine.told([error], viewer))
        return
    token = CURRENT.set(request)
    try:
        name = prepared.operation.name
        stream: Any = subscribe_document(
            engine.catalogue.graphql,
            prepared.document,
            context_value=context,
            variable_values=dict(raw or {}),
            operation_name=name.value if name else None,
            executor_class=Executor,
        )
        if asyncio.iscoroutine(stream) or isinstance(stream, asyncio.Future):
            stream = await stream
        if isinstance(stream, ExecutionResult):
            yield failed(engine.told(_outward(request, stream.errors or []), viewer))
            return
    finally:
        CURRENT.reset(token)
    async with aclosing(stream) as events:  # whoever stops listening stops the resolver, too
        while True:
            failure: GraphQLError | None = None
            token = CURRENT.set(request)
            try:
                event = await anext(events, None)
            except Exception as error:
                failure = error if isinstance(error, GraphQLError) else engine.outward(error, prepared.name, viewer)
            finally:
                CURRENT.reset(token)
            if failure is not None:
                yield failed(engine.told([failure], viewer))
                return
            if event is None:
                return
            errors, request.errors = engine.told(_outward(request, event.errors or []), viewer), []
            if event.data is None:
                # Whoever listens would take the next event for all that happened. The end tells them to ask anew.
                yield failed(errors)
                return
            yield respond(event.data, errors, request.cost)


def _check_cost(request: Request) -> int:
    """Planned and ordinary fields alike are priced, before any resolver runs."""
    engine, prepared = request.engine, request.prepared
    key = prepared.shape(request.given)
    price = prepared.prices.get(key)
    if price is None:
        engine.miss(prepared, request.viewer)
        root = engine.catalogue.graphql.get_root_type(prepared.kind)
        assert root is not None
        selection = Selection(engine.catalogue, prepared.document, request.given)
        tree = selection.of(engine.catalogue.types[root.name], [prepared.operation.selection_set])
        price = prepared.prices.put(key, Price(tree))
    return engine.check_cost(price, request.given)


def _outward(request: Request, errors: list[GraphQLError]) -> list[GraphQLError]:
    """What clients may see: our own refusals and what the application translates; the rest is masked and told."""
    seen = []
    for error in [*errors, *request.errors]:
        original = error.original_error
        if original is None or isinstance(original, GraphQLError):
            seen.append(error)
            continue
        known = request.engine.outward(original, request.prepared.name, request.viewer)
        seen.append(GraphQLError(known.message, nodes=error.nodes, path=error.path, extensions=known.extensions))
    unique = {(e.message, tuple(e.path or ())): e for e in seen}
    return list(unique.values())


class Executor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor, but for planned fields and keys."""

    def execute_field(
        self, parent_type: Any, source: Any, field_details_list: Any, path: Any, position_context: Any
    ) -> Any:
        request = CURRENT.get()
        planned = request.engine.catalogue.types.get(parent_type.name)
        known = None if planned is None else planned.fields.get(field_details_list[0].node.name.value)
        if known is None or known.source is None:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        nodes = [details.node for details in field_details_list]
        return self._answered(request, parent_type.name, nodes, path, known.graphql.type, source, field_details_list)

    def complete_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        if not isinstance(result, Key):
            return super().complete_value(return_type, field_details_list, info, path, result, position_context)
        return self._key(return_type, field_details_list, info, path, result)

    async def _key(self, return_type: Any, field_details_list: Any, info: Any, path: Any, key: Key) -> Any:
        request = CURRENT.get()
        value = await self._place(request, info.parent_type.name, info.field_nodes, path, key, None)
        if value is None and isinstance(return_type, GraphQLNonNull):
            raise self._why(request, path, f"{info.parent_type.name}.{info.field_name}", info.field_nodes)
        return value

    async def _answered(
        self, request: Request, parent: str, nodes: Any, path: Any, of: Any, around: Any, details: Any
    ) -> Any:
        try:
            value = await self._place(request, parent, nodes, path, None, around)
            if value is None and isinstance(of, GraphQLNonNull):
                raise self._why(request, path, f"{parent}.{nodes[0].name.value}", nodes)
            return value
        except Exception as error:
            self.handle_field_error(error, of, details, path)
            return None

    @staticmethod
    def _why(request: Request, path: Any, name: str, nodes: Any) -> GraphQLError:
        """The error under this place that made it null; graphql-core carries it on upwards."""
        here = path.as_list()
        for error in request.errors:
            if (error.path or [])[: len(here)] == here:
                return error
        return GraphQLError(f"Cannot return null for non-nullable field {name}.", nodes=nodes, path=here)

    async def _place(self, request: Request, parent: str, nodes: Any, path: Any, key: Key | None, around: Any) -> Any:
        catalogue, steps = request.engine.catalogue, path.as_list()
        keys = [step for step in steps if isinstance(step, str)]
        place_id = (*keys, parent, "" if key is None else catalogue.by_class[key.of].name)
        selected = request.selected.get(place_id)
        if selected is None:
            selection = Selection(catalogue, request.prepared.document, request.given)
            selected = selection.field(catalogue.types[parent], keys[-1], list(nodes))
            request.selected[place_id] = selected
        loop = asyncio.get_running_loop()
        place = Place(place_id, selected, key, around, steps, loop.create_future())
        if not request.places:
            # The next turn of the loop: by then every place that is ready now has been found.
            loop.call_soon(_begin, request)
        request.places.append(place)
        return await place.answer


def _begin(request: Request) -> None:
    places, request.places = request.places, []
    task = asyncio.ensure_future(answer(request, places))
    request.tasks.add(task)
    task.add_done_callback(request.tasks.discard)


async def answer(request: Request, places: list[Place]) -> None:
    """Answers places with one statement: planned fields under their names, objects grouped by selection."""
    engine = request.engine
    groups: dict[tuple[str, ...], list[Place]] = {}
    for place in sorted(places, key=lambda p: p.id):  # places come in any order, and the plan should not depend on it
        groups.setdefault(place.id, []).append(place)
    try:
        plan = _plan(request, groups)
        if plan.is_of_parent and len(parted := _parted(places)) > 1:
            # Their parameters have the same names: each object around gets a statement of its own.
            await asyncio.gather(*(answer(request, part) for part in parted))
            return
        around = {AROUND: places[0].around, AT_HAND: request.context}
        keys = {f"k{n}": [p.key.id for p in g if p.key is not None] for n, g in enumerate(groups.values())}
        values = plan.values({**request.given, **keys, **around}, request.viewer)
        raw = opened(await engine.pool.fetchval(plan.sql, *values), engine.opens)
        body, is_whole = read_body(raw), is_finished(raw)
        for n, group in enumerate(groups.values()):
            for i, place in enumerate(group):
                value = body["data"][f"r{n}"] if place.key is None else body[f"k{n}"][i]
                if not is_whole:
                    finisher = Finisher(plan, engine.catalogue, engine.on_surprise)
                    if place.key is None:
                        value = finisher.root(value, place.selected, place.path)
                    else:
                        value = finisher.item(value, place.selected.children[place.id[-1]], place.path)
                    request.errors += finisher.errors
                if not place.answer.done():  # a sibling's null may have given it up
                    place.answer.set_result(value)
    except Unavailable as error:
        for place in places:
            if not place.answer.done():
                place.answer.set_exception(error)
    except Exception as error:
        known = (
            error if isinstance(error, GraphQLError) else engine.outward(error, request.prepared.name, request.viewer)
        )
        for place in places:
            if not place.answer.done():
                here = GraphQLError(
                    known.message, nodes=place.selected.nodes, path=place.path, extensions=known.extensions
                )
                place.answer.set_exception(here)


def _parted(places: list[Place]) -> list[list[Place]]:
    parts: dict[int, list[Place]] = {}
    for place in places:
        parts.setdefault(id(place.around), []).append(place)
    return list(parts.values())


def _plan(request: Request, groups: dict[tuple[str, ...], list[Place]]) -> Plan:
    engine, flags = request.engine, request.engine.flags_of(request.viewer)
    key = (request.prepared.shape(request.given), flags, tuple(groups))
    plan = request.prepared.plans.get(key)
    if plan is None:
        engine.miss(request.prepared, request.viewer)
        tree, parts = [], []
        for n, group in enumerate(groups.values()):
            one = group[0].selected
            if group[0].key is None:
                tree.append(Selected(f"r{n}", one.field, one.arguments, one.children, one.nodes))
            else:
                planned = engine.catalogue.by_class[group[0].key.of]
                parts.append(KeyedPart(f"k{n}", planned, one.children[planned.name]))
        plan = request.prepared.plans.put(key, engine.compile(request.prepared.name, tree, parts, flags))
    return plan
