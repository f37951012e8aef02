"""What a batch of visits must be judged against: one statement each for the whole batch, however many items it has."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from geoalchemy2 import Geography
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from domain.access.queries import MEETS, MEETS_SOME, VIEWER_ID, meets, sees_household, viewer_parameters
from domain.access.rules import Actor
from domain.base.models import Term
from domain.helpers.models import Helper
from domain.households.models import Household
from domain.policy.queries import policies_of
from domain.visits.forms import Form, read_questions
from domain.visits.items import SentVisit
from domain.visits.judgement import Known, Place, Surroundings
from domain.visits.models import SurveyForm, Visit
from domain.visits.rules import VISIT_PARAMETERS, NeighbouringVisit, RepeatedPhoto, VisitPolicy, china_date


def sees_visit(visit: type[Visit] = Visit) -> ColumnElement[bool]:
    """The scope of a visit: that of its household, and one's own, also after a hand-over."""
    return or_(sees_household(visit.region_code, visit.household_id), is_own(visit))


def is_own(visit: type[Visit] = Visit) -> ColumnElement[bool]:
    """Whether somebody who visits families wrote it down."""
    return and_(or_(MEETS, MEETS_SOME), visit.recorded_by_id == VIEWER_ID)


def of_a_visit_in_sight(visit_id: InstrumentedAttribute[uuid.UUID]) -> ColumnElement[bool]:
    """The scope of what hangs on a visit."""
    visit = aliased(Visit)
    seen = select(literal(1)).where(visit.id == visit_id, sees_visit(visit))
    return seen.correlate_except(visit).exists()


def of_a_visit_met(visit_id: InstrumentedAttribute[uuid.UUID]) -> ColumnElement[bool]:
    """Whether what hangs on a visit is of a family that the viewer meets. Only where it depends on the row, it is asked."""
    visit = aliased(Visit)
    met = select(literal(1)).where(visit.id == visit_id, meets(visit.region_code, visit.household_id))
    return or_(MEETS, and_(MEETS_SOME, met.correlate_except(visit).exists()))


Items = Mapping[int, SentVisit]  # by position in the batch

_ASKED = {
    "positions": ARRAY(Integer),
    "household_ids": ARRAY(Uuid),
    "days": ARRAY(Date),
    "longitudes": ARRAY(Double),
    "latitudes": ARRAY(Double),
}
_PLACE = ("position", "household_id", "region_code", "ended_on", "has_dwelling", "distance_metres")
_asked = (
    func.unnest(*(bindparam(name, type_=type_) for name, type_ in _ASKED.items()))
    .table_valued(*(column(name.removesuffix("s"), type_.item_type) for name, type_ in _ASKED.items()), name="asked")
    .render_derived()
)
_point = func.ST_SetSRID(func.ST_MakePoint(_asked.c.longitude, _asked.c.latitude), 4326)
_IN_SCOPE = (
    select(
        _asked.c.position,
        Household.id,
        Household.region_code,
        Household.ended_on,
        Household.location.is_not(None),
        func.ST_Distance(cast(Household.location, Geography), cast(_point, Geography)),
    )
    .join(_asked, _asked.c.household_id == Household.id)
    .where(sees_household(Household.region_code, Household.id))
)
# Whoever was paired on the day of the visit may still hand it in. A machine role's function, as the family may be
# invisible to them by now.
_WHEN_PAIRED = select(text("*")).select_from(
    func.ruhu_households_when_paired(*(bindparam(name, type_=type_) for name, type_ in _ASKED.items())).table_valued(
        *_PLACE
    )
)


# Which family an officer said that a visit belongs to, with what its author typed about another, or about none.
_VOUCHED_FOR = text(
    "SELECT * FROM ruhu_households_vouched_for(:positions, :submission_ids, :longitudes, :latitudes)"
).bindparams(
    bindparam("submission_ids", type_=ARRAY(Uuid)),
    *(bindparam(name, type_=_ASKED[name]) for name in ("positions", "longitudes", "latitudes")),
)


async def what_is_known(
    db: AsyncSession, actor: Actor, items: Items, vouched: Mapping[int, uuid.UUID] | None = None
) -> Known:
    """Everything that `judge` asks about these items. `vouched`: submissions whose family was said in review."""
    places = await _places(db, actor, items)
    if vouched:
        asked = _asking({position: items[position] for position in vouched})
        rows = await db.execute(_VOUCHED_FOR, {**asked, "submission_ids": list(vouched.values())})
        places |= {position: Place(*facts) for position, *facts in rows}
    members = [
        (finding.person_id, places[position].household_id)
        for position, sent in items.items()
        if position in places
        for finding in sent.findings
        if finding.person_id
    ]
    companions = {one for sent in items.values() for one in sent.companion_ids if one}
    return Known(
        places=places,
        policies=await _policies(db, items, places),
        terms=await _terms(db),
        forms=await _forms(db, {sent.form_id for sent in items.values() if sent.form_id}),
        helpers=await _helpers(db, companions) if companions else frozenset(),
        members=await _members(db, members) if members else frozenset(),
    )


async def _places(db: AsyncSession, actor: Actor, items: Items) -> dict[int, Place]:
    asked = {position: sent for position, sent in items.items() if sent.household_id}
    rows = await db.execute(_IN_SCOPE, {**_asking(asked), **viewer_parameters(actor.viewer)})
    places = {position: Place(*facts) for position, *facts in rows}
    missing = {position: sent for position, sent in asked.items() if position not in places and sent.occurred_at}
    if missing:
        places |= {position: Place(*facts) for position, *facts in await db.execute(_WHEN_PAIRED, _asking(missing))}
    return places


def _asking(items: Items) -> dict[str, list[Any]]:
    points = [sent.location.wgs84 if sent.location else (None, None) for sent in items.values()]
    return {
        "positions": list(items),
        "household_ids": [sent.household_id for sent in items.values()],
        "days": [china_date(sent.occurred_at) if sent.occurred_at else None for sent in items.values()],
        "longitudes": [longitude for longitude, _ in points],
        "latitudes": [latitude for _, latitude in points],
    }


async def _policies(db: AsyncSession, items: Items, places: Mapping[int, Place]) -> dict[int, VisitPolicy]:
    """The numbers of each place on the day of the visit; one statement, as a batch is of few villages and days."""
    asked = {
        position: (place.region_code, china_date(occurred_at))
        for position, place in places.items()
        if (occurred_at := items[position].occurred_at) is not None
    }
    values = await policies_of(db, asked.values(), VISIT_PARAMETERS)
    return {position: VisitPolicy.of(values[key]) for position, key in asked.items()}


async def _terms(db: AsyncSession) -> frozenset[tuple[str, str]]:
    rows = await db.execute(select(Term.list, Term.code).where(Term.list.in_(("visit_purpose", "finding"))))
    return frozenset((row.list, row.code) for row in rows)


async def _forms(db: AsyncSession, ids: Iterable[uuid.UUID]) -> dict[tuple[uuid.UUID, int], Form]:
    rows = await db.execute(
        select(SurveyForm.id, SurveyForm.version, SurveyForm.questions).where(SurveyForm.id.in_(ids))
    )
    return {(row.id, row.version): Form(row.id, row.version, read_questions(row.questions)) for row in rows}


async def _helpers(db: AsyncSession, ids: Iterable[uuid.UUID]) -> frozenset[uuid.UUID]:
    return frozenset(await db.scalars(select(Helper.id).where(Helper.id.in_(ids))))


async def _members(
    db: AsyncSession, pairs: Sequence[tuple[uuid.UUID, uuid.UUID]]
) -> frozenset[tuple[uuid.UUID, uuid.UUID]]:
    rows = await db.execute(
        text("SELECT person_id, household_id FROM ruhu_were_members(:persons, :households)").bindparams(
            bindparam("persons", [person for person, _ in pairs], ARRAY(Uuid)),
            bindparam("households", [household for _, household in pairs], ARRAY(Uuid)),
        )
    )
    return frozenset((row.person_id, row.household_id) for row in rows)


# Distances as the crow flies from each visit to its author's nearest others in time, before and after: among those
# sent together, and among those that stand already (a function of the machine role, which can use their index).
_NEIGHBOURS = text("""
WITH sent AS (
  SELECT position, occurred_at, ST_SetSRID(ST_MakePoint(longitude, latitude), 4326)::geography AS point
  FROM unnest(:positions, :instants, :longitudes, :latitudes) AS asked(position, occurred_at, longitude, latitude)
), together AS (
  SELECT position, lag(occurred_at) OVER w AS before, lag(point) OVER w AS from_point, point,
         lead(occurred_at) OVER w AS after, lead(point) OVER w AS to_point
  FROM sent WINDOW w AS (ORDER BY occurred_at, position)
)
SELECT position, before AS occurred_at, ST_Distance(point, from_point) AS metres FROM together WHERE before IS NOT NULL
UNION ALL
SELECT position, after, ST_Distance(point, to_point) FROM together WHERE after IS NOT NULL
UNION ALL
SELECT position, occurred_at, metres
FROM ruhu_neighbouring_visits(:positions, :instants, :longitudes, :latitudes, :but)
""").bindparams(
    bindparam("positions", type_=ARRAY(Integer)),
    bindparam("instants", type_=ARRAY(DateTime(timezone=True))),
    bindparam("longitudes", type_=ARRAY(Double)),
    bindparam("latitudes", type_=ARRAY(Double)),
    bindparam("but", type_=Uuid()),
)
_REPEATS = text("SELECT sha256, visits FROM ruhu_photo_repeats(:hashes, :but)").bindparams(
    bindparam("hashes", type_=ARRAY(Text)), bindparam("but", type_=Uuid())
)


async def surroundings(db: AsyncSession, items: Items, *, but: uuid.UUID | None = None) -> dict[int, Surroundings]:
    """What good items are compared with. `but`: the visit that is being amended is no neighbour of its correction."""
    neighbours = await _neighbours(db, items, but)
    used: dict[str, set[int]] = defaultdict(set)
    for position, sent in items.items():
        for photo in sent.photos:
            used[photo.sha256].add(position)
    stored: dict[str, int] = {}
    if used:
        stored = {row.sha256: row.visits for row in await db.execute(_REPEATS, {"hashes": list(used), "but": but})}
    around = {}
    for position, sent in items.items():
        elsewhere = {
            photo.sha256: stored.get(photo.sha256, 0) + len(used[photo.sha256] - {position}) for photo in sent.photos
        }
        repeats = tuple(RepeatedPhoto(sha256, visits) for sha256, visits in elsewhere.items() if visits)
        around[position] = Surroundings(tuple(neighbours[position]), repeats)
    return around


async def _neighbours(db: AsyncSession, items: Items, but: uuid.UUID | None) -> dict[int, list[NeighbouringVisit]]:
    placed = [
        (position, sent.occurred_at, *sent.location.wgs84)
        for position, sent in items.items()
        if sent.location and sent.occurred_at
    ]
    found: dict[int, list[NeighbouringVisit]] = defaultdict(list)
    if placed:
        names = ("positions", "instants", "longitudes", "latitudes")
        asked: dict[str, Any] = {
            name: list(values) for name, values in zip(names, zip(*placed, strict=True), strict=True)
        }
        rows = await db.execute(_NEIGHBOURS, {**asked, "but": but})
        for row in rows:
            found[row.position].append(NeighbouringVisit(row.occurred_at, row.metres))
    return found
