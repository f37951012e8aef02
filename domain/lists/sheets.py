"""Spreadsheets in and out (电子表格): a department's file read row by row, and the rows that go back to it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import chain, islice
from typing import Any, Final

import python_calamine
import xlsxwriter

from domain.lists.rules import MOST_ROWS, GivenRow

XLSX, CSV = "XLSX", "CSV"
UNPACKED_BYTES: Final = 300_000_000  # of a workbook: a hundred thousand rows have a tenth of it
LINES_BEFORE_HEADER: Final = 10  # a title, a date, the office that made the list
EXACT_BELOW: Final = 10**15  # a spreadsheet's numbers have fifteen digits

# What the column of each field may be called.
HEADERS: Final = {
    "name": {"姓名", "患者姓名", "学生姓名", "name"},
    "id_number": {"公民身份号码", "身份证号", "身份证号码", "身份证", "证件号码", "idnumber"},
    "village_code": {"行政村代码", "村代码", "行政区划代码", "villagecode"},
    "phone": {"联系电话", "电话", "手机号", "手机号码", "phone"},
    "amount": {"金额", "金额(元)", "自付金额", "自付金额(元)", "费用", "费用(元)", "amount"},
}


class CannotRead(Exception):
    """A file that is no list. `code` says why: LIST_UNREADABLE, LIST_HEADER_UNKNOWN, TOO_MANY_ROWS. Quotes nothing."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def kind_of(content: bytes) -> str:
    """XLSX or CSV, by what is in the file and not by what it is called; CannotRead for anything else."""
    if content.startswith(b"PK\x03\x04"):
        try:
            parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
        except (zipfile.BadZipFile, ValueError, OSError):
            raise CannotRead("LIST_UNREADABLE") from None
        # A few kilobytes can unpack to gigabytes.
        unpacked = sum(part.file_size for part in parts)
        if unpacked > UNPACKED_BYTES or "xl/workbook.xml" not in {part.filename for part in parts}:
            raise CannotRead("LIST_UNREADABLE")
        return XLSX
    if not content or b"\x00" in content:
        raise CannotRead("LIST_UNREADABLE")
    _decoded(content)
    return CSV


def rows_of(content: bytes, kind: str) -> Iterator[GivenRow]:
    """The rows under the header, of a workbook's first sheet; empty ones are counted and left out.

    Raises CannotRead, TOO_MANY_ROWS where the row too many comes.
    """
    lines = iter(_sheet(content) if kind == XLSX else csv.reader(io.StringIO(_decoded(content), newline="")))
    try:
        columns = _columns(lines)
        for number, line in enumerate(lines, 1):
            if number > MOST_ROWS:
                raise CannotRead("TOO_MANY_ROWS")
            texts = {field: _text(line[place]) for field, place in columns.items() if place < len(line)}
            if any(texts.values()):
                yield GivenRow(number, **texts)
    except (csv.Error, python_calamine.CalamineError):
        raise CannotRead("LIST_UNREADABLE") from None


def _sheet(content: bytes) -> Iterable[Sequence[Any]]:
    try:
        return python_calamine.load_workbook(io.BytesIO(content)).get_sheet_by_index(0).iter_rows()
    except (python_calamine.CalamineError, IndexError):
        raise CannotRead("LIST_UNREADABLE") from None


def _decoded(content: bytes) -> str:
    """Excel in China saves CSV as GB 18030, everything else as UTF-8, with a mark in front or without."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CannotRead("LIST_UNREADABLE")


def _columns(lines: Iterator[Sequence[Any]]) -> dict[str, int]:
    for line in islice(lines, LINES_BEFORE_HEADER):
        names = [_text(cell).replace(" ", "").replace("（", "(").replace("）", ")").lower() for cell in line]
        columns = {}
        for field, known in HEADERS.items():
            if called := [name for name in names if name in known]:
                columns[field] = names.index(called[0])
        if "id_number" in columns or {"name", "village_code"} <= set(columns) or {"name", "phone"} <= set(columns):
            return columns
    raise CannotRead("LIST_HEADER_UNKNOWN")


def _text(cell: Any) -> str:
    if isinstance(cell, float):
        if abs(cell) >= EXACT_BELOW:
            return f"{cell:.5E}"  # rules.ROUNDED: what stood there is gone
        return str(int(cell)) if cell.is_integer() else f"{cell:.2f}"
    return cell.isoformat() if isinstance(cell, date) else str(cell).strip()


# --- what goes back --------------------------------------------------------------------------------------------------

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def kept_text(text: str) -> str:
    """The text, so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_csv(header: Sequence[str], lines: Iterable[Sequence[str | int]]) -> bytes:
    """With a mark by which Excel knows UTF-8; a text that Excel would reckon out is kept a text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for line in chain([header], lines):
        writer.writerow([kept_text(cell) if isinstance(cell, str) else cell for cell in line])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(header: Sequence[str], lines: Iterable[Sequence[str | int]]) -> bytes:
    """A workbook of one sheet, in which texts are texts."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        for position, line in enumerate(chain([header], lines)):
            for column, cell in enumerate(line):
                if isinstance(cell, int):
                    sheet.write_number(position, column, cell)
                else:
                    sheet.write_string(position, column, cell)
    return out.getvalue()
