"""The voxels of the lesion that the reader points at, found in the background and shared by every view."""

from __future__ import annotations

from weakref import WeakKeyDictionary, ref

from PySide6.QtCore import QObject, QThreadPool, Signal, Slot

from viewer.rendering.lesion_mask import LesionMask, lesion_mask
from viewer.state.session import Session


class LesionHover(QObject):
    """Follows ``session.hovered_lesion``; ``found`` carries a :class:`LesionMask` or None, on the GUI thread."""

    found = Signal(object)
    _ready = Signal(int, object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = ref(session)
        self._asked = 0
        self.mask: LesionMask | None = None
        self._ready.connect(self._take)
        session.hovered_lesion.changed.connect(self._ask)
        session.findings.changed.connect(self._found_anew)

    def _ask(self, number: int | None) -> None:
        self._asked += 1
        session, asked = self._session(), self._asked
        findings = None if session is None else session.findings.value
        if number is None or findings is None:
            self._take(asked, None)
        else:
            QThreadPool.globalInstance().start(lambda: self._ready.emit(asked, lesion_mask(findings, number)))

    def _found_anew(self, _: object) -> None:
        session = self._session()
        if session is not None:
            self._ask(session.hovered_lesion.value)

    @Slot(int, object)
    def _take(self, asked: int, mask: LesionMask | None) -> None:
        if asked == self._asked and mask is not self.mask:
            self.mask = mask
            self.found.emit(mask)


_BY_SESSION: WeakKeyDictionary[Session, LesionHover] = WeakKeyDictionary()


def lesion_hover(session: Session) -> LesionHover:
    """The one of this session."""
    if session not in _BY_SESSION:
        _BY_SESSION[session] = LesionHover(session)
    return _BY_SESSION[session]
