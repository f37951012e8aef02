"""Decisions about benefit links: who may, which kinds, how periods are written. Pure. Money is whole fen."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from typing import Final

from domain.access.rules import ROLES_THAT_MEET_FAMILIES, GrantRole
from domain.base.errors import Problem
from domain.pairings.rules import DECIDES

BENEFIT_LINK: Final = "BENEFIT_LINK"  # the pairing role that a link stands on
# 保底收购、股份分红、利润返还 (S0); 土地经营权流转、带动务工就业、代销农产品, 以购代捐,
# 以卖代帮 (S1); 股份、订单、服务、劳务、租赁 (S3).
LINK_KINDS: Final = frozenset(
    {
        *("GUARANTEED_PURCHASE", "SHARE_DIVIDEND", "PROFIT_RETURN", "LAND_OPERATION_TRANSFER", "EMPLOYMENT"),
        *("SALES_AGENCY", "ORDERS", "SERVICES", "LEASING", "PURCHASE_AS_DONATION", "SALE_AS_HELP"),
    }
)
# Who writes down what was agreed: those who decide on pairings of households. Who writes down what was delivered: they,
# everybody else who meets the family, and the enterprise itself.
AGREES: Final = frozenset(DECIDES)
DELIVERS: Final = ROLES_THAT_MEET_FAMILIES | {GrantRole.PARTNER}
TEXT_LIMIT: Final = 500

_PERIOD = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2])|-Q([1-4]))?", re.ASCII)


def period_starts_on(period: str) -> date | None:
    """The first day of 2026-03, 2026-Q1 or 2026; None for what is no period.

    >>> period_starts_on("2026-Q2")
    datetime.date(2026, 4, 1)
    """
    found = _PERIOD.fullmatch(period)
    if found is None or found[1] == "0000":
        return None
    year, month, quarter = found.groups()
    return date(int(year), int(month or 1) if quarter is None else int(quarter) * 3 - 2, 1)


def period_problems(period: str, started_on: date, ended_on: date | None, today: date) -> list[Problem]:
    """PERIOD_INVALID: not a period, not begun yet, or with no day in which the link held (起止日期)."""
    first = period_starts_on(period)
    if first is None or first > today or (ended_on is not None and first >= ended_on):
        return [Problem("PERIOD_INVALID", ("input", "period"))]
    months = 12 if len(period) == 4 else 3 if "Q" in period else 1
    following = first.year * 12 + first.month - 1 + months
    is_over = date(following // 12, following % 12 + 1, 1) <= started_on
    return [Problem("PERIOD_INVALID", ("input", "period"))] if is_over else []


def kind_problems(kind: str) -> list[Problem]:
    """UNKNOWN_CODE: a mode of 阳光“1+1”, or of nobody, is no benefit link (domain.md §6)."""
    detail = {"list": "pairing_mode", "code": kind[:80]}
    return [] if kind in LINK_KINDS else [Problem("UNKNOWN_CODE", ("input", "kind"), detail)]


def pairing_problems(role: str, ended_on: date | None, has_both: bool) -> list[Problem]:
    """LINK_NEEDS_PAIRING: a link stands on an open pairing of an organisation with a household, in this role."""
    if role == BENEFIT_LINK and ended_on is None and has_both:
        return []
    return [Problem("LINK_NEEDS_PAIRING", ("input", "pairingId"))]


def may(roles: Collection[GrantRole], allowed: Collection[GrantRole]) -> bool:
    """Whether one of these roles is among those allowed."""
    return not set(roles).isdisjoint(allowed)
