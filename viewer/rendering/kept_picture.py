"""The picture of a view as the screen's own pixels, kept while nothing in it changes."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from PySide6.QtCore import QPointF, QRectF
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
    """Paints what is new straight away; what is asked for again is scaled once more, kept, and copied from then on.

    While a reader scrolls every painting is of the whole view and of another slice, and nothing kept would be of use.
    At rest a view is painted in parts whose clip is a region of many rectangles, and scaling under such a clip takes
    several times as long; moving the mouse or the crosshair's lines changes nothing in the picture at all. The pixels
    are those that :func:`viewer.rendering.paint.paint_picture` would paint in the same place, exactly.
    """

    def __init__(self) -> None:
        self._image = QImage()
        self._place: _Place | None = None
        self._content: tuple[object, ...] = ()
        self._painted: tuple[_Place, tuple[object, ...]] | None = None
        """What was painted last without being kept."""

    def paint(self, painter: QPainter, frame: ViewFrame, picture: Picture, smooth: bool) -> None:
        """Paint the whole view: the picture, and the background beside it. The painter may scale, never turn."""
        place = _place(painter.deviceTransform(), frame)
        content = (picture.version, picture.overlay is None, smooth)
        if (place, content) != (self._place, self._content):
            if not painter.hasClipping() and (place, content) != self._painted:
                self._painted = place, content
                _fill_beside(painter, frame)
                paint_picture(painter, frame, picture, smooth)
                return
            if place != self._place:
                self._make_room(place)
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


def _fill_beside(painter: QPainter, frame: ViewFrame) -> None:
    """The background round the picture, and a little of it beneath the picture's edges."""
    left, top, width, height = frame.rectangle
    first, last = max(left + 1, 0.0), min(left + width - 1, frame.width)
    upper, lower = max(top + 1, 0.0), min(top + height - 1, frame.height)
    for sides in (
        QRectF(0, 0, frame.width, upper),
        QRectF(0, lower, frame.width, frame.height - lower),
        QRectF(0, upper, first, lower - upper),
        QRectF(last, upper, frame.width - last, lower - upper),
    ):
        if not sides.isEmpty():
            painter.fillRect(sides, QColor(*palette.BACKGROUND))


def _place(device: QTransform, frame: ViewFrame) -> _Place:
    right, below = device.dx() - floor(device.dx()), device.dy() - floor(device.dy())
    columns, rows = ceil(frame.width * device.m11() + right), ceil(frame.height * device.m22() + below)
    return _Place(frame.rectangle, columns, rows, device.m11(), device.m22(), right, below)
