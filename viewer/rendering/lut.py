"""Values to grey: the VOI functions of DICOM PS3.3 C.11.2 as tables over every int16 value. No Qt.

A table has 65,536 entries, indexed by the value's two's complement as uint16, so a slice becomes a picture by one
``numpy.take`` with no arithmetic per pixel.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inference.io.study import WindowLevel
from inference.io.voi import voi
from inference.volume import PADDING_CEILING_HU, Units, Volume

_VALUES = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.float64)


@lru_cache(maxsize=16)
def grey_table(window: WindowLevel, inverted: bool = False, padding: int | None = None) -> NDArray[np.uint8]:
    """Grey 0..255 for every uint16-indexed int16 value; values at or below ``padding`` stay black when inverted."""
    intensity = voi(_VALUES, window)
    if inverted:
        intensity = 1.0 - intensity
    grey = np.rint(intensity * 255.0).astype(np.uint8)
    if padding is not None:
        grey[padding >= _VALUES] = 0
    return grey


@lru_cache(maxsize=16)
def rgb_table(window: WindowLevel, inverted: bool = False, padding: int | None = None) -> NDArray[np.uint32]:
    """The same as ``0xffRRGGBB``, ready for a 32-bit picture."""
    grey = grey_table(window, inverted, padding).astype(np.uint32)
    return np.asarray(0xFF000000 | grey << 16 | grey << 8 | grey, dtype=np.uint32)


def padding_threshold(volume: Volume) -> int | None:
    """The highest value that counts as padding outside the scan field, None where values are no Hounsfield units."""
    return PADDING_CEILING_HU if volume.units is Units.HU else None


def is_padding(values: NDArray[np.int16], volume: Volume) -> NDArray[np.bool_]:
    """Which voxels hold padding and no measurement: at or below -1500, or the value that the header names."""
    if volume.units is not Units.HU:
        return np.zeros(values.shape, dtype=bool)
    found = values <= PADDING_CEILING_HU
    if volume.padding_hu is not None:
        found |= values == volume.padding_hu
    return np.asarray(found)
