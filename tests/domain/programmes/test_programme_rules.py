"""The 3866 mechanism: the pilot's places and days, the six steps, and what the source names and no more."""

from __future__ import annotations

import csv
from datetime import date
from itertools import pairwise, product

import pytest

from domain.access.recusal import CaseLevel
from domain.access.rules import GrantRole
from domain.base.terms import TERMS
from domain.policy.catalogue import DEFAULTS
from domain.programmes.rules import (
    CLASSES,
    ROLES_OF,
    SERVICES,
    TRANSITIONS,
    ProgrammeEvent,
    ProgrammeStep,
    Transition,
    class_problems,
    level_of,
    needs_problems,
    pilot_problem,
    pilots,
    role_problem,
    service_problems,
    transition,
)

LINE_OF = {line.event: line for line in TRANSITIONS}


def test_the_pilot_is_tried_in_two_prefectures_and_six_counties_for_a_year() -> None:
    """“2市6县”, 为期一年."""
    assert sorted(len(one.region_code) for one in pilots()) == [4, 4, 6, 6, 6, 6, 6, 6]
    named = "福州市、三明市，长泰县、晋江市、涵江区、政和县、上杭县、霞浦县"
    assert "、".join(one.name for one in pilots()).replace("三明市、", "三明市，") == named
    assert {(one.from_on, one.until_on) for one in pilots()} == {(date(2020, 5, 19), date(2021, 5, 19))}


@pytest.mark.parametrize(
    ("region_code", "on", "code"),
    [
        ("350125201205", date(2020, 5, 19), None),
        ("350125201205", date(2021, 5, 18), None),
        ("350125201205", date(2020, 5, 18), "PILOT_NOT_NOW"),
        ("350125201205", date(2021, 5, 19), "PILOT_NOT_NOW"),
        ("350582100200", date(2020, 6, 1), None),
        ("350583100200", date(2020, 6, 1), "PILOT_NOT_HERE"),
        ("341503104208", date(2020, 6, 1), "PILOT_NOT_HERE"),
        ("341503104208", date(2026, 6, 1), "PILOT_NOT_HERE"),
    ],
)
def test_a_case_begins_in_a_place_and_on_a_day_of_the_pilot(region_code: str, on: date, code: str | None) -> None:
    problem = pilot_problem(region_code, on, pilots())
    assert (problem and problem.code) == code
    if code == "PILOT_NOT_NOW":
        assert problem is not None
        assert problem.detail == {"fromOn": "2020-05-19", "untilOn": "2021-05-19"}


def test_the_six_steps_follow_on_each_other_and_no_step_is_left_out() -> None:
    """摸底、建档、审批、救助、服务、监测."""
    usual = [LINE_OF[ProgrammeEvent(one)] for one in ["OPENED", "FILED", "SUBMITTED", "APPROVED", "RELIEVED", "SERVED"]]
    assert [line.to for line in usual] == list(ProgrammeStep)
    for before, after in pairwise(usual):
        assert after.at == (before.to,)


@pytest.mark.parametrize(("event", "step"), list(product(ProgrammeEvent, [None, *ProgrammeStep])))
def test_what_the_table_does_not_name_may_not_happen(event: ProgrammeEvent, step: ProgrammeStep | None) -> None:
    line = LINE_OF[event]
    is_named = (step in line.at) if step else not line.at
    assert transition(event, step) == (line if is_named else None)


@pytest.mark.parametrize("line", TRANSITIONS, ids=lambda line: line.event.value)
def test_each_line_is_for_roles_of_its_levels_alone(line: Transition) -> None:
    allowed = {role for level in line.by for role in ROLES_OF[level]}
    for role in GrantRole:
        level = level_of(line, {role})
        assert (level is not None) == (role in allowed), role
        assert level is None or level in line.by
    assert role_problem(line).detail == {"roles": ", ".join(sorted(allowed))}


def test_somebody_with_two_roles_acts_at_the_lower_level() -> None:
    both = {GrantRole.COUNTY_OFFICER, GrantRole.TOWNSHIP_OFFICER}
    assert level_of(LINE_OF[ProgrammeEvent.ENDED], both) is CaseLevel.TOWNSHIP


@pytest.mark.parametrize(
    ("event", "services", "reason", "codes"),
    [
        (ProgrammeEvent.APPROVED, [], None, [("REQUIRED", "services")]),
        (ProgrammeEvent.APPROVED, ["LIVING_RELIEF"], None, []),
        (ProgrammeEvent.SERVED, ["LIVING_RELIEF"], None, [("SERVICES_NOT_HERE", "services")]),
        (ProgrammeEvent.RETURNED, [], None, [("REQUIRED", "reason")]),
        (ProgrammeEvent.RETURNED, [], "DOCUMENTS_MISSING", []),
        (ProgrammeEvent.ENDED, ["LIVING_RELIEF"], None, [("SERVICES_NOT_HERE", "services"), ("REQUIRED", "reason")]),
        (ProgrammeEvent.FILED, [], None, []),
    ],
)
def test_what_a_line_needs(
    event: ProgrammeEvent, services: list[str], reason: str | None, codes: list[tuple[str, str]]
) -> None:
    found = needs_problems(LINE_OF[event], services, reason)
    assert [(one.code, one.path[-1]) for one in found] == codes


@pytest.mark.parametrize(
    ("recipient_class", "groups", "codes"),
    [
        ("SAFETY_NET", ["DIBAO", "ORPHAN"], []),
        ("SAFETY_NET", [], [("REQUIRED", "groups")]),
        ("SAFETY_NET", ["RICH"], [("UNKNOWN_CODE", "0")]),
        ("SECOND", [], []),
        ("THIRD", [], [("UNKNOWN_CODE", "recipientClass")]),
    ],
)
def test_a_class_is_one_of_the_countys_and_the_safety_net_says_which_group(
    recipient_class: str, groups: list[str], codes: list[tuple[str, str]]
) -> None:
    found = class_problems(recipient_class, groups, ["SAFETY_NET", "SECOND"], ["DIBAO", "ORPHAN"])
    assert [(one.code, one.path[-1]) for one in found] == codes


def test_a_service_is_one_of_the_countys() -> None:
    assert service_problems(["LIVING_RELIEF"], ["LIVING_RELIEF"]) == []
    assert [one.path[-1] for one in service_problems(["LIVING_RELIEF", "MASSAGE"], ["LIVING_RELIEF"])] == ["1"]


def test_what_the_source_does_not_name_is_not_made_up() -> None:
    """It names one class of three with four groups, three services of eight, and all six safeguards."""
    with TERMS.open(encoding="utf-8", newline="") as lines:
        words = [
            (row["list"], row["label_zh"]) for row in csv.DictReader(lines) if row["list"].startswith("programme_")
        ]
    of = {name: [label for one, label in words if one == name] for name in {name for name, _ in words}}
    assert of["programme_class"] == ["兜底保障对象"]
    assert of["programme_group"] == ["低保对象", "特困人员", "孤儿", "事实无人抚养儿童"]
    assert of["programme_service"] == ["生活救助", "急难救助", "医疗救助"]
    assert of["programme_safeguard"] == ["加强组织领导", "部门协同", "审批改革", "资金筹措", "督促指导", "宣传引导"]
    assert (len(DEFAULTS[CLASSES]), len(DEFAULTS[SERVICES])) == (1, 3)
