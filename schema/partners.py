"""What partners rely on: agreements with their ends, whom to call, and a list of changes to read on from."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final

import strawberry
from sqlalchemy import Date, Text
from strawberry import UNSET

from domain.pairings import actions_of_partners as actions
from domain.pairings import models as m
from domain.pairings.queries import is_settled, sees_change, sees_of_party
from domain.pairings.rules import PairingOp
from schema.context import Info
from schema.engine import Connection, by, described, entity, equals, keyed, matches, pages
from schema.enums import described_enum
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids, plain
from schema.helpers import below
from schema.node import Node
from schema.pairings import Pairing, PairingPayload
from schema.scalars import RegionCode

described_enum(
    PairingOp,
    "What became of a pairing. 结对变更类型",
    BEGAN="It began. 新建",
    CHANGED="Something of it changed, such as whom to call. 变更",
    ENDED="It ended: its household is no longer in sight. 终止",
)


@entity(m.Agreement, scope=sees_of_party(m.Agreement))
class Agreement(Node):
    """A document that a pairing stands on. The file itself lies with its parties; here it is known by its hash. 帮扶协议"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    pairing: Pairing | None = described("Whose. 结对")
    title: str = described("What it is called. 标题")
    signed_on: date = described("When it was signed. 签订日期")
    ends_on: date | None = described("The first day on which it no longer holds; null: open. 到期日期")
    sha256: str | None = described("Hash of the file, where there is one. 文件哈希")
    byte_size: int | None = described("How large it is. 字节数")
    media_type: str | None = described("PDF or a picture. 媒体类型")
    recorded_at: datetime = described("When it was filed. 登记时刻")


@entity(m.PairingChange, scope=sees_change() & is_settled(), key=("seq",))
class PairingChange:
    """That a pairing began, changed or ended. 结对变更"""

    at: datetime = described("When. 变更时刻")
    op: PairingOp = described("What became of it. 变更类型")
    pairing_id: strawberry.ID = described("Which, also where it is out of sight. 结对标识")
    pairing: Pairing | None = described("As it is now; its household is null once it has ended. 结对")


@strawberry.input(description="Which agreements; all conditions together. 帮扶协议筛选条件")
class AgreementFilter:
    region: RegionCode | None = matches(
        below(m.Agreement.region_code), Text(), description="Of pairings in this division. 所在区划"
    )
    party_id: strawberry.ID | None = equals(
        m.Agreement.party_id, description="Of this organisation or helper. 帮扶方标识"
    )  # type: ignore[assignment]
    ends_before: date | None = matches(
        lambda day: m.Agreement.ends_on < day, Date(), description="That end before this day. 到期日期早于"
    )
    ends_since: date | None = matches(
        lambda day: m.Agreement.ends_on >= day, Date(), description="That end on this day or later. 到期日期不早于"
    )


SOONEST: Final = by(m.Agreement.ends_on)


@strawberry.type
class PartnerQueries:
    """Root fields that partners read."""

    agreements: Connection[Agreement] = pages(
        filter=AgreementFilter,
        order=SOONEST,
        description="Agreements, the one that ends first at the head. 帮扶协议列表",
    )
    pairing_changes: Connection[PairingChange] = pages(
        order=by(m.PairingChange.xid, m.PairingChange.seq),
        description="What became of the viewer's pairings, the oldest first. Send back the last `endCursor` to read on: "
        "what is committed later never comes before it. 结对变更列表",
    )


@strawberry.input(description="A document that a pairing stands on. 登记帮扶协议")
class FileAgreementInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 协议标识")
    pairing_id: strawberry.ID = strawberry.field(description="Whose. 结对标识")
    title: str = strawberry.field(description="What it is called; at most 200 characters. 标题")
    signed_on: str = strawberry.field(description="When it was signed, today or earlier. 签订日期")
    ends_on: str | None = strawberry.field(default=UNSET, description="The first day without it. 到期日期")
    sha256: str | None = strawberry.field(default=UNSET, description="Hash of the file. 文件哈希")
    byte_size: int | None = strawberry.field(default=UNSET, description="How large it is. 字节数")
    media_type: str | None = strawberry.field(
        default=UNSET, description="application/pdf, image/jpeg or image/png. 媒体类型"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        given = {name: plain(value) for name, value in vars(self).items() if name not in ("id", "pairing_id")}
        return {"id": ids.read(self.id, "id"), "pairing_id": ids.read(self.pairing_id, "pairingId"), **given}


@strawberry.input(description="Whom to call about a pairing. 指定联系人")
class NameContactsInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client; repeats are answered alike. 操作标识"
    )
    pairing_id: strawberry.ID = strawberry.field(description="Which. 结对标识")
    contact_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="A helper of the organisation; absent: none. 单位联系人标识"
    )
    responsible_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The officer who answers for it, as a helper; absent: none. 责任干部标识"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "pairing_id": ids.read(self.pairing_id, "pairingId"),
            "contact_id": ids.read(plain(self.contact_id), "contactId"),
            "responsible_id": ids.read(plain(self.responsible_id), "responsibleId"),
        }


@strawberry.type(description="What became of an agreement. 帮扶协议登记结果")
class AgreementPayload:
    agreement: Agreement | None = strawberry.field(description="The agreement; null when refused. 帮扶协议")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class PartnerMutations:
    """What can be done about agreements and contacts."""

    @strawberry.mutation(description="Files the document that a pairing stands on. 登记帮扶协议")
    async def file_agreement(
        self, info: Info, input: Annotated[FileAgreementInput, WHAT_TO_DO]
    ) -> AgreementPayload | None:
        done, errors = await carried_out(info, actions.file_agreement, input)
        return AgreementPayload(agreement=done and keyed(Agreement, done["agreement_id"]), errors=errors)

    @strawberry.mutation(description="Names whom to call about a pairing, on both sides. 指定联系人")
    async def name_contacts(self, info: Info, input: Annotated[NameContactsInput, WHAT_TO_DO]) -> PairingPayload | None:
        done, errors = await carried_out(info, actions.name_contacts, input)
        return PairingPayload(pairing=done and keyed(Pairing, done["pairing_id"]), errors=errors)
