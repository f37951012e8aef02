"""The same content has the same hash, however a phone writes it; another content has another."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes.rules import content_hash

CHINA = timezone(timedelta(hours=8))
ID = uuid.UUID("01a20349-3d22-70cb-8c26-f0ea3ce38f10")


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "keys in another order"),
        ({"a": 1, "note": None}, {"a": 1}, "null is absence"),
        ({"at": datetime(2020, 7, 1, 8, tzinfo=CHINA)}, {"at": datetime(2020, 7, 1, 0, tzinfo=UTC)}, "one instant"),
        ({"n": 1.0}, {"n": 1}, "JSON knows one kind of number"),
        ({"n": Decimal("1.50")}, {"n": Decimal("1.5")}, "decimals normalised"),
        ({"s": {"b", "a"}}, {"s": ["a", "b"]}, "sets sorted"),
        ({"id": ID, "on": date(2020, 7, 1)}, {"id": str(ID), "on": "2020-07-01"}, "values by their text"),
        ({"a": [{"x": None}]}, {"a": [{}]}, "nulls dropped at every depth"),
        ({"n": 2**60}, {"n": str(2**60)}, "beyond what JSON numbers hold exactly"),
    ],
)
def test_equal_meaning_gives_equal_hashes(one: dict[str, Any], other: dict[str, Any], why: str) -> None:
    assert content_hash(one) == content_hash(other), why


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ({"a": 1}, {"a": 2}, "another value"),
        ({"a": [1, 2]}, {"a": [2, 1]}, "a list has an order"),
        ({"a": "1"}, {"a": 1}, "text is no number"),
        ({"a": ""}, {}, "empty is not absent"),
        ({"a": False}, {}, "nor is false"),
        (
            {"at": datetime(2020, 7, 1, tzinfo=UTC)},
            {"at": datetime(2020, 7, 1, 0, 0, 0, 1000, tzinfo=UTC)},
            "a millisecond",
        ),
    ],
)
def test_other_meaning_gives_another_hash(one: dict[str, Any], other: dict[str, Any], why: str) -> None:
    assert content_hash(one) != content_hash(other), why


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_the_order_of_keys_never_matters(content: dict[str, Any]) -> None:
    assert content_hash(content) == content_hash(dict(reversed(list(content.items()))))
