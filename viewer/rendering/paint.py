"""Painting a slice with QPainter: the picture, the lines, the words. The same code paints the view and its export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
)

from inference.verdict import Colour
from viewer.rendering import palette
from viewer.rendering.annotations import Shape, Spot
from viewer.rendering.camera import ViewFrame
from viewer.rendering.furniture import Furniture
from viewer.rendering.nearest import paint_nearest, wrapped
from viewer.rendering.plane import Letters
from viewer.rendering.slice_scene import Picture
from viewer.rendering.word_places import WordPlaces

LENS_RADIUS, LENS_FACTOR = 110.0, 2.5
_STRIP_ROWS = 64
_MARGIN = 8.0
_EDGE = 30.0
"""Where the crosshair's lines end: the outermost pixels belong to the orientation letters."""
_GAP = 14.0
"""Half the opening in the middle of the crosshair, so that it never covers what it points at."""
_LETTER_ROOM = 16.0
"""Half the width that the upper and lower letters keep for themselves."""
_DOT_ROOM = 18.0
_MARKS = {Colour.GREEN: "", Colour.AMBER: "▲ ", Colour.RED: "■ "}
"""Before the words of a measurement: what it is worth, in shape and colour."""
_VERDICT = {Colour.AMBER: palette.AMBER, Colour.RED: palette.RED, Colour.GREEN: palette.FAINT}


def paint_picture(painter: QPainter, frame: ViewFrame, picture: Picture, smooth: bool) -> None:
    """The image, interpolated when asked, and over it the labels, never interpolated."""
    if smooth:
        _paint_smooth(painter, frame, wrapped(picture.image, QImage.Format.Format_RGB32))
    else:
        paint_nearest(painter, frame, picture.image, QImage.Format.Format_RGB32)
    if picture.overlay is not None:
        paint_nearest(painter, frame, picture.overlay, QImage.Format.Format_ARGB32_Premultiplied)


def _paint_smooth(painter: QPainter, frame: ViewFrame, image: QImage) -> None:
    """Interpolated, in strips so low that Qt does not hand them to other threads: waiting for those costs more."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
    target = QRectF(*frame.rectangle)
    if painter.hasClipping():
        painter.drawImage(target, image)
        return
    strip = _STRIP_ROWS / painter.deviceTransform().m22()
    painter.save()
    for number in range(ceil(frame.height / strip)):
        painter.setClipRect(QRectF(0, number * strip, frame.width, strip))
        painter.drawImage(target, image)
    painter.restore()


def paint_lens(painter: QPainter, frame: ViewFrame, picture: Picture, spot: Spot, smooth: bool) -> None:
    """A round magnifying glass over a place in the view."""
    x, y = spot
    larger = replace(
        frame,
        scale=frame.scale * LENS_FACTOR,
        left=x - (x - frame.left) * LENS_FACTOR,
        top=y - (y - frame.top) * LENS_FACTOR,
    )
    circle = QPainterPath()
    circle.addEllipse(QPointF(x, y), LENS_RADIUS, LENS_RADIUS)
    painter.save()
    painter.setClipPath(circle)
    painter.fillPath(circle, QColor(*palette.BACKGROUND))
    paint_picture(painter, larger, picture, smooth)
    painter.restore()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(_pen(palette.TEXT, 255, 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(circle)


def paint_crosshair(painter: QPainter, spot: Spot, width: float, height: float) -> None:
    """Two lines of one pixel through a place, open in the middle. Filled: stroking takes five times as long."""
    colour = QColor(*palette.CROSSHAIR, 170)
    x, y = round(spot[0]), round(spot[1])
    for start, end in ((_EDGE, x - _GAP), (x + _GAP, width - _EDGE)):
        if start < end:
            painter.fillRect(QRectF(start, y, end - start + 1, 1), colour)
    for start, end in ((_EDGE, y - _GAP), (y + _GAP, height - _EDGE)):
        if start < end:
            painter.fillRect(QRectF(x, start, 1, end - start + 1), colour)


def paint_line(painter: QPainter, start: Spot, end: Spot, colour: palette.Colour) -> None:
    """A thin line, for example of a scout."""
    painter.setPen(_pen(colour, 220))
    painter.drawLine(QPointF(*start), QPointF(*end))


def paint_shape(painter: QPainter, shape: Shape, places: WordPlaces) -> None:
    """A measurement: its line over a dark one, handles while it is selected, its words where there is room."""
    spots = [QPointF(*spot) for spot in shape.spots]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (_pen((0, 0, 0), 150, 3.0), _pen(palette.MEASURE, 255, 1.4)):
        painter.setPen(pen)
        if shape.kind == "ellipse" and len(spots) == 2:
            painter.drawEllipse(QRectF(spots[0], spots[1]).normalized())
        elif shape.kind == "probe":
            x, y = shape.spots[0]
            painter.drawLine(QPointF(x - 6, y), QPointF(x + 6, y))
            painter.drawLine(QPointF(x, y - 6), QPointF(x, y + 6))
        else:
            painter.drawPolyline(QPolygonF(spots))
    if shape.selected or shape.kind in ("length", "angle"):
        painter.setPen(_pen(palette.MEASURE, 255, 1.2))
        painter.setBrush(QBrush(QColor(*palette.MEASURE) if shape.selected else QColor(0, 0, 0, 120)))
        reach = 3.5 if shape.selected else 2.5
        for spot in spots:
            painter.drawRect(QRectF(spot.x() - reach, spot.y() - reach, 2 * reach, 2 * reach))
    _paint_words(painter, shape, places)


def paint_furniture(painter: QPainter, furniture: Furniture, size: tuple[float, float]) -> None:
    """Words, letters, scale bar, verdict, colour bar and progress. ``size`` is the view's, in its own pixels."""
    width, height = size
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    step = _line_height(painter)
    _paint_column(painter, _elided(painter, furniture, width), _MARGIN, _MARGIN, step)
    _paint_column(painter, furniture.bottom_left, _MARGIN, height - _MARGIN - step * len(furniture.bottom_left), step)
    if furniture.verdict:
        _paint_verdict(painter, furniture, width)
    _paint_letters(painter, furniture.letters, width, height)
    if furniture.scale_bar is not None:
        _paint_scale_bar(painter, furniture, width, height)
    if furniture.heat_target is not None:
        _paint_colour_bar(painter, furniture.heat_target, width, height)
    if furniture.key_image:
        text = "◆ key image"
        wide = _metrics(painter).horizontalAdvance(text)
        _paint_text(
            painter, width - _MARGIN - wide, _MARGIN + step * (1.2 if furniture.verdict else 0), text, palette.MEASURE
        )
    if furniture.notice:
        wide = _metrics(painter).horizontalAdvance(furniture.notice)
        _paint_text(painter, (width - wide) / 2, height / 2 - step / 2, furniture.notice, palette.AMBER)
    if furniture.progress is not None:
        painter.fillRect(QRectF(0, height - 3, width, 3), QColor(60, 60, 60))
        painter.fillRect(QRectF(0, height - 3, width * min(max(furniture.progress, 0), 1), 3), QColor(*palette.ACCENT))
    if furniture.active:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(_pen(palette.ACCENT, 255))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(0, 0, width - 1, height - 1))


def _paint_words(painter: QPainter, shape: Shape, places: WordPlaces) -> None:
    """The words beside the shape, moved so far that they can be read."""
    if not shape.lines or not shape.spots:
        return
    if shape.kind == "angle":
        x, y = shape.spots[min(1, len(shape.spots) - 1)]
    elif shape.kind == "ellipse":
        x, y = (max(spot[axis] for spot in shape.spots) for axis in (0, 1))
    else:
        x, y = max(shape.spots)
    metrics, step = _metrics(painter), _line_height(painter)
    mark = _MARKS[shape.verdict]
    before = metrics.horizontalAdvance(mark)
    wide = before + max(metrics.horizontalAdvance(line) for line in shape.lines)
    x, y = places.take(x + 10, y + 4, wide, step * len(shape.lines))
    if mark:
        _paint_text(painter, x, y, mark, _VERDICT[shape.verdict])
    _paint_column(painter, shape.lines, x + before, y, step, palette.MEASURE)


def _paint_column(
    painter: QPainter, lines: Sequence[str], x: float, y: float, step: float, colour: palette.Colour = palette.TEXT
) -> float:
    for line in lines:
        _paint_text(painter, x, y, line, colour)
        y += step
    return y


def _paint_text(painter: QPainter, x: float, y: float, text: str, colour: palette.Colour) -> None:
    """Text with its top left at a place, on a dark veil so that it can be read over bone and fat."""
    metrics = _metrics(painter)
    painter.fillRect(QRectF(x - 3, y, metrics.horizontalAdvance(text) + 6, metrics.height() + 1), QColor(0, 0, 0, 125))
    painter.setPen(QColor(*colour))
    painter.drawText(QPointF(x, y + metrics.ascent()), text)


def _elided(painter: QPainter, furniture: Furniture, width: float) -> list[str]:
    """The lines of the top left, cut where the upper letter stands."""
    room = _beside_letter(furniture, width)
    metrics = _metrics(painter)
    return [metrics.elidedText(line, Qt.TextElideMode.ElideRight, room) for line in furniture.top_left]


def _beside_letter(furniture: Furniture, width: float) -> float:
    """How wide words at the top may be, at either side of the letter in the middle."""
    return (width / 2 - _LETTER_ROOM if furniture.letters.top else width - _MARGIN) - _MARGIN


def _paint_verdict(painter: QPainter, furniture: Furniture, width: float) -> None:
    """The dot and the words at the right of the upper letter and of the words at the left."""
    metrics = _metrics(painter)
    left = max((metrics.horizontalAdvance(line) for line in _elided(painter, furniture, width)), default=0.0)
    room = min(_beside_letter(furniture, width), width - left - 3 * _MARGIN) - _DOT_ROOM
    text = metrics.elidedText(furniture.verdict, Qt.TextElideMode.ElideRight, room)
    colour = _VERDICT[furniture.verdict_colour]
    x = width - _MARGIN - metrics.horizontalAdvance(text)
    painter.fillRect(QRectF(x - _DOT_ROOM, _MARGIN, 16, metrics.height() + 1), QColor(0, 0, 0, 125))
    _paint_text(painter, x, _MARGIN, text, colour)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(*colour))
    painter.drawEllipse(QPointF(x - 10, _MARGIN + metrics.height() / 2), 4.5, 4.5)


def _paint_letters(painter: QPainter, letters: Letters, width: float, height: float) -> None:
    """The letters of the edges, in the middle of each."""
    plain, large = painter.font(), QFont(painter.font())
    large.setPixelSize(16)
    large.setBold(True)
    painter.setFont(large)
    metrics = _metrics(painter)
    tall = metrics.height()
    middle_x, middle_y = width / 2, height / 2 - tall / 2
    for text, x, y in (
        (letters.left, _MARGIN, middle_y),
        (letters.right, width - _MARGIN - metrics.horizontalAdvance(letters.right), middle_y),
        (letters.top, middle_x - metrics.horizontalAdvance(letters.top) / 2, _MARGIN),
        (letters.bottom, middle_x - metrics.horizontalAdvance(letters.bottom) / 2, height - _MARGIN - tall),
    ):
        if text:
            _paint_text(painter, x, y, text, palette.ACCENT)
    painter.setFont(plain)


def _paint_scale_bar(painter: QPainter, furniture: Furniture, width: float, height: float) -> None:
    bar = furniture.scale_bar
    assert bar is not None
    y, right = height - _MARGIN - 4, width - _MARGIN
    left = right - bar.pixels
    for pen in (_pen((0, 0, 0), 180, 3.0), _pen(palette.TEXT, 255, 1.2)):
        painter.setPen(pen)
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        for x in (left, right):
            painter.drawLine(QPointF(x, y - 4), QPointF(x, y + 4))
    metrics = _metrics(painter)
    x = (left + right - metrics.horizontalAdvance(bar.text)) / 2
    _paint_text(painter, x, y - 6 - metrics.height(), bar.text, palette.TEXT)


def _paint_colour_bar(painter: QPainter, caption: str, width: float, height: float) -> None:
    tall = min(160.0, height / 3)
    box = QRectF(width - _MARGIN - 40, (height - tall) / 2 - tall * 0.2 - 20, 12, tall)
    gradient = QLinearGradient(box.bottomLeft(), box.topLeft())
    for share, colour in zip(np.linspace(0, 1, 9), palette.heat_rgb(np.linspace(0, 1, 9)), strict=True):
        gradient.setColorAt(float(share), QColor(*(int(channel) for channel in colour)))
    painter.setPen(_pen((0, 0, 0), 200))
    painter.setBrush(QBrush(gradient))
    painter.drawRect(box)
    metrics = _metrics(painter)
    for share in (0.0, 0.5, 1.0):
        y = box.bottom() - share * tall - metrics.height() / 2
        _paint_text(painter, box.right() + 4, y, f"{share:g}", palette.TEXT)
    text = metrics.elidedText(caption, Qt.TextElideMode.ElideRight, width / 3)
    _paint_text(
        painter, width - _MARGIN - metrics.horizontalAdvance(text), box.top() - metrics.height() - 6, text, palette.TEXT
    )


def view_font(font: QFont) -> QFont:
    """The font of the words on a view: at least 12 pixels, with figures of one width."""
    font = QFont(font)
    font.setPixelSize(13)
    if hasattr(font, "setFeature"):
        font.setFeature(QFont.Tag("tnum"), 1)
    return font


def _metrics(painter: QPainter) -> QFontMetricsF:
    return QFontMetricsF(painter.font())


def _line_height(painter: QPainter) -> float:
    return _metrics(painter).height() + 1


def _pen(colour: palette.Colour, alpha: int, width: float = 1.0) -> QPen:
    return QPen(QColor(*colour, alpha), width)
