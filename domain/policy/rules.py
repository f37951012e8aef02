"""What a policy parameter may be, and which value of it is in force. Pure: facts and days come in as arguments.

Values are plain JSON: whole numbers, yuan as "8400.00", true and false, codes, lists of codes or of numbers, months by
code, and short names. `domain/policy/catalogue.py` lists the parameters; `queries.py` says the same decision once more in
SQL, and one table of examples tests both.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeAlias

from domain.access.rules import GrantRole
from domain.base.errors import Problem
from domain.regions.rules import RegionLevel, parent_code

Value: TypeAlias = Any  # JSON
Values: TypeAlias = Mapping[str, Value]  # by the parameter's name


class PolicyBasis(enum.StrEnum):
    """What a value stands on (依据): a sentence of a document, the practice of the whole country, or our own guess."""

    SOURCE = "SOURCE"
    CONVENTION = "CONVENTION"
    ASSUMPTION = "ASSUMPTION"


class PolicyValueKind(enum.StrEnum):
    """What a value looks like, as screens and checks need it (取值类型)."""

    NUMBER = "NUMBER"
    MONEY = "MONEY"
    FLAG = "FLAG"
    CODE = "CODE"
    CODES = "CODES"
    NUMBERS = "NUMBERS"
    NUMBER_BY_CODE = "NUMBER_BY_CODE"
    TEXT = "TEXT"


class PolicyUnit(enum.StrEnum):
    """What a number counts (单位)."""

    YUAN_A_YEAR = "YUAN_A_YEAR"
    YUAN = "YUAN"
    PERCENT = "PERCENT"
    HOURS = "HOURS"
    DAYS = "DAYS"
    MONTHS = "MONTHS"
    TIMES = "TIMES"
    PERSONS = "PERSONS"
    HOUSEHOLDS = "HOUSEHOLDS"
    METRES = "METRES"
    KILOMETRES_PER_HOUR = "KILOMETRES_PER_HOUR"
    SECONDS = "SECONDS"
    DAY_OF_MONTH = "DAY_OF_MONTH"
    MONTH_OF_YEAR = "MONTH_OF_YEAR"


class Bound(enum.StrEnum):
    """What a region may not do to the value that the country sets: go below it, or above it."""

    NOT_BELOW_NATIONAL = "NOT_BELOW_NATIONAL"
    NOT_ABOVE_NATIONAL = "NOT_ABOVE_NATIONAL"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a region may set (政策参数).

    default: in force where nobody set anything; basis and reason say what it stands on. at_least and at_most hold for
    everybody, `bound` against what the country set on that day. choices: the codes that CODE, CODES and the keys of
    NUMBER_BY_CODE may have; empty: any word of the region's own.
    """

    name: str
    kind: PolicyValueKind
    zh: str
    en: str
    default: Value
    basis: PolicyBasis
    reason: str
    unit: PolicyUnit | None = None
    at_least: int | None = None
    at_most: int | None = None
    bound: Bound | None = None
    choices: tuple[str, ...] = ()


MOST_ITEMS: Final = 40
MOST_NUMBER: Final = 1_000_000
_YUAN = re.compile(r"[0-9]{1,8}(\.[0-9]{1,2})?", re.ASCII)
_TEXT = re.compile(r"[\u3400-\u9fff0-9（）-]{0,40}", re.ASCII)  # an office or its telephone; never a sentence
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}", re.ASCII)


class _Wrong(Exception):
    def __init__(self, problem: str, /, **detail: Any) -> None:
        self.problem, self.detail = problem, detail


def read_value(parameter: Parameter, given: Any, national: Value = None) -> tuple[Value, Problem | None]:
    """The value as it is stored, and what is wrong with it: exactly one of the two is None.

    national: what the country has set for the first day on which the value is to hold; None where it has set nothing.
    Codes: POLICY_VALUE_INVALID (kind), UNKNOWN_CODE (list, code), POLICY_BELOW_MINIMUM and POLICY_ABOVE_MAXIMUM (limit).
    """
    try:
        value = _READERS[parameter.kind](parameter, given)
        if national is not None and parameter.bound is Bound.NOT_BELOW_NATIONAL:
            _check_range(value, at_least=number(national), at_most=None)
        if national is not None and parameter.bound is Bound.NOT_ABOVE_NATIONAL:
            _check_range(value, at_least=None, at_most=number(national))
    except _Wrong as wrong:
        return None, Problem(wrong.problem, ("input", "value"), {"parameter": parameter.name, **wrong.detail})
    return value, None


def number(value: Value) -> Decimal:
    """A stored NUMBER or MONEY as a number."""
    return Decimal(value)


def _check_range(value: Value, at_least: Any, at_most: Any) -> None:
    if at_least is not None and number(value) < at_least:
        raise _Wrong("POLICY_BELOW_MINIMUM", limit=str(at_least))
    if at_most is not None and number(value) > at_most:
        raise _Wrong("POLICY_ABOVE_MAXIMUM", limit=str(at_most))


def _number(parameter: Parameter, given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not -MOST_NUMBER <= given <= MOST_NUMBER:
        raise _Wrong("POLICY_VALUE_INVALID", kind=parameter.kind.value)
    _check_range(given, parameter.at_least, parameter.at_most)
    return given


def _money(parameter: Parameter, given: Any) -> str:
    if not isinstance(given, str) or not _YUAN.fullmatch(given):
        raise _Wrong("POLICY_VALUE_INVALID", kind=parameter.kind.value)
    _check_range(given, parameter.at_least, parameter.at_most)
    return f"{Decimal(given):.2f}"


def _flag(parameter: Parameter, given: Any) -> bool:
    if not isinstance(given, bool):
        raise _Wrong("POLICY_VALUE_INVALID", kind=parameter.kind.value)
    return given


def _code(parameter: Parameter, given: Any) -> str:
    if not isinstance(given, str) or not _CODE.fullmatch(given):
        raise _Wrong("POLICY_VALUE_INVALID", kind=parameter.kind.value)
    if parameter.choices and given not in parameter.choices:
        raise _Wrong("UNKNOWN_CODE", list=parameter.name, code=given)
    return given


def _items(parameter: Parameter, given: Any) -> list[Any]:
    if not isinstance(given, list) or len(given) > MOST_ITEMS:
        raise _Wrong("POLICY_VALUE_INVALID", kind=parameter.kind.value)
    return given


def _codes(parameter: Parameter, given: Any) -> list[str]:
    codes = [_code(parameter, one) for one in _items(parameter, given)]
    if len(set(codes)) < len(codes):
        raise _Wrong("POLICY_VALUE_INVALID", kind=parameter.kind.value)
    return codes


def _numbers(parameter: Parameter, given: Any) -> list[int]:
    """In ascending order, each once."""
    found = [_number(parameter, one) for one in _items(parameter, given)]
    if found != sorted(set(found)):
        raise _Wrong("POLICY_VALUE_INVALID", kind=parameter.kind.value)
    return found


def _number_by_code(parameter: Parameter, given: Any) -> dict[str, int]:
    if not isinstance(given, dict) or len(given) > MOST_ITEMS:
        raise _Wrong("POLICY_VALUE_INVALID", kind=parameter.kind.value)
    return {_code(parameter, key): _number(parameter, one) for key, one in sorted(given.items())}


def _text(parameter: Parameter, given: Any) -> str:
    if not isinstance(given, str) or not _TEXT.fullmatch(given):
        raise _Wrong("POLICY_VALUE_INVALID", kind=parameter.kind.value)
    return given


_READERS: Final = {
    PolicyValueKind.NUMBER: _number,
    PolicyValueKind.MONEY: _money,
    PolicyValueKind.FLAG: _flag,
    PolicyValueKind.CODE: _code,
    PolicyValueKind.CODES: _codes,
    PolicyValueKind.NUMBERS: _numbers,
    PolicyValueKind.NUMBER_BY_CODE: _number_by_code,
    PolicyValueKind.TEXT: _text,
}


# --- which value is in force -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that a region set for a time; region_code None: the country. until_on: the first day without it."""

    region_code: str | None
    parameter: str
    value: Value
    from_on: date
    until_on: date | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def holds_on(self, day: date) -> bool:
        return self.from_on <= day and (self.until_on is None or day < self.until_on)


def lineage(region_code: str) -> list[str | None]:
    """A division and all above it, nearest first; None, the country, comes last.

    >>> lineage("350125")
    ['350125', '3501', '35', None]
    """
    codes: list[str | None] = [region_code]
    while (above := parent_code(str(codes[-1]))) is not None:
        codes.append(above)
    return [*codes, None]


def in_force(settings: Iterable[Setting], parameter: str, region_code: str, on: date) -> Setting | None:
    """What "the nearest ancestor that sets it on that date" set (domain.md §7); None where nobody did: then the
    parameter's default holds. A division above never overrules one below it, however new its value is."""
    holding = {one.region_code: one for one in settings if one.parameter == parameter and one.holds_on(on)}
    return next((holding[code] for code in lineage(region_code) if code in holding), None)


class Fate(enum.StrEnum):
    """What becomes of an earlier setting of the same region and parameter."""

    STAYS = "STAYS"
    ENDS = "ENDS"
    SUPERSEDED = "SUPERSEDED"


def fate(earlier: Setting, from_on: date, until_on: date | None) -> Fate:
    """A new setting takes the whole of its time: one that began earlier ends when the new one begins, one that begins
    within its time is superseded. Neither comes back afterwards: then the division above is heard again."""
    if (earlier.until_on is not None and earlier.until_on <= from_on) or (
        until_on is not None and until_on <= earlier.from_on
    ):
        return Fate.STAYS
    return Fate.ENDS if earlier.from_on < from_on else Fate.SUPERSEDED


# --- who sets them ---------------------------------------------------------------------------------------------------

# "County, prefecture and province set their own numbers" (domain.md §7); "a decision belongs to exactly one level" (§2).
WHO_ADOPTS: Final = {
    RegionLevel.PROVINCE: GrantRole.PROVINCE_OFFICER,
    RegionLevel.PREFECTURE: GrantRole.PREFECTURE_OFFICER,
    RegionLevel.COUNTY: GrantRole.COUNTY_OFFICER,
}


def may_adopt(level: RegionLevel, roles: Iterable[GrantRole]) -> bool:
    """Whether these roles decide for a division of this level. That it is theirs, the scope says."""
    return WHO_ADOPTS.get(level) in set(roles)
