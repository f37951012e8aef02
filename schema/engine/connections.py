"""The public shape of pages, the same for every list: edges, nodes, pageInfo, and totalCount where it is offered."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

import strawberry

T = TypeVar("T")


@strawberry.type(description="Whether a list goes on, and where. 分页信息")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether rows follow this page. 是否还有下一页")
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last row of this page: send it back as `after`. 本页末行游标"
    )


@strawberry.type(description="A row of a page, with its place in the order. 列表中的一行")
class Edge(Generic[T]):
    node: T = strawberry.field(description="The row itself. 该行的对象")
    cursor: str = strawberry.field(description="Where this row stands: opaque, send it back as `after`. 游标")


@strawberry.type(description="One page of a list, in a total order. 分页列表")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The rows of this page with their cursors. 本页各行及游标")
    nodes: list[T] = strawberry.field(description="The rows of this page without cursors. 本页各行")
    page_info: PageInfo = strawberry.field(description="Whether the list goes on. 分页信息")


@strawberry.type(
    name="Connection", description="One page of a list, in a total order, with the length of the whole. 分页列表"
)
class CountedConnection(Generic[T]):
    """For types that offer a count. It counts every row in scope that fits the filter, which is not free."""

    edges: list[Edge[T]] = strawberry.field(description="The rows of this page with their cursors. 本页各行及游标")
    nodes: list[T] = strawberry.field(description="The rows of this page without cursors. 本页各行")
    page_info: PageInfo = strawberry.field(description="Whether the list goes on. 分页信息")
    total_count: int = strawberry.field(description="How many rows there are on all pages together. 总数")


CONNECTIONS = (Connection, CountedConnection)

First = Annotated[
    int, strawberry.argument(description="How many rows to bring at most; above the maximum is an error. 每页行数")
]
After = Annotated[
    str | None,
    strawberry.argument(description="The cursor after which the page begins; absent: from the start. 起始游标"),
]


def argument_types(first: int, filter: type | None, order: type | None) -> dict[str, tuple[Any, Any]]:
    """The arguments of a pages() field: name -> (type, default)."""
    ours: dict[str, tuple[Any, Any]] = {}
    if filter is not None:
        text = "Which rows; all conditions together. 筛选条件"
        ours["filter"] = (Annotated[filter | None, strawberry.argument(description=text)], strawberry.UNSET)
    if order is not None:
        text = "In which order; absent: the first of these. 排序方式"
        ours["order_by"] = (Annotated[order | None, strawberry.argument(description=text)], strawberry.UNSET)
    return ours | {"first": (First, first), "after": (After, strawberry.UNSET)}
