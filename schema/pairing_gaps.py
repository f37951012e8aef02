"""Where help is missing or stretched, and who might help: lists for officers to decide by."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

import strawberry
from sqlalchemy import Uuid, cast, null

from domain.helpers.models import Helper as HelperRow
from domain.helpers.models import Organisation as OrganisationRow
from domain.households.models import Household as HouseholdRow
from domain.households.models import Person as PersonRow
from domain.pairings import gaps as of_gaps
from domain.pairings import suggesting
from domain.pairings.fitting import PairingSubject
from domain.pairings.gaps import PairingGapKind
from domain.regions.models import Region as RegionRow
from schema.engine import Connection, by, described, entity, everyone, many, one, page, planned, rows_of, the
from schema.enums import described_enum
from schema.helpers import After, First, Helper, Organisation
from schema.households import Household
from schema.pairing_coverage import On, Where
from schema.people import Person
from schema.regions import Region
from schema.terms import Term, terms
from schema.viewer import TODAY

described_enum(
    PairingGapKind,
    "What is wrong with who helps whom. 结对缺口类型",
    UNPAIRED="Help is asked for, and nobody helps at all. 未结对",
    INCOMPLETE="Somebody helps, but not in every role that is asked for. 角色不全",
    LAPSED="Somebody had a role that is asked for, and nobody took it over. 结对中断",
    OVERLOADED="A helper has more households than policy allows. 负担过重",
    FAR_AWAY="A family lies far from the others of the same helper. 距离过远",
)

_GAP: Final = rows_of("pairing_gap", **of_gaps.COLUMNS)
_SUGGESTED: Final = rows_of("pairing_suggestion", **suggesting.COLUMNS)
ALL_KINDS: Final = tuple(PairingGapKind)


@entity(_GAP, scope=everyone(), key=("kind", "id"))  # the statement finds what the viewer sees
class PairingGap:
    """One thing that is missing or too much. 结对缺口"""

    kind: PairingGapKind = described("What is wrong. 类型")
    subject: PairingSubject | None = described("Whom it is about; null for a helper with too much. 对象类别")
    missing: list[Term] = terms("pairing_role", _GAP.c.missing, description="Roles that nobody has. 缺少的角色")
    since: date | None = described("Of a lapsed one: the first day without it. 中断日期")
    load: int | None = described("Households of that helper. 结对户数")
    metres: float | None = described("From the middle of that helper's families. 距离(米)")
    at_most: int | None = described("What policy allows: households, or metres. 上限")

    @planned
    def region(self) -> Region:
        """Where: the village, or where an overloaded helper serves. 所在区划"""
        return the(Region, RegionRow.code == _GAP.c.region_code)

    @planned
    def household(self) -> Household | None:
        """The household, also that of a student. 农户"""
        return one(Household, HouseholdRow.id == _GAP.c.household_id)

    @planned
    def student(self) -> Person | None:
        """The student, where it is about one. 学生"""
        return one(Person, PersonRow.id == _GAP.c.person_id)

    @planned
    def helper(self) -> Helper | None:
        """Who has too much, is far away, or had the role last. 帮扶责任人"""
        return one(Helper, HelperRow.id == _GAP.c.helper_id)


@entity(_SUGGESTED, scope=everyone(), key=("id",))
class PairingSuggestion:
    """Somebody who fits the role. 结对建议"""

    shared_digits: int = described(
        "How much of the region codes is the same: 12 one village, 9 township, 6 county, 4 prefecture. 区划相同位数"
    )
    load: int = described("Open pairings, as far as the viewer's scope reaches. 在结对数")
    is_full: bool = described("As many households as policy allows, or more. 是否已满")
    metres: float | None = described(
        "From the dwelling to the nearest family that is helped already; null where one is not known. 距离(米)"
    )

    @planned
    def helper(self) -> Helper | None:
        """The person, unless it is an organisation. 帮扶责任人"""
        return one(Helper, HelperRow.id == _SUGGESTED.c.helper_id)

    @planned
    def organisation(self) -> Organisation | None:
        """The organisation, unless it is a person. 帮扶单位"""
        return one(Organisation, OrganisationRow.id == _SUGGESTED.c.organisation_id)


def _optional(id: strawberry.ID | None) -> object:
    return cast(null() if id is None else id, Uuid())


@strawberry.type
class PairingGapQueries:
    """Root fields about where help is missing, and who might give it."""

    @planned
    def pairing_gaps(
        self,
        region: Where,
        kinds: Annotated[
            list[PairingGapKind] | None, strawberry.argument(description="Only of these kinds. 缺口类型")
        ] = None,
        on: On = None,
        first: First = 50,
        after: After = None,
    ) -> Connection[PairingGap]:
        """What is missing or too much in a division, by village. 结对缺口清单"""
        asked = ALL_KINDS if kinds is None else kinds
        found = of_gaps.gaps(region, TODAY if on is None else on, asked)
        return page(PairingGap, source=found, order=by(_GAP.c.region_code))

    @planned
    def pairing_suggestions(
        self,
        role: Annotated[str, strawberry.argument(description="Code of pairing_role. 结对角色代码")],
        household_id: Annotated[strawberry.ID | None, strawberry.argument(description="For it. 农户标识")] = None,
        person_id: Annotated[strawberry.ID | None, strawberry.argument(description="Or for them. 个人标识")] = None,
        village_id: Annotated[strawberry.ID | None, strawberry.argument(description="Or for it. 行政村标识")] = None,
    ) -> list[PairingSuggestion]:
        """Who fits a role: the nearest region, then those who are not full, near and little burdened, first; 20 at most.
        For officers of the region; nothing is decided by it. 结对建议"""
        found = suggesting.suggestions(
            role, _optional(household_id), _optional(person_id), _optional(village_id), TODAY
        )
        c = _SUGGESTED.c
        order = (c.shared_digits.desc(), c.is_full, c.metres, c.load)
        few = found.subquery("suggested")
        ranked = few.select().order_by(few.c.shared_digits.desc(), few.c.is_full, few.c.metres, few.c.load, few.c.id)
        return many(PairingSuggestion, source=ranked.limit(20), order_by=order)
