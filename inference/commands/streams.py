"""Standard output and standard error as scripts hand them over: closed, or in an encoding without every letter."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TextIO

_STANDARD_ERROR = 2


def settle_streams() -> None:
    """Make both streams such that writing to them cannot fail for want of a stream or a letter.

    A stream that was closed leads nowhere. Its descriptor is taken by the null device, or the next file that is opened
    would get it, and with it what a library prints. A letter that the encoding lacks is written as its escape.
    """
    for closed in (sys.stdin, sys.stdout, sys.stderr):
        if closed is None:
            _occupy_low_descriptors()
            break
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _occupy_low_descriptors() -> None:
    """Give 0, 1 and 2, where they are free, to the null device."""
    taken = os.open(os.devnull, os.O_RDWR)
    while taken <= _STANDARD_ERROR:
        taken = os.open(os.devnull, os.O_RDWR)
    os.close(taken)
