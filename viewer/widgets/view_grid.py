"""The views in the middle of the window, arranged by the session's layout."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtWidgets import QGridLayout, QWidget

from viewer.rendering.plane import acquired_plane
from viewer.settings import OwnPlace
from viewer.state.observable import Value
from viewer.state.session import Layout, Session
from viewer.widgets.cine import Cine
from viewer.widgets.own_window import Away, OwnWindows
from viewer.widgets.slice_view import SliceView

Place = tuple[int, int, int, int]
"""Row, column, rows, columns."""

_PLACES: dict[Layout, dict[str, Place]] = {
    Layout.AXIAL: {"axial": (0, 0, 1, 1)},
    Layout.QUAD: {"axial": (0, 0, 1, 1), "coronal": (0, 1, 1, 1), "sagittal": (1, 0, 1, 1), "3d": (1, 1, 1, 1)},
    Layout.LARGE_3D: {"3d": (0, 0, 3, 1), "axial": (0, 1, 1, 1), "coronal": (1, 1, 1, 1), "sagittal": (2, 1, 1, 1)},
    Layout.SIDE_BY_SIDE: {"axial": (0, 0, 1, 1), "beside": (0, 1, 1, 1)},
}
_STRETCH: dict[Layout, tuple[tuple[int, ...], tuple[int, ...]]] = {
    Layout.AXIAL: ((1,), (1,)),
    Layout.QUAD: ((1, 1), (1, 1)),
    Layout.LARGE_3D: ((1, 1, 1), (2, 1)),
    Layout.SIDE_BY_SIDE: ((1,), (1, 1)),
}
"""Relative heights of the rows and widths of the columns."""
_LINES = 3


class ViewGrid(QWidget):
    """Places the views by ``session.layout``; ``session.maximised`` fills the grid with one of them.

    Parameters
    ----------
    session
        What is open and which arrangement is wanted.
    views
        By name: ``axial``, ``coronal``, ``sagittal``, ``beside``, ``3d``. A name that is missing leaves its place to
        the others. A series of a single slice (an X-ray, a localizer) shows the one view that can hold it.
    places
        Where views had windows of their own (``session.detached``); without it nobody remembers.
    """

    def __init__(
        self,
        session: Session,
        views: Mapping[str, QWidget],
        parent: QWidget | None = None,
        *,
        places: Value[Mapping[str, OwnPlace]] | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._views = dict(views)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(2)
        for view in self._views.values():
            view.setParent(self)
            view.hide()
        self._away = {name: Away(name, partial(self._bring_back, name)) for name in self._views}
        for away in self._away.values():
            away.setParent(self)
            away.hide()
        self.own_windows = OwnWindows(session, self._views, self, self._take_back, places or Value({}))
        self._cine = Cine(session, self)
        ends = [
            session.layout.changed.connect(self._arrange),
            session.maximised.changed.connect(self._arrange),
            session.loaded.changed.connect(self._arrange),
            session.first_image.changed.connect(self._arrange),
            session.detached.changed.connect(self._detach),
        ]
        self.destroyed.connect(lambda _: [end() for end in ends])
        self._arrange(None)

    def shown(self) -> tuple[str, ...]:
        """The names of the views on show in the layout, in reading order."""
        return tuple(name for name in self._places() if name not in self._session.detached.value)

    def view(self, name: str) -> QWidget:
        """The view of that name. Raises KeyError."""
        return self._views[name]

    def active(self) -> SliceView | None:
        """The slice view that keys act on; None where another kind of view is active."""
        view = self._views.get(self._session.active_view.value)
        return view if isinstance(view, SliceView) else None

    def fit(self) -> None:
        """Take zoom and pan back in every slice view."""
        for view in self._views.values():
            if isinstance(view, SliceView):
                view.fit()

    def _places(self) -> dict[str, Place]:
        session = self._session
        single = self._only_view()
        if single is not None:
            return {single: (0, 0, 1, 1)}
        maximised = session.maximised.value
        if maximised in self._views and maximised not in session.detached.value:
            return {maximised: (0, 0, 1, 1)}
        return {name: place for name, place in _PLACES[session.layout.value].items() if name in self._views}

    def _only_view(self) -> str | None:
        """The view of a series with a single slice."""
        loaded, first = self._session.loaded.value, self._session.first_image.value
        geometry = loaded.volume.geometry if loaded is not None else first.geometry if first is not None else None
        if geometry is None or geometry.shape[0] > 1:
            return None
        plane = acquired_plane(geometry)
        return plane if plane in self._views else None

    def _detach(self, _: object) -> None:
        self.own_windows.follow()
        self._arrange(None)

    def _bring_back(self, name: str) -> None:
        self._session.detached.value = self._session.detached.value - {name}

    def _take_back(self, name: str) -> None:
        view = self._views[name]
        view.hide()
        view.setParent(self)

    def _arrange(self, _: object) -> None:
        places = self._places()
        detached = self._session.detached.value
        for name, view in self._views.items():
            if name not in places and name not in detached:
                self._grid.removeWidget(view)
                view.hide()
            if name not in places or name not in detached:
                self._grid.removeWidget(self._away[name])
                self._away[name].hide()
        alone = len(places) == 1
        rows, columns = ((1,), (1,)) if alone else _STRETCH[self._session.layout.value]
        for n in range(_LINES):
            self._grid.setRowStretch(n, rows[n] if n < len(rows) else 0)
            self._grid.setColumnStretch(n, columns[n] if n < len(columns) else 0)
        for name, (row, column, high, wide) in places.items():
            shown = self._away[name] if name in detached else self._views[name]
            self._grid.addWidget(shown, row, column, high, wide)
            shown.show()
        if self._session.active_view.value not in {*places, *detached} and places:
            self._session.active_view.value = next(iter(places))
