"""The whole public language: every noun's root fields, joined."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.client_config import ClientConfigQueries
from schema.node import NodeQueries
from schema.regions import RegionQueries
from schema.scalars import SCALAR_MAP
from schema.terms import TermQueries
from schema.viewer import ViewerQueries


@strawberry.type(description="Everything that can be asked. 查询")
class Query(ClientConfigQueries, ViewerQueries, NodeQueries, RegionQueries, TermQueries):
    """Plain data is answered by the read engine in one SQL statement per request."""


schema = strawberry.Schema(
    Query,
    config=StrawberryConfig(scalar_map=SCALAR_MAP, disable_field_suggestions=True),
)
