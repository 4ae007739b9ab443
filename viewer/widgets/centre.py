"""The views in the middle of the window, and the layout that fits what is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QVBoxLayout, QWidget

from viewer.jobs.runner import Jobs
from viewer.rendering.caption import caption_of_slice, caption_of_volume
from viewer.settings import OwnPlace
from viewer.state.observable import Value
from viewer.state.session import Session
from viewer.widgets.picture_sheet import Pane
from viewer.widgets.slice_view import SliceView
from viewer.widgets.view_grid import ViewGrid
from viewer.widgets.volume_view import VolumeView


class Centre(QWidget):
    """Three planes, a second series and the 3D view, in the session's layout."""

    def __init__(self, session: Session, jobs: Jobs, places: Value[Mapping[str, OwnPlace]] | None = None) -> None:
        super().__init__()
        self._session = session
        self.slices = {
            "axial": SliceView(session, "axial", name="axial"),
            "coronal": SliceView(session, "coronal", name="coronal"),
            "sagittal": SliceView(session, "sagittal", name="sagittal"),
            "beside": SliceView(session, "axial", name="beside"),
        }
        self.volume = VolumeView(session, jobs.run)
        self.volume.setMinimumSize(1, 1)  # its buttons must not widen their column of the grid
        self.grid = ViewGrid(session, {**self.slices, "3d": self.volume}, places=places)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.grid)

    def step_back(self) -> bool:
        """Give up the measurement that is being drawn; whether there was one."""
        return any(view.give_up() for view in self.slices.values())

    def reset_views(self) -> None:
        """Fit every slice view, and look at the 3D lung from the front."""
        self.grid.fit()
        self.volume.look_from("A")

    def panes(self, whole_layout: bool, scale: float, identity: bool) -> tuple[list[Pane], tuple[int, int]]:
        """Pictures of every view on show, or of the active one, with their places, and the size of the whole.

        Places are in screen pixels; slice pictures are painted anew ``scale`` times as large, the 3D picture is VTK's
        own frame.
        """
        active = self._session.active_view.value
        views: dict[str, SliceView | VolumeView] = {**self.slices, "3d": self.volume}
        shown = list(self.grid.shown())
        if not whole_layout:
            shown = [active] if active in shown or active in self._session.detached.value else shown[:1]
        panes: list[Pane] = []
        for name in shown:
            view = views[name]
            place = QRect(view.mapTo(self.grid, QPoint(0, 0)), view.size()) if whole_layout else view.rect()
            if isinstance(view, SliceView):
                caption = caption_of_slice(view.scene, view.view_frame())
                panes.append(Pane(place, view.picture(scale, identity=identity), caption))
            elif (picture := view.picture()) is not None:
                place = view.frame_rect(self.grid if whole_layout else view)
                panes.append(Pane(place, picture, caption_of_volume(self._session)))
        if whole_layout:
            return panes, (self.grid.width(), self.grid.height())
        if not panes:
            return [], (0, 0)
        size = panes[0].place.size()
        return [replace(panes[0], place=QRect(QPoint(0, 0), size))], (size.width(), size.height())

    def close_views(self) -> None:
        """Release what must go before the window does."""
        self.grid.own_windows.leave()
        self.volume.close_scene()
