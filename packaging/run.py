"""Set up and open the viewer on the demo study: ``python packaging/run.py``.

Without a display the same window runs on a virtual one and leaves pictures and the report in ``out/``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from environment import ROOT, SetupError, has_display, on_a_display, prepare

OUT = ROOT / "out"
DEMO = OUT / "demo"


def main(arguments: list[str]) -> int:
    """Open the study that the arguments name, or the demo study."""
    try:
        python = prepare("")
        study = Path(arguments[0]).resolve() if arguments else _demo_study(python)
        if has_display():
            return subprocess.run([str(python), "-m", "viewer", str(study)], cwd=ROOT).returncode
        print(f"No display here: the window runs on a virtual one and leaves its pictures in {OUT.name}/", flush=True)
        command = [str(python), "-m", "viewer", "--unattended", str(OUT), str(study)]
        return subprocess.run(on_a_display(command), cwd=ROOT).returncode
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _demo_study(python: Path) -> Path:
    study = DEMO / "study"
    if not study.is_dir():
        print("Making the demo study", flush=True)
        if subprocess.run([str(python), "-m", "inference", "demo", "--out", str(DEMO)], cwd=ROOT).returncode:
            raise SetupError("The demo study could not be made; see the lines above.")
    return study


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
