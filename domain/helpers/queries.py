"""Reads about helpers and organisations that are not plain columns: what of them is private, and the search by name."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, or_
from sqlalchemy.orm import InstrumentedAttribute

from domain.access.queries import HELPER_ID, ORGANISATION_ID, in_region, meets
from domain.base.models import sealed_text
from domain.helpers.models import Helper, Organisation

T = TypeVar("T")


def knows_helper() -> ColumnElement[bool]:
    """Whether the viewer reads a helper's private columns: officers of the helper's region, and the helper themself."""
    return or_(and_(in_region(Helper.region_code), meets(Helper.region_code)), Helper.id == HELPER_ID)


def knows_organisation() -> ColumnElement[bool]:
    """The same for an organisation."""
    return or_(
        and_(in_region(Organisation.region_code), meets(Organisation.region_code)), Organisation.id == ORGANISATION_ID
    )


def only_if(knows: ColumnElement[bool], column: SQLColumnExpression[T]) -> SQLColumnExpression[T | None]:
    """A private column; null for everybody else."""
    return case((knows, column))


def known_phone(knows: ColumnElement[bool], of: type[Helper] | type[Organisation]) -> SQLColumnExpression[str | None]:
    """The sealed number, for who knows its owner."""
    return case((knows, sealed_text(f"{of.__tablename__}.phone", of.id, of.phone_sealed)))


def is_named_like(name: InstrumentedAttribute[str], search: Any) -> ColumnElement[bool]:
    """The name contains `search`, which is taken as it stands: no character in it has a meaning of its own.

    Unlike divisions, people have names of two and three characters and are looked for by any one of them: too short for
    trigrams. So every name in question is compared, which strpos does faster than LIKE; there are far fewer helpers than
    households, and a region in the filter leaves a few hundred.
    """
    return func.strpos(name, search) > 0
