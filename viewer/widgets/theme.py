"""The dark theme: Fusion, one neutral grey palette, one accent, tabular figures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from inference.verdict import Colour

ACCENT = "#5ab0c4"
VERDICT_COLOURS = {Colour.GREEN: "#58b368", Colour.AMBER: "#e8b33a", Colour.RED: "#e0604c"}
"""Told apart by lightness as well as hue; a shape goes with each wherever there is room (see ``verdict_shape``)."""
VERDICT_SHAPES = {Colour.GREEN: "●", Colour.AMBER: "▲", Colour.RED: "■"}

PAPER = "#1d1d1d"
"""The background of every panel."""
_INK, _DIM = "#d2d2d2", "#707070"
_STROKE = "#c8c8c8"


def apply(app: QApplication) -> None:
    """Give the application its style, palette, font and style sheet."""
    app.setStyle("Fusion")
    palette = QPalette(QColor("#2a2a2a"), QColor(PAPER))
    for role, colour in (
        (QPalette.ColorRole.WindowText, _INK),
        (QPalette.ColorRole.Text, _INK),
        (QPalette.ColorRole.ButtonText, _INK),
        (QPalette.ColorRole.Base, "#161616"),
        (QPalette.ColorRole.AlternateBase, "#1f1f1f"),
        (QPalette.ColorRole.Highlight, "#2c6473"),
        (QPalette.ColorRole.HighlightedText, "#ffffff"),
        (QPalette.ColorRole.Link, ACCENT),
        (QPalette.ColorRole.PlaceholderText, "#8a8a8a"),
        (QPalette.ColorRole.ToolTipBase, "#2e2e2e"),
        (QPalette.ColorRole.ToolTipText, _INK),
    ):
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(_DIM))
    app.setPalette(palette)
    app.setFont(tabular(app.font()))
    app.setStyleSheet(style_sheet())
    app.setWindowIcon(icon("groundglass"))


def style_sheet() -> str:
    """The application's style sheet, with the place of its icons filled in."""
    icons = Path(str(files("resources") / "icons")).as_posix()
    return (files("resources") / "stylesheets" / "dark.qss").read_text("utf-8").replace("{icons}", icons)


def tabular(font: QFont) -> QFont:
    """The font with figures of one width, where Qt and the font can."""
    font = QFont(font)
    tag = getattr(QFont, "Tag", None)
    if tag is not None and hasattr(font, "setFeature"):
        font.setFeature(tag("tnum"), 1)
    return font


@cache
def icon(name: str) -> QIcon:
    """An icon of resources/icons in the theme's greys, sharp at every scale. Raises FileNotFoundError."""
    source = (files("resources") / "icons" / f"{name}.svg").read_text("utf-8")
    result = QIcon()
    for mode, state, colour in (
        (QIcon.Mode.Normal, QIcon.State.Off, _STROKE),
        (QIcon.Mode.Normal, QIcon.State.On, "#e6e6e6"),
        (QIcon.Mode.Disabled, QIcon.State.Off, "#5c5c5c"),
    ):
        for size in (20, 40):
            result.addPixmap(_draw(source.replace(_STROKE, colour), size), mode, state)
    return result


def has_icon(name: str) -> bool:
    """Whether there is an icon of that name."""
    return (files("resources") / "icons" / f"{name}.svg").is_file()


def swatch(colour: tuple[int, int, int], size: int = 14) -> QIcon:
    """A square of one colour."""
    return swatches((colour,), size)


def swatches(colours: Sequence[tuple[int, int, int]], size: int = 14) -> QIcon:
    """A square of stripes, one for each colour, from left to right."""
    pixmap = QPixmap(QSize(size, size))
    painter = QPainter(pixmap)
    for n, colour in enumerate(colours):
        left, right = round(n * size / len(colours)), round((n + 1) * size / len(colours))
        painter.fillRect(left, 0, right - left, size, QColor(*colour))
    painter.end()
    result = QIcon(pixmap)
    result.addPixmap(pixmap, QIcon.Mode.Disabled)
    return result


def _draw(source: str, size: int) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap
