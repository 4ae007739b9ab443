"""The one way from a background thread to the GUI thread."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal, Slot


class Relay(QObject):
    """Calls functions on the thread that owns it (the GUI thread), in order. After :meth:`close` it calls none."""

    _posted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._open = True
        self._posted.connect(self._call, Qt.ConnectionType.QueuedConnection)

    def post(self, function: Callable[[], None]) -> None:
        """Have ``function`` called on the GUI thread soon. Any thread may call this."""
        if self._open:
            self._posted.emit(function)

    def close(self) -> None:
        """Drop what is still under way."""
        self._open = False

    @Slot(object)
    def _call(self, function: Callable[[], None]) -> None:
        if self._open:
            function()
