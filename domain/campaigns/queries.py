"""What a campaign has reached: which pairings are of it, and what was done, as far as the viewer sees."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Date, Select, and_, case, cast, func, literal, or_, select, true
from sqlalchemy.orm import aliased

from domain.access.queries import ORGANISATION_ID, SEES_BY_LIST, in_region, is_signed_in
from domain.campaigns.models import Campaign, CampaignActivity
from domain.pairings.coverage import lies_in
from domain.pairings.models import Pairing
from domain.pairings.queries import holds_on, sees_pairing

_JOINED: Final[list[Any]] = [
    func.count(Pairing.organisation_id.distinct()).label("organisations"),
    func.count(Pairing.village_id.distinct()).label("villages"),
]


def sees_campaign() -> ColumnElement[bool]:
    """That a campaign is on, and its targets, is no secret among those who have an account."""
    return is_signed_in()


def sees_activity(activity: Any = CampaignActivity) -> ColumnElement[bool]:
    """The scope of an activity: the officers of the village's region, and the organisation itself."""
    return or_(in_region(activity.region_code), and_(SEES_BY_LIST, activity.organisation_id == ORGANISATION_ID))


def is_of(campaign: Any) -> ColumnElement[bool]:
    """Whether a pairing is of a campaign: its role, its region, and some day in common."""
    return and_(
        Pairing.role == campaign.role,
        lies_in(Pairing.region_code, campaign.region_code),
        or_(campaign.until_on.is_(None), Pairing.started_on < campaign.until_on),
        or_(Pairing.ended_on.is_(None), Pairing.ended_on > campaign.from_on),
        Pairing.organisation_id.is_not(None),
        Pairing.village_id.is_not(None),
    )


def reached(day: Any) -> Select[Any]:
    """What the campaign around it has reached on a day: (organisations, villages, pairings), each counted once."""
    return select(*_JOINED, func.count(Pairing.id).label("pairings")).where(
        is_of(Campaign), holds_on(day), sees_pairing()
    )


def reached_by_mode(day: Any) -> Select[Any]:
    """The same mode by mode (优势链接, 项目互推, 长期合作): (mode, organisations, villages)."""
    return (
        select(
            Pairing.mode.label("mode"),
            *_JOINED,
        )
        .where(is_of(Campaign), holds_on(day), sees_pairing())
        .group_by(Pairing.mode)
    )


def reached_below(day: Any) -> Select[Any]:
    """The same for each division directly below the campaign's: (region_code, organisations, villages)."""
    above = func.length(Campaign.region_code)
    digits = case((above == 2, literal(4)), (above == 4, literal(6)), (above == 6, literal(9)), else_=literal(12))
    code = func.left(Pairing.region_code, digits)
    return (
        select(
            code.label("region_code"),
            *_JOINED,
        )
        .where(is_of(Campaign), holds_on(day), sees_pairing())
        .group_by(code)
    )


def done_by_area(day: Any) -> Select[Any]:
    """What was done until a day, area by area: (area, activities, villages, amount_fen, people)."""
    activity = aliased(CampaignActivity)
    sums: list[Any] = [
        func.count().label("activities"),
        func.count(activity.village_id.distinct()).label("villages"),
        cast(func.coalesce(func.sum(activity.amount_fen), 0), BigInteger()).label("amount_fen"),
        cast(func.coalesce(func.sum(activity.people_reached), 0), BigInteger()).label("people"),
    ]
    return (
        select(activity.area.label("area"), *sums)
        .where(activity.campaign_id == Campaign.id, activity.happened_on <= day, sees_activity(activity))
        .group_by(activity.area)
    )


def villages(campaign_id: Any, day: Any) -> Select[Any]:
    """The villages of a campaign on a day: (village_id, region_code, organisations, activities, amount_fen, people,
    last_on), a row per village that has joined hands."""
    campaign, activity = aliased(Campaign), aliased(CampaignActivity)
    joined = (
        select(
            Pairing.village_id.label("village_id"),
            func.min(Pairing.region_code).label("region_code"),
            func.count(Pairing.organisation_id.distinct()).label("organisations"),
        )
        .select_from(Pairing.__table__.join(campaign, true()))
        .where(campaign.id == campaign_id, is_of(campaign), holds_on(day), sees_pairing())
        .group_by(Pairing.village_id)
        .subquery("joined_villages")
    )
    done = (
        select(
            activity.village_id,
            func.count().label("activities"),
            func.sum(activity.amount_fen).label("fen"),
            func.sum(activity.people_reached).label("people"),
            func.max(activity.happened_on).label("last_on"),
        )
        .where(activity.campaign_id == campaign_id, activity.happened_on <= cast(day, Date()), sees_activity(activity))
        .group_by(activity.village_id)
        .subquery("done_in_villages")
    )
    return select(
        joined.c.village_id,
        joined.c.region_code,
        joined.c.organisations,
        func.coalesce(done.c.activities, 0).label("activities"),
        cast(func.coalesce(done.c.fen, 0), BigInteger()).label("amount_fen"),
        cast(func.coalesce(done.c.people, 0), BigInteger()).label("people"),
        done.c.last_on,
    ).select_from(joined.outerjoin(done, done.c.village_id == joined.c.village_id))
