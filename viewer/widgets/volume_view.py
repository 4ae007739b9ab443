"""The 3D view: translucent lungs and infection, turned with the mouse. VTK is imported only when there is a mesh.

Meshing runs as a background job. Software rendering takes a tenth of a second, so a moving crosshair draws nothing
until it has rested, and turning uses coarse meshes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QImage, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from inference.findings import Findings
from inference.volume import Point
from viewer.operations.surfaces import surfaces_of
from viewer.rendering.furniture import verdict_text
from viewer.rendering.lesion_lookup import lesion_at
from viewer.state.layers import labels
from viewer.state.session import Session
from viewer.widgets.lesion_hover import lesion_hover
from viewer.widgets.volume_bar import VolumeBar

if TYPE_CHECKING:
    from viewer.rendering.meshing import Surface
    from viewer.rendering.volume_scene import Direction

_REST_MS = 250
_EMPTY = "The 3D lung appears after an analysis"
_REFUSED = "Nothing is measured on this study, so there is no 3D lung"
_NO_DISPLAY = "3D needs a display with OpenGL"


class RunJob(Protocol):
    """How the view starts background work (:meth:`viewer.jobs.runner.Jobs.run`)."""

    def __call__(
        self,
        title: str,
        function: Callable[[Callable[[float], None], Any], Any],
        on_done: Callable[[Any], None] | None = None,
        *,
        quiet: bool = False,
    ) -> int:
        """Run ``function(report, token)`` on a thread and ``on_done(result)`` on the GUI thread."""


class VolumeView(QWidget):
    """Shows ``session.findings`` as surfaces; a click on one moves every view to the lesion's centre."""

    def __init__(self, session: Session, run: RunJob, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._run = run
        self._scene: Any = None
        self._interactor: Any = None
        self._cube: Any = None
        self._shown: Findings | None = None
        self._meshing: Findings | None = None
        self._pressed: QPoint | None = None
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self.render_now)
        self._build()
        self._hover = lesion_hover(session)
        self._hover.found.connect(self._moved)
        self._connections = [
            session.findings.observe(lambda _: self._update()),
            session.verdict.observe(lambda _: self._judged()),
            session.crosshair.changed.connect(self._moved),
            *(layer.changed.connect(lambda _: self._show_layers()) for layer in session.layers.by_group.values()),
            session.layers.all_hidden.changed.connect(lambda _: self._show_layers()),
        ]

    # what others call ---------------------------------------------------------------------------------------------

    @property
    def surfaces(self) -> tuple[Surface, ...]:
        """The meshes on show, for export."""
        return () if self._scene is None else tuple(self._scene.surface(key) for key in self._scene.keys)

    @property
    def legend(self) -> tuple[tuple[str, tuple[int, int, int]], ...]:
        """Names and colours that the slices' legend does not hold."""
        if self._shown is None or self.bar.colouring != "infection":
            return ()
        from viewer.rendering.volume_scene import INFECTION_COLOUR

        return (("Infection in 3D", INFECTION_COLOUR),)

    def look_from(self, direction: Direction) -> None:
        """Turn to one of the six sides."""
        if self._scene is not None:
            self._scene.look_from(direction)
            self.render_now()

    def picture(self) -> QImage | None:
        """VTK's own frame of the view (never a grab of the widget); None while there is nothing to see."""
        if self._interactor is None or self._shown is None:
            return None
        from viewer.rendering.volume_scene import frame

        pixels = frame(self._interactor.GetRenderWindow())
        rows, columns, _ = pixels.shape
        return QImage(pixels.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()

    def frame_rect(self, ancestor: QWidget) -> QRect:
        """Where the 3D picture itself lies in an ancestor widget; empty while there is none."""
        if self._interactor is None:
            return QRect()
        return QRect(self._interactor.mapTo(ancestor, QPoint(0, 0)), self._interactor.size())

    def render_now(self) -> None:
        """Draw the scene once, if it can be seen."""
        if self._interactor is not None and self.isVisible():
            if self._session.crosshair_visible.value:
                self._scene.set_cross(self._session.crosshair.value)
            else:
                self._scene.set_cross(None)
            self._scene.set_outline(self._lesion_box())
            self._scene.set_cut(self.bar.cut, self._session.crosshair.value)
            self._scene.renderer.ResetCameraClippingRange()
            self._interactor.GetRenderWindow().Render()

    def close_scene(self) -> None:
        """Release VTK's window before Qt's goes; nothing can be shown afterwards."""
        for disconnect in self._connections:
            disconnect()
        self._rest.stop()
        if self._interactor is not None:
            self._interactor.Finalize()
            self._interactor = None

    # building -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.bar = VolumeBar()
        self.bar.looked.connect(self.look_from)
        self.bar.recoloured.connect(self._recolour)
        self.bar.cut_moved.connect(self.render_now)
        self._words = QLabel(_EMPTY, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._words.setProperty("role", "placeholder")
        self._stack = QStackedLayout()
        self._stack.addWidget(self._words)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.bar)
        outer.addLayout(self._stack, 1)
        self._offer_controls(False, sides_known=False)

    def _create_scene(self) -> bool:
        if self._interactor is not None:
            return True
        if QGuiApplication.platformName() in ("offscreen", "minimal"):
            self._words.setText(_NO_DISPLAY)
            return False
        from vtkmodules.qt.QVTKRenderWindowInteractor import QVTKRenderWindowInteractor
        from vtkmodules.vtkInteractionStyle import vtkInteractorStyleTrackballCamera

        from viewer.rendering.volume_scene import VolumeScene, add_orientation_cube

        self._scene = VolumeScene()
        self._interactor = QVTKRenderWindowInteractor(self)
        self._interactor.GetRenderWindow().AddRenderer(self._scene.renderer)
        style = vtkInteractorStyleTrackballCamera()
        self._interactor.SetInteractorStyle(style)
        style.AddObserver("StartInteractionEvent", lambda *_: self._scene.set_detail(False))
        # from press to release the style alone hears the mouse, so the release is heard of through it
        style.AddObserver("EndInteractionEvent", lambda *_: self._interaction_ended())
        self._interactor.AddObserver("LeftButtonPressEvent", lambda *_: self._press())
        self._stack.addWidget(self._interactor)
        self._interactor.Initialize()
        self._cube = add_orientation_cube(self._interactor)
        return True

    # following the session ----------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Mesh what came while the view was hidden."""
        super().showEvent(event)
        self._update()

    def _judged(self) -> None:
        self.bar.set_verdict(*verdict_text(self._session.verdict.value))
        self._update()

    def _update(self) -> None:
        findings = self._session.findings.value
        if findings is None:
            self._forget()
        elif self.isVisible() and findings is not self._shown and findings is not self._meshing:
            self._meshing = findings
            self._words.setText("Building the 3D surfaces…")
            self._run(
                "3D surfaces",
                lambda report, token: (findings, surfaces_of(findings, report)),
                self._meshed,
                quiet=True,
            )

    def _meshed(self, result: tuple[Findings, tuple[Surface, ...]]) -> None:
        findings, surfaces = result
        if findings is not self._session.findings.value:
            return
        self._meshing = None
        if not surfaces:
            self._words.setText("No lung was found to show in 3D")
            return
        if not self._create_scene():
            return
        self._shown = findings
        self._scene.show(surfaces)
        self._recolour(render=False)
        self._offer_controls(True, sides_known=findings.output.lungs.geometry.orientation_known)
        self._stack.setCurrentWidget(self._interactor)
        self._show_layers()
        QTimer.singleShot(0, self.render_now)

    def _offer_controls(self, there: bool, *, sides_known: bool) -> None:
        self.bar.offer(there, sides_known=sides_known)
        if self._cube is not None:
            self._cube.SetEnabled(sides_known)

    def _forget(self) -> None:
        self._shown = self._meshing = None
        verdict = self._session.verdict.value
        self._words.setText(_EMPTY if verdict is None or verdict.may_measure else _REFUSED)
        self._stack.setCurrentWidget(self._words)
        self._offer_controls(False, sides_known=False)
        if self._scene is not None:
            self._scene.clear()

    def _moved(self, _: object) -> None:
        """The crosshair, or the lesion that is pointed at: drawn once the mouse rests."""
        if self._shown is not None:
            self._rest.start()

    def _lesion_box(self) -> NDArray[np.float64] | None:
        lesion, findings = self._hover.mask, self._shown
        return None if lesion is None or findings is None else lesion.corners(findings.output.lungs.geometry)

    def _show_layers(self) -> None:
        if self._scene is None:
            return
        for label in labels():
            layer = self._session.layers.by_group[label.group].value
            hidden = self._session.layers.all_hidden.value and label.mask == "lesions"
            self._scene.set_visible(label.key, layer.visible and not hidden)
        self._rest.start()

    def _recolour(self, render: bool = True) -> None:
        if self._scene is not None:
            self._scene.set_colouring(self.bar.colouring)
            if render:
                self.render_now()

    # the mouse ----------------------------------------------------------------------------------------------------

    def _press(self) -> None:
        self._pressed = QPoint(*self._interactor.GetEventPosition())
        self._session.active_view.value = "3d"
        if self._interactor.GetRepeatCount():  # a double click, as on a slice view
            self._session.maximised.value = None if self._session.maximised.value == "3d" else "3d"

    def _interaction_ended(self) -> None:
        self._scene.set_detail(True)
        self.render_now()
        here = QPoint(*self._interactor.GetEventPosition())
        if self._pressed is not None and (here - self._pressed).manhattanLength() <= 3:
            self.pick(here.x(), here.y())
        self._pressed = None

    def pick(self, x: int, y: int) -> Point | None:
        """Move every view to the lesion under a point of the 3D picture (pixels, origin lower left).

        Returns the point that the views moved to (LPS mm), or None where there is no lesion.
        """
        if self._shown is None:
            return None
        point: Point | None = self._scene.pick(x, y)
        if point is None:
            return None
        lesion = lesion_at(self._shown, point)
        target = point if lesion is None else lesion.centre_lps_mm
        self._session.hovered_lesion.value = None if lesion is None else lesion.number
        self._session.look_at(target)
        return target
