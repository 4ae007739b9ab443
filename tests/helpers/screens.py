"""Pictures of the real window: every layout and state, at two sizes. Looked at by people; the best is in the README.

    python -m tests.helpers.screens --out shots STUDY [--red STUDY] [--xray PICTURE] [--slice PICTURE]

Starts a virtual X server of its own, with OpenGL in software, and drives the window from inside.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SIZES = ((1920, 1200), (1366, 768))
_PATIENCE_S = 120.0


def main() -> None:
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.size and os.environ.get("DISPLAY"):
        width, height = (int(n) for n in options.size.split("x"))
        Photographer(options, width, height).everything()
        return
    for width, height in SIZES if not options.size else [tuple(int(n) for n in options.size.split("x"))]:
        with _display(width, height) as environment:  # a QApplication cannot change its display: a process for each
            again = [sys.executable, "-m", "tests.helpers.screens", *sys.argv[1:], "--size", f"{width}x{height}"]
            subprocess.run(again, env=environment, check=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--red", type=Path, help="a study that the geometry verdict refuses")
    parser.add_argument("--xray", type=Path)
    parser.add_argument("--slice", type=Path)
    parser.add_argument("--size", help="one size only, as 1366x768; on the present display if there is one")
    return parser.parse_args()


@contextlib.contextmanager
def _display(width: int, height: int) -> Iterator[dict[str, str]]:
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{width}x{height}x24"]
    server = subprocess.Popen(command, pass_fds=(writer,), stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as stream:
        display = f":{stream.readline().strip()}"
    try:
        yield {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    finally:
        server.terminate()
        server.wait()


class Photographer:
    """Drives one window through its states."""

    def __init__(self, options: argparse.Namespace, width: int, height: int) -> None:
        from PySide6.QtCore import Qt
        from PySide6.QtWidgets import QApplication

        QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontCreateNativeWidgetSiblings)
        self.qt = QApplication.instance() or QApplication(["groundglass"])
        from viewer.app import App, prepare
        from viewer.settings import Settings

        prepare(self.qt)
        self.options, self.size = options, f"{width}x{height}"
        self.folder = Path(tempfile.mkdtemp(prefix="groundglass-screens-"))
        self.app = App(Settings(self.folder / "settings.json"), self.folder / "demo")
        self.session, self.window = self.app.session, self.app.window
        self.window.setGeometry(0, 0, width, height)
        self.window.show()
        self.wait(1.0)

    def everything(self) -> None:
        self.shot("start")
        self.states_of_a_study()
        self.layouts()
        self.dialogs()
        self.refused_and_flat()
        self.window.close()

    def states_of_a_study(self) -> None:
        self.open(self.options.study)
        self.until(lambda: self.session.first_image.value or self.session.loaded.value)
        self.wait(0.15)
        self.shot("loading")
        self.until(lambda: self.session.loaded.value)
        self.wait(2.5)
        self.shot("loaded")
        self.analyse()
        self.until(lambda: self.session.masks.value.lungs is not None and self.session.masks.value.lungs.any())
        self.wait(0.5)
        self.shot("analysing")
        self.app.window.actions_by_name["cancel_job"].trigger()
        self.until(lambda: all(job.ending for job in self.session.jobs.value))
        self.wait(0.5)
        self.shot("cancelled")
        self.analyse()
        self.until(lambda: self.app.jobs.worker_pid)
        self.wait(2.0)
        pid = self.app.jobs.worker_pid
        assert pid, "the analysis ended too soon"
        os.kill(pid, signal.SIGKILL)
        self.until(lambda: all(job.ending for job in self.session.jobs.value))
        self.wait(0.5)
        self.shot("worker-died")
        self.window.job_bar.button.click()
        self.until(lambda: self.session.findings.value)
        self.wait(0.5)
        lesions = self.session.findings.value.lesions  # type: ignore[union-attr]
        if lesions:
            self.session.look_at(max(lesions, key=lambda lesion: lesion.voxels).centre_lps_mm)
        self.until(lambda: self.window.centre.volume.surfaces)
        self.wait(2.0)
        self.shot("analysed")

    def layouts(self) -> None:
        for name in ("layout_axial", "layout_large_3d", "layout_side_by_side", "layout_quad"):
            self.window.actions_by_name[name].trigger()
            self.wait(4.0)
            self.shot(name.replace("_", "-"))
        self.session.identity_hidden.value = True
        self.wait(0.5)
        self.shot("identity-hidden")
        picture = self.window.exports.picture(whole_layout=True, choices=_choices())
        if picture is not None:
            picture.save(str(self.options.out / f"{self.size}-exported-layout.png"))
        self.session.identity_hidden.value = False

    def dialogs(self) -> None:
        for name in ("help", "tags", "preferences", "detection_floor", "test_pattern", "about"):
            self.window.actions_by_name[name].trigger()
            self.wait(0.8)
            self.shot(name)
            for dialog in self.qt.topLevelWidgets():  # type: ignore[attr-defined]
                if dialog is not self.window and dialog.isVisible():
                    dialog.close()
        self.window.resize(800, 560)
        self.wait(1.0)
        self.shot("smallest")
        self.window.resize(*(int(n) for n in self.size.split("x")))
        self.wait(0.5)

    def refused_and_flat(self) -> None:
        self.open(Path("/nowhere/study"))
        self.wait(0.3)
        self.shot("not-there")
        for name in ("red", "xray", "slice"):
            path = getattr(self.options, name)
            if path is not None:
                before = self.session.loaded.value
                self.open(path)
                self.until(lambda before=before: (now := self.session.loaded.value) is not None and now is not before)
                self.wait(1.5)
                self.shot(name)
                self.analyse()
                self.wait(0.5)
                self.until(lambda: all(job.ending for job in self.session.jobs.value))
                self.wait(1.0)
                self.shot(f"{name}-analysed")
        self.window.actions_by_name["close_study"].trigger()
        self.wait(0.5)
        self.shot("start-with-recent")

    # ---------------------------------------------------------------------------------------------------------------

    def open(self, path: Path) -> None:
        self.app.open(path)

    def analyse(self) -> None:
        self.window.actions_by_name["analyse"].trigger()

    def wait(self, seconds: float) -> None:
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()  # not QTest.qWait, which keeps Python's other threads from running meanwhile
        QTimer.singleShot(round(1000 * seconds), loop.quit)
        loop.exec()

    def until(self, condition: Callable[[], Any]) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                faulthandler.dump_traceback(all_threads=True)
                raise SystemExit("the window did not come so far")
            self.wait(0.03)

    def shot(self, name: str) -> None:
        file = self.options.out / f"{self.size}-{name}.png"
        self.qt.primaryScreen().grabWindow(0).save(str(file))  # type: ignore[attr-defined]


def _choices() -> Any:
    from viewer.widgets.picture_sheet import Choices

    return Choices()


if __name__ == "__main__":
    main()
