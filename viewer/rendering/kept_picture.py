"""The picture of a view as the screen's own pixels, kept until something in it changes."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter, QTransform

from viewer.rendering import palette
from viewer.rendering.camera import ViewFrame
from viewer.rendering.paint import paint_picture
from viewer.rendering.slice_scene import Picture


@dataclass(frozen=True)
class _Place:
    """Where the slice lies, in the device's pixels counted from the view's top left one."""

    rectangle: tuple[float, float, float, float]
    columns: int
    rows: int
    across: float
    down: float
    right: float
    below: float
    """Device pixels per view pixel, and how far into its first device pixel the view begins."""


class KeptPicture:
    """Scales image and labels once, without a clip, and copies what is asked for.

    A view is painted in parts whose clip is a region of many rectangles, and scaling under such a clip takes several
    times as long; moving the mouse or the crosshair's lines changes nothing in the picture at all. The pixels are
    those that :func:`viewer.rendering.paint.paint_picture` would paint in the same place, exactly.
    """

    def __init__(self) -> None:
        self._image = QImage()
        self._place: _Place | None = None
        self._content: tuple[object, ...] = ()

    def paint(self, painter: QPainter, frame: ViewFrame, picture: Picture, smooth: bool) -> None:
        """Paint the whole view: the picture, and the background beside it. The painter may scale, never turn."""
        place = _place(painter.deviceTransform(), frame)
        content = (picture.version, picture.overlay is None, smooth)
        if place != self._place:
            self._make_room(place)
        if place != self._place or content != self._content:
            self._draw(place, frame, picture, smooth)
            self._place, self._content = place, content
        painter.save()
        painter.scale(1 / place.across, 1 / place.down)
        painter.drawImage(QPointF(-place.right, -place.below), self._image)
        painter.restore()

    def _make_room(self, place: _Place) -> None:
        if (self._image.width(), self._image.height()) != (place.columns, place.rows):
            self._image = QImage(place.columns, place.rows, QImage.Format.Format_RGB32)
        self._image.fill(QColor(*palette.BACKGROUND))

    def _draw(self, place: _Place, frame: ViewFrame, picture: Picture, smooth: bool) -> None:
        painter = QPainter(self._image)
        painter.setTransform(QTransform(place.across, 0, 0, place.down, place.right, place.below))
        paint_picture(painter, frame, picture, smooth)
        painter.end()


def _place(device: QTransform, frame: ViewFrame) -> _Place:
    right, below = device.dx() - floor(device.dx()), device.dy() - floor(device.dy())
    columns, rows = ceil(frame.width * device.m11() + right), ceil(frame.height * device.m22() + below)
    return _Place(frame.rectangle, columns, rows, device.m11(), device.m22(), right, below)
