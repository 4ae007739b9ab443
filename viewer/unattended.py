"""The window without a reader: open a study, analyse it, leave pictures of the window and the report, close.

``python -m viewer --unattended OUT STUDY`` does it where there is no display (under a virtual one) and for the
pictures of the documentation. It presses nothing that a reader could not, and waits for what a reader would wait for.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from viewer.app import App
from viewer.operations.analysing import analyse, default_choice, why_not
from viewer.operations.exporting import export_report, result
from viewer.operations.showing import show_infected
from viewer.state.session import Layout

Ready = Callable[[], bool]
_POLL_MS = 40
_SETTLE_S = 0.6
_LONGEST_WAIT_S = 300.0
_LAYOUTS = ((Layout.QUAD, "quad"), (Layout.AXIAL, "axial"), (Layout.SIDE_BY_SIDE, "side-by-side"),
            (Layout.LARGE_3D, "large-3d"))  # fmt: skip


class Unattended(QObject):
    """Walks through the steps; quits the application with 0, or with 1 and one line on standard error."""

    def __init__(self, application: QApplication, app: App, study: Path, out: Path) -> None:
        super().__init__()
        self._application, self._app, self._study, self._out = application, app, study, out
        self._errors: list[str] = []
        self._last_wish = time.monotonic()
        app.session.notice.connect(lambda notice: self._errors.append(notice.text) if notice.level == "error" else None)
        self._steps = self._walk()
        self._ready: Ready = lambda: True
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._step)
        self._timer.start()

    def _step(self) -> None:
        waited = time.monotonic() - self._last_wish
        if self._errors or waited > _LONGEST_WAIT_S:
            self._leave(1, self._errors[0] if self._errors else "The viewer did not get on; it was given up.")
        elif self._ready():
            try:
                self._ready = next(self._steps)
                self._last_wish = time.monotonic()
            except StopIteration:
                self._leave(0, "")

    def _walk(self) -> Iterator[Ready]:
        session, window = self._app.session, self._app.window
        self._out.mkdir(parents=True, exist_ok=True)
        window.resize(*_fitting(self._application))
        session.layout.value = Layout.QUAD
        session.identity_hidden.value = True  # the pictures leave the machine more easily than the window does
        yield _after(_SETTLE_S)
        self._app.open(self._study)
        yield lambda: session.loaded.value is not None
        yield _after(_SETTLE_S)
        self._save("opened")
        if reason := why_not(session):
            sys.stderr.write(f"{reason}\n")
            return
        yield from self._analyse()
        for layout, name in _LAYOUTS:
            session.layout.value = layout
            yield _after(_SETTLE_S)
            yield self._surfaces_are_there
            yield _after(_SETTLE_S)
            self._save(name)
        session.layout.value = Layout.QUAD
        export_report(session, self._app.jobs, self._out / "report.pdf", with_identity=False)
        yield self._jobs_are_done

    def _analyse(self) -> Iterator[Ready]:
        session = self._app.session
        choice = default_choice(self._app.choices, session)
        if choice is None:
            return
        analyse(session, self._app.jobs, choice)
        yield lambda: session.masks.value.lungs is not None
        yield _after(0.2)
        self._save("analysing")
        yield lambda: result(session) is not None
        show_infected(session)
        yield _after(_SETTLE_S)

    def _surfaces_are_there(self) -> bool:
        volume = self._app.window.centre.volume
        return not volume.isVisible() or bool(volume.surfaces)

    def _jobs_are_done(self) -> bool:
        return all(job.ending for job in self._app.session.jobs.value)

    def _save(self, name: str) -> None:
        self.picture().save(str(self._out / f"{name}.png"))

    def picture(self) -> QImage:
        """The whole window, with VTK's own frame where the 3D view is."""
        window, volume = self._app.window, self._app.window.centre.volume
        image = window.grab().toImage()
        frame = volume.picture() if volume.isVisible() else None
        if frame is not None:
            painter = QPainter(image)
            painter.drawImage(volume.frame_rect(window), frame)
            painter.end()
        return image

    def _leave(self, code: int, words: str) -> None:
        self._timer.stop()
        if words:
            sys.stderr.write(f"{words}\n")
        self._app.window.close()
        self._application.exit(code)


def _after(seconds: float) -> Ready:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def _fitting(application: QApplication) -> tuple[int, int]:
    size = application.primaryScreen().availableSize()
    return size.width(), size.height()
