"""What every family of duties yields: rows of one shape, asked in one way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Text,
    Uuid,
    and_,
    any_,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

from domain.access.queries import HELPER_ID, OFFICES, PARTIES, VIEWER_ID, is_listed, meets, sees_household
from domain.duties.rules import ANY, DEMANDS, DutyLevel, DutyRule
from domain.pairings.models import Pairing

SHAPE: Final[Mapping[str, TypeEngine[Any]]] = {
    "id": Uuid(),
    "rule": Text(),
    "subject_id": Uuid(),
    "household_id": Uuid(),
    "region_code": Text(collation="C"),
    "level": Text(),
    "helped_by": Text(),
    "owner_id": Uuid(),
    "period": Text(),
    "began_on": Date(),
    "due_on": Date(),
    "facts": JSONB(),
    "day": Date(),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which duties are asked for, and as of the end of which day in China.

    Ids, regions and days are SQL parameters, None where they are not asked about; the others are known when the statement
    is made, so that what cannot be in the answer is not in the statement.
    """

    day: Any
    region: Any = None
    household_id: Any = None
    helper_id: Any = None
    rules: Sequence[DutyRule] | None = None
    is_mine: bool = False
    by_village: bool = False


def row(
    rule: DutyRule,
    asked: Asked,
    *,
    subject_id: Any,
    region_code: Any,
    began_on: Any,
    due_on: Any,
    household_id: Any = None,
    level: Any = None,
    helped_by: Any = None,
    owner_id: Any = None,
    period: Any = None,
    **facts: Any,
) -> list[ColumnElement[Any]]:
    """The columns of a duty. Its id is made of rule, subject and period: the same duty has the same id everywhere, on every
    phone and every day."""
    demand = DEMANDS[rule]
    named = ["duty", rule.value, cast(subject_id, Text())]
    given = {
        "id": func.ruhu_id(func.concat_ws(" ", *(_text(part) for part in named), period), type_=Uuid()),
        "rule": _text(rule.value),
        "subject_id": subject_id,
        "household_id": household_id,
        "region_code": region_code,
        "level": _text(demand.levels[0].value) if level is None else level,
        "helped_by": _text(demand.helped_by) if helped_by is None else helped_by,
        "owner_id": owner_id,
        "period": period,
        "began_on": began_on,
        "due_on": due_on,
        "facts": func.jsonb_build_object(*(part for name, fact in facts.items() for part in (_text(name), fact))),
        "day": asked.day,
    }
    return [cast(null() if given[name] is None else given[name], type_).label(name) for name, type_ in SHAPE.items()]


def _text(said: Any) -> Any:
    return literal(said, Text()) if isinstance(said, str) else said


def concerns(asked: Asked, rule: DutyRule, region_code: Any, household_id: Any) -> ColumnElement[bool]:
    """Which families' duties these are: those that the viewer sees and meets, narrowed to what is asked about.

    Every condition is one that an index can begin with, or one that is decided once for the statement.
    """
    asks: list[Any] = [meets(region_code, household_id), sees_household(region_code, household_id)]
    if asked.region is not None:
        asks += [region_code >= asked.region, region_code < asked.region + ":"]
    if asked.household_id is not None:
        asks.append(household_id == asked.household_id)
    if asked.helper_id is not None:
        asks.append(household_id == any_(_helped_by(asked.helper_id, asked.day)))
    if asked.is_mine:
        mine = is_listed(household_id)
        asks.append(
            or_(mine, *(_is_office(literal(level.value, Text()), region_code) for level in DEMANDS[rule].levels))
        )
    return and_(*asks)


def _is_office(level: Any, region_code: Any) -> ColumnElement[bool]:
    held: ColumnElement[bool] = (level + " " + region_code).op("^@")(any_(OFFICES))
    return held


def _helped_by(helper_id: Any, day: Any) -> Any:
    """The families that a helper helps on a day, as one array for the whole statement."""
    pairing = aliased(Pairing)
    helped = select(pairing.household_id).where(pairing.helper_id == helper_id, holds(pairing, day))
    return func.array(helped.where(pairing.household_id.is_not(None)).scalar_subquery(), type_=ARRAY(Uuid()))


def plus(day: Any, days: int) -> Any:
    """So many days later; written as it is, for a parameter would take part of its type from the other side."""
    return type_coerce(day + literal_column(str(days)), Date())


def holds(spell: Any, day: Any) -> ColumnElement[bool]:
    """Whether a spell of a pairing holds on a day: on its first, and no longer on the one on which it ended."""
    return and_(spell.started_on <= day, or_(spell.ended_on.is_(None), spell.ended_on > day))


def has_helper(household_id: Any, helped_by: Any, day: Any) -> ColumnElement[bool]:
    """Whether somebody helps the family that day in that role, or in any."""
    pairing = aliased(Pairing)
    found = exists().where(pairing.household_id == household_id, pairing.helper_id.is_not(None), holds(pairing, day))
    return found.where(_is_role(pairing, helped_by)).correlate_except(pairing)


def _is_role(pairing: Any, helped_by: Any) -> ColumnElement[bool]:
    return or_(helped_by == ANY, pairing.role == helped_by)


def is_for(helper_id: Any, duty: Any) -> ColumnElement[bool]:
    """Whether a duty is this helper's to do; of what waits for its own author, the author alone is told."""
    return or_(
        _helps(duty, lambda helper: helper == helper_id), and_(duty.owner_id == VIEWER_ID, helper_id == HELPER_ID)
    )


def is_mine(duty: Any) -> ColumnElement[bool]:
    """Whether a duty is the viewer's own: as its author, as a helper or in place of one, or as an officer of its level."""
    helps = _helps(duty, lambda helper: helper == any_(PARTIES))
    return or_(duty.owner_id == VIEWER_ID, helps, _is_office(duty.level, duty.region_code))


def _helps(duty: Any, is_one: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
    pairing = aliased(Pairing)
    found = exists().where(pairing.household_id == duty.household_id, is_one(pairing.helper_id))
    return found.where(holds(pairing, duty.day), _is_role(pairing, duty.helped_by)).correlate_except(pairing)


def level_of(household_id: Any, helped_by: Any, day: Any) -> ColumnElement[str]:
    """The helpers' where the family has one; else it is the village's to see to it."""
    helper, village = (literal(level.value, Text()) for level in (DutyLevel.HELPER, DutyLevel.VILLAGE))
    return case((has_helper(household_id, helped_by, day), helper), else_=village)
