"""Silence for the libraries: what they complain of can quote headers and file names, and says nothing to a reader."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

_STANDARD_ERROR = 2


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Within it only the program itself speaks on standard error, through ``sys.stderr``.

    Warnings and log records of Python libraries are dropped. Decoders written in C, C++ and Rust write to the process's
    descriptor 2, past Python: it leads nowhere, and ``sys.stderr`` gets a descriptor of its own to where 2 led before.
    Child processes inherit the silence. Where ``sys.stderr`` is not descriptor 2 (captured by a test, absent in a
    windowed program), the descriptor is left as it is.
    """
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # whatever handlers a library brings: NiBabel has one of its own
    try:
        with warnings.catch_warnings(), _own_standard_error():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextmanager
def _own_standard_error() -> Iterator[None]:
    before = sys.stderr
    if not _leads_to_descriptor(before):
        yield
        return
    before.flush()
    kept = os.dup(_STANDARD_ERROR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    own = os.fdopen(os.dup(kept), "w", 1, before.encoding, before.errors)
    os.dup2(nowhere, _STANDARD_ERROR)
    os.close(nowhere)
    sys.stderr = own
    try:
        yield
    finally:
        sys.stderr = before
        with suppress(OSError):  # its reader may have gone
            own.close()
        with suppress(OSError):
            before.flush()
        os.dup2(kept, _STANDARD_ERROR)
        os.close(kept)


def _leads_to_descriptor(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.fileno() == _STANDARD_ERROR
    except (OSError, ValueError):
        return False
