"""Text and tables on a page that never run over their boxes. Points, from the page's lower left corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from inference.report.fonts import BOLD, REGULAR, font_path, printable

_SIZES = (8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5)
_LEADING = 1.28
_GAP = 2.0
_CUT = " … (complete in findings.json)"


@dataclass(frozen=True)
class Area:
    """A rectangle on the page; ``top`` counts up from the page's foot."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """A paragraph: a bold lead and its text."""

    text: str
    lead: str = ""


def register_fonts() -> None:
    """Make the two faces known to reportlab; again does nothing."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name in (REGULAR, BOLD):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(font_path(name))))


def draw_lines(
    canvas: Any, lines: Sequence[Line], area: Area, *, largest: float = 8.5, colour: Any = "#202020"
) -> float:
    """Paragraphs in the largest type that fits ``area``; cut, and said so, if none does. Returns the height used."""
    sizes = [size for size in _SIZES if size <= largest]
    for size in sizes:
        placed = _wrap(lines, area.width, size, colour)
        if sum(height for _, height in placed) <= area.height:
            return _place(canvas, placed, area)
    return _place(canvas, _cut_to_fit(lines, area, sizes[-1], colour), area)


def _wrap(lines: Sequence[Line], width: float, size: float, colour: Any) -> list[tuple[Any, float]]:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    style = ParagraphStyle("body", fontName=REGULAR, fontSize=size, leading=size * _LEADING, textColor=colour)
    placed = []
    for line in lines:
        lead = f'<font name="{BOLD}">{escape(printable(line.lead))}</font> ' if line.lead else ""
        paragraph = Paragraph(lead + escape(printable(line.text)), style)
        placed.append((paragraph, paragraph.wrap(width, 1e6)[1] + _GAP))
    return placed


def _cut_to_fit(lines: Sequence[Line], area: Area, size: float, colour: Any) -> list[tuple[Any, float]]:
    kept: list[Line] = []
    for line in lines:
        if _height([*kept, line], area.width, size, colour) <= area.height:
            kept.append(line)
            continue
        words = line.text.split()
        while (
            words and _height([*kept, Line(" ".join(words) + _CUT, line.lead)], area.width, size, colour) > area.height
        ):
            words = words[: min(len(words) - 1, int(len(words) * 0.9))]
        if words:
            kept.append(Line(" ".join(words) + _CUT, line.lead))
        break
    return _wrap(kept, area.width, size, colour)


def _height(lines: Sequence[Line], width: float, size: float, colour: Any) -> float:
    return sum(height for _, height in _wrap(lines, width, size, colour))


def _place(canvas: Any, placed: list[tuple[Any, float]], area: Area) -> float:
    y = area.top
    for paragraph, height in placed:
        paragraph.drawOn(canvas, area.left, y - height + _GAP)
        y -= height
    return area.top - y


def draw_table(
    canvas: Any, rows: Sequence[Sequence[str]], area: Area, columns: Sequence[float], *, size: float = 7.0
) -> float:
    """A table with a heading row: first column left, others right, fine lines between rows. Returns its height.

    ``columns`` are the widths in points and add up to at most the area's width; cells are cut to their column.
    """
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import Table, TableStyle

    shown = [
        [
            "\n".join(_cut(part, width - 4, size) for part in cell.split("\n"))
            for cell, width in zip(row, columns, strict=True)
        ]
        for row in rows
    ]
    table = Table(shown, colWidths=list(columns))
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), REGULAR, size, size * 1.15),
                ("FONT", (0, 0), (-1, 0), BOLD, size, size * 1.15),
                ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
                ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
                ("TEXTCOLOR", (0, 0), (-1, -1), HexColor("#202020")),
                ("LINEBELOW", (0, 0), (-1, 0), 0.6, HexColor("#606060")),
                ("LINEBELOW", (0, 1), (-1, -1), 0.25, HexColor("#c8c8c8")),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            ]
        )
    )
    height = float(table.wrapOn(canvas, area.width, area.height)[1])
    table.drawOn(canvas, area.left, area.top - height)
    return height


def _cut(text: str, width: float, size: float) -> str:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    text = printable(text)
    if stringWidth(text, BOLD, size) <= width:
        return text
    while text and stringWidth(text + "…", BOLD, size) > width:
        text = text[:-1]
    return text + "…"
