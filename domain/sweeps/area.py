"""The area of a disaster as somebody drew it: GeoJSON in a declared datum, in; rings in WGS-84, out. Pure.

Only the form is judged here; whether rings cross or a hole lies outside is what PostGIS says (`ST_IsValidReason`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from domain.base.datum import Datum, to_wgs84
from domain.base.errors import Problem

MOST_POSITIONS: Final = 20_000
MOST_POLYGONS: Final = 500
PATH: Final = ("input", "area")


@dataclass(frozen=True, slots=True)
class Area:
    """GeoJSON of a MultiPolygon in WGS-84, ready for PostGIS."""

    geojson: str


class _Amiss(Exception):
    pass


def read_area(given: Any, datum: str) -> Area | Problem:
    """A Polygon or MultiPolygon of GeoJSON (RFC 7946), longitude first. A problem: UNKNOWN_CODE for the datum,
    AREA_INVALID with what is wrong, AREA_TOO_LARGE."""
    if datum not in Datum.__members__:
        return Problem("UNKNOWN_CODE", ("input", "datum"), {"list": "Datum", "code": datum[:80]})
    polygons = _polygons(given)
    if polygons is None:
        return _invalid("type")
    if (
        len(polygons) > MOST_POLYGONS
        or sum(_length(ring) for rings in polygons for ring in _list(rings)) > MOST_POSITIONS
    ):
        return Problem("AREA_TOO_LARGE", PATH, {"limit": MOST_POSITIONS})
    try:
        shifted = [_polygon(rings, Datum[datum]) for rings in polygons]
    except _Amiss as amiss:
        return _invalid(str(amiss))
    return Area(json.dumps({"type": "MultiPolygon", "coordinates": shifted}))


def _invalid(reason: str) -> Problem:
    return Problem("AREA_INVALID", PATH, {"reason": reason})


def _polygons(given: Any) -> list[Any] | None:
    if not isinstance(given, dict) or not isinstance(given.get("coordinates"), list) or not given["coordinates"]:
        return None
    match given.get("type"):
        case "Polygon":
            return [given["coordinates"]]
        case "MultiPolygon":
            return list(given["coordinates"])
    return None


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _length(given: Any) -> int:
    return len(_list(given))


def _polygon(rings: Any, datum: Datum) -> list[Any]:
    if not _list(rings):
        raise _Amiss("polygon without a ring")
    return [_ring(ring, datum) for ring in rings]


def _ring(ring: Any, datum: Datum) -> list[Any]:
    positions = [_position(one) for one in _list(ring)]
    if len(positions) < 4:
        raise _Amiss("a ring has four positions at least")
    if positions[0] != positions[-1]:
        raise _Amiss("a ring ends where it began")
    # Only then moved: the same position moves alike, so a closed ring stays closed.
    return [to_wgs84(longitude, latitude, datum) for longitude, latitude in positions]


def _position(given: Any) -> tuple[float, float]:
    if not 2 <= _length(given) <= 3 or not all(type(one) in (int, float) for one in given):
        raise _Amiss("a position is two numbers")
    longitude, latitude = float(given[0]), float(given[1])
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):  # NaN is neither
        raise _Amiss("longitude first, -180 to 180, then latitude, -90 to 90")
    return longitude, latitude
