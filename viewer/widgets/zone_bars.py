"""The six zones as bars, drawn as they lie on the screen: the patient's right on the left."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from inference.findings import ZONES, RegionFigures, Zone
from inference.report.wording import millilitres, percent
from viewer.rendering import palette
from viewer.widgets.theme import tabular

_ROW = 19
_MIDDLE = 56
_NUMBER = 50


class ZoneBars(QWidget):
    """Share of infection per zone; the full length of a bar is 100 %. A click shows the zone."""

    def __init__(self, show: Callable[[Zone], object]) -> None:
        super().__init__()
        self._zones: Mapping[Zone, RegionFigures] = {}
        self._lower_bounds: Collection[str] = ()
        self._show = show
        self._hovered: Zone | None = None
        self.setFont(tabular(self.font()))
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_zones(self, zones: Mapping[Zone, RegionFigures], lower_bounds: Collection[str] = ()) -> None:
        """Show the zones' figures; those of the sides in ``lower_bounds`` are "at least"."""
        self._zones, self._lower_bounds = zones, lower_bounds
        self.update()

    def zone_at(self, point: QPointF) -> Zone | None:
        """The zone whose row and half hold a point of the widget."""
        row = int(point.y() // _ROW) - 1
        if not 0 <= row < 3:
            return None
        return ZONES[row if point.x() < self.width() / 2 else row + 3]

    def bar(self, zone: Zone) -> QRectF:
        """The whole length that a zone's bar can take. Right zones grow to the left, left zones to the right."""
        index = ZONES.index(zone)
        length = (self.width() - _MIDDLE) / 2 - _NUMBER
        top = (index % 3 + 1) * _ROW + 3
        left = _NUMBER if index < 3 else self.width() / 2 + _MIDDLE / 2
        return QRectF(left, top, length, _ROW - 6)

    def sizeHint(self) -> QSize:
        """Qt's hook."""
        return QSize(260, 4 * _ROW + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's hook."""
        painter = QPainter(self)
        font = self.font()
        font.setPixelSize(12)
        painter.setFont(font)
        painter.setPen(QColor(*palette.FAINT))
        half, centred = self.width() / 2, Qt.AlignmentFlag.AlignCenter
        painter.drawText(QRectF(0, 0, half - _MIDDLE / 2, _ROW), centred, "right")
        painter.drawText(QRectF(half + _MIDDLE / 2, 0, half - _MIDDLE / 2, _ROW), centred, "left")
        for row, name in enumerate(("upper", "middle", "lower"), start=1):
            painter.setPen(QColor(*palette.FAINT))
            painter.drawText(QRectF(half - _MIDDLE / 2, row * _ROW, _MIDDLE, _ROW), centred, name)
        for zone in ZONES:
            self._paint_zone(painter, zone)

    def _paint_zone(self, painter: QPainter, zone: Zone) -> None:
        figures = self._zones.get(zone)
        share = None if figures is None else figures.percentage
        whole, right = self.bar(zone), ZONES.index(zone) < 3
        painter.fillRect(whole, QColor(*palette.TEXT, 34 if zone == self._hovered else 18))
        if share:
            length = max(1.0, whole.width() * share / 100)
            filled = QRectF(whole.right() - length if right else whole.left(), whole.top(), length, whole.height())
            painter.fillRect(filled, QColor(*palette.ACCENT))
        painter.setPen(QColor(*palette.TEXT))
        box = QRectF(0 if right else whole.right(), whole.top() - 3, _NUMBER - 4, _ROW)
        at = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        bound = "≥ " if share is not None and zone.split()[0] in self._lower_bounds else ""
        painter.drawText(box, at, bound + percent(share))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's hook."""
        zone = self.zone_at(event.position())
        if zone is not None and zone in self._zones:
            self._show(zone)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's hook."""
        zone = self.zone_at(event.position())
        figures = None if zone is None else self._zones.get(zone)
        self._hovered = zone if figures is not None else None
        self.setCursor(Qt.CursorShape.ArrowCursor if figures is None else Qt.CursorShape.PointingHandCursor)
        if zone is not None and figures is not None:
            bound = "at least " if zone.split()[0] in self._lower_bounds else ""
            text = f"{zone}: {bound}{percent(figures.percentage)} infected"
            QToolTip.showText(
                event.globalPosition().toPoint(),
                f"{text}\n{millilitres(figures.infected_ml)} of {millilitres(figures.lung_ml)}",
                self,
            )
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Qt's hook."""
        self._hovered = None
        self.update()
