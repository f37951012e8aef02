"""Errors as data: what a mutation's payload says when a value is wrong, a rule forbids it, or somebody was faster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLError
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.scalars import JSON

from domain.access.rules import Viewer
from domain.base.errors import DomainError, Party, Problem, refused
from schema.context import Info
from schema.engine.errors import CODES, INTERNAL
from schema.enums import described_enum
from schema.messages import message

T = TypeVar("T")

WHAT_TO_DO = strawberry.argument(description="What is to be done. 输入")


@strawberry.interface(description="Something that a person or an app can mend. 可处理的错误")
class UserError:
    code: str = strawberry.field(description="Stable code from the published catalogue (docs/errors.md). 错误代码")
    message: str = strawberry.field(description="What is wrong, in the language of Accept-Language. 错误说明")
    path: list[str] = strawberry.field(
        description="Which input it is about, from the argument down; indices as text. 输入路径"
    )
    is_retryable: bool = strawberry.field(description="Whether the same request may succeed in a moment. 是否可重试")


@strawberry.type(description="A value that cannot be, or that a rule forbids. 无效的值")
class InvalidValue(UserError):
    pass


described_enum(
    Party,
    "Who can bring what is missing. 由谁提供",
    FAMILY="The family itself. 农户",
    HELPER="Whoever helps the family. 帮扶责任人",
    VILLAGE="The village. 村",
    TOWNSHIP="The township. 乡镇",
    COUNTY="The county. 县",
    DEPARTMENT="A department. 部门",
    TIME="Nobody: some days have to pass. 时间",
)


@strawberry.type(description="Something that has to be there first. 所需条件")
class Requirement:
    code: str = strawberry.field(description="Stable code from the same catalogue. 条件代码")
    message: str = strawberry.field(description="What it is, in the language of Accept-Language. 条件说明")
    from_whom: Party = strawberry.field(description="Who can bring it. 由谁提供")
    detail: JSON = strawberry.field(description="Which exactly: codes, days, ids. 明细")


@strawberry.type(description="Something is missing: what, and from whom. 缺少条件")
class MissingRequirement(UserError):
    requires: list[Requirement] = strawberry.field(description="Everything that it takes. 所需条件")


@strawberry.type(description="A field that somebody else changed since it was read. 字段冲突")
class FieldConflict(UserError):
    base: JSON | None = strawberry.field(description="What it was when the client read it. 读取时的值")
    current: JSON | None = strawberry.field(description="What it is now. 当前的值")
    yours: JSON | None = strawberry.field(description="What the client wanted it to be. 提交的值")


@strawberry.type(description="Too many at present: the same may be sent again later. 请求过多")
class TooMany(UserError):
    retry_after_seconds: int = strawberry.field(description="After how many seconds. 重试等待秒数")


def user_errors(problems: Iterable[Problem], language: str, *, is_retryable: bool = False) -> list[UserError]:
    """The problems as a client sees them."""
    return [_user_error(problem, language, is_retryable) for problem in problems]


def _user_error(problem: Problem, language: str, is_retryable: bool) -> UserError:
    common: dict[str, Any] = {
        "code": problem.code,
        "message": message(problem.code, language, problem.detail),
        "path": list(problem.path),
        "is_retryable": is_retryable,
    }
    if problem.is_conflict:
        return FieldConflict(**common, base=problem.base, current=problem.current, yours=problem.yours)
    if problem.requires:
        needed = [
            Requirement(
                code=one.code,
                message=message(one.code, language, one.detail),
                from_whom=one.of,
                detail=dict(one.detail),  # type: ignore[arg-type]  # a scalar of plain values
            )
            for one in problem.requires
        ]
        return MissingRequirement(**common, requires=needed)
    if "retryAfterSeconds" in problem.detail:
        return TooMany(**common, retry_after_seconds=problem.detail["retryAfterSeconds"])
    return InvalidValue(**common)


def phrased(error: GraphQLError, viewer: Viewer) -> dict[str, Any]:
    """What a client is told of an error. The engine and graphql-core speak English: a reader of Chinese has the catalogue's
    sentence, and whoever mends the document finds theirs under `extensions.detail`."""
    told: dict[str, Any] = dict(error.formatted)
    extensions = told.get("extensions", {})
    code = extensions.get("code")
    if viewer.language == "en" or code not in CODES:
        return told
    detail = {} if code == INTERNAL else {"detail": error.message}
    return told | {"message": message(code, viewer.language, {}), "extensions": extensions | detail}


async def asked(info: Info, query: Callable[[], Awaitable[T]]) -> T:
    """What a read by an ordinary resolver found, for whoever is signed in; what it refuses is the field's error."""
    actor = info.context.actor
    try:
        if not actor.viewer.is_signed_in:
            raise refused("SIGN_IN_REQUIRED")
        return await query()
    except DomainError as error:
        problem = error.problems[0]
        raise GraphQLError(
            message(problem.code, actor.viewer.language, problem.detail), extensions={"code": problem.code}
        ) from None


async def answered(info: Info, action: Callable[[AsyncSession], Awaitable[T]]) -> tuple[T | None, list[UserError]]:
    """Carry the action out for whoever is signed in: what it answered and no errors, or nothing and the errors.

    This is the whole of a mutation resolver's work; the read engine answers the payload's selection after the commit.
    """
    language = info.context.actor.viewer.language
    try:
        if not info.context.actor.viewer.is_signed_in:
            raise refused("SIGN_IN_REQUIRED")
        return await info.context.carry_out(action), []
    except DomainError as error:
        return None, user_errors(error.problems, language, is_retryable=error.is_retryable)
