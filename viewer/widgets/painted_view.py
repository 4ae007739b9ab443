"""The one typed door to pyqtgraph: a scene item that paints by a function, and a view that repaints only when told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsView, QWidget

Paint = Callable[[QPainter, float, float], None]
"""``paint(painter, width, height)`` in view pixels."""


class PaintedItem(pg.GraphicsObject):  # type: ignore[misc]
    """One item that fills the view. Several stacked image items would each be blended over the whole view."""

    def __init__(self, paint: Paint) -> None:
        super().__init__()
        self._paint = paint
        self._box = QRectF(0, 0, 1, 1)

    def resize(self, width: float, height: float) -> None:
        """Fill a view of that size."""
        self.prepareGeometryChange()
        self._box = QRectF(0, 0, width, height)

    def boundingRect(self) -> QRectF:
        """The whole view."""
        return self._box

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint by the function; the painter's clip holds what must be drawn."""
        self._paint(painter, self._box.width(), self._box.height())


class PaintedView(pg.GraphicsView):  # type: ignore[misc]
    """A pyqtgraph view with one :class:`PaintedItem`, whose scene coordinates are its own pixels.

    Mouse and keys are left to the subclass: pyqtgraph's own handling is never reached. Nothing is repainted but by
    ``viewport().update()``. The function paints every pixel it is asked for: nothing is painted beneath the view,
    where the style sheet would give each of its ancestors a background of its own.
    """

    def __init__(self, paint: Paint, parent: QWidget | None = None) -> None:
        super().__init__(parent, useOpenGL=False, background=None)
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.NoViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        self._item = PaintedItem(paint)
        self.addItem(self._item)
        self._item.resize(self.width(), self.height())

    def resizeEvent(self, event: Any) -> None:
        """Keep the item as large as the view."""
        super().resizeEvent(event)
        if hasattr(self, "_item"):
            self._item.resize(self.width(), self.height())
            self.viewport().update()
