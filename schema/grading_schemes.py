"""Schemes of grading and their levels: data, of which a region's policy names those in use."""

from __future__ import annotations

from typing import Any

import strawberry
from sqlalchemy import case

from domain.grades import models as m
from schema.engine import described, entity, everyone, many, planned, related, shows
from schema.terms import Term, terms
from schema.walls import LANGUAGE


def labelled(row: Any) -> Any:
    """What people read of a row that has both labels."""
    return case((LANGUAGE == "en", row.label_en), else_=row.label_zh)


@entity(m.GradeLevel, scope=everyone(), key=("scheme_code", "code"))
class GradeLevel:
    """A level of a scheme. 风险等级"""

    code: str = described("Its code, unique in its scheme: what inputs take. 等级代码")
    label: str = shows(labelled(m.GradeLevel), description="What people read. 名称")
    colour: str = described("The colour that marks it: RED, ORANGE, YELLOW, GREEN, BLUE, GREY. 颜色")
    rank: int = described("1 is the greatest risk; 0: not known. 序位")
    reasons: list[Term] = terms(
        "grade_reason",
        m.GradeLevel.reasons,
        description="The reasons that the scheme's document names for it. 评定理由",
    )


@entity(m.GradingScheme, scope=everyone(), key=("code",))
class GradingScheme:
    """A way to grade households; a region's policy says which it uses (GRADING_SCHEMES). 风险分级方案"""

    code: str = described("Its code, as policy names it. 方案代码")
    label: str = shows(labelled(m.GradingScheme), description="What people read. 名称")
    is_computed: bool = described("Reckoned from figures every night; else judged by people. 是否自动计算")
    categories: list[Term] = terms(
        "household_category", m.GradingScheme.categories, description="Whom it is for. 适用农户类型"
    )
    levels: list[GradeLevel] = related(
        m.GradingScheme.levels, order_by=("rank",), description="Its levels, by rank. 等级"
    )
    source: str = described("Where it comes from, and in which words. 依据")


@strawberry.type
class GradingSchemeQueries:
    """The root field for schemes."""

    @planned
    def grading_schemes(self) -> list[GradingScheme]:
        """All schemes that there are. 风险分级方案"""
        return many(GradingScheme, order_by=(m.GradingScheme.code,))
