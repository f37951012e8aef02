"""The last two rounds of Lu'an's three levels, by the book: a call, the village's proposal, the township, the county.

The level follows from who can work and who is ill, as somebody at the door might judge; the source grades nobody.
Of the later round a few are not done yet: that is what a county looks for. Xinjiang's lights are the worker's.
"""

from __future__ import annotations

import json
import uuid
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from domain.access.rules import CHINA, GrantRole, ViewerKind
from domain.base.models import namespace_id
from domain.demo.helping import write_account, write_grant
from domain.demo.personas import account_id
from domain.demo.rows import Rows
from domain.demo.settlements import Settled
from domain.demo.visits import DemoVisit
from domain.grades.indicators import YEAR, LightFacts, light, light_indicators, told
from domain.grades.loading import shipped
from domain.grades.rules import Reckoned, Scheme
from domain.monitoring.rules import MAKE_A_MONTH_KNOWN, PRODUCTION_COST, window

YUAN_COUNTY: Final = "341503"
MONTHS: Final = (4, 10)  # S3: 以后每年4月、10月进行动态调整
SCHEME: Final = "THREE_LEVELS"
AT_WORK: Final = ("ORDINARY", "SKILLED")
# What happens to a proposal, and how many days after the one before; the county's officer is a persona.
STEPS: Final = (("PROPOSED", 1), ("REVIEWED", 3), ("FILED", 2))
NOT_YET: Final = (
    *("cause", "note", "reviewed_at", "reviewed_by_id", "filed_at", "filed_by_id", "effective_from", "supersedes_id"),
    *("superseded_at", "superseded_on", "returned_at", "returned_by_id", "return_reason"),
)
# Of the later round: every so many-th grade has come no further.
NOT_DONE: Final = {3: "PROPOSED", 7: "REVIEWED"}


def write_grades(rows: Rows, settled: Sequence[Settled], visits: Sequence[DemoVisit], at: datetime) -> None:
    """Both rounds, and the people of Dushan who grade: an officer of each village, and one of the township."""
    graded = [one for one in settled if one.region_code.startswith(YUAN_COUNTY) and one.family.category == "LIFTED"]
    for code in sorted({one.region_code for one in graded} | {one.region_code[:9] for one in graded}):
        is_village = len(code) == 12
        role = GrantRole.VILLAGE_OFFICER if is_village else GrantRole.TOWNSHIP_OFFICER
        name = f"{'村' if is_village else '镇'}干部{code[-3:]}"
        write_account(rows, account_id(f"grader {code}"), name, ViewerKind.OFFICER, at)
        write_grant(rows, account_id(f"grader {code}"), role, code)
    met: dict[uuid.UUID, list[DemoVisit]] = defaultdict(list)
    for visit in visits:
        if visit.contact == "IN_PERSON" and visit.amends is None and visit.is_amended_by is None:
            met[visit.help.settled.id].append(visit)
    before: dict[uuid.UUID, dict[str, Any]] = {}
    rounds = list(_rounds(at.date()))
    for first, last in rounds:
        round_id = namespace_id(f"grading {YUAN_COUNTY} {SCHEME} {first}")
        rows.add(
            "grading_round",
            id=round_id,
            region_code=YUAN_COUNTY,
            scheme=SCHEME,
            month=first,
            opened_on=first,
            due_on=last,
            opened_at=datetime.combine(first, time(0, 25), CHINA),
        )
        for number, one in enumerate(graded):
            calls = [v for v in met[one.id] if first <= v.occurred_at.astimezone(CHINA).date() <= last]
            if calls:
                stops = NOT_DONE.get(number % 10) if (first, last) == rounds[-1] else None
                _grade(rows, one, calls[0], round_id, is_first=first == rounds[0][0], stops=stops, before=before, at=at)
    rows.of["risk_grade"] += before.values()


def _rounds(today: date) -> Iterator[tuple[date, date]]:
    """The first and the last day of the last two rounds that have begun, the earlier first."""
    months = [date(year, month, 1) for year in (today.year - 1, today.year) for month in MONTHS]
    for first in [one for one in months if one <= today][-2:]:
        yield first, first.replace(day=monthrange(first.year, first.month)[1])


def _grade(
    rows: Rows,
    settled: Settled,
    visit: DemoVisit,
    round_id: uuid.UUID,
    *,
    is_first: bool,
    stops: str | None,
    before: dict[uuid.UUID, dict[str, Any]],
    at: datetime,
) -> None:
    level, reasons = _judged(settled, is_first=is_first)
    row: dict[str, Any] = dict.fromkeys(NOT_YET)
    people = (f"grader {settled.region_code}", f"grader {settled.region_code[:9]}", "other_county_officer")
    moment = datetime.combine(visit.received_at.astimezone(CHINA).date(), time(10), CHINA)
    for (state, days), who, column in zip(STEPS, people, ("proposed", "reviewed", "filed"), strict=True):
        moment += timedelta(days=days)
        if moment >= at:
            break
        row |= {"state": state, f"{column}_at": moment, f"{column}_by_id": account_id(who)}
        if state == stops:
            break
    if row.get("state") is None:
        return
    row |= {
        "id": namespace_id(f"demo grade {settled.family.key} {round_id}"),
        "household_id": settled.id,
        "region_code": settled.region_code,
        "scheme": SCHEME,
        "level": level,
        "reasons": reasons,
        "indicators": json.dumps([]),
        "visit_id": visit.id,
        "round_id": round_id,
    }
    if row["state"] != "FILED":
        rows.add("risk_grade", **row)
        return
    row["effective_from"] = row["filed_at"].date()
    if (old := before.pop(settled.id, None)) is not None:
        old |= {"state": "SUPERSEDED", "superseded_at": row["filed_at"], "superseded_on": row["effective_from"]}
        row["supersedes_id"] = old["id"]
        rows.add("risk_grade", **old)
    before[settled.id] = row


def _judged(settled: Settled, *, is_first: bool) -> tuple[str, list[str]]:
    members = settled.family.members
    if not any(member.labour in (*AT_WORK, "WEAK_OR_HALF") for member in members):
        return "RED", ["NO_LABOUR", "NO_STABLE_INCOME"]
    if not any(member.labour in AT_WORK for member in members):
        return "YELLOW", ["WEAK_SKILLS", "UNSTABLE_JOB"]
    if is_first and any("SERIOUS_ILLNESS" in member.health for member in members):
        return "YELLOW", ["LATENT_DIFFICULTY"]  # half a year later the treatment is over
    return "BLUE", ["HAS_SKILLS", "STABLE_JOB_OR_GOOD_TRADE", "NO_DIFFICULTY"]


# --- Xinjiang's lights -------------------------------------------------------------------------------------------------

XINJIANG: Final = "65"
LINE: Final = 600_000  # fen per head and year: nobody there has set another
BANDS: Final = (100, 125, 150)


def write_lights(rows: Rows, settled: Sequence[Settled], at: datetime) -> None:
    """What the worker would reckon in the night of the load from the figures that were written: it finds nothing to do."""
    scheme = shipped(Reckoned.FOUR_LIGHTS.value)
    span = window(at.date(), YEAR)
    told_of: dict[uuid.UUID, dict[date, dict[str, int]]] = defaultdict(dict)
    for row in rows.of["income_statement"]:
        # What was asked at the door counts before what the family says by itself.
        if span.first <= row["month"] < span.until and row["origin"] != "SELF_DECLARED":
            month = told_of[row["household_id"]].setdefault(row["month"], {})
            month[row["kind"]] = month.get(row["kind"], 0) + row["amount_fen"]
    for one in settled:
        if one.region_code.startswith(XINJIANG) and one.family.category in scheme.categories:
            _light(rows, one, scheme, list(told_of[one.id].values()), at)


def _light(rows: Rows, settled: Settled, scheme: Scheme, months: Sequence[Mapping[str, int]], at: datetime) -> None:
    known = sum(any(kind in told for kind in MAKE_A_MONTH_KNOWN) for told in months)
    net = sum(-fen if kind == PRODUCTION_COST else fen for told in months for kind, fen in told.items())
    members, until = len(settled.family.members), window(at.date(), 1).first
    facts = LightFacts(net if known == YEAR else None, members, LINE, BANDS, YEAR - known, until)
    level = light(facts.net, members, LINE, BANDS)
    indicators = light_indicators(facts)
    rows.add(
        "risk_grade",
        **dict.fromkeys(name for name in NOT_YET if name not in ("filed_at", "effective_from")),
        id=namespace_id(f"demo light {settled.family.key}"),
        household_id=settled.id,
        region_code=settled.region_code,
        scheme=scheme.code,
        level=level,
        state="FILED",
        reasons=[one.bears_out for one in indicators],
        indicators=json.dumps(told(scheme, level, indicators)),
        visit_id=None,
        round_id=None,
        proposed_at=at,
        proposed_by_id=None,
        filed_at=at,
        effective_from=at.date(),
    )
