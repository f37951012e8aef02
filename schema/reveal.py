"""Somebody's numbers in the clear: asked for with a purpose, answered once, and traced."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from domain.families.actions import reveal_identity
from domain.families.rules import Revealed, RevealPurpose
from schema.context import Info
from schema.enums import described_enum
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids, plain

described_enum(
    RevealPurpose,
    "What numbers are needed for. 查看用途",
    IDENTITY_CHECK="To see that somebody is who they say. 身份核验",
    PAYMENT="To pay out what is theirs. 资金发放",
    APPLICATION="To fill in an application for them. 代办申请",
    CONTACT="To reach them. 联系本人",
    CORRECTION="To put right what stands on record. 信息更正",
    REQUEST_OF_THE_FAMILY="The family asks what stands of it. 本人查询",
    OTHER="Something else, which the reason says. 其他",
)
described_enum(
    Revealed,
    "What can be revealed: of a person all but the account, of a household its telephone and account. 明文字段",
    ID_NUMBER="Identity number. 公民身份号码",
    DISABILITY_CERTIFICATE="Number of the disability certificate. 残疾人证号",
    PHONE="Telephone. 联系电话",
    BANK_ACCOUNT="The account that subsidies are paid into. 惠农一卡通账号",
)


@strawberry.input(description="Whose numbers, which, and what for. 查看明文的请求")
class RevealIdentityInput:
    operation_id: strawberry.ID = strawberry.field(
        description="Made by the client: a UUID. The same sent again is another look, and another entry. 操作标识"
    )
    person_id: strawberry.ID | None = strawberry.field(
        default=None, description="A member of a family; or a household, not both. 成员标识"
    )
    household_id: strawberry.ID | None = strawberry.field(default=None, description="A household. 农户标识")
    fields: list[Revealed] = strawberry.field(description="Which numbers. 字段")
    purpose: RevealPurpose = strawberry.field(description="What for. 用途")
    reason: str = strawberry.field(
        description="The same in one's own words, without any number; the family can be told. 事由"
    )

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "operation_id": ids.read(self.operation_id, "operationId"),
            "person_id": ids.read(plain(self.person_id), "personId"),
            "household_id": ids.read(plain(self.household_id), "householdId"),
            "fields": list(dict.fromkeys(self.fields)),
            "purpose": self.purpose,
            "reason": self.reason,
        }


@strawberry.type(description="Numbers in the clear. 明文信息")
class RevealedIdentity:
    id_number: str | None = strawberry.field(description="Null where it was not asked for, or is unknown. 公民身份号码")
    disability_certificate: str | None = strawberry.field(description="Likewise. 残疾人证号")
    phone: str | None = strawberry.field(description="Likewise. 联系电话")
    bank_account: str | None = strawberry.field(description="Likewise. 惠农一卡通账号")


@strawberry.type(description="What was revealed. 查看明文的结果")
class RevealIdentityPayload:
    identity: RevealedIdentity | None = strawberry.field(description="The numbers; null when refused. 明文信息")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class RevealMutations:
    """Looking at numbers."""

    @strawberry.mutation(
        description="Numbers in the clear, for a purpose; each time leaves an entry that the family can be told of, and "
        "each person has so many a day as policy says. 查看明文"
    )
    async def reveal_identity(
        self, info: Info, input: Annotated[RevealIdentityInput, WHAT_TO_DO]
    ) -> RevealIdentityPayload | None:
        found, errors = await carried_out(info, reveal_identity, input)
        if found is None:
            return RevealIdentityPayload(identity=None, errors=errors)
        return RevealIdentityPayload(
            identity=RevealedIdentity(
                id_number=found.get(Revealed.ID_NUMBER),
                disability_certificate=found.get(Revealed.DISABILITY_CERTIFICATE),
                phone=found.get(Revealed.PHONE),
                bank_account=found.get(Revealed.BANK_ACCOUNT),
            ),
            errors=errors,
        )
