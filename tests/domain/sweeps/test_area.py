"""Areas as somebody draws them: what is read, what is moved into WGS-84, what is refused."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.base.datum import Datum, to_wgs84
from domain.base.errors import Problem
from domain.sweeps.area import MOST_POLYGONS, MOST_POSITIONS, Area, read_area

RING = [[118.9, 25.9], [119.0, 25.9], [119.0, 26.0], [118.9, 25.9]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def test_a_polygon_becomes_a_multipolygon_with_its_holes() -> None:
    read = read_area(polygon(RING, RING), "WGS84")
    assert isinstance(read, Area)
    assert json.loads(read.geojson) == {"type": "MultiPolygon", "coordinates": [[RING, RING]]}


def test_a_multipolygon_keeps_its_parts_and_a_height_is_let_go() -> None:
    high = [[*position, 12.5] for position in RING]
    read = read_area({"type": "MultiPolygon", "coordinates": [[high], [RING]]}, "CGCS2000")
    assert isinstance(read, Area)
    assert json.loads(read.geojson)["coordinates"] == [[RING], [RING]]


@pytest.mark.parametrize("datum", ["GCJ02", "BD09"])
def test_every_position_is_moved_out_of_its_datum(datum: str) -> None:
    read = read_area(polygon(RING), datum)
    assert isinstance(read, Area)
    ((ring,),) = json.loads(read.geojson)["coordinates"]
    assert ring == [list(to_wgs84(x, y, Datum[datum])) for x, y in RING]
    assert ring[0] == ring[-1]


@pytest.mark.parametrize(
    "amiss",
    [
        *(None, 7, "flood", [], {}, {"type": "Polygon"}, {"type": "Polygon", "coordinates": []}),
        *({"type": "Point", "coordinates": [1, 2]}, {"type": "Polygon", "coordinates": "all"}),
        *(polygon([]), polygon("ring"), polygon(RING[:3]), polygon([*RING[:3], [118.9, 25.8]])),
        *(polygon([[181, 0], *RING[1:]]), polygon([[0, 91], *RING[1:]]), polygon([[25.9, 118.9]] * 4)),
        *(polygon([[True, False]] * 4), polygon([["118", "25"]] * 4), polygon([[118.9]] * 4), polygon([None] * 4)),
        *(polygon([[1, 2, 3, 4]] * 4), polygon([[math.nan, 1.0]] * 4)),
        {"type": "MultiPolygon", "coordinates": [[]]},
        {"type": "MultiPolygon", "coordinates": ["x"]},
    ],
)
def test_what_is_no_area(amiss: Any) -> None:
    problem = read_area(amiss, "WGS84")
    assert isinstance(problem, Problem)
    assert (problem.code, problem.path) == ("AREA_INVALID", ("input", "area"))
    assert problem.detail["reason"]


def test_a_datum_is_declared_and_never_guessed() -> None:
    problem = read_area(polygon(RING), "wgs84")
    assert isinstance(problem, Problem)
    assert (problem.code, problem.path) == ("UNKNOWN_CODE", ("input", "datum"))


def test_how_large_an_area_may_be() -> None:
    ring = [RING[0]] * MOST_POSITIONS
    assert isinstance(read_area(polygon(ring), "WGS84"), Area)
    for large in (polygon([*ring, RING[0]]), {"type": "MultiPolygon", "coordinates": [[RING]] * (MOST_POLYGONS + 1)}):
        problem = read_area(large, "WGS84")
        assert isinstance(problem, Problem)
        assert problem.code == "AREA_TOO_LARGE"


_ANY = some.recursive(
    some.none() | some.booleans() | some.floats() | some.integers() | some.text(),
    lambda inner: some.lists(inner, max_size=5),
    max_leaves=20,
)


@given(some.fixed_dictionaries({"type": some.sampled_from(["Polygon", "MultiPolygon"]), "coordinates": _ANY}))
def test_whatever_is_sent_is_read_or_refused(sent: Any) -> None:
    assert isinstance(read_area(sent, "GCJ02"), Area | Problem)
