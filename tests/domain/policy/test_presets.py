"""The numbers that ship with the program: nothing is claimed of a document that it does not say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from domain.policy.loading import DOCUMENTS, Preset, load_presets, read_presets
from domain.policy.rules import PolicyBasis

PRESETS = list(read_presets())
SOURCES = [one for one in PRESETS if one.basis is PolicyBasis.SOURCE]


def named(one: Preset) -> str:
    return f"{one.code} {one.parameter}"


def test_the_seven_places_are_there() -> None:
    assert sorted({one.code for one in PRESETS}) == [
        "dezhou-2019",
        "fujian-2020",
        "fuzhou-2020",
        "luan-2019",
        "national-2021",
        "weixian-2020",
        "xinjiang-2020",
    ]


@pytest.mark.parametrize("one", SOURCES, ids=named)
def test_the_sentence_of_a_source_stands_in_its_document(one: Preset) -> None:
    assert one.text is not None, "a SOURCE names the file with its document's words"
    assert one.sentence in (DOCUMENTS / one.text).read_text(encoding="utf-8")


@pytest.mark.parametrize("one", [one for one in PRESETS if one not in SOURCES], ids=named)
def test_what_no_document_says_says_why_it_is_taken(one: Preset) -> None:
    assert one.sentence


@pytest.mark.parametrize(
    ("code", "parameter", "value"),
    [
        ("fuzhou-2020", "INCOME_LINE", "8400.00"),
        ("fujian-2020", "VERIFICATION_DAYS", 7),
        ("luan-2019", "GRADING_MONTHS", [4, 10]),
        ("xinjiang-2020", "MONTHS_BELOW", 3),
        ("dezhou-2019", "OUT_OF_POCKET_SHARE", 10),
        ("dezhou-2019", "PREMIUM_SHARE", 50),
    ],
)
def test_the_figures_of_the_sources(code: str, parameter: str, value: object) -> None:
    (found,) = (one for one in SOURCES if (one.code, one.parameter) == (code, parameter))
    assert found.value == value


def test_weixians_threshold_is_an_assumption_as_the_source_states_none() -> None:
    (found,) = (one for one in PRESETS if (one.code, one.parameter) == ("weixian-2020", "MEDICAL_THRESHOLD"))
    assert found.basis is PolicyBasis.ASSUMPTION


def test_a_preset_that_its_parameter_may_not_have_is_refused(tmp_path: Path) -> None:
    preset = {
        "regionCode": None,
        "fromOn": "2021-01-01",
        "document": "a paper",
        "text": None,
        "values": {"NOTICE_DAYS": {"value": 3, "basis": "CONVENTION", "sentence": "three days"}},
    }
    (tmp_path / "planted.json").write_text(json.dumps(preset), encoding="utf-8")
    with pytest.raises(ValueError, match="NOTICE_DAYS POLICY_BELOW_MINIMUM"):
        list(read_presets(tmp_path))


async def test_loading_again_changes_nothing(database: asyncpg.Connection) -> None:
    before = await database.fetch("SELECT * FROM policy_value ORDER BY id")
    assert len(before) == len(PRESETS)
    await load_presets(database, datetime.now(UTC))
    assert await database.fetch("SELECT * FROM policy_value ORDER BY id") == before


async def test_the_country_alone_can_be_loaded(database: asyncpg.Connection) -> None:
    await database.execute("DELETE FROM policy_value")
    await load_presets(database, datetime.now(UTC), only="national-2021")
    regions = await database.fetch("SELECT DISTINCT region_code FROM policy_value")
    assert [row["region_code"] for row in regions] == [None]
