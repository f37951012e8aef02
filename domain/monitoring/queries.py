"""What is known of a family's income, as one expression for everybody who asks; and who sees clues."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    DateTime,
    Numeric,
    Select,
    Text,
    all_,
    and_,
    any_,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, array, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access.models import Account
from domain.access.queries import MEETS, MEETS_SOME, meets, sees_household, viewer_parameters
from domain.access.rules import Actor
from domain.helpers.models import Helper
from domain.households.models import Membership
from domain.households.queries import meets_of
from domain.monitoring.models import Clue, ClueWitness, IncomeStatement
from domain.monitoring.rules import (
    BUSINESS,
    CLUE_PARAMETERS,
    EARNED_KINDS,
    INCOME_KINDS,
    MAKE_A_MONTH_KNOWN,
    PRODUCTION_COST,
    PROPERTY,
    TRANSFER,
    WAGE,
    CluePolicy,
    ClueState,
    DoorVisit,
    Window,
)
from domain.pairings.models import Pairing
from domain.policy.queries import as_texts, policy_of, value_of
from domain.visits.models import Visit, VisitCompanion
from domain.visits.queries import sees_visit


def sees_clue() -> ColumnElement[bool]:
    """The scope of a clue: that of its household."""
    return sees_household(Clue.region_code, Clue.household_id)


def sees_witness() -> ColumnElement[bool]:
    """The scope of a witness: that of its clue."""
    clue = aliased(Clue)
    seen = select(literal(1)).where(clue.id == ClueWitness.clue_id, sees_household(clue.region_code, clue.household_id))
    return seen.correlate_except(clue).exists()


def of_a_clue_met() -> ColumnElement[bool]:
    """Whether a witness is of a clue of a family that the viewer meets."""
    clue = aliased(Clue)
    met = select(literal(1)).where(clue.id == ClueWitness.clue_id, meets(clue.region_code, clue.household_id))
    return or_(MEETS, and_(MEETS_SOME, met.correlate_except(clue).exists()))


def sees_statement() -> ColumnElement[bool]:
    """Amounts are for those who meet the family; everybody else sees no statement at all."""
    return and_(meets_of(IncomeStatement), sees_household(IncomeStatement.region_code, IncomeStatement.household_id))


def was_waiting(day: Any) -> ColumnElement[bool]:
    """On this day in China the clue was past its due day, and nobody had been at the door before the day began.

    Said of the day the visit happened, not of the day it was heard of: a late message makes nobody late afterwards.
    """
    stopped_on = cast(func.timezone("Asia/Shanghai", Clue.stopped_at), Date())
    return and_(Clue.due_on < day, case((Clue.stopped_at.is_(None), literal(True)), else_=stopped_on >= day))


async def clue_policy(db: AsyncSession, region_code: str, on: date) -> CluePolicy:
    """The numbers in force where a family lives."""
    return CluePolicy.of(await policy_of(db, region_code, on, CLUE_PARAMETERS))


MOST_MONTHS = 60  # five years of months are enough for every rule there is
RIGID = "rigid_expense"


# --- income ------------------------------------------------------------------------------------------------------------


def precedence_of(region_code: Any, on: Any) -> ColumnElement[Any]:
    """Whose figure counts first, as that division has it: a text array of origins."""
    return as_texts(value_of("ORIGIN_PRECEDENCE", region_code, on))


def counted(household_id: Any, first: Any, until: Any, precedence: Any, known_at: Any = None) -> Select[Any]:
    """The figures that count for a household, or for each of a population's, in [first, until): (household_id, person_id,
    month, kind, amount_fen), one per person, month and kind. Where origins differ the first of `precedence` counts, then
    the one that spoke last.

    precedence: a text array. known_at: as anybody could have known it at that instant, before what was said since; None: as
    it is known now.
    """
    statement = IncomeStatement.__table__.alias("said")
    # An origin that is not named comes after all that are: null sorts last.
    rank = func.array_position(precedence, statement.c.origin)
    key = (statement.c.household_id, statement.c.person_id, statement.c.month, statement.c.kind)
    return (
        select(*key, statement.c.amount_fen)
        .where(
            statement.c.household_id == household_id,
            statement.c.superseded_at.is_(None) if known_at is None else _held_at(statement.c, known_at),
            statement.c.month >= first,
            statement.c.month < until,
        )
        .ext(distinct_on(*key))
        .order_by(*key, rank, statement.c.recorded_at.desc(), statement.c.id)
    )


def _held_at(said: Any, instant: Any) -> ColumnElement[bool]:
    return and_(said.recorded_at <= instant, or_(said.superseded_at.is_(None), said.superseded_at > instant))


def yuan(fen: Any) -> ColumnElement[Any]:
    """Whole fen as yuan with two decimals."""
    return type_coerce(func.round(cast(fen, Numeric()) / 100, 2), Numeric(14, 2))


def income_of(
    household_id: Any,
    region_code: Any,
    members: Any,
    on: Any,
    months: Any,
    known_at: Any = None,
    is_met: ColumnElement[bool] = MEETS,
) -> Select[Any]:
    """One row: what a household is known to have had in the `months` before the month of `on`, in yuan.

    Per-capita net income = (wage + business + property + transfer − production cost) ÷ members on that day (domain.md §8,
    §11.9; Fuzhou 2020 names its figure 含转移性收入). It is null while one of the months is UNKNOWN, and for a household
    of nobody: a part of the year is no year's income. No row unless 1 to 60 months are asked for.
    """
    until = cast(func.date_trunc("month", cast(on, Date())), Date())
    first = cast(until - func.make_interval(0, func.least(func.greatest(months, 1), MOST_MONTHS)), Date())
    asked = (
        func.generate_series(first, until - func.make_interval(0, 1), func.make_interval(0, 1))
        .table_valued(column("month", DateTime()), name="asked")
        .render_derived()
    )
    figure = counted(household_id, first, until, precedence_of(region_code, on), known_at).subquery("figure")
    by_month = (
        select(
            cast(asked.c.month, Date()).label("month"),
            func.coalesce(func.bool_or(figure.c.kind == any_(array(MAKE_A_MONTH_KNOWN))), False).label("is_known"),
            *(func.sum(figure.c.amount_fen).filter(figure.c.kind == kind).label(kind) for kind in INCOME_KINDS),
            func.sum(figure.c.amount_fen).filter(figure.c.kind != all_(array(INCOME_KINDS))).label(RIGID),
        )
        .select_from(asked.outerjoin(figure, figure.c.month == asked.c.month))
        .group_by(asked.c.month)
        .subquery("by_month")
    )
    unknown = func.array_agg(aggregate_order_by(by_month.c.month, by_month.c.month))
    total = select(
        *(func.coalesce(func.sum(by_month.c[kind]), 0).label(kind) for kind in (*INCOME_KINDS, RIGID)),
        unknown.filter(~by_month.c.is_known).label("unknown"),
        members.label("members"),
    ).subquery("total")
    net = total.c[WAGE] + total.c[BUSINESS] + total.c[PROPERTY] - total.c[PRODUCTION_COST]
    divisor = case((and_(total.c.unknown.is_(None), total.c.members > 0), total.c.members))
    return select(
        first.label("from_month"),
        cast(until - func.make_interval(0, 1), Date()).label("to_month"),
        total.c.members.label("member_count"),
        *(yuan(total.c[kind]).label(kind.lower()) for kind in (*INCOME_KINDS, RIGID)),
        yuan((net + total.c[TRANSFER]) / divisor).label("per_capita_net"),
        yuan(net / divisor).label("per_capita_net_without_transfers"),
        func.coalesce(total.c.unknown, literal_column("'{}'::date[]", ARRAY(Date()))).label("unknown_months"),
    ).where(is_met, months.between(1, MOST_MONTHS))


async def earned_by(
    db: AsyncSession, household_id: uuid.UUID, region_code: str, span: Window
) -> dict[uuid.UUID | None, int]:
    """What each member is known to have earned by work in these months, less what production cost them, in fen.

    Under None what belongs to nobody in particular. Who is not named is UNKNOWN, and not nought.
    """
    precedence = precedence_of(literal(region_code, Text()), literal(span.until, Date()))
    figures = counted(household_id, span.first, span.until, precedence).subquery("figures")
    signed = case((figures.c.kind == PRODUCTION_COST, -figures.c.amount_fen), else_=figures.c.amount_fen)
    rows = await db.execute(
        select(figures.c.person_id, func.sum(signed))
        .where(figures.c.kind.in_(EARNED_KINDS))
        .group_by(figures.c.person_id)
    )
    return {person_id: int(fen) for person_id, fen in rows}


async def were_members(
    db: AsyncSession, household_ids: Iterable[uuid.UUID]
) -> frozenset[tuple[uuid.UUID | None, uuid.UUID]]:
    """(person, household) of everybody who belongs, or once belonged, to these households."""
    spells = select(Membership.person_id, Membership.household_id).where(Membership.household_id.in_(household_ids))
    return frozenset((row.person_id, row.household_id) for row in await db.execute(spells))


async def statements_in_force(
    db: AsyncSession, household_ids: Iterable[uuid.UUID], months: Iterable[Any]
) -> list[IncomeStatement]:
    """Everything that any origin says of these households and months now."""
    said = select(IncomeStatement).where(
        IncomeStatement.household_id.in_(household_ids),
        IncomeStatement.month.in_(months),
        IncomeStatement.superseded_at.is_(None),
    )
    return list(await db.scalars(said))


async def visits_of(db: AsyncSession, actor: Actor, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """The households of those of these visits that the actor sees."""
    rows = await db.execute(
        select(Visit.id, Visit.household_id).where(Visit.id.in_(ids), sees_visit()), viewer_parameters(actor.viewer)
    )
    return {row.id: row.household_id for row in rows}


# --- verifying ---------------------------------------------------------------------------------------------------------


async def lock_clue(db: AsyncSession, actor: Actor, clue_id: uuid.UUID) -> Clue | None:
    """The clue if it is visible, locked, so that of two who settle it the second sees the first."""
    statement = select(Clue).where(Clue.id == clue_id, sees_clue()).with_for_update()
    return await db.scalar(statement, viewer_parameters(actor.viewer), execution_options={"populate_existing": True})


async def has_staff(db: AsyncSession, visitors: Collection[uuid.UUID], organisation_id: uuid.UUID) -> bool:
    """Whether one of these visitors, helpers and accounts, is of an organisation."""
    helper = exists().where(Helper.id.in_(visitors), Helper.organisation_id == organisation_id)
    account = exists().where(Account.id.in_(visitors), Account.organisation_id == organisation_id)
    return bool(await db.scalar(select(or_(helper, account))))


async def door_visit(db: AsyncSession, actor: Actor, visit_id: uuid.UUID, household_id: uuid.UUID) -> DoorVisit | None:
    """The visit as it bears on this household; None where it is not visible.

    Paired is whoever held a pairing with the family on the day of the visit. An officer without pairings of their own is
    known by the account.
    """
    found = (
        await db.execute(select(Visit).where(Visit.id == visit_id, sees_visit()), viewer_parameters(actor.viewer))
    ).scalar_one_or_none()
    if found is None:
        return None
    companions = await db.scalars(select(VisitCompanion.helper_id).where(VisitCompanion.visit_id == visit_id))
    visitors = frozenset({found.helper_id or found.recorded_by_id, *companions})
    day = cast(func.timezone("Asia/Shanghai", found.occurred_at), Date())
    paired = await db.scalars(
        select(Pairing.helper_id).where(
            Pairing.household_id == household_id,
            Pairing.helper_id.in_(visitors),
            Pairing.started_on <= day,
            case((Pairing.ended_on.is_(None), literal(True)), else_=Pairing.ended_on > day),
        )
    )
    return DoorVisit(
        contact=found.contact,
        is_superseded=found.superseded_by_id is not None,
        is_of_the_household=found.household_id == household_id,
        occurred_at=found.occurred_at,
        visitors=visitors,
        paired=frozenset(one for one in paired if one is not None),
    )


async def lock_clues(db: AsyncSession, household_id: uuid.UUID, *states: ClueState) -> list[Clue]:
    """A household's clues in these states, locked. The household is held before, so none is raised meanwhile."""
    statement = (
        select(Clue)
        .where(Clue.household_id == household_id, Clue.state.in_(states))
        .order_by(Clue.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(await db.scalars(statement))
