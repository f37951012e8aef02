"""Who a viewer is, and what a set of grants lets them see. Pure: facts and the day come in as arguments."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from domain.access.matrix import Arm, matrix
from domain.access.roles import GrantRole as GrantRole


class ViewerKind(enum.StrEnum):
    """What sort of account asks. Rights come from grants, not from this."""

    HELPER = "HELPER"
    OFFICER = "OFFICER"
    DEPARTMENT = "DEPARTMENT"
    PARTNER = "PARTNER"
    INTEGRATOR = "INTEGRATOR"
    HOTLINE_OPERATOR = "HOTLINE_OPERATOR"
    AUDITOR = "AUDITOR"
    ADMINISTRATOR = "ADMINISTRATOR"


# Officers of the five levels (五级联动). An administrator runs the system and an auditor reads its trace; neither sees a
# family because of it.
OFFICER_ROLES = frozenset(
    {
        GrantRole.VILLAGE_OFFICER,
        GrantRole.RESIDENT_TEAM,
        GrantRole.TOWNSHIP_OFFICER,
        GrantRole.COUNTY_OFFICER,
        GrantRole.PREFECTURE_OFFICER,
        GrantRole.PROVINCE_OFFICER,
    }
)
# What follows is the matrix's word: which roles see families by region, or because they are listed for them, and which
# meet the family itself and need to reach it. All others get names and numbers masked.
ROLES_WITH_A_REGION = matrix().sees_by("household", Arm.REGION)
ROLES_WITH_A_LIST = matrix().sees_by("household", Arm.LIST)
ROLES_THAT_MEET_FAMILIES = matrix().meets
# Under whose name families are listed: a person's own, or that of the organisation that somebody speaks for.
ROLES_OF_HELPERS = OFFICER_ROLES | {GrantRole.HELPER}
ROLES_OF_ORGANISATIONS = ROLES_WITH_A_LIST - OFFICER_ROLES - {GrantRole.HELPER} | {GrantRole.RESIDENT_TEAM}

PROVINCE_DIGITS = 2
AFTER_EVERY_DIGIT = ":"  # the character after "9": [code, code + ":") is the subtree of a region code
NOWHERE = "~"


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """One grant as it stands on the day asked about.

    stands_in_for: of a helper's grant in which somebody else stands in, the helper whose list it opens.
    """

    role: GrantRole
    region_code: str | None = None
    organisation_id: uuid.UUID | None = None
    stands_in_for: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever asks, as both walls need it: no Python branch on it, only parameters.

    region_from/region_to: the hull of the granted subtrees, half open. region_spans: the exact prefixes, only where
    there is more than one (then the hull holds more than was granted, and the prefixes cut it down). met_spans: where
    roles reach that meet families, only where others reach further (`reach`). audited_spans: the subtrees whose trace is
    theirs to read. today: the day in China on which the grants were looked up. stands_in_for: the helpers whose lists
    are theirs for a time (decision 0025).
    """

    id: uuid.UUID | None = None
    name: str = ""
    kind: ViewerKind | None = None
    language: str = "zh"
    region_from: str = NOWHERE
    region_to: str = NOWHERE
    region_spans: tuple[str, ...] | None = None
    helper_id: uuid.UUID | None = None
    organisation_id: uuid.UUID | None = None
    roles: frozenset[GrantRole] = frozenset()
    audited_spans: tuple[str, ...] = ()
    today: date = date.min
    met_spans: tuple[str, ...] | None = None
    meets_organisation: bool = False  # whether the organisation's list is of families that one meets, too
    stands_in_for: tuple[uuid.UUID, ...] = ()
    offices: tuple[str, ...] = ()  # where decisions of a level are theirs to take, like "TOWNSHIP 350125201"

    @property
    def is_signed_in(self) -> bool:
        return self.id is not None

    @property
    def visits_families(self) -> bool:
        """Whether some grant is one of those that meet families."""
        return not self.roles.isdisjoint(ROLES_THAT_MEET_FAMILIES)

    @property
    def administers(self) -> bool:
        """Whether accounts and grants are theirs to see and to give."""
        return GrantRole.ADMINISTRATOR in self.roles

    @property
    def meets_families(self) -> bool:
        """Whether names, addresses and points are shown whole wherever the scope shows a family at all."""
        return self.met_spans is None and self.visits_families

    @property
    def meets_some(self) -> bool:
        """Whether that depends on the family: some are seen by grants that meet them, and some by others."""
        return self.met_spans is not None

    @property
    def met_prefixes(self) -> list[str]:
        """The subtrees whose families are met, as a statement takes them; wall 2 is told the same of everybody."""
        if self.met_spans is not None:
            return list(self.met_spans)
        if not self.visits_families or not self.sees_by_region:
            return []
        return list(self.region_spans or (self.region_from,))

    @property
    def met_parties(self) -> list[uuid.UUID]:
        """Under whose name families are listed that are met."""
        if not self.visits_families:
            return []
        organisation = self.organisation_id if self.meets_organisation else None
        return [party for party in (self.helper_id, organisation, *self.stands_in_for) if party is not None]

    @property
    def parties(self) -> tuple[uuid.UUID, ...]:
        """Under whose name households are listed for this viewer."""
        theirs = (self.helper_id, self.organisation_id, *self.stands_in_for)
        return tuple(party for party in theirs if party is not None)

    @property
    def role_names(self) -> list[str]:
        """The roles, as a statement takes them."""
        return sorted(self.roles)

    @property
    def audits_a_province(self) -> bool:
        """Whether a whole province's trace is theirs to read, and with it what has no region."""
        return any(len(span) == PROVINCE_DIGITS for span in self.audited_spans)

    @property
    def audited_region(self) -> str | None:
        """Where their own reading of the trace is noted."""
        return self.audited_spans[0] if self.audited_spans else None

    @property
    def sees_by_region(self) -> bool:
        """Whether a grant holds over any region."""
        return self.region_from != NOWHERE

    @property
    def sees_by_list(self) -> bool:
        """Whether households can be listed for this viewer, because of pairings."""
        return bool(self.parties)

    @property
    def has_spans(self) -> bool:
        """Whether the hull holds more than was granted."""
        return self.region_spans is not None

    def sees_region(self, code: str) -> bool:
        """Whether `code` lies in a granted subtree: what wall 1 says in SQL, for decisions in Python."""
        inside = self.region_from <= code < self.region_to
        return inside and (self.region_spans is None or code.startswith(self.region_spans))


ANONYMOUS = Viewer()


def spans(grants: Iterable[GrantFacts]) -> tuple[str, ...]:
    """The granted subtrees as prefixes, without those that lie inside another, in order.

    >>> spans([GrantFacts(GrantRole.COUNTY_OFFICER, "350125"), GrantFacts(GrantRole.TOWNSHIP_OFFICER, "350125201")])
    ('350125',)
    """
    codes = sorted({g.region_code for g in grants if g.region_code is not None and g.role in ROLES_WITH_A_REGION})
    kept: list[str] = []
    for code in codes:
        if not (kept and code.startswith(kept[-1])):
            kept.append(code)
    return tuple(kept)


def audited_spans(grants: Iterable[GrantFacts]) -> tuple[str, ...]:
    """The subtrees whose trace these grants let somebody read, in order."""
    return tuple(sorted({g.region_code for g in grants if g.region_code is not None and g.role is GrantRole.AUDITOR}))


# Whose work a decision of a level is. A prefecture and a province look on (domain.md §4: the county decides).
LEVELS_OF_OFFICERS = {
    GrantRole.VILLAGE_OFFICER: "VILLAGE",
    GrantRole.RESIDENT_TEAM: "VILLAGE",
    GrantRole.TOWNSHIP_OFFICER: "TOWNSHIP",
    GrantRole.COUNTY_OFFICER: "COUNTY",
}


def offices(grants: Iterable[GrantFacts]) -> tuple[str, ...]:
    """The level at which each grant makes somebody an officer, with its subtree, in order.

    >>> offices([GrantFacts(GrantRole.COUNTY_OFFICER, "350125"), GrantFacts(GrantRole.AUDITOR, "35")])
    ('COUNTY 350125',)
    """
    held = {
        f"{LEVELS_OF_OFFICERS[grant.role]} {grant.region_code}"
        for grant in grants
        if grant.role in LEVELS_OF_OFFICERS and grant.region_code is not None
    }
    return tuple(sorted(held))


@dataclass(frozen=True, slots=True)
class Reach:
    """What a set of grants reaches, as a viewer has it."""

    spans: tuple[str, ...]
    met_spans: tuple[str, ...] | None
    has_own_list: bool
    has_organisations_list: bool
    meets_organisation: bool
    stands_in_for: tuple[uuid.UUID, ...] = ()


def reach(grants: Iterable[GrantFacts], *, has_organisation: bool) -> Reach:
    """How far grants reach, and where they meet families: a list lasts as long as a grant that opens it.

    A township's officer who also speaks for a partner meets the families of the township, and sees those of the partner
    masked. Where every row that is seen is met, or none is, `met_spans` is None: nothing has to be asked of the row.
    Standing in for a helper opens that helper's list and not one's own.
    """
    held = list(grants)
    roles = frozenset(grant.role for grant in held)
    everywhere = spans(held)
    met = spans(grant for grant in held if grant.role in ROLES_THAT_MEET_FAMILIES)
    opening = roles & ROLES_OF_ORGANISATIONS if has_organisation else frozenset[GrantRole]()
    meets_organisation = bool(opening) and opening <= ROLES_THAT_MEET_FAMILIES
    is_mixed = bool(roles & ROLES_THAT_MEET_FAMILIES) and (
        met != everywhere or (bool(opening) and not meets_organisation)
    )
    own = any(grant.role in ROLES_OF_HELPERS for grant in held if grant.stands_in_for is None)
    others = tuple(sorted({grant.stands_in_for for grant in held if grant.stands_in_for is not None}))
    return Reach(everywhere, met if is_mixed else None, own, bool(opening), meets_organisation, others)


def hull(prefixes: tuple[str, ...]) -> tuple[str, str]:
    """The smallest half-open range of codes that holds all these subtrees; empty when there are none."""
    if not prefixes:
        return NOWHERE, NOWHERE
    return prefixes[0], prefixes[-1] + AFTER_EVERY_DIGIT


CHINA = timezone(timedelta(hours=8), "CST")  # one time zone, no summer time since 1991


@dataclass(frozen=True, slots=True)
class Actor:
    """A viewer about to do something, and when: every action's second argument. `at` is the server's clock."""

    viewer: Viewer
    at: datetime
    request_id: str | None = None
    device_id: str | None = None

    @property
    def id(self) -> uuid.UUID:
        """The account that acts. Actions are never anonymous but for reports of hardship."""
        if self.viewer.id is None:
            raise PermissionError("an anonymous viewer carries out no action")
        return self.viewer.id

    @property
    def today(self) -> date:
        """The day in China."""
        return self.at.astimezone(CHINA).date()
