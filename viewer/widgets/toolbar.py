"""The toolbar: what a reader reaches for in every study."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QMenu, QToolBar, QToolButton, QWidget, QWidgetAction

from inference.io.study import LoadedSeries
from viewer.binding import observe
from viewer.operations import looking
from viewer.state.session import Layout, Projection, Session, Tool
from viewer.state.window_level import presets
from viewer.widgets.actions import Actions
from viewer.widgets.theme import icon

MEASURE = {
    Tool.LENGTH: "tool_length", Tool.ANGLE: "tool_angle", Tool.ELLIPSE: "tool_ellipse", Tool.PROBE: "tool_probe",
}  # fmt: skip
LAYOUTS = {
    Layout.AXIAL: "layout_axial", Layout.QUAD: "layout_quad", Layout.LARGE_3D: "layout_large_3d",
    Layout.SIDE_BY_SIDE: "layout_side_by_side",
}  # fmt: skip
SLABS = {
    Projection.NONE: "slab_none", Projection.MIP: "slab_mip", Projection.MINIP: "slab_minip",
    Projection.MEAN: "slab_mean",
}  # fmt: skip
_WINDOWS = (("window_1", "Lung"), ("window_2", "Med"), ("window_3", "Bone"), ("window_4", "Emph"))


class Toolbar(QToolBar):
    """Open, layout, tools, windows, slab, Analyse."""

    def __init__(self, session: Session, actions: Actions, recent: QMenu, systems: QMenu) -> None:
        super().__init__("Tools")
        self._session, self._actions = session, actions
        self._shrinking: list[QToolButton] = []
        self.setObjectName("tools")
        self.setMovable(False)
        self.setIconSize(QSize(20, 20))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._menu_button("open", "Open", self._open_menu(recent))
        self._layout = self._menu_button("layout", "Layout", _menu(actions, *LAYOUTS.values()))
        observe(self, session.layout, lambda layout: self._layout.setIcon(icon(LAYOUTS[layout])))
        self.addSeparator()
        for name, words in (("tool_window", "W/L"), ("tool_pan", "Pan"), ("tool_zoom", "Zoom")):
            self._action_button(name, words)
        self._measure = self._menu_button("measure", "Measure", self._measure_menu())
        observe(self, session.tool, self._show_tool)
        self.addSeparator()
        for name, words in _WINDOWS:
            self._action_button(name, words, with_icon=False)
        self._presets()
        self.addSeparator()
        self._slab = self._menu_button("slab", "Slab", self._slab_menu())
        observe(self, session.slab, lambda _: self._show_slab())
        observe(self, session.loaded, lambda _: self._show_slab())
        self.addSeparator()
        self.analyse = self._analyse_button(systems)

    def set_compact(self, compact: bool) -> None:
        """Show icons without words, so that a small window still holds every button."""
        style = Qt.ToolButtonStyle.ToolButtonIconOnly if compact else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        for button in self._shrinking:
            button.setToolButtonStyle(style)

    def _open_menu(self, recent: QMenu) -> QMenu:
        menu = _menu(self._actions, "open_folder", "open_file", "open_demo")
        menu.addSeparator()
        menu.addMenu(recent)
        return menu

    def _measure_menu(self) -> QMenu:
        menu = _menu(self._actions, *MEASURE.values(), "tool_crosshair", "tool_magnifier")
        menu.addSeparator()
        menu.addAction(self._actions["delete_measurements"])
        return menu

    def _slab_menu(self) -> QMenu:
        menu = _menu(self._actions, *SLABS.values())
        menu.addSeparator()
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(22, 4, 12, 4)
        layout.addWidget(QLabel("Thickness"))
        box = QDoubleSpinBox()
        box.setRange(1.0, 100.0)
        box.setDecimals(0)
        box.setSingleStep(5.0)
        box.setKeyboardTracking(False)
        observe(box, self._session.slab, lambda slab: _set_quietly(box, slab.thickness_mm))
        observe(box, self._session.loaded, lambda loaded: box.setSuffix(" mm" if _in_millimetres(loaded) else ""))
        box.valueChanged.connect(lambda thickness: looking.set_slab_thickness(self._session, thickness))
        layout.addWidget(box)
        action = QWidgetAction(menu)
        action.setDefaultWidget(row)
        menu.addAction(action)
        return menu

    def _analyse_button(self, systems: QMenu) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(self._actions["analyse"])
        button.setText("Analyse")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        button.setMenu(systems)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.addWidget(button)
        return button

    def _menu_button(self, name: str, words: str, menu: QMenu) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setText(words)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(menu)
        button.setToolTip(words)
        menu.setParent(button, menu.windowFlags())
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._shrinking.append(button)
        self.addWidget(button)
        return button

    def _action_button(self, name: str, words: str, with_icon: bool = True) -> None:
        action = self._actions[name]
        button = QToolButton()
        button.setDefaultAction(action)
        action.changed.connect(lambda: button.setText(words))
        button.setText(words)
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if with_icon else Qt.ToolButtonStyle.ToolButtonTextOnly
        button.setToolButtonStyle(style)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if with_icon:
            self._shrinking.append(button)
        self.addWidget(button)

    def _presets(self) -> None:
        """A preset's button and menu entry are down while the active view shows that window."""
        session = self._session
        for preset in presets():
            action = self._actions[f"window_{preset.key}"]
            action.setCheckable(True)
            action.triggered.connect(lambda _=False: self._show_window())
        observe(self, session.window, lambda _: self._show_window())
        observe(self, session.beside_window, lambda _: self._show_window())
        observe(self, session.active_view, lambda _: self._show_window())

    def _show_window(self) -> None:
        shown = looking.active_window(self._session).value
        for preset in presets():
            same = shown.table is None and (shown.width, shown.level) == (preset.window.width, preset.window.level)
            self._actions[f"window_{preset.key}"].setChecked(same and shown.function == preset.window.function)

    def _show_tool(self, tool: Tool) -> None:
        chosen = MEASURE.get(tool) or {Tool.CROSSHAIR: "tool_crosshair", Tool.MAGNIFIER: "tool_magnifier"}.get(tool)
        self._measure.setIcon(icon(chosen or "measure"))
        self._measure.setText(self._actions[chosen].text().split(" (")[0] if chosen else "Measure")
        self._measure.setCheckable(True)
        self._measure.setChecked(chosen is not None)

    def _show_slab(self) -> None:
        slab = self._session.slab.value
        single = slab.projection is Projection.NONE
        thickness = f" {slab.thickness_mm:.0f} mm" if _in_millimetres(self._session.loaded.value) else ""
        self._slab.setText("Slab" if single else f"{slab.projection.value}{thickness}")
        self._slab.setCheckable(True)
        self._slab.setChecked(not single)


def _in_millimetres(loaded: LoadedSeries | None) -> bool:
    """Whether a slab's thickness can be told in mm; pictures without spacing are projected by their number."""
    return loaded is None or loaded.volume.geometry.spacing_known


def _menu(actions: Actions, *names: str) -> QMenu:
    menu = QMenu()
    menu.setToolTipsVisible(True)
    for name in names:
        menu.addAction(actions[name])
    return menu


def _set_quietly(box: QDoubleSpinBox, value: float) -> None:
    blocked = box.blockSignals(True)
    box.setValue(value)
    box.blockSignals(blocked)


def system_actions(menu: QMenu, names: tuple[tuple[str, str, str, bool], ...]) -> tuple[QAction, ...]:
    """Fill the Analyse menu: ``(name, label, explanation, available)``; the first available one is checked."""
    group = QActionGroup(menu)
    menu.setToolTipsVisible(True)
    made: list[QAction] = []
    for name, label, explanation, available in names:
        action = QAction(label, menu)
        action.setObjectName(name)
        action.setToolTip(explanation)
        action.setEnabled(available)
        group.addAction(action)
        menu.addAction(action)
        made.append(action)
    return tuple(made)
