"""The size that a compressed image itself names, looked up before a decoder takes memory for it."""

from __future__ import annotations

import struct

from inference.io.dicom_images import Image

_HEAD = 1 << 16
_ITEM = b"\xfe\xff\x00\xe0"
_J2K = b"\xff\x4f\xff\x51"
_JPEG = b"\xff\xd8"
_NO_FRAME = (0xC4, 0xC8, 0xCC)
"""Segments of JPEG between C0 and CF that begin no frame."""


def contradicts(image: Image) -> bool:
    """Whether the file's first codestream names other rows and columns than the header. Raises OSError."""
    if image.coding.offset is None:
        return False
    with image.file.open() as stream:
        stream.seek(image.coding.offset)
        size = _size(_first_fragment(stream.read(_HEAD)))
    return size is not None and size != (image.header.rows, image.header.columns)


def _first_fragment(data: bytes) -> bytes:
    """What follows the table of offsets."""
    if data[:4] != _ITEM or len(data) < 8:
        return b""
    start = 8 + int.from_bytes(data[4:8], "little")
    return data[start + 8 :] if data[start : start + 4] == _ITEM else b""


def _size(code: bytes) -> tuple[int, int] | None:
    """Rows and columns of JPEG 2000, JPEG and JPEG-LS; None where they are not found."""
    try:
        if code[:4] == _J2K:
            right, low, left, top = struct.unpack_from(">4I", code, 8)
            return low - top, right - left
        return _jpeg_size(code) if code[:2] == _JPEG else None
    except (struct.error, IndexError):
        return None


def _jpeg_size(code: bytes) -> tuple[int, int] | None:
    place = 2
    while code[place] == 0xFF:
        marker = code[place + 1]
        if marker == 0xFF:  # a filling byte
            place += 1
        elif (0xC0 <= marker <= 0xCF and marker not in _NO_FRAME) or marker == 0xF7:
            rows, columns = struct.unpack_from(">2H", code, place + 5)
            return (rows, columns) if rows else None  # rows can also follow the first scan
        else:
            place += 2 + int.from_bytes(code[place + 2 : place + 4], "big")
    return None
