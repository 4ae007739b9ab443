"""What the mouse does on a slice: each press becomes a drag that follows it until the button goes up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import Qt

from inference.io.study import WindowLevel
from inference.volume import Point
from viewer.rendering.annotations import Shape, Spot, handle_at, touches
from viewer.rendering.camera import ViewFrame
from viewer.rendering.slice_scene import SliceScene
from viewer.state.measurements import MeasurementKind
from viewer.state.session import Tool

STILL_PIXELS = 3.0
"""A press that moves less is a click."""
_MEASURING: dict[Tool, MeasurementKind] = {
    Tool.LENGTH: "length", Tool.ANGLE: "angle", Tool.ELLIPSE: "ellipse", Tool.PROBE: "probe",
}  # fmt: skip


class View(Protocol):
    """What the tools need of a slice view."""

    scene: SliceScene
    lens: Spot | None
    selected: int | None

    def view_frame(self) -> ViewFrame | None:
        """The present mapping between slice and view."""
        ...

    def shapes(self) -> list[Shape]:
        """The measurements on the slice."""
        ...

    def refresh(self) -> None:
        """Paint anew."""
        ...


class Drag:
    """A press in progress; the base does nothing."""

    def __init__(self, view: View, x: float, y: float) -> None:
        self.view, self.x, self.y = view, x, y

    def moved(self, x: float, y: float) -> None:
        """The mouse moved with the button down."""

    def released(self, x: float, y: float) -> None:
        """The button went up."""

    def still(self, x: float, y: float) -> bool:
        """Whether the mouse has hardly moved since the press."""
        return math.hypot(x - self.x, y - self.y) < STILL_PIXELS


class WindowDrag(Drag):
    """Right is wider; up or down brightens as the reader prefers. Steps grow with the width."""

    def __init__(self, view: View, x: float, y: float) -> None:
        super().__init__(view, x, y)
        self._start = view.scene.window.value

    def moved(self, x: float, y: float) -> None:
        """Set the window in whole units."""
        step = max(self._start.width, 100.0) / 400
        up = 1 if self.view.scene.session.drag_up_brightens.value else -1
        width = max(1.0, round(self._start.width + (x - self.x) * step))
        level = round(self._start.level + (y - self.y) * step * up)
        function = self._start.function
        self.view.scene.window.value = WindowLevel(float(width), float(level), "", function)


class PanDrag(Drag):
    """Moves the slice with the mouse."""

    def moved(self, x: float, y: float) -> None:
        """Move by the way since the last move."""
        frame = self.view.view_frame()
        if frame is not None:
            camera = self.view.scene.camera
            camera.value = frame.panned(camera.value, x - self.x, y - self.y)
        self.x, self.y = x, y


class ZoomDrag(Drag):
    """Up enlarges, down shrinks; the place under the press stays."""

    def __init__(self, view: View, x: float, y: float) -> None:
        super().__init__(view, x, y)
        self._last = y

    def moved(self, x: float, y: float) -> None:
        """Zoom by the way since the last move."""
        frame = self.view.view_frame()
        if frame is not None:
            camera = self.view.scene.camera
            camera.value = frame.zoomed(camera.value, math.exp((self._last - y) / 150), self.x, self.y)
        self._last = y


class CrosshairDrag(Drag):
    """Moves the crosshair of all views."""

    def __init__(self, view: View, x: float, y: float) -> None:
        super().__init__(view, x, y)
        self.moved(x, y)

    def moved(self, x: float, y: float) -> None:
        """Look at the place under the mouse."""
        point = point_at(self.view, x, y)
        if point is not None:
            self.view.scene.move_to(point)


class LensDrag(Drag):
    """Holds the magnifying glass."""

    def __init__(self, view: View, x: float, y: float) -> None:
        super().__init__(view, x, y)
        self.moved(x, y)

    def moved(self, x: float, y: float) -> None:
        """Move it along."""
        self.view.lens = (x, y)
        self.view.refresh()

    def released(self, x: float, y: float) -> None:
        """Put it away."""
        self.view.lens = None
        self.view.refresh()


class MoveDrag(Drag):
    """Moves one handle of a measurement, or all of it (``handle`` None)."""

    def __init__(self, view: View, x: float, y: float, number: int, handle: int | None) -> None:
        super().__init__(view, x, y)
        self._number, self._handle = number, handle
        items = view.scene.session.measurements.items.value
        self._points = next(item.points for item in items if item.number == number)

    def moved(self, x: float, y: float) -> None:
        """Carry the points along, within their slice."""
        frame = self.view.view_frame()
        if frame is None:
            return
        (x0, y0), (x1, y1) = frame.to_slice(self.x, self.y), frame.to_slice(x, y)
        points = []
        for n, point in enumerate(self._points):
            if self._handle in (None, n):
                index, column, row = frame.grid.locate(point)
                point = frame.grid.point(index, column + x1 - x0, row + y1 - y0)
            points.append(point)
        self.view.scene.session.measurements.move(self._number, tuple(points))


@dataclass
class Draft:
    """A measurement being drawn."""

    kind: MeasurementKind
    points: tuple[Point, ...]


class DrawDrag(Drag):
    """Draws a length, an ellipse or the first arm of an angle."""

    def __init__(self, tools: SliceTools, kind: MeasurementKind, x: float, y: float) -> None:
        super().__init__(tools.view, x, y)
        self._tools, self._kind = tools, kind
        self._start = point_at(tools.view, x, y)

    def moved(self, x: float, y: float) -> None:
        """Show it as it grows."""
        end = point_at(self.view, x, y)
        if self._start is not None and end is not None and not self.still(x, y):
            self._tools.draft = Draft(self._kind, (self._start, end))
            self.view.refresh()

    def released(self, x: float, y: float) -> None:
        """Keep it; of an angle, wait for the click that ends its second arm."""
        draft = self._tools.draft
        if draft is None or draft.kind == "angle":
            return
        self._tools.keep(draft)


class SliceTools:
    """Chooses what a press does, from the button, the session's tool and what lies under the mouse."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.draft: Draft | None = None
        self._drag: Drag | None = None
        self._button = Qt.MouseButton.NoButton

    def pressed(self, button: Qt.MouseButton, x: float, y: float, modifiers: Qt.KeyboardModifier) -> None:
        """Begin what this button does here."""
        if self._drag is not None:
            return
        self._button = button
        if button == Qt.MouseButton.MiddleButton:
            self._drag = PanDrag(self.view, x, y)
        elif button == Qt.MouseButton.RightButton:
            self._drag = ZoomDrag(self.view, x, y)
        elif button == Qt.MouseButton.LeftButton:
            self._drag = self._left(x, y, modifiers)

    def moved(self, x: float, y: float) -> None:
        """Follow the mouse; without a button, the open angle's second arm does."""
        if self._drag is not None:
            self._drag.moved(x, y)
        elif self.draft is not None and self.draft.kind == "angle":
            point = point_at(self.view, x, y)
            if point is not None:
                self.draft = Draft("angle", (*self.draft.points[:2], point))
                self.view.refresh()

    def released(self, button: Qt.MouseButton, x: float, y: float) -> bool:
        """End the drag; True where it was a plain click."""
        drag = self._drag
        if drag is None or button != self._button:
            return False
        self._drag = None
        drag.released(x, y)
        return drag.still(x, y)

    def cancel(self) -> None:
        """Forget what is being drawn."""
        self._drag = self.draft = None
        self.view.lens = None
        self.view.refresh()

    def keep(self, draft: Draft) -> None:
        """Make the drawn measurement one of the session's."""
        self.draft = None
        scene = self.view.scene
        self.view.selected = scene.session.measurements.add(draft.kind, scene.plane, draft.points).number
        self.view.refresh()

    def measuring(self) -> bool:
        """Whether the left button draws here."""
        scene = self.view.scene
        return scene.session.tool.value in _MEASURING and scene.whole and not scene.second

    def _left(self, x: float, y: float, modifiers: Qt.KeyboardModifier) -> Drag:
        view, tool = self.view, self.view.scene.session.tool.value
        if self.draft is not None:
            point = point_at(view, x, y)
            self.keep(Draft("angle", (*self.draft.points[:2], point)) if point is not None else self.draft)
            return Drag(view, x, y)
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            return CrosshairDrag(view, x, y)
        taken = shape_under(view, x, y)
        if taken is not None:
            view.selected = taken.number
            view.refresh()
            return MoveDrag(view, x, y, taken.number, handle_at(taken, x, y))
        view.selected = None
        if self.measuring():
            if tool is Tool.PROBE:
                self._probe(x, y)
                return Drag(view, x, y)
            return DrawDrag(self, _MEASURING[tool], x, y)
        drags = {Tool.PAN: PanDrag, Tool.ZOOM: ZoomDrag, Tool.CROSSHAIR: CrosshairDrag, Tool.MAGNIFIER: LensDrag}
        return drags.get(tool, WindowDrag)(view, x, y)

    def _probe(self, x: float, y: float) -> None:
        point = point_at(self.view, x, y)
        if point is not None:
            self.keep(Draft("probe", (point,)))


def point_at(view: View, x: float, y: float) -> Point | None:
    """The LPS point of the slice under a place in the view; None off the slice."""
    frame = view.view_frame()
    if frame is None or not frame.holds(x, y):
        return None
    return frame.grid.point(view.scene.index, *frame.to_slice(x, y))


def shape_under(view: View, x: float, y: float) -> Shape | None:
    """The measurement under a place in the view, the newest first."""
    return next((shape for shape in reversed(view.shapes()) if touches(shape, x, y)), None)
