"""Credibility and the monthly duty as tables: each row is a case and the reason for its answer."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.visits.rules import (
    CredibilityCode,
    CredibilityNote,
    NeighbouringVisit,
    RepeatedPhoto,
    VisitContact,
    VisitFacts,
    VisitPolicy,
    counts_as_monthly_visit,
    credibility,
)

NOON = datetime(2026, 3, 14, 4, tzinfo=UTC)  # noon in China
POLICY = VisitPolicy()
GOOD = VisitFacts(
    occurred_at=NOON,
    sent_at=NOON + timedelta(minutes=30),
    received_at=NOON + timedelta(minutes=30, seconds=2),
    has_location=True,
    has_dwelling=True,
    distance_to_dwelling_metres=12.0,
    accuracy_metres=6.0,
)
NOWHERE = {"has_location": False, "distance_to_dwelling_metres": None, "accuracy_metres": None}


def neighbour(metres_away: float, **before: float) -> NeighbouringVisit:
    return NeighbouringVisit(NOON - timedelta(**before), metres_away)


def test_an_ordinary_visit_has_no_notes() -> None:
    assert credibility(GOOD, POLICY) == ()


@pytest.mark.parametrize(
    ("reason", "facts", "code", "detail"),
    [
        ("no location was sent: nothing more to say of the place", NOWHERE, "NO_LOCATION", {}),
        (
            "the dwelling has no location yet: nothing to compare with",
            {"has_dwelling": False, "distance_to_dwelling_metres": None},
            "NO_DWELLING",
            {},
        ),
        (
            "just beyond the fence",
            {"distance_to_dwelling_metres": 200.06},  # told, and judged, to the decimetre
            "TOO_FAR",
            {"distanceMetres": 200.1, "fenceMetres": 200},
        ),
        (
            "an undeclared GCJ-02 point looks like this",
            {"distance_to_dwelling_metres": 541.0},
            "TOO_FAR",
            {"distanceMetres": 541.0, "fenceMetres": 200},
        ),
        (
            "a fix by cell tower",
            {"accuracy_metres": 1_400.0},
            "INACCURATE",
            {"accuracyMetres": 1_400.0, "limitMetres": 100},
        ),
        (
            "iOS says 'invalid' by a negative accuracy",
            {"accuracy_metres": -1.0},
            "INACCURATE",
            {"accuracyMetres": -1.0, "limitMetres": 100},
        ),
        ("the phone itself says that the location is made up", {"is_mocked": True}, "MOCK_LOCATION", {}),
        (
            "30 km in ten minutes",
            {"neighbours": (neighbour(30_000, minutes=10),)},
            "IMPOSSIBLE_SPEED",
            {"kilometresPerHour": 180.0, "limitKilometresPerHour": 120, "metresAway": 30_000},
        ),
        (
            "the visit after this one is judged like the one before",
            {"neighbours": (neighbour(30_000, minutes=-10),)},
            "IMPOSSIBLE_SPEED",
            {"kilometresPerHour": 180.0, "limitKilometresPerHour": 120, "metresAway": 30_000},
        ),
        (
            "of several journeys the fastest is told, not the longest",
            {"neighbours": (neighbour(90_000, minutes=40), neighbour(30_000, minutes=10), neighbour(600, hours=2))},
            "IMPOSSIBLE_SPEED",
            {"kilometresPerHour": 180.0, "limitKilometresPerHour": 120, "metresAway": 30_000},
        ),
        (
            "two places at one instant: the speed stays a number",
            {"neighbours": (neighbour(1_000),)},
            "IMPOSSIBLE_SPEED",
            {"kilometresPerHour": 3_600.0, "limitKilometresPerHour": 120, "metresAway": 1_000},
        ),
        (
            "the same picture was sent before",
            {"repeated_photos": (RepeatedPhoto("ab" * 32, 2),)},
            "REPEATED_PHOTO",
            {"sha256": "ab" * 32, "otherVisits": 2},
        ),
        (
            "the phone is ten minutes ahead",
            {"sent_at": GOOD.received_at + timedelta(minutes=10)},
            "CLOCK_SKEW",
            {"skewSeconds": 600},
        ),
        (
            "the phone is ten minutes behind",
            {"sent_at": GOOD.received_at - timedelta(minutes=10)},
            "CLOCK_SKEW",
            {"skewSeconds": -600},
        ),
        (
            "made on the 30th, synced on the 3rd",
            {
                "sent_at": NOON + timedelta(hours=100, minutes=30),
                "received_at": NOON + timedelta(hours=100, minutes=30),
            },
            "LATE",
            {"hours": 100.5},
        ),
    ],
)
def test_what_is_odd_is_told_with_its_figures(
    reason: str, facts: dict[str, object], code: str, detail: dict[str, object]
) -> None:
    notes = credibility(dataclasses.replace(GOOD, **facts), POLICY)

    assert notes == (CredibilityNote(CredibilityCode(code), detail),), reason


@pytest.mark.parametrize(
    ("reason", "facts"),
    [
        ("exactly on the fence is inside", {"distance_to_dwelling_metres": 200.0}),
        ("four centimetres beyond are rounded away", {"distance_to_dwelling_metres": 200.04}),
        ("exactly the accuracy limit is good enough", {"accuracy_metres": 100.0}),
        ("a phone that states no accuracy is not blamed for it", {"accuracy_metres": None}),
        ("exactly the speed limit is legal", {"neighbours": (neighbour(20_000, minutes=10),)}),
        ("next door at the same minute: forms finished together", {"neighbours": (neighbour(500),)}),
        ("the same house again", {"neighbours": (neighbour(0),)}),
        ("skew just tolerated, ahead", {"sent_at": GOOD.received_at + timedelta(seconds=300)}),
        ("skew just tolerated, behind", {"sent_at": GOOD.received_at - timedelta(seconds=300)}),
        ("three days are not late yet", {f"{name}_at": NOON + timedelta(hours=72) for name in ("sent", "received")}),
        ("received before it occurred is the skew's affair", {"occurred_at": GOOD.received_at + timedelta(days=9)}),
    ],
)
def test_what_lies_on_a_limit_is_not_odd(reason: str, facts: dict[str, object]) -> None:
    assert credibility(dataclasses.replace(GOOD, **facts), POLICY) == (), reason


def test_a_region_s_policy_moves_every_limit() -> None:
    facts = dataclasses.replace(
        GOOD,
        distance_to_dwelling_metres=900.0,
        accuracy_metres=450.0,
        neighbours=(neighbour(30_000, minutes=10), neighbour(900)),
        sent_at=GOOD.received_at - timedelta(minutes=10) + timedelta(days=10),
        received_at=GOOD.received_at + timedelta(days=10),
    )
    generous = VisitPolicy(
        fence_metres=1_000,
        accuracy_limit_metres=500,
        speed_limit_kmh=200,
        speed_ignored_within_metres=1_000,
        clock_skew_tolerance_seconds=600,
        late_after_hours=24 * 30,
    )

    assert [note.code for note in credibility(facts, POLICY)] == [
        "TOO_FAR",
        "INACCURATE",
        "IMPOSSIBLE_SPEED",
        "CLOCK_SKEW",
        "LATE",
    ]
    assert credibility(facts, generous) == ()


def test_photos_are_told_one_by_one_in_the_order_of_their_hashes() -> None:
    photos = (RepeatedPhoto("ff" * 32, 1), RepeatedPhoto("00" * 32, 3))
    notes = credibility(dataclasses.replace(GOOD, repeated_photos=photos), POLICY)

    assert [note.detail["sha256"] for note in notes] == ["00" * 32, "ff" * 32]


@pytest.mark.parametrize(
    ("has_location", "has_dwelling", "distance"),
    [(True, True, None), (False, True, 5.0), (True, False, 5.0), (False, False, 5.0)],
)
def test_facts_that_contradict_themselves_are_refused(
    has_location: bool, has_dwelling: bool, distance: float | None
) -> None:
    with pytest.raises(ValueError, match="a distance needs"):
        dataclasses.replace(
            GOOD, has_location=has_location, has_dwelling=has_dwelling, distance_to_dwelling_metres=distance
        )


instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
metres = st.floats(0, 2e7)


@st.composite
def any_facts(draw: st.DrawFn) -> VisitFacts:
    has_location, has_dwelling = draw(st.booleans()), draw(st.booleans())
    return VisitFacts(
        occurred_at=draw(instants),
        sent_at=draw(instants),
        received_at=draw(instants),
        has_location=has_location,
        has_dwelling=has_dwelling,
        distance_to_dwelling_metres=draw(metres) if has_location and has_dwelling else None,
        accuracy_metres=draw(st.none() | st.floats(-1, 1e6)),
        is_mocked=draw(st.booleans()),
        neighbours=tuple(draw(st.lists(st.builds(NeighbouringVisit, instants, metres), max_size=4))),
        repeated_photos=tuple(
            draw(st.lists(st.builds(RepeatedPhoto, st.text("0123456789abcdef", max_size=3), st.just(1)), max_size=3))
        ),
    )


@given(any_facts())
def test_any_visit_is_explained_in_stable_order_and_in_strict_json(facts: VisitFacts) -> None:
    notes = credibility(facts, POLICY)
    order = list(CredibilityCode)

    assert [note.code for note in notes] == sorted((note.code for note in notes), key=order.index)
    assert len({note.code for note in notes} - {"REPEATED_PHOTO"}) == sum(n.code != "REPEATED_PHOTO" for n in notes)
    assert notes == credibility(facts, POLICY)
    for note in notes:
        json.dumps(note.detail, allow_nan=False)


LIMITED = {
    "TOO_FAR": ("distanceMetres", "fenceMetres"),
    "IMPOSSIBLE_SPEED": ("kilometresPerHour", "limitKilometresPerHour"),
}


@given(any_facts())
def test_no_note_contradicts_itself(facts: VisitFacts) -> None:
    for note in credibility(facts, POLICY):
        if note.code in LIMITED:
            figure, limit = LIMITED[note.code]
            assert note.detail[figure] > note.detail[limit]


@given(any_facts())
def test_the_order_in_which_neighbours_and_photos_come_changes_nothing(facts: VisitFacts) -> None:
    shuffled = dataclasses.replace(
        facts,
        neighbours=tuple(reversed(facts.neighbours)),
        repeated_photos=tuple(reversed(facts.repeated_photos)),
    )

    assert credibility(shuffled, POLICY) == credibility(facts, POLICY)


@pytest.mark.parametrize(
    ("reason", "contact", "is_form_complete", "is_adult_met", "is_whole_family_away", "is_by_key_helper", "counts"),
    [
        ("at the door, with everything", "IN_PERSON", True, True, False, True, True),
        ("at the door of an absent family that came home that day", "IN_PERSON", True, True, True, True, True),
        ("only children were met", "IN_PERSON", True, False, False, True, False),
        ("the form was broken off", "IN_PERSON", False, True, False, True, False),
        ("a visitor without the key-help role", "IN_PERSON", True, True, False, False, False),
        ("a call to a family that is at home is an attempt", "REMOTE", True, True, False, True, False),
        ("a video call to a family working far away", "REMOTE", True, True, True, True, True),
        ("a call that reached a child", "REMOTE", True, False, True, True, False),
        ("a call with half a form", "REMOTE", False, True, True, True, False),
        ("a call by somebody else", "REMOTE", True, True, True, False, False),
        ("nobody home is an attempt", "NOBODY_HOME", True, False, False, True, False),
        ("nobody home, and all are away: still an attempt", "NOBODY_HOME", True, False, True, True, False),
        ("a contradiction counts for nothing", "NOBODY_HOME", True, True, True, True, False),
    ],
)
def test_what_counts_as_the_monthly_visit(
    reason: str,
    contact: str,
    is_form_complete: bool,
    is_adult_met: bool,
    is_whole_family_away: bool,
    is_by_key_helper: bool,
    counts: bool,
) -> None:
    answer = counts_as_monthly_visit(
        contact=VisitContact(contact),
        is_form_complete=is_form_complete,
        is_adult_met=is_adult_met,
        is_whole_family_away=is_whole_family_away,
        is_by_key_helper=is_by_key_helper,
    )

    assert answer is counts, reason
