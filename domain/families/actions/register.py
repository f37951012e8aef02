"""A family comes into the records (建档)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import Problem, Refused
from domain.base.sealed_fields import sealed
from domain.base.transactions import ring_of
from domain.changes.actions import Answer, once
from domain.families.actions.family import chronicle, reader, stop_if_wrong
from domain.families.newcomers import read_newcomers, write_newcomers
from domain.families.rules import Arrival, EventKind, Verb, after, may, role_problem
from domain.families.spells import begin_spells, write_relations
from domain.households.models import Household
from domain.households.queries import village_problems
from domain.households.rules import HOUSEHOLD_FIELDS, GivenPerson, GivenPoint, Path, columns_of, public


async def register_household(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    village_code: str,
    category: str,
    members: Sequence[GivenPerson],
    code: str | None = None,
    address: str | None = None,
    phone: str | None = None,
    bank_account: str | None = None,
    causes: Sequence[str] = (),
    location: GivenPoint | None = None,
) -> Answer:
    """Put a family on record in a village, from today, with all its people; without a code the village's next is taken.

    Answers {"household_id"}. Raises Refused (FORBIDDEN_ROLE), InvalidInput with all that is wrong (REGION_UNKNOWN,
    REGION_ENDED, REGION_OUT_OF_SCOPE, NOT_A_VILLAGE, HEAD_MISSING, SECOND_HEAD, ID_REPEATED, ID_NUMBER_TAKEN, CODE_TAKEN,
    ID_TAKEN, and what households/rules.py finds wrong with single values); Conflict as `once` does.
    """
    given: dict[str, Any] = {"address": address, "phone": phone, "bank_account": bank_account}
    given |= {"category": category, "causes": causes, "location": location}
    content = {
        **given,
        "village_code": village_code,
        "code": code,
        "location": location and asdict(location),
        "members": [asdict(member) for member in members],
    }

    async def register() -> Answer:
        if not may(Verb.REGISTER, actor.viewer.roles, is_in_region=True):
            raise Refused(role_problem(Verb.REGISTER))
        reading = await reader(db, actor)
        await village_problems(db, actor, reading, village_code, ("input", "villageCode"))
        named = given if code is None else {**given, "code": code}
        values = {name: HOUSEHOLD_FIELDS[name](reading, raw, ("input", public(name))) for name, raw in named.items()}
        paths: list[Path] = [("input", "members", str(position)) for position in range(len(members))]
        people = await read_newcomers(db, reading, members, paths)
        arriving = [Arrival(one.id, one.relation_to_head, path) for one, path in zip(members, paths, strict=True)]
        everywhere = {"head": ("input", "members"), "relations": ("input", "members")}
        family, problems = after([], (), arriving, None, {}, everywhere)
        if family.is_empty:
            problems = [Problem("HEAD_MISSING", ("input", "members"))]
        stop_if_wrong(reading, *problems)

        place = columns_of(values.pop("location"))
        if code is None:
            values["code"] = await db.scalar(select(func.ruhu_next_household_code(village_code)))
        today = actor.today
        row = {"id": id, "region_code": village_code, "registered_on": today, **values, **place}
        row = sealed(ring_of(db), "household", id, row)
        await db.execute(insert(Household), {**row, "created_at": actor.at, "updated_at": actor.at})
        joined_on = dict.fromkeys(family.members, today)
        await write_newcomers(db, id, village_code, people, family.relations, joined_on)
        await write_relations(db, family.relations)
        await begin_spells(db, id, village_code, [(person["id"], today, "REGISTERED") for person in people])
        detail = {"members": len(people)}
        await chronicle(db, actor, id, village_code, EventKind.REGISTERED, today, detail)
        await record(db, actor, "register_household", "household", id, village_code, detail, operation_id=id)
        return {"household_id": str(id)}

    return await once(db, actor, id, "register_household", content, register)
