"""Accounts and grants. None is ever deleted: an account is disabled, a grant ends on a day, and the trace stays readable.

Nobody does any of it to themself: what an administrator may see is another administrator's decision, and who shut
themself out would have to be let in from the machine.
"""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import insert, text, update
from sqlalchemy.dialects.postgresql import insert as insert_unless_there
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.models import Account, Grant
from domain.access.rules import Actor, GrantRole, ViewerKind
from domain.accounts.queries import enabled_account, grant_of, locked_account, missing, refuse_others, spells_of
from domain.accounts.rules import (
    SPEAKS_FOR_AN_ORGANISATION,
    AccountFacts,
    Spell,
    account_problems,
    deputy_problems,
    grant_problems,
    is_separate,
    kinds_of,
    text_problems,
)
from domain.audit.actions import record
from domain.base.errors import Conflict, InvalidInput, Problem, invalid, refused
from domain.changes.actions import Answer, once


async def create_account(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    name: str,
    kind: ViewerKind,
    helper_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
) -> Answer:
    """Make an account, without rights and without a password: grant_role gives the one, `/auth/reset-codes` the other.

    Answers {"account_id"}. Raises Refused (FORBIDDEN_ROLE), InvalidInput (REQUIRED, TOO_LONG, NOT_FOUND, and
    HELPER_HAS_ACCOUNT from the constraint), Conflict as `once` does.
    """

    async def create() -> Answer:
        refuse_others(actor)
        problems = account_problems(
            name, kind, is_helper=helper_id is not None, is_of_organisation=organisation_id is not None
        )
        problems += await missing(db, "helper", "id", helper_id, "helperId")
        problems += await missing(db, "organisation", "id", organisation_id, "organisationId")
        if problems:
            raise InvalidInput(*problems)
        row = {"id": id, "name": name.strip(), "kind": kind, "helper_id": helper_id, "organisation_id": organisation_id}
        made = insert_unless_there(Account).values(**row, created_at=actor.at)
        if await db.scalar(made.on_conflict_do_nothing(index_elements=["id"]).returning(Account.id)) is None:
            raise Conflict(Problem("ID_TAKEN", ("input", "id")))
        await record(db, actor, "create_account", "account", id, None, {"kind": kind.value}, operation_id=id)
        return {"account_id": str(id)}

    content = {"name": name, "kind": kind, "helper_id": helper_id, "organisation_id": organisation_id}
    return await once(db, actor, id, "create_account", content, create)


async def disable_account(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, account_id: uuid.UUID, reason: str
) -> Answer:
    """Shut an account out, until somebody enables it again: its devices and programs are signed out at once. `reason`
    stands in the trace.

    Answers {"account_id"}. Raises Refused (FORBIDDEN_ROLE, NOT_YOURSELF), InvalidInput (REQUIRED, TOO_LONG), NotVisible.
    """

    async def disable() -> Answer:
        refuse_others(actor)
        if problems := text_problems("reason", reason):
            raise InvalidInput(*problems)
        _not_oneself(actor, account_id, "accountId")
        account = await enabled_account(db, account_id, "accountId")
        await db.execute(update(Account).where(Account.id == account.id).values(disabled_at=actor.at))
        ending = text("SELECT ruhu_end_sessions_of(:who, :day, :at)")
        ended = await db.scalar(ending, {"who": account.id, "day": actor.today, "at": actor.at})
        detail = {"reason": reason.strip(), "sessions": ended}
        await record(db, actor, "disable_account", "account", account.id, None, detail, operation_id=operation_id)
        return {"account_id": str(account.id)}

    content = {"account_id": account_id, "reason": reason}
    return await once(db, actor, operation_id, "disable_account", content, disable)


async def enable_account(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, account_id: uuid.UUID, reason: str
) -> Answer:
    """Let an account in again that was shut out, with the password and the grants that it still has; its devices sign in
    anew, and its programs need new clients. `reason` stands in the trace.

    Answers {"account_id"}. Raises Refused (FORBIDDEN_ROLE, NOT_YOURSELF, NOT_DISABLED, DUTIES_NOT_SEPARATE), InvalidInput
    (REQUIRED, TOO_LONG), NotVisible.
    """

    async def enable() -> Answer:
        refuse_others(actor)
        if problems := text_problems("reason", reason):
            raise InvalidInput(*problems)
        _not_oneself(actor, account_id, "accountId")
        account = await locked_account(db, account_id, "accountId")
        if account.disabled_at is None:
            raise refused("NOT_DISABLED", "accountId")
        held = await spells_of(db, account_id)
        if not all(is_separate(held, spell) for spell in held):
            raise refused("DUTIES_NOT_SEPARATE", "accountId")
        detail = {"reason": reason.strip(), "disabledAt": account.disabled_at.isoformat()}
        await db.execute(update(Account).where(Account.id == account.id).values(disabled_at=None))
        await record(db, actor, "enable_account", "account", account.id, None, detail, operation_id=operation_id)
        return {"account_id": str(account.id)}

    content = {"account_id": account_id, "reason": reason}
    return await once(db, actor, operation_id, "enable_account", content, enable)


async def grant_role(
    db: AsyncSession,
    actor: Actor,
    *,
    id: uuid.UUID,
    account_id: uuid.UUID,
    role: GrantRole,
    starts_on: date,
    region: str | None = None,
    purpose: str | None = None,
    ends_on: date | None = None,
) -> Answer:
    """Give an account a role, over a region or for its organisation; `ends_on` is the first day without it.

    Answers {"grant_id", "account_id"}. Raises Refused (FORBIDDEN_ROLE, NOT_YOURSELF, DUTIES_NOT_SEPARATE), InvalidInput
    with all that rules.grant_problems finds, and NOT_FOUND for the region; NotVisible for the account.
    """

    async def give() -> Answer:
        refuse_others(actor)
        _not_oneself(actor, account_id, "accountId")
        account = await enabled_account(db, account_id, "accountId")
        facts = AccountFacts(account.kind, account.helper_id is not None, account.organisation_id is not None)
        problems = grant_problems(facts, role, region, purpose, starts_on, ends_on, actor.today)
        problems += await missing(db, "region", "code", region, "region")
        if problems:
            raise InvalidInput(*problems)
        if not is_separate(await spells_of(db, account_id), Spell(role, starts_on, ends_on)):
            raise refused("DUTIES_NOT_SEPARATE", "role")
        speaks_for = account.organisation_id if role in SPEAKS_FOR_AN_ORGANISATION else None
        row = {"id": id, "account_id": account_id, "role": role, "region_code": region, "organisation_id": speaks_for}
        days, stated = {"starts_on": starts_on, "ends_on": ends_on}, purpose and purpose.strip()
        await db.execute(insert(Grant), {**row, **days, "purpose": stated})
        detail = {"grant": str(id), "role": role.value, "startsOn": str(starts_on), "endsOn": ends_on and str(ends_on)}
        await record(db, actor, "grant_role", "account", account_id, region, detail, operation_id=id, purpose=stated)
        return {"grant_id": str(id), "account_id": str(account_id)}

    content = {"account_id": account_id, "role": role, "starts_on": starts_on, "region": region, "purpose": purpose}
    return await once(db, actor, id, "grant_role", content | {"ends_on": ends_on}, give)


async def end_grant(
    db: AsyncSession, actor: Actor, *, operation_id: uuid.UUID, grant_id: uuid.UUID, ends_on: date, reason: str
) -> Answer:
    """End a grant: `ends_on`, today or later, is the first day without it. One that has not begun never begins.

    Answers {"grant_id", "account_id"}. Raises Refused (FORBIDDEN_ROLE, NOT_YOURSELF, HAS_ENDED), InvalidInput (REQUIRED,
    TOO_LONG, BEGINS_IN_THE_PAST, END_BEFORE_START from the constraint), NotVisible.
    """

    async def end() -> Answer:
        refuse_others(actor)
        problems = text_problems("reason", reason)
        if ends_on < actor.today:
            problems.append(Problem("BEGINS_IN_THE_PAST", ("input", "endsOn")))
        if problems:
            raise InvalidInput(*problems)
        grant = await grant_of(db, grant_id)
        _not_oneself(actor, grant.account_id, "grantId")
        if grant.ends_on is not None and grant.ends_on <= ends_on:
            raise refused("HAS_ENDED", "grantId", endedOn=str(grant.ends_on))
        await db.execute(update(Grant).where(Grant.id == grant.id).values(ends_on=max(ends_on, grant.starts_on)))
        detail = {"grant": str(grant.id), "role": grant.role.value, "endsOn": str(ends_on), "reason": reason.strip()}
        await record(
            db, actor, "end_grant", "account", grant.account_id, grant.region_code, detail, operation_id=operation_id
        )
        return {"grant_id": str(grant.id), "account_id": str(grant.account_id)}

    content = {"grant_id": grant_id, "ends_on": ends_on, "reason": reason}
    return await once(db, actor, operation_id, "end_grant", content, end)


async def name_deputy(
    db: AsyncSession,
    actor: Actor,
    *,
    operation_id: uuid.UUID,
    grant_id: uuid.UUID,
    deputy_id: uuid.UUID,
    starts_on: date,
    ends_on: date,
) -> Answer:
    """Let somebody stand in for the holder of a grant (AB角), in place of whoever did; `ends_on` is the first day without.

    Whoever stands in for a helper sees that helper's families for the time (decision 0025).
    Answers {"grant_id", "account_id"}. Raises Refused (FORBIDDEN_ROLE, NOT_YOURSELF, DUTIES_NOT_SEPARATE), InvalidInput
    (ROLE_NOT_FOR_ACCOUNT, and rules.deputy_problems), NotVisible.
    """

    async def name() -> Answer:
        refuse_others(actor)
        _not_oneself(actor, deputy_id, "deputyId")
        deputy = await enabled_account(db, deputy_id, "deputyId")
        grant = await grant_of(db, grant_id)
        problems = deputy_problems(Spell(grant.role, grant.starts_on, grant.ends_on), starts_on, ends_on, actor.today)
        if problems:
            raise InvalidInput(*problems)
        if grant.account_id == deputy_id or deputy.kind not in kinds_of(grant.role):
            raise invalid("ROLE_NOT_FOR_ACCOUNT", "deputyId", role=grant.role.value)
        held = await spells_of(db, deputy_id, but=grant.id)
        if not is_separate(held, Spell(grant.role, starts_on, ends_on)):
            raise refused("DUTIES_NOT_SEPARATE", "deputyId")
        named = {"deputy_id": deputy_id, "deputy_from": starts_on, "deputy_to": ends_on}
        await db.execute(update(Grant).where(Grant.id == grant.id).values(**named))
        detail = {"grant": str(grant.id), "role": grant.role.value, "deputy": str(deputy_id)}
        detail |= {"startsOn": str(starts_on), "endsOn": str(ends_on)}
        await record(
            db, actor, "name_deputy", "account", grant.account_id, grant.region_code, detail, operation_id=operation_id
        )
        return {"grant_id": str(grant.id), "account_id": str(grant.account_id)}

    content = {"grant_id": grant_id, "deputy_id": deputy_id, "starts_on": starts_on, "ends_on": ends_on}
    return await once(db, actor, operation_id, "name_deputy", content, name)


def _not_oneself(actor: Actor, account_id: uuid.UUID, field: str) -> None:
    if account_id == actor.id:
        raise refused("NOT_YOURSELF", field)
