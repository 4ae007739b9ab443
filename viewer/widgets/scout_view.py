"""The scout: where in the patient the present axial slice lies. A click goes there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from inference.io.study import LoadedSeries
from viewer.rendering import palette
from viewer.rendering.camera import Camera, ViewFrame
from viewer.rendering.paint import paint_line
from viewer.rendering.plane import PlaneGrid
from viewer.rendering.scout import made_scout, reference_line, scout_of_localizer
from viewer.state.session import Session

Scout = tuple[PlaneGrid, NDArray[np.uint8]]


class ScoutView(QWidget):
    """The study's localizer once :meth:`show_localizer` has it, until then a coronal mean of the open volume."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._scout: Scout | None = None
        self._axial: PlaneGrid | None = None
        self._picture: QPixmap | None = None
        """The scout as scaled to the widget: scaling it smoothly is too slow while a view scrolls."""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setMinimumHeight(90)
        self.setAccessibleName("Scout with the present slice")
        ends = [session.loaded.observe(self._open), session.crosshair.changed.connect(lambda _: self.update())]
        self.destroyed.connect(lambda _: [end() for end in ends])

    def sizeHint(self) -> QSize:
        """A small picture."""
        return QSize(220, 180)

    def show_localizer(self, localizer: LoadedSeries) -> None:
        """Show a loaded localizer of the open series' frame of reference; another frame's is left out."""
        loaded = self._session.loaded.value
        frame = localizer.volume.geometry.frame_of_reference_uid
        if loaded is not None and frame and frame == loaded.volume.geometry.frame_of_reference_uid:
            self._scout, self._picture = scout_of_localizer(localizer), None
            self.update()

    def _open(self, loaded: LoadedSeries | None) -> None:
        self._scout = self._axial = self._picture = None
        if loaded is not None and loaded.volume.geometry.shape[0] > 1:
            geometry = loaded.volume.geometry
            self._axial = PlaneGrid(geometry.reoriented(geometry.orientation), "axial")
            self._scout = made_scout(loaded)
        self.update()

    def _frame(self) -> ViewFrame | None:
        return None if self._scout is None else Camera().frame(self._scout[0], self.width(), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture and the line."""
        if self._picture is None or self._picture.deviceIndependentSize().toSize() != self.size():
            self._picture = self._drawn()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        frame = self._frame()
        if frame is not None and self._scout is not None and self._axial is not None:
            start, end = reference_line(self._scout[0], self._axial, self._session.crosshair.value)
            paint_line(painter, frame.to_view(*start), frame.to_view(*end), palette.ACCENT)
        painter.end()

    def _drawn(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor(*palette.BACKGROUND))
        frame = self._frame()
        if frame is not None and self._scout is not None:
            pixels = np.ascontiguousarray(self._scout[1])
            rows, columns = pixels.shape
            image = QImage(pixels.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(*frame.rectangle), image)
            painter.end()
        return picture

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the slice at this height."""
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow a drag."""
        self._go(event)

    def _go(self, event: QMouseEvent) -> None:
        frame = self._frame()
        if frame is None or self._axial is None:
            return
        grid = frame.grid
        _, y = frame.to_slice(event.position().x(), event.position().y())
        index, column, _ = grid.locate(self._session.crosshair.value)
        place = self._axial.nearest(grid.point(index, column, y))
        _, axial_x, axial_y = self._axial.locate(self._session.crosshair.value)
        self._session.look_at(self._axial.point(place, axial_x, axial_y))
