"""What may be told of small numbers, and that no subtraction gets behind it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access.anonymity import LEAST, told

A, B, C, D = "350125201201", "350125201202", "350125201203", "350125202201"


@pytest.mark.parametrize(
    ("villages", "expected"),
    [
        pytest.param({}, {}, id="nobody"),
        pytest.param({A: 4}, {}, id="few"),
        pytest.param({A: 5}, {"350125": 5, "350125201": 5, A: 5}, id="enough"),
        pytest.param({A: 3, B: 3}, {"350125": 6, "350125201": 6}, id="two small ones, told together above"),
        pytest.param({A: 1, B: 9, C: 8}, {"350125": 18, "350125201": 18, B: 9}, id="a neighbour is left out as well"),
        pytest.param({A: 0, B: 9}, {"350125": 9, "350125201": 9, B: 9}, id="nought hides nobody"),
        pytest.param({A: 9, D: 2}, {"350125": 11}, id="a small township takes its neighbour along"),
        pytest.param({A: 9, D: 7}, {"350125": 16, "350125201": 9, A: 9, "350125202": 7, D: 7}, id="all told"),
    ],
)
def test_what_is_told(villages: Mapping[str, int], expected: Mapping[str, int]) -> None:
    assert told(villages) == expected


VILLAGES = st.dictionaries(
    st.builds(lambda t, v: f"350125{t:03}{v:03}", st.integers(201, 204), st.integers(201, 206)),
    st.integers(0, 12),
    max_size=20,
)


@given(VILLAGES, st.integers(2, 9))
def test_no_difference_between_what_is_told_is_of_few(villages: Mapping[str, int], least: int) -> None:
    """Of every region that is told: what is not told of its parts is, together, nothing or many."""
    found = told(villages, least)
    assert all(count >= least for count in found.values())
    for code, count in found.items():
        parts = [other for other in found if len(other) == len(code) + 3 and other.startswith(code)]
        if len(code) < 12:
            rest = count - sum(found[part] for part in parts)
            assert rest == 0 or rest >= least, (code, found)
        assert count == sum(n for village, n in villages.items() if village.startswith(code))
        assert len(code) == 6 or code[:-3] in found, "nothing is told under what is not"


@given(VILLAGES)
def test_a_region_that_is_asked_about_by_itself_is_told_the_same(villages: Mapping[str, int]) -> None:
    assert told(dict(reversed(list(villages.items()))), LEAST) == told(villages)
