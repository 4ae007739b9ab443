"""Remembering the frame: the window's place, layout, display window and overlay styles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from inference.io.study import WindowLevel
from viewer.settings import Settings
from viewer.state.layers import Layers
from viewer.state.session import Layout, Session
from viewer.state.window_level import named

if TYPE_CHECKING:
    from viewer.widgets.main_window import MainWindow

_FORMERLY_SHIPPED = {"effusion": (0, 114, 178)}
"""Colours that earlier versions wrote into every settings file as if they had been chosen."""
FIRST_SIZE = (1480, 920)


def restored(window: MainWindow, settings: Settings, session: Session) -> None:
    """Arrange window and session as they were when the program last closed."""
    frame = settings.frame.value
    if not window.restore_geometry_text(frame.geometry):
        available = window.screen().availableSize()
        window.resize(min(FIRST_SIZE[0], available.width()), min(FIRST_SIZE[1], available.height()))
    if frame.layout in {layout.value for layout in Layout}:
        session.layout.value = Layout(frame.layout)
    if frame.window_width > 0:
        session.window.value = named(WindowLevel(frame.window_width, frame.window_level))
    for group, fields in settings.layers.value.items():
        if group in session.layers.by_group:
            chosen = _sound(fields)
            if chosen.get("colour") == _FORMERLY_SHIPPED.get(group):
                chosen.pop("colour", None)
            session.layers.change(group, **chosen)


def stored(window: MainWindow, settings: Settings, session: Session) -> None:
    """Put the frame into the settings."""
    display = window.hounsfield_window
    left_open, right_open = window.panels.wide
    settings.frame.value = replace(
        settings.frame.value,
        geometry=window.geometry_text(),
        layout=session.layout.value.value,
        window_width=float(display.width),
        window_level=float(display.level),
        left_width=window.panels.left.open_width,
        right_width=window.panels.right.open_width,
        left_open=left_open,
        right_open=right_open,
        chart_open=window.chart_wanted,
    )
    shipped = Layers().by_group  # a colour that nobody chose is not remembered: the next version may ship a better one
    settings.layers.value = {
        group: {
            "opacity": layer.value.opacity,
            "outline": layer.value.outline,
            "visible": layer.value.visible,
            **({"colour": list(layer.value.colour)} if layer.value.colour != shipped[group].value.colour else {}),
        }
        for group, layer in session.layers.by_group.items()
    }


def _sound(fields: object) -> dict[str, object]:
    """The stored fields of a layer that have the right type."""
    good: dict[str, object] = {}
    if not isinstance(fields, dict):
        return good
    opacity, colour = fields.get("opacity"), fields.get("colour")
    if isinstance(opacity, int | float) and not isinstance(opacity, bool) and 0 <= opacity <= 1:
        good["opacity"] = float(opacity)
    for name in ("outline", "visible"):
        if isinstance(fields.get(name), bool):
            good[name] = fields[name]
    if isinstance(colour, list) and len(colour) == 3 and all(isinstance(c, int) and 0 <= c <= 255 for c in colour):
        good["colour"] = tuple(colour)
    return good
