"""Codes of divisions: decision tables, and what must hold for every real one."""

from __future__ import annotations

import csv
import gzip

import pytest

from domain.regions.actions import DIVISIONS
from domain.regions.rules import RegionLevel, area_of, level_of, parent_code, region_code


@pytest.mark.parametrize(
    ("written", "code", "why"),
    [
        ("35", "35", "a province"),
        ("350125201205", "350125201205", "a village"),
        ("350000000000", "35", "padded province"),
        ("350100000000", "3501", "padded prefecture"),
        ("350125000000", "350125", "padded county"),
        ("350125201000", "350125201", "padded township"),
        ("441900000000", "4419", "a prefecture without counties: padded, it is the prefecture"),
        ("441900", "441900", "and its one county, written in full"),
        ("", None, "nothing"),
        ("3", None, "no level has one digit"),
        ("350", None, "nor three"),
        ("3501252012", None, "nor ten"),
        ("05", None, "no province begins with zero"),
        ("35o1", None, "a letter"),
        ("３５", None, "full-width digits"),
        ("35\n", None, "a line break behind it"),
        (" 35", None, "a space before it"),
    ],
)
def test_what_somebody_wrote_becomes_a_code_or_nothing(written: str, code: str | None, why: str) -> None:
    assert region_code(written) == code, why


def test_level_and_parent_come_from_the_code_alone() -> None:
    assert [level_of(c) for c in ("35", "3501", "350125", "350125201", "350125201205")] == list(RegionLevel)
    assert [parent_code(c) for c in ("35", "3501", "350125", "350125201", "350125201205")] == [
        None,
        "35",
        "3501",
        "350125",
        "350125201",
    ]


def test_every_real_code_but_one_reads_as_itself_and_every_township_fits_a_lock_key() -> None:
    with gzip.open(DIVISIONS, "rt", encoding="utf-8", newline="") as lines:
        codes = [row["code"] for row in csv.DictReader(lines)]
    # 350527000000 stands for a county of which the statistics know no part; padded, it is that county.
    assert [code for code in codes if region_code(code) != code] == ["350527000000"]
    assert max(area_of(code) for code in codes if len(code) >= 9) < 2**31
