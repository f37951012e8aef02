"""What no program may put into the tables, whatever it forgets: the invariants, by their names and their codes."""

from __future__ import annotations

import asyncpg
import pytest

from domain.base.errors import CONSTRAINTS

# A family and a helper to start from; :household, :person, :helper and so on stand for ids made of the word.
GROUND = """
INSERT INTO household (id, code, region_code, category, registered_on, created_at, updated_at)
  VALUES (:household, 'T-1', '350125201205', 'ORDINARY', '2020-01-01', now(), now());
INSERT INTO person (id, household_id, region_code, name, is_head, relation_to_head, sex, ethnicity, born_on, education,
                    labour, joined_on)
  VALUES (:person, :household, '350125201205', '测试', true, 'HEAD', '1', '01', '1960-01-01', 'PRIMARY', 'ORDINARY',
          '2020-01-01');
INSERT INTO membership (id, person_id, household_id, region_code, started_on, start_reason)
  VALUES (:membership, :person, :household, '350125201205', '2020-01-01', 'REGISTERED');
INSERT INTO helper (id, name, kind, region_code, is_party_member, started_on)
  VALUES (:helper, '测试', 'CADRE', '350125', false, '2020-01-01');
INSERT INTO pairing (id, role, region_code, helper_id, household_id, started_on, created_at)
  VALUES (:pairing, 'KEY_CADRE', '350125201205', :helper, :household, '2020-01-01', now());
"""
PERSON = """INSERT INTO person (id, household_id, region_code, name, is_head, relation_to_head, sex, ethnicity, born_on,
  education, school_status, labour, joined_on) VALUES (:other, :household,
  '350125201205', '测试', {head}, 'SPOUSE', '2', '01', '1962-01-01', {education}, {school}, 'ORDINARY', '2020-01-01')"""
PLAIN = {"head": "false", "education": "'PRIMARY'", "school": "NULL"}
PAIRING = """INSERT INTO pairing (id, role, region_code, helper_id, organisation_id, household_id, person_id, started_on,
  ended_on, end_reason, created_at) VALUES (:other, 'KEY_CADRE', '350125201205', {helper}, NULL, {household}, {person},
  {starts}, {ends}, {reason}, now())"""
PAIRED = {"helper": ":helper", "household": ":household", "person": "NULL", "starts": "'2021-01-01'", "ends": "NULL"}
PAIRED |= {"reason": "NULL"}


def with_ids(sql: str) -> str:
    for word in ("household", "person", "membership", "helper", "pairing", "other"):
        sql = sql.replace(f":{word}", f"ruhu_id('test {word}')")
    return sql


@pytest.fixture
async def ground(database: asyncpg.Connection) -> asyncpg.Connection:
    await database.execute(with_ids(GROUND))
    await database.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return database


@pytest.mark.parametrize(
    ("statement", "code", "why"),
    [
        (PERSON.format(**PLAIN | {"head": "true"}), "SECOND_HEAD", "a second head"),
        ("UPDATE person SET is_head = false WHERE id = :person", "HEAD_MISSING", "no head any more"),
        (PERSON.format(**PLAIN | {"education": "NULL"}), "EDUCATION_OR_SCHOOL_STATUS", "neither"),
        (PERSON.format(**PLAIN | {"school": "'SCHOOL'"}), "EDUCATION_OR_SCHOOL_STATUS", "both"),
        (
            "INSERT INTO membership (id, person_id, household_id, region_code, started_on, start_reason) VALUES"
            " (:other, :person, :household, '350125201205', '2021-01-01', 'RETURN')",
            "MEMBERSHIP_OVERLAP",
            "in two families at once",
        ),
        (
            "UPDATE membership SET ended_on = '2019-01-01', end_reason = 'LEFT' WHERE id = :membership",
            "END_BEFORE_START",
            "left before coming",
        ),
        (PAIRING.format(**PAIRED), "PAIRING_OVERLAP", "the same two in the same role"),
        (PAIRING.format(**PAIRED | {"helper": "NULL"}), "ONE_SIDE_HELPS", "nobody helps"),
        (PAIRING.format(**PAIRED | {"household": "NULL"}), "ONE_SIDE_IS_HELPED", "nobody is helped"),
        (PAIRING.format(**PAIRED | {"person": ":person"}), "ONE_SIDE_IS_HELPED", "two are helped"),
        (
            PAIRING.format(**PAIRED | {"starts": "'2019-06-01'", "ends": "'2019-01-01'", "reason": "'OTHER'"}),
            "END_BEFORE_START",
            "ended before it began",
        ),
        (
            "UPDATE household SET location = ST_SetSRID(ST_MakePoint(118, 91), 4326), sent_longitude = 118,"
            " sent_latitude = 91, sent_datum = 'WGS84' WHERE id = :household",
            "COORDINATES_OUT_OF_RANGE",
            "beyond the pole",
        ),
        ("UPDATE household SET causes = '{A,B,C,D}' WHERE id = :household", "TOO_MANY_CAUSES", "four causes"),
        (
            "INSERT INTO household (id, code, region_code, category, registered_on, created_at, updated_at) VALUES"
            " (:other, 'T-1', '350125201205', 'ORDINARY', '2020-01-01', now(), now())",
            "CODE_TAKEN",
            "a code that another family has",
        ),
        (
            "INSERT INTO region (code, name, level, valid_from) VALUES ('350', '测试', 'COUNTY', '2020-01-01')",
            "REGION_CODE_INVALID",
            "three digits",
        ),
    ],
)
async def test_what_cannot_be_is_refused_by_its_name(
    ground: asyncpg.Connection, statement: str, code: str, why: str
) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refusal:
        await ground.execute(with_ids(statement))
    assert CONSTRAINTS[refusal.value.constraint_name] == code, why


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (PERSON.format(**PLAIN), "a second member, no head"),
        (
            PAIRING.format(**PAIRED | {"starts": "'2019-01-01'", "ends": "'2020-01-01'", "reason": "'OTHER'"}),
            "an earlier pairing of the two that ended the day the present one began",
        ),
        (
            PAIRING.format(**PAIRED).replace("'KEY_CADRE'", "'TECHNICIAN'"),
            "the same two in another role",
        ),
        (
            "UPDATE household SET location = ST_SetSRID(ST_MakePoint(118.9, 25.8), 4326), sent_longitude = 118.9,"
            " sent_latitude = 25.8, sent_datum = 'GCJ02', causes = '{ILLNESS,STUDY,DISASTER}' WHERE id = :household",
            "a located family with three causes",
        ),
    ],
)
async def test_what_can_be_is_taken(ground: asyncpg.Connection, statement: str, why: str) -> None:
    assert await ground.execute(with_ids(statement)) != "UPDATE 0", why
