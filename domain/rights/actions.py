"""A family's data handed out to it whole, and a family's data erased (个人信息查阅复制、删除)."""

from __future__ import annotations

import uuid
from typing import Any, Final

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import sees_household, viewer_parameters
from domain.access.rules import Actor
from domain.audit.actions import record
from domain.base.errors import Refused, not_visible, refused
from domain.base.sealed_fields import unsealed
from domain.base.transactions import ring_of
from domain.changes.actions import Answer, once
from domain.households.models import Household, Membership, Person
from domain.households.queries import lock_households, sees_person
from domain.rights.rules import erase_person_problems, erase_problems, export_problems

# section: (its title, the rows of the family `:family`). Sealed columns are taken out and opened numbers put in.
SECTIONS: Final[dict[str, tuple[str, str]]] = {
    "household": ("农户", "SELECT * FROM household WHERE id = :family"),
    "members": ("家庭成员", "SELECT * FROM person WHERE household_id = :family OR left_household_id = :family"),
    "memberships": ("成员变动", "SELECT * FROM membership WHERE household_id = :family"),
    "events": ("家庭大事记", "SELECT * FROM household_event WHERE household_id = :family"),
    "standings": ("历史状态", "SELECT * FROM household_standing WHERE household_id = :family"),
    "moves": ("迁移", "SELECT * FROM household_move WHERE household_id = :family"),
    "rosters": (
        "名册",
        (
            "SELECT r.name_zh, e.started_on, e.ended_on FROM roster_entry e JOIN roster r ON r.id = e.roster_id"
            " WHERE e.household_id = :family"
        ),
    ),
    "pairings": (
        "结对",
        (
            "SELECT p.role, h.name AS helper, o.name AS organisation, p.started_on, p.ended_on FROM pairing p"
            " LEFT JOIN helper h ON h.id = p.helper_id LEFT JOIN organisation o ON o.id = p.organisation_id"
            " WHERE p.household_id = :family"
        ),
    ),
    "benefit_links": ("利益联结", "SELECT * FROM benefit_link WHERE household_id = :family"),
    "benefit_deliveries": ("利益联结兑现", "SELECT * FROM benefit_delivery WHERE household_id = :family"),
    "visits": ("走访", "SELECT * FROM visit WHERE household_id = :family"),
    "findings": (
        "发现问题",
        "SELECT f.* FROM visit_finding f JOIN visit v ON v.id = f.visit_id WHERE v.household_id = :family",
    ),
    "photos": (
        "照片",
        "SELECT f.* FROM visit_photo f JOIN visit v ON v.id = f.visit_id WHERE v.household_id = :family",
    ),
    "income_statements": ("收支", "SELECT * FROM income_statement WHERE household_id = :family"),
    "clues": ("线索", "SELECT * FROM clue WHERE household_id = :family"),
    "clue_witnesses": (
        "线索来源",
        "SELECT w.* FROM clue_witness w JOIN clue c ON c.id = w.clue_id WHERE c.household_id = :family",
    ),
    "grades": ("风险等级", "SELECT * FROM risk_grade WHERE household_id = :family"),
    "programmes": ("特殊困难群体帮扶", "SELECT * FROM programme_case WHERE household_id = :family"),
    "programme_events": ("特殊困难群体帮扶办理", "SELECT * FROM programme_case_event WHERE household_id = :family"),
    "cases": ("监测对象", "SELECT * FROM monitoring_case WHERE household_id = :family"),
    "case_events": ("办理记录", "SELECT * FROM case_event WHERE household_id = :family"),
    "case_authorisations": ("授权书", "SELECT * FROM case_authorisation WHERE household_id = :family"),
    "comparisons": ("信息比对", "SELECT * FROM comparison_question WHERE household_id = :family"),
    "notices": ("公示公告", "SELECT * FROM notice WHERE household_id = :family"),
    # Who objected is nobody else's to know, the family's least of all.
    "objections": ("公示异议", "SELECT received_at, says, outcome, answer FROM objection WHERE household_id = :family"),
    "kinship": ("亲属关系申报", "SELECT relation, declared_at FROM kinship WHERE household_id = :family"),
    "sweeps": ("走访排查", "SELECT * FROM sweep_entry WHERE household_id = :family"),
    "plans": ("帮扶计划", "SELECT * FROM assistance_plan WHERE household_id = :family"),
    "measures": ("帮扶措施", "SELECT * FROM measure WHERE household_id = :family"),
    "measure_events": (
        "措施办理记录",
        "SELECT e.* FROM measure_event e JOIN measure m ON m.id = e.measure_id WHERE m.household_id = :family",
    ),
    "effect_analyses": ("帮扶成效分析", "SELECT * FROM effect_analysis WHERE household_id = :family"),
    "relief": ("即时救助", "SELECT * FROM relief WHERE household_id = :family"),
    "access_log": (
        "查询留痕",
        (
            "SELECT at, actor_name, organisation_name, action, kinds, purpose"
            " FROM ruhu_access_log(:family, '-infinity', 'infinity') ORDER BY at"
        ),
    ),
}


async def export_household(db: AsyncSession, actor: Actor, *, household_id: uuid.UUID, reason: str) -> dict[str, Any]:
    """Everything that stands of a family: section -> rows, numbers in the clear, who looked at it included.

    Raises NotVisible, and Refused (FORBIDDEN_ROLE, REASON_NEEDED). Leaves an entry each time.
    """
    if problems := export_problems(actor.viewer.roles, reason):
        raise Refused(*problems)
    scope = sees_household(Household.region_code, Household.id)
    household = await db.scalar(
        select(Household).where(Household.id == household_id, scope), viewer_parameters(actor.viewer)
    )
    if household is None:
        raise not_visible("householdId")
    found: dict[str, Any] = {}
    for name, (_, rows) in SECTIONS.items():
        statement = text(f"SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM ({rows}) t")  # noqa: S608  # ours alone
        found[name] = [_readable(row) for row in await db.scalar(statement, {"family": household_id}) or []]
    ring = ring_of(db)
    for row in found["household"]:
        row |= unsealed(ring, "household", household)
    people = {str(person.id): person for person in await db.scalars(select(Person).where(_of(household_id)))}
    for row in found["members"]:
        row |= unsealed(ring, "person", people[row["id"]])
    about = ("household", household_id, household.region_code, {"kinds": ["EVERYTHING"]})
    await record(db, actor, "export_household", *about, purpose=reason.strip(), seen=[household_id])
    return found


def printed(found: dict[str, Any]) -> str:
    """The same for paper: sections with their titles, a field a line."""
    lines: list[str] = []
    for name, (title, _) in SECTIONS.items():
        lines += ["", f"【{title}】"]
        for row in found[name]:
            lines += [f"{field}：{value}" for field, value in row.items() if value not in (None, [], {})] + [""]
        if not found[name]:
            lines.append("无")
    return "\n".join(lines).strip() + "\n"


async def erase_household(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, household_id: uuid.UUID, reason: str
) -> Answer:
    """Take away for good what tells who a family was that has ended: migration 0020_retention says what, column by column.

    What remains are codes, dates and amounts without anybody, for statistics, and the trace, whose before and after
    nobody can open any more. Answers {"household_id"}. Raises NotVisible, Refused (FORBIDDEN_ROLE, REASON_NEEDED,
    STILL_ON_RECORD).
    """

    async def erase() -> Answer:
        household = (await lock_households(db, actor, [household_id])).get(household_id)
        if household is None:
            raise not_visible("householdId")
        if problems := erase_problems(actor.viewer.roles, reason, household.ended_on):
            raise Refused(*problems)
        await record(
            db,
            actor,
            "erase_household",
            "household",
            household_id,
            household.region_code,
            operation_id=operation_id,
            purpose=reason.strip(),
        )
        await db.execute(select(func.ruhu_erase_household(household_id, actor.at)))
        return {"household_id": str(household_id)}

    content = {"household_id": household_id, "reason": reason}
    return await once(db, actor, operation_id, "erase_household", content, erase)


async def erase_person(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, person_id: uuid.UUID, reason: str
) -> Answer:
    """Take away for good what tells who somebody was that is in no family any more: migration 0030_erase_person says what.

    Their spells stay, of nobody, and so do the family's own facts. Before and after of theirs in the trace nobody can open
    any more. Who is erased already stays so, without another entry. Answers {"person_id"}. Raises NotVisible,
    Refused (FORBIDDEN_ROLE, REASON_NEEDED, STILL_IN_A_FAMILY).
    """

    async def erase() -> Answer:
        # Families are locked before people, everywhere. Erasing makes those of this person tell their phones.
        scope = select(Person).where(Person.id == person_id, sees_person())
        parameters = viewer_parameters(actor.viewer)
        seen = await db.scalar(scope, parameters)
        if seen is None:
            raise not_visible("personId")
        spells = select(Membership.household_id).where(Membership.person_id == person_id)
        await lock_households(db, actor, set(await db.scalars(spells)))
        person = await db.scalar(scope.with_for_update().execution_options(populate_existing=True), parameters)
        if person is None:
            raise not_visible("personId")
        if problems := erase_person_problems(actor.viewer.roles, reason, is_member=person.household_id is not None):
            raise Refused(*problems)
        if person.erased_at is None:
            about = ("person", person_id, person.region_code)
            await record(db, actor, "erase_person", *about, operation_id=operation_id, purpose=reason.strip())
            if not await db.scalar(select(func.ruhu_erase_person(person_id))):
                raise refused("FORBIDDEN_ROLE")
        return {"person_id": str(person_id)}

    content = {"person_id": person_id, "reason": reason}
    return await once(db, actor, operation_id, "erase_person", content, erase)


def _of(household_id: uuid.UUID) -> Any:
    return (Person.household_id == household_id) | (Person.left_household_id == household_id)


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    """Without what means nothing outside: sealed columns, masks beside opened numbers."""
    return {name: value for name, value in row.items() if not name.endswith(("_sealed", "_masked", "_index"))}
