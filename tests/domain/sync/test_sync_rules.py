"""Cursors: what they say, whether they hold, and where they stand after a page."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access.rules import ANONYMOUS, GrantRole, Viewer
from domain.sync.rules import (
    MOST_CHARACTERS,
    START,
    Cursor,
    Kind,
    Position,
    granted,
    is_of_this_history,
    is_usable,
    moved_on,
    read,
    scope_of,
    written,
)

TODAY = date(2020, 7, 1)
ME, HELPER = uuid.UUID(int=1), uuid.UUID(int=2)
OFFICER = Viewer(ME, region_from="350125", region_to="350125:", roles=frozenset({GrantRole.COUNTY_OFFICER}))

POSITIONS = st.builds(Position, st.integers(0, 2**63 - 1), st.integers(0, 2**31 - 1))
CURSORS = st.builds(
    Cursor,
    st.sampled_from(Kind),
    st.text(max_size=20),
    st.dates(),
    st.dictionaries(st.integers(0, 2**31 - 1), POSITIONS, max_size=30),
    st.none() | st.uuids(),
)


@given(CURSORS)
def test_a_cursor_comes_back_as_it_was(cursor: Cursor) -> None:
    assert read(written(cursor)) == cursor


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_text_whatever_raises(text: str) -> None:
    assert read(text) is None or isinstance(read(text), Cursor)


GOOD: list[Any] = [1, "visit", "abc", "2020-07-01", [[350125201, 5, 6]], None]


def sent(*facts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(facts).encode()).decode()


def with_fact(place: int, fact: Any) -> list[Any]:
    return [*GOOD[:place], fact, *GOOD[place + 1 :]]


def test_the_form_that_is_read() -> None:
    assert read(sent(*GOOD)) == Cursor(Kind.VISIT, "abc", TODAY, {350125201: Position(5, 6)})


@pytest.mark.parametrize(
    "facts",
    [
        with_fact(0, 2),
        with_fact(1, "person"),
        with_fact(2, 7),
        with_fact(3, "yesterday"),
        with_fact(3, 7),
        with_fact(4, None),
        with_fact(4, [[1, 2]]),
        with_fact(4, [[2**31, 5, 6]]),
        with_fact(4, [[1, 2**63, 6]]),
        with_fact(4, [[1, -5, 6]]),
        with_fact(4, [[1, 5, 2**31]]),
        with_fact(4, [[1, 5.0, 6]]),
        with_fact(4, [[True, 5, 6]]),
        with_fact(5, "nobody"),
        with_fact(5, 7),
        GOOD[:5],
        [],
    ],
)
def test_what_is_no_cursor_is_none(facts: list[Any]) -> None:
    assert read(sent(*facts)) is None


def test_what_is_too_long_is_not_even_looked_at() -> None:
    assert read("A" * (MOST_CHARACTERS + 1)) is None


# --- whether it holds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "still"),
    [
        ({}, True),
        ({"kind": Kind.VISIT}, False),
        ({"scope": "other"}, False),
        ({"made_on": TODAY - timedelta(days=179)}, True),
        ({"made_on": TODAY - timedelta(days=180)}, False),
        ({"made_on": TODAY + timedelta(days=1)}, True),
    ],
)
def test_a_cursor_is_usable_by_its_viewer_for_180_days(change: dict[str, Any], still: bool) -> None:
    facts: dict[str, Any] = {"kind": Kind.HOUSEHOLD, "scope": "mine", "made_on": TODAY}
    assert is_usable(Cursor(**facts | change), Kind.HOUSEHOLD, "mine", TODAY) is still


def test_history_is_told_by_the_marks() -> None:
    cursor = Cursor(Kind.VISIT, "s", TODAY, {1: Position(5, 55), 2: START})

    assert is_of_this_history(cursor, {1: 55, 2: None})
    assert not is_of_this_history(cursor, {1: 56, 2: None})
    assert not is_of_this_history(cursor, {1: None, 2: None})
    assert not is_of_this_history(cursor, {2: None})


def test_a_scope_is_named_after_all_that_decides_it() -> None:
    others = [
        Viewer(uuid.UUID(int=9), region_from="350125", region_to="350125:", roles=OFFICER.roles),
        Viewer(ME, region_from="350124", region_to="350125:", roles=OFFICER.roles),
        Viewer(ME, region_from="350125", region_to="350126:", roles=OFFICER.roles),
        Viewer(ME, region_from="350125", region_to="350125:", region_spans=("350125", "350126"), roles=OFFICER.roles),
        Viewer(ME, region_from="350125", region_to="350125:"),
        Viewer(ME, region_from="350125", region_to="350125:", roles=OFFICER.roles, helper_id=HELPER),
        Viewer(ME, region_from="350125", region_to="350125:", roles=OFFICER.roles, organisation_id=HELPER),
    ]

    assert len({scope_of(viewer) for viewer in [OFFICER, *others]}) == 8
    assert scope_of(OFFICER) == scope_of(Viewer(ME, "李", None, "en", "350125", "350125:", roles=OFFICER.roles))


def test_granted_subtrees() -> None:
    assert granted(ANONYMOUS) == []
    assert granted(OFFICER) == ["350125"]
    assert granted(Viewer(ME, region_from="3501", region_to="3502:", region_spans=("3501", "3502"))) == ["3501", "3502"]


# --- where it stands -------------------------------------------------------------------------------------------------

HELD = {1: Position(10, 1), 3: Position(30, 3)}
HEADS = {1: Position(15, 11), 2: Position(20, 22), 3: Position(35, 33)}


def test_when_nothing_remains_all_is_read_to_its_head() -> None:
    assert moved_on(HELD, HEADS, None) == HEADS


def test_in_the_midst_of_an_area_those_before_are_read_and_those_after_are_not() -> None:
    assert moved_on(HELD, HEADS, (2, Position(18, 7))) == {1: Position(15, 11), 2: Position(18, 7), 3: Position(30, 3)}
    assert moved_on(HELD, HEADS, (1, Position(11, 7))) == {1: Position(11, 7), 2: START, 3: Position(30, 3)}
    assert moved_on(HELD, HEADS, (3, Position(31, 7))) == {1: Position(15, 11), 2: Position(20, 22), 3: Position(31, 7)}
