"""What partners rely on beside the pairing itself: agreements, whom to call, changes to read on from. Pure."""

from __future__ import annotations

import re
import uuid
from datetime import date
from typing import Any, Final

from domain.access.rules import GrantRole
from domain.base.errors import Problem
from domain.pairings.rules import DECIDES

# Who files an agreement: who decides on pairings, and the organisation whose it is.
FILES_AGREEMENTS: Final = frozenset({*DECIDES, GrantRole.PARTNER, GrantRole.DEPARTMENT})
TITLE_LIMIT: Final = 200
MOST_BYTES: Final = 50_000_000
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DOCUMENTS: Final = frozenset({"application/pdf", "image/jpeg", "image/png"})


def file_problems(sha256: str | None, byte_size: int | None, media_type: str | None) -> list[Problem]:
    """REQUIRED, SHA256_INVALID, MEDIA_TYPE_UNKNOWN, OUT_OF_RANGE: a file is known by hash, size and kind, or not at all."""
    given = {"sha256": sha256, "byteSize": byte_size, "mediaType": media_type}
    if all(value is None for value in given.values()):
        return []
    problems = [Problem("REQUIRED", ("input", field)) for field, value in given.items() if value is None]
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        problems.append(Problem("SHA256_INVALID", ("input", "sha256")))
    if media_type is not None and media_type not in _DOCUMENTS:
        problems.append(Problem("MEDIA_TYPE_UNKNOWN", ("input", "mediaType"), {"mediaType": media_type[:80]}))
    if byte_size is not None and not 0 < byte_size <= MOST_BYTES:
        problems.append(Problem("OUT_OF_RANGE", ("input", "byteSize"), {"at_least": 1, "at_most": MOST_BYTES}))
    return problems


def term_problems(signed_on: date | None, ends_on: date | None) -> list[Problem]:
    """END_BEFORE_START: an agreement holds for a day at least."""
    if signed_on is None or ends_on is None or ends_on > signed_on:
        return []
    return [Problem("END_BEFORE_START", ("input", "endsOn"), {"startedOn": signed_on})]


def contact_problems(
    field: str, helper: Any, today: date, *, of_organisation: uuid.UUID | None = None
) -> list[Problem]:
    """NOT_FOUND, HAS_ENDED, CONTACT_NOT_THEIRS: whom to call is somebody who is still there, and of that organisation.

    helper: (organisation_id, ended_on) as it stands; None where there is none. of_organisation: None asks nothing of it.
    """
    path = ("input", field)
    if helper is None:
        return [Problem("NOT_FOUND", path)]
    organisation_id, ended_on = helper
    problems = []
    if ended_on is not None and ended_on <= today:
        problems.append(Problem("HAS_ENDED", path, {"endedOn": ended_on}))
    if of_organisation is not None and organisation_id != of_organisation:
        problems.append(Problem("CONTACT_NOT_THEIRS", path))
    return problems
