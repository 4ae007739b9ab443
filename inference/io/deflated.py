"""Deflated DICOM files: how much they unfold to is known before pydicom unfolds them in one piece."""

from __future__ import annotations

import zlib

from inference.errors import SeriesError
from inference.io.sources import MAX_MEMBER_BYTES, MAX_RATIO, SUSPECT_BYTES, FileSource

_META_LENGTH_AT, _META_AT = 140, 144
_CHUNK = 1 << 20


def refuse_bomb(file: FileSource) -> None:
    """Raise SeriesError if the file unfolds to what no image needs. Raises OSError if it cannot be read."""
    size, total = file.size, 0
    with file.open() as stream:
        head = stream.read(_META_AT)
        stream.seek(_META_AT + int.from_bytes(head[_META_LENGTH_AT:], "little"))
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            while not inflate.eof and (fed := inflate.unconsumed_tail or stream.read(_CHUNK)):
                total += len(inflate.decompress(fed, _CHUNK))
                if total > MAX_MEMBER_BYTES or (total > SUSPECT_BYTES and total > MAX_RATIO * size):
                    raise SeriesError(f"{file.name} would unfold to far more than an image; it was not opened.")
        except zlib.error:
            return  # damaged: whoever reads it says so
