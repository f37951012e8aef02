"""The checks of a family before it goes into the national system, for one and for a whole village."""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import Annotated, Any, cast

import strawberry
from strawberry.scalars import JSON

from domain.base.errors import invalid
from domain.checks.actions import audit_household, audit_households
from domain.checks.queries import Audited
from domain.checks.rules import Severity, checks
from schema.context import Info
from schema.engine import keyed
from schema.engine.connections import PageInfo
from schema.enums import described_enum
from schema.errors import asked
from schema.households import Household
from schema.scalars import RegionCode

described_enum(
    Severity,
    "How grave a finding is. 严重程度",
    ERROR="Not to be uploaded so. 错误",
    WARNING="Somebody should look. 提示",
)


@strawberry.type(description="Something on record of a family that cannot be so, or should not. 核查问题")
class AuditFinding:
    check: str = strawberry.field(description="Code of the check, such as MONITORED_WITH_BLUE. 核查项代码")
    severity: Severity = strawberry.field(description="How grave it is. 严重程度")
    message: str = strawberry.field(description="What is wrong, in the client's language. 问题说明")
    advice: str = strawberry.field(description="What to do about it, in the client's language. 处理建议")
    facts: JSON = strawberry.field(description="Codes, counts, months and ids that show why. 依据")


@strawberry.type(description="What the checks found of one family. 农户核查结果")
class HouseholdAudit:
    household: Household = strawberry.field(description="Which household. 农户")
    findings: list[AuditFinding] = strawberry.field(
        description="By check; those that tell of health or income only for who meets the family. 问题"
    )


@strawberry.type(description="A page of families of whom something was found. 核查结果分页")
class HouseholdAuditConnection:
    nodes: list[HouseholdAudit] = strawberry.field(description="By village and code. 核查结果")
    page_info: PageInfo = strawberry.field(description="Where to go on. 分页信息")


@strawberry.type
class CheckQueries:
    """Root fields of the checks before upload."""

    @strawberry.field(
        description="What the checks before upload find of one family; null for one that is not to be seen. 农户核查"
    )
    async def audit_household(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Which household. 农户标识")]
    ) -> HouseholdAudit | None:
        actor = info.context.actor

        async def found() -> HouseholdAudit | None:
            try:
                household_id = uuid.UUID(id)
            except ValueError:
                return None
            audited = await info.context.carry_out(lambda db: audit_household(db, actor, household_id=household_id))
            return None if audited is None else _audit(audited, actor.viewer.language)

        return await asked(info, found)

    @strawberry.field(
        description="Families of a county or below of whom the checks found something; one statement for a page. 区划核查"
    )
    async def household_audits(
        self,
        info: Info,
        region: Annotated[RegionCode, strawberry.argument(description="A county, township or village. 区划代码")],
        only: Annotated[
            list[str] | None, strawberry.argument(description="Codes of checks; absent: all. 核查项代码", name="checks")
        ] = None,
        first: Annotated[int, strawberry.argument(description="At most 200. 每页户数")] = 50,
        after: Annotated[str | None, strawberry.argument(description="The endCursor of the page before. 游标")] = None,
    ) -> HouseholdAuditConnection | None:
        actor = info.context.actor

        async def found() -> HouseholdAuditConnection:
            place = None if after is None else _place(after)
            page, has_more = await info.context.carry_out(
                lambda db: audit_households(db, actor, region_code=region, codes=only, first=first, after=place)
            )
            return HouseholdAuditConnection(
                nodes=[_audit(one, actor.viewer.language) for one in page],
                page_info=PageInfo(has_next_page=has_more, end_cursor=_cursor(page[-1]) if page else None),
            )

        return await asked(info, found)


def _audit(audited: Audited, language: str) -> HouseholdAudit:
    return HouseholdAudit(
        household=keyed(Household, audited.household_id),
        findings=[_finding(one.code, one.facts, language) for one in audited.findings],
    )


def _finding(code: str, facts: dict[str, Any], language: str) -> AuditFinding:
    check = checks()[code]
    message, advice = (check.en, check.advice_en) if language == "en" else (check.zh, check.advice_zh)
    return AuditFinding(check=code, severity=check.severity, message=message, advice=advice, facts=cast(JSON, facts))


def _cursor(last: Audited) -> str:
    return base64.urlsafe_b64encode(f"{last.region_code} {last.code}".encode()).decode()


def _place(cursor: str) -> tuple[str, str]:
    try:
        region_code, _, code = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
    except (binascii.Error, UnicodeError):
        raise invalid("BAD_CURSOR", "after") from None
    if not region_code.isdigit() or not code:
        raise invalid("BAD_CURSOR", "after")
    return region_code, code
