"""Which processor a network runs on. Imports torch only where there may be another than the processor."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from inference.errors import InferenceError


def device_of(wanted: str) -> str:
    """``cpu``, ``cuda`` or ``mps``. Raises InferenceError for one that is not there."""
    if wanted == "cpu" or (wanted in {"auto", ""} and not _may_have_gpu()):
        return "cpu"
    import torch

    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted in {"auto", ""}:
        return next((name for name, present in here.items() if present), "cpu")
    if not here.get(wanted):
        raise InferenceError(f"There is no {wanted} device here; choose --device cpu or auto.")
    return wanted


def _may_have_gpu() -> bool:
    """Whether it is worth importing torch, which takes seconds, to look for a GPU."""
    if sys.platform == "darwin":
        return True
    if sys.platform == "win32":
        return (Path(os.environ.get("SYSTEMROOT", "C:/Windows")) / "System32" / "nvcuda.dll").exists()
    return any(Path("/dev").glob("nvidia[0-9]*")) or any(Path("/dev", name).exists() for name in ("kfd", "dxg"))
