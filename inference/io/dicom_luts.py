"""The Modality LUT of a DICOM header: a table in place of the rescale (PS3.3 C.11.1)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inference.io.dicom_windows import shorts
from inference.io.slices import SliceHeader

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_BITS = (8, 16)
_UNNAMED = ("", "US")
"""Unspecified units, in the standard's own letters."""


@dataclass(frozen=True, eq=False)
class ModalityTable:
    """``entries[stored - first]`` is a stored value's value; beyond the ends the end entries hold.

    ``kind`` is (0028,3004), ``HU`` for Hounsfield units.
    """

    first: int
    entries: NDArray[np.int32]
    kind: str

    def at(self, stored: NDArray[np.generic]) -> NDArray[np.float32]:
        """The values of stored values of any integer type."""
        place = np.clip(stored.astype(np.int32) - self.first, 0, self.entries.size - 1)
        return np.asarray(self.entries[place], dtype=np.float32)

    @property
    def highest(self) -> int:
        """The highest value that it gives."""
        return int(self.entries.max())


def modality_table(dataset: Dataset | None, *, signed: bool, little_endian: bool) -> ModalityTable | None:
    """The table of the Modality LUT Sequence; None where there is none.

    ``signed`` says that stored values can be negative, so that the first value mapped is to be read as signed.

    Raises
    ------
    ValueError
        If there are several tables, or one does not hold what its descriptor says.
    """
    items: Any = None if dataset is None else dataset.get("ModalityLUTSequence", None)
    if not items:
        return None
    if len(items) != 1:
        raise ValueError(f"{len(items)} tables")
    item, order = items[0], "<" if little_endian else ">"
    try:
        count, first, bits = shorts(item.get("LUTDescriptor", None), order)
        values = _entries(item, count or 1 << 16, bits, order)
    except (struct.error, TypeError) as error:
        raise ValueError(str(error)) from error
    if signed and first >= 1 << 15:
        first -= 1 << 16
    return ModalityTable(first, values, str(item.get("ModalityLUTType", "") or "").strip().upper())


def with_table(header: SliceHeader, table: ModalityTable | None) -> SliceHeader:
    """The header of an image whose values come through the table (None: one that cannot be read), not the rescale."""
    if table is None:
        return replace(header, rescale_slope=None, rescale_intercept=None, rescale_type=None, unreadable_table=True)
    kind = "unspecified units" if table.kind in _UNNAMED else table.kind
    return replace(header, rescale_slope=1.0, rescale_intercept=0.0, rescale_type=kind)


def _entries(item: Dataset, count: int, bits: int, order: str) -> NDArray[np.int32]:
    data: Any = item.get("LUTData", None)
    if bits not in _BITS:
        raise ValueError(f"{bits} bits per entry")
    packed = isinstance(data, bytes) and bits == _BITS[0] and len(data) < 2 * count
    values = np.frombuffer(data, np.uint8) if packed else np.array(shorts(data, order), dtype=np.uint16)
    if values.size != count and not (packed and values.size == count + 1):
        raise ValueError(f"{values.size} entries, not {count}")
    signed = item["LUTData"].VR == "SS"
    wide = values[:count].astype(np.int32)
    return np.where(wide >= 1 << 15, wide - (1 << 16), wide) if signed else wide
