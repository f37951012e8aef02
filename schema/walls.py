"""What the engine hands to the database about the viewer: parameters for wall 1, settings for wall 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Text, cast, func

from domain.access.queries import (
    HELPER_ID,
    MET_PREFIXES,
    ORGANISATION_ID,
    REGION_FROM,
    REGION_SPANS,
    REGION_TO,
    STANDS_IN_FOR,
    VIEWER_ID,
)
from schema.engine import of_viewer

# The names of wall 1's parameters in domain/access/queries.py follow the engine's convention (`viewer_` and the
# attribute), so it binds them by itself. These are the settings that the policies of migration 0003_walls read, made in
# every statement; '' stands for none.
SETTINGS: Final[Mapping[str, Any]] = {
    "ruhu.viewer_id": func.coalesce(cast(VIEWER_ID, Text), ""),
    "ruhu.region_from": REGION_FROM,
    "ruhu.region_to": REGION_TO,
    "ruhu.region_spans": func.coalesce(func.array_to_string(REGION_SPANS, ","), ""),
    "ruhu.helper_id": func.coalesce(cast(HELPER_ID, Text), ""),
    "ruhu.organisation_id": func.coalesce(cast(ORGANISATION_ID, Text), ""),
    "ruhu.met_spans": func.array_to_string(MET_PREFIXES, ","),
    "ruhu.stands_in_for": func.array_to_string(STANDS_IN_FOR, ","),
}

# What of a viewer is a constant in plans, so that PostgreSQL drops the arms of a scope, and the masks, that it decides.
FLAGS: Final = ("sees_by_region", "sees_by_list", "has_spans", "meets_families", "meets_some")

LANGUAGE = of_viewer("language", Text())  # "zh" or "en"
