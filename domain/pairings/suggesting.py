"""Who might help (结对建议): those who fit a role, the nearest and least burdened first. Somebody decides; nothing is done.

Only officers in whose region the helped side lies are told: it is they who decide.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Double,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    case,
    cast,
    column,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
)

from domain.access.queries import in_region, sees_household
from domain.helpers.models import Helper, Organisation
from domain.helpers.queries import knows_helper
from domain.households.models import Household, Person
from domain.households.queries import shown_point
from domain.pairings.fitting import FITS
from domain.pairings.models import Pairing
from domain.pairings.queries import holds_on, sees_pairing
from domain.pairings.rules import WEALTH_CREATION_LEADER
from domain.policy.queries import as_text, value_of
from domain.regions.models import Village

COLUMNS: Final[dict[str, Any]] = {
    "id": Uuid(),
    "helper_id": Uuid(),
    "organisation_id": Uuid(),
    "shared_digits": BigInteger(),
    "load": BigInteger(),
    "is_full": Boolean(),
    "metres": Double(),
}
# role, whether it is a helper, kind: as FITS has them. A role that is not in it is open to everybody.
_ROWS: Final = [
    (role, is_helper, kind)
    for role, fit in FITS.items()
    for is_helper, kinds in ((True, fit.helpers), (False, fit.organisations))
    for kind in sorted(kinds)
]
_FITTING: Final = (
    func.unnest(
        literal([role for role, _, _ in _ROWS], ARRAY(Text())),
        literal([is_helper for _, is_helper, _ in _ROWS], ARRAY(Boolean())),
        literal([kind for _, _, kind in _ROWS], ARRAY(Text())),
    )
    .table_valued(column("role", Text()), column("is_helper", Boolean()), column("kind", Text()), name="fitting")
    .render_derived()
)
_ROLES: Final = literal(list(FITS), ARRAY(Text()))


def suggestions(role: Any, household_id: Any, person_id: Any, village_id: Any, day: Any) -> Select[Any]:
    """Who fits a role for one household, person or village and has it not yet, with the columns of COLUMNS.

    shared_digits: how much of the region codes is the same: 12 of the same village, 9 township, 6 county, 4 prefecture;
    0 from elsewhere, who are not listed. metres: from the helped side's dwelling to the nearest family that the helper
    has already, as the viewer is shown both; null where either is not known. is_full: at the region's MOST_PAIRINGS.
    """
    target = _target(household_id, person_id, village_id)
    candidates = union_all(_candidates(Helper, role, target, day), _candidates(Organisation, role, target, day))
    found = candidates.subquery("candidates")
    load, nearest = _burden(found, day)
    at_most = cast(as_text(value_of("MOST_PAIRINGS", found.c.region_code, day)), BigInteger())
    return select(
        found.c.id,
        found.c.helper_id,
        found.c.organisation_id,
        found.c.shared_digits,
        load.label("load"),
        (load >= at_most).label("is_full"),
        nearest.label("metres"),
    )


def _target(household_id: Any, person_id: Any, village_id: Any) -> Any:
    """Where the helped side is: (id, region_code, point), if the viewer sees it and decides there."""
    of_person = select(Person.household_id).where(Person.id == person_id).correlate(None).scalar_subquery()
    home = or_(Household.id == household_id, Household.id == of_person)
    helped = func.coalesce(cast(person_id, Uuid()), Household.id)
    families: Any = select(
        helped.label("id"), Household.region_code.label("region_code"), shown_point().label("point")
    ).where(home, sees_household(Household.region_code, Household.id), in_region(Household.region_code))
    villages = select(Village.id, Village.region_code, cast(null(), Household.location.type)).where(
        Village.id == village_id, in_region(Village.region_code)
    )
    return union_all(families, villages).subquery("target")


def _candidates(of: type[Helper] | type[Organisation], role: Any, target: Any, day: Any) -> Select[Any]:
    is_helper = of is Helper
    own = Pairing.helper_id if is_helper else Pairing.organisation_id
    held = (
        select(literal(1))
        .where(own == of.id, Pairing.helped_id == target.c.id, Pairing.role == role, holds_on(day))
        .correlate_except(Pairing)
    )
    fits = select(literal(1)).where(
        _FITTING.c.role == role, _FITTING.c.is_helper == literal(is_helper), _FITTING.c.kind == of.kind
    )
    open_to_all = not_(cast(role, Text()) == any_(_ROLES))
    shared = case(
        *(
            (func.left(of.region_code, digits) == func.left(target.c.region_code, digits), digits)
            for digits in (12, 9, 6, 4)
        ),
        else_=0,
    )
    nearby = or_(
        func.left(of.region_code, 6) == func.left(target.c.region_code, 6),
        target.c.region_code.op("^@")(of.region_code),
    )
    found = (
        select(
            of.id.label("id"),
            (of.id if is_helper else cast(null(), Uuid())).label("helper_id"),
            (cast(null(), Uuid()) if is_helper else of.id).label("organisation_id"),
            shared.label("shared_digits"),
            target.c.region_code,
            target.c.point,
        )
        .select_from(of.__table__.join(target, true()))
        .where(nearby, or_(of.ended_on.is_(None), of.ended_on > day))
        .where(or_(fits.correlate_except(_FITTING).exists(), open_to_all), ~held.exists())
    )
    if of is not Helper:
        return found
    # 本村党员: of the same village, and a party member, as far as the officer may know it.
    same = and_(Helper.region_code == target.c.region_code, Helper.is_party_member, knows_helper())
    return found.where(or_(cast(role, Text()) != WEALTH_CREATION_LEADER, same))


def _burden(found: Any, day: Any) -> tuple[Any, Any]:
    """How many open pairings a candidate has, and how far the nearest of those families is."""
    own = or_(Pairing.helper_id == found.c.helper_id, Pairing.organisation_id == found.c.organisation_id)
    load = select(func.count()).select_from(Pairing).where(own, holds_on(day), sees_pairing())
    metres = func.ST_Distance(func.geography(shown_point()), func.geography(found.c.point))
    nearest = (
        select(func.min(metres))
        .where(Household.id == Pairing.household_id)
        .where(own, holds_on(day), sees_pairing(), sees_household(Household.region_code, Household.id))
    )
    return (
        load.correlate(found).scalar_subquery(),
        nearest.correlate(found).scalar_subquery(),
    )
