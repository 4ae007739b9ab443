"""How long until the program answers: ``python benchmarks/start.py [--study DIR] [--runs N]``.

Prints the median of several second starts: ``groundglass --version``, and from the command to a usable window (first
paint, event loop idle), each as a ratio to starting bare Python and, where it is installed, importing napari's viewer.
On Linux without a display run it under ``xvfb-run -a -s "-screen 0 1920x1200x24"``.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import time

_NAPARI = """
import napari
from qtpy.QtCore import QTimer
viewer = napari.Viewer()
QTimer.singleShot(0, viewer.close)
napari.run()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--napari-python", default="", help="a Python that has napari, for the comparison")
    options = parser.parse_args()
    rows = {
        "bare python": [sys.executable, "-c", "pass"],
        "groundglass --version": [sys.executable, "-m", "inference", "--version"],
        "window usable": [sys.executable, "-m", "viewer", "--quit-when-usable"],
    }
    if options.napari_python:
        rows["napari window"] = [options.napari_python, "-c", _NAPARI]
    print(f"{platform.platform()}, Python {platform.python_version()}, {options.runs} runs after one warm-up")
    base = 0.0
    for name, command in rows.items():
        times = [_seconds(command) for _ in range(options.runs + 1)][1:]
        middle = statistics.median(times)
        base = base or middle
        print(
            f"{name:24s} median {middle:6.3f} s   min {min(times):6.3f}   max {max(times):6.3f}   x{middle / base:5.1f}"
        )


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
