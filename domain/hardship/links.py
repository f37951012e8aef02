"""The link of a village's poster (村级二维码): which village, until when, and that an officer here had it made. Pure.

It is no secret, as it hangs on a wall, and opens nothing: it saves people twelve digits, and lets the page say so when a
poster is of another year or somebody's forgery.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from domain.hardship.receipts import ALPHABET, Mac

LINK_DAYS: Final = 400  # CONVENTION: a year on the wall, and time to print the next
SIGNATURE_LENGTH: Final = 12  # characters: 59 bits, for a thing that opens nothing
_LINK: Final = re.compile(r"([0-9]{12})-([0-9]{8})-([2-9A-HJKMNP-Z]{12})", re.ASCII)


@dataclass(frozen=True, slots=True)
class VillageLink:
    """A link that was made here. until_on: the last day on which it holds."""

    village_code: str
    until_on: date

    def text(self, mac: Mac) -> str:
        """As it stands in an address: 350125201203-20271227-K7QM2XFA9RTB."""
        return f"{self.village_code}-{self.until_on:%Y%m%d}-{_signature(self.village_code, self.until_on, mac)}"


def link_made(village_code: str, today: date) -> VillageLink:
    """A link for a village's poster that is printed today."""
    return VillageLink(village_code, today + timedelta(days=LINK_DAYS))


def link_read(text: str, mac: Mac) -> VillageLink | None:
    """The link, whether or not its day is past; None for what was not made here."""
    found = _LINK.fullmatch(text)
    if found is None:
        return None
    code, day, signature = found.groups()
    try:
        until_on = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError:
        return None
    return VillageLink(code, until_on) if hmac.compare_digest(signature, _signature(code, until_on, mac)) else None


def _signature(village_code: str, until_on: date, mac: Mac) -> str:
    number = int.from_bytes(mac("village link", village_code.encode(), until_on.isoformat().encode()))
    signature = ""
    for _ in range(SIGNATURE_LENGTH):
        number, value = divmod(number, len(ALPHABET))
        signature += ALPHABET[value]
    return signature
