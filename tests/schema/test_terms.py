"""Vocabularies: words in the client's language, and lists that a phone keeps."""

from __future__ import annotations

import pytest

from tests.world import World

LISTS = "query($v: String) { codeLists(changedSince: $v) { name version terms { list code label } } }"


@pytest.mark.parametrize(("language", "label"), [("zh-CN", "脱贫户"), ("en", "Household lifted out of poverty")])
async def test_a_word_is_labelled_in_the_clients_language(reading_world: World, language: str, label: str) -> None:
    lists = (await reading_world.ask("anonymous", LISTS, language=language))["codeLists"]
    categories = next(one for one in lists if one["name"] == "household_category")
    assert {"list": "household_category", "code": "LIFTED", "label": label} in categories["terms"]


async def test_every_vocabulary_of_the_field_is_there(reading_world: World) -> None:
    lists = {one["name"]: one["terms"] for one in (await reading_world.ask("anonymous", LISTS))["codeLists"]}
    assert len(lists["ethnicity"]) >= 56
    assert {term["code"] for term in lists["cause"]} >= {"ILLNESS", "DISABILITY", "STUDY", "DISASTER", "OTHER"}
    expected = "health labour education school_status relation_to_head sex pairing_role visit_purpose edge_group"
    assert set(expected.split()) <= set(lists)


async def test_a_phone_asks_for_what_changed_since(world: World) -> None:
    lists = (await world.ask("cadre", LISTS))["codeLists"]
    newest = max(one["version"] for one in lists)
    assert (await world.ask("cadre", LISTS, {"v": newest}))["codeLists"] == []
    await world.sql.execute(
        "UPDATE term SET label_zh = '因病（新）', changed_at = now() WHERE list = 'cause' AND code = 'ILLNESS'"
    )
    [changed] = (await world.ask("cadre", LISTS, {"v": newest}))["codeLists"]
    assert changed["name"] == "cause"
    assert changed["version"] > newest
    assert len(changed["terms"]) > 1, "the whole list comes, not the one word"


@pytest.mark.parametrize("version", ["", "x", "99999999", "'; DROP TABLE term; --"])
async def test_a_version_that_is_none_of_ours_harms_nobody(reading_world: World, version: str) -> None:
    assert isinstance((await reading_world.ask("anonymous", LISTS, {"v": version}))["codeLists"], list)


async def test_a_family_shows_its_causes_in_their_order(world: World) -> None:
    household = (await world.ask("cadre", "{ households(first: 1) { nodes { id } } }"))["households"]["nodes"][0]["id"]
    await world.sql.execute("UPDATE household SET causes = '{STUDY,ILLNESS,UNHEARD_OF}' WHERE id = $1", household)
    query = "query($id: ID!) { household(id: $id) { causes { code label } category { code } } }"
    shown = (await world.ask("cadre", query, {"id": household}))["household"]["causes"]
    assert [cause["code"] for cause in shown] == ["STUDY", "ILLNESS", "UNHEARD_OF"]
    assert shown[0]["label"] == "因学"
    assert shown[2]["label"] == "UNHEARD_OF", "a word that is not known is its own label"
