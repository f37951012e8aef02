"""What hangs in public of a case, and whether it still says what is so. Steps of actions: the case is held."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.cases.models import Notice, NoticeKind
from domain.cases.publishing import notice_content
from domain.cases.queries import Held, notices_before, standing_notice, who_lives_there
from domain.cases.rules import notice_ends

TOWNSHIP_DIGITS = 9


@dataclass(frozen=True, slots=True)
class DrawnUp:
    """What a notice or announcement says, and the how manieth of its case it is."""

    content: dict[str, Any]
    number: int


async def drawn_up(db: AsyncSession, held: Held) -> DrawnUp:
    """What would be published of the family now."""
    return DrawnUp(await what_hangs(db, held), await notices_before(db, held.case.id) + 1)


def as_notice(actor: Actor, held: Held, kind: NoticeKind, id: uuid.UUID, drawn: DrawnUp) -> Notice:
    """The notice or announcement that hangs from today."""
    case = held.case
    return Notice(
        id=id,
        case_id=case.id,
        household_id=case.household_id,
        region_code=case.region_code,
        round=case.round,
        round_number=case.round_number,
        # The last digits of an id are the ones that chance made.
        number=f"{case.region_code[:TOWNSHIP_DIGITS]}-{actor.today:%Y}-{case.id.hex[-8:].upper()}-{drawn.number}",
        kind=kind,
        published_on=actor.today,
        ends_on=notice_ends(actor.today, held.policy) if kind is NoticeKind.VILLAGE_NOTICE else None,
        content=drawn.content,
        published_at=actor.at,
        published_by_id=actor.id,
    )


async def what_hangs(db: AsyncSession, held: Held) -> dict[str, Any]:
    """What would be published of the family now, redacted by construction."""
    head_name, member_count = await who_lives_there(db, held.household.id)
    return notice_content(
        round_=held.case.round,
        head_name=head_name,
        member_count=member_count,
        category=held.case.category,
        masks_names=held.policy.masks_names,
    )


async def keep_or_withdraw(db: AsyncSession, actor: Actor, held: Held) -> bool:
    """The notice stays up if it still says what is so: "restarts only if what was published changes" (domain.md §11.4).
    Answers whether it must hang anew."""
    standing = await standing_notice(db, held.case)
    if standing is None:
        return True
    if standing.content == await what_hangs(db, held):
        held.case.step_due_on = standing.ends_on
        await db.flush()
        return False
    standing.withdrawn_at = actor.at
    held.case.step_due_on = None
    await db.flush()
    return True
