"""Voxels that lie one after another in a file, plain or packed: read slice by slice, so that no second copy is held."""

from __future__ import annotations

import bz2
import gzip
import io
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from inference.errors import SeriesError
from inference.io.sources import FileSource
from inference.io.volume_source import ValueRange, to_int16
from inference.volume import Units

BROKEN = (OSError, EOFError, zlib.error, ValueError)
"""What reading a damaged file raises."""
_GZIP, _BZIP2 = b"\x1f\x8b", b"BZ"
_CHUNK = 1 << 18
_PIECE = 1 << 20
"""Bytes that are read between two looks at whether to stop."""


@dataclass(frozen=True)
class Layout:
    """Where the voxels of a file are: ``skip`` bytes behind ``start``, or behind what is unpacked from there."""

    file: FileSource
    stored: np.dtype[Any]
    start: int = 0
    skip: int = 0
    packed: bool = False
    slope: float = 1.0
    intercept: float = 0.0


class StreamReader:
    """Reads slices: in any order from a plain file, in ascending order from a packed one."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._range = ValueRange()
        self._lock = threading.Lock()
        self._at = 0
        self._check: Callable[[], None] = _go_on
        self.parallel = not layout.packed
        self._stream = stream = layout.file.open()
        if layout.packed:
            stream.seek(layout.start)
            self._stream = unpacked(stream)
            if self._stream is stream:
                stream.close()
                raise SeriesError(f"{layout.file.name} is not packed as its header says; get it again.")

    def read(self, k: int, out: NDArray[np.int16]) -> None:
        """Fill ``out`` with slice ``k``. Raises SeriesError."""
        row = out.shape[1] * self._layout.stored.itemsize
        rows = max(1, _PIECE // max(row, 1))
        for first in range(0, out.shape[0], rows):
            self._check()
            self._read_rows((k * out.shape[0] + first) * row, out[first : first + rows])

    def stop_when(self, check: Callable[[], None]) -> None:
        """Call ``check``, which raises to stop, between pieces of a slice: one slice can take seconds to unpack."""
        self._check = check

    def _read_rows(self, place: int, out: NDArray[np.int16]) -> None:
        layout = self._layout
        count = out.size * layout.stored.itemsize
        try:
            with self._lock:
                self._go_to(layout.skip + place)
                data = self._stream.read(count)
                self._at += len(data)
        except BROKEN as error:
            raise SeriesError(f"{layout.file.name} is damaged or cut short; get it again.") from error
        if len(data) != count:
            raise SeriesError(f"{layout.file.name} is cut short; get it again.")
        to_int16(np.frombuffer(data, layout.stored).reshape(out.shape), layout.slope, layout.intercept, out)
        self._range.see(out)

    def _go_to(self, place: int) -> None:
        if not self._layout.packed:
            self._stream.seek(self._layout.start + place)
        while self._layout.packed and self._at < place:
            self._check()
            passed = len(self._stream.read(min(_CHUNK, place - self._at)))
            self._at += passed
            if not passed:
                return

    def settle(self, k: int, pixels: NDArray[np.int16]) -> None:
        """There is only one way to read."""

    def units(self) -> Units:
        """Judged by the values."""
        return self._range.units()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def _go_on() -> None:
    """Nobody asks to stop."""


def unpacked(stream: BinaryIO) -> BinaryIO:
    """What a gzip, bzip2 or zlib stream that begins here unfolds to; the stream itself where it is none."""
    place = stream.tell()
    magic = stream.read(2)
    stream.seek(place)
    if magic == _GZIP:
        return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]
    if magic == _BZIP2:
        return bz2.BZ2File(stream)  # type: ignore[return-value]
    is_zlib = len(magic) == 2 and magic[0] & 0x0F == 8 and int.from_bytes(magic, "big") % 31 == 0
    return io.BufferedReader(_Inflated(stream), _CHUNK) if is_zlib else stream


class _Inflated(io.RawIOBase):
    """A zlib stream, unfolded as it is read."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._inflate = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._inflate.eof:
            fed = self._inflate.unconsumed_tail or self._packed.read(_CHUNK)
            data = self._inflate.decompress(fed, len(buffer))
            if data or not fed:
                buffer[: len(data)] = data
                return len(data)
        return 0

    def close(self) -> None:
        self._packed.close()
        super().close()
