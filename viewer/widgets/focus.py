"""The keyboard belongs to the image: a click into a panel never takes the slice keys away, Tab into one does."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QWidget,
)
from shiboken6 import isValid

from viewer.widgets.own_window import belongs

_CONTROLS = (QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox)
_PRESS = {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter}
_MOVE = {
    Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
}  # fmt: skip


def keep_keys_on_image(panel: QWidget) -> None:
    """Let the controls of a panel take the keyboard by Tab, and not by a click."""
    for control in panel.findChildren(QWidget):
        if isinstance(control, _CONTROLS) and control.focusPolicy() & Qt.FocusPolicy.ClickFocus:
            control.setFocusPolicy(Qt.FocusPolicy.TabFocus)


class PanelKeys(QObject):
    """While a control of the window has the keyboard, its own keys (arrows, space ...) are no shortcuts."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.installEventFilter(self)
            app.focusChanged.connect(self._moved)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's hook."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and isinstance(watched, _CONTROLS)
            and belongs(watched, self._window)
            and event.key() in (_PRESS if isinstance(watched, QAbstractButton) else _PRESS | _MOVE)
            and event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        ):
            event.accept()
            return True
        return False

    def _moved(self, old: QWidget | None, new: QWidget | None) -> None:
        """What had the keyboard went out of sight, and Qt gave it to the next button: the image gets it instead."""
        gone = old is not None and isValid(old) and not old.isVisible() and old.window() is self._window
        if gone and isinstance(new, _CONTROLS) and new.window() is self._window:
            self._window.setFocus()
