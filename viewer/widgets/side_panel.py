"""A side panel that folds to a rail of icons, so that the image keeps its room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QToolButton, QVBoxLayout, QWidget

from viewer.widgets.theme import icon

RAIL_WIDTH = 38
FOLD_ROOM = 40
"""What the button that folds a panel takes of its first line, at the right."""


class SidePanel(QWidget):
    """Parts one above the other, or, folded, a rail of their icons at the window's edge.

    Parameters
    ----------
    side
        At which edge of the window it stands; the rail is at that edge.
    parts
        ``(icon, tooltip, widget)`` from top to bottom.
    width
        Its width when unfolded.
    """

    folded = Signal(bool)
    """Emitted when the reader folds (True) or unfolds it himself."""

    def __init__(self, side: Literal["left", "right"], parts: Sequence[tuple[str, str, QWidget]], width: int) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._open = True
        self._width = width
        self._content = QSplitter(Qt.Orientation.Vertical)
        self._content.setChildrenCollapsible(False)
        self._content.setHandleWidth(3)
        self._rail = QWidget()
        self._rail.setObjectName("rail")
        self._rail.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._rail.setFixedWidth(RAIL_WIDTH)
        column = QVBoxLayout(self._rail)
        column.setContentsMargins(2, 6, 2, 6)
        for name, tip, widget in parts:
            button = QToolButton()
            button.setIcon(icon(name))
            button.setIconSize(QSize(20, 20))
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(self.toggle)
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
            self._content.addWidget(widget)
        column.addStretch(1)
        self._fold = QToolButton(self)
        self._fold.setIcon(icon("fold_left" if side == "left" else "fold_right"))
        self._fold.setIconSize(QSize(14, 14))
        self._fold.setToolTip("Fold this panel")
        self._fold.setAccessibleName("Fold this panel")
        self._fold.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._fold.clicked.connect(self.toggle)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        order = (self._rail, self._content) if side == "left" else (self._content, self._rail)
        for widget in order:
            row.addWidget(widget, 1 if widget is self._content else 0)
        self.set_open(True)

    @property
    def is_open(self) -> bool:
        """Whether the panel is unfolded."""
        return self._open

    @property
    def open_width(self) -> int:
        """Its width when unfolded."""
        return self._width

    def set_open(self, is_open: bool) -> None:
        """Fold or unfold it."""
        self._open = is_open
        self._content.setVisible(is_open)
        self._rail.setVisible(not is_open)
        self._fold.setVisible(is_open)
        self.setMinimumWidth(220 if is_open else RAIL_WIDTH)
        self.setMaximumWidth(620 if is_open else RAIL_WIDTH)

    def keep_width(self) -> None:
        """The reader has made it this wide."""
        if self._open:
            self._width = self.width()

    def toggle(self) -> None:
        """Fold it if it is unfolded, and the other way round; tells the window."""
        self.set_open(not self._open)
        self.folded.emit(not self._open)

    def set_part_sizes(self, sizes: Sequence[int]) -> None:
        """Heights of the parts."""
        self._content.setSizes(list(sizes))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's hook."""
        super().resizeEvent(event)
        self._fold.adjustSize()
        self._fold.move(self.width() - self._fold.width() - 4, 3)
        self._fold.raise_()
