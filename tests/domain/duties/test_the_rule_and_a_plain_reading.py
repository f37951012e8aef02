"""Visits are due exactly where a plain reading of domain.md §11.1, in loops over days, says so: stories drawn by hypothesis.

RUHU_TEST_STORIES sets how many are tried (`RUHU_TEST_STORIES=2000 ./ruhu test tests/domain/duties`).
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.duties.rules import DutyRule
from tests.domain.duties.conftest import Family, noon

STORIES = int(os.environ.get("RUHU_TEST_STORIES", "60"))
START = date(2026, 1, 1)
HELPERS = 3


@dataclass(frozen=True)
class Spell:
    """A helper's key help, from a day until the day before another (None: still)."""

    helper: int
    begins: int
    ends: int | None


@dataclass(frozen=True)
class Call:
    day: int
    hour: int
    by: int | None  # None: an officer without pairings
    along: int | None
    contact: str
    adults: int
    is_complete: bool
    is_away: bool


@dataclass(frozen=True)
class Story:
    decided: int  # days after START
    ended: int | None
    status: str
    category: str
    months: int
    spells: tuple[Spell, ...]
    calls: tuple[Call, ...]
    asked: int


days = st.integers(0, 300)
calls = st.builds(
    Call,
    day=days,
    hour=st.sampled_from((0, 12, 23)),
    by=st.sampled_from((0, 0, 1, 2, None)),
    along=st.sampled_from((None, None, 0, 1)),
    contact=st.sampled_from(("IN_PERSON", "IN_PERSON", "REMOTE", "NOBODY_HOME")),
    adults=st.sampled_from((1, 1, 2, 0)),
    is_complete=st.sampled_from((True, True, True, False)),
    is_away=st.booleans(),
)


@st.composite
def spells(draw: st.DrawFn) -> tuple[Spell, ...]:
    """One after another for each helper, as the table has it: a pairing does not overlap with itself."""
    found = []
    for helper in range(HELPERS):
        marks = sorted(draw(st.sets(st.integers(0, 310), max_size=4)))
        for begins, ends in zip(marks[::2], [*marks[1::2], None], strict=False):
            found.append(Spell(helper, begins, ends))
    return tuple(found)


stories = st.builds(
    Story,
    decided=st.integers(0, 80),
    ended=st.none() | st.integers(90, 310),
    status=st.sampled_from(("MONITORED", "MONITORED", "MONITORED", "ELIMINATED_TRACKED", "NEVER")),
    category=st.sampled_from(("EDGE", "LIFTED", "ORDINARY")),
    months=st.sampled_from((1, 1, 1, 2, 5)),
    spells=spells(),
    calls=st.lists(calls, max_size=14).map(tuple),
    asked=days,
)


# --- the plain reading ----------------------------------------------------------------------------------------------


def windows(today: date, months: int) -> list[tuple[date, date]]:
    """The window of so many months in which the day lies and the one before it, if that has ended 31 days ago at most."""
    found = []
    for year in (today.year - 1, today.year):
        for month in range(1, 13, months):
            after = date(year + 1, 1, 1) if month + months > 12 else date(year, month + months, 1)
            if date(year, month, 1) <= today:
                found.append((date(year, month, 1), after - timedelta(days=1)))
    return [one for one in found[-2:] if today - timedelta(days=31) <= one[1]]


def on(day: int) -> date:
    return START + timedelta(days=day)


def is_key_helpers(story: Story, call: Call) -> bool:
    """One of those who came was the family's key helper on that very day."""
    return any(
        spell.helper in (call.by, call.along)
        and spell.begins <= call.day
        and (spell.ends is None or call.day < spell.ends)
        for spell in story.spells
    )


def counts(story: Story, call: Call) -> bool:
    if not call.is_complete or call.contact == "NOBODY_HOME" or call.adults == 0:
        return False
    if call.contact == "REMOTE" and not call.is_away:
        return False
    return story.status != "MONITORED" or is_key_helpers(story, call)


def expected(story: Story) -> set[tuple[str, date, date]]:
    today = on(story.asked)
    decided = on(story.decided)
    is_there = decided <= today and (story.ended is None or today < on(story.ended))
    if not is_there:
        return set()
    found = set()
    by_category = {"EDGE": 3, "LIFTED": 6}.get(story.category)
    months = {"MONITORED": story.months, "ELIMINATED_TRACKED": 3}.get(story.status, by_category)
    known = [call for call in story.calls if on(call.day) <= today]
    for first, last in windows(today, months) if months else ():
        if decided > last.replace(day=20):
            continue
        if not any(first <= on(call.day) <= last and counts(story, call) for call in known):
            found.add(("VISIT_DUE", max(first, decided), last))
    for first, last in windows(today, 6) if story.status == "MONITORED" else ():
        within = [call for call in known if first <= on(call.day) <= last]
        called = any(call.contact == "REMOTE" and counts(story, call) for call in within)
        at_the_door = any(
            call.contact != "REMOTE" and call.is_complete and is_key_helpers(story, call) for call in within
        )
        if called and not at_the_door:
            found.add(("DOOR_VISIT_DUE", max(first, decided), last))
    return found


# --- the same of the statement --------------------------------------------------------------------------------------


@settings(
    max_examples=STORIES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    print_blob=False,
)
@drawn(story=stories)
async def test_duties_are_there_exactly_where_no_fact_satisfies_them(family: Family, story: Story) -> None:
    told = family.sql.transaction()
    await told.start()
    try:
        await family.set_policy("KEY_VISIT_INTERVAL", story.months)
        await family.change(
            registered_on=on(story.decided),
            monitoring_status=story.status,
            category=story.category,
            ended_on=None if story.ended is None else on(story.ended),
            end_reason=None if story.ended is None else "DEATH",
        )
        helpers: list[uuid.UUID] = [await family.helper() for _ in range(HELPERS)]
        for spell in story.spells:
            ended_on = None if spell.ends is None else on(spell.ends)
            await family.pair(helpers[spell.helper], on(spell.begins), ended_on)
        for call in story.calls:
            along = [] if call.along is None or call.along == call.by else [helpers[call.along]]
            await family.visit(
                None if call.by is None else helpers[call.by],
                noon(on(call.day), call.hour),
                *along,
                contact=call.contact,
                adults=call.adults,
                is_complete=call.is_complete,
                is_away=call.is_away,
            )
        found = await family.due(on(story.asked), DutyRule.VISIT_DUE, DutyRule.DOOR_VISIT_DUE)
        told_of = {
            (one["rule"], date.fromisoformat(one["began_on"]), date.fromisoformat(one["due_on"])) for one in found
        }
        assert told_of == expected(story)
        assert len(found) == len(told_of)
    finally:
        await told.rollback()
