"""What partners do in the demo: 阳光“1+1” with activities, benefit links with what was delivered, agreements."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from domain.base.models import namespace_id
from domain.demo.rows import Rows

FUJIAN: Final = "35"
_ACTIVITIES: Final = (
    (150, "INDUSTRY", "李果标准化种植示范，发放有机肥 3 吨", 1_860_000, 46),
    (95, "LEADER_TRAINING", "致富带头人培训班，两天", 820_000, 12),
    (40, "MARKETING", "组织会员单位到村采购李干、茶叶", 3_475_000, 38),
    (12, "INFRASTRUCTURE", "村口道路路灯 20 盏安装完成", 2_400_000, None),
)
# Of each kind: yuan per period in fen, months of a period.
_PROMISED: Final = {"GUARANTEED_PURCHASE": (60_000, 3), "ORDERS": (45_000, 3), "SHARE_DIVIDEND": (120_000, 12)}


def write_partners(rows: Rows, at: datetime) -> None:
    """After the pairings: everything here stands on one of them."""
    pairings = {row["id"]: row for row in rows.of["pairing"]}
    campaign = _campaign(rows, at)
    for pairing in pairings.values():
        if pairing["role"] == "SUNSHINE_HAND":
            _activities(rows, at, campaign, pairing)
            _agreement(rows, at, pairing)
        if pairing["role"] == "BENEFIT_LINK":
            _link(rows, at, pairing)


def _campaign(rows: Rows, at: datetime) -> Any:
    campaign = namespace_id("demo campaign sunshine")
    rows.add(
        "campaign",
        id=campaign,
        name="阳光“1+1（社会组织+老区村）牵手计划”",
        role="SUNSHINE_HAND",
        region_code=FUJIAN,
        from_on=date(2018, 1, 1),
        until_on=None,
        target_organisations=1000,
        target_villages=1000,
        modes=["LINKED_STRENGTHS", "SHARED_PROJECTS", "LONG_TERM"],
        areas=["INDUSTRY", "INFRASTRUCTURE", "LEADER_TRAINING", "MARKETING"],
        document="阳光“1+1（社会组织+老区村）牵手计划”行动方案",
        opened_at=at,
        opened_by_id=None,
    )
    return campaign


def _activities(rows: Rows, at: datetime, campaign: Any, pairing: dict[str, Any]) -> None:
    for days_ago, area, text, fen, people in _ACTIVITIES:
        rows.add(
            "campaign_activity",
            id=namespace_id(f"demo activity {pairing['id']} {days_ago}"),
            campaign_id=campaign,
            pairing_id=pairing["id"],
            organisation_id=pairing["organisation_id"],
            village_id=pairing["village_id"],
            region_code=pairing["region_code"],
            area=area,
            happened_on=at.date() - timedelta(days=days_ago),
            text=text,
            amount_fen=fen,
            people_reached=people,
            photos="[]",
            reported_at=at - timedelta(days=days_ago - 1),
            reported_by_id=None,
        )


def _agreement(rows: Rows, at: datetime, pairing: dict[str, Any]) -> None:
    rows.add(
        "agreement",
        id=namespace_id(f"demo agreement {pairing['id']}"),
        pairing_id=pairing["id"],
        party_id=pairing["organisation_id"],
        region_code=pairing["region_code"],
        title="社会组织与老区村牵手共建协议",
        signed_on=pairing["started_on"],
        ends_on=at.date() + timedelta(days=45),
        sha256=None,
        byte_size=None,
        media_type=None,
        recorded_at=at,
        recorded_by_id=None,
    )


def _link(rows: Rows, at: datetime, pairing: dict[str, Any]) -> None:
    fen, months = _PROMISED[pairing["mode"]]
    link = namespace_id(f"demo link {pairing['id']}")
    sides = {name: pairing[name] for name in ("household_id", "organisation_id", "region_code")}
    started_on = at.date() - timedelta(days=400)
    rows.add(
        "benefit_link",
        id=link,
        pairing_id=pairing["id"],
        **sides,
        kind=pairing["mode"],
        terms=pairing["terms"],
        promised_fen=fen,
        period_months=months,
        started_on=started_on,
        ended_on=pairing["ended_on"],
        end_reason=pairing["end_reason"],
        recorded_at=at,
        recorded_by_id=None,
    )
    # The first family of each enterprise has got all that was promised, the others a period less.
    is_first = not any(row["organisation_id"] == sides["organisation_id"] for row in rows.of["benefit_delivery"])
    for number in range(12 // months if is_first else 12 // months - 1):
        day = started_on + timedelta(days=31 * months * (number + 1))
        rows.add(
            "benefit_delivery",
            id=namespace_id(f"demo delivery {pairing['id']} {number}"),
            link_id=link,
            **sides,
            period=str(day.year) if months == 12 else f"{day.year}-Q{(day.month + 2) // 3}",
            delivered_on=day,
            amount_fen=fen,
            evidence="银行回单",
            corrects_id=None,
            recorded_at=at,
            recorded_by_id=None,
        )
