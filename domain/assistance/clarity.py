"""What can be missing of the five that are to be clear (五个清楚). The expressions that find it are in coverage.py."""

from __future__ import annotations

import enum


class ClarityGap(enum.StrEnum):
    """What is missing (不清楚之处)."""

    HEAD_MISSING = "HEAD_MISSING"
    ID_NUMBER_MISSING = "ID_NUMBER_MISSING"
    CAUSE_MISSING = "CAUSE_MISSING"
    MEASURE_MISSING = "MEASURE_MISSING"
    CAUSE_UNANSWERED = "CAUSE_UNANSWERED"
    MEASURE_WITHOUT_CAUSE = "MEASURE_WITHOUT_CAUSE"
    MEMBER_WITHOUT_MEASURE = "MEMBER_WITHOUT_MEASURE"
    PLAN_MISSING = "PLAN_MISSING"
    NOTHING_DELIVERED = "NOTHING_DELIVERED"
    WITNESS_MISSING = "WITNESS_MISSING"
    ANALYSIS_MISSING = "ANALYSIS_MISSING"
