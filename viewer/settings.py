"""What the window remembers between starts, typed. One JSON file in the user's configuration folder.

Nothing of a patient is stored but the paths of recent studies, which the reader can switch off and clear.
A damaged or missing file means the defaults; a value of the wrong type is ignored.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from inference.findings import HIGHEST_FLOOR, DetectionFloor
from viewer.state.observable import Value

logger = logging.getLogger(__name__)

RECENT_LIMIT = 10


@dataclass(frozen=True)
class Preferences:
    """The reader's choices."""

    drag_up_brightens: bool = True
    """Vertical sense of the window/level drag: up lowers the level, so that the picture brightens."""
    interpolate: bool = True
    hide_identity: bool = False
    keep_recent: bool = True
    segment_anyway: bool = False
    """Segment studies that a system did not recognise as diseased."""
    floor_percent: float = DetectionFloor.percent
    floor_ml: float = DetectionFloor.ml
    """Below either the grade is CT-0."""

    @property
    def detection_floor(self) -> DetectionFloor:
        """The floor for the next analysis; a number that no floor can have gives way to the published one."""
        percent_good, ml_good = (
            0 <= self.floor_percent <= HIGHEST_FLOOR.percent,
            0 <= self.floor_ml <= HIGHEST_FLOOR.ml,
        )
        published = DetectionFloor()
        return DetectionFloor(
            self.floor_percent if percent_good else published.percent, self.floor_ml if ml_good else published.ml
        )


@dataclass(frozen=True)
class Recent:
    """A study that was opened: its path and when (ISO 8601, local time, to the minute)."""

    path: str
    opened: str

    def label(self, identity_hidden: bool) -> str:
        """What a list shows: the last part of the path, or only the time while identity is hidden."""
        when = self.opened.replace("T", " ")
        return f"Study opened {when}" if identity_hidden else Path(self.path).name or self.path


@dataclass(frozen=True)
class Frame:
    """Place and arrangement of the window; ``geometry`` is Qt's own byte string in hexadecimal."""

    geometry: str = ""
    layout: str = "quad"
    window_width: float = 1500.0
    window_level: float = -600.0
    left_width: int = 290
    right_width: int = 340
    left_open: bool = True
    right_open: bool = True
    chart_open: bool = True


@dataclass(frozen=True)
class OwnPlace:
    """Where the window of a view that has its own was last, in pixels, and whether it was open at the end."""

    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0
    open: bool = False

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, width and height."""
        return self.x, self.y, self.width, self.height


T = TypeVar("T", Preferences, Frame, OwnPlace)


class Settings:
    """The settings of one user, observable, written back by :meth:`save`.

    Parameters
    ----------
    file
        The JSON file; its folder is made when it is first saved. None keeps everything in memory.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        stored = _read(file)
        self.preferences: Value[Preferences] = Value(_typed(Preferences(), stored.get("preferences")))
        self.frame: Value[Frame] = Value(_typed(Frame(), stored.get("frame")))
        self.recent: Value[tuple[Recent, ...]] = Value(_recent(stored.get("recent")))
        self.shortcuts: Value[Mapping[str, tuple[str, ...]]] = Value(_shortcuts(stored.get("shortcuts")))
        self.layers: Value[Mapping[str, Mapping[str, object]]] = Value(_layers(stored.get("layers")))
        self.windows: Value[Mapping[str, OwnPlace]] = Value(_windows(stored.get("windows")))

    def remember(self, path: Path, now: datetime | None = None) -> None:
        """Put a study at the head of the recent ones, unless the reader wants none kept."""
        if not self.preferences.value.keep_recent:
            return
        entry = Recent(str(path), (now or datetime.now()).isoformat(timespec="minutes"))
        others = [recent for recent in self.recent.value if recent.path != entry.path]
        self.recent.value = (entry, *others)[:RECENT_LIMIT]

    def forget(self, path: str | None = None) -> None:
        """Take one study out of the recent ones, or all of them."""
        self.recent.value = tuple(r for r in self.recent.value if path is not None and r.path != path)

    def change_preferences(self, **what: object) -> None:
        """Replace fields of the preferences; switching recents off also forgets them."""
        self.preferences.value = replace(self.preferences.value, **what)  # type: ignore[arg-type]
        if not self.preferences.value.keep_recent:
            self.forget()

    def save(self) -> None:
        """Write the file whole or not at all. A folder that cannot be written is logged and no reason to stop."""
        if self._file is None:
            return
        content = {
            "preferences": asdict(self.preferences.value),
            "frame": asdict(self.frame.value),
            "recent": [asdict(recent) for recent in self.recent.value],
            "shortcuts": {name: list(keys) for name, keys in self.shortcuts.value.items()},
            "layers": {group: dict(fields) for group, fields in self.layers.value.items()},
            "windows": {name: asdict(place) for name, place in self.windows.value.items()},
        }
        beside = self._file.with_name(f"{self._file.name}.{os.getpid()}.part")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(content, indent=1), "utf-8")
            beside.replace(self._file)
        except OSError as error:
            logger.warning("The settings could not be saved: %s", error.strerror)
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


def settings_file() -> Path:
    """Where this user's settings lie."""
    from platformdirs import user_config_path

    return user_config_path("groundglass", appauthor=False) / "settings.json"


def _read(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _typed(default: T, stored: object) -> T:
    """The defaults with every stored field that has the default's type (an integer may stand for a float)."""
    if not isinstance(stored, dict):
        return default
    good: dict[str, Any] = {}
    for name, value in asdict(default).items():
        new = stored.get(name)
        if isinstance(value, float) and isinstance(new, int) and not isinstance(new, bool):
            new = float(new)
        if type(new) is type(value):
            good[name] = new
    return replace(default, **good)


def _recent(stored: object) -> tuple[Recent, ...]:
    rows = stored if isinstance(stored, list) else []
    good = [
        row for row in rows if isinstance(row, dict) and all(isinstance(row.get(k), str) for k in ("path", "opened"))
    ]
    return tuple(Recent(row["path"], row["opened"]) for row in good)[:RECENT_LIMIT]


def _shortcuts(stored: object) -> Mapping[str, tuple[str, ...]]:
    rows = stored if isinstance(stored, dict) else {}
    return {name: tuple(str(key) for key in keys) for name, keys in rows.items() if isinstance(keys, list)}


def _windows(stored: object) -> Mapping[str, OwnPlace]:
    rows = stored if isinstance(stored, dict) else {}
    places = {str(name): _typed(OwnPlace(), fields) for name, fields in rows.items()}
    return {name: place for name, place in places.items() if place.width > 0 and place.height > 0}


def _layers(stored: object) -> Mapping[str, Mapping[str, object]]:
    rows = stored if isinstance(stored, dict) else {}
    return {str(group): fields for group, fields in rows.items() if isinstance(fields, dict)}
