"""Choices of a bar that has no room for them: the same combo boxes behind one button."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QComboBox, QMenu, QToolButton, QWidget


class ChoiceMenu(QToolButton):
    """Offers the entries of combo boxes in a menu, the present ones checked."""

    def __init__(self, combos: Sequence[QComboBox], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._combos = tuple(combos)
        self.setText("More")
        words = "; ".join(combo.toolTip() for combo in combos)
        self.setToolTip(words)
        self.setAccessibleName(words)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        menu.aboutToShow.connect(self.fill)
        self.setMenu(menu)

    def fill(self) -> None:
        """List what the combo boxes hold now."""
        menu = self.menu()
        menu.clear()
        for combo in self._combos:
            if menu.actions():
                menu.addSeparator()
            group = QActionGroup(menu)
            for index in range(combo.count()):
                action = QAction(combo.itemText(index), menu, checkable=True, checked=index == combo.currentIndex())
                action.triggered.connect(partial(self._choose, combo, index))
                group.addAction(action)
                menu.addAction(action)

    @staticmethod
    def _choose(combo: QComboBox, index: int, checked: bool = True) -> None:
        combo.setCurrentIndex(index)
