"""Where a visit was: what was sent, its datum, the point it means, and what is odd about it. Nothing is refused for that."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from domain.base.datum import Datum, from_wgs84
from domain.visits.models import SubmissionOutcome
from tests.domain.visits.conftest import DWELLING, NOW, Hamlet, new_id, text
from tests.domain.visits.conftest import a_visit as at_one_moment

EAST_OF_THE_FENCE = (DWELLING[0] + 0.0025, DWELLING[1])  # 250 m at this latitude
PHOTO = {"sha256": "0f" * 32, "byteSize": 50_000, "mediaType": "image/jpeg"}


_moments = itertools.count()


def a_visit(household: Any, **changed: Any) -> dict[str, Any]:
    """Each ten minutes before the last one: who is at two places at one moment is noted as impossibly fast."""
    occurred = NOW - timedelta(hours=1, minutes=10 * next(_moments))
    clocks = {"occurredAt": text(occurred), "capturedAt": text(occurred + timedelta(minutes=5))}
    return at_one_moment(household, **{**clocks, **changed})


def at(point: tuple[float, float], datum: str = "WGS84", **more: Any) -> dict[str, Any]:
    return {"longitude": point[0], "latitude": point[1], "datum": datum, **more}


@pytest.mark.parametrize("datum", list(Datum))
async def test_a_point_is_stored_as_sent_and_measured_in_wgs84(hamlet: Hamlet, datum: Datum) -> None:
    shown_by_the_app = from_wgs84(*DWELLING, datum)
    sent = a_visit(hamlet.homes_of_li[0], location=at(shown_by_the_app, datum, accuracyMetres=12.5))

    await hamlet.submit(hamlet.li, sent)

    visit = await hamlet.visit(sent["id"])
    assert visit is not None
    assert (visit["sent_longitude"], visit["sent_latitude"], visit["sent_datum"]) == (*shown_by_the_app, datum)
    assert (visit["x"], visit["y"]) == pytest.approx(DWELLING, abs=1e-9)
    assert visit["distance_to_dwelling_metres"] < 0.001
    assert visit["accuracy_metres"] == 12.5
    assert await hamlet.notes(sent["id"]) == []


async def test_a_mistaken_datum_is_what_breaks_the_fence(hamlet: Hamlet) -> None:
    gcj02 = from_wgs84(*DWELLING, Datum.GCJ02)
    sent = a_visit(hamlet.homes_of_li[0], location=at(gcj02, "WGS84"))

    [answer] = await hamlet.submit(hamlet.li, sent)

    assert answer.outcome is SubmissionOutcome.APPLIED
    visit = await hamlet.visit(sent["id"])
    assert visit is not None
    assert visit["distance_to_dwelling_metres"] > 300
    assert visit["is_within_fence"] is False
    assert "TOO_FAR" in await hamlet.notes(sent["id"])


async def test_the_distance_is_metres_on_the_earth(hamlet: Hamlet) -> None:
    sent = a_visit(hamlet.homes_of_li[0], location=at(EAST_OF_THE_FENCE))

    await hamlet.submit(hamlet.li, sent)

    visit = await hamlet.visit(sent["id"])
    assert visit is not None
    assert visit["distance_to_dwelling_metres"] == pytest.approx(250.7, abs=0.5)
    notes = json.loads(visit["credibility"])
    assert [note["code"] for note in notes] == ["TOO_FAR"]
    assert notes[0]["detail"] == {
        "distanceMetres": round(visit["distance_to_dwelling_metres"], 1),
        "fenceMetres": 200,
    }


async def test_without_a_location_or_a_dwelling_there_is_no_distance(hamlet: Hamlet) -> None:
    unmapped = await hamlet.home(dwelling=None)
    await hamlet.pair(hamlet.li.viewer.helper_id, unmapped)
    nowhere, unmeasured = a_visit(hamlet.homes_of_li[0], location=None), a_visit(unmapped)

    await hamlet.submit(hamlet.li, nowhere, unmeasured)

    for sent, note in ((nowhere, "NO_LOCATION"), (unmeasured, "NO_DWELLING")):
        visit = await hamlet.visit(sent["id"])
        assert visit is not None
        assert (visit["distance_to_dwelling_metres"], visit["is_within_fence"]) == (None, None)
        assert await hamlet.notes(sent["id"]) == [note]


async def test_a_call_is_made_from_anywhere(hamlet: Hamlet) -> None:
    from_town = a_visit(hamlet.homes_of_li[0], contact="REMOTE", location=at(EAST_OF_THE_FENCE))

    await hamlet.submit(hamlet.li, from_town)

    visit = await hamlet.visit(from_town["id"])
    assert visit is not None
    assert visit["is_within_fence"] is None
    assert await hamlet.notes(from_town["id"]) == []


async def test_nobody_home_needs_no_answers_and_is_complete_without_them(hamlet: Hamlet) -> None:
    attempt = a_visit(hamlet.homes_of_li[0], contact="NOBODY_HOME", answers={"isWholeFamilyAway": True})

    [answer] = await hamlet.submit(hamlet.li, attempt)

    assert answer.outcome is SubmissionOutcome.APPLIED
    visit = await hamlet.visit(attempt["id"])
    assert visit is not None
    assert (visit["contact"], visit["is_complete"]) == ("NOBODY_HOME", True)


async def test_an_invented_or_vague_place_is_noted(hamlet: Hamlet) -> None:
    sent = a_visit(hamlet.homes_of_li[0], location=at(DWELLING, accuracyMetres=900.0, isMocked=True))

    await hamlet.submit(hamlet.li, sent)

    assert await hamlet.notes(sent["id"]) == ["INACCURATE", "MOCK_LOCATION"]


async def test_a_phone_whose_clock_is_wrong_is_noted_and_believed(hamlet: Hamlet) -> None:
    yesterday = NOW - timedelta(days=1)
    sent = a_visit(hamlet.homes_of_li[0], occurredAt=text(yesterday), capturedAt=text(yesterday))

    await hamlet.submit(hamlet.li, sent, sent_at=yesterday)

    assert await hamlet.notes(sent["id"]) == ["CLOCK_SKEW"]


async def test_two_places_too_far_apart_for_the_time_between_are_noted(hamlet: Hamlet) -> None:
    walker = await hamlet.cadre("郑干部")
    homes = [await hamlet.home(), await hamlet.home(dwelling=(DWELLING[0] + 0.5, DWELLING[1]))]
    for home in homes:
        await hamlet.pair(walker.viewer.helper_id, home)
    here = a_visit(homes[0], occurredAt="2026-11-20T09:00:00+08:00")
    there = a_visit(homes[1], occurredAt="2026-11-20T09:10:00+08:00", location=at((DWELLING[0] + 0.5, DWELLING[1])))
    back_at_once = a_visit(homes[0], occurredAt="2026-11-20T09:12:00+08:00")

    await hamlet.submit(walker, here, there)
    await hamlet.submit(walker, back_at_once)

    assert await hamlet.notes(here["id"]) == await hamlet.notes(there["id"]) == ["IMPOSSIBLE_SPEED"]
    assert await hamlet.notes(back_at_once["id"]) == ["IMPOSSIBLE_SPEED"], "against what stood already"


async def test_the_journeys_of_others_are_none_of_ones_own(hamlet: Hamlet) -> None:
    when = "2026-11-20T11:11:00+08:00"
    far_home = await hamlet.home(dwelling=(DWELLING[0] + 0.5, DWELLING[1]))
    cadres = [await hamlet.cadre("吴干部"), await hamlet.cadre("周干部")]
    for cadre, home in zip(cadres, (hamlet.homes_of_li[0], far_home), strict=True):
        await hamlet.pair(cadre.viewer.helper_id, home)
    near, far = (
        a_visit(hamlet.homes_of_li[0], occurredAt=when),
        a_visit(far_home, occurredAt=when, location=at((DWELLING[0] + 0.5, DWELLING[1]))),
    )

    await hamlet.submit(cadres[0], near)
    await hamlet.submit(cadres[1], far)

    assert await hamlet.notes(near["id"]) == await hamlet.notes(far["id"]) == []


async def test_a_repeated_photo_is_counted_across_households_that_know_nothing_of_each_other(hamlet: Hamlet) -> None:
    first = a_visit(hamlet.homes_of_chen[0], photos=[{"id": new_id(), **PHOTO}])
    copy = a_visit(hamlet.homes_of_li[0], photos=[{"id": new_id(), **PHOTO}])
    copy_of_copy = a_visit(hamlet.homes_of_li[1], photos=[{"id": new_id(), **PHOTO}, {"id": new_id(), **PHOTO}])

    await hamlet.submit(hamlet.chen, first)
    await hamlet.submit(hamlet.li, copy, copy_of_copy)

    assert await hamlet.notes(first["id"]) == []
    for sent in (copy, copy_of_copy):
        visit = await hamlet.visit(sent["id"])
        assert visit is not None
        assert json.loads(visit["credibility"]) == [
            {"code": "REPEATED_PHOTO", "detail": {"sha256": PHOTO["sha256"], "otherVisits": 2}}
        ]


async def test_a_photo_has_a_place_and_a_time_of_its_own(hamlet: Hamlet) -> None:
    gcj02 = from_wgs84(*DWELLING, Datum.GCJ02)
    photo = {"id": new_id(), **PHOTO, "takenAt": text(NOW - timedelta(hours=2)), "location": at(gcj02, "GCJ02")}
    photo["sha256"] = "1e" * 32

    await hamlet.submit(hamlet.li, a_visit(hamlet.homes_of_li[0], photos=[photo]))

    stored = await hamlet.sql.fetchrow(
        "SELECT ST_X(location) AS x, sent_longitude, sent_datum, taken_at FROM visit_photo WHERE id = $1", photo["id"]
    )
    assert stored["x"] == pytest.approx(DWELLING[0], abs=1e-9)
    assert (stored["sent_longitude"], stored["sent_datum"]) == (gcj02[0], "GCJ02")
    assert stored["taken_at"] == NOW - timedelta(hours=2)
