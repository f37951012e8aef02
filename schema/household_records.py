"""A family as phones keep it: one flat document of fixed content, with everything a visit needs.

Not a view of the graph: what a document holds, and which tables send it again when they change, is a promise to phones
that have not asked for years. Nothing in it is reckoned from today's date, or it would be wrong by tomorrow.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import strawberry
from sqlalchemy import Double, Text, and_, case, cast, func, not_, or_, select
from sqlalchemy.orm import aliased

from domain.access.matrix import FieldClass
from domain.access.queries import sees_household
from domain.helpers.models import Helper, Organisation
from domain.households import models as m
from domain.households.queries import (
    by_class,
    meets_of,
    met_phone,
    sees_person,
    shown_name,
    shown_number,
    shown_point,
)
from domain.pairings import models as p
from domain.pairings.queries import sees_pairing
from domain.sync.queries import with_tombstones
from domain.sync.rules import MOST_AT_ONCE as MOST
from schema.engine import described, entity, many, opened, planned, related, shows
from schema.scalars import RegionCode


@entity(m.Person, scope=sees_person())
class MemberRecord:
    """A member of a family, as phones keep them; vocabularies by code. 家庭成员记录"""

    id: strawberry.ID = described("The person's id. 人员标识")
    name: str = shows(shown_name(), description="The name; the family name only, like 陈**, for others. 姓名")
    is_head: bool = described("Whether this is the head. 是否户主")
    relation_to_head: str = described("Code of relation_to_head. 与户主关系代码")
    sex: str = described("Code of sex. 性别代码")
    ethnicity: str = described("Code of ethnicity. 民族代码")
    born_on: date | None = shows(
        by_class(FieldClass.BIRTH, m.Person.born_on),
        description="Birth date; null for who does not meet the family. 出生日期",
    )
    id_number: str | None = shows(
        shown_number(FieldClass.ID_NUMBER, m.Person.id_number_masked), description="As `Person.idNumber`. 公民身份号码"
    )
    disability_certificate: str | None = shows(
        shown_number(FieldClass.CERTIFICATE, m.Person.disability_certificate_masked),
        description="As `Person.disabilityCertificate`. 残疾人证号",
    )
    phone: str | None = opened(
        met_phone(m.Person), otherwise=m.Person.phone_masked, description="Telephone, or 138****. 联系电话"
    )
    education: str | None = described("Code of education. 文化程度代码")
    school_status: str | None = described("Code of school_status. 在校状况代码")
    health: list[str] | None = shows(
        by_class(FieldClass.HEALTH, m.Person.health),
        description="Codes of health; null for who does not meet the family. 健康状况代码",
    )
    labour: str = described("Code of labour. 劳动技能代码")
    joined_on: date = described("In this family since. 入户日期")


def _name_of(party: Any, id: Any) -> Any:
    named = aliased(party)
    return select(named.name).where(named.id == id).correlate_except(named).scalar_subquery()


@entity(p.Pairing, scope=sees_pairing())
class PairingRecord:
    """Who helps the family, as phones keep it. 结对记录"""

    id: strawberry.ID = described("The pairing's id. 结对标识")
    role: str = described("Code of pairing_role. 结对角色代码")
    helper_id: strawberry.ID | None = described("The person who helps. 帮扶人标识")
    helper_name: str | None = shows(_name_of(Helper, p.Pairing.helper_id), description="Their name. 帮扶人姓名")
    organisation_id: strawberry.ID | None = described("The organisation that helps. 帮扶单位标识")
    organisation_name: str | None = shows(
        _name_of(Organisation, p.Pairing.organisation_id),
        description="Its name; a new one comes with the family's next change. 帮扶单位名称",
    )
    mode: str | None = described("Code of pairing_mode. 帮扶方式代码")
    started_on: date = described("Since. 开始日期")


# A tombstone is a row of which nothing is known but the id: it comes from an outer join that found nothing, and the code
# is a column that no family is without.
IS_TOMBSTONE = m.Household.code.is_(None)
# A family that was erased goes from phones as one that is out of scope.
SEES = and_(sees_household(m.Household.region_code, m.Household.id), m.Household.erased_at.is_(None))


@entity(m.Household, scope=or_(IS_TOMBSTONE, SEES))
class HouseholdRecord:
    """A family as phones keep it; all but the first two are null where it is gone from the viewer's scope. Sent again when
    the household, one of its people, their spells, one of its pairings or the name of a helper changes. 农户记录"""

    id: strawberry.ID = described("The household's id. 农户标识")
    is_deleted: bool = shows(IS_TOMBSTONE, description="Whether it is gone from the viewer's scope. 是否已移出")
    revision: str | None = shows(cast(m.Household.revision, Text), description="As `Household.revision`. 修订号")
    code: str | None = shows(m.Household.code, description="The number people know it by. 户编号")
    village_code: RegionCode | None = shows(m.Household.region_code, description="Its village. 行政村代码")  # type: ignore[assignment]
    address: str | None = shows(
        by_class(FieldClass.ADDRESS, m.Household.address),
        description="Null for those who do not meet the family. 住址",
    )
    phone: str | None = opened(
        met_phone(m.Household), otherwise=m.Household.phone_masked, description="Telephone, or 138****. 联系电话"
    )
    bank_account: str | None = shows(
        shown_number(FieldClass.BANK_ACCOUNT, m.Household.bank_account_masked),
        description="As `Household.bankAccount`. 惠农一卡通账号",
    )
    longitude: float | None = shows(
        func.ST_X(shown_point(), type_=Double()), description="Of the dwelling, WGS-84, in degrees east. 经度"
    )
    latitude: float | None = shows(
        func.ST_Y(shown_point(), type_=Double()), description="Of the dwelling, WGS-84, in degrees north. 纬度"
    )
    accuracy_metres: float | None = shows(
        by_class(FieldClass.DWELLING, m.Household.accuracy_metres),
        description="As the device stated it, in metres. 精度(米)",
    )
    is_blurred: bool | None = shows(
        case((m.Household.location.is_not(None), not_(meets_of(m.Household)))),
        description="Whether the place is rounded to a kilometre; null without one. 是否模糊化",
    )
    category: str | None = shows(m.Household.category, description="Code of household_category. 农户类型代码")
    causes: list[str] | None = shows(m.Household.causes, description="Codes of cause, main cause first. 原因代码")
    monitoring_status: m.MonitoringStatus | None = shows(
        m.Household.monitoring_status, description="Where it stands with monitoring. 监测状态"
    )
    registered_on: date | None = shows(m.Household.registered_on, description="On record since. 建档日期")
    ended_on: date | None = described("The first day on which it is none any more. 消亡日期")
    end_reason: str | None = described("Code of household_end_reason. 消亡原因代码")
    split_from_id: strawberry.ID | None = described("The household it was split from. 分户来源标识")
    merged_into_id: strawberry.ID | None = described("The household it became part of. 并入农户标识")
    updated_at: datetime | None = shows(m.Household.updated_at, description="When the record last changed. 更新时刻")
    members: list[MemberRecord] = related(
        m.Household.members,
        order_by=(m.Person.is_head.desc(), m.Person.born_on),
        description="Everybody who belongs to it, the head first; empty in a tombstone. 家庭成员",
    )

    @planned
    def pairings(self) -> list[PairingRecord]:
        """Who helps it: pairings that have not ended, the latest first; empty in a tombstone. 结对"""
        open_ones = p.Pairing.household_id == m.Household.id, p.Pairing.ended_on.is_(None)
        return many(PairingRecord, *open_ones, order_by=(p.Pairing.started_on.desc(),))


def household_records(ids: Any) -> list[HouseholdRecord]:
    """The records of these ids (an array of UUIDs, as a parameter), or their tombstones."""
    return many(HouseholdRecord, source=with_tombstones(m.Household, SEES, ids), order_by=(m.Household.id,), cap=MOST)
