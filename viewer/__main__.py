"""``groundglass [STUDY]``: the window. Thin, because every spawned worker process imports the main module."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from viewer.app import App

_NO_SCREEN = (
    "there is no display to open a window on; log in to a desktop or set DISPLAY, "
    "or analyse without a window: groundglass analyse STUDY --out DIR"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window, with the study that ``argv`` names if any, until it is closed; returns the exit code."""
    if not _has_screen():
        sys.stderr.write(f"groundglass: {_NO_SCREEN}\n")
        return 2
    _choose_platform()
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    # A VTK widget would make its siblings native windows, which flicker and cost.
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontCreateNativeWidgetSiblings)
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication(sys.argv[:1])
    from inference.quiet import quiet_libraries
    from viewer.app import start

    app = start(application)
    sys.excepthook = lambda kind, error, trace: application.quit() if kind is KeyboardInterrupt else app.report(error)
    options = _options(sys.argv[1:] if argv is None else argv)
    with quiet_libraries():  # from here on: what keeps a window from opening at all must be read
        return _run(application, app, options)


def _run(application: QApplication, app: App, options: Namespace) -> int:
    from PySide6.QtCore import QTimer

    if options.quit_when_usable:
        QTimer.singleShot(0, app.window.close)
    elif options.unattended is not None:
        from viewer.unattended import Unattended

        walk = Unattended(application, app, options.study, options.unattended)
        application.aboutToQuit.connect(walk.deleteLater)
    elif options.study is not None:
        app.open(options.study)
    return application.exec()


def _options(argv: Sequence[str]) -> Namespace:
    parser = ArgumentParser(prog="groundglass", description="Opens the viewer.")
    parser.add_argument("study", nargs="?", type=Path, help="a folder, file, DICOMDIR or zip")
    parser.add_argument(
        "--unattended", type=Path, metavar="OUT", help="analyse STUDY, leave pictures and the report in OUT, close"
    )
    parser.add_argument("--quit-when-usable", action="store_true", help="close as soon as the window is usable")
    options = parser.parse_args(argv)
    if options.unattended is not None and options.study is None:
        parser.error("--unattended needs a STUDY")
    return options


def _has_screen() -> bool:
    """Whether there is anything to open a window on; without it Qt ends the process with a crash."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _choose_platform() -> None:
    """VTK draws into X windows: on Wayland the window goes through XWayland."""
    if sys.platform.startswith("linux") and os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "xcb")


if __name__ == "__main__":
    from multiprocessing import freeze_support

    freeze_support()
    raise SystemExit(main())
