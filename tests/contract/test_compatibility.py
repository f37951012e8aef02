"""Changes that would strand an app in the field are found, and those that would not are let through."""

from __future__ import annotations

import pytest
from graphql import build_schema

from mobile_contract.compatibility import answer_types, breaks, differences, operation_faults

THEN = """
type Query { family(id: ID!, first: Int = 10): Family, families(filter: Filter, after: String! = ""): [Family!]!, found: Found }
type Mutation { visit(input: Visit!): Family }
type Family implements Node { id: ID!, name: String!, phone: String, status: Status!, wet: Boolean @deprecated }
type Person { id: ID!, name: String! }
interface Node { id: ID! }
union Found = Family
enum Status { NEVER MONITORED }
enum Datum { WGS84 GCJ02 }
input Filter { search: String, datum: Datum = WGS84 }
input Visit { id: ID!, note: String }
scalar Date
"""


def found(*edits: tuple[str, str], announced: str = "") -> list[str]:
    """What is said of the schema once these places of it read otherwise."""
    changed = THEN
    for old, new in edits:
        assert old in changed
        changed = changed.replace(old, new, 1)
    return breaks(build_schema(THEN), build_schema(changed), announced)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (", phone: String", "", "Field Family.phone was removed."),
        ("name: String!, phone", "name: String, phone", "Field Family.name changed type from String! to String."),
        ("phone: String", "phone: Int", "Field Family.phone changed type from String to Int."),
        ("[Family!]!", "[Family!]", "Field Query.families changed type from [Family!]! to [Family!]."),
        ("first: Int = 10", "first: Int!", "Argument Query.family(first:) has changed type from Int to Int!."),
        (", first: Int = 10", "", "Argument Query.family(first:) was removed."),
        ("(id: ID!, ", "(id: ID!, on: Date!, ", "A required argument Query.family(on:) was added."),
        ("first: Int = 10", "first: Int = 20", "Query.family(first:) has changed defaultValue from 10 to 20."),
        ('after: String! = ""', "after: String!", "Query.families(after:) defaultValue was removed."),
        ("datum: Datum = WGS84", "datum: Datum = GCJ02", "Filter.datum has changed defaultValue from WGS84 to GCJ02."),
        ("search: String", 'search: String = "陈"', 'Filter.search added a defaultValue "陈".'),
        ("NEVER MONITORED", "NEVER", "Enum value Status.MONITORED was removed."),
        ("WGS84 GCJ02", "WGS84", "Enum value Datum.GCJ02 was removed."),
        ("note: String", "note: String!", "Field Visit.note changed type from String to String!."),
        ("note: String", "note: String, at: Date!", "A required field Visit.at was added."),
        ("input Filter", "input Filter @oneOf", "Input Filter takes one of its fields only (@oneOf)."),
        ("type Mutation { visit(input: Visit!): Family }", "", "Mutation was removed."),
        ("scalar Date", "enum Date { TODAY }", "Date changed from a Scalar type to an Enum type."),
        ("implements Node", "", "Family no longer implements interface Node."),
        ("union Found = Family", "union Found = Person", "Family was removed from union type Found."),
    ],
)
def test_what_breaks_an_older_app_is_found_with_its_mend(old: str, new: str, told: str) -> None:
    lines = found((old, new)) if "@oneOf" not in new else found((old, new), (" = WGS84", ""))
    assert any(line.startswith(told) and "Mend: put back" in line for line in lines), lines


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("NEVER MONITORED", "NEVER MONITORED ELIMINATED", "Status.ELIMINATED"),
        ("union Found = Family", "union Found = Family | Person", "Person"),
        (
            "type Family implements Node",
            "interface Named { name: String! } type Family implements Node & Named",
            "Family",
        ),
    ],
)
def test_answers_that_an_older_app_has_never_seen_must_be_announced(old: str, new: str, name: str) -> None:
    [line] = found((old, new))
    assert f"name `{name}` in the entry of a later level" in line
    assert found((old, new), announced=f"## Level 2\n\n- `{name}`: for who needs it") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("type Person {", "type Person { bornOn: Date, "),
        ("found: Found", "found: Found, people: [Person!]!"),
        ("first: Int = 10", "first: Int = 10, after: String"),
        ("note: String", "note: String, at: Date"),
        ("phone: String", "phone: String!"),
        ("WGS84 GCJ02", "WGS84 GCJ02 BD09"),
        ("note: String", '"In the visitor\'s words." note: String'),
    ],
)
def test_what_costs_older_apps_nothing_is_let_through(old: str, new: str) -> None:
    assert found((old, new)) == []


def test_an_enum_that_is_only_asked_with_is_no_answer() -> None:
    assert {"Status", "Family", "Person", "Datum"} & answer_types(build_schema(THEN)) == {"Status", "Family"}


def test_a_frozen_level_differs_by_anything_but_descriptions() -> None:
    then = build_schema(THEN)
    described = build_schema(THEN.replace("phone: String", '"Telephone." phone: String'))
    grown = build_schema(THEN.replace("phone: String", "phone: String, address: String"))
    assert differences(then, described) == []
    assert differences(then, grown) == ["Field Family.address was added."]


def test_a_stored_operation_that_the_schema_no_longer_takes_is_found() -> None:
    schema = build_schema(THEN)
    asked = "query Families { families { id name } }"
    assert operation_faults("Families", asked, schema) == []
    assert operation_faults("Family", asked, schema) == [
        "the file Family.graphql must hold exactly one operation, named Family"
    ]
    [fault] = operation_faults("Families", asked.replace("name", "address"), schema)
    assert fault.startswith("Cannot query field 'address' on type 'Family'.")
