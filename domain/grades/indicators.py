"""What figures say beside a judgement, and how far a light is from the next. Pure: what is known comes in as facts.

S3 has people judge (综合判断): an indicator shows what is on record, names the words of the document that it bears out, and
never a level by itself. Where it bears out words of another level than the one proposed, it contradicts it, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from domain.grades.rules import Scheme

# Answers of the home visit's form (RU_HU) by which one of 两不愁三保障, or drinking water, is not in order.
FAILING: Final[Mapping[str, frozenset[Any]]] = {
    "hasEnoughFood": frozenset({False}),
    "hasEnoughClothing": frozenset({False}),
    "compulsoryEducation": frozenset({"DROPPED_OUT"}),
    "hasBasicMedicalCare": frozenset({False}),
    "isHousingSafe": frozenset({False}),
    "drinkingWater": frozenset({"SHORT", "UNSAFE"}),
}
# Signs (terms of clue_sign) that touch one of them.
OF_THE_GUARANTEES: Final = frozenset({"MEDICAL_EXPENSE", "STUDY_EXPENSE", "DANGEROUS_HOUSING"})
YEAR: Final = 12

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is on record of a household. Money is whole fen; None: not known.

    skilled, able, weak: members by labour (terms SKILLED; ORDINARY and SKILLED; WEAK_OR_HALF). net: of the family over the
    last twelve months, None while a month is unknown. rigid, rigid_before: unavoidable expenses of those months and of the
    twelve before. answers: of the last two complete calls at the door, the latest first.
    """

    members: int
    skilled: int
    able: int
    weak: int
    line: int
    net: int | None
    months_known: int
    months_with_wage: int
    business: int
    rigid: int
    rigid_before: int
    rigid_threshold: int
    answers: Sequence[Mapping[str, Any]] = ()
    signs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """What would bring another level: the input (term of grade_indicator) at `value`, `difference` away from now."""

    level: str
    input: str
    value: str
    difference: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """One thing that is known. bears_out: the reason (term of grade_reason) whose words it fits; None: none, or unknown."""

    code: str
    value: JsonObject
    bears_out: str | None = None
    changes: tuple[Change, ...] = field(default=())


def indicators_of(facts: Facts) -> list[Indicator]:
    """Labour, income, work, rigid expenses, guarantees, new difficulties (domain.md §5), in that order.

    What each bears out is ours (ASSUMPTION), in the words of S3: nobody who can work, the weak counted (§11.13), is 无劳力;
    income below the line, or neither wage nor business in any known month, 无稳定收入; wages in some months only
    就业不够稳定 and in all twelve 有稳定就业; expenses beyond the region's threshold and above the year before's
    刚性支出增大; a guarantee that fails and did not at the call before 出现新困难, one that failed before 存在潜在困难.
    """
    return [_labour(facts), _income(facts), _work(facts), _rigid(facts), _guarantees(facts), _difficulties(facts)]


def _labour(facts: Facts) -> Indicator:
    bears_out = "NO_LABOUR" if facts.able + facts.weak == 0 else "HAS_SKILLS" if facts.skilled else None
    value = {"members": facts.members, "able": facts.able, "skilled": facts.skilled, "weak": facts.weak}
    return Indicator("LABOUR", value, bears_out)


def _income(facts: Facts) -> Indicator:
    value = {"perCapitaNet": None, "line": yuan(facts.line), "unknownMonths": YEAR - facts.months_known}
    if facts.net is None or facts.members == 0:
        return Indicator("INCOME", value)
    is_below = facts.net < facts.line * facts.members
    value["perCapitaNet"] = yuan(facts.net // facts.members)
    return Indicator("INCOME", value, "NO_STABLE_INCOME" if is_below else None)


def _work(facts: Facts) -> Indicator:
    known, with_wage = facts.months_known, facts.months_with_wage
    value = {"monthsKnown": known, "monthsWithWage": with_wage, "businessNet": yuan(facts.business)}
    bears_out = None
    if known and not with_wage and facts.business <= 0:
        bears_out = "NO_STABLE_INCOME"
    elif 0 < with_wage < known:
        bears_out = "UNSTABLE_JOB"
    elif with_wage == YEAR:
        bears_out = "STABLE_JOB_OR_GOOD_TRADE"
    return Indicator("WORK", value, bears_out)


def _rigid(facts: Facts) -> Indicator:
    value = {"year": yuan(facts.rigid), "before": yuan(facts.rigid_before), "threshold": yuan(facts.rigid_threshold)}
    is_rising = facts.rigid > facts.rigid_threshold and facts.rigid > facts.rigid_before
    return Indicator("RIGID_EXPENSE", value, "RIGID_EXPENSE_RISING" if is_rising else None)


def _guarantees(facts: Facts) -> Indicator:
    if not facts.answers or not set(FAILING) <= set(facts.answers[0]):
        return Indicator("GUARANTEES", {"failing": None, "new": None})
    failing = _failing(facts.answers[0])
    before = _failing(facts.answers[1]) if len(facts.answers) > 1 else failing
    new = [name for name in failing if name not in before]
    bears_out = "NEW_DIFFICULTY" if new else "LATENT_DIFFICULTY" if failing else "NO_DIFFICULTY"
    return Indicator("GUARANTEES", {"failing": failing, "new": new}, bears_out)


def _failing(answers: Mapping[str, Any]) -> list[str]:
    return [name for name, bad in FAILING.items() if answers.get(name) in bad]


def _difficulties(facts: Facts) -> Indicator:
    bears_out = "NEW_DIFFICULTY" if facts.signs & OF_THE_GUARANTEES else None
    return Indicator("NEW_DIFFICULTIES", {"signs": sorted(facts.signs)}, bears_out)


def told(scheme: Scheme, level: str | None, indicators: Iterable[Indicator]) -> list[JsonObject]:
    """As a grade keeps them: with the level for which the document names what each bears out, and whether that is another
    than the one given."""
    rows = []
    for one in indicators:
        speaks_for = scheme.speaks_for(one.bears_out, level)
        rows.append(
            {
                "code": one.code,
                "value": one.value,
                "bearsOut": one.bears_out,
                "speaksFor": speaks_for,
                "contradicts": level is not None and speaks_for not in (None, level),
                "changes": [
                    {"level": c.level, "input": c.input, "value": c.value, "difference": c.difference}
                    for c in one.changes
                ],
            }
        )
    return rows


def yuan(fen: int) -> str:
    """Whole fen as yuan with two decimals.

    >>> yuan(-5)
    '-0.05'
    """
    sign, rest = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{rest // 100}.{rest % 100:02}"


# --- lights ------------------------------------------------------------------------------------------------------------

# 用“红橙黄绿”4种颜色信号灯显示收入水平 (S2): from the least income up. The bands are policy (LIGHT_BANDS).
LIGHTS: Final = ("RED", "ORANGE", "YELLOW", "GREEN")
UNKNOWN_LIGHT: Final = "UNKNOWN"


def light(net: int | None, members: int, line: int, bands: Sequence[int]) -> str:
    """The light of a family: its per-capita net income of the year in percent of the line, below the first of `bands` RED,
    and so on; from the last one up GREEN. "Below" is strict (domain.md §11.9). A month that is not known is neither, and
    so is a family of nobody. reckoning.py says the same in SQL; one table of examples tests both.

    net: of the whole family, fen; line: fen per head and year.
    """
    if net is None or members == 0:
        return UNKNOWN_LIGHT
    below = (name for name, band in zip(LIGHTS, bands, strict=False) if net * 100 < line * band * members)
    return next(below, LIGHTS[-1])


def light_changes(net: int | None, members: int, line: int, bands: Sequence[int]) -> tuple[Change, ...]:
    """Which input would change a light, to the fen and to the head: the family's net income of the year at which the next
    better one begins, and the greatest at which the next worse does; and how many members would bring the next worse one,
    or the next better. Nothing where the light is not known: then the unknown months would."""
    if net is None or members == 0:
        return ()
    lights = (*LIGHTS[: len(bands)], LIGHTS[-1])
    here = lights.index(light(net, members, line, bands))
    changes = []
    for place in (here - 1, here + 1):
        if not 0 <= place < len(lights):
            continue
        # The least income at which the better of the two lights shines, for this many people.
        border = -(-line * bands[min(here, place)] * members // 100)
        wanted = border if place > here else border - 1
        changes.append(Change(lights[place], "INCOME", yuan(wanted), yuan(wanted - net)))
        people = _people(net, line, bands[min(here, place)], is_better=place > here)
        if people is not None:
            other = light(net, people, line, bands)  # a head more or less may leap over a band
            changes.append(Change(other, "MEMBERS", str(people), str(people - members)))
    return tuple(changes)


def _people(net: int, line: int, band: int, *, is_better: bool) -> int | None:
    """The most members with whom the income reaches a band, or the fewest with whom it does not; None for nobody."""
    most = net * 100 // (line * band)
    if is_better:
        return most if most >= 1 else None
    return most + 1 if most >= 0 else None


@dataclass(frozen=True, slots=True)
class LightFacts:
    """What a light was reckoned from; unknown_months: how many of the twelve."""

    net: int | None
    members: int
    line: int
    bands: tuple[int, ...]
    unknown_months: int
    until: date


def light_indicators(facts: LightFacts) -> list[Indicator]:
    """The one indicator of a light, with what would change it."""
    known = facts.net is not None and facts.members > 0
    value = {
        "perCapitaNet": yuan(facts.net // facts.members) if facts.net is not None and known else None,
        "line": yuan(facts.line),
        "bands": list(facts.bands),
        "members": facts.members,
        "unknownMonths": facts.unknown_months,
        "untilMonth": f"{facts.until:%Y-%m}",
    }
    changes = light_changes(facts.net, facts.members, facts.line, facts.bands)
    return [Indicator("INCOME", value, "INCOME_BAND" if known else "INCOME_UNKNOWN", changes)]
