"""Lights are reckoned every night (四色信号灯): one statement says whose light is another than the one that holds."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    Numeric,
    Select,
    Text,
    and_,
    any_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import AFTER_EVERY_DIGIT, CHINA, Actor
from domain.audit.actions import record
from domain.base.transactions import Sessions, carry_out
from domain.grades.indicators import LIGHTS, UNKNOWN_LIGHT, YEAR, LightFacts, light_indicators, told
from domain.grades.known import schemes_of
from domain.grades.models import GradeState, GradingScheme, RiskGrade
from domain.grades.queries import is_current, is_in_use
from domain.grades.rules import RISK_GRADE, Reckoned, Scheme, raises_clue
from domain.households.models import Household, Membership
from domain.monitoring.actions import raise_clue
from domain.monitoring.months import back, facts_of, population_of
from domain.monitoring.nightly import rule_over
from domain.monitoring.rules import ClueSource, period_of
from domain.policy.queries import as_text, as_texts, value_of
from domain.regions.models import Region
from domain.regions.rules import RegionLevel

FOUR_LIGHTS: Final = Reckoned.FOUR_LIGHTS.value


async def townships_with_lights(sessions: Sessions, at: datetime) -> list[str]:
    """The townships with families whose policy has lights, in the order of codes."""
    today = at.astimezone(CHINA).date()
    lives_there = exists().where(
        Household.region_code >= Region.code,
        Household.region_code < Region.code.concat(AFTER_EVERY_DIGIT),
        Household.ended_on.is_(None),
    )
    has_lights = exists().where(
        RiskGrade.scheme == FOUR_LIGHTS,
        is_current(),
        RiskGrade.region_code >= Region.code,
        RiskGrade.region_code < Region.code.concat(AFTER_EVERY_DIGIT),
    )
    uses = is_in_use(literal(FOUR_LIGHTS), Region.code, today)
    async with sessions() as db:
        found = await db.scalars(
            select(Region.code)
            .where(Region.level == RegionLevel.TOWNSHIP, lives_there, or_(uses, has_lights))
            .order_by(Region.code)
        )
        return list(found)


def lights_on(township: str, on: date) -> Select[Any]:
    """(household_id, region_code, level, net, members, line, bands, unknown, current_id, before): every household of the
    township whose light on that day is another than the one that holds, or that has none; level null where it is to have
    none any more.

    The income is that of the twelve months before this one, transfers counted, whose figures count by the village's
    precedence of origins; the members are those of that day (domain.md §11.9). As `indicators.light` says: "below" is
    strict, and a month that is not known makes the light UNKNOWN.
    """
    last = back(on.replace(day=1), 1)
    inside = and_(Household.region_code >= township, Household.region_code < township + AFTER_EVERY_DIGIT)
    covered = exists().where(GradingScheme.code == FOUR_LIGHTS, Household.category == any_(GradingScheme.categories))
    population = population_of(and_(inside, covered), on)
    fact = facts_of(population, last, last)
    year = (
        select(
            fact.c.household_id,
            fact.c.region_code,
            func.count().filter(~fact.c.is_known).label("unknown"),
            cast(func.sum(fact.c.steady + fact.c.uneven), BigInteger()).label("net"),
        )
        .group_by(fact.c.household_id, fact.c.region_code)
        .cte("year")
    )
    village = select(population.c.region_code).distinct().subquery("village")
    line = cast(cast(as_text(value_of("INCOME_LINE", village.c.region_code, on)), Numeric()) * 100, BigInteger())
    rule = (
        select(
            village.c.region_code,
            line.label("line"),
            cast(as_texts(value_of("LIGHT_BANDS", village.c.region_code, on)), ARRAY(Integer())).label("bands"),
        )
        .where(is_in_use(literal(FOUR_LIGHTS), village.c.region_code, on))
        .cte("rule")
        .prefix_with("MATERIALIZED")
    )
    # Household by household, each by an index: what stands in a CTE has no statistics, and joins of two are nested loops.
    spell = aliased(Membership)
    members = (
        select(func.count())
        .where(spell.household_id == year.c.household_id, spell.started_on <= on)
        .where(or_(spell.ended_on.is_(None), spell.ended_on > on))
        .correlate(year)
        .scalar_subquery()
    )
    facts = (
        select(
            *(year.c.household_id, year.c.region_code, year.c.net, year.c.unknown, rule.c.line, rule.c.bands),
            members.label("members"),
        )
        .join(rule, rule.c.region_code == year.c.region_code)
        .cte("facts")
        .prefix_with("MATERIALIZED")
    )
    lights = [
        (facts.c.net * 100 < facts.c.line * facts.c.bands[place] * facts.c.members, literal(name))
        for place, name in enumerate(LIGHTS[:-1], 1)
    ]
    not_known = or_(facts.c.unknown > 0, facts.c.members == 0)
    level = case((not_known, literal(UNKNOWN_LIGHT)), *lights, else_=literal(LIGHTS[-1]))
    held, gone, home = aliased(RiskGrade), aliased(RiskGrade), aliased(Household)
    holds = held.household_id == facts.c.household_id, held.scheme == FOUR_LIGHTS, held.state == GradeState.FILED
    current = select(held.id, held.level).where(*holds).correlate(facts).lateral("current_light")
    changed = (
        select(
            *(facts.c.household_id, facts.c.region_code, level.label("level")),
            *(facts.c.net, facts.c.members, facts.c.line, facts.c.bands, facts.c.unknown),
            *(current.c.id.label("current_id"), current.c.level.label("before")),
        )
        .select_from(facts.outerjoin(current, literal(True)))
        .where(level.is_distinct_from(current.c.level))
    )
    is_for = and_(
        exists().where(GradingScheme.code == FOUR_LIGHTS, home.category == any_(GradingScheme.categories)),
        exists().where(rule.c.region_code == home.region_code),
        or_(home.ended_on.is_(None), home.ended_on > on),
    )
    nothing = [
        literal(None, kind)
        for kind in (Text(), BigInteger(), BigInteger(), BigInteger(), ARRAY(Integer()), BigInteger())
    ]
    ended = (
        select(gone.household_id, gone.region_code, *nothing, gone.id, gone.level)
        .join(home, home.id == gone.household_id)
        .where(gone.scheme == FOUR_LIGHTS, gone.state == GradeState.FILED, ~is_for)
        .where(gone.region_code >= township, gone.region_code < township + AFTER_EVERY_DIGIT)
    )
    return changed.union_all(ended)  # type: ignore[return-value]


async def reckon_lights(sessions: Sessions, township: str, at: datetime) -> int:
    """Put the lights of a township right, in one transaction; how many are another now. Safe to repeat: then none is.

    Each holds from that day; what it was reckoned from is kept beside it, with what would change it. Who turns red gets a
    clue. Nobody's account: the rule does it, and it runs as the machine (domain/monitoring/nightly.py).
    """
    rule = rule_over(township, at)

    async def reckon(db: AsyncSession) -> int:
        # Two workers at once: the second waits, and finds nothing to do.
        await db.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"lights {township}"))))
        scheme = (await schemes_of(db))[FOUR_LIGHTS]
        rows = (await db.execute(lights_on(township, rule.today))).all()
        held = [row.current_id for row in rows if row.current_id is not None]
        await db.execute(
            update(RiskGrade)
            .where(RiskGrade.id.in_(held))
            .values(
                state=GradeState.SUPERSEDED,
                superseded_at=at,
                superseded_on=func.greatest(RiskGrade.effective_from, rule.today),
            )
            .execution_options(synchronize_session=False)
        )
        lit = [row for row in rows if row.level is not None]
        if lit:
            await db.execute(insert(RiskGrade), [_row(row, scheme, rule) for row in lit])
        await _clues(db, rule, scheme, lit)
        if rows:
            count = {"scheme": FOUR_LIGHTS, "changed": len(rows)}
            await record(db, rule, "reckon_lights", "region", None, township, count)
        return len(rows)

    return await carry_out(sessions, reckon, set_viewer=SET_VIEWER, viewer=viewer_settings(rule.viewer))


def _row(row: Any, scheme: Scheme, rule: Actor) -> dict[str, Any]:
    is_known = row.level != UNKNOWN_LIGHT
    facts = LightFacts(
        net=row.net if is_known else None,
        members=row.members,
        line=row.line,
        bands=tuple(row.bands),
        unknown_months=row.unknown,
        until=back(rule.today.replace(day=1), 1),
    )
    assert facts.unknown_months <= YEAR
    return {
        "id": uuid.uuid4(),
        "household_id": row.household_id,
        "region_code": row.region_code,
        "scheme": FOUR_LIGHTS,
        "level": row.level,
        "state": GradeState.FILED,
        "reasons": ["INCOME_BAND" if is_known else "INCOME_UNKNOWN"],
        "indicators": told(scheme, row.level, light_indicators(facts)),
        "proposed_at": rule.at,
        "filed_at": rule.at,
        "effective_from": rule.today,
        "supersedes_id": row.current_id,
    }


async def _clues(db: AsyncSession, rule: Actor, scheme: Scheme, rows: Sequence[Any]) -> None:
    for row in rows:
        before = scheme.levels.get(row.before or "")
        if raises_clue(scheme.levels[row.level], before):
            await raise_clue(
                db,
                rule,
                household_id=row.household_id,
                sign=RISK_GRADE,
                period=period_of(rule.today),
                source=ClueSource.GRADE,
                reference=f"{FOUR_LIGHTS} {period_of(rule.today)}",
                detail={"scheme": FOUR_LIGHTS, "level": row.level},
            )
