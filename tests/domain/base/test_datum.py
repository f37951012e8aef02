"""Datums: there and back, against two independent libraries, at known places, and outside China."""

from __future__ import annotations

import math

import eviltransform
import prcoords
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.base.datum import EAST, NORTH, SOUTH, WEST, Datum, from_wgs84, to_wgs84

SHIFTED = (Datum.GCJ02, Datum.BD09)
UNSHIFTED = (Datum.WGS84, Datum.CGCS2000)

# The four extremes of China's land, a little widened.
longitudes = st.floats(73.4, 135.2)
latitudes = st.floats(3.8, 53.6)
# GCJ-02's formula has a kink where the longitude is 105: its slope is infinite there, and iteration could stumble.
kink = example(105.0, 35.0).via("the kink")
just_beside_the_kink = example(105.000000000001, 29.4).via("just beside the kink")


def metres_between(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance of two (longitude, latitude) on a sphere of 6,371 km."""
    (east_a, north_a), (east_b, north_b) = ((math.radians(x), math.radians(y)) for x, y in (a, b))
    half_chord = math.sin((north_a - north_b) / 2) ** 2
    half_chord += math.cos(north_a) * math.cos(north_b) * math.sin((east_a - east_b) / 2) ** 2
    return 2 * 6_371_000 * math.asin(math.sqrt(half_chord))


@settings(max_examples=500)
@given(longitude=longitudes, latitude=latitudes)
@kink
@just_beside_the_kink
def test_a_point_that_went_to_a_datum_and_back_has_not_moved(longitude: float, latitude: float) -> None:
    for datum in Datum:
        back = to_wgs84(*from_wgs84(longitude, latitude, datum), datum)

        assert abs(back[0] - longitude) <= 1e-9, datum
        assert abs(back[1] - latitude) <= 1e-9, datum
        assert metres_between(back, (longitude, latitude)) <= 0.1, datum


@settings(max_examples=500)
@given(longitude=longitudes, latitude=latitudes)
@kink
def test_a_point_of_a_map_that_went_to_wgs84_and_back_has_not_moved(longitude: float, latitude: float) -> None:
    for datum in SHIFTED:
        back = from_wgs84(*to_wgs84(longitude, latitude, datum), datum)

        assert abs(back[0] - longitude) <= 1e-9, datum
        assert abs(back[1] - latitude) <= 1e-9, datum


@settings(max_examples=500)
@given(longitude=longitudes, latitude=latitudes)
@kink
def test_two_independent_libraries_send_a_point_to_the_same_place_within_a_metre(
    longitude: float, latitude: float
) -> None:
    here = (latitude, longitude)  # both libraries put latitude first
    peers = {
        Datum.GCJ02: (eviltransform.wgs2gcj(*here), prcoords.wgs_gcj(here)),
        Datum.BD09: (eviltransform.wgs2bd(*here), prcoords.wgs_bd(here)),
    }

    for datum, answers in peers.items():
        for their_latitude, their_longitude in answers:
            ours = from_wgs84(longitude, latitude, datum)
            assert metres_between(ours, (their_longitude, their_latitude)) <= 1


@settings(max_examples=500)
@given(longitude=longitudes, latitude=latitudes)
@kink
def test_two_independent_libraries_agree_with_the_way_back_within_a_metre(longitude: float, latitude: float) -> None:
    there = (latitude, longitude)
    # eviltransform's own inverse halves both axes at once and sticks where one shift is about nil (metres off, at
    # 116.8356 E 36.3516 N for one); so it is asked instead where our answer would be drawn.
    peers = {
        Datum.GCJ02: (prcoords.gcj_wgs_bored, eviltransform.wgs2gcj),
        Datum.BD09: (prcoords.bd_wgs_bored, eviltransform.wgs2bd),
    }

    for datum, (inverse, forward) in peers.items():
        ours = to_wgs84(longitude, latitude, datum)
        their_latitude, their_longitude = inverse(there)
        drawn_latitude, drawn_longitude = forward(ours[1], ours[0])
        assert metres_between(ours, (their_longitude, their_latitude)) <= 1, datum
        assert metres_between((longitude, latitude), (drawn_longitude, drawn_latitude)) <= 1, datum


# The gate as OpenStreetMap has it, and as the makers of two Chinese maps have it (Baidu's is its manual's first
# example).
TIANANMEN = (116.391325, 39.907355)
TIANANMEN_ON_MAPS = [(Datum.GCJ02, (116.397499, 39.908722)), (Datum.BD09, (116.404, 39.915))]


@pytest.mark.parametrize(("datum", "on_the_map"), TIANANMEN_ON_MAPS)
def test_tiananmen_is_where_it_is_on_every_map(datum: Datum, on_the_map: tuple[float, float]) -> None:
    assert metres_between(to_wgs84(*on_the_map, datum), TIANANMEN) <= 20
    assert metres_between(from_wgs84(*TIANANMEN, datum), on_the_map) <= 20
    assert metres_between(on_the_map, TIANANMEN) > 500


@pytest.mark.parametrize(
    ("place", "wgs84", "gcj02"),
    [
        ("Shanghai", (121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ("Shenzhen", (113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ("Beijing", (116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_the_published_examples_of_the_formula_are_met(
    place: str, wgs84: tuple[float, float], gcj02: tuple[float, float]
) -> None:
    assert metres_between(from_wgs84(*wgs84, Datum.GCJ02), gcj02) <= 0.01, place
    assert metres_between(to_wgs84(*gcj02, Datum.GCJ02), wgs84) <= 0.01, place


@settings(max_examples=300)
@given(longitude=longitudes, latitude=latitudes)
def test_the_shifts_over_china_have_the_sizes_that_the_docstring_states(longitude: float, latitude: float) -> None:
    wgs84 = (longitude, latitude)
    gcj02 = from_wgs84(*wgs84, Datum.GCJ02)
    bd09 = from_wgs84(*wgs84, Datum.BD09)

    assert metres_between(wgs84, gcj02) <= 740
    assert 740 <= metres_between(gcj02, bd09) <= 1_020
    assert 680 <= metres_between(wgs84, bd09) <= 1_550


@pytest.mark.parametrize("datum", UNSHIFTED)
@given(longitude=st.floats(-180, 180), latitude=st.floats(-90, 90))
def test_wgs84_and_cgcs2000_are_the_same_everywhere(longitude: float, latitude: float, datum: Datum) -> None:
    assert from_wgs84(longitude, latitude, datum) == (longitude, latitude)
    assert to_wgs84(longitude, latitude, datum) == (longitude, latitude)


@pytest.mark.parametrize("datum", Datum)
@given(
    point=st.one_of(
        st.tuples(st.floats(-180, WEST, exclude_max=True), st.floats(-90, 90)),
        st.tuples(st.floats(EAST, 180, exclude_min=True), st.floats(-90, 90)),
        st.tuples(st.floats(-180, 180), st.floats(-90, SOUTH, exclude_max=True)),
        st.tuples(st.floats(-180, 180), st.floats(NORTH, 90, exclude_min=True)),
    )
)
def test_outside_the_rectangle_nothing_is_shifted(point: tuple[float, float], datum: Datum) -> None:
    assert from_wgs84(*point, datum) == point
    assert to_wgs84(*point, datum) == point


@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [(side + step, 30.0) for side in (WEST, EAST) for step in (-1e-6, 0, 1e-6)]
    + [(110.0, side + step) for side in (SOUTH, NORTH) for step in (-1e-6, 0, 1e-6)],
)
def test_the_rectangle_is_that_of_the_libraries(longitude: float, latitude: float) -> None:
    is_unshifted = from_wgs84(longitude, latitude, Datum.GCJ02) == (longitude, latitude)

    assert is_unshifted == eviltransform.outOfChina(latitude, longitude)
    assert is_unshifted != prcoords.sanity_in_china_p(prcoords.Coords(latitude, longitude))


@pytest.mark.parametrize("corner", [(WEST, SOUTH), (WEST, NORTH), (EAST, SOUTH), (EAST, NORTH)])
@pytest.mark.parametrize("datum", SHIFTED)
def test_the_rectangle_s_own_edge_is_shifted(corner: tuple[float, float], datum: Datum) -> None:
    assert from_wgs84(*corner, datum) != corner
    assert to_wgs84(*corner, datum) != corner


@pytest.mark.parametrize(
    ("place", "longitude", "latitude"),
    [("Hong Kong", 114.1694, 22.3193), ("Macao", 113.5439, 22.1987), ("Taipei", 121.5654, 25.0330)],
)
def test_hong_kong_macao_and_taiwan_follow_the_convention_of_the_libraries(
    place: str, longitude: float, latitude: float
) -> None:
    assert metres_between(from_wgs84(longitude, latitude, Datum.GCJ02), (longitude, latitude)) > 100, place


@pytest.mark.parametrize("datum", Datum)
@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [
        (math.nan, 30.0),
        (110.0, math.nan),
        (math.inf, 30.0),
        (110.0, -math.inf),
        (110.0, 91.0),
        (110.0, -90.000001),
        (181.0, 30.0),
        (-180.000001, 30.0),
    ],
)
def test_what_is_no_place_on_earth_is_refused(longitude: float, latitude: float, datum: Datum) -> None:
    with pytest.raises(ValueError, match="not a place on earth"):
        to_wgs84(longitude, latitude, datum)
    with pytest.raises(ValueError, match="not a place on earth"):
        from_wgs84(longitude, latitude, datum)


@pytest.mark.parametrize(("longitude", "latitude"), [(180.0, 90.0), (-180.0, -90.0), (0.0, 0.0)])
def test_the_ends_of_the_earth_are_places(longitude: float, latitude: float) -> None:
    assert to_wgs84(longitude, latitude, Datum.GCJ02) == (longitude, latitude)
