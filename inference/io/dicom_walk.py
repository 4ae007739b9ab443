"""The walk along the bytes of a little-endian header: the wanted elements, and where the pixels begin."""

from __future__ import annotations

import struct

from inference.io.dicom_elements import (
    CONTRAST_CODES,
    DEFLATED,
    DERIVATION_CODES,
    EXPLICIT_BIG,
    FLOAT_PIXELS,
    IMPLICIT_LITTLE,
    LONG_VR,
    PIXEL_DATA,
    SEQUENCES,
    SHORT_VR,
    UNDEFINED,
    WANTED,
    RawHeader,
)

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


class Unusual(Exception):
    """Not for the fast walk."""


class TooShort(Exception):
    """More bytes are needed: as many as its argument says."""


def walk(data: bytes) -> RawHeader:
    """The header that a file's first bytes hold.

    Raises
    ------
    TooShort
        If the header goes on behind them.
    Unusual
        If pydicom must read it.
    struct.error, IndexError
        If it is broken.
    """
    if data[128:132] != b"DICM":
        raise Unusual
    elements, position = _meta(data)
    syntax = elements.get(0x00020010, b"").rstrip(b"\0 ").decode("ascii", "ignore")
    if syntax in (DEFLATED, EXPLICIT_BIG, "") or elements.get(0x00020002, b"").startswith(b"1.2.840.10008.1.3.10"):
        raise Unusual
    explicit = syntax != IMPLICIT_LITTLE
    codes: dict[int, tuple[str, ...]] = {}
    while True:
        tag, start, length = _element(data, position, explicit)
        if tag >= FLOAT_PIXELS[0]:
            return RawHeader(
                elements,
                transfer_syntax=syntax,
                little_endian=True,
                has_pixels=tag == PIXEL_DATA,
                has_float_pixels=tag in FLOAT_PIXELS,
                pixel_offset=start if tag == PIXEL_DATA else None,
                pixel_bytes=length if length != UNDEFINED else None,
                derivation_codes=codes.get(DERIVATION_CODES, ()),
                contrast_codes=codes.get(CONTRAST_CODES, ()),
            )
        if tag in SEQUENCES and length:
            raise Unusual
        position = start + length if length != UNDEFINED else _after_sequence(data, start, explicit)
        if tag in (DERIVATION_CODES, CONTRAST_CODES):
            codes[tag] = _code_values(data, start, position, explicit)
        elif tag in WANTED:
            if position > len(data):
                raise TooShort(position)
            elements[tag] = data[start:position]


def _meta(data: bytes) -> tuple[dict[int, bytes], int]:
    elements: dict[int, bytes] = {}
    position = 132
    while True:
        group, _, vr = struct.unpack_from("<HH2s", data, position)
        if group != 2:
            return elements, position
        if vr not in SHORT_VR and vr not in LONG_VR:
            raise Unusual
        tag, start, length = _element(data, position, True)
        position = start + length
        elements[tag] = data[start:position]


def _element(data: bytes, position: int, explicit: bool) -> tuple[int, int, int]:
    """Tag, start of the value and its length."""
    if position + 12 > len(data):
        raise TooShort(position + 12)
    group, element, vr, short = struct.unpack_from("<HH2sH", data, position)
    tag = group << 16 | element
    if not explicit or group == 0xFFFE:
        return tag, position + 8, struct.unpack_from("<I", data, position + 4)[0]
    if vr in SHORT_VR:
        return tag, position + 8, short
    if vr in LONG_VR:
        return tag, position + 12, struct.unpack_from("<I", data, position + 8)[0]
    raise Unusual


def _after_sequence(data: bytes, position: int, explicit: bool) -> int:
    """Where a sequence (or an item's data set) of undefined length ends; ``position`` is where its items begin."""
    depth = 1
    while depth:
        if position + 8 > len(data):
            raise TooShort(position + 12)
        group, number = struct.unpack_from("<HH", data, position)
        tag = group << 16 | number
        if tag in (_SEQUENCE_END, _ITEM_END):
            depth -= 1
            position += 8
            continue
        _, start, length = _element(data, position, explicit)
        if length == UNDEFINED:
            depth += 1
            position = start
        else:
            position = start + length
    return position


def _code_values(data: bytes, position: int, end: int, explicit: bool) -> tuple[str, ...]:
    """Every Code Value (0008,0100) in a sequence, whatever its nesting."""
    values = []
    while position < end:
        tag, start, length = _element(data, position, explicit)
        if tag in (_ITEM, _ITEM_END, _SEQUENCE_END) or length == UNDEFINED:
            position = start
            continue
        position = start + length
        if tag == 0x00080100:
            values.append(data[start:position].rstrip(b"\0 ").decode("ascii", "replace"))
    return tuple(values)
