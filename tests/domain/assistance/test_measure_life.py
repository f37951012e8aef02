"""A measure's life is one table: code, documentation and every refusal are made of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from domain.assistance.rules import (
    KNOWS_THE_FAMILY,
    LIFE,
    STEPS,
    TOWNSHIP_AND_ABOVE,
    MeasureAct,
    MeasureState,
    turn_problem,
)

DOC = Path(__file__).parents[3] / "docs" / "measures.md"
CIRCLES = {KNOWS_THE_FAMILY: "whoever knows the family: its helpers, and officers from the village up"}
CIRCLES[TOWNSHIP_AND_ABOVE] = "township and above"


def rows() -> str:
    lines = ["| step | from | to | who | what must come with it |", "| --- | --- | --- | --- | --- |"]
    for step in LIFE:
        starts = ", ".join(one.value for one in step.starts if one is not None) or "—"
        lines.append(f"| {step.act} | {starts} | {step.to} | {CIRCLES[step.who]} | {step.needs} |")
    return "\n".join(lines)


def test_the_page_shows_the_table() -> None:
    shown = re.search(r"<!-- life -->\n(.*?)\n<!-- end -->", DOC.read_text(encoding="utf-8"), re.S)
    assert shown is not None
    assert shown[1] == rows(), f"docs/measures.md: between the marks it should read\n{rows()}"


def test_every_act_is_one_step_and_every_state_is_reached() -> None:
    assert set(STEPS) == set(MeasureAct)
    assert len(LIFE) == len(STEPS)
    assert {step.to for step in LIFE} == set(MeasureState)


@pytest.mark.parametrize("act", [act for act in MeasureAct if act is not MeasureAct.ADD])
@pytest.mark.parametrize("state", MeasureState)
def test_a_step_is_taken_in_its_turn_and_else_refused(act: MeasureAct, state: MeasureState) -> None:
    problem = turn_problem(act, state)
    if state in STEPS[act].starts:
        assert problem is None
    else:
        assert problem is not None
        assert problem.code == "MEASURE_OUT_OF_TURN"
        assert problem.detail["state"] == state.value


def test_nothing_leads_out_of_what_is_over() -> None:
    for state in (MeasureState.CONFIRMED, MeasureState.CANCELLED):
        assert not any(state in step.starts for step in LIFE)
