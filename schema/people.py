"""The people of a family, now and before. What tells who somebody is, is masked for those who do not meet the family."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.access.matrix import FieldClass
from domain.access.queries import sees_household
from domain.households import models as m
from domain.households.queries import by_class, met_phone, sees_person, shown_name, shown_number
from domain.pairings import models as p
from domain.pairings.queries import holds_on
from schema.engine import described, entity, many, opened, planned, related, shows
from schema.helpers import ActiveOn
from schema.node import Node
from schema.pairings import Pairing
from schema.terms import Term, term, terms

if TYPE_CHECKING:
    from schema.households import Household

LazyHousehold = Annotated["Household", strawberry.lazy("schema.households")]


@entity(m.Person, scope=sees_person())
class Person(Node):
    """A member of a household, or somebody who was one. 家庭成员"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    household: LazyHousehold | None = described("The household they belong to now; null for who has gone. 所在农户")
    name: str = shows(shown_name(), description="The name; the family name only, like 陈**, for others. 姓名")
    is_head: bool = described("Whether this is the head of the household. 是否户主")
    relation_to_head: Term = term(
        "relation_to_head", m.Person.relation_to_head, description="What they are to the head, GB/T 4761. 与户主关系"
    )
    sex: Term = term("sex", m.Person.sex, description="GB/T 2261.1. 性别")
    ethnicity: Term = term("ethnicity", m.Person.ethnicity, description="GB/T 3304. 民族")
    born_on: date | None = shows(
        by_class(FieldClass.BIRTH, m.Person.born_on),
        description="Birth date; null for those who do not meet the family. 出生日期",
    )
    died_on: date | None = described("The day of death, if they died as a member. 死亡日期")
    id_number: str | None = shows(
        shown_number(FieldClass.ID_NUMBER, m.Person.id_number_masked),
        description="Identity number, GB 11643, masked for everybody: 35**************1X. 公民身份号码",
    )
    disability_certificate: str | None = shows(
        shown_number(FieldClass.CERTIFICATE, m.Person.disability_certificate_masked),
        description="Number of the certificate, masked alike; null for who does not meet the family. 残疾人证号",
    )
    phone: str | None = opened(
        met_phone(m.Person), otherwise=m.Person.phone_masked, description="Telephone, or 138****. 联系电话"
    )
    education: Term | None = term(
        "education", m.Person.education, description="Highest level reached; null for who goes to school. 文化程度"
    )
    school_status: Term | None = term(
        "school_status", m.Person.school_status, description="Where they are at school; null for others. 在校状况"
    )
    health: list[Term] = terms(
        "health",
        by_class(FieldClass.HEALTH, m.Person.health),
        description="One or more; empty for who does not meet the family. 健康状况",
    )
    labour: Term = term("labour", m.Person.labour, description="How far they can work. 劳动技能")
    joined_on: date = described("Since when they belong to this household, or belonged to the last. 入户日期")
    memberships: list[Membership] = related(
        m.Person.memberships,
        order_by=(m.Membership.started_on,),
        description="Every spell in a household that the viewer may see, the first first. 成员经历",
    )

    @planned
    def pairings(self, active_on: ActiveOn = None) -> list[Pairing]:
        """Who helps this person alone, such as a student's teacher; the latest first. 结对"""
        held = () if active_on is None else (holds_on(active_on),)
        return many(Pairing, p.Pairing.person_id == m.Person.id, *held, order_by=(p.Pairing.started_on.desc(),))


@entity(m.Membership, scope=sees_household(m.Membership.region_code, m.Membership.household_id))
class Membership:
    """One spell of one person in one household: from, why; until, why. 成员变动"""

    person: Person | None = described("Who it was; null when they now belong to a family out of scope. 成员")
    household: LazyHousehold = described("In which household. 农户")
    started_on: date = described("The first day on which they counted. 起始日期")
    start_reason: Term = term(
        "membership_start_reason", m.Membership.start_reason, description="Why they came. 增加原因"
    )
    ended_on: date | None = described("The first day on which they no longer counted; null while they do. 终止日期")
    end_reason: Term | None = term(
        "membership_end_reason", m.Membership.end_reason, description="Why they went. 减少原因"
    )
