"""Coordinates in China: WGS-84, CGCS2000, GCJ-02 and BD-09, each from and to WGS-84.

A phone's GNSS speaks WGS-84, the maps of Amap and Tencent GCJ-02, Baidu's BD-09. Over China GCJ-02 lies 20 to 730 m
away from WGS-84 (in nine places of ten 150 to 620 m), BD-09 760 to 990 m from GCJ-02 and 690 to 1,530 m from WGS-84.
So a datum is always declared and never guessed: a mistaken one breaks a 200 m fence without a word.

Coordinates are degrees, longitude first, as PostGIS has them. `domain/base/datum_sql.py` says the same in SQL.

**GCJ-02** has no published definition. The formula here is the one that all public libraries share (eviltransform,
MIT; PRCoords, CC0; both descend from one leaked implementation on the Krasovsky ellipsoid). The official service adds
noise of its own, so nobody's conversion of a point read off a map is better than about a metre. **BD-09** is Baidu's
published behaviour on top of GCJ-02, from the same sources.

**The inverse** has no closed form. It is iterated on the forward formula; going there and back moves a point by
less than 1e-9 degree (0.1 mm), seen: 1e-11.

**CGCS2000** is taken to be WGS-84. Both are realisations of the same terrestrial frame and their ellipsoids differ
by 0.1 mm at the pole; at CGCS2000's own epoch (2000.0) they agree within a decimetre. Since then the plates have
carried China about 3 cm a year away from that epoch, less than a metre in all: nothing beside a phone's 5 to 10 m.
PostGIS moves no point between SRID 4490 and 4326 either.

**Where it is shifted.** By convention of the public libraries: longitude 72.004 to 137.8347, latitude 0.8293 to
55.8271, the rectangle judged on the coordinates as given. It holds all of China with Hong Kong, Macao and Taiwan
(Baidu documents that it shifts them; other maps may not), and much of the neighbouring countries. The client's duty
is to declare the datum of what it sends; this code then does what that datum's formula says. Outside the rectangle a
point is returned as it came, in every datum. Along the rectangle's edge, in a strip of less than 2 km and far from
any Chinese land, the way back is not exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum

Point = tuple[float, float]


class Datum(StrEnum):
    """What a pair of coordinates is measured against (坐标系)."""

    WGS84 = "WGS84"
    CGCS2000 = "CGCS2000"
    GCJ02 = "GCJ02"
    BD09 = "BD09"


WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271

# Krasovsky 1940: equatorial radius in metres and squared eccentricity. GCJ-02 measures its shift in metres on this
# ellipsoid although it starts from WGS-84; that mixture is part of the definition.
KRASOVSKY_RADIUS = 6378245.0
KRASOVSKY_ECCENTRICITY_SQUARED = 0.00669342162296594323

BAIDU_WAVES = math.pi * 3000 / 180


def to_wgs84(longitude: float, latitude: float, datum: Datum) -> Point:
    """The WGS-84 (longitude, latitude) of a point given in `datum`, in degrees.

    Raises ValueError unless -180 <= longitude <= 180 and -90 <= latitude <= 90 (NaN and infinity are neither).
    """
    given = _checked(longitude, latitude)
    shift = _SHIFTS[datum]
    return _inverse(shift, given) if shift and _is_in_rectangle(given) else given


def from_wgs84(longitude: float, latitude: float, datum: Datum) -> Point:
    """The (longitude, latitude) in `datum` of a WGS-84 point, in degrees. Raises ValueError as `to_wgs84` does."""
    given = _checked(longitude, latitude)
    shift = _SHIFTS[datum]
    return shift(given) if shift and _is_in_rectangle(given) else given


def _checked(longitude: float, latitude: float) -> Point:
    # Written so that NaN, which compares false with everything, is refused with the rest.
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise ValueError(f"not a place on earth: longitude {longitude}, latitude {latitude}")
    return (longitude, latitude)


def _is_in_rectangle(point: Point) -> bool:
    longitude, latitude = point
    return WEST <= longitude <= EAST and SOUTH <= latitude <= NORTH


def _gcj02(point: Point) -> Point:
    """WGS-84 to GCJ-02: a polynomial and six waves, in metres east and north, then turned into degrees."""
    longitude, latitude = point
    x, y = longitude - 105, latitude - 35
    pi, sin = math.pi, math.sin

    waves = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (waves + 20 * sin(x * pi) + 40 * sin(x / 3 * pi) + 150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (waves + 20 * sin(y * pi) + 40 * sin(y / 3 * pi) + 160 * sin(y / 12 * pi) + 320 * sin(y / 30 * pi)) * 2 / 3

    flattening = 1 - KRASOVSKY_ECCENTRICITY_SQUARED * sin(math.radians(latitude)) ** 2
    parallel_radius = KRASOVSKY_RADIUS * math.cos(math.radians(latitude)) / math.sqrt(flattening)
    meridian_radius = KRASOVSKY_RADIUS * (1 - KRASOVSKY_ECCENTRICITY_SQUARED) / flattening**1.5
    return (longitude + math.degrees(east / parallel_radius), latitude + math.degrees(north / meridian_radius))


def _bd09(point: Point) -> Point:
    """WGS-84 to BD-09: GCJ-02, then Baidu's ripple around the origin of the degrees and its fixed offset."""
    x, y = _gcj02(point)
    radius = math.sqrt(x * x + y * y) + 0.00002 * math.sin(y * BAIDU_WAVES)
    angle = math.atan2(y, x) + 0.000003 * math.cos(x * BAIDU_WAVES)
    return (radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006)


def _inverse(forward: Callable[[Point], Point], given: Point) -> Point:
    """The point that `forward` sends to `given`: each round corrects the guess by what is still missing.

    Two neighbouring points are shifted alike but for 3 % of their distance, so a round wins a digit and a half. The
    first guess is 0.02 degree off at most; eight rounds bring that below 1e-13.
    """
    longitude, latitude = given
    for _ in range(8):
        reached = forward((longitude, latitude))
        longitude, latitude = longitude + given[0] - reached[0], latitude + given[1] - reached[1]
    return (longitude, latitude)


_SHIFTS: dict[Datum, Callable[[Point], Point] | None] = {
    Datum.WGS84: None,
    Datum.CGCS2000: None,
    Datum.GCJ02: _gcj02,
    Datum.BD09: _bd09,
}
