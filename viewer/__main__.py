"""``groundglass [STUDY]``: the window. Thin, because every spawned worker process imports the main module."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window, with the study that ``argv`` names if any, until it is closed; returns the exit code."""
    _choose_platform()
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    # A VTK widget would make its siblings native windows, which flicker and cost.
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontCreateNativeWidgetSiblings)
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication(sys.argv[:1])
    from viewer.app import start

    app = start(application)
    sys.excepthook = lambda kind, error, trace: application.quit() if kind is KeyboardInterrupt else app.report(error)
    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments:
        app.open(Path(arguments[0]))
    return application.exec()


def _choose_platform() -> None:
    """VTK draws into X windows: on Wayland the window goes through XWayland."""
    if sys.platform.startswith("linux") and os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "xcb")


if __name__ == "__main__":
    from multiprocessing import freeze_support

    freeze_support()
    raise SystemExit(main())
