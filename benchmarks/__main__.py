"""Run the benchmarks, all or the named ones: ``python -m benchmarks [--data DIR] [--napari-python PYTHON] [NAME ...]``.

Names: reading, start, scrolling, meshing, densitometry, learned. ``--data`` is a folder that holds ``covid-ct-md`` and
``plethora-effusion``; without it, what needs real images is left out and said. Windows go to a virtual display where
there is none.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

_WINDOWED = ("start", "scrolling")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="which to run (all)")
    parser.add_argument("--data", type=Path, help="the folder of real images")
    parser.add_argument("--napari-python", help="a Python that has napari, to measure it in the same run")
    options = parser.parse_args()
    commands = _commands(options.data, options.napari_python)
    if unknown := set(options.names) - set(commands):
        parser.error(f"there is no benchmark named {', '.join(sorted(unknown))}; there are: {', '.join(commands)}")
    worst = 0
    for name in options.names or commands:
        print(f"\n== {name}", flush=True)
        arguments = commands[name]
        if arguments is None:
            print("left out: it needs real images; name their folder with --data")
            continue
        command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
        worst = max(worst, subprocess.run(_displayed(command, name), check=False).returncode)
    return worst


def _commands(data: Path | None, napari: str | None) -> dict[str, list[str] | None]:
    covid = [] if data is None else ["--data", str(data / "covid-ct-md" / "covid-P001")]
    beside = [] if napari is None else ["--napari-python", napari]
    return {
        "reading": covid,
        "start": beside,
        "scrolling": ["--with-napari", *beside] if napari else [],
        "meshing": [],
        "densitometry": None if data is None else ["--data", str(data)],
        "learned": ["--agreement"],
    }


def _displayed(command: list[str], name: str) -> list[str]:
    needed = name in _WINDOWED and sys.platform.startswith("linux")
    if needed and not os.environ.get("DISPLAY") and shutil.which("xvfb-run"):
        return ["xvfb-run", "-a", "-s", "-screen 0 1920x1200x24", *command]
    return command


if __name__ == "__main__":
    raise SystemExit(main())
