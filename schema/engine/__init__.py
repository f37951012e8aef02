"""The read engine: a GraphQL selection becomes one SQL statement. It knows no noun of the domain. See docs/engine.md."""

from .answers import Answer
from .cache import Allowance
from .catalogue import Catalogue
from .checks import check
from .codecs import Codec, text_codec
from .connections import Connection, CountedConnection, Edge, PageInfo
from .engine import Engine, Pool
from .errors import DeclarationError, Unavailable, refused
from .filters import contains, equals, is_in, matches, some
from .orders import Order, by
from .watching import Watch, Watched
from .words import (
    argument,
    by_id,
    by_ids,
    composed,
    computed,
    described,
    either,
    entity,
    everyone,
    keyed,
    listed,
    many,
    of_context,
    of_parent,
    of_viewer,
    one,
    opened,
    page,
    pages,
    planned,
    related,
    rows_of,
    shows,
    the,
    through,
)

__all__ = [
    "Allowance",
    "Answer",
    "Catalogue",
    "Codec",
    "Connection",
    "CountedConnection",
    "DeclarationError",
    "Edge",
    "Engine",
    "Order",
    "PageInfo",
    "Pool",
    "Unavailable",
    "Watch",
    "Watched",
    "argument",
    "by",
    "by_id",
    "by_ids",
    "check",
    "composed",
    "computed",
    "contains",
    "described",
    "either",
    "entity",
    "equals",
    "everyone",
    "is_in",
    "keyed",
    "listed",
    "many",
    "matches",
    "of_context",
    "of_parent",
    "of_viewer",
    "one",
    "opened",
    "page",
    "pages",
    "planned",
    "refused",
    "related",
    "rows_of",
    "shows",
    "some",
    "text_codec",
    "the",
    "through",
]
