"""Who a viewer is: grants become ranges of region codes."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access.rules import ANONYMOUS, NOWHERE, Actor, GrantFacts, GrantRole, Reach, Viewer, hull, reach, spans

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


TOWNSHIP, COUNTY = GrantFacts(GrantRole.TOWNSHIP_OFFICER, "350125201"), GrantFacts(GrantRole.COUNTY_OFFICER, "350125")
SERVICE, CADRE = GrantFacts(GrantRole.INTEGRATOR, "3501"), GrantFacts(GrantRole.HELPER)
OTHER = uuid.UUID(int=7)
STAND_IN = GrantFacts(GrantRole.HELPER, stands_in_for=OTHER)
PARTNER, TEAM = GrantFacts(GrantRole.PARTNER), GrantFacts(GrantRole.RESIDENT_TEAM, "350125201205")


@pytest.mark.parametrize(
    ("grants", "has_organisation", "expected", "why"),
    [
        ([], True, Reach((), None, False, False, False), "no grant opens nothing, not even a list"),
        ([TOWNSHIP], False, Reach(("350125201",), None, True, False, False), "met wherever it reaches"),
        ([TOWNSHIP, COUNTY], False, Reach(("350125",), None, True, False, False), "one inside the other"),
        ([SERVICE], False, Reach(("3501",), None, False, False, False), "met nowhere"),
        ([SERVICE, TOWNSHIP], False, Reach(("3501",), ("350125201",), True, False, False), "met in the township"),
        ([PARTNER], True, Reach((), None, False, True, False), "a partner meets nobody"),
        ([PARTNER, TOWNSHIP], True, Reach(("350125201",), ("350125201",), True, True, False), "masked on the list"),
        ([PARTNER, TOWNSHIP], False, Reach(("350125201",), None, True, False, False), "a partner without organisation"),
        ([CADRE, PARTNER], True, Reach((), (), True, True, False), "two lists, one of them met"),
        ([CADRE], True, Reach((), None, True, False, False), "the organisation's list is not a cadre's"),
        ([TEAM], True, Reach(("350125201205",), None, True, True, True), "a resident team meets its families"),
        ([STAND_IN], False, Reach((), None, False, False, False, (OTHER,)), "another's list, and not one's own"),
        ([STAND_IN, CADRE], False, Reach((), None, True, False, False, (OTHER,)), "both lists"),
        ([STAND_IN, STAND_IN], False, Reach((), None, False, False, False, (OTHER,)), "one list twice is one"),
        ([STAND_IN, SERVICE], False, Reach(("3501",), (), False, False, False, (OTHER,)), "met on that list alone"),
    ],
)
def test_how_far_grants_reach_and_where_families_are_met(
    grants: list[GrantFacts], has_organisation: bool, expected: Reach, why: str
) -> None:
    assert reach(grants, has_organisation=has_organisation) == expected, why


def test_who_stands_in_is_listed_under_the_helpers_name_and_meets_the_families() -> None:
    viewer = Viewer(roles=frozenset({GrantRole.HELPER}), stands_in_for=(OTHER,))
    assert (viewer.parties, viewer.met_parties, viewer.sees_by_list) == ((OTHER,), [OTHER], True)
    assert viewer.helper_id is None


def test_what_a_statement_is_told_of_whom_one_meets() -> None:
    own, organisation = uuid.uuid4(), uuid.uuid4()
    officer = Viewer(region_from="35", region_to="35:", roles=frozenset({GrantRole.PROVINCE_OFFICER}), helper_id=own)
    assert (officer.meets_families, officer.meets_some, officer.met_prefixes) == (True, False, ["35"])
    assert officer.met_parties == [own]
    mixed = replace(officer, met_spans=("3501",), organisation_id=organisation)
    assert (mixed.meets_families, mixed.meets_some, mixed.met_prefixes) == (False, True, ["3501"])
    assert mixed.met_parties == [own]
    assert replace(mixed, meets_organisation=True).met_parties == [own, organisation]
    partner = Viewer(organisation_id=organisation, roles=frozenset({GrantRole.PARTNER}))
    assert (partner.meets_families, partner.met_prefixes, partner.met_parties) == (False, [], [])
    cadre = Viewer(helper_id=own, roles=frozenset({GrantRole.HELPER}))
    assert (cadre.meets_families, cadre.met_prefixes, cadre.met_parties) == (True, [], [own])


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
