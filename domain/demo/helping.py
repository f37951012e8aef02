"""Who helps in the demo: organisations, helpers, and the accounts by which they and the other personas sign in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Final

from domain.access.rules import GrantRole, ViewerKind
from domain.accounts.rules import OUTSIDE
from domain.base.models import namespace_id
from domain.demo.personas import PERSONAS, account_id
from domain.demo.places import VILLAGES
from domain.demo.rows import Rows
from domain.demo.settlements import made_up_phone

BEGINNING: Final = date(2018, 3, 1)
END: Final = date(2100, 1, 1)  # of grants that must have one


@dataclass(frozen=True)
class DemoOrganisation:
    key: str
    name: str
    kind: str
    region_code: str

    @cached_property
    def id(self) -> uuid.UUID:
        return namespace_id(f"demo organisation {self.key}")


@dataclass(frozen=True)
class DemoHelper:
    """`region_code`: where the helper serves."""

    key: str
    name: str
    kind: str
    region_code: str
    organisation: str | None = None
    is_party_member: bool = True

    @cached_property
    def id(self) -> uuid.UUID:
        return namespace_id(f"demo helper {self.key}")

    @cached_property
    def account_id(self) -> uuid.UUID:
        """Personas have their own account; every other helper has one by its key, without a persona."""
        return account_id(self.key if self.key in PERSONAS else f"helper {self.key}")


ORGANISATIONS: Final = (
    DemoOrganisation("department", "永泰县医疗保障局", "DEPARTMENT", "350125"),
    DemoOrganisation("partner", "福州市演示公益服务中心", "SOCIAL_ORGANISATION", "3501"),
    DemoOrganisation("other_partner", "六安市演示茶业有限公司", "LEADING_ENTERPRISE", "341503"),
    DemoOrganisation("civil_affairs", "永泰县民政局", "DEPARTMENT", "350125"),
    DemoOrganisation("resident_team", "力星村驻村工作队", "RESIDENT_TEAM", "350125201205"),
    DemoOrganisation("school", "富泉乡演示小学", "SCHOOL", "350125201"),
    DemoOrganisation("cooperative", "富泉乡演示果蔬专业合作社", "COOPERATIVE", "350125201"),
    DemoOrganisation("workshop", "太安村演示扶贫车间", "WORKSHOP", "341503104208"),
    DemoOrganisation("insurer", "演示财产保险永泰支公司", "INSURER", "350125"),
)
_HELPERS = (
    DemoHelper("cadre", "李桂芳", "CADRE", "350125201"),
    DemoHelper("other_cadre", "陈志明", "CADRE", "350125201"),
    DemoHelper("village_officer", "鄢秀珠", "VILLAGE_OFFICER", "350125201205"),
    DemoHelper("former_cadre", "黄长福", "CADRE", "350125201"),
    DemoHelper("first_secretary", "林国强", "FIRST_SECRETARY", "350125201205", "resident_team"),
    DemoHelper("team_member", "谢文辉", "RESIDENT_TEAM_MEMBER", "350125201205", "resident_team", False),
    DemoHelper("technician", "张学军", "TECHNICIAN", "350125201"),
    DemoHelper("teacher", "谢丽琴", "TEACHER", "350125201", "school", False),
    DemoHelper("entrepreneur", "陈家荣", "ENTREPRENEUR", "350125", None, False),
    DemoHelper("cadre_fuquan_3", "鄢明辉", "CADRE", "350125201"),
    DemoHelper("cadre_fuquan_4", "张秀英", "CADRE", "350125201"),
    DemoHelper("cadre_shanglian", "许建平", "CADRE", "350124201"),
    DemoHelper("cadre_huokou", "蓝玉梅", "CADRE", "350123203"),
    DemoHelper("cadre_hongyang", "吴海生", "CADRE", "350123201"),
    DemoHelper("cadre_dushan", "汪立军", "CADRE", "341503104"),
    DemoHelper("cadre_dushan_2", "陶春梅", "CADRE", "341503104"),
    DemoHelper("cadre_weixian", "申志强", "CADRE", "130434205"),
    DemoHelper("cadre_guantao", "郭玉兰", "CADRE", "130433100"),
    DemoHelper("cadre_yengisar", "艾尼瓦尔·依明", "CADRE", "653123202"),
    DemoHelper("cadre_yarkant", "米娜瓦尔·卡德尔", "CADRE", "653125104"),
    DemoHelper("cadre_laoling", "宋长明", "CADRE", "371481101"),
)
# One party member in each village of Fuzhou: a wealth-creation leader helps in their own village only.
_LEADERS = "鄢金旺 林世荣 陈振兴 黄永福 谢明贵 鄢海林 张兴旺 陈家富 林学军 许长兴 黄文贵 蓝振华 吴德林"
HELPERS: Final = (
    *_HELPERS,
    *(
        DemoHelper(f"leader_{village.code}", name, "WEALTH_LEADER", village.code)
        for village, name in zip(VILLAGES, _LEADERS.split(), strict=False)
    ),
)
HELPER: Final = {helper.key: helper for helper in HELPERS}
ORGANISATION: Final = {organisation.key: organisation for organisation in ORGANISATIONS}


def write_parties(rows: Rows, at: datetime) -> None:
    """Organisations, helpers, and an account with its grant for each persona and each helper."""
    for number, organisation in enumerate(ORGANISATIONS, 1):
        write_organisation(rows, organisation, number)
    for number, helper in enumerate(HELPERS, 1):
        write_helper(rows, helper, number)
    for persona in PERSONAS.values():
        if persona.kind is not None and persona.role is not None:
            helper_id = HELPER[persona.helper].id if persona.helper else None
            organisation_id = ORGANISATION[persona.organisation].id if persona.organisation else None
            account = account_id(persona.name)
            write_account(
                rows,
                account,
                persona.account_name,
                persona.kind,
                at,
                persona=persona.name,
                helper_id=helper_id,
                organisation_id=organisation_id,
            )
            write_grant(rows, account, persona.role, persona.region_code, organisation_id)
    for helper in HELPERS:
        if helper.key not in PERSONAS:
            write_helpers_account(rows, helper, at)


def write_organisation(rows: Rows, organisation: DemoOrganisation, number: int) -> None:
    """One organisation; `number` makes its phone."""
    rows.add(
        "organisation",
        id=organisation.id,
        name=organisation.name,
        kind=organisation.kind,
        region_code=organisation.region_code,
        phone=made_up_phone(number),
        started_on=BEGINNING,
        ended_on=None,
    )


def write_helper(rows: Rows, helper: DemoHelper, number: int) -> None:
    """One helper; `number` makes the phone."""
    rows.add(
        "helper",
        id=helper.id,
        name=helper.name,
        kind=helper.kind,
        region_code=helper.region_code,
        organisation_id=ORGANISATION[helper.organisation].id if helper.organisation else None,
        phone=made_up_phone(number),
        is_party_member=helper.is_party_member,
        started_on=BEGINNING,
        ended_on=None,
    )


def write_helpers_account(rows: Rows, helper: DemoHelper, at: datetime) -> None:
    """The account of a helper who is no persona."""
    write_account(rows, helper.account_id, helper.name, ViewerKind.HELPER, at, helper_id=helper.id)
    write_grant(rows, helper.account_id, GrantRole.HELPER, None)


def write_account(
    rows: Rows,
    account: uuid.UUID,
    name: str,
    kind: ViewerKind,
    at: datetime,
    *,
    persona: str | None = None,
    helper_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
) -> None:
    """Somebody who can sign in."""
    rows.add(
        "account",
        id=account,
        name=name,
        kind=kind,
        persona=persona,
        helper_id=helper_id,
        organisation_id=organisation_id,
        created_at=at,
        disabled_at=None,
    )


def write_grant(
    rows: Rows, account: uuid.UUID, role: GrantRole, region_code: str | None, organisation_id: uuid.UUID | None = None
) -> None:
    """The one role of an account of the demo."""
    rows.add(
        "access_grant",
        id=namespace_id(f"demo grant {account}"),
        account_id=account,
        role=role,
        region_code=region_code,
        organisation_id=organisation_id,
        purpose="demo" if role in OUTSIDE else None,
        starts_on=BEGINNING,
        ends_on=END if role in OUTSIDE else None,
        deputy_id=None,
        deputy_from=None,
        deputy_to=None,
    )
