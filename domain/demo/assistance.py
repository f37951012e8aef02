"""What is done for the families of the demo that have key help: a plan, a measure against each cause, and relief.

The relief of Fuzhou's families comes to the source's figure, 453,000 yuan in all, to the cent (福州 2020). How many
families had a share in it the source does not say, and neither does this: some did.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from domain.access.rules import CHINA
from domain.assistance.quarters import Quarter
from domain.assistance.rules import Entitlement, MeasureAct, MeasureState
from domain.base.models import namespace_id
from domain.demo.helping import ORGANISATION
from domain.demo.pairings import Assignment
from domain.demo.personas import account_id
from domain.demo.rows import Rows
from domain.demo.settlements import Settled
from domain.demo.visits import DemoVisit
from domain.households.models import MonitoringStatus

FUZHOU: Final = "3501"
FUZHOU_FEN: Final = 45_300_000
LIFTED: Final = ("LIFTED", "REGISTERED_POOR")
# Cause: what is done about it, in words, what it is worth, and whether somebody's.
ANSWERS: Final = {
    "ILLNESS": ("MEDICAL", "大病救助与慢性病签约服务", 320_000),
    "DISABILITY": ("SAFETY_NET", "残疾人两项补贴", 198_000),
    "STUDY": ("EDUCATION", "助学补助与生源地助学贷款", 400_000),
    "LACK_OF_LABOUR": ("ASSET_INCOME", "村集体资产收益分红", 120_000),
    "LACK_OF_SKILLS": ("SKILLS_TRAINING", "农村实用技术培训", None),
    "LACK_OF_FUNDS": ("INDUSTRY", "小额信贷贴息发展种养", 500_000),
}
OTHERWISE: Final = ("INDUSTRY", "订单收购农产品", 260_000)
SOURCES: Final = ("CIVIL_AFFAIRS", "EDUCATION", "SOCIAL_SECURITY", "HEALTH", "MEDICAL_INSURANCE", "DISABLED_FEDERATION")
_S = MeasureState
_PATH: Final = (
    (MeasureAct.ADD, _S.PLANNED, "planned_on", 0),
    (MeasureAct.APPROVE, _S.APPROVED, "approved_on", 6),
    (MeasureAct.START, _S.DELIVERING, "started_on", 20),
    (MeasureAct.DELIVER, _S.DELIVERED, "delivered_on", 45),
    (MeasureAct.CONFIRM, _S.CONFIRMED, "confirmed_on", 0),
)
DAYS_AGO: Final = 200


def write_help(rows: Rows, helped: Sequence[Assignment], visits: Sequence[DemoVisit], at: datetime) -> None:
    """Plans and measures of the families that are helped now, and the relief of Fuzhou's."""
    seen = _witnesses(visits)
    homes = [one for one in helped if one.ended_on is None and one.settled.ended_on is None]
    for one in homes:
        _write_plan(rows, one, at)
        causes = one.settled.family.causes or ["OTHER"]
        measures = [
            _write_measure(rows, one, number, cause, seen.get(one.settled.id, ()), at)
            for number, cause in enumerate(causes)
        ]
        if one.settled.monitoring_status is MonitoringStatus.MONITORED:
            _write_analysis(rows, one, measures, at)
    _write_relief(rows, sorted({one.settled.id: one.settled for one in homes}.values(), key=lambda s: s.family.key), at)


def _witnesses(visits: Sequence[DemoVisit]) -> dict[Any, list[DemoVisit]]:
    """The calls that can witness a delivery, by family, the first first."""
    found: dict[Any, list[DemoVisit]] = {}
    for visit in sorted(visits, key=lambda one: one.occurred_at):
        if visit.contact == "IN_PERSON" and visit.is_amended_by is None:
            found.setdefault(visit.help.settled.id, []).append(visit)
    return found


def _write_plan(rows: Rows, one: Assignment, at: datetime) -> None:
    key, first = one.settled.family.key, at.date() - timedelta(days=DAYS_AGO)
    plan = {
        "household_id": one.settled.id,
        "region_code": one.settled.region_code,
        "ended_on": None,
        "end_reason": None,
    }
    plan |= {"started_on": first, "result": None, "made_at": _noon(first), "made_by_id": one.helper.account_id}
    goals = ["家庭人均纯收入稳定超过监测线", "义务教育、基本医疗、住房和饮水安全有保障"]
    rows.add("assistance_plan", id=_plan_id(key), kind="HOUSEHOLD", goals=goals, **plan)
    if one.settled.family.number % 4 == 0:
        production = namespace_id(f"demo production plan {key}")
        rows.add("assistance_plan", id=production, kind="PRODUCTION", goals=["种植茶树菇三千袋，年内出菇两季"], **plan)


def _plan_id(key: str) -> Any:
    return namespace_id(f"demo plan {key}")


def _write_measure(
    rows: Rows, one: Assignment, number: int, cause: str, witnesses: Sequence[DemoVisit], at: datetime
) -> dict[str, date]:
    """As far along as chance has it; the family confirms it at the first call after the delivery, if there was one.

    Answers the days of the steps that it took.
    """
    family = one.settled.family
    key = f"{family.key} {number}"
    chance = random.Random(f"measure {key}")  # noqa: S311
    kind, content, worth = ANSWERS.get(cause, OTHERWISE)
    steps = chance.choices((1, 2, 3, 4, 5), (5, 10, 15, 15, 55))[0]
    first = at.date() - timedelta(days=DAYS_AGO - chance.randint(0, 100))
    days = {column: first + timedelta(days=after) for _, _, column, after in _PATH[:steps]}
    witness = next(
        (v for v in witnesses if v.occurred_at.astimezone(CHINA).date() >= days.get("delivered_on", at.date())), None
    )
    if steps == len(_PATH) and witness is None:
        steps -= 1
        del days["confirmed_on"]
    if "confirmed_on" in days and witness is not None:
        days["confirmed_on"] = witness.occurred_at.astimezone(CHINA).date()
    entitlement = Entitlement.AS_MEANS_ALLOW
    if family.category in LIFTED and kind in ("MEDICAL", "EDUCATION", "SAFETY_NET"):
        entitlement = Entitlement.FULL
    elif family.category == "ORDINARY":
        entitlement = Entitlement.NONE
    measure_id = namespace_id(f"demo measure {key}")
    rows.add(
        "measure",
        id=measure_id,
        plan_id=_plan_id(family.key),
        household_id=one.settled.id,
        person_id=family.members[number % len(family.members)].id if kind in ("MEDICAL", "EDUCATION") else None,
        region_code=one.settled.region_code,
        kind=kind,
        cause=None if cause == "OTHER" else cause,
        content=content,
        entitlement=entitlement.value,
        state=_PATH[steps - 1][1].value,
        due_on=first + timedelta(days=90),
        **{column: days.get(column) for _, _, column, _ in _PATH},
        cancelled_on=None,
        cancel_reason=None,
        witness_visit_id=witness.id if "confirmed_on" in days and witness is not None else None,
        amount_fen=worth,
        provider_organisation_id=None,
        provider_helper_id=one.helper.id,
        recorded_at=_noon(first),
        recorded_by_id=one.helper.account_id,
    )
    before = None
    for act, state, column, _ in _PATH[:steps]:
        is_confirmed = act is MeasureAct.CONFIRM and witness is not None
        rows.add(
            "measure_event",
            id=namespace_id(f"demo measure event {key} {act}"),
            measure_id=measure_id,
            region_code=one.settled.region_code,
            act=act.value,
            from_state=before,
            to_state=state.value,
            happened_on=days[column],
            recorded_at=witness.received_at if is_confirmed and witness is not None else _noon(days[column]),
            recorded_by_id=one.helper.account_id,
            reason=None,
            note=None,
            visit_id=witness.id if is_confirmed and witness is not None else None,
        )
        before = state.value
    return days


def _write_analysis(rows: Rows, one: Assignment, measures: Sequence[Mapping[str, date]], at: datetime) -> None:
    """What the last whole quarter's help brought, as far as measures tell it; half of them the township has confirmed."""
    today = at.date()
    this = Quarter(today.year, (today.month + 2) // 3)
    last = Quarter(this.year - (this.number == 1), (this.number + 2) % 4 + 1)
    before_on, after_on = last.first - timedelta(days=1), last.last

    def come_so_far(on: date, column: str) -> int:
        return sum(days[column] <= on for days in measures if column in days)

    figures = {
        f"{when}_{name}": come_so_far(on, f"{name}_on")
        for when, on in (("before", before_on), ("after", after_on))
        for name in ("planned", "delivered", "confirmed")
    }
    is_confirmed = one.settled.family.number % 2 == 0
    rows.add(
        "effect_analysis",
        id=namespace_id(f"demo analysis {one.settled.family.key} {last.name}"),
        household_id=one.settled.id,
        case_id=None,
        region_code=one.settled.region_code,
        quarter=last.name,
        due_on=after_on,
        content="措施按计划落实，家庭收入稳定；下季度继续跟踪支出情况。",
        before_on=before_on,
        before_income_fen=None,
        before_causes=one.settled.family.causes,
        after_on=after_on,
        after_income_fen=None,
        after_causes=one.settled.family.causes,
        **figures,
        written_at=_noon(after_on),
        written_by_id=one.helper.account_id,
        confirmed_at=_noon(after_on + timedelta(days=3)) if is_confirmed else None,
        confirmed_by_id=account_id("township_officer") if is_confirmed else None,
    )


def _write_relief(rows: Rows, homes: Sequence[Settled], at: datetime) -> None:
    """Uneven shares, to the cent; the last one is what is left. A fifth of it are donations."""
    chance = random.Random("relief of fuzhou")  # noqa: S311
    given = [one for one in homes if one.region_code.startswith(FUZHOU) and one.family.number % 3 != 0]
    weights = [chance.randint(20, 200) for _ in given]
    left = FUZHOU_FEN
    for number, (one, weight) in enumerate(zip(given, weights, strict=True)):
        share = FUZHOU_FEN * weight // sum(weights)
        fen = left if number == len(given) - 1 else share
        left -= fen
        is_donation = number % 5 == 0
        on = at.date() - timedelta(days=chance.randint(20, 300))
        causes = one.family.causes or ["OTHER"]
        reviewed = number % 7 != 0
        rows.add(
            "relief",
            id=namespace_id(f"demo relief {one.family.key}"),
            household_id=one.id,
            person_id=None,
            region_code=one.region_code,
            kind={"ILLNESS": "MEDICAL", "STUDY": "EDUCATION"}.get(causes[0], "TEMPORARY"),
            cause=causes[0],
            term=f"{on:%Y-%m}",
            source="DONATION" if is_donation else SOURCES[number % len(SOURCES)],
            organisation_id=ORGANISATION["partner"].id if is_donation else ORGANISATION["civil_affairs"].id,
            amount_fen=fen,
            given_on=on,
            given_at=_noon(on),
            given_by_id=account_id("township_officer"),
            clue_id=None,
            note=None,
            state="REVIEWED" if reviewed else "GIVEN",
            reviewed_at=_noon(on + timedelta(days=3)) if reviewed else None,
            reviewed_by_id=account_id("county_officer") if reviewed else None,
            review_note=None,
        )


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), CHINA)
