"""Families that were edited on a phone come in: whole documents, as `pullHouseholds` brought them and as they are now."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, cast

import strawberry
from sqlalchemy import ARRAY, Uuid

from domain.sync.deferred import judge_waiting
from domain.sync.difference import Row
from domain.sync.pushing import ROWS_LIMIT, Pushed, push_households
from domain.visits.items import Document
from domain.visits.models import SubmissionOutcome
from schema.context import Info
from schema.documents import document
from schema.engine import of_parent, planned
from schema.errors import UserError, answered, user_errors
from schema.household_records import HouseholdRecord, household_records


def _said(description: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description)


FIXED = "; goes back as it came"


# Values are texts here, whatever they are in the record: what is wrong with one is told beside all else that is wrong.
@strawberry.input(description="A member of a family, as a phone has it. 家庭成员记录")
class MemberRecordInput:
    id: strawberry.ID = strawberry.field(description="The person's id. 人员标识")
    name: str | None = _said("The name. 姓名")
    is_head: bool | None = _said(f"Whether this is the head{FIXED}. 是否户主")
    relation_to_head: str | None = _said("Code of relation_to_head; neither to HEAD nor from it. 与户主关系代码")
    sex: str | None = _said("Code of sex. 性别代码")
    ethnicity: str | None = _said("Code of ethnicity. 民族代码")
    born_on: str | None = _said("Birth date. 出生日期")
    id_number: str | None = _said("Identity number; masked as it came, it is left alone. 公民身份号码")
    disability_certificate: str | None = _said("Its number; masked as it came, it is left alone. 残疾人证号")
    phone: str | None = _said("Telephone; masked as it came, it is left alone. 联系电话")
    education: str | None = _said("Code of education. 文化程度代码")
    school_status: str | None = _said("Code of school_status. 在校状况代码")
    health: list[str] | None = _said("Codes of health. 健康状况代码")
    labour: str | None = _said("Code of labour. 劳动技能代码")
    joined_on: str | None = _said(f"In this family since{FIXED}. 入户日期")


@strawberry.input(description="Who helps the family, as a phone has it: goes back as it came. 结对记录")
class PairingRecordInput:
    id: strawberry.ID = strawberry.field(description="The pairing's id. 结对标识")
    role: str | None = _said("Code of pairing_role. 结对角色代码")
    helper_id: strawberry.ID | None = _said("The person who helps. 帮扶人标识")
    helper_name: str | None = _said("Their name. 帮扶人姓名")
    organisation_id: strawberry.ID | None = _said("The organisation that helps. 帮扶单位标识")
    organisation_name: str | None = _said("Its name. 帮扶单位名称")
    mode: str | None = _said("Code of pairing_mode. 帮扶方式代码")
    started_on: str | None = _said("Since. 开始日期")


@document
@strawberry.input(description="A family as a phone has it. Null, absent and empty say the same. 农户记录")
class HouseholdRecordInput:
    id: strawberry.ID = strawberry.field(
        description="The household's id; a new family's is made by the phone. 农户标识"
    )
    is_deleted: bool | None = _said("No phone deletes a family: refused where true. 是否已移出")
    revision: str | None = _said(f"Tells two edits of the same words apart{FIXED}. 修订号")
    code: str | None = _said("The number people know it by; a new family without one gets the next. 户编号")
    village_code: str | None = _said(f"Its village{FIXED}, but for a new family. 行政村代码")
    address: str | None = _said("The address within the village. 住址")
    phone: str | None = _said("Telephone; masked as it came, it is left alone. 联系电话")
    bank_account: str | None = _said("Bank account for subsidies; masked as it came, it is left alone. 惠农一卡通账号")
    longitude: float | None = _said("Of the dwelling, WGS-84, in degrees east. 经度")
    latitude: float | None = _said("Of the dwelling, WGS-84, in degrees north. 纬度")
    accuracy_metres: float | None = _said("As the device stated it, in metres. 精度(米)")
    is_blurred: bool | None = _said(f"Whether the place is rounded{FIXED}. 是否模糊化")
    category: str | None = _said("Code of household_category. 农户类型代码")
    causes: list[str] | None = _said("Codes of cause, main cause first. 原因代码")
    monitoring_status: str | None = _said(f"Where it stands with monitoring{FIXED}. 监测状态")
    registered_on: str | None = _said(f"On record since{FIXED}. 建档日期")
    ended_on: str | None = _said(f"The first day on which it is none any more{FIXED}. 消亡日期")
    end_reason: str | None = _said(f"Code of household_end_reason{FIXED}. 消亡原因代码")
    split_from_id: strawberry.ID | None = _said(f"The household it was split from{FIXED}. 分户来源标识")
    merged_into_id: strawberry.ID | None = _said(f"The household it became part of{FIXED}. 并入农户标识")
    updated_at: str | None = _said(f"When the record last changed{FIXED}. 更新时刻")
    members: list[MemberRecordInput] | None = _said(
        "Everybody who belongs to it. Who came or went is told by `changeMembers`. 家庭成员"
    )
    pairings: list[PairingRecordInput] | None = _said(f"Who helps it{FIXED}. 结对")


@strawberry.input(description="A family that was edited, or is new. 农户推送")
class HouseholdPushRow:
    new_document_state: HouseholdRecordInput = strawberry.field(
        description="The whole document as the phone has it now. 当前内容"
    )
    assumed_master_state: HouseholdRecordInput | None = _said(
        "The whole document as it last came from here; absent for a new family. 修改前内容"
    )


IDS = of_parent("ids", ARRAY(Uuid()))


@strawberry.type(description="What became of the rows. 农户推送结果")
class HouseholdPushPayload:
    ids: strawberry.Private[list[uuid.UUID]]
    errors: list[UserError] = strawberry.field(
        description="What is wrong, row by row, with paths from `rows`; none where a row was applied. 错误"
    )

    @planned
    def conflicts(self) -> list[HouseholdRecord]:
        """What phones are to take in place of their own: of every family that was refused, or has become more than what
        was sent. Tombstones for those out of scope. What was typed is kept in `submissions`. 须以此覆盖本地的农户记录"""
        return household_records(IDS)


@strawberry.type
class HouseholdPushMutations:
    """Edited families coming in."""

    @strawberry.mutation(
        description=f"Merges up to {ROWS_LIMIT} families edited on a phone into what stands, field by field, each for "
        "itself: one conflict refuses its row. Safe to repeat. 推送农户"
    )
    async def push_households(
        self,
        info: Info,
        rows: Annotated[
            list[HouseholdPushRow], strawberry.argument(description="One for each family, at most 200. 农户列表")
        ],
    ) -> HouseholdPushPayload | None:
        actor, read = info.context.actor, [_row(row) for row in rows]
        pushed, errors = await answered(info, lambda db: push_households(db, actor, rows=read))
        # What waits for families that have just come; whether a row is a new family, the waiting know.
        came = [one.household_id for one in pushed or () if one.outcome is SubmissionOutcome.APPLIED]
        if came:
            await judge_waiting(info.context.sessions, actor.at, [one for one in came if one is not None])
        for answer in pushed or ():
            errors += _errors(answer, actor.viewer.language)
        stale = [one.household_id for one in pushed or () if one.takes_master and one.household_id is not None]
        return HouseholdPushPayload(ids=stale, errors=errors)


def _row(given: HouseholdPushRow) -> Row:
    return Row(cast(Document, given.new_document_state), cast(Document | None, given.assumed_master_state or None))


def _errors(answer: Pushed, language: str) -> list[UserError]:
    return user_errors(answer.problems, language, is_retryable=answer.outcome is SubmissionOutcome.DEFERRED)
