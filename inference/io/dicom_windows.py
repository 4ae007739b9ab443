"""The display windows of a DICOM header: widths and centres, and VOI LUTs as tables (PS3.3 C.11.2)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from inference.io.study import VoiTable, WindowLevel

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_FEWEST_BITS, _MOST_BITS = 8, 16


def make_windows(
    centres: tuple[float, ...], widths: tuple[float, ...], names: tuple[str, ...], function: str
) -> tuple[WindowLevel, ...]:
    """The windows of a header, those without a positive width left out."""
    kind: Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"] = "LINEAR"
    if function == "SIGMOID":
        kind = "SIGMOID"
    elif function == "LINEAR_EXACT":
        kind = "LINEAR_EXACT"
    pairs = list(zip(centres, widths, strict=False))
    padded = [*names, *[""] * len(pairs)]
    return tuple(WindowLevel(w, c, padded[n], kind) for n, (c, w) in enumerate(pairs) if w > 0)


def make_tables(items: Iterable[Dataset] | None, *, signed: bool, little_endian: bool) -> tuple[WindowLevel, ...]:
    """The VOI LUTs of a VOI LUT Sequence as windows that span them; damaged ones are left out.

    ``signed`` says that rescaled values can be negative, so that the first value mapped is to be read as signed.
    """
    sound = []
    for item in items or ():
        try:
            table = _table(item, signed, "<" if little_endian else ">")
        except (struct.error, TypeError, ValueError):
            continue
        sound.append((table, str(item.get("LUTExplanation", "") or "").strip()))
    number = (str(n + 1) if len(sound) > 1 else "" for n in range(len(sound)))
    return tuple(_spanning(table, name or next_name) for (table, name), next_name in zip(sound, number, strict=True))


def _spanning(table: VoiTable, name: str) -> WindowLevel:
    count = table.entries.size
    return WindowLevel(float(count), table.first + count / 2, name, table=table)


def _table(item: Dataset, signed: bool, order: str) -> VoiTable:
    count, first, bits = shorts(item.get("LUTDescriptor", None), order)
    if not _FEWEST_BITS <= bits <= _MOST_BITS:
        raise ValueError(f"{bits} bits per entry")
    count = count or 1 << 16
    if signed and first >= 1 << 15:
        first -= 1 << 16
    data: Any = item.get("LUTData", None)
    packed = isinstance(data, bytes) and bits == _FEWEST_BITS and len(data) < 2 * count
    entries = np.frombuffer(data, np.uint8) if packed else np.array(shorts(data, order), dtype=np.uint16)
    if entries.size < count:
        raise ValueError(f"{entries.size} of {count} entries")
    return VoiTable.of(first, bits, entries[:count])


def shorts(value: Any, order: str) -> tuple[int, ...]:
    """Unsigned 16-bit numbers, whether pydicom has told them from bytes or not."""
    if isinstance(value, bytes):
        return struct.unpack(f"{order}{len(value) // 2}H", value[: len(value) // 2 * 2])
    numbers = (value,) if isinstance(value, int) else tuple(value)
    return tuple(int(number) & 0xFFFF for number in numbers)
