"""Which tables stand behind a document, and that a change in any of their columns sends it to phones again."""

from __future__ import annotations

import re
import uuid

import pytest
from graphql import OperationDefinitionNode, parse

from domain.base.models import Base
from domain.tables import metadata
from schema.engine.compile import plan_of
from schema.engine.selection import Selected, Selection
from schema.root import catalogue
from tests.sync.phones import HOUSEHOLDS, VISITS, Phone
from tests.world import World

# What every document says of itself in its description; the column that leads from a row to the document.
SENT_AGAIN_BY = {
    "household": {"household": "id", "person": "household_id", "membership": "household_id", "pairing": "household_id"},
    "visit": {"visit": "id"},
}

# Read by a document, and no reason to send it again: why.
EXEMPT = {
    "household_access": "decides who sees it; the feed tells the party of it by another way, tested in test_pulling.py",
    "helper": "only its name is shown; a new name sends its families again, tested in test_pulling.py",
    "organisation": "its name comes with the family's next change: it may help thousands of families of many townships",
    "visit_finding": "born with the visit and never changed: no role of the program may update it",
    "visit_companion": "born with the visit and never changed: no role of the program may update it",
    "visit_photo": "born with the visit and never changed: no role of the program may update it",
}


def tables_behind(query: str, of: str) -> set[str]:
    """The tables that the statement for the documents of this query reads."""
    known, document = catalogue(), parse(query)
    (operation,) = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    given = {"limit": 1, "since": None}
    (root,) = Selection(known, document, given).of(known.types["Query"], [operation.selection_set])
    (documents,) = [one for one in root.children[of] if one.key == "documents"]
    tree = [Selected("r0", documents.field, documents.arguments, documents.children, documents.nodes)]
    sql = plan_of(known, "documents", known.types["Query"], tree, [], {}).sql
    return set(re.findall(r"(?:FROM|JOIN) ([a-z_]+)\b", sql)) & set(metadata().tables)


@pytest.mark.parametrize(
    ("query", "of", "kind"), [(HOUSEHOLDS, "HouseholdPull", "household"), (VISITS, "VisitPull", "visit")]
)
def test_every_table_behind_a_document_sends_it_again_or_says_why_not(query: str, of: str, kind: str) -> None:
    unsaid = tables_behind(query, of) - set(SENT_AGAIN_BY[kind]) - set(EXEMPT)

    assert not unsaid, f"Give {unsaid} the feed's triggers (migration 0007) or say here why they need none."


def test_what_is_exempt_because_it_never_changes_cannot_change() -> None:
    written_once = {table for table, why in EXEMPT.items() if "never changed" in why}

    assert written_once == {"visit_finding", "visit_companion", "visit_photo"}


async def test_no_role_may_change_what_is_born_with_a_visit(world: World) -> None:
    for table in ("visit_finding", "visit_companion", "visit_photo", "visit"):
        assert not await world.sql.fetchval("SELECT has_table_privilege('ruhu_app', $1, 'UPDATE')", table)


COLUMNS = [
    (kind, table.name, column.name)
    for kind, tables in SENT_AGAIN_BY.items()
    for table in Base.metadata.sorted_tables
    if table.name in tables
    for column in table.columns
    if column.computed is None
]


@pytest.fixture(scope="module")
async def phones(world: World) -> dict[str, Phone]:
    """The county's: everything happens in its sight."""
    return {
        "household": await Phone(world, "county_officer", HOUSEHOLDS).sync(),
        "visit": await Phone(world, "county_officer", VISITS).sync(),
    }


@pytest.mark.parametrize(("kind", "table", "column"), COLUMNS)
async def test_a_change_of_any_column_sends_the_document_again(
    world: World, phones: dict[str, Phone], kind: str, table: str, column: str
) -> None:
    """Setting a column to its own value is a change to the triggers, and keeps every constraint content."""
    key = SENT_AGAIN_BY[kind][table]
    row = await world.sql.fetchrow(
        f"SELECT {key} AS document, id FROM {table} WHERE region_code ^@ '350125' AND {key} IS NOT NULL"
        " ORDER BY id LIMIT 1"
    )
    assert row is not None
    await world.sql.execute(f"UPDATE {table} SET {column} = {column} WHERE id = $1", row["id"])

    await phones[kind].sync()

    assert phones[kind].came == [str(row["document"])]


async def test_a_new_member_and_one_who_is_erased_send_the_family_again(world: World, phones: dict[str, Phone]) -> None:
    phone = phones["household"]
    household = uuid.UUID(next(iter(phone.documents)))
    await world.sql.execute(
        "INSERT INTO person SELECT (jsonb_populate_record(p, jsonb_build_object('id', $2::uuid, 'is_head', false,"
        " 'id_number_sealed', null, 'id_number_masked', null, 'id_number_index', null, 'disability_certificate_sealed',"
        " null, 'disability_certificate_masked', null, 'phone_sealed', null, 'phone_masked', null))).* FROM person p WHERE household_id = $1 AND is_head",
        household,
        uuid.UUID(int=77),
    )
    await phone.sync()
    assert phone.came == [str(household)]

    await world.sql.execute("DELETE FROM person WHERE id = $1", uuid.UUID(int=77))
    await phone.sync()
    assert phone.came == [str(household)]
