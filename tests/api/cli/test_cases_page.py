"""docs/cases.md is what the table of transitions says."""

from __future__ import annotations

from api.cli.cases import PAGE, page
from domain.cases.transitions import TRANSITIONS, Need, Step


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "./ruhu sdl writes docs/cases.md"


def test_the_page_has_every_row_step_and_need() -> None:
    text = page()
    assert all(f"`{row.event}` {row.en} | {row.zh}" in text for row in TRANSITIONS)
    assert all(f" --> {step}" in text for step in Step if step is not Step.CLOSED), "the drawing comes to every step"
    assert all(f"| `{need}` |" in text for need in Need)
