"""What happened to families in the year before: births, deaths, weddings, people who came back.

A story never changes how many belong to a family now, because the figures of the sources must come out: whoever is born
or marries in takes the place of somebody like them, whoever dies or marries out is one more former member.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from domain.demo import people
from domain.demo.families import Families, Family, Member, Spell


@dataclass(frozen=True, slots=True)
class Change:
    """A day on which the members changed: who came, who went."""

    on: date
    joined: tuple[Member, ...] = ()
    left: tuple[Member, ...] = ()


def live_through_a_year(maker: Families, family: Family) -> list[Change]:
    """Let some things happen to the family, by its own chance; in order of their days."""
    chance = random.Random(f"story {family.key}")  # noqa: S311
    tellers = ((_birth, 0.35), (_death, 0.12), (_wedding, 0.35), (_daughters_wedding, 0.1), (_return, 0.2))
    told = [teller(maker, family, chance) for teller, likely in tellers if chance.random() < likely]
    return sorted((change for change in told if change is not None), key=lambda change: change.on)


def _some_day(maker: Families, chance: random.Random, earliest: int = 350) -> date:
    return maker.today - timedelta(days=chance.randint(12, earliest))


def _find(family: Family, *relations: str, below: int, today: date) -> Member | None:
    return next((m for m in family.members if m.relation in relations and today.year - m.born_on.year < below), None)


def _birth(maker: Families, family: Family, chance: random.Random) -> Change | None:
    """The youngest child turns out to be a newborn."""
    child = _find(family, "SONS_SON", "SONS_DAUGHTER", "SON", "DAUGHTER", below=6, today=maker.today)
    if child is None:
        return None
    born_on = _some_day(maker, chance)
    family.people.remove(child)
    surname = child.name.rpartition("·")[2] if "·" in child.name else child.name[0]
    newborn = maker.add(family, chance, child.relation, child.sex, 0, surname, born_on)
    return Change(born_on, joined=(newborn,))


def _death(maker: Families, family: Family, chance: random.Random) -> Change | None:
    """A parent of the head dies, who is not among the members already."""
    head = next(member for member in family.members if member.relation == "HEAD")
    age = maker.today.year - head.born_on.year + 25
    relation, sex = chance.choice((("FATHER", "MALE"), ("MOTHER", "FEMALE")))
    if age > 92 or any(member.relation == relation for member in family.members):
        return None
    surname = people.surname(chance, family.village.ethnicity, family.village.surnames)
    parent = maker.add(family, chance, relation, sex, age, surname)
    died_on = _some_day(maker, chance)
    parent.died_on = parent.spells[-1].ended_on = died_on
    parent.spells[-1].end_reason = "DEATH"
    return Change(died_on, left=(parent,))


def _wedding(maker: Families, family: Family, chance: random.Random) -> Change | None:
    bride = _find(family, "DAUGHTER_IN_LAW", below=34, today=maker.today)
    if bride is None:
        return None
    wedding_on = _some_day(maker, chance)
    bride.spells = [Spell(wedding_on, "MARRIED_IN")]
    return Change(wedding_on, joined=(bride,))


def _daughters_wedding(maker: Families, family: Family, chance: random.Random) -> Change | None:
    """A grown daughter has left for her husband's family."""
    if maker.today.year - family.members[0].born_on.year < 46:
        return None
    surname = people.surname(chance, family.village.ethnicity, family.village.surnames)
    daughter = maker.add(family, chance, "DAUGHTER", "FEMALE", chance.randint(21, 24), surname)
    wedding_on = _some_day(maker, chance)
    daughter.spells[-1].ended_on, daughter.spells[-1].end_reason = wedding_on, "MARRIED_OUT"
    return Change(wedding_on, left=(daughter,))


def _return(maker: Families, family: Family, chance: random.Random) -> Change | None:
    """A grown son, registered elsewhere for some years, is back."""
    son = next((m for m in family.members if m.relation == "SON" and maker.today.year - m.born_on.year >= 24), None)
    if son is None:
        return None
    back_on = _some_day(maker, chance)
    gone_on = back_on - timedelta(days=chance.randint(400, 1000))
    son.spells = [
        Spell(son.spells[0].started_on, son.spells[0].start_reason, gone_on, "LEFT"),
        Spell(back_on, "RETURNED"),
    ]
    return Change(back_on, joined=(son,))
