"""``groundglass [STUDY]``: the window. Thin, because every spawned worker process imports the main module."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window, with a study if one is named; returns the exit code."""
    import argparse
    from pathlib import Path

    parser = argparse.ArgumentParser(prog="groundglass", description="Viewer for chest CT. Research use only.")
    parser.add_argument(
        "study", nargs="?", type=Path, help="folder, DICOM file, DICOMDIR, zip, NIfTI, NRRD, MHA, PNG, JPEG"
    )
    arguments = parser.parse_args(argv)
    return run(arguments.study)


def run(study: object = None) -> int:
    """Show the window until it is closed."""
    from pathlib import Path

    _choose_platform()
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    # A VTK widget would make its siblings native windows, which flicker and cost.
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontCreateNativeWidgetSiblings)
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication(sys.argv[:1])

    from platformdirs import user_cache_path

    from viewer.app import App, prepare
    from viewer.settings import Settings, settings_file

    prepare(application)
    app = App(Settings(settings_file()), user_cache_path("groundglass", appauthor=False) / "demo")
    app.window.show()
    if isinstance(study, Path):
        app.open(study)
    return application.exec()


def _choose_platform() -> None:
    """VTK draws into X windows: on Wayland the window goes through XWayland."""
    if sys.platform.startswith("linux") and os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "xcb")


if __name__ == "__main__":
    from multiprocessing import freeze_support

    freeze_support()
    raise SystemExit(main())
