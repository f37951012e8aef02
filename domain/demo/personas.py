"""Who one can be in the demo: one persona for each way of looking at the data. Production refuses their accounts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.access.rules import GrantRole, ViewerKind
from domain.base.models import namespace_id


@dataclass(frozen=True, slots=True)
class Persona:
    """A part to play: what it is called, what it may see, and the account behind it (none for the public).

    `helper` and `organisation` are keys of the demo's helpers and organisations (helping.py).
    """

    name: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    kind: ViewerKind | None = None
    role: GrantRole | None = None
    region_code: str | None = None
    helper: str | None = None
    organisation: str | None = None
    account_name: str = ""


def account_id(persona: str) -> uuid.UUID:
    """The account of a persona, the same in every demo."""
    return namespace_id(f"demo account {persona}")


def _persona(
    name: str,
    title: tuple[str, str],
    about: tuple[str, str],
    kind: ViewerKind | None = None,
    role: GrantRole | None = None,
    region_code: str | None = None,
    *,
    account_name: str = "",
    helper: str | None = None,
    organisation: str | None = None,
) -> Persona:
    titles, abouts = dict(zip(("zh", "en"), title, strict=True)), dict(zip(("zh", "en"), about, strict=True))
    return Persona(name, titles, abouts, kind, role, region_code, helper, organisation, account_name or title[0])


_ALL = (
    _persona(
        "province_officer",
        ("福建省 乡村振兴局 郑海峰", "Zheng Haifeng, officer of Fujian"),
        ("看全省农户", "Sees every family of the province"),
        ViewerKind.OFFICER,
        GrantRole.PROVINCE_OFFICER,
        "35",
        account_name="郑海峰",
    ),
    _persona(
        "county_officer",
        ("永泰县 乡村振兴局 黄秀兰", "Huang Xiulan, officer of Yongtai county"),
        ("看全县农户", "Sees every family of the county"),
        ViewerKind.OFFICER,
        GrantRole.COUNTY_OFFICER,
        "350125",
        account_name="黄秀兰",
    ),
    _persona(
        "other_county_officer",
        ("六安市裕安区 乡村振兴局 汪德胜", "Wang Desheng, officer of Yu'an district, Lu'an"),
        ("看全区农户，看不到福建", "Sees every family of the district, and none of Fujian"),
        ViewerKind.OFFICER,
        GrantRole.COUNTY_OFFICER,
        "341503",
        account_name="汪德胜",
    ),
    _persona(
        "township_officer",
        ("富泉乡 扶贫专干 鄢文斌", "Yan Wenbin, officer of Fuquan township"),
        ("看全乡农户", "Sees every family of the township"),
        ViewerKind.OFFICER,
        GrantRole.TOWNSHIP_OFFICER,
        "350125201",
        account_name="鄢文斌",
    ),
    _persona(
        "village_officer",
        ("力星村 村干部 鄢秀珠", "Yan Xiuzhu, officer of Lixing village"),
        ("看本村农户", "Sees every family of the village"),
        ViewerKind.OFFICER,
        GrantRole.VILLAGE_OFFICER,
        "350125201205",
        account_name="鄢秀珠",
        helper="village_officer",
    ),
    _persona(
        "cadre",
        ("帮扶干部 李桂芳", "Li Guifang, cadre"),
        ("只看自己结对的农户", "Sees the families she is paired with, and no others"),
        ViewerKind.HELPER,
        GrantRole.HELPER,
        account_name="李桂芳",
        helper="cadre",
    ),
    _persona(
        "other_cadre",
        ("帮扶干部 陈志明", "Chen Zhiming, cadre"),
        ("与李桂芳同乡，结对的是另外的农户", "In the same township as Li Guifang, paired with other families"),
        ViewerKind.HELPER,
        GrantRole.HELPER,
        account_name="陈志明",
        helper="other_cadre",
    ),
    _persona(
        "department",
        ("永泰县医疗保障局", "Medical insurance bureau of Yongtai county"),
        ("部门：只看自己的筛查名单", "A department: sees its own screening lists"),
        ViewerKind.DEPARTMENT,
        GrantRole.DEPARTMENT,
        "350125",
        organisation="department",
    ),
    _persona(
        "partner",
        ("福州市演示公益服务中心", "Demo charity, Fuzhou"),
        ("社会组织：只看自己结对的村和户，姓名打码", "A social organisation: its own pairings, names masked"),
        ViewerKind.PARTNER,
        GrantRole.PARTNER,
        organisation="partner",
    ),
    _persona(
        "other_partner",
        ("六安市演示茶业有限公司", "Demo Tea Ltd, Lu'an"),
        ("龙头企业：只看有利益联结的户，姓名打码", "An enterprise: families with benefit links, names masked"),
        ViewerKind.PARTNER,
        GrantRole.PARTNER,
        organisation="other_partner",
    ),
    _persona(
        "integrator",
        ("福州市数据共享平台", "Data exchange of Fuzhou"),
        ("接口账号：看全市", "A service account: sees the prefecture"),
        ViewerKind.INTEGRATOR,
        GrantRole.INTEGRATOR,
        "3501",
    ),
    _persona(
        "hotline_operator",
        ("扶贫热线 话务员 吴晓燕", "Wu Xiaoyan, hotline operator"),
        ("录入来电，看不到农户", "Enters calls, sees no family"),
        ViewerKind.HOTLINE_OPERATOR,
        GrantRole.HOTLINE_OPERATOR,
        "3501",
        account_name="吴晓燕",
    ),
    _persona(
        "auditor",
        ("审计员 周正", "Zhou Zheng, auditor"),
        ("看操作留痕，看不到农户", "Reads the trace of what was done, sees no family"),
        ViewerKind.AUDITOR,
        GrantRole.AUDITOR,
        "35",
        account_name="周正",
    ),
    _persona(
        "administrator",
        ("系统管理员 林志强", "Lin Zhiqiang, administrator"),
        ("管系统，看不到农户", "Runs the system, sees no family"),
        ViewerKind.ADMINISTRATOR,
        GrantRole.ADMINISTRATOR,
        account_name="林志强",
    ),
    _persona(
        "anonymous",
        ("未登录的群众", "The public, not signed in"),
        ("看行政区划和公开信息，可以一键报贫", "Sees divisions and what is public, and reports hardship"),
    ),
)

PERSONAS: Final[Mapping[str, Persona]] = {persona.name: persona for persona in _ALL}
