"""Survey forms, for phones to keep: the questions of every published version."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import strawberry
from sqlalchemy import case, func
from strawberry.scalars import JSON

from domain.visits import models as m
from schema.engine import described, entity, everyone, many, planned, shows
from schema.walls import LANGUAGE


def _mark(at: Any) -> Any:
    # Fixed width, so that marks compare as text, and a client's nonsense is only a text that compares oddly.
    return func.to_char(func.timezone("UTC", at), 'YYYYMMDD"T"HH24MISS.US')


@entity(m.SurveyForm, scope=everyone())
class SurveyForm:
    """One version of a form. Published versions never change; visits name the version that they answered. 调查表"""

    id: strawberry.ID = described("The id of the form, the same for all its versions. 调查表标识")
    version: int = described("The version, counted from 1. 版本号")
    code: str = described("A name for programs. 代码")
    title: str = shows(
        case((LANGUAGE == "en", m.SurveyForm.title_en), else_=m.SurveyForm.title_zh),
        description="What people read, in the client's language. 标题",
    )
    questions: JSON = described(
        "Its questions in order. Each has key, kind (boolean, integer, decimal, text, date, choice, choices), "
        "label {zh, en}, and where it applies isRequired, choices [{code, label}], minimum, maximum and askedWhen "
        "{contact: […]} or {key, is}. 问题列表"
    )
    published_on: date = described("The first day on which it may be answered. 发布日期")
    retired_on: date | None = described("From this day a newer version is to be used; null while none is. 停用日期")
    changed: str = shows(
        _mark(m.SurveyForm.changed_at),
        description="Grows with every change: send the greatest back as `changedSince`. 变更标记",
    )


@strawberry.type
class SurveyFormQueries:
    """The root field for forms."""

    @planned
    def survey_forms(
        self,
        changed_since: Annotated[
            str | None,
            strawberry.argument(description="The greatest `changed` the client has; absent: all forms. 已有变更标记"),
        ] = None,
    ) -> list[SurveyForm]:
        """All versions of all forms, or those that changed since. 调查表列表"""
        newer = () if changed_since is None else (_mark(m.SurveyForm.changed_at) > changed_since,)
        return many(SurveyForm, *newer, order_by=(m.SurveyForm.code, m.SurveyForm.version))
