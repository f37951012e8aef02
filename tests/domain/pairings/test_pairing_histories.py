"""Any sequence of assignments, hand-overs and ends: no two overlap, and the lists are exactly the open pairings."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.base.errors import DomainError
from domain.pairings.actions import assign_pairing, end_pairing, hand_over_pairing
from tests.domain.pairings.town import TODAY, Town

ROLES = ("SPONSORSHIP", "FOLLOW_UP")  # open to everybody: who fits is another test
HELPERS, FAMILIES = 2, 2


@dataclass(frozen=True)
class Step:
    """What an officer tries next: helpers, families and earlier pairings by number, days before TODAY."""

    verb: str
    helper: int
    family: int
    by_person: bool
    role: str
    days_ago: int
    pairing: int


steps = st.builds(
    Step,
    verb=st.sampled_from(("assign", "assign", "hand over", "end")),
    helper=st.integers(0, HELPERS - 1),
    family=st.integers(0, FAMILIES - 1),
    by_person=st.booleans(),
    role=st.sampled_from(ROLES),
    days_ago=st.integers(-1, 4),
    pairing=st.integers(0, 5),
)


@dataclass
class Spell:
    """A pairing as the simplest possible bookkeeping has it."""

    id: uuid.UUID
    helper: int
    helped: uuid.UUID
    household: uuid.UUID
    role: str
    start: date
    end: date | None = None

    def days(self) -> set[date]:
        """The days on which it holds, as far as the test looks."""
        return {day for day in DAYS if self.start <= day and (self.end is None or day < self.end)}


DAYS = [TODAY - timedelta(days=n) for n in range(-2, 6)]


@dataclass
class Book:
    """What should stand after the steps so far, worked out day by day."""

    spells: list[Spell] = field(default_factory=list)

    def takes(self, new: Spell) -> bool:
        """Whether no other pairing of the same two in the same role holds on any of the days."""
        same = [s for s in self.spells if (s.helper, s.helped, s.role) == (new.helper, new.helped, new.role)]
        return new.start <= TODAY and all(new.days().isdisjoint(spell.days()) for spell in same)

    def may_end(self, spell: Spell, on: date) -> bool:
        return spell.end is None and spell.start <= on <= TODAY


@given(plan=st.lists(steps, min_size=1, max_size=10))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_pairings_never_overlap_and_the_lists_are_the_open_ones(town: Town, plan: list[Step]) -> None:
    helpers = [await town.helper() for _ in range(HELPERS)]
    families = [await town.family() for _ in range(FAMILIES)]
    book = Book()
    for step in plan:
        await carry_out_and_compare(town, book, step, helpers, families)

    rows = await town.sql.fetch("SELECT * FROM pairing WHERE helper_id = ANY($1)", helpers)
    assert {(r["id"], r["started_on"], r["ended_on"]) for r in rows} == {(s.id, s.start, s.end) for s in book.spells}
    lists = await town.sql.fetch(
        "SELECT pairing_id, party_id, household_id FROM household_access WHERE party_id = ANY($1)", helpers
    )
    assert {tuple(row) for row in lists} == {
        (spell.id, helpers[spell.helper], spell.household) for spell in book.spells if spell.end is None
    }


async def carry_out_and_compare(
    town: Town, book: Book, step: Step, helpers: list[uuid.UUID], families: list[tuple[uuid.UUID, uuid.UUID]]
) -> None:
    """One step in both worlds: the action is accepted exactly where the book takes it."""
    day, new_id, helper = TODAY - timedelta(days=step.days_ago), uuid.uuid4(), helpers[step.helper]
    if step.verb == "assign":
        household, person = families[step.family]
        helped = {"person_id": person} if step.by_person else {"household_id": household}
        new = Spell(new_id, step.helper, *helped.values(), household, step.role, day)
        expected = book.takes(new)
        asked = {"id": new_id, "role": step.role, "started_on": day, "helper_id": helper, **helped}
        done = await succeeds(town, assign_pairing, **asked)
        book.spells += [new] if expected else []
    elif step.pairing >= len(book.spells):
        return
    else:
        old = book.spells[step.pairing]
        expected = book.may_end(old, day)
        if step.verb == "hand over":
            new = Spell(new_id, step.helper, old.helped, old.household, old.role, day)
            expected = expected and step.helper != old.helper and book.takes(new)
            asked = {"id": new_id, "pairing_id": old.id, "handed_over_on": day, "helper_id": helper}
            done = await succeeds(town, hand_over_pairing, **asked)
            book.spells += [new] if expected else []
        else:
            asked = {"operation_id": new_id, "pairing_id": old.id, "ended_on": day, "reason": "OTHER"}
            done = await succeeds(town, end_pairing, **asked)
        old.end = day if expected else old.end
    assert done is expected, step


async def succeeds(town: Town, action: object, **asked: object) -> bool:
    try:
        await town.do(town.officer, action, **asked)  # type: ignore[arg-type]
    except DomainError:
        return False
    return True
