"""The menu bar: every action, its key beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QMenu, QMenuBar

from viewer.binding import observe
from viewer.settings import Settings
from viewer.state.session import Session
from viewer.widgets.actions import Actions

_SEPARATOR = ""
_MENUS: dict[str, tuple[str, ...]] = {
    "&File": (
        "open_folder", "open_file", "open_demo", "recent", _SEPARATOR, "previous_series", "next_series", _SEPARATOR,
        "tags", _SEPARATOR, "preferences", _SEPARATOR, "close_study", "quit",
    ),
    "&View": (
        "hide_overlays", "crosshair", "hide_identity", _SEPARATOR, "Go to", "cine", _SEPARATOR, "panel_left",
        "panel_right", "panel_chart", _SEPARATOR, "test_pattern", _SEPARATOR, "reset", "step_back",
        "fullscreen",
    ),
    "&Layout": (
        "layout_axial", "layout_quad", "layout_large_3d", "layout_side_by_side", _SEPARATOR, "maximise",
        "own_window",
    ),
    "&Tools": (
        "tool_window", "tool_pan", "tool_zoom", "tool_crosshair", _SEPARATOR, "tool_length", "tool_angle",
        "tool_ellipse", "tool_probe", "tool_magnifier", _SEPARATOR, "delete_measurements", _SEPARATOR, "key_image",
        "next_key_image",
    ),
    "&Image": (
        "window_1", "window_2", "window_3", "window_4", "window_5", "window_6", "window_file", "invert", _SEPARATOR,
        "Slab", "interpolate", _SEPARATOR, "flip_horizontal", "flip_vertical", "rotate_right", "rotate_left",
    ),
    "&Analyse": (
        "analyse", "systems", "compare", _SEPARATOR, "segment_anyway", "detection_floor", "treat_as_xray", _SEPARATOR,
        "load_lobes", "forget_lobes", _SEPARATOR, "reconstruction",
        "about_systems", _SEPARATOR, "cancel_job",
    ),
    "&Export": (
        "export_view", "export_layout", "copy_picture", _SEPARATOR, "export_report", "export_masks", "export_mesh",
        "export_csv", "export_json", _SEPARATOR, "copy_figures",
    ),
    "&Help": ("help", "about"),
}  # fmt: skip
_SUBMENUS: dict[str, tuple[str, ...]] = {
    "Go to": ("slice_up", "slice_down", "slice_up_10", "slice_down_10", "slice_first", "slice_last"),
    "Slab": ("slab_none", "slab_mip", "slab_minip", "slab_mean"),
}


def fill(bar: QMenuBar, actions: Actions, recent: QMenu, systems: QMenu) -> dict[str, QMenu]:
    """Build the menu bar; returns the menus by title without the ampersand."""
    own = {"recent": recent, "systems": systems}
    menus: dict[str, QMenu] = {}
    for heading, names in _MENUS.items():
        menu = bar.addMenu(heading)
        menus[heading.replace("&", "")] = menu
        for name in names:
            if name == _SEPARATOR:
                menu.addSeparator()
            elif name in own:
                menu.addMenu(own[name])
            elif name in _SUBMENUS:
                sub = menu.addMenu(name)
                for inner in _SUBMENUS[name]:
                    sub.addAction(actions[inner])
            else:
                menu.addAction(actions[name])
    return menus


class RecentMenu(QMenu):
    """The studies opened last; without their names while identity is hidden."""

    def __init__(self, session: Session, settings: Settings, open_path: Callable[[Path], None]) -> None:
        super().__init__("Open recent")
        self._session, self._settings, self._open_path = session, settings, open_path
        observe(self, settings.recent, lambda _: self._fill())
        observe(self, session.identity_hidden, lambda _: self._fill())

    def _fill(self) -> None:
        self.clear()
        recent = self._settings.recent.value
        self.setEnabled(bool(recent))
        for entry in recent:
            action = self.addAction(entry.label(self._session.identity_hidden.value).replace("&", "&&"))
            action.triggered.connect(lambda _=False, path=entry.path: self._open_path(Path(path)))
        if recent:
            self.addSeparator()
            self.addAction("Clear this list", self._settings.forget)
