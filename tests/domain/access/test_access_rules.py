"""Who a viewer is: grants become ranges of region codes."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access.rules import ANONYMOUS, NOWHERE, Actor, GrantFacts, GrantRole, Viewer, hull, spans

CODES = st.sampled_from(
    ["35", "3501", "350125", "350125201", "350125201205", "3415", "341503", "341503104", "52", "5201"]
)


@pytest.mark.parametrize(
    ("grants", "expected", "why"),
    [
        ([], (), "no grant, no region"),
        ([GrantFacts(GrantRole.COUNTY_OFFICER, "350125")], ("350125",), "one subtree"),
        (
            [GrantFacts(GrantRole.COUNTY_OFFICER, "350125"), GrantFacts(GrantRole.TOWNSHIP_OFFICER, "350125201")],
            ("350125",),
            "a part of it adds nothing",
        ),
        (
            [
                GrantFacts(GrantRole.VILLAGE_OFFICER, "350125201205"),
                GrantFacts(GrantRole.VILLAGE_OFFICER, "341503104201"),
            ],
            ("341503104201", "350125201205"),
            "two villages stay two",
        ),
        ([GrantFacts(GrantRole.AUDITOR, "35")], (), "an auditor reads the trace and sees no family"),
        ([GrantFacts(GrantRole.ADMINISTRATOR)], (), "nor does an administrator"),
        ([GrantFacts(GrantRole.INTEGRATOR, "3501")], ("3501",), "a service sees the region it was given"),
        ([GrantFacts(GrantRole.HELPER, "350125")], (), "a helper sees by pairing only"),
    ],
)
def test_grants_become_subtrees(grants: list[GrantFacts], expected: tuple[str, ...], why: str) -> None:
    assert spans(grants) == expected, why


@given(st.sets(CODES), CODES)
def test_a_viewer_sees_exactly_what_lies_in_a_granted_subtree(granted: set[str], asked: str) -> None:
    prefixes = spans([GrantFacts(GrantRole.COUNTY_OFFICER, code) for code in granted])
    region_from, region_to = hull(prefixes)
    viewer = Viewer(region_from=region_from, region_to=region_to, region_spans=prefixes if len(prefixes) > 1 else None)
    assert viewer.sees_region(asked) == any(asked.startswith(code) for code in granted)


def test_nobody_sees_nothing() -> None:
    assert hull(()) == (NOWHERE, NOWHERE)
    assert not ANONYMOUS.is_signed_in
    assert not ANONYMOUS.sees_region("35")
    assert ANONYMOUS.parties == ()
    with pytest.raises(PermissionError):
        _ = Actor(ANONYMOUS, datetime.now(UTC)).id


def test_only_those_who_meet_families_see_them_whole() -> None:
    shown = {role for role in GrantRole if Viewer(roles=frozenset({role})).meets_families}
    assert shown == {
        GrantRole.HELPER,
        GrantRole.VILLAGE_OFFICER,
        GrantRole.RESIDENT_TEAM,
        GrantRole.TOWNSHIP_OFFICER,
        GrantRole.COUNTY_OFFICER,
        GrantRole.PREFECTURE_OFFICER,
        GrantRole.PROVINCE_OFFICER,
    }


def test_a_viewer_is_listed_under_the_helper_and_the_organisation_that_they_are() -> None:
    helper, organisation = uuid.uuid4(), uuid.uuid4()
    assert Viewer(helper_id=helper, organisation_id=organisation).parties == (helper, organisation)
    assert Viewer(organisation_id=organisation).parties == (organisation,)


def test_the_day_is_chinas() -> None:
    at = datetime(2020, 6, 30, 16, 30, tzinfo=UTC)
    actor = Actor(Viewer(id=uuid.uuid4()), at)
    assert actor.today == date(2020, 7, 1)
    assert actor.id == actor.viewer.id
