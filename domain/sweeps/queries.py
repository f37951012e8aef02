"""Who sees sweeps, what became of each household, and coverage as of any day: all of it reckoned from visits and clues."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    Text,
    and_,
    any_,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access.queries import in_region, sees_household
from domain.base.models import Term
from domain.households.models import Household, Roster
from domain.monitoring.models import Clue
from domain.monitoring.rules import ClueState
from domain.sweeps.models import Disaster, Sweep, SweepEntry
from domain.sweeps.rules import SIGN_OF_FINDING, SweepOutcome
from domain.visits.models import Finding, Visit
from domain.visits.rules import VisitContact

# As an array: a list in brackets grows with its length, and the read engine's statements do not.
_TELLING = literal(list(SIGN_OF_FINDING), ARRAY(Text()))


def sees_entry(entry: Any = SweepEntry) -> ColumnElement[bool]:
    """The scope of a household's place in a sweep: that of the household."""
    return sees_household(entry.region_code, entry.household_id)


def sees_sweep() -> ColumnElement[bool]:
    """A sweep is seen by the officers of its region, and by whoever sees one of its households."""
    return or_(in_region(Sweep.region_code), _has_entry_in_sight(Sweep.id))


def sees_disaster() -> ColumnElement[bool]:
    """The scope of a disaster: that of its sweep."""
    return or_(in_region(Disaster.region_code), _has_entry_in_sight(Disaster.id))


def _has_entry_in_sight(sweep_id: Any) -> ColumnElement[bool]:
    entry = aliased(SweepEntry)
    seen = select(literal(1)).where(entry.sweep_id == sweep_id, sees_entry(entry))
    return seen.correlate_except(entry).exists()


# --- calls that count --------------------------------------------------------------------------------------------------


def china_day(instant: Any) -> ColumnElement[Any]:
    """The day in China of an instant."""
    return cast(func.timezone("Asia/Shanghai", instant), Date())


def midnight(day: Any) -> ColumnElement[Any]:
    """The instant at which a day begins in China."""
    return func.timezone("Asia/Shanghai", cast(day, DateTime()), type_=DateTime(timezone=True))


def counts_for(visit: Any, sweep: Any) -> ColumnElement[bool]:
    """A call that counts: one of the sweep, with a complete form."""
    return and_(is_call_of(visit, sweep), visit.is_complete)


def is_call_of(visit: Any, sweep: Any) -> ColumnElement[bool]:
    """A call of the sweep: at the door and met by somebody, for its purpose, within its days by the day it happened,
    however late a phone sent it; as it stands after corrections. What it found is a sign even where it was cut short."""
    return and_(
        visit.superseded_by_id.is_(None),
        visit.contact == VisitContact.IN_PERSON,
        visit.purpose == any_(sweep.purposes),
        visit.occurred_at >= midnight(sweep.from_on),
        visit.occurred_at < midnight(sweep.until_on + 1),
    )


def visit_of_entry() -> tuple[ColumnElement[bool], ...]:
    """The calls that count for an entry, as conditions on Visit."""
    sweep = aliased(Sweep)
    within = select(literal(1)).where(sweep.id == SweepEntry.sweep_id, counts_for(Visit, sweep)).correlate_except(sweep)
    return Visit.household_id == SweepEntry.household_id, within.exists()


def clue_of_entry() -> tuple[ColumnElement[bool], ...]:
    """The clues that a sweep led to, as conditions on Clue."""
    return Clue.household_id == SweepEntry.household_id, Clue.period == cast(SweepEntry.sweep_id, Text())


def outcome() -> ColumnElement[str]:
    """What became of an entry (SweepOutcome). A call that found something says FOUND at once: its clue may be a few
    minutes away."""
    visit, sweep, clue, finding = aliased(Visit), aliased(Sweep), aliased(Clue), aliased(Finding)
    called = (
        select(literal(1))
        .where(is_call_of(visit, sweep))
        .where(sweep.id == SweepEntry.sweep_id, visit.household_id == SweepEntry.household_id)
        .correlate_except(sweep, visit, finding)
    )
    telling = finding.kind == any_(_TELLING)
    raised = select(literal(1)).where(
        clue.household_id == SweepEntry.household_id, clue.period == cast(SweepEntry.sweep_id, Text())
    )
    return case(
        (SweepEntry.excluded_at.is_not(None), literal(SweepOutcome.EXCLUDED.value)),
        (raised.correlate_except(clue).exists(), literal(SweepOutcome.FOUND.value)),
        (
            called.where(finding.visit_id == visit.id, telling).exists(),
            literal(SweepOutcome.FOUND.value),
        ),
        (called.where(visit.is_complete).exists(), literal(SweepOutcome.NOTHING_FOUND.value)),
        else_=literal(SweepOutcome.WAITING.value),
    )


# --- coverage (村村进、户户到) -------------------------------------------------------------------------------------

MOST_DAYS = 31


def coverage(first: Any, last: Any, *, by_village: bool) -> Select[Any]:
    """Coverage of the sweep around it at the end of each day from `first` to `last`, 31 at most, of the households that
    the viewer sees: (region_code, day, households, visited, excluded, found, verified), one row per day and village, or
    one per day.

    households: those to be called on that day: neither left out by then nor at an end. visited: of these, who had had a
    call that counts. verified: of those found, whose clue had been verified at the door as true. One statement; each
    household's days are looked up once, however many days are asked for.
    """
    entry, household, visit, sweep = aliased(SweepEntry), aliased(Household), aliased(Visit), aliased(Sweep)
    clue, finding = aliased(Clue), aliased(Finding)
    of_sweep = clue.household_id == entry.household_id, clue.period == cast(entry.sweep_id, Text())
    calls = (
        select(func.min(china_day(visit.occurred_at)))
        .where(is_call_of(visit, sweep))
        .where(sweep.id == entry.sweep_id, visit.household_id == entry.household_id)
        .correlate_except(visit, sweep, finding)
    )
    telling = calls.where(finding.visit_id == visit.id, finding.kind == any_(_TELLING))
    raised = select(func.min(clue.began_on)).where(*of_sweep).correlate_except(clue)
    verified = (
        select(func.min(china_day(clue.settled_at)))
        .where(*of_sweep, clue.state == ClueState.VERIFIED)
        .correlate_except(clue)
    )
    facts = (
        select(
            entry.region_code,
            household.ended_on,
            china_day(entry.added_at).label("added_on"),
            china_day(entry.excluded_at).label("excluded_on"),
            calls.where(visit.is_complete).scalar_subquery().label("visited_on"),
            func.least(telling.scalar_subquery(), raised.scalar_subquery()).label("found_on"),
            verified.scalar_subquery().label("verified_on"),
        )
        .where(household.id == entry.household_id)
        .where(entry.sweep_id == Sweep.id, sees_entry(entry))
        .correlate(Sweep)
        .subquery("sweep_facts")
    )
    until = func.least(cast(last, Date()), cast(first, Date()) + literal(MOST_DAYS - 1, Integer()))
    series = (
        func.generate_series(
            cast(cast(first, Date()), DateTime()), cast(until, DateTime()), func.make_interval(0, 0, 0, 1)
        )
        .table_valued(column("at", DateTime()), name="sweep_days")
        .render_derived()
    )
    day = cast(series.c.at, Date())
    c = facts.c
    is_out = func.coalesce(c.excluded_on <= day, literal(False))
    counts = and_(~is_out, func.coalesce(c.ended_on > day, literal(True)))
    parts = (
        func.count().filter(counts).label("households"),
        func.count().filter(counts, c.visited_on <= day).label("visited"),
        func.count().filter(is_out).label("excluded"),
        func.count().filter(counts, c.found_on <= day).label("found"),
        func.count().filter(counts, c.verified_on <= day).label("verified"),
    )
    groups: list[Any] = [day.label("day")]
    if by_village:
        source = facts.join(series, literal(True))
        return select(c.region_code, *groups, *parts).select_from(source).group_by(c.region_code, day)
    return select(*groups, *parts).select_from(series.outerjoin(facts, literal(True))).group_by(day)


# --- reading what clients say ------------------------------------------------------------------------------------------


async def unknown_groups(db: AsyncSession, codes: Collection[str]) -> set[str]:
    """Those of these codes that name neither an edge group nor a roster."""
    wanted = literal(list(codes), ARRAY(Text()))
    known = select(Term.code).where(Term.list == "edge_group", Term.code == any_(wanted))
    listed = select(Roster.code).where(Roster.code == any_(wanted))
    return set(codes) - set(await db.scalars(known.union(listed)))


async def sweep_in_sight(db: AsyncSession, sweep_id: Any, viewer: dict[str, Any]) -> Sweep | None:
    """The sweep, if it is visible."""
    found: Sweep | None = await db.scalar(select(Sweep).where(Sweep.id == sweep_id, sees_sweep()), viewer)
    return found


async def is_in_sweep(db: AsyncSession, sweep_id: Any, household_id: Any, viewer: dict[str, Any]) -> bool:
    """Whether the household is one of the sweep's, and visible."""
    here = exists().where(SweepEntry.sweep_id == sweep_id, SweepEntry.household_id == household_id, sees_entry())
    return bool(await db.scalar(select(here), viewer))
