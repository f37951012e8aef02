"""Who the server takes the client for."""

from __future__ import annotations

from datetime import date

import strawberry
from sqlalchemy import Date, or_

from domain.access import models as m
from domain.access.queries import VIEWER_ID, is_signed_in
from domain.access.rules import GrantRole, ViewerKind
from schema.engine import described, entity, of_viewer, one, planned, related, shows
from schema.enums import described_enum
from schema.helpers import Helper, Organisation
from schema.permissions import permissions_of_viewer
from schema.regions import Region

described_enum(
    ViewerKind,
    "What sort of account it is; rights come from grants. 账号类型",
    HELPER="A person who helps. 帮扶责任人",
    OFFICER="An officer of a level, down to the village. 各级干部",
    DEPARTMENT="A department. 部门",
    PARTNER="A social organisation or an enterprise. 社会力量",
    INTEGRATOR="A machine that exchanges data. 接口账号",
    HOTLINE_OPERATOR="Somebody who enters calls. 热线话务员",
    AUDITOR="Somebody who reads the trace. 审计员",
    ADMINISTRATOR="Somebody who runs the system. 系统管理员",
)
described_enum(
    GrantRole,
    "A role that a grant gives, over a region or for an organisation. 授权角色",
    HELPER="Helps the families of one's own pairings. 帮扶责任人",
    VILLAGE_OFFICER="An officer of a village. 村干部",
    RESIDENT_TEAM="A member of a village's resident team. 驻村工作队",
    TOWNSHIP_OFFICER="An officer of a township. 乡镇干部",
    COUNTY_OFFICER="An officer of a county. 县级干部",
    PREFECTURE_OFFICER="An officer of a prefecture. 市级干部",
    PROVINCE_OFFICER="An officer of a province. 省级干部",
    DEPARTMENT="Works on a department's lists. 部门",
    PARTNER="Works for a partner organisation. 社会力量",
    INTEGRATOR="Exchanges data for a region. 接口账号",
    HOTLINE_OPERATOR="Enters calls. 热线话务员",
    AUDITOR="Reads the trace of what was done. 审计员",
    ADMINISTRATOR="Runs the system. 系统管理员",
)

TODAY = of_viewer("today", Date())
IN_FORCE = (m.Grant.starts_on <= TODAY) & or_(m.Grant.ends_on.is_(None), m.Grant.ends_on > TODAY)


@entity(m.Account, scope=m.Account.id == VIEWER_ID)
class Viewer:
    """The account that the token belongs to. 当前登录账号"""

    id: strawberry.ID = described("Globally unique id of the account. 账号标识")
    name: str = described("The person's or machine's name. 姓名")
    kind: ViewerKind = described("What sort of account. 账号类型")
    grants: list[Grant] = related(
        m.Account.grants,
        IN_FORCE,
        order_by=(m.Grant.role, m.Grant.region_code),
        description="The grants in force today. 当前有效的授权",
    )
    permissions: list[str] = shows(
        permissions_of_viewer(),
        description="The mutations that the grants allow, in the order of the alphabet; whether for this family, the "
        "mutation says. 可办理的操作",
    )
    helper: Helper | None = described("Who the viewer is as a helper. 对应的帮扶责任人")
    organisation: Organisation | None = described("The organisation that the account speaks for. 所属单位")


@entity(m.Grant, scope=m.Grant.account_id == VIEWER_ID)
class Grant:
    """A role over a region or for an organisation, for a time. 授权"""

    role: GrantRole = described("The role. 角色")
    region: Region | None = described("The region with all that lies below it. 授权区划")
    purpose: str | None = described("What it was given for. 用途")
    starts_on: date = described("The first day of the grant. 起始日期")
    ends_on: date | None = described("The first day on which it no longer holds; null for an open one. 终止日期")


@entity(m.Account, scope=is_signed_in())
class Actor:
    """Somebody who did something: a name, readable to all who are signed in. 操作人"""

    id: strawberry.ID = described("Globally unique id of the account. 账号标识")
    name: str = described("The person's or machine's name. 姓名")
    kind: ViewerKind = described("What sort of account. 账号类型")


@strawberry.type
class ViewerQueries:
    """The root field about the viewer."""

    @planned
    def viewer(self) -> Viewer | None:
        """Who you are; null without a token. 当前登录账号"""
        return one(Viewer, m.Account.id == VIEWER_ID)
