"""The surface of a slice view: it paints when told, and hands mouse and wheel to whoever listens."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from viewer.widgets.painted_view import Paint, PaintedView


class MouseListener(Protocol):
    """Who acts on mouse and wheel; places are in view pixels."""

    def pressed(self, button: Qt.MouseButton, x: float, y: float, modifiers: Qt.KeyboardModifier) -> None:
        """A button went down."""
        ...

    def moved(self, x: float, y: float) -> None:
        """The mouse moved, with or without a button."""
        ...

    def released(self, button: Qt.MouseButton, x: float, y: float) -> None:
        """A button went up."""
        ...

    def double_clicked(self, x: float, y: float) -> None:
        """The left button was clicked twice."""
        ...

    def wheel_turned(self, notches: float, x: float, y: float, modifiers: Qt.KeyboardModifier) -> None:
        """The wheel turned; positive is away from the hand."""
        ...

    def left(self) -> None:
        """The mouse left the view."""
        ...


class SliceCanvas(PaintedView):
    """Paints through one function and reports the mouse. ``painted`` tells the end of each painting."""

    painted = Signal()

    def __init__(self, paint: Paint, listener: MouseListener, parent: QWidget) -> None:
        super().__init__(paint, parent)
        self._listener = listener
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAcceptDrops(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)

    def repaint_all(self) -> None:
        """Ask for the whole view; requests before the next painting become one."""
        self.viewport().update()

    def repaint_part(self, x: float, y: float, width: float, height: float) -> None:
        """Ask for a part of the view."""
        self.viewport().update(QRectF(x, y, width, height).toAlignedRect())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint, then tell."""
        super().paintEvent(event)
        self.painted.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Report the press."""
        place = event.position()
        self._listener.pressed(event.button(), place.x(), place.y(), event.modifiers())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Report the move."""
        place = event.position()
        self._listener.moved(place.x(), place.y())
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Report the release."""
        place = event.position()
        self._listener.released(event.button(), place.x(), place.y())
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Report a double click of the left button."""
        place = event.position()
        if event.button() is Qt.MouseButton.LeftButton:
            self._listener.double_clicked(place.x(), place.y())
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Report the turn in notches (a fine wheel sends fractions)."""
        place: QPointF = event.position()
        self._listener.wheel_turned(event.angleDelta().y() / 120, place.x(), place.y(), event.modifiers())
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Report that the mouse is gone."""
        self._listener.left()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys belong to the window."""
        event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Keys belong to the window."""
        event.ignore()
