"""Display windows and their presets (resources/data/window_presets.json)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from inference.io.study import WindowLevel


@dataclass(frozen=True)
class Preset:
    """A named window under a digit key."""

    key: str
    name: str
    window: WindowLevel


@cache
def presets() -> tuple[Preset, ...]:
    """The presets in key order, as shipped."""
    rows = json.loads((files("resources") / "data" / "window_presets.json").read_text("utf-8"))
    return tuple(Preset(row["key"], row["name"], WindowLevel(row["width"], row["level"], row["name"])) for row in rows)


def preset(name: str) -> WindowLevel:
    """The window of the preset of that name. Raises KeyError."""
    return {item.name: item.window for item in presets()}[name]


def named(window: WindowLevel) -> WindowLevel:
    """The preset with this width and level, so that it is called by its name; else the window itself."""
    plain = window.table is None and not window.name
    same = (item.window for item in presets() if (item.window.width, item.window.level) == (window.width, window.level))
    return next(same, window) if plain else window
