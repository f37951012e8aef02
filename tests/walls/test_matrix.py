"""The matrix says something of every field and every table, and nothing of what is not there."""

from __future__ import annotations

import asyncpg
import pytest

from api.cli.matrix import PAGE, page
from domain.access import matrix as files
from domain.access.matrix import ANONYMOUS, OF_FAMILIES, Arm, Effect, FieldClass, matrix
from domain.access.roles import GrantRole
from domain.access.rules import OFFICER_ROLES, ROLES_THAT_MEET_FAMILIES, ROLES_WITH_A_REGION
from schema.root import catalogue

NOTHING_OF_ANYBODY = {"spatial_ref_sys", "alembic_version"}


def published() -> set[tuple[str, str]]:
    """(type, field) of every type that stands on rows."""
    return {
        (type_.name, field)
        for type_ in catalogue().types.values()
        if type_.entity is not None
        for field in type_.fields
    }


def test_every_field_has_its_class() -> None:
    missing = sorted(published() - matrix().fields.keys())
    lines = "\n".join(f"{type_},FAMILY,{field}" for type_, field in missing)
    assert not missing, (
        f"Say in domain/access/data/fields.csv of which class these are (classes.csv says what each is), one line for each "
        f"type and class; behind a mask (`by_class`) where it is sensitive; then ./ruhu sdl:\n{lines}"
    )


def test_no_field_is_classed_that_is_not_there() -> None:
    gone = sorted(matrix().fields.keys() - published())
    assert not gone, f"Take them out of domain/access/data/fields.csv: {gone}"


async def test_every_table_says_who_sees_its_rows(database: asyncpg.Connection) -> None:
    rows = await database.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    tables = {row["relname"] for row in rows} - NOTHING_OF_ANYBODY
    said = {name for name in matrix().scopes if name.islower()}
    assert tables == said, (
        f"domain/access/data/scopes.csv: a line for each of {sorted(tables - said)}, none for {sorted(said - tables)}; and "
        "in tests/walls/expected.py by which columns its arms go."
    )


def test_every_type_that_the_scopes_name_is_there() -> None:
    said = {name for name in matrix().scopes if not name.islower()}
    assert said <= catalogue().types.keys()


def test_the_page_is_the_matrix() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(matrix()), "./ruhu sdl writes docs/who-sees-what.md"


def test_those_who_run_the_system_see_no_family() -> None:
    """domain.md §2; the administrator, the operator and the auditor are three."""
    for role in (GrantRole.ADMINISTRATOR, GrantRole.AUDITOR, GrantRole.HOTLINE_OPERATOR):
        for table in ("household", "person", "visit", "pairing", "clue", "income_statement"):
            assert not matrix().scopes[table][role], (role, table)


def test_the_public_sees_divisions_vocabularies_forms_and_rules_and_nothing_of_anybody() -> None:
    assert {name for name, by_role in matrix().scopes.items() if by_role[ANONYMOUS]} == {
        "region",
        "village",
        "term",
        "survey_form",
        "policy_value",
        "grading_scheme",
        "grade_level",
        "grading_round",
        "calendar_day",
        "sealing_key",
    }


def test_officers_and_helpers_meet_families_and_services_and_partners_do_not() -> None:
    assert OFFICER_ROLES | {GrantRole.HELPER} == ROLES_THAT_MEET_FAMILIES
    assert OFFICER_ROLES | {GrantRole.INTEGRATOR} == ROLES_WITH_A_REGION


@pytest.mark.parametrize("one", [FieldClass.ID_NUMBER, FieldClass.CERTIFICATE, FieldClass.BANK_ACCOUNT])
def test_nobody_is_shown_a_number_that_opens_other_doors(one: FieldClass) -> None:
    assert Effect.SHOWN not in matrix().effects[one].values()


@pytest.mark.parametrize("one", sorted(OF_FAMILIES - {FieldClass.FAMILY}))
def test_a_partner_is_shown_nothing_sensitive_whole(one: FieldClass) -> None:
    for role in (GrantRole.PARTNER, GrantRole.DEPARTMENT, GrantRole.INTEGRATOR):
        assert matrix().effects[one][role] is not Effect.SHOWN


def test_a_matrix_that_wall_1_cannot_say_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: one officer's level is to see health, and another is not."""
    read = files._rows

    def planted(name: str) -> list[dict[str, str]]:
        rows = read(name)
        for row in rows:
            if row.get("class") == "HEALTH":
                row["PROVINCE_OFFICER"] = "ABSENT"
        return rows

    monkeypatch.setattr(files, "_rows", planted)
    with pytest.raises(ValueError, match=r"classes\.csv: HEALTH differs"):
        matrix.__wrapped__()


def test_roles_are_asked_for_by_arm() -> None:
    assert matrix().sees_by("visit", Arm.OWN) == OFFICER_ROLES | {GrantRole.HELPER}
