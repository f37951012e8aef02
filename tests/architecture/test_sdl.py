"""Whoever reads the SDL can do without us: every element says what it is, in English and with its Chinese term."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_introspection_type,
    is_specified_directive,
    is_specified_scalar_type,
)

from api.cli.sdl import SNAPSHOT, current
from schema.root import schema
from tests.architecture.sources import mends

CHINESE = re.compile("[\u4e00-\u9fff]")
ENGLISH = re.compile("[A-Za-z]{2}")


def elements(sdl: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """(name, description) of every type, field, argument, enum value, input field and directive of ours."""
    for name, type_ in sdl.type_map.items():
        if is_introspection_type(type_) or is_specified_scalar_type(type_):
            continue
        yield name, type_.description
        match type_:
            case GraphQLObjectType() | GraphQLInterfaceType():
                for field_name, field in type_.fields.items():
                    yield f"{name}.{field_name}", field.description
                    for argument_name, argument in field.args.items():
                        yield f"{name}.{field_name}({argument_name})", argument.description
            case GraphQLInputObjectType():
                for field_name, input_field in type_.fields.items():
                    yield f"{name}.{field_name}", input_field.description
            case GraphQLEnumType():
                for value_name, value in type_.values.items():
                    yield f"{name}.{value_name}", value.description
    for directive in sdl.directives:
        if not is_specified_directive(directive):
            yield f"@{directive.name}", directive.description
            for argument_name, argument in directive.args.items():
                yield f"@{directive.name}({argument_name})", argument.description


def undescribed(sdl: GraphQLSchema) -> list[str]:
    """A line per element whose description lacks, or lacks one of the two languages."""
    return [
        f"{name}: describe it in English and end with the Chinese term (now: {description!r})"
        for name, description in elements(sdl)
        if not (CHINESE.search(description or "") and ENGLISH.search(description or ""))
    ]


def the_schema() -> GraphQLSchema:
    # strawberry offers no other way to what graphql-core sees.
    return schema._schema


def test_every_element_of_the_sdl_is_described_in_english_and_chinese() -> None:
    found = undescribed(the_schema())
    assert not found, mends(found)


def test_an_element_without_description_is_found() -> None:
    planted = build_schema('''
      """Questions. 查询"""
      type Query {
        "A list. 列表"
        bare("How many. 数目" first: Int, after: ID): [Kind!]
        "Only English."
        english: Input
      }
      "A kind. 类别"
      enum Kind { A }
      "An input. 输入"
      input Input { field: String }
    ''')
    names = [line.partition(":")[0] for line in undescribed(planted)]
    assert sorted(names) == ["Input.field", "Kind.A", "Query.bare(after)", "Query.english"]


def test_the_snapshot_says_what_the_schema_says() -> None:
    kept = SNAPSHOT.read_text(encoding="utf-8") if SNAPSHOT.exists() else ""
    assert kept == current(), "The SDL has changed. If the change is meant, run `./ruhu sdl` and commit the snapshot."


def test_the_snapshot_is_a_whole_schema_of_its_own() -> None:
    """Phones' code generators read this file and nothing else."""
    assert build_schema(SNAPSHOT.read_text(encoding="utf-8")).query_type is not None
