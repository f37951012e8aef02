"""Whatever has an id of its own can be asked for by it."""

from __future__ import annotations

from typing import Annotated

import strawberry

from schema.engine import by_id, by_ids, planned


@strawberry.interface(description="Something with an id of its own. 有唯一标识的对象")
class Node:
    id: strawberry.ID = strawberry.field(description="Globally unique id: a UUID. 唯一标识")


@strawberry.type
class NodeQueries:
    """Root fields that find anything by its id."""

    @planned
    def node(self, id: Annotated[strawberry.ID, strawberry.argument(description="The id. 唯一标识")]) -> Node | None:
        """One object by its id; null when it is not there or not for the viewer. 按标识查对象"""
        return by_id(Node, id)

    @planned
    def nodes(
        self, ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 500 ids. 唯一标识列表")]
    ) -> list[Node | None]:
        """Objects by their ids, in the order asked; null where there is none to be seen. 按标识批量查对象"""
        return by_ids(Node, ids)
