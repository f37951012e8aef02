"""Whether apps that are out in the field still work with today's schema.

An app speaks a contract level: the SDL as it stood when the app was written, kept under `levels/`. Most additions are
harmless to it. Two kinds of change are not: what makes its requests fail or mean something else, and answers that it has
never seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    BreakingChangeType,
    DangerousChangeType,
    DocumentNode,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_abstract_type,
    parse,
    validate,
)
from graphql.utilities.find_schema_changes import SafeChangeType, find_schema_changes

KEEP = "put back what was there beside what is new, or end the level: see CHANGES.md"
ANNOUNCE = "an older app has never seen it: name `{name}` in the entry of a later level in CHANGES.md if it is meant"

# Requests of an older app go on as before without these.
HARMLESS = {DangerousChangeType.OPTIONAL_INPUT_FIELD_ADDED, DangerousChangeType.OPTIONAL_ARG_ADDED}
# A default is what an older app's request says without saying it.
CHANGES_REQUESTS = {
    DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE,
    DangerousChangeType.INPUT_FIELD_DEFAULT_VALUE_CHANGE,
    SafeChangeType.ARG_DEFAULT_VALUE_ADDED,
    SafeChangeType.INPUT_FIELD_DEFAULT_VALUE_ADDED,
}
ADDS_TO_ANSWERS = {
    DangerousChangeType.VALUE_ADDED_TO_ENUM,
    DangerousChangeType.TYPE_ADDED_TO_UNION,
    DangerousChangeType.IMPLEMENTED_INTERFACE_ADDED,
}


def breaks(then: GraphQLSchema, now: GraphQLSchema, announced: str = "") -> list[str]:
    """A line for each thing that an app written for `then` may stumble over, with its mend.

    announced: the entries of CHANGES.md about later levels; additions to answers are fine once they are named there.
    """
    return [*_changes(then, now, announced), *_one_of(then, now)]


def _changes(then: GraphQLSchema, now: GraphQLSchema, announced: str) -> Iterator[str]:
    answered = answer_types(now)
    for change in find_schema_changes(then, now):
        if isinstance(change.type, BreakingChangeType) or change.type in CHANGES_REQUESTS:
            yield f"{change.description} Mend: {KEEP}."
        elif change.type in ADDS_TO_ANSWERS:
            name = _name(change.description)
            is_answered = name.partition(".")[0] in answered
            if is_answered and f"`{name}`" not in announced:
                yield f"{change.description} Mend: {ANNOUNCE.format(name=name)}."


def _name(description: str) -> str:
    """What was added, or what it was added to: graphql-core says it in the change's sentence alone."""
    words = description.rstrip(".").split()
    if words[:2] == ["Enum", "value"]:  # Enum value Datum.WGS84 was added.
        return words[2]
    return words[-1] if "implemented" in words else words[0]  # Node added to interfaces implemented by Village.


def _one_of(then: GraphQLSchema, now: GraphQLSchema) -> Iterator[str]:
    """graphql-core compares no @oneOf, and with it requests that name two fields are refused."""
    for name, old in then.type_map.items():
        new = now.type_map.get(name)
        if not (isinstance(old, GraphQLInputObjectType) and isinstance(new, GraphQLInputObjectType)):
            continue
        if new.is_one_of and not old.is_one_of:
            yield f"Input {name} takes one of its fields only (@oneOf). Mend: {KEEP}."


def differences(then: GraphQLSchema, now: GraphQLSchema) -> list[str]:
    """Everything that changed but descriptions: a level that is frozen has none."""
    changes = find_schema_changes(then, now)
    said = [change.description for change in changes if change.type is not SafeChangeType.DESCRIPTION_CHANGED]
    return said + list(_one_of(then, now))


def answer_types(schema: GraphQLSchema) -> set[str]:
    """The names of all types that may stand in an answer."""
    found: set[str] = set()
    roots = [schema.query_type, schema.mutation_type, schema.subscription_type]
    waiting: list[GraphQLNamedType] = [root for root in roots if root is not None]
    while waiting:
        type_ = waiting.pop()
        if type_.name in found:
            continue
        found.add(type_.name)
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            waiting += [get_named_type(field.type) for field in type_.fields.values()]
        if is_abstract_type(type_):
            waiting += schema.get_possible_types(type_)
    return found


def operation_faults(name: str, text: str, schema: GraphQLSchema) -> list[str]:
    """What is wrong with a stored operation: it must be one operation of that name, and today's schema must take it."""
    document = parse(text)
    operations = operations_of(document)
    if [one.name and one.name.value for one in operations] != [name]:
        return [f"the file {name}.graphql must hold exactly one operation, named {name}"]
    return [f"{error.message} Mend: {KEEP}." for error in validate(schema, document)]


def operations_of(document: DocumentNode) -> list[OperationDefinitionNode]:
    """The operations of a document, without its fragments."""
    return [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
