"""Spreadsheets that are written while they are sent: nobody holds a county's ledger in memory, and no disk holds a name.

A workbook is a zip of a few small parts and one long one (ECMA-376); the long one is written page by page. Texts stand in
their cells and not in a table of texts at the end, and are never formulas.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias
from xml.sax.saxutils import escape

from domain.lists.sheets import kept_text

if TYPE_CHECKING:
    from typing_extensions import Buffer

Cell: TypeAlias = str | int | Decimal | None
Line: TypeAlias = Sequence[Cell]
Writer: TypeAlias = Callable[[Line, AsyncIterator[Sequence[Line]]], AsyncIterator[bytes]]

BYTE_ORDER_MARK: Final = "\ufeff"  # by which Excel knows UTF-8


async def as_csv(header: Line, pages: AsyncIterator[Sequence[Line]]) -> AsyncIterator[bytes]:
    """One piece for the header and one for each page. What a spreadsheet would reckon out is kept a text."""
    yield (BYTE_ORDER_MARK + _csv_lines([header])).encode()
    async for lines in pages:
        yield _csv_lines(lines).encode()


def _csv_lines(lines: Sequence[Line]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([kept_text(cell) if isinstance(cell, str) else cell for cell in line] for line in lines)
    return out.getvalue()


# --- workbooks -------------------------------------------------------------------------------------------------------

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS: Final = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="台账" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
_SHEET: Final = f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>', "</sheetData></worksheet>"
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Pipe(io.RawIOBase):
    """What a zip is written into: it cannot go back in it, so it writes each part's size behind the part."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: Buffer) -> int:
        size = len(self._written)
        self._written += piece
        return len(self._written) - size

    def taken(self) -> bytes:
        piece = bytes(self._written)
        self._written.clear()
        return piece


async def as_xlsx(header: Line, pages: AsyncIterator[Sequence[Line]]) -> AsyncIterator[bytes]:
    """A workbook of one sheet, sent as far as it is written after each page."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in _PARTS.items():
            book.writestr(_part(name), text)
        with book.open(_part("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as sheet:
            sheet.write(f"{_SHEET[0]}{_row(header)}".encode())
            yield pipe.taken()
            async for lines in pages:
                sheet.write("".join(map(_row, lines)).encode())
                yield pipe.taken()
            sheet.write(_SHEET[1].encode())
    yield pipe.taken()


def _part(name: str) -> zipfile.ZipInfo:
    """Of no day: the same rows make the same file."""
    part = zipfile.ZipInfo(name)
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


def _row(line: Line) -> str:
    return "".join(chain(["<row>"], map(_cell, line), ["</row>"]))


def _cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, str):
        text = escape(_NO_XML.sub("", cell))
        return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    return f"<c><v>{cell}</v></c>"
