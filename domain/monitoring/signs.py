"""Signs that figures give by themselves: months below the line, and expenses that are too much. Population rules."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CTE, ColumnElement, Date, Select, Text, and_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from domain.monitoring.months import THRESHOLDS, YEAR, back, judged_months
from domain.monitoring.rules import EXPENSE_OF_SIGN, INCOME_BELOW_STANDARD, RIGID_EXPENSE


def signs_on(population: CTE, on: date) -> Select[Any]:
    """(household_id, region_code, sign, period, from_month, until_month): every sign that the figures give on a day.

    Income, 连续3个月收入未达标 (Xinjiang, 2020): the last month of which anything is known, and as many before it as the
    village's MONTHS_BELOW says, are all known and each below a twelfth of the line per head, transfers counted, business
    and property spread over the year (domain.md §11.10). UNKNOWN breaks the run; a month filled in later is judged with
    the next evaluation.

    Expense, 因病、因灾等而造成较大支出 (Hebei, 2020): what had to be paid in the twelve months up to this one, the present
    one included, is more than the village's threshold: exactly that much is not. All rigid expenses together
    (刚性支出) raise a sign of their own where none alone does.
    """
    present = on.replace(day=1)
    judged = judged_months(population, back(present, YEAR), present, on=on)
    latest = (
        select(judged)
        .where(judged.c.is_known, judged.c.month < present)
        .ext(distinct_on(judged.c.household_id))
        .order_by(judged.c.household_id, judged.c.month.desc())
        .subquery("latest")
    )
    found = [
        select(
            latest.c.household_id,
            latest.c.region_code,
            literal(INCOME_BELOW_STANDARD, Text()).label("sign"),
            latest.c.month.label("until_month"),
            latest.c.run_from.label("from_month"),
        ).where(latest.c.run >= latest.c.months_below)
    ]
    single = [_is_beyond(judged, sign) for sign in EXPENSE_OF_SIGN]
    for sign in THRESHOLDS:
        beyond = _is_beyond(judged, sign)
        found.append(
            select(
                judged.c.household_id,
                judged.c.region_code,
                literal(sign, Text()),
                judged.c[f"{sign}_month"],
                literal(back(present, YEAR - 1), Date()),
            ).where(judged.c.month == present, and_(beyond, ~or_(*single)) if sign == RIGID_EXPENSE else beyond)
        )
    every = found[0].union_all(*found[1:]).subquery("sign")
    return select(every, func.to_char(every.c.until_month, "YYYY-MM").label("period")).order_by(
        every.c.household_id, every.c.sign
    )


def _is_beyond(judged: Any, sign: str) -> ColumnElement[bool]:
    beyond: ColumnElement[bool] = judged.c[sign] > judged.c[f"{sign}_threshold"]
    return beyond
