"""Arrays that two processes see: memory-mapped files, in /dev/shm where it has room, else in the temporary folder.

One mechanism for every platform. The process that creates an array owns its file and removes it; a file whose owner is
dead is removed by :func:`sweep` at the next start. Files are readable by their owner alone and hold voxels, no names.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from inference.errors import InferenceError

_PREFIX = "groundglass-"
_SUFFIX = ".shared"
_MEMORY = Path("/dev/shm")
_counter = itertools.count()


@dataclass(frozen=True)
class SharedHandle:
    """What another process needs to map the array: small, picklable."""

    path: str
    shape: tuple[int, ...]
    dtype: str

    def open(self, *, writable: bool) -> NDArray[Any]:
        """Map the array. Raises FileNotFoundError when its owner removed it."""
        return np.memmap(self.path, dtype=np.dtype(self.dtype), mode="r+" if writable else "r", shape=self.shape)


class SharedArray:
    """An array in a file of its own; zeros at first, and only touched pages take memory.

    Raises
    ------
    InferenceError
        If neither the shared memory nor the temporary folder has room for it.
    """

    def __init__(self, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        path = _folder(size) / f"{_PREFIX}{os.getpid()}-{next(_counter)}{_SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            os.truncate(descriptor, size)
        finally:
            os.close(descriptor)
        self.handle = SharedHandle(str(path), shape, np.dtype(dtype).str)
        self.array = self.handle.open(writable=True)
        self._finalizer = weakref.finalize(self, _remove, path)

    def release(self) -> None:
        """Remove the file's name. Those who mapped it keep their view; nobody new can map it."""
        self._finalizer()


def _folder(size: int) -> Path:
    folders = [Path(tempfile.gettempdir())]
    if sys.platform.startswith("linux") and _MEMORY.is_dir():
        folders.insert(0, _MEMORY)
    for folder in folders:
        if shutil.disk_usage(folder).free > size * 1.1 + 2**20 and os.access(folder, os.W_OK):
            return folder
    raise InferenceError(
        f"There is no room for {size / 2**20:.0f} MB of voxels in shared memory or the temporary folder; "
        "close other studies or free some space."
    )


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except PermissionError:  # Windows holds the name of a mapped file; the next start's sweep takes it
        return


def sweep() -> int:
    """Remove the files of owners that no longer run; returns how many."""
    removed = 0
    for folder in {_MEMORY, Path(tempfile.gettempdir())}:
        for path in folder.glob(f"{_PREFIX}*{_SUFFIX}") if folder.is_dir() else ():
            owner = path.name[len(_PREFIX) :].split("-")[0]
            if owner.isdigit() and not psutil.pid_exists(int(owner)):
                _remove(path)
                removed += 1
    return removed
