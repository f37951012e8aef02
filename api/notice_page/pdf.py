"""Notices as a PDF to be printed: one A4 page each.

The font is the one that every reader of PDF knows for simplified Chinese by name (STSong-Light, Adobe-GB1) and brings or
replaces: no font file is shipped, a page has some kilobytes, and its text can be searched and copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Final

import segno
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from domain.notices.sheet import Sheet

FONT: Final = "STSong-Light"
WIDTH, HEIGHT = float(A4[0]), float(A4[1])
mm: Final = 72 / 25.4  # in points
MARGIN: Final = 26 * mm
LEFT, RIGHT, TOP, BOTTOM = MARGIN, WIDTH - MARGIN, HEIGHT - 30 * mm, 18 * mm
QR_SIDE: Final = 38 * mm
LABELS: Final = 34 * mm
ROW: Final = 12 * mm
# What may not begin a line (避头): it goes to the end of the line before, into the margin.
NEVER_FIRST: Final = frozenset("，。；：、！？）〕》”")
# The font has the Chinese characters of the basic plane. For any other stands what compositors set for a missing one.
MISSING: Final = "〓"
LAST_OF_THE_FONT: Final = 0xFFFF
FOOTER: Final = "本页不载身份证号、联系电话、银行账号和健康信息，请勿拍照外传。"

pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def notices_pdf(sheets: Sequence[tuple[Sheet, str]], *, title: str) -> bytes:
    """One page for each sheet, with the QR code of its address; an empty board is one page that says so.

    The same sheets make the same bytes.
    """
    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setTitle(title)
    canvas.setAuthor("")
    for sheet, address in sheets:
        _page(canvas, sheet, address)
        canvas.showPage()
    if not sheets:
        _centred(canvas, "本村现无公示公告。", TOP, 16)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _page(canvas: Canvas, sheet: Sheet, address: str) -> None:
    y = _centred(canvas, sheet.title, TOP, 24, is_bold=True)
    y = _centred(canvas, sheet.number, y - 4 * mm, 13)
    canvas.setLineWidth(1.2)
    canvas.line(LEFT, y, RIGHT, y)
    y = _paragraph(canvas, sheet.says, y - 12 * mm, 15, RIGHT - LEFT, indent=2)
    y = _table(canvas, sheet.rows, y - 2 * mm)
    y = _paragraph(canvas, sheet.period, y - 12 * mm, 15, RIGHT - LEFT, indent=2)
    beside = RIGHT - LEFT - QR_SIDE - 8 * mm
    bottom = _paragraph(canvas, sheet.objections, y - 2 * mm, 15, beside, indent=2)
    _qr(canvas, address, RIGHT - QR_SIDE, y + 4 * mm - QR_SIDE)
    y = min(bottom, y - QR_SIDE) - 16 * mm
    for line in (sheet.signed_by, sheet.signed_on):
        _text(canvas, line, RIGHT - _width(line, 15), y, 15)
        y -= 10 * mm
    _centred(canvas, FOOTER, BOTTOM, 10)


def _table(canvas: Canvas, rows: Sequence[tuple[str, str]], top: float) -> float:
    """Draw the rows, ruled; answer where they end."""
    canvas.setLineWidth(0.6)
    bottom = top - ROW * len(rows)
    for number, (label, value) in enumerate(rows):
        base = top - ROW * (number + 1) + 4 * mm
        _text(canvas, label, LEFT + 4 * mm, base, 14)
        # A place's name may be long: it is set smaller rather than over the edge.
        room = RIGHT - LEFT - LABELS - 8 * mm
        size = min(14.0, 14 * room / max(_width(value, 14), 1))
        _text(canvas, value, LEFT + LABELS + 4 * mm, base, size)
        canvas.line(LEFT, top - ROW * number, RIGHT, top - ROW * number)
    canvas.line(LEFT, bottom, RIGHT, bottom)
    for x in (LEFT, LEFT + LABELS, RIGHT):
        canvas.line(x, top, x, bottom)
    return bottom


def _paragraph(canvas: Canvas, text: str, y: float, size: int, width: float, *, indent: int) -> float:
    """Set it line by line from the baseline y; answer the baseline of the next paragraph."""
    first = indent * size
    for number, line in enumerate(lines_of(_written(text), size, width, first=first)):
        _text(canvas, line, LEFT + (first if number == 0 else 0), y, size)
        y -= size * 1.75
    return y


def lines_of(text: str, size: float, width: float, *, first: float = 0) -> list[str]:
    """Break where a line is full: between any two characters, but never before a stop, and never within a number."""
    lines, line, room = [], "", width - first
    for piece in _pieces(text):
        if line and _width(line + piece, size) > room and piece not in NEVER_FIRST:
            lines.append(line)
            line, room = "", width
        line += piece
    return [*lines, line]


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for character in text:
        if pieces and character.isascii() and pieces[-1][-1].isascii():
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _qr(canvas: Canvas, address: str, x: float, y: float) -> None:
    matrix = segno.make_qr(address, error="m").matrix
    module = QR_SIDE / (len(matrix) + 8)  # four modules of quiet on every side
    path = canvas.beginPath()
    for row, line in enumerate(matrix):
        for column, is_dark in enumerate(line):
            if is_dark:
                path.rect(x + (column + 4) * module, y + QR_SIDE - (row + 5) * module, module, module)
    canvas.drawPath(path, stroke=0, fill=1)


def _centred(canvas: Canvas, text: str, y: float, size: int, *, is_bold: bool = False) -> float:
    _text(canvas, text, (WIDTH - _width(text, size)) / 2, y, size, is_bold=is_bold)
    return y - size * 1.4


def _text(canvas: Canvas, text: str, x: float, y: float, size: float, *, is_bold: bool = False) -> None:
    line = canvas.beginText(x, y)
    line.setFont(FONT, size)
    if is_bold:  # the font has one weight: its outline makes it heavier
        line.setTextRenderMode(2)
        canvas.setLineWidth(0.7)
    line.textOut(_written(text))
    line.setTextRenderMode(0)
    canvas.drawText(line)


def _width(text: str, size: float) -> float:
    return float(pdfmetrics.stringWidth(_written(text), FONT, size))


def _written(text: str) -> str:
    return "".join(one if ord(one) <= LAST_OF_THE_FONT else MISSING for one in text)
