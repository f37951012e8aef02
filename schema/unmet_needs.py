"""Where help is wanted: families that nobody helps, counted, so that partners find where to go."""

from __future__ import annotations

import json
from typing import Annotated, Final

import strawberry
from sqlalchemy import Date, Text, bindparam, cast, func, select

from domain.access.rules import ROLES_THAT_MEET_FAMILIES, GrantRole
from domain.base.errors import invalid
from schema.context import Info
from schema.errors import asked
from schema.scalars import RegionCode

COUNTY: Final = 6  # digits
# Who may know where help is wanted: those who give it, and those who seek it for their families.
WHO_MAY: Final = ROLES_THAT_MEET_FAMILIES | {GrantRole.PARTNER, GrantRole.DEPARTMENT, GrantRole.INTEGRATOR}
# Of migration 0060_unmet_needs: what may be told is decided where it is counted.
COUNTED: Final = select(
    cast(
        func.ruhu_unmet_needs(
            bindparam("division", type_=Text(), required=True), bindparam("day", type_=Date(), required=True)
        ),
        Text(),
    )
)


@strawberry.type(description="How many families of a division nobody helps, for one cause. 未结对需求")
class UnmetNeed:
    region_code: RegionCode = strawberry.field(description="The division, with all that lies below it. 区划代码")
    cause: str = strawberry.field(description="Code of cause: the main cause of each of them. 致贫返贫原因代码")
    families: int = strawberry.field(description="How many families, each counted once. 户数")


@strawberry.type(description="Families that nobody helps, by division and cause. 未结对需求汇总")
class UnmetNeeds:
    is_exact: bool = strawberry.field(
        description="Whether everything is told, as to officers of the division; else numbers under the least that "
        "the county's policy sets (SMALLEST_GROUP) are left out, and others by which they could be reckoned. 是否精确"
    )
    needs: list[UnmetNeed] = strawberry.field(
        description="Of the division and those below it down to the village, by code and cause. 需求列表"
    )


@strawberry.type
class UnmetNeedsQueries:
    """The root field about who is not helped."""

    @strawberry.field(
        description="Families with a cause of hardship and without any open pairing. For a county or a division below it. "
        "Null for who neither helps nor sees families. 未结对需求"
    )
    async def unmet_needs(
        self,
        info: Info,
        region: Annotated[
            RegionCode, strawberry.argument(description="A county, township or village. 县、乡或村的区划代码")
        ],
    ) -> UnmetNeeds | None:
        actor = info.context.actor
        if actor.viewer.roles.isdisjoint(WHO_MAY):
            return None

        async def found() -> UnmetNeeds:
            if len(region) < COUNTY:
                raise invalid("REGION_TOO_WIDE", "region", region=region)
            counted = json.loads(await info.context.value(COUNTED, {"division": region, "day": actor.today}))
            return UnmetNeeds(
                is_exact=counted["is_exact"],
                needs=[
                    UnmetNeed(region_code=RegionCode(code), cause=cause, families=families)
                    for code, cause, families in counted["needs"]
                ],
            )

        return await asked(info, found)
