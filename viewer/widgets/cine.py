"""Cine: the active view runs through its slices, round and round, until it is switched off."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from viewer.state.navigation import go_to_number, plane_of, slice_count, step
from viewer.state.session import Session

SLICES_PER_SECOND = 15


class Cine(QObject):
    """Follows ``session.cine``. A slow painting drops steps' time, never queues them."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._timer = QTimer(self)
        self._timer.setInterval(1000 // SLICES_PER_SECOND)
        self._timer.timeout.connect(self.advance)
        end = session.cine.observe(self._switch)
        self.destroyed.connect(lambda _: end())

    def advance(self) -> None:
        """One slice on; after the last comes the first."""
        session = self._session
        plane = plane_of(session.active_view.value)
        before = session.crosshair.value
        step(session, plane, 1)
        if session.crosshair.value == before and slice_count(session, plane) > 1:
            go_to_number(session, plane, 1)

    def _switch(self, on: bool) -> None:
        if on:
            self._timer.start()
        else:
            self._timer.stop()
