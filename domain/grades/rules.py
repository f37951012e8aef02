"""Who grades a household, when, and why. Pure: facts and the day come in as arguments."""

from __future__ import annotations

import enum


class GradeState(enum.StrEnum):
    """Where a grade stands (评定状态), domain.md §5: the village proposes, the township reviews, the county files."""

    PROPOSED = "PROPOSED"
    REVIEWED = "REVIEWED"
    FILED = "FILED"
    RETURNED = "RETURNED"
    SUPERSEDED = "SUPERSEDED"
