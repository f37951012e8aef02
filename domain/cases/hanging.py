"""What hangs in public of a case, and whether it still says what is so. Steps of actions: the case is held."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date
from typing import Final

from sqlalchemy import Integer, Text, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.cases.facts import income_known
from domain.cases.models import Notice, NoticeKind
from domain.cases.queries import Held, case_policy, standing_notice, who_lives_there
from domain.notices.rules import NoticeFacts, NoticeRound, content_read, notice_content, word_of
from domain.policy.queries import policy_of
from domain.regions.models import Region

COUNTY_DIGITS, TOWNSHIP_DIGITS = 6, 9
SET_BY_POLICY: Final = ("NOTICE_WORD", "NOTICE_TELEPHONE", "NOTICE_ISSUER")


async def drawn_up(db: AsyncSession, actor: Actor, held: Held, kind: NoticeKind, id: uuid.UUID) -> Notice:
    """The notice or announcement that hangs from today, under the next number of its county and year."""
    facts = await facts_published(db, actor, held, kind)
    # Drawn last: whoever publishes in the same county meanwhile waits for this transaction, and holds nothing we want.
    count = (literal(facts.word, Text()), literal(kind.value, Text()), literal(actor.today.year, Integer()))
    serial = (await db.scalars(select(func.ruhu_next_notice(*count, type_=Integer())))).one()
    content = notice_content(replace(facts, serial=serial))
    case = held.case
    return Notice(
        id=id,
        case_id=case.id,
        household_id=case.household_id,
        region_code=case.region_code,
        round=case.round,
        round_number=case.round_number,
        number=content.number,
        kind=kind,
        published_on=content.published_on,
        ends_on=content.ends_on,
        content=content.as_json(),
        published_at=actor.at,
        published_by_id=actor.id,
    )


async def facts_published(
    db: AsyncSession, actor: Actor, held: Held, kind: NoticeKind, year_before: date | None = None
) -> NoticeFacts:
    """What is known of the family now, before anything is left out; without a number yet.

    year_before: the day up to which the year of the income, and its line, are reckoned: today, if none is given.
    """
    case, policy, on = held.case, held.policy, year_before or actor.today
    head_name, member_count = await who_lives_there(db, held.household.id)
    county, township, village = await _places(db, case.region_code)
    chosen = await policy_of(db, case.region_code, actor.today, SET_BY_POLICY)
    return NoticeFacts(
        kind=kind,
        round=NoticeRound(case.round.value),
        word=word_of(chosen["NOTICE_WORD"], county),
        serial=1,
        county=county,
        township=township,
        village=village,
        head_name=head_name,
        member_count=member_count,
        category=case.category,
        causes=case.causes,
        income_fen=(await income_known(db, held.household, actor.today, on)).per_capita_fen,
        line_fen=(await case_policy(db, case.region_code, on)).line_fen,
        published_on=actor.today,
        full_days=policy.notice_days,
        masks_names=policy.masks_names,
        telephone=chosen["NOTICE_TELEPHONE"],
        office=chosen["NOTICE_ISSUER"],
    )


async def _places(db: AsyncSession, village_code: str) -> tuple[str, str, str]:
    codes = (village_code[:COUNTY_DIGITS], village_code[:TOWNSHIP_DIGITS], village_code)
    found = await db.execute(select(Region.code, Region.name).where(Region.code.in_(codes)))
    names = {code: name for code, name in found}  # noqa: C416 - rows, not pairs
    county, township, village = (names.get(code, "") for code in codes)
    return county, township, village


async def keep_or_withdraw(db: AsyncSession, actor: Actor, held: Held) -> bool:
    """The notice stays up if it still says what is so: "restarts only if what was published changes" (domain.md §11.4).
    Of the income it says what the year before its day was: a month that turns meanwhile, of which nobody knows anything
    yet, changes nothing of that. Answers whether it must hang anew."""
    standing = await standing_notice(db, held.case)
    if standing is None:
        return True
    now = notice_content(await facts_published(db, actor, held, NoticeKind.VILLAGE_NOTICE, standing.published_on))
    if content_read(standing.content).says_the_same(now):
        held.case.step_due_on = standing.ends_on
        await db.flush()
        return False
    standing.withdrawn_at = actor.at
    held.case.step_due_on = None
    await db.flush()
    return True
