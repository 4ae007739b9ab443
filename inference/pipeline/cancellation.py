"""Cooperative cancellation for work in the same process. (The worker process is cancelled by killing it.)"""

from __future__ import annotations

import threading

from inference.errors import Cancelled


class CancellationToken:
    """Set once by whoever wants the work to stop, looked at often by the work. Thread-safe."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next look."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether :meth:`cancel` was called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise :class:`inference.errors.Cancelled` if cancelled."""
        if self._event.is_set():
            raise Cancelled
