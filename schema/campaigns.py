"""Campaigns of organisations and villages: targets, what is reached, village by village, and what was done."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import strawberry
from sqlalchemy import BigInteger, Date, Text
from strawberry import UNSET
from strawberry.scalars import JSON

from domain.campaigns import actions
from domain.campaigns import models as m
from domain.campaigns.queries import (
    done_by_area,
    reached,
    reached_below,
    reached_by_mode,
    sees_activity,
    sees_campaign,
    villages,
)
from domain.monitoring.queries import yuan
from domain.regions.models import Region as RegionRow
from domain.regions.models import Village as VillageRow
from schema.context import Info
from schema.engine import (
    Connection,
    CountedConnection,
    by,
    described,
    entity,
    equals,
    everyone,
    is_in,
    keyed,
    many,
    matches,
    one,
    page,
    pages,
    planned,
    rows_of,
    shows,
    the,
)
from schema.errors import WHAT_TO_DO, UserError
from schema.families import carried_out
from schema.family_inputs import Ids, plain
from schema.helpers import After, First, Organisation, below
from schema.node import Node
from schema.pairing_coverage import On
from schema.pairings import Pairing
from schema.regions import Region, Village
from schema.scalars import RegionCode
from schema.terms import Term, term, terms
from schema.viewer import TODAY, Actor

_COUNT: Final[Any] = BigInteger()
_REACHED: Final = rows_of("campaign_reached", organisations=_COUNT, villages=_COUNT, pairings=_COUNT)
_MODE: Final = rows_of("campaign_mode", mode=Text(), organisations=_COUNT, villages=_COUNT)
_BELOW: Final = rows_of("campaign_below", region_code=Text(), organisations=_COUNT, villages=_COUNT)
_AREA: Final = rows_of(
    "campaign_area_done", area=Text(), activities=_COUNT, villages=_COUNT, amount_fen=_COUNT, people=_COUNT
)
_VILLAGE: Final = rows_of(
    "campaign_village",
    village_id=VillageRow.__table__.c.id.type,
    region_code=Text(),
    organisations=_COUNT,
    activities=_COUNT,
    amount_fen=_COUNT,
    people=_COUNT,
    last_on=Date(),
)


@entity(_REACHED, scope=everyone(), key=("pairings",))  # the statement counts what the viewer sees
class CampaignReached:
    """Who has joined hands, each counted once. 牵手总数"""

    organisations: int = described("Organisations. 组织数")
    villages: int = described("Villages. 村数")
    pairings: int = described("Pairings between them. 结对数")


@entity(_MODE, scope=everyone(), key=("mode",))
class CampaignMode:
    """Who has joined hands in one way. 分方式牵手数"""

    mode: Term | None = term("pairing_mode", _MODE.c.mode, description="In what way; null: not said. 结对方式")
    organisations: int = described("Organisations. 组织数")
    villages: int = described("Villages. 村数")


@entity(_BELOW, scope=everyone(), key=("region_code",))
class CampaignDivision:
    """Who has joined hands in one division directly below. 下级区划牵手数"""

    organisations: int = described("Organisations. 组织数")
    villages: int = described("Villages. 村数")

    @planned
    def region(self) -> Region:
        """Which division. 区划"""
        return the(Region, RegionRow.code == _BELOW.c.region_code)


@entity(_AREA, scope=everyone(), key=("area",))
class CampaignArea:
    """What was done in one area of work. 分领域帮扶情况"""

    area: Term = term("campaign_area", _AREA.c.area, description="Which. 帮扶领域")
    activities: int = described("Activities. 活动数")
    villages: int = described("In how many villages. 村数")
    amount: Decimal = shows(yuan(_AREA.c.amount_fen), description="What they came to, in yuan. 金额(元)")
    people: int = described("People reached, as reported. 受益人次")


@entity(_VILLAGE, scope=everyone(), key=("village_id",))
class CampaignVillage:
    """A village that has joined hands. 牵手村"""

    organisations: int = described("With how many organisations. 组织数")
    activities: int = described("Activities there. 活动数")
    amount: Decimal = shows(yuan(_VILLAGE.c.amount_fen), description="What they came to, in yuan. 金额(元)")
    people: int = described("People reached, as reported. 受益人次")
    last_on: date | None = described("The day of the last one. 最近活动日期")

    @planned
    def village(self) -> Village:
        """Which village. 行政村"""
        return the(Village, VillageRow.id == _VILLAGE.c.village_id)


@entity(m.CampaignActivity, scope=sees_activity())
class CampaignActivity(Node):
    """Something that an organisation did for its village, as it was reported. Never changed. 帮扶活动"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    organisation: Organisation = described("Who did it. 组织")
    village: Village = described("For whom. 行政村")
    pairing: Pairing | None = described("The pairing that it belongs to. 结对")
    area: Term = term("campaign_area", m.CampaignActivity.area, description="In which area of work. 帮扶领域")
    happened_on: date = described("When. 活动日期")
    text: str = described("What was done. 活动内容")
    amount: Decimal | None = shows(yuan(m.CampaignActivity.amount_fen), description="What it came to. 金额(元)")
    people_reached: int | None = described("How many people it reached. 受益人次")
    photos: JSON = described("Photos by their hash: sha256, byteSize, mediaType. 照片")
    reported_at: datetime = described("When it was reported. 填报时刻")
    reported_by: Actor | None = described("By whom. 填报人")


@entity(m.Campaign, scope=sees_campaign())
class Campaign(Node):
    """Organisations join hands with villages of a region, for a time. 牵手行动"""

    id: strawberry.ID = described("Globally unique id. 唯一标识")
    name: str = described("What it is called. 名称")
    role: Term = term("pairing_role", m.Campaign.role, description="In which role they are paired. 结对角色")
    region: Region = described("Where. 区划")
    from_on: date = described("The first day. 开始日期")
    until_on: date | None = described("The first day after it; null while it is open. 结束日期")
    target_organisations: int = described("How many organisations are to come. 目标组织数")
    target_villages: int = described("How many villages are to be reached. 目标村数")
    modes: list[Term] = terms("pairing_mode", m.Campaign.modes, description="In which ways. 采取方式")
    areas: list[Term] = terms("campaign_area", m.Campaign.areas, description="In which areas of work. 重点领域")
    document: str = described("The document that it stands on. 依据文件")

    @planned
    def reached(self, on: On = None) -> CampaignReached:
        """Who has joined hands on a day, as far as the viewer sees. 牵手总数"""
        return the(CampaignReached, source=reached(TODAY if on is None else on))

    @planned
    def by_mode(self, on: On = None) -> list[CampaignMode]:
        """The same way by way. 分方式牵手数"""
        return many(CampaignMode, source=reached_by_mode(TODAY if on is None else on), order_by=(_MODE.c.mode,))

    @planned
    def divisions(self, on: On = None) -> list[CampaignDivision]:
        """The same for each division directly below that has any. 下级区划牵手数"""
        found = reached_below(TODAY if on is None else on)
        return many(CampaignDivision, source=found, order_by=(_BELOW.c.region_code,))

    @planned
    def by_area(self, on: On = None) -> list[CampaignArea]:
        """What was done until a day, area by area. 分领域帮扶情况"""
        return many(CampaignArea, source=done_by_area(TODAY if on is None else on), order_by=(_AREA.c.area,))

    @planned
    def activities(
        self,
        village: Annotated[
            RegionCode | None, strawberry.argument(description="Only of this village. 行政村代码")
        ] = None,
        first: First = 50,
        after: After = None,
    ) -> CountedConnection[CampaignActivity]:
        """What was done, the latest first. 帮扶活动"""
        asked = [m.CampaignActivity.campaign_id == m.Campaign.id]
        if village is not None:
            asked.append(m.CampaignActivity.region_code == village)
        return page(CampaignActivity, *asked, order=LATEST_FIRST)


LATEST_FIRST: Final = by(m.CampaignActivity.happened_on.desc())


@strawberry.input(description="Which activities; all conditions together. 帮扶活动筛选条件")
class CampaignActivityFilter:
    campaign_id: strawberry.ID | None = equals(m.CampaignActivity.campaign_id, description="Of this campaign. 行动标识")  # type: ignore[assignment]
    organisation_id: strawberry.ID | None = equals(
        m.CampaignActivity.organisation_id, description="Of this organisation. 组织标识"
    )  # type: ignore[assignment]
    region: RegionCode | None = matches(
        below(m.CampaignActivity.region_code), Text(), description="For villages of this division. 所在区划"
    )
    areas: list[str] | None = is_in(m.CampaignActivity.area, description="In one of these areas. 帮扶领域代码")
    since: date | None = matches(
        lambda day: m.CampaignActivity.happened_on >= day, Date(), description="On this day or later. 起始日期"
    )


@strawberry.type
class CampaignQueries:
    """Root fields about campaigns."""

    campaigns: Connection[Campaign] = pages(
        order=by(m.Campaign.region_code), description="Campaigns, by region. 牵手行动列表"
    )
    campaign_activities: CountedConnection[CampaignActivity] = pages(
        filter=CampaignActivityFilter, order=LATEST_FIRST, description="Activities, the latest first. 帮扶活动列表"
    )

    @planned
    def campaign(
        self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]
    ) -> Campaign | None:
        """One campaign by id. 按标识查牵手行动"""
        return one(Campaign, m.Campaign.id == id)

    @planned
    def campaign_villages(
        self,
        campaign_id: Annotated[strawberry.ID, strawberry.argument(description="Of which campaign. 行动标识")],
        on: On = None,
        first: First = 50,
        after: After = None,
    ) -> CountedConnection[CampaignVillage]:
        """The villages of a campaign with what was done there, by code. 牵手村列表"""
        found = villages(campaign_id, TODAY if on is None else on)
        return page(CampaignVillage, source=found, order=by(_VILLAGE.c.region_code))


# --- what can be done --------------------------------------------------------------------------------------------------


@strawberry.input(description="A campaign. 发起牵手行动")
class OpenCampaignInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 行动标识")
    name: str = strawberry.field(description="What it is called; at most 100 characters. 名称")
    role: str = strawberry.field(description="Code of pairing_role, like SUNSHINE_HAND. 结对角色代码")
    region: RegionCode = strawberry.field(description="Where. 区划代码")
    from_on: str = strawberry.field(description="The first day, today or earlier. 开始日期")
    target_organisations: int = strawberry.field(description="How many organisations are to come. 目标组织数")
    target_villages: int = strawberry.field(description="How many villages are to be reached. 目标村数")
    modes: list[str] = strawberry.field(description="Codes of pairing_mode. 方式代码")
    areas: list[str] = strawberry.field(description="Codes of campaign_area. 领域代码")
    document: str = strawberry.field(description="What it stands on; at most 200 characters. 依据文件")
    until_on: str | None = strawberry.field(default=UNSET, description="The first day after it. 结束日期")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        given = {name: plain(value) for name, value in vars(self).items() if name not in ("id", "region")}
        return {"id": ids.read(self.id, "id"), "region_code": self.region, **given}


@strawberry.input(description="A photo, known by its hash. 照片")
class ActivityPhotoInput:
    sha256: str = strawberry.field(description="64 hexadecimal digits, small letters. 文件哈希")
    byte_size: int = strawberry.field(description="How large it is. 字节数")
    media_type: str = strawberry.field(description="Like image/jpeg. 媒体类型")


@strawberry.input(description="What an organisation did for its village. 填报帮扶活动")
class ReportActivityInput:
    id: strawberry.ID = strawberry.field(description="Its id, made by the client: a UUID. 活动标识")
    campaign_id: strawberry.ID = strawberry.field(description="In which campaign. 行动标识")
    pairing_id: strawberry.ID = strawberry.field(description="The organisation's pairing with the village. 结对标识")
    area: str = strawberry.field(description="Code of campaign_area. 领域代码")
    happened_on: str = strawberry.field(description="When, today or earlier. 活动日期")
    text: str = strawberry.field(description="What was done; at most 2,000 characters, no names of people. 活动内容")
    amount: str | None = strawberry.field(default=UNSET, description="What it came to, in yuan. 金额(元)")
    people_reached: int | None = strawberry.field(default=UNSET, description="How many it reached. 受益人次")
    photos: list[ActivityPhotoInput] = strawberry.field(default_factory=list, description="Nine at most. 照片")

    def arguments(self, ids: Ids) -> dict[str, Any]:
        return {
            "id": ids.read(self.id, "id"),
            "campaign_id": ids.read(self.campaign_id, "campaignId"),
            "pairing_id": ids.read(self.pairing_id, "pairingId"),
            "area": self.area,
            "happened_on": self.happened_on,
            "text": self.text,
            "amount": plain(self.amount),
            "people_reached": plain(self.people_reached),
            "photos": [
                {"sha256": one.sha256, "byteSize": one.byte_size, "mediaType": one.media_type} for one in self.photos
            ],
        }


@strawberry.type(description="What became of a campaign. 牵手行动操作结果")
class CampaignPayload:
    campaign: Campaign | None = strawberry.field(description="The campaign; null when refused. 牵手行动")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type(description="What became of an activity. 帮扶活动填报结果")
class CampaignActivityPayload:
    activity: CampaignActivity | None = strawberry.field(description="The activity; null when refused. 帮扶活动")
    errors: list[UserError] = strawberry.field(description="What is wrong; empty when it was done. 错误")


@strawberry.type
class CampaignMutations:
    """What can be done about campaigns."""

    @strawberry.mutation(description="Opens a campaign with its targets. 发起牵手行动")
    async def open_campaign(
        self, info: Info, input: Annotated[OpenCampaignInput, WHAT_TO_DO]
    ) -> CampaignPayload | None:
        done, errors = await carried_out(info, actions.open_campaign, input)
        return CampaignPayload(campaign=done and keyed(Campaign, done["campaign_id"]), errors=errors)

    @strawberry.mutation(description="Tells of something that an organisation did for its village. 填报帮扶活动")
    async def report_activity(
        self, info: Info, input: Annotated[ReportActivityInput, WHAT_TO_DO]
    ) -> CampaignActivityPayload | None:
        done, errors = await carried_out(info, actions.report_activity, input)
        return CampaignActivityPayload(activity=done and keyed(CampaignActivity, done["activity_id"]), errors=errors)
