"""Who sees benefit links, and promised against delivered, as one expression for everybody who asks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from domain.access.queries import ORGANISATION_ID, SEES_BY_LIST, meets, sees_household
from domain.links.models import BenefitDelivery, BenefitLink
from domain.pairings.coverage import lies_in


def sees_link(row: Any = BenefitLink) -> ColumnElement[bool]:
    """The scope of a link and of its deliveries: who meets the family, and the enterprise that made the promise."""
    met = and_(sees_household(row.region_code, row.household_id), meets(row.region_code, row.household_id))
    return or_(met, and_(SEES_BY_LIST, row.organisation_id == ORGANISATION_ID))


def periods_over(link: Any, day: Any) -> ColumnElement[int]:
    """How many of its periods are over on a day: what was promised for them is due."""
    until = func.least(cast(day, Date()), func.coalesce(link.ended_on, cast(day, Date())))
    age = func.age(until, link.started_on)
    months = func.extract("year", age) * 12 + func.extract("month", age)
    whole = func.floor(months / link.period_months)
    return cast(func.greatest(whole, 0), BigInteger())


def due_fen(link: Any, day: Any) -> ColumnElement[int | None]:
    """What was promised for the periods that are over; null where no money was promised."""
    due: ColumnElement[int | None] = link.promised_fen * periods_over(link, day)
    return due


def delivered_fen(link: Any, day: Any) -> Any:
    """What was delivered until a day, that day included, corrections taken into account."""
    delivery = aliased(BenefitDelivery)
    total = select(cast(func.coalesce(func.sum(delivery.amount_fen), 0), BigInteger())).where(
        delivery.link_id == link.id, delivery.delivered_on <= day
    )
    return total.correlate_except(delivery).scalar_subquery()


def summary(region: Any, day: Any, organisation_id: Any | None) -> Select[Any]:
    """Promised against delivered in a division until a day: (kind, links, organisations, households, due_fen,
    delivered_fen, behind), a row per kind. behind: links of which less was delivered than is due.

    Each link's deliveries are summed by one walk of their index.
    """
    link = aliased(BenefitLink)
    theirs = [] if organisation_id is None else [link.organisation_id == organisation_id]
    judged = (
        select(
            link.kind,
            link.organisation_id,
            link.household_id,
            due_fen(link, day).label("due"),
            delivered_fen(link, day).label("came"),
        )
        .where(lies_in(link.region_code, cast(region, Text())), link.started_on <= day, sees_link(link), *theirs)
        .offset(literal_column("0"))  # so that each sum is made once
        .subquery("judged_links")
    )
    c = judged.c
    return select(
        c.kind,
        func.count().label("links"),
        func.count(c.organisation_id.distinct()).label("organisations"),
        func.count(c.household_id.distinct()).label("households"),
        cast(func.coalesce(func.sum(c.due), 0), BigInteger()).label("due_fen"),
        cast(func.sum(c.came), BigInteger()).label("delivered_fen"),
        func.count(case((c.came < c.due, 1))).label("behind"),
    ).group_by(c.kind)


def linked_totals(region: Any, day: Any) -> Select[Any]:
    """(organisations, households, links) that hold on a day in a division, each counted once (5,246 ↔ 36,085 in S1)."""
    link = aliased(BenefitLink)
    holds = and_(link.started_on <= day, or_(link.ended_on.is_(None), link.ended_on > day))
    counted: list[Any] = [
        func.count(link.organisation_id.distinct()).label("organisations"),
        func.count(link.household_id.distinct()).label("households"),
        func.count(link.id).label("links"),
    ]
    return select(*counted).where(lies_in(link.region_code, cast(region, Text())), holds, sees_link(link))
