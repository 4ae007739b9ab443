"""A key that acts while it is held, and stays when it is tapped twice: O hides the overlays."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget

from viewer.state.observable import Value
from viewer.widgets.own_window import belongs

DOUBLE_TAP_S = 0.4
_KEYPAD = Qt.KeyboardModifier.KeypadModifier.value


class HeldKey(QObject):
    """Sets ``value`` while one of the keys is down; two quick taps leave it set until the next two.

    Parameters
    ----------
    window
        Keys pressed in this window and in its views' own windows count, unless a text field has the focus.
    value
        What is set.
    keys
        Returns the present keys in Qt's spelling.
    clock
        Seconds; replaced in tests.
    """

    def __init__(
        self,
        window: QWidget,
        value: Value[bool],
        keys: Callable[[], tuple[str, ...]],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(window)
        self._window, self._value, self._keys, self._clock = window, value, keys, clock
        self._stays = False
        self._down = False
        self._last_press = -DOUBLE_TAP_S
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self)

    def press(self) -> None:
        """The key went down."""
        now = self._clock()
        if now - self._last_press < DOUBLE_TAP_S:
            self._stays = not self._stays
            now = -DOUBLE_TAP_S  # a third quick tap begins anew
        self._last_press = now
        self._down = True
        self._value.value = True

    def release(self) -> None:
        """The key went up, or the window lost the keyboard."""
        if self._down:
            self._down = False
            self._value.value = self._stays

    def toggle(self) -> None:
        """What the menu does: hide, or show again."""
        self._stays = not self._value.value
        self._value.value = self._stays

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's hook."""
        kind = event.type()
        if kind == QEvent.Type.WindowDeactivate and isinstance(watched, QWidget) and belongs(watched, self._window):
            self.release()
        elif isinstance(event, QKeyEvent) and kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            return self._key(watched, event, kind == QEvent.Type.KeyPress)
        return False

    def _key(self, watched: QObject, event: QKeyEvent, pressed: bool) -> bool:
        ours = isinstance(watched, QWidget) and belongs(watched, self._window)
        if not ours or isinstance(watched, QLineEdit | QPlainTextEdit) or not self._is_the_key(event):
            return False
        if not event.isAutoRepeat():
            if pressed:
                self.press()
            else:
                self.release()
        return True

    def _is_the_key(self, event: QKeyEvent) -> bool:
        for key in self._keys():
            pressed = QKeySequence(event.keyCombination().toCombined() & ~_KEYPAD)
            if QKeySequence(key).matches(pressed) is QKeySequence.SequenceMatch.ExactMatch:
                return True
        return False
