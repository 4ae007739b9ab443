"""``groundglass bench``: runs the benchmarks of a checkout; an installed program holds none."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TextIO

from inference.commands.console import say


def run(options: argparse.Namespace) -> int:
    """Run ``python -m benchmarks``, or say that there is nothing to run."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "benchmarks" / "__main__.py").is_file():
        say("The benchmarks come with the source code; run this command in a checkout of it.")
        return 0
    command = [sys.executable, "-m", "benchmarks", *options.names]
    return subprocess.run(command, cwd=root, check=False, stderr=_standard_error()).returncode


def _standard_error() -> TextIO | None:
    """Where our own words go, for what a benchmark has to say; None, the child's own, where that is no file."""
    try:
        sys.stderr.fileno()
    except (OSError, ValueError):
        return None
    return sys.stderr
