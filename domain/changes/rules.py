"""What it means that two contents are the same. Pure.

Phones resend what they are not sure has arrived, through other JSON libraries, after an update of the app, with keys in
another order. The hash therefore stands on parsed values: nulls dropped, instants in UTC milliseconds, decimals
normalised, sets sorted, then RFC 8785. HASH_VERSION is stored with it, so that the rule can change one day.
"""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Mapping, Set
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import rfc8785

HASH_VERSION = 1


def content_hash(content: Mapping[str, Any]) -> str:
    """64 hex digits; equal exactly for equal meaning."""
    return hashlib.sha256(rfc8785.dumps(_canonical(content))).hexdigest()


def _canonical(value: Any) -> Any:
    match value:
        case str():  # most values; asking whether they are a Mapping costs more than all the rest
            return value
        case Mapping():
            return {str(key): _canonical(item) for key, item in value.items() if item is not None}
        case Set():
            return sorted((_canonical(item) for item in value), key=str)
        case list() | tuple():
            return [_canonical(item) for item in value]
        case datetime():
            return int(value.astimezone(UTC).timestamp() * 1000)
        case Decimal():
            return format(value.normalize(), "f")
        case date() | uuid.UUID():
            return str(value)
        case float() if not math.isfinite(value):
            return str(value)  # no number of JSON; whoever judges the content will refuse it
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case int() if abs(value) >= 2**53:
            return str(value)  # JSON numbers end there
        case _:
            return value
