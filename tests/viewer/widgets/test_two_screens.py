"""With a second screen a view's window opens there; without it at the next start the view stays in the layout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_FIRST = {"name": "first", "x": 0, "y": 0, "width": 1366, "height": 768}
_SECOND = {"name": "second", "x": 1366, "y": 0, "width": 1920, "height": 1200}
_COMMON = {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
_SCRIPT = """
import json, sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from viewer.app import App, prepare
from viewer.settings import Settings
qt = QApplication([])
prepare(qt)
folder = Path(sys.argv[1])
app = App(Settings(folder / "settings.json"), folder / "demo")
app.window.show()
if sys.argv[2] == "detach":
    app.session.detached.value = frozenset({"coronal"})
qt.processEvents()
own = app.window.centre.grid.own_windows.windows
print(json.dumps([[screen.name() for screen in qt.screens()], {name: w.screen().name() for name, w in own.items()}]))
app.window.close()
"""
"""A QApplication cannot change its screens: a process for each arrangement."""


def run(folder: Path, *screens: dict[str, object], what: str = "") -> tuple[list[str], dict[str, str]]:
    config = folder / "screens.json"
    config.write_text(json.dumps({"screens": [{**screen, **_COMMON} for screen in screens]}), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(folder), what], capture_output=True, text=True, check=True, timeout=120,
        env={**os.environ, "QT_QPA_PLATFORM": f"offscreen:configfile={config}"}, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    there, own = json.loads(done.stdout.splitlines()[-1])
    if there != [screen["name"] for screen in screens]:
        pytest.skip("this Qt cannot make up screens")
    return there, own


def test_the_window_opens_on_the_second_screen_whenever_that_is_there(tmp_path: Path) -> None:
    assert run(tmp_path, _FIRST, _SECOND, what="detach")[1] == {"coronal": "second"}
    assert run(tmp_path, _FIRST, _SECOND)[1] == {"coronal": "second"}
    assert run(tmp_path, _FIRST)[1] == {}
    assert run(tmp_path, _FIRST, _SECOND)[1] == {"coronal": "second"}, "it was plugged in again"
