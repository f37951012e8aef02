"""How families are made up: who lives together, how old they are, what they learned, how well they are.

`today` is the day of the load: ages hold on it, so the years of birth follow it; everything else is always the same.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from domain.base.chinese_ids import made_up_id_number
from domain.base.models import namespace_id
from domain.demo import people
from domain.demo.places import DemoVillage

# Kin in the order in which they fill a house: relation to the head, sex, age beyond the head's.
_Kin = tuple[str, str, int]
_YOUNG_HEAD: tuple[_Kin, ...] = (
    ("SPOUSE", "FEMALE", -2),
    ("SON", "MALE", -26),
    ("DAUGHTER", "FEMALE", -30),
    ("MOTHER", "FEMALE", 24),
    ("FATHER", "MALE", 27),
    ("DAUGHTER", "FEMALE", -33),
    ("YOUNGER_BROTHER", "MALE", -5),
)
_OLD_HEAD: tuple[_Kin, ...] = (
    ("SPOUSE", "FEMALE", -3),
    ("SON", "MALE", -27),
    ("DAUGHTER_IN_LAW", "FEMALE", -29),
    ("SONS_SON", "MALE", -54),
    ("SONS_DAUGHTER", "FEMALE", -57),
    ("SONS_DAUGHTER", "FEMALE", -59),
    ("MOTHER", "FEMALE", 22),
)
_SKIPPED_GENERATION: tuple[_Kin, ...] = (("SONS_SON", "MALE", -55),)
_MOTHER_AND_CHILD: tuple[_Kin, ...] = (("SON", "MALE", -27),)
OLDEST = 97
_DAYS = 28  # that every month has
SERIALS = 499  # for either sex, of the 999


@dataclass(slots=True)
class Spell:
    """One stay in the family; `ended_on` is the first day on which the person no longer counts."""

    started_on: date
    start_reason: str
    ended_on: date | None = None
    end_reason: str | None = None


@dataclass
class Member:
    """Somebody who belongs to a family, or did. `health`, `labour` and the schooling are terms, one of the last two None.

    The last of the `spells` is open as long as they belong to it.
    """

    key: str
    name: str
    sex: str
    relation: str
    born_on: date
    id_number: str
    labour: str
    health: list[str]
    education: str | None
    school_status: str | None
    disability_certificate: str | None
    spells: list[Spell]
    died_on: date | None = None

    @cached_property
    def id(self) -> uuid.UUID:
        return namespace_id(f"demo person {self.key}")

    @property
    def is_here(self) -> bool:
        return self.spells[-1].ended_on is None


@dataclass(slots=True)
class Family:
    """A household of the demo. `number` counts within the village, from 1; `people` are present and former members."""

    village: DemoVillage
    number: int
    category: str
    causes: list[str]
    registered_on: date
    people: list[Member] = field(default_factory=list)
    made: int = 0  # people made for it so far, those who were exchanged for others included

    @property
    def key(self) -> str:
        return f"{self.village.code} {self.number}"

    @property
    def members(self) -> list[Member]:
        """Who belongs to it now."""
        return [person for person in self.people if person.is_here]


class Families:
    """Makes families, each by its own chance: only their identity numbers depend on who was made before.

    Identity numbers are told apart by area, sex and serial. Where more people share an area than there are serials,
    they are counted in `laps`, and people of different laps are born on different days of the month.
    """

    def __init__(self, today: date, laps: int = 1) -> None:
        self.today = today
        self._counted: dict[tuple[int, str], int] = {}
        self._laps = laps

    def make(self, village: DemoVillage, number: int, size: int, category: str) -> Family:
        """A family of `size` present members."""
        chance = random.Random(f"family {village.code} {number}")  # noqa: S311 - made up, and the same each time
        registered = date(2014, 1 + chance.randrange(6), 1 + chance.randrange(28))
        if category == "ORDINARY":
            registered = date(2019, 3 + chance.randrange(6), 1 + chance.randrange(28))
        family = Family(village, number, category, [], registered)
        surname = people.surname(chance, village.ethnicity, village.surnames)
        for relation, sex, age in _composition(size, chance):
            self.add(family, chance, relation, sex, age, surname)
        family.causes = _causes(family, chance)
        return family

    def add(
        self,
        family: Family,
        chance: random.Random,
        relation: str,
        sex: str,
        age: int,
        surname: str,
        born_on: date | None = None,
    ) -> Member:
        """One more member; `born_on` where the day matters (and there is one lap only), else a day of the right year."""
        lap, serial = self._serial(family.village.area, sex)
        day = 1 + lap * (_DAYS // self._laps) + chance.randrange(_DAYS // self._laps)
        born = born_on or date(self.today.year - max(age, 1), 1 + chance.randrange(12), day)
        if relation in ("SPOUSE", "DAUGHTER_IN_LAW", "MOTHER"):
            surname = people.surname(chance, family.village.ethnicity, family.village.surnames)
        family.made += 1
        id_number = made_up_id_number(family.village.area, born, serial)
        education, school_status = _schooling(age, chance)
        health, labour = _health_and_labour(age, chance)
        if school_status is not None:
            labour = "NONE"
        member = Member(
            key=f"{family.key} {family.made}",
            name=people.name(chance, family.village.ethnicity, surname, sex, age),
            sex=sex,
            relation=relation,
            born_on=born,
            id_number=id_number,
            labour=labour,
            health=health,
            education=education,
            school_status=school_status,
            disability_certificate=_certificate(id_number, chance) if "DISABLED" in health else None,
            spells=[Spell(max(born, family.registered_on), "BIRTH" if born > family.registered_on else "REGISTERED")],
        )
        family.people.append(member)
        return member

    def _serial(self, area: int, sex: str) -> tuple[int, int]:
        """The lap, from 0, and the serial: odd for men, even for women."""
        counted = self._counted[area, sex] = self._counted.get((area, sex), -1) + 1
        lap, number = divmod(counted, SERIALS)
        if lap >= self._laps:
            raise ValueError(f"area {area} is full: {self._laps} laps of {SERIALS} people of either sex")
        return lap, 2 * number + (1 if sex == "MALE" else 2)


def sizes(count: int, people: int) -> list[int]:
    """`count` family sizes, one to seven, that make `people` together.

    >>> sizes(4, 15)
    [4, 5, 2, 4]
    """
    made = [(3, 4, 2, 4, 3, 5, 1, 3, 4, 6, 2, 3, 7)[i % 13] for i in range(count)]
    position = 0
    while (missing := people - sum(made)) != 0:
        step = 1 if missing > 0 else -1
        if 1 <= made[position % count] + step <= 7:
            made[position % count] += step
        position += 1
    return made


def _composition(size: int, chance: random.Random) -> list[tuple[str, str, int]]:
    if size == 1:
        return [("HEAD", chance.choice(("MALE", "MALE", "FEMALE")), chance.randint(62, 86))]
    head_sex, head_age, kin = "MALE", chance.randint(36, 57), _YOUNG_HEAD
    pick = chance.random()
    if size == 2 and pick < 0.25:
        head_sex, head_age, kin = chance.choice(("MALE", "FEMALE")), chance.randint(64, 75), _SKIPPED_GENERATION
    elif size == 2 and pick < 0.5:
        head_sex, kin = "FEMALE", _MOTHER_AND_CHILD
    elif size == 7 or pick < 0.45:
        head_age, kin = chance.randint(61, 73), _OLD_HEAD
    made = [("HEAD", head_sex, head_age)]
    for relation, sex, beyond in kin[: size - 1]:
        age = min(max(head_age + beyond + chance.randint(-2, 2), 1), OLDEST)
        made.append((relation, sex, age))
    return made


def _health_and_labour(age: int, chance: random.Random) -> tuple[list[str], str]:
    health = []
    if chance.random() < (0.45 if age >= 60 else 0.08):
        health.append("CHRONIC_ILLNESS")
    if chance.random() < (0.12 if age >= 50 else 0.03):
        health.append("SERIOUS_ILLNESS")
    if age >= 5 and chance.random() < 0.07:
        health.append("DISABLED")
    if age < 16 or age >= 75:
        return health or ["HEALTHY"], "NONE"
    if "DISABLED" in health and "SERIOUS_ILLNESS" in health:
        return health, "LOST"
    if health or age >= 62:
        return health or ["HEALTHY"], "WEAK_OR_HALF"
    return ["HEALTHY"], "SKILLED" if chance.random() < 0.2 else "ORDINARY"


def _schooling(age: int, chance: random.Random) -> tuple[str | None, str | None]:
    """Education or school status: exactly one."""
    for below, status in ((3, "BEFORE_PRESCHOOL"), (6, "PRESCHOOL"), (12, "PRIMARY"), (15, "JUNIOR_SECONDARY")):
        if age < below:
            return None, status
    if age < 18:
        return None, chance.choice(("SENIOR_SECONDARY", "SECONDARY_VOCATIONAL"))
    if age < 22 and chance.random() < 0.5:
        return None, chance.choice(("JUNIOR_COLLEGE", "UNDERGRADUATE"))
    if age < 40:
        return chance.choice(("JUNIOR_SECONDARY", "SENIOR_SECONDARY", "JUNIOR_COLLEGE")), None
    return chance.choice(("PRIMARY", "PRIMARY", "JUNIOR_SECONDARY", "ILLITERATE" if age > 60 else "PRIMARY")), None


def _certificate(id_number: str, chance: random.Random) -> str:
    return f"{id_number}{chance.randint(1, 7)}{chance.randint(1, 4)}"


def _causes(family: Family, chance: random.Random) -> list[str]:
    """What the family's members suggest, main cause first, three at most; none for ordinary families."""
    if family.category == "ORDINARY":
        return []
    found = []
    if any("SERIOUS_ILLNESS" in member.health or "CHRONIC_ILLNESS" in member.health for member in family.members):
        found.append("ILLNESS")
    if any("DISABLED" in member.health for member in family.members):
        found.append("DISABILITY")
    if any(member.school_status in ("UNDERGRADUATE", "JUNIOR_COLLEGE") for member in family.members):
        found.append("STUDY")
    if not any(member.labour in ("ORDINARY", "SKILLED") for member in family.members):
        found.append("LACK_OF_LABOUR")
    return found[:3] or [chance.choice(("LACK_OF_SKILLS", "LACK_OF_FUNDS", "DISASTER"))]
