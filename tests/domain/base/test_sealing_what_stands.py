"""A database from before the numbers were sealed: the migration seals what stands there, or refuses and leaves it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from api.database import alembic_config, build, connected, run_alembic, upgrade
from domain.base.chinese_ids import masked_id_number
from tests import databases
from tests.databases import MASTER
from tests.sealed import opened, pushed

SEALED = "0013_sealed"
BEFORE = str(ScriptDirectory.from_config(alembic_config()).get_revision(SEALED).down_revision)
NUMBER = "999101196001010013"
CONTENT = {"newDocumentState": {"phone": "13800000001"}, "assumedMasterState": None}
GROUND = f"""
INSERT INTO region (code, name, level, valid_from) VALUES ('35', '某省', 'PROVINCE', '2020-01-01');
INSERT INTO region (code, name, level, parent_code, valid_from)
  VALUES ('3501', '某市', 'PREFECTURE', '35', '2020-01-01'), ('350125', '某县', 'COUNTY', '3501', '2020-01-01'),
         ('350125201', '某乡', 'TOWNSHIP', '350125', '2020-01-01'),
         ('350125201205', '某村', 'VILLAGE', '350125201', '2020-01-01');
INSERT INTO household (id, code, region_code, category, registered_on, created_at, updated_at, phone)
  VALUES (ruhu_id('h'), 'T-1', '350125201205', 'ORDINARY', '2020-01-01', now(), now(), '059112345678');
INSERT INTO person (id, household_id, region_code, name, is_head, relation_to_head, sex, ethnicity, born_on, education,
                    labour, joined_on, id_number, disability_certificate)
  VALUES (ruhu_id('p'), ruhu_id('h'), '350125201205', '甲', true, 'HEAD', '1', '01', '1960-01-01', 'PRIMARY', 'ORDINARY',
          '2020-01-01', '{NUMBER}', '{NUMBER}41');
INSERT INTO account (id, name, kind, created_at) VALUES (ruhu_id('a'), '某某', 'OFFICER', now());
INSERT INTO submission (id, kind, submitter_id, outcome, content, content_hash, hash_version, problems, received_at,
                        judged_at)
  VALUES (ruhu_id('s'), 'HOUSEHOLD', ruhu_id('a'), 'REJECTED', '{json.dumps(CONTENT)}', 'abc', 1, '[]', now(), now()),
         (ruhu_id('v'), 'VISIT', ruhu_id('a'), 'REJECTED', '{{"id": "1"}}', 'abc', 1, '[]', now(), now());
INSERT INTO operation (id, actor_id, name, content_hash, hash_version, answer, at)
  VALUES (ruhu_id('o'), ruhu_id('a'), 'edit_household', 'abc', 1, '{{}}', now());
"""


@pytest.fixture
async def url(server: str) -> AsyncIterator[str]:
    """As it stood before, with a family in it."""
    url = await databases.fresh_database("ruhu_clear")
    await build(url)
    await run_alembic(url, lambda config: command.downgrade(config, BEFORE))
    async with connected(url) as sql:
        await sql.execute(GROUND)
    yield url
    await databases.drop_database("ruhu_clear")


async def test_without_the_master_key_nothing_is_touched(url: str) -> None:
    with pytest.raises(RuntimeError, match=r"run `\./ruhu migrate`"):
        await upgrade(url, SEALED)
    async with connected(url) as sql:
        assert await sql.fetchval("SELECT id_number FROM person") == NUMBER
        assert await sql.fetchval("SELECT version_num FROM alembic_version") == BEFORE


async def test_what_stands_in_the_clear_is_sealed_and_opens(url: str) -> None:
    async with connected(url) as sql:
        changes = await sql.fetchval("SELECT count(*) FROM change")
    await upgrade(url, SEALED, MASTER)
    async with connected(url) as sql:
        (person,), (household,) = await opened(sql, "person"), await opened(sql, "household")
        assert (person["id_number"], person["disability_certificate"], person["phone"]) == (NUMBER, f"{NUMBER}41", None)
        assert person["id_number_masked"] == masked_id_number(NUMBER)
        assert person["id_number_index"] == (await databases.ring(sql)).index("person.id_number", NUMBER)
        assert (household["phone"], household["phone_masked"]) == ("059112345678", "059****")
        assert [one["content"] for one in await pushed(sql)] == [CONTENT]
        assert json.loads(await sql.fetchval("SELECT content FROM submission WHERE kind = 'VISIT'")) == {"id": "1"}
        assert await sql.fetchval("SELECT count(*) FROM operation WHERE content_hash = 'abc'") == 0
        assert await sql.fetchval("SELECT count(*) FROM change") == changes, "no phone is told"
        with pytest.raises(asyncpg.UndefinedColumnError):
            await sql.fetchval("SELECT id_number FROM person")


async def test_sealed_numbers_are_not_thrown_away_by_going_back(url: str) -> None:
    await upgrade(url, SEALED, MASTER)
    with pytest.raises(RuntimeError, match="would throw them away"):
        await run_alembic(url, lambda config: command.downgrade(config, BEFORE))


async def test_two_people_with_one_number_are_still_refused(url: str) -> None:
    await upgrade(url, SEALED, MASTER)
    async with connected(url) as sql:
        with pytest.raises(asyncpg.UniqueViolationError) as refusal:
            await sql.execute(
                "INSERT INTO person SELECT (jsonb_populate_record(p, '{\"is_head\": false}'"
                " || jsonb_build_object('id', gen_random_uuid()))).* FROM person p"
            )
    assert refusal.value.constraint_name == "uq_person_id_number"
