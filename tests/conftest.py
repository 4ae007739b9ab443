"""Shared by every test: helpers importable as ``tests.helpers`` and one quiet platform."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("OMP_NUM_THREADS", "2")
if not os.environ.get("DISPLAY") and sys.platform.startswith("linux"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Tests name the weights they mean. The shipped ones are asked in a process of their own: torch's compiler and the
# software OpenGL driver bring two copies of one library, and a process that holds both may crash.
os.environ.setdefault("GROUNDGLASS_WEIGHTS", str(Path(__file__).with_name("no-weights")))
with contextlib.suppress(ImportError):  # before any OpenGL driver, for the same reason
    import torchvision.ops  # noqa: F401
