"""The densities of the lung: a histogram over the compartments, opacity standing out of it."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from inference.findings import Compartment, Severity
from viewer.rendering import palette

_FOOT, _HEAD = 18, 4
_TICKS = (-1000, -700, -400, -100, 200)


class HistogramPlot(QWidget):
    """Bars of voxels by HU (square root, so that opacity can be seen beside air). A click shows such voxels."""

    def __init__(self, show: Callable[[int, int], object]) -> None:
        super().__init__()
        self._edges: tuple[int, ...] = ()
        self._lung: tuple[int, ...] = ()
        self._opacity: tuple[int, ...] = ()
        self._bands: tuple[Compartment, ...] = ()
        self._show = show
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_severity(self, severity: Severity) -> None:
        """Show the histogram and compartments of an analysis, nothing where there are no Hounsfield units."""
        if severity.histogram is None:
            self._edges, self._lung, self._opacity = (), (), ()
        else:
            self._edges, self._lung = severity.histogram
            self._opacity = severity.opacity_histogram or (0,) * len(self._lung)
        self._bands = severity.compartments
        self.update()

    def bar_at(self, point: QPointF) -> int | None:
        """The index of the bar over a point of the widget."""
        if not self._lung:
            return None
        index = int(point.x() / self.width() * len(self._lung))
        return index if 0 <= index < len(self._lung) else None

    def sizeHint(self) -> QSize:
        """Qt's hook."""
        return QSize(260, 96)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's hook."""
        if not self._lung:
            return
        painter = QPainter(self)
        font = self.font()
        font.setPixelSize(12)
        painter.setFont(font)
        self._paint_bands(painter)
        top = sqrt(max(self._lung)) or 1.0
        height = self.height() - _FOOT - _HEAD
        width = self.width() / len(self._lung)
        for index, (lung, opacity) in enumerate(zip(self._lung, self._opacity, strict=True)):
            for count, colour in ((lung, palette.FAINT), (opacity, palette.ACCENT)):
                tall = height * sqrt(count) / top
                painter.fillRect(
                    QRectF(index * width, _HEAD + height - tall, max(1.0, width - 1), tall), QColor(*colour)
                )
        legend = QRectF(0, _HEAD, self.width() - 6, 16)
        at = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(*palette.ACCENT))
        painter.drawText(legend, at, "opacity")
        painter.setPen(QColor(*palette.FAINT))
        painter.drawText(legend.adjusted(0, 0, -56, 0), at, "lung")
        for tick in _TICKS:
            box = QRectF(self._x(tick) - 22, self.height() - _FOOT + 1, 44, _FOOT - 2)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{tick}".replace("-", "−"))

    def _paint_bands(self, painter: QPainter) -> None:
        """Alternate shades behind the bars, and a line at each edge."""
        bottom = self.height() - _FOOT
        for index, band in enumerate(self._bands):
            left = 0.0 if band.low_hu is None else self._x(band.low_hu)
            right = float(self.width()) if band.high_hu is None else self._x(band.high_hu)
            painter.fillRect(QRectF(left, 0, right - left, bottom), QColor(*palette.TEXT, 10 if index % 2 else 22))

    def _x(self, hu: int) -> float:
        return self.width() * (hu - self._edges[0]) / (self._edges[-1] - self._edges[0])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's hook."""
        index = self.bar_at(event.position())
        if index is not None and self._lung[index]:
            self._show(self._edges[index], self._edges[index + 1])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's hook."""
        index = self.bar_at(event.position())
        if index is None:
            return
        self.setCursor(Qt.CursorShape.PointingHandCursor if self._lung[index] else Qt.CursorShape.ArrowCursor)
        low, high = self._edges[index], self._edges[index + 1]
        share = 100 * self._lung[index] / sum(self._lung)
        band = next((b.name for b in self._bands if b.high_hu is None or low < b.high_hu), "")
        text = f"{low} to {high} HU ({band}): {share:.1f} % of the lung"
        QToolTip.showText(event.globalPosition().toPoint(), text, self)
