"""One slice view: a :class:`SliceScene` on a canvas, with its mouse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QPoint, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from inference.verdict import Colour
from viewer.rendering import paint, palette
from viewer.rendering.annotations import Shape, Spot, lies_on, shape_of, spots, words
from viewer.rendering.camera import Camera, ViewFrame
from viewer.rendering.furniture import furniture_of, verdict_of
from viewer.rendering.kept_picture import KeptPicture
from viewer.rendering.lesion_mask import LesionMask
from viewer.rendering.slice_scene import Change, SliceScene
from viewer.rendering.word_places import WordPlaces
from viewer.state.measurements import Measurement, Plane
from viewer.state.session import Session, Tool
from viewer.widgets.lesion_hover import lesion_hover
from viewer.widgets.slice_canvas import SliceCanvas
from viewer.widgets.slice_tools import SliceTools, shape_under

_WHEEL_ZOOM = 1.15


class SliceView(QWidget):
    """A slice of the open volume in one plane.

    Parameters
    ----------
    session
        What is open and how it is looked at; the view observes it and writes the crosshair, window and measurements.
    plane
        ``axial``, ``coronal`` or ``sagittal``.
    name
        The view's name in ``session.active_view`` and ``session.maximised``; ``beside`` is the second axial view.
    """

    painted = Signal()
    """The view has been painted."""

    def __init__(self, session: Session, plane: Plane, *, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.scene = SliceScene(session, plane, name)
        self.lens: Spot | None = None
        self.selected: int | None = None
        self._cursor: Spot | None = None
        self._lines_at: Spot | None = None
        self._wheel = 0.0
        self._words: dict[Measurement, tuple[str, ...]] = {}
        self._tools = SliceTools(self)
        self._kept = KeptPicture()
        self._canvas = SliceCanvas(self._paint, self, self)
        self._canvas.painted.connect(self.painted)
        self._canvas.setFont(paint.view_font(self.font()))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._canvas)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setObjectName(f"slice view {name}")
        self._hover = lesion_hover(session)
        self._hover.found.connect(self._outline)
        self._ends: list[Callable[[], None]] = [
            self.scene.changed.connect(self._changed),
            session.tool.changed.connect(self._tool_changed),
            session.loaded.observe(self._opened),
        ]
        self._tool_changed(session.tool.value)
        self.destroyed.connect(_closing(self._ends, self.scene))

    # for the shell ----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The view's name."""
        return self.scene.name

    def step(self, slices: int) -> None:
        """Go ``slices`` further down the slice numbers (negative: back)."""
        self.scene.step(slices)

    def fit(self) -> None:
        """Show the whole slice again."""
        self.scene.camera.value = Camera()

    def give_up(self) -> bool:
        """Forget the measurement that is being drawn; whether there was one."""
        drawing = self._tools.draft is not None
        if drawing:
            self._tools.cancel()
        return drawing

    def picture(
        self, scale: float = 1.0, *, overlays: bool = True, identity: bool = False, measurements: bool = True,
        crosshair: bool = False,
    ) -> QImage:  # fmt: skip
        """The view as it stands, painted anew ``scale`` times as large; without the patient unless asked."""
        size = self._canvas.size()
        image = QImage((QSizeF(size) * scale).toSize(), QImage.Format.Format_RGB32)
        image.fill(QColor(*palette.BACKGROUND))
        painter = QPainter(image)
        painter.scale(scale, scale)
        painter.setFont(self._canvas.font())
        frame = self.view_frame()
        picture = self.scene.picture(overlays)
        if frame is not None and picture is not None:
            paint.paint_picture(painter, frame, picture, self.session.interpolate.value)
            places = WordPlaces(size.width(), size.height())
            for shape in self.shapes() if measurements else ():
                paint.paint_shape(painter, replace(shape, selected=False), places)
            if crosshair:
                self._paint_crosshair(painter, frame)
            furniture = furniture_of(self.scene, frame, identity_hidden=not identity)
            if not overlays:
                furniture = replace(furniture, heat_target=None)
            paint.paint_furniture(painter, replace(furniture, progress=None), (size.width(), size.height()))
        painter.end()
        return image

    def refresh(self) -> None:
        """Paint the whole view anew, soon."""
        self._canvas.repaint_all()

    def view_frame(self) -> ViewFrame | None:
        """The present mapping between slice and view, in view pixels."""
        return self.scene.frame(self._canvas.width(), self._canvas.height())

    def shapes(self) -> list[Shape]:
        """The measurements that lie on the slice on show."""
        frame, source = self.view_frame(), self.scene.source
        if frame is None or source is None:
            return []
        grid, result = frame.grid, []
        for item in self.scene.measurements():
            if lies_on(item, grid, self.scene.index):
                if item not in self._words:
                    self._words[item] = words(source, grid, item.kind, item.points)
                result.append(
                    shape_of(item, frame, self._words[item], item.number == self.selected, self._verdict_colour)
                )
        return result

    @property
    def _verdict_colour(self) -> Colour:
        verdict = verdict_of(self.scene)
        return Colour.GREEN if verdict is None else verdict.colour

    # the mouse --------------------------------------------------------------------------------------------------

    def pressed(self, button: Qt.MouseButton, x: float, y: float, modifiers: Qt.KeyboardModifier) -> None:
        """A button went down: this view is the active one now."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.session.active_view.value = self.name
        if self.scene.grid is not None:
            self._tools.pressed(button, x, y, modifiers)

    def moved(self, x: float, y: float) -> None:
        """The mouse moved: the value under it is shown."""
        self._cursor = (x, y)
        self._tools.moved(x, y)
        self._repaint_words()

    def released(self, button: Qt.MouseButton, x: float, y: float) -> None:
        """A button went up; a right click on a measurement opens its menu."""
        if self._tools.released(button, x, y) and button == Qt.MouseButton.RightButton:
            shape = shape_under(self, x, y)
            if shape is not None:
                self._menu(shape.number).popup(
                    self._canvas.mapToGlobal(self._canvas.rect().topLeft() + QPoint(int(x), int(y)))
                )

    def double_clicked(self, x: float, y: float) -> None:
        """Fill the layout with this view, or show all views again."""
        self._tools.cancel()
        self.session.maximised.value = None if self.session.maximised.value == self.name else self.name

    def wheel_turned(self, notches: float, x: float, y: float, modifiers: Qt.KeyboardModifier) -> None:
        """Scroll this view, or zoom it with Ctrl. Towards the hand goes down the slice numbers."""
        frame = self.view_frame()
        if frame is None:
            return
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            camera = self.scene.camera
            camera.value = frame.zoomed(camera.value, _WHEEL_ZOOM**notches, x, y)
            return
        self._wheel -= notches
        whole = int(self._wheel)
        if whole:
            self._wheel -= whole
            self.give_up()
            self.scene.step(whole)

    def left(self) -> None:
        """The mouse is gone."""
        self._cursor = None
        self._repaint_words()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes the selected measurement away, Escape what is being drawn."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.selected is not None:
            self.session.measurements.remove(self.selected)
            self.selected = None
        elif event.key() != Qt.Key.Key_Escape or not self.give_up():
            event.ignore()

    def _menu(self, number: int) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Delete measurement", lambda: self.session.measurements.remove(number))
        return menu

    # painting ---------------------------------------------------------------------------------------------------

    def _changed(self, change: Change) -> None:
        """Ask for as little as has changed: what is not painted need not reach the screen either."""
        if not self.isVisible():
            return
        frame = self.view_frame()
        marked = bool(self.session.measurements.items.value) or self.lens is not None
        if change is Change.ALL or frame is None or (change is Change.SLICE and marked):
            self.refresh()
            return
        if change is Change.SLICE:
            self._canvas.repaint_part(*frame.rectangle)
            self._repaint_words()
            self._canvas.repaint_part(self._canvas.width() / 2, 0, self._canvas.width() / 2, 4 * self._line_height())
        if self._crosshair_shown():
            for spot in (self._lines_at, self._crosshair_spot(frame)):
                if spot is not None:
                    self._canvas.repaint_part(0, spot[1] - 2, self._canvas.width(), 4)
                    self._canvas.repaint_part(spot[0] - 2, 0, 4, self._canvas.height())

    def _opened(self, _: object) -> None:
        self._words.clear()
        series = self.scene.series
        known = series is None or series.volume.geometry.orientation_known
        self.setAccessibleName(f"{self.scene.plane if known else 'image'} view")

    def _line_height(self) -> int:
        return int(self._canvas.fontMetrics().height()) + 2

    def _outline(self, mask: LesionMask | None) -> None:
        self.scene.show_lesion(mask)

    def _repaint_words(self) -> None:
        """The corner that tells the value under the mouse."""
        high = self._line_height() * 6 + 12
        self._canvas.repaint_part(0, self._canvas.height() - high, min(420, self._canvas.width()), high)

    def _paint(self, painter: QPainter, width: float, height: float) -> None:
        painter.setFont(self._canvas.font())
        frame = self.view_frame()
        picture = self.scene.picture()
        if frame is None or picture is None:
            painter.fillRect(QRectF(0, 0, width, height), QColor(*palette.BACKGROUND))
            return
        smooth = self.session.interpolate.value
        self._kept.paint(painter, frame, picture, smooth)
        if self._crosshair_shown():
            self._paint_crosshair(painter, frame)
        places = WordPlaces(width, height)
        for shape in self.shapes():
            paint.paint_shape(painter, shape, places)
        self._paint_draft(painter, frame, places)
        furniture = furniture_of(
            self.scene, frame, identity_hidden=self.session.identity_hidden.value, cursor=self._cursor
        )
        active = self.session.active_view.value == self.name and self.session.maximised.value is None
        paint.paint_furniture(painter, replace(furniture, active=active), (width, height))
        if self.lens is not None:
            paint.paint_lens(painter, frame, picture, self.lens, smooth)

    def _paint_draft(self, painter: QPainter, frame: ViewFrame, places: WordPlaces) -> None:
        draft, source = self._tools.draft, self.scene.source
        if draft is not None and source is not None:
            lines = words(source, frame.grid, draft.kind, draft.points)
            shape = Shape(0, draft.kind, spots(frame, draft.points), lines, True, self._verdict_colour)
            paint.paint_shape(painter, shape, places)

    def _paint_crosshair(self, painter: QPainter, frame: ViewFrame) -> None:
        spot = self._crosshair_spot(frame)
        self._lines_at = spot
        paint.paint_crosshair(painter, spot, self._canvas.width(), self._canvas.height())

    def _crosshair_shown(self) -> bool:
        shown = self.session.crosshair_visible.value and self.scene.whole and self.scene.linked
        return shown and self.scene.source is not None and self.scene.source.geometry.shape[0] > 1

    def _crosshair_spot(self, frame: ViewFrame) -> Spot:
        _, x, y = frame.grid.locate(self.session.crosshair.value)
        return frame.to_view(x, y)

    def _tool_changed(self, tool: Tool) -> None:
        self._tools.cancel()
        shapes = {Tool.PAN: Qt.CursorShape.OpenHandCursor, Tool.WINDOW: Qt.CursorShape.ArrowCursor}
        self._canvas.viewport().setCursor(shapes.get(tool, Qt.CursorShape.CrossCursor))


def _closing(ends: list[Callable[[], None]], scene: SliceScene) -> Callable[[], None]:
    """What ends a view's listening once it is gone; holds no reference to the view itself."""

    def close() -> None:
        for end in ends:
            end()
        scene.close()

    return close
