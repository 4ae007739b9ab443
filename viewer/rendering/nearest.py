"""Pixels of a slice enlarged without interpolation: every device pixel shows the slice pixel its centre lies in."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter

from viewer.rendering.camera import ViewFrame


def paint_nearest(painter: QPainter, frame: ViewFrame, pixels: NDArray[np.uint32], form: QImage.Format) -> None:
    """Paint a slice's pixels in their place. Only the box is touched that is visible and holds anything but 0.

    The enlargement is worked out here, for QPainter reckons in fixed point from wherever a box begins, which moves the
    border of a label by a pixel now and then. The painter may scale and shift, never turn.
    """
    device = painter.deviceTransform()
    seen = QRectF(0, 0, frame.width, frame.height)
    if painter.hasClipping():
        seen &= painter.clipBoundingRect()
    seen, place = device.mapRect(seen), device.mapRect(QRectF(*frame.rectangle))
    top, bottom = _held(np.bitwise_or.reduce(pixels, axis=1))
    left, right = _held(np.bitwise_or.reduce(pixels[top:bottom], axis=0))
    x, columns = _nearest(place.left(), place.width() / pixels.shape[1], (left, right), (seen.left(), seen.right()))
    y, rows = _nearest(place.top(), place.height() / pixels.shape[0], (top, bottom), (seen.top(), seen.bottom()))
    if not rows.size or not columns.size:
        return
    first = int(rows[0])
    wide = np.take(pixels[first : int(rows[-1]) + 1], columns, axis=1, mode="clip")
    enlarged = np.take(wide, rows - first, axis=0, mode="clip")
    painter.save()
    painter.scale(1 / device.m11(), 1 / device.m22())
    painter.drawImage(QPointF(x - device.dx(), y - device.dy()), wrapped(enlarged, form))
    painter.restore()


def wrapped(pixels: NDArray[np.uint32], form: QImage.Format) -> QImage:
    """A QImage on an array's own memory; the array must outlive it."""
    rows, columns = pixels.shape
    return QImage(pixels.data, columns, rows, columns * 4, form)


def _held(filled: NDArray[np.uint32]) -> tuple[int, int]:
    """First and behind the last that holds anything."""
    places = np.flatnonzero(filled)
    return (int(places[0]), int(places[-1]) + 1) if places.size else (0, 0)


def _nearest(
    start: float, pitch: float, held: tuple[int, int], seen: tuple[float, float]
) -> tuple[int, NDArray[np.intp]]:
    """The first device pixel along one axis, and from it on the slice pixel under each one's centre.

    ``start`` is where slice pixel 0 begins and ``pitch`` how wide one is, in device pixels.
    """
    first = max(ceil(start + held[0] * pitch - 0.5), floor(seen[0]))
    behind = min(ceil(start + held[1] * pitch - 0.5), ceil(seen[1]))
    centres = np.arange(first, max(behind, first)) + 0.5
    return first, np.clip(np.floor((centres - start) / pitch), held[0], held[1] - 1).astype(np.intp)
