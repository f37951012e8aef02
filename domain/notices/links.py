"""Addresses of notices: nobody guesses one, and none leads to the next. Pure, but for the key that comes in.

A notice hangs in public, but on one wall, for some days. On the network it is as public and no more: whoever was given its
address reads it while it hangs. Ids and village codes alone open nothing, so nobody walks through all families of a county.
"""

from __future__ import annotations

import base64
import hmac
import re
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol

BOARD_DAYS: Final = 7  # ASSUMPTION: time to print a village's board; the next one has another address
_SIGNATURE_BYTES: Final = 10  # 80 bits, 16 characters
_NOTICE: Final = re.compile(r"([0-9a-f]{32})-([a-z2-7]{16})", re.ASCII)
_BOARD: Final = re.compile(r"([0-9]{12})-([0-9]{8})-([a-z2-7]{16})", re.ASCII)


class Mac(Protocol):
    """A keyed hash of an installation: 32 bytes that only it can make of these parts."""

    def __call__(self, use: str, *parts: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Board:
    """The board of a village (公示栏), which may be read until a day."""

    village_code: str
    until_on: date

    def address(self, mac: Mac) -> str:
        """As it stands in an address: 350125201203-20261129-k7qm2xfa4rtbwd5h."""
        return f"{self.village_code}-{self.until_on:%Y%m%d}-{_signature(mac, self)}"


def board_of(village_code: str, today: date) -> Board:
    """The board as it is asked for today."""
    return Board(village_code, today + timedelta(days=BOARD_DAYS))


def notice_address(notice_id: uuid.UUID, mac: Mac) -> str:
    """As it stands in an address: the notice's id, and a signature."""
    return f"{notice_id.hex}-{_signature(mac, notice_id)}"


def notice_read(address: str, mac: Mac) -> uuid.UUID | None:
    """The notice of an address; None for what was not made here."""
    found = _NOTICE.fullmatch(address)
    if found is None:
        return None
    notice_id = uuid.UUID(found[1])
    return notice_id if hmac.compare_digest(found[2], _signature(mac, notice_id)) else None


def board_read(address: str, mac: Mac) -> Board | None:
    """The board of an address, whether or not its day is past; None for what was not made here."""
    found = _BOARD.fullmatch(address)
    if found is None:
        return None
    try:
        board = Board(found[1], date(int(found[2][:4]), int(found[2][4:6]), int(found[2][6:])))
    except ValueError:
        return None
    return board if hmac.compare_digest(found[3], _signature(mac, board)) else None


def _signature(mac: Mac, of: uuid.UUID | Board) -> str:
    if isinstance(of, Board):
        made = mac("notice board", of.village_code.encode(), of.until_on.isoformat().encode())
    else:
        made = mac("notice", of.bytes)
    return base64.b32encode(made[:_SIGNATURE_BYTES]).decode().lower()
