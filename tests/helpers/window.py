"""The real window with its real jobs and worker process, for end-to-end tests: opened, used, closed, nothing left.

    with opened(tmp_path, "slow") as window:
        window.open_study(study)
        window.analyse()
        window.until(lambda: window.session.findings.value is not None)

Leaving the block closes the window and proves that no thread, process or shared file of it is left.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from inference.systems import registry
from inference.systems.registry import DENSITOMETRY
from tests.helpers.phantoms import chest, write_dicom
from tests.helpers.systems import PREFIX
from viewer.app import App
from viewer.settings import Settings
from viewer.state.session import JobState, Notice

if QApplication.instance() is None:  # as viewer.__main__ does, before the first window
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontCreateNativeWidgetSiblings)

PATIENCE_S = 40.0
"""How long a test waits before it gives up; no claim about speed."""


@dataclass
class Window:
    """A window under test. What it said and what its jobs did is recorded from the start."""

    app: App
    notices: list[Notice] = field(default_factory=list)
    endings: dict[int, JobState] = field(default_factory=dict)
    """The listed jobs that ended, by number."""

    def __post_init__(self) -> None:
        self.session, self.window, self.jobs = self.app.session, self.app.window, self.app.jobs
        self.session.notice.connect(self.notices.append)
        self.session.jobs.changed.connect(
            lambda jobs: self.endings.update({job.number: job for job in jobs if job.ending})
        )

    @property
    def complaints(self) -> list[str]:
        """The warnings and errors so far."""
        return [notice.text for notice in self.notices if notice.level != "info"]

    @property
    def running(self) -> list[JobState]:
        """The listed jobs that run now."""
        return [job for job in self.session.jobs.value if not job.ending]

    def trigger(self, action: str) -> None:
        """What a menu entry, button or key does."""
        self.window.actions_by_name[action].trigger()

    def open(self, path: Path) -> None:
        """Open a study; returns at once."""
        self.app.open(path)

    def open_study(self, path: Path) -> None:
        """Open a study and wait until it can be read."""
        self.open(path)
        self.until(lambda: self.session.loaded.value is not None)
        self.until_idle()

    def drop(self, *paths: Path) -> None:
        """Drop files or folders on the window."""
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        event = QDropEvent(
            QPointF(50, 50), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
        self.window.dropEvent(event)

    def analyse(self) -> None:
        """Press Analyse."""
        self.trigger("analyse")

    def wait(self, seconds: float) -> None:
        """Let the window live for a while."""
        QTest.qWait(round(1000 * seconds))

    def until(self, condition: Callable[[], object]) -> None:
        """Let the window live until something is so."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"the window did not come so far; it said: {[n.text for n in self.notices]}")
            QTest.qWait(10)

    def until_idle(self) -> None:
        """Let the window live until no listed job runs."""
        self.until(lambda: not self.running)


@contextmanager
def opened(folder: Path, *systems: str) -> Iterator[Window]:
    """A window whose only systems are those of :mod:`tests.helpers.systems`; without any, the registered ones.

    Afterwards the window is closed, and nothing of it may be left.
    """
    threads, children, files = set(threading.enumerate()), set(_children()), shared_files()
    with pytest.MonkeyPatch.context() as patch:
        if systems:
            cards = {name: replace(DENSITOMETRY, name=name, title=name, factory=PREFIX + name) for name in systems}
            patch.setattr(registry, "_CARDS", cards)
        window = Window(App(Settings(folder / "settings.json"), folder / "demo"))
        window.window.resize(1200, 800)
        window.window.show()
        try:
            yield window
        finally:
            window.window.close()
            window.window.deleteLater()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert _soon(lambda: not [t for t in threading.enumerate() if t not in threads]), threading.enumerate()
    assert _soon(lambda: not [c for c in _children() if c not in children]), _children()
    assert _soon(lambda: shared_files() == files), shared_files()


def shared_files() -> set[str]:
    """The shared arrays of this process that exist now, wherever they lie."""
    folders = (Path("/dev/shm"), Path(tempfile.gettempdir()))
    return {str(path) for folder in folders for path in folder.glob(f"groundglass-{os.getpid()}-*")}


def small_study(folder: Path, slices: int = 40, disease: str = "right") -> Path:
    """A chest small enough that reading it takes no time; its figures do not matter."""
    volume = chest(disease=disease, shape=(40, 72, 96), spacing_mm=(7.5, 4.2, 4.0)).volume  # type: ignore[arg-type]
    write_dicom(volume, folder, skip=range(slices, 40))
    return folder


def _children() -> list[psutil.Process]:
    """The child processes that do work (not Python's own tracker of shared resources)."""
    alive = []
    for child in psutil.Process().children(recursive=True):
        try:
            if child.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in " ".join(child.cmdline()):
                alive.append(child)
        except psutil.NoSuchProcess:
            continue
    return alive


def _soon(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S / 4
    while not condition() and time.monotonic() < end:
        QTest.qWait(20)
    return condition()
