"""Benefit links: what enterprises promised households, what they delivered, and the one against the other."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import strawberry
from sqlalchemy import BigInteger, Boolean, Text
from strawberry import UNSET
from strawberry.scalars import JSON

from domain.links import actions
from domain.links import models as m
from domain.links.queries import delivered_fen, due_fen, linked_totals, periods_over, sees_link, summary
from domain.monitoring.queries import yuan
from schema.context import Info
from schema.engine import (
    CountedConnection,
    by,
    composed,
    described,
    entity,
    equals,
    everyone,
    is_in,
    keyed,
    many,
    matches,
    pages,
    planned,
    related,
    rows_of,
    shows,
    the,
)
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids, plain
from schema.helpers import Organisation, below
from schema.households import Household
from schema.node import Node
from schema.pairing_coverage import On, Where
from schema.scalars import RegionCode
from schema.terms import Term, term
from schema.viewer import TODAY, Actor

_SUMMARY: Final = rows_of(
    "link_summary",
    kind=Text(),
    **dict.fromkeys(("links", "organisations", "households", "due_fen", "delivered_fen", "behind"), BigInteger()),
)
_TOTALS: Final = rows_of("link_totals", organisations=BigInteger(), households=BigInteger(), links=BigInteger())


@entity(m.BenefitDelivery, scope=sees_link(m.BenefitDelivery))
class BenefitDelivery:
    """What was delivered of a link, once. Never changed; a correction brings the difference. 兑现记录"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    period: str = described("For which time: 2026-03, 2026-Q1 or 2026. 所属期间")
    delivered_on: date = described("When. 兑现日期")
    amount: Decimal = shows(yuan(m.BenefitDelivery.amount_fen), description="In yuan. 金额(元)")
    evidence: str | None = described("What shows it; null once the family was erased. 凭证说明")
    corrects_id: strawberry.ID | None = described("Which delivery it corrects. 所更正记录标识")
    recorded_at: datetime = described("When it was written down. 记录时刻")
    recorded_by: Actor | None = described("By whom. 记录人")


@entity(m.BenefitLink, scope=sees_link())
class BenefitLink(Node):
    """What one enterprise promised one household, in one way; seen by who meets the family, and by the enterprise.
    利益联结"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    household: Household | None = described("The household; null outside the viewer's scope. 农户")
    organisation: Organisation = described("The enterprise. 经营主体")
    kind: Term = term("pairing_mode", m.BenefitLink.kind, description="In what way. 联结方式")
    terms: JSON | None = described("What was agreed, as it was written down. 协议内容")
    promised: Decimal | None = shows(
        yuan(m.BenefitLink.promised_fen),
        description="In each period, in yuan; null where no money is promised. 每期承诺金额(元)",
    )
    period_months: int = described("How long a period is. 每期月数")
    started_on: date = described("The first day. 起始日期")
    ended_on: date | None = described("The first day on which it no longer holds; null while it does. 终止日期")
    end_reason: Term | None = term("pairing_end_reason", m.BenefitLink.end_reason, description="Why it ended. 终止原因")
    periods_over: int = shows(periods_over(m.BenefitLink, TODAY), description="Periods that are over today. 已满期数")
    due: Decimal | None = shows(
        yuan(due_fen(m.BenefitLink, TODAY)), description="Promised for these, in yuan. 应兑现金额(元)"
    )
    delivered: Decimal = shows(
        yuan(delivered_fen(m.BenefitLink, TODAY)), description="Delivered until today, in yuan. 已兑现金额(元)"
    )
    deliveries: list[BenefitDelivery] = related(
        m.BenefitLink.deliveries,
        order_by=(m.BenefitDelivery.delivered_on, m.BenefitDelivery.id),
        description="What was delivered, the first first. 兑现记录",
    )


@entity(_SUMMARY, scope=everyone(), key=("kind",))  # the statement counts what the viewer sees
class BenefitKindSummary:
    """Promised against delivered, of one kind. 分方式兑现情况"""

    kind: Term = term("pairing_mode", _SUMMARY.c.kind, description="In what way. 联结方式")
    links: int = described("How many, those that have ended among them. 联结数")
    organisations: int = described("Of how many enterprises. 主体数")
    households: int = described("With how many households. 户数")
    due: Decimal = shows(yuan(_SUMMARY.c.due_fen), description="Promised for periods that are over. 应兑现金额(元)")
    delivered: Decimal = shows(yuan(_SUMMARY.c.delivered_fen), description="Delivered. 已兑现金额(元)")
    behind: int = described("Links of which less was delivered than is due. 未足额兑现数")


@entity(_TOTALS, scope=everyone(), key=("links",))
class BenefitTotals:
    """Who is linked on a day, each counted once. 联结总数"""

    organisations: int = described("Enterprises. 主体数")
    households: int = described("Households. 户数")
    links: int = described("Links between them. 联结数")


@strawberry.type(description="Links of a division on a day: who, and promised against delivered. 利益联结汇总")
class BenefitSummary:
    on: date = strawberry.field(description="The day. 日期")
    totals: BenefitTotals = strawberry.field(description="Who is linked on that day. 联结总数")
    kinds: list[BenefitKindSummary] = strawberry.field(description="Promised against delivered until then. 兑现情况")


@strawberry.input(description="Which links; all conditions together. 利益联结筛选条件")
class BenefitLinkFilter:
    region: RegionCode | None = matches(
        below(m.BenefitLink.region_code), Text(), description="Of households in this division. 所在区划"
    )
    organisation_id: strawberry.ID | None = equals(
        m.BenefitLink.organisation_id, description="Of this enterprise. 经营主体标识"
    )  # type: ignore[assignment]
    household_id: strawberry.ID | None = equals(m.BenefitLink.household_id, description="With this household. 农户标识")  # type: ignore[assignment]
    pairing_id: strawberry.ID | None = equals(m.BenefitLink.pairing_id, description="Under this pairing. 结对标识")  # type: ignore[assignment]
    kinds: list[str] | None = is_in(m.BenefitLink.kind, description="In one of these ways. 联结方式代码")
    is_open: bool | None = matches(
        lambda is_open: m.BenefitLink.ended_on.is_(None) == is_open,
        Boolean(),
        description="Holding, or ended. 是否有效",
    )


@strawberry.type
class BenefitLinkQueries:
    """Root fields about benefit links."""

    benefit_links: CountedConnection[BenefitLink] = pages(
        filter=BenefitLinkFilter,
        order=by(m.BenefitLink.region_code),
        description="Links, by the household's village. 利益联结列表",
    )

    @planned
    def benefit_summary(
        self,
        region: Where,
        on: On = None,
        organisation_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Of this enterprise alone. 经营主体标识")
        ] = None,
    ) -> BenefitSummary:
        """Who is linked in a division, and promised against delivered by kind, as far as the viewer sees. 利益联结汇总"""
        day = TODAY if on is None else on
        return composed(
            on=day,
            totals=the(BenefitTotals, source=linked_totals(region, day)),
            kinds=many(BenefitKindSummary, source=summary(region, day, organisation_id), order_by=(_SUMMARY.c.kind,)),
        )


# --- what can be done --------------------------------------------------------------------------------------------------


@strawberry.input(description="What an enterprise promised a household. 登记利益联结")
class AgreeBenefitLinkInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 联结标识")
    pairing_id: strawberry.ID = strawberry.field(description="Their open pairing, in the role BENEFIT_LINK. 结对标识")
    kind: str = strawberry.field(description="Code of pairing_mode. 联结方式代码")
    started_on: str = strawberry.field(description="The first day, today or earlier. 起始日期")
    promised: str | None = strawberry.field(
        default=UNSET, description="Yuan in each period, like 1200.00; absent: no money. 每期承诺金额(元)"
    )
    period_months: int = strawberry.field(default=12, description="1 to 12. 每期月数")
    terms: JSON | None = strawberry.field(default=UNSET, description="What was agreed: an object up to 8 KB. 协议内容")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "id": ids.read(self.id, "id"),
            "pairing_id": ids.read(self.pairing_id, "pairingId"),
            "kind": self.kind,
            "started_on": self.started_on,
            "promised": plain(self.promised),
            "period_months": self.period_months,
            "terms": plain(self.terms),
        }


@strawberry.input(description="A link that ends. 终止利益联结")
class EndBenefitLinkInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    link_id: strawberry.ID = strawberry.field(description="Which. 联结标识")
    ended_on: str = strawberry.field(description="The first day without it, today or earlier. 终止日期")
    reason: str = strawberry.field(description="Code of pairing_end_reason. 终止原因代码")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "link_id": ids.read(self.link_id, "linkId"),
            "ended_on": self.ended_on,
            "reason": self.reason,
        }


@strawberry.input(description="What was delivered of a link. 登记兑现")
class RecordBenefitDeliveryInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 兑现记录标识")
    link_id: strawberry.ID = strawberry.field(description="Of which link. 联结标识")
    period: str = strawberry.field(description="For which time: 2026-03, 2026-Q1 or 2026. 所属期间")
    delivered_on: str = strawberry.field(description="When, today or earlier. 兑现日期")
    amount: str = strawberry.field(description="Yuan; of a correction the difference, like -120.00. 金额(元)")
    evidence: str = strawberry.field(
        description="What shows it; at most 500 characters, no numbers of people. 凭证说明"
    )
    corrects_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Which delivery it corrects. 所更正记录标识"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "id": ids.read(self.id, "id"),
            "link_id": ids.read(self.link_id, "linkId"),
            "period": self.period,
            "delivered_on": self.delivered_on,
            "amount": self.amount,
            "evidence": self.evidence,
            "corrects_id": ids.read(plain(self.corrects_id), "correctsId"),
        }


@strawberry.type(description="What became of a link. 利益联结操作结果")
class BenefitLinkPayload:
    link: BenefitLink | None = strawberry.field(description="The link as it is now; null when refused. 利益联结")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class BenefitLinkMutations:
    """What can be done about benefit links."""

    @strawberry.mutation(description="Writes down what an enterprise promised a household. 登记利益联结")
    async def agree_benefit_link(
        self, info: Info, input: Annotated[AgreeBenefitLinkInput, WHAT_TO_DO]
    ) -> BenefitLinkPayload | None:
        return await _done(info, actions.agree_benefit_link, input)

    @strawberry.mutation(description="Ends a link; it stays in the history. 终止利益联结")
    async def end_benefit_link(
        self, info: Info, input: Annotated[EndBenefitLinkInput, WHAT_TO_DO]
    ) -> BenefitLinkPayload | None:
        return await _done(info, actions.end_benefit_link, input)

    @strawberry.mutation(description="Writes down what was delivered of a link. 登记兑现")
    async def record_benefit_delivery(
        self, info: Info, input: Annotated[RecordBenefitDeliveryInput, WHAT_TO_DO]
    ) -> BenefitLinkPayload | None:
        return await _done(info, actions.record_benefit_delivery, input)


async def _done(info: Info, action: Any, input: Any) -> BenefitLinkPayload:
    done, errors = await carried_out(info, action, input)
    return BenefitLinkPayload(link=done and keyed(BenefitLink, done["link_id"]), errors=errors)
