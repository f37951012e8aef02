"""What families said: answers to the visit form (domain/visits/data/forms/ru-hu.json), findings and remarks."""

from __future__ import annotations

import random
from typing import Any

from domain.demo.families import Family

# Finding, and what the cadre noted down.
_FINDINGS = (
    ("INCOME_DROP", "本月务工收入减少，工地停工"),
    ("HEAVY_EXPENSE", "住院自付费用较高，正在申请医疗救助"),
    ("UNSOLD_PRODUCE", "李果成熟，销路不畅"),
    ("SERIOUS_ILLNESS", "近期确诊，需长期服药"),
    ("UNSAFE_WATER", "雨后水源浑浊"),
    ("UNTIDY_HOME", "院内堆放杂物，已提醒"),
    ("POLICY_NOT_DELIVERED", "产业奖补尚未到账"),
    ("UNEMPLOYED", "返乡后尚未找到工作"),
    ("MEMBER_CHANGE", "家庭成员有变动，已上报村委会"),
)
_REMARKS = (
    "家庭情况稳定",
    "宣传了医保和防返贫政策",
    "帮助联系农技员",
    "李树长势良好",
    "老人身体尚可",
    "孩子成绩有进步",
    None,
    None,
)
_WHEREABOUTS = ("邻居说上山干活", "全家走亲戚", "到县城看病", "外出务工，过年回来")


def answers(chance: random.Random, family: Family, contact: str, *, is_cut_short: bool = False) -> dict[str, Any]:
    """Answers that the form accepts. Cut short: somebody was called away, and only what is required is there."""
    if contact == "NOBODY_HOME":
        return {"isWholeFamilyAway": chance.random() < 0.4, "whereabouts": chance.choice(_WHEREABOUTS)}
    adults = sum(member.school_status is None for member in family.members)
    given: dict[str, Any] = {"adultsMet": chance.randint(1, max(adults, 1))}
    if contact == "REMOTE":
        given["isWholeFamilyAway"] = True
    elif not is_cut_short:
        for key in ("hasTelevision", "hasFan", "hasWeatherproofDoorsAndWindows"):
            given[key] = chance.random() < 0.96
        for key in ("isYardClean", "areRoomsClean", "isPersonClean"):
            given[key] = chance.random() < 0.85
    if is_cut_short:
        return given
    of_age = any(member.school_status in ("PRIMARY", "JUNIOR_SECONDARY") for member in family.members)
    given |= {
        "hasEnoughFood": True,
        "hasEnoughClothing": chance.random() < 0.98,
        "compulsoryEducation": "ALL_IN_SCHOOL" if of_age else "NO_CHILD_OF_AGE",
        "hasBasicMedicalCare": chance.random() < 0.97,
        "isHousingSafe": chance.random() < 0.96,
        "drinkingWater": chance.choices(("SAFE", "SHORT", "UNSAFE"), (94, 4, 2))[0],
        "needs": chance.choices(([], ["MEDICAL"], ["EMPLOYMENT"], ["INCOME", "SKILLS"], ["CARE"]), (70, 10, 8, 8, 4))[
            0
        ],
    }
    if not given["isHousingSafe"]:
        given["housingDangerGrade"] = chance.choice(("B", "C", "NOT_SURVEYED"))
    return given


def finding(chance: random.Random) -> tuple[str, str]:
    """A kind of finding, and the note to it."""
    return chance.choice(_FINDINGS)


def remark(chance: random.Random) -> str | None:
    """What the cadre wrote down, if anything."""
    return chance.choice(_REMARKS)
