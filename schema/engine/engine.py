"""From a request to the response's bytes.

A query whose root fields are all planned is one statement, and its bytes leave untouched. Anything else - mutations,
introspection, ordinary resolvers beside planned fields - runs in the ordinary executor (ordinary.py), which hands every
planned place to the engine: those of one moment together, in one statement.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from typing import Any, Protocol

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values
from sqlalchemy import BindParameter, Select

from . import ordinary
from .answers import Answer, RequestError, Told, failed, respond
from .cache import Bounded, Prepared, Refused
from .catalogue import Catalogue
from .checks import check
from .codecs import Codec
from .compile import AT_HAND, Flags, KeyedPart, Plan, Statement, plan_of, statement_of
from .cost import Price
from .errors import (
    BAD_USER_INPUT,
    INTROSPECTION_OFF,
    SYNTAX,
    TOO_COSTLY,
    VALIDATION,
    DeclarationError,
    Unavailable,
    coded,
    masked,
    refused,
    without_values,
)
from .finish import Finisher, Opens, is_finished, opened, read_body
from .guard import MOST_TOKENS, measure
from .selection import Selected, Selection
from .shapes import shapes_of
from .watching import Watch

LOG = logging.getLogger(__name__)
MOST_ERRORS = 20  # of one document or its variables
MOST_REMEMBERED = 100_000  # characters of a document that is kept


class Pool(Protocol):
    """What is asked of the database: an asyncpg pool or connection has it. It may raise Unavailable."""

    async def fetchval(self, query: str, *args: Any) -> Any: ...


Charge = Callable[[int], None]


def _log(error: BaseException, plan_name: str) -> None:
    LOG.error("%s failed", plan_name, exc_info=error)


class Engine:
    """Answers operations of a schema; raises DeclarationError if the schema's declarations do not hold.

    schema      or the catalogue of another engine over it, which was checked already
    settings    setting name -> of_viewer(...): set in the statement itself, for row-level security
    scalars     codecs of the schema's own scalars by name
    documents   how many parsed documents are kept; plans: how many shapes of each
    most_cost   what an operation may cost at most (cost.py)
    on_surprise told of every masked error, with the name of the plan in which it happened; what it answers is put into the
                error's extensions
    translate   an exception of a resolver or the database, the viewer -> the GraphQLError that clients are to see; None:
                it is masked
    phrase      an error, the viewer -> what the client is told: `error.formatted`, or the same in the viewer's language
    knows_schema who may read the schema by introspection, and is told in errors what it has instead
    flags       boolean attributes of the viewer that are constants in plans, so that each combination has its own
    anew        a pool whose connections plan a statement anew each time, with its values, and who is to use it for pages
                whose order has another index than their scope (paging.py, has_choice): those who may see much
    opens       the bytes of a sealed leaf, as its expression writes them, -> its text (words.opened)
    watch       fields whose being shown the statement writes down (watching.py)
    on_miss     called with the viewer before anything is parsed or compiled anew; may refuse (cache.Allowance)
    """

    def __init__(
        self,
        schema: strawberry.Schema | Catalogue,
        pool: Pool,
        *,
        settings: Mapping[str, BindParameter[Any]] | None = None,
        scalars: Mapping[str, Codec] | None = None,
        documents: int = 1000,
        plans: int = 64,
        most_cost: int = 100_000,
        on_surprise: Callable[[BaseException, str], Mapping[str, Any] | None] = _log,
        translate: Callable[[BaseException, Any], GraphQLError | None] = lambda error, viewer: None,
        phrase: Callable[[GraphQLError, Any], Told] = lambda error, viewer: error.formatted,
        knows_schema: Callable[[Any], bool] = lambda viewer: True,
        flags: tuple[str, ...] = (),
        anew: tuple[Pool, Callable[[Any], bool]] | None = None,
        on_miss: Callable[[Any], None] = lambda viewer: None,
        opens: Opens = bytes.decode,
        watch: Watch | None = None,
    ) -> None:
        self.catalogue = schema if isinstance(schema, Catalogue) else check(Catalogue(schema, scalars))
        self.pool, self.settings, self.plans, self.most_cost = pool, dict(settings or {}), plans, most_cost
        self.on_surprise, self.translate, self.on_miss, self.opens = on_surprise, translate, on_miss, opens
        self.flags, self.anew, self.knows_schema = flags, anew, knows_schema
        self.phrase, self.watch = phrase, watch
        self.trusted: dict[str, Prepared] = {}
        self.documents: Bounded[tuple[str, str | None], Prepared | Refused] = Bounded(documents)
        # By identity, and kept alive beside what was made of it: a few constants of the code.
        self.statements: dict[tuple[int, Flags], tuple[Select[Any], Statement]] = {}

    async def execute(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        viewer: Any,
        operation_name: str | None = None,
        context: Any = None,
        charge: Charge = lambda cost: None,
    ) -> Answer:
        """Answers a query or mutation. `context` is what ordinary resolvers find as info.context.

        `charge` is told the cost before anything runs, and may refuse. Raises Unavailable, and nothing else.
        """
        name = "reading a document"  # never its text: it may hold what a client typed
        try:
            prepared = self.prepare(query, operation_name, viewer)
            name = prepared.name
            if not prepared.is_planned:
                return await ordinary.execute(self, prepared, variables, viewer, context, charge)
            given = self.coerce(prepared, variables)
            plan = self.plan(prepared, given, viewer)
            cost = self.check_cost(plan.price, given)
            values = plan.values({**given, AT_HAND: context} if plan.is_noted else given, viewer)
            charge(cost)
        except RequestError as refusal:
            return failed(self.told(refusal.errors, viewer))
        except GraphQLError as error:
            return failed(self.told([error], viewer))
        except Unavailable:
            raise
        except Exception as error:  # a planned method's body, or a viewer without an attribute: ours, not the client's
            return respond(None, self.told([self.outward(error, name, viewer)], viewer))
        try:
            pool = self.anew[0] if self.anew and plan.has_choice and self.anew[1](viewer) else self.pool
            body = opened(await pool.fetchval(plan.sql, *values), self.opens)
            if is_finished(body):
                return Answer(body, False, cost)
            finisher = Finisher(plan, self.catalogue, self.on_surprise)
            data = finisher.data(read_body(body)["data"], plan.tree)
        except Unavailable:
            raise
        except Exception as error:
            return respond(None, self.told([self.outward(error, plan.name, viewer)], viewer), cost)
        return respond(data, self.told(finisher.errors, viewer), cost)

    async def value(self, statement: Select[Any], given: Mapping[str, Any], *, viewer: Any) -> Any:
        """What a statement of an ordinary resolver's own answers: one value, with the viewer's settings, in one round trip.

        It is compiled once (keep it, do not build it anew), and its parameters without a value are those of `given`.
        """
        key = id(statement), (flags := self.flags_of(viewer))
        if key not in self.statements:
            self.statements[key] = statement, statement_of(statement, self.settings, flags)
        _, made = self.statements[key]
        return await self.pool.fetchval(made.sql, *made.values(given, viewer))

    def subscribe(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        viewer: Any,
        operation_name: str | None = None,
        context: Any = None,
        charge: Charge = lambda cost: None,
    ) -> AsyncGenerator[Answer, None]:
        """The answers of a subscription: its resolver yields keyed(...), the engine answers the selection of each."""
        return ordinary.subscribe(self, query, variables, viewer, operation_name, context, charge)

    def kind_of(self, query: str, operation_name: str | None = None, *, viewer: Any = None) -> OperationType | None:
        """Which kind of operation would run, so that HTTP can refuse a mutation by GET; None: none would."""
        try:
            return self.prepare(query, operation_name, viewer).kind
        except (RequestError, GraphQLError):
            return None

    def outward(self, error: Exception, plan_name: str, viewer: Any) -> GraphQLError:
        """What clients may see of an exception: the application's own word for it, or that something happened."""
        known = self.translate(error, viewer)
        return known if known is not None else masked(told=self.on_surprise(error, plan_name))

    def told(self, errors: Iterable[GraphQLError], viewer: Any) -> list[Told]:
        """The errors as this viewer is told of them."""
        return [self.phrase(error, viewer) for error in errors]

    # --- documents

    def trust(self, query: str) -> None:
        """Keeps this document for good: whoever asks it pays for no parsing and no plan. DeclarationError for a bad one."""
        prepared = self._prepare(query, None)
        if isinstance(prepared, Refused):
            raise DeclarationError([f"This document cannot be trusted: {prepared.errors[0].message}"])
        prepared.is_trusted = True
        self.trusted[query] = prepared

    def prepare(self, query: str, operation_name: str | None, viewer: Any) -> Prepared:
        """Parsed and validated, or remembered; raises RequestError."""
        trusted = self.trusted.get(query)
        if trusted is not None and operation_name in (None, getattr(trusted.operation.name, "value", None)):
            return trusted
        key = (query, operation_name)
        prepared = self.documents.get(key)
        if prepared is None:
            self.on_miss(viewer)
            prepared = self._prepare(query, operation_name)
            if len(query) <= MOST_REMEMBERED:
                self.documents.put(key, prepared)
        if isinstance(prepared, Refused):
            is_quiet = prepared.quiet is not None and not self.knows_schema(viewer)
            raise RequestError((is_quiet and prepared.quiet) or prepared.errors)
        if prepared.reads_schema and not self.knows_schema(viewer):
            raise RequestError([refused("The schema is not to be had by introspection here.", INTROSPECTION_OFF)])
        return prepared

    def _prepare(self, query: str, operation_name: str | None) -> Prepared | Refused:
        try:
            document = parse(query, max_tokens=MOST_TOKENS)
            measured = measure(document)
            errors = validate(self.catalogue.graphql, document, max_errors=MOST_ERRORS)
        except GraphQLError as error:
            return Refused(coded(without_values([error]), SYNTAX))
        except RecursionError:
            return Refused([refused("This document is nested too deeply.", SYNTAX)])
        if errors:
            quiet = validate(self.catalogue.graphql, document, max_errors=MOST_ERRORS, hide_suggestions=True)
            return Refused(*(coded(without_values(found), VALIDATION) for found in (errors, quiet)))
        operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        if operation_name is not None:
            operations = [d for d in operations if d.name is not None and d.name.value == operation_name]
        if not operations:
            return Refused([refused("Unknown operation name." if operation_name else "Must provide an operation.")])
        if len(operations) > 1:
            return Refused([refused("Must provide operation name if query contains multiple operations.")])
        prepared = self._operation(document, operations[0])
        prepared.reads_schema = measured.reads_schema
        return prepared

    def _operation(self, document: DocumentNode, operation: OperationDefinitionNode) -> Prepared:
        is_query = operation.operation is OperationType.QUERY
        names = _root_names(document, operation) if is_query else set()
        fields = self.catalogue.types[self.catalogue.query_name].fields
        is_planned = is_query and all(
            n == "__typename" or (n in fields and fields[n].source is not None) for n in names
        )
        own = operation.name.value if operation.name else ",".join(sorted(names)) or "anonymous"
        name, shapes = f"{operation.operation.value} {own}", shapes_of(self.catalogue, document, operation)
        return Prepared(document, operation, name, is_planned, shapes, Bounded(self.plans), Bounded(self.plans))

    # --- variables and plans

    def coerce(self, prepared: Prepared, variables: Mapping[str, Any] | None) -> dict[str, Any]:
        """Variables by the rules of the specification; raises RequestError."""
        definitions = prepared.operation.variable_definitions
        if not definitions:
            return {}
        found = get_variable_values(
            self.catalogue.graphql, definitions, dict(variables or {}), max_errors=MOST_ERRORS, hide_suggestions=True
        )
        if isinstance(found, list):
            raise RequestError(coded(without_values(found), BAD_USER_INPUT))
        return found.coerced

    def plan(self, prepared: Prepared, given: Mapping[str, Any], viewer: Any) -> Plan:
        """The plan of a wholly planned query for this shape of variables."""
        key = prepared.shape(given), (flags := self.flags_of(viewer))
        plan = prepared.plans.get(key)
        if plan is None:
            self.miss(prepared, viewer)
            selection = Selection(self.catalogue, prepared.document, given)
            query = self.catalogue.types[self.catalogue.query_name]
            tree = selection.of(query, [prepared.operation.selection_set])
            self.check_cost(Price(tree), given)  # before it is compiled: that would cost too
            plan = prepared.plans.put(key, self.compile(prepared.name, tree, [], flags))
        return plan

    def miss(self, prepared: Prepared, viewer: Any) -> None:
        """Something is about to be made anew for this document; raises GraphQLError where that is too often."""
        if not prepared.is_trusted:
            self.on_miss(viewer)

    def flags_of(self, viewer: Any) -> Flags:
        """What of a viewer decides SQL: part of a plan's key."""
        return frozenset([(name, getattr(viewer, name)) for name in self.flags])

    def compile(self, name: str, tree: list[Selected], parts: list[KeyedPart], flags: Flags) -> Plan:
        root = self.catalogue.types[self.catalogue.query_name]
        return plan_of(self.catalogue, name, root, tree, parts, self.settings, flags=flags, watch=self.watch)

    def check_cost(self, price: Price, given: Mapping[str, Any]) -> int:
        cost = price(given)
        if cost > self.most_cost:
            raise refused(
                f"This operation costs {cost}; at most {self.most_cost} is allowed. Ask for smaller pages.", TOO_COSTLY
            )
        return cost


def _root_names(document: DocumentNode, operation: OperationDefinitionNode) -> set[str]:
    """The names of all fields that may stand at the root, whatever the directives say."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    names: set[str] = set()
    seen: set[str] = set()
    sets = [operation.selection_set]
    while sets:
        for node in sets.pop().selections:
            if isinstance(node, FieldNode):
                names.add(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                sets.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                sets.append(fragments[node.name.value].selection_set)
    return names
