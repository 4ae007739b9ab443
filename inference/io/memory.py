"""How the allocator treats what decoding a slice frees."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 32 << 20
_SLICE_BYTES = 8 << 20
"""No buffer of one slice is larger (2048 x 2048 pixels of 16 bits)."""


@cache
def reuse_freed_memory() -> None:
    """Keep freed buffers of a slice's size for the next slice, up to 32 MB, instead of giving them back each time.

    glibc gives them back, and the page faults of fetching them anew then cost as much as decoding a compressed slice.
    Once for the process; other C libraries are left alone.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(_MMAP_THRESHOLD, _SLICE_BYTES)
    mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
