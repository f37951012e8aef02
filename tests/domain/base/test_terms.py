"""The vocabularies: complete, by the standards' own numbers, and loaded without harm to what a region has added."""

from __future__ import annotations

import re
from collections import defaultdict

import asyncpg
import pytest

from domain.base.chinese_ids import sex
from domain.base.terms import load_terms, read_terms

LISTS = {
    "campaign_area",
    "case_close_reason",
    "cause",
    "clue_sign",
    "disaster_kind",
    "edge_group",
    "education",
    "ethnicity",
    "finding",
    "grade_cause",
    "grade_indicator",
    "grade_reason",
    "health",
    "helper_kind",
    "household_category",
    "household_end_reason",
    "labour",
    "measure_cancel_reason",
    "measure_kind",
    "membership_end_reason",
    "membership_start_reason",
    "monitoring_category",
    "organisation_kind",
    "pairing_end_reason",
    "pairing_mode",
    "pairing_role",
    "plan_end_reason",
    "programme_class",
    "programme_group",
    "programme_reason",
    "programme_safeguard",
    "programme_service",
    "relation_to_head",
    "relief_kind",
    "relief_source",
    "school_status",
    "sex",
    "statement_kind",
    "statement_origin",
    "sweep_exclusion",
    "visit_purpose",
}


@pytest.fixture(scope="module")
def terms() -> dict[str, list[tuple[str, str, str, int, str]]]:
    lists = defaultdict(list)
    for name, *term in read_terms():
        lists[name].append(tuple(term))
    return dict(lists)


def test_every_list_is_there_and_numbered_from_one(terms):
    assert set(terms) == LISTS
    for rows in terms.values():
        assert [position for *_, position, _ in rows] == list(range(1, len(rows) + 1))


def test_codes_are_english_in_capitals_and_unique_and_every_term_has_both_labels_and_a_source(terms):
    for name, rows in terms.items():
        codes = [code for code, *_ in rows]
        assert len(set(codes)) == len(codes), name
        assert all(re.fullmatch(r"[A-Z]+(_[A-Z]+)*", code) for code in codes), name
        assert all(re.search(r"[\u4e00-\u9fff]", zh) and en.isascii() and source for _, zh, en, _, source in rows), name


def test_the_fifty_six_ethnicities_stand_in_the_order_of_gb_t_3304(terms):
    ethnicities = [row for row in terms["ethnicity"] if int(row[4].split(": ")[1][:2]) <= 56]
    assert len(ethnicities) == 56
    assert [int(source.split(": ")[1][:2]) for *_, source in ethnicities] == list(range(1, 57))
    assert ethnicities[0][:2] == ("HAN", "汉族")
    assert ethnicities[4][:2] == ("UYGUR", "维吾尔族")
    assert ethnicities[-1][:2] == ("JINO", "基诺族")


def test_a_relation_carries_its_national_number_once(terms):
    numbers = [source for *_, source in terms["relation_to_head"]]
    assert all(re.fullmatch(r"GB/T 4761-2008: [0-9]{2}", number) for number in numbers)
    assert len(set(numbers)) == len(numbers)
    assert terms["relation_to_head"][0][0] == "HEAD"


def test_the_sex_in_an_identity_number_has_a_term(terms):
    numbered = {source.rpartition(": ")[2]: code for code, *_, source in terms["sex"]}
    assert numbered[sex("11010519491231002X")] == "FEMALE"
    assert set(numbered) == {"0", "1", "2", "9"}


def test_the_eight_edge_groups_of_luan_are_an_open_list(terms):
    assert [zh for _, zh, *_ in terms["edge_group"]] == [
        "危房户",
        "低保户",
        "分散供养特困户",
        "大病慢性病人户",
        "受灾户",
        "重大家庭变故户",
        "残疾人户",
        "困难军烈属户",
        "其他重点群体",
    ]


async def test_loading_again_mends_a_label_and_leaves_a_regions_own_word(database: asyncpg.Connection):
    await load_terms(database)
    await database.execute("UPDATE term SET label_zh = '改过' WHERE (list, code) = ('sex', 'MALE')")
    await database.execute(
        "INSERT INTO term (list, code, label_zh, label_en, position, source)"
        " VALUES ('visit_purpose', 'TEA_HARVEST', '采茶', 'Tea harvest', 90, 'Fuzhou')"
    )
    await load_terms(database)
    assert await database.fetchval("SELECT label_zh FROM term WHERE (list, code) = ('sex', 'MALE')") == "男"
    assert await database.fetchval("SELECT count(*) FROM term") == len(read_terms()) + 1
