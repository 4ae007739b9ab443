"""From stored pixel values to the int16 numbers of a volume: which units, and the linear map of each slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inference.io.dicom_coding import PixelCoding
from inference.io.dicom_images import Image
from inference.io.dicom_luts import ModalityTable
from inference.io.slices import SliceHeader
from inference.io.study import VoiTable, WindowLevel
from inference.volume import Units

LOWEST, HIGHEST = -32768, 32767
_HOUNSFIELD_TYPES = ("", "HU")
_SYNTHETIC_PADDING_HU = -1024


@dataclass(frozen=True)
class ValueMap:
    """``value = slope * stored + intercept``, rounded and held within int16."""

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, pixels: NDArray[np.int16], lowest: int = LOWEST, highest: int = HIGHEST) -> None:
        """Map int16 stored values in place; they lie in ``lowest .. highest``."""
        shift = round(self.intercept)
        if self.slope == 1.0 and shift == self.intercept and abs(shift) <= HIGHEST:
            if lowest + shift < LOWEST:
                np.maximum(pixels, LOWEST - shift, out=pixels)
            if highest + shift > HIGHEST:
                np.minimum(pixels, HIGHEST - shift, out=pixels)
            if shift:
                pixels += np.int16(shift)
            return
        pixels[...] = self.of(pixels)

    def of(self, stored: NDArray[np.generic]) -> NDArray[np.int16]:
        """Map stored values of any type."""
        values = stored.astype(np.float32)
        values *= self.slope
        values += self.intercept
        np.rint(values, out=values)
        np.clip(values, LOWEST, HIGHEST, out=values)
        return values.astype(np.int16)


@dataclass(frozen=True)
class TableMap(ValueMap):
    """The same of what a Modality LUT makes of the stored value."""

    table: ModalityTable | None = None

    def apply(self, pixels: NDArray[np.int16], lowest: int = LOWEST, highest: int = HIGHEST) -> None:
        """Map int16 stored values in place."""
        pixels[...] = self.of(pixels)

    def of(self, stored: NDArray[np.generic]) -> NDArray[np.int16]:
        """Map stored values of any type."""
        assert self.table is not None
        return super().of(self.table.at(stored))


@dataclass(frozen=True)
class Scale:
    """How the values of a series become int16.

    Hounsfield units stay what they are (``divisor`` 1). Other values are divided where they would not fit or would all
    round to nothing, and MONOCHROME1 pictures are turned so that high is bright. Of colours only brightness is kept.
    """

    units: Units
    divisor: float = 1.0
    inverted: bool = False
    coloured: bool = False

    def map_of(self, image: Image) -> ValueMap:
        """The map of one image."""
        if self.coloured:
            return ValueMap()
        slope, intercept = _rescale(image.header)
        if self.inverted:
            intercept, slope = slope * _highest(image) + intercept, -slope
        if self.units is not Units.HU:
            slope, intercept = slope / self.divisor, intercept / self.divisor
        return ValueMap(slope, intercept) if image.table is None else TableMap(slope, intercept, image.table)

    def windows(self, windows: Sequence[WindowLevel], image: Image) -> tuple[WindowLevel, ...]:
        """The windows of the header in the volume's values. VOI LUTs are not for colours (PS3.3 C.11.2)."""
        if self.coloured:
            return tuple(window for window in windows if window.table is None)
        return tuple(windows) if self.units is Units.HU else tuple(self._window(one, image) for one in windows)

    def _window(self, window: WindowLevel, image: Image) -> WindowLevel:
        slope, intercept = _rescale(image.header)
        turned = slope * _highest(image) + 2 * intercept
        level = turned - window.level if self.inverted else window.level
        table = window.table and self._table(window.table, turned)
        return replace(window, width=window.width / self.divisor, level=level / self.divisor, table=table)

    def _table(self, table: VoiTable, turned: float) -> VoiTable:
        """The table with an entry for each value of the volume; ``turned`` less a value is what MONOCHROME1 makes."""
        ends = np.array([table.first, table.first + table.entries.size - 1], dtype=np.float64)
        ends = np.sort(turned - ends if self.inverted else ends) / self.divisor
        first, last = (int(end) for end in np.clip((np.floor(ends[0]), np.ceil(ends[1])), LOWEST, HIGHEST))
        values = np.arange(first, last + 1, dtype=np.float64) * self.divisor
        entries = table.at(turned - values if self.inverted else values)
        return VoiTable.of(first, table.bits, table.white - entries if self.inverted else entries)


def scale_of(images: Sequence[Image]) -> Scale:
    """Units and scale of a series."""
    units, coding = _units(images), images[0].coding
    if _is_coloured(coding):
        return Scale(units, coloured=True)
    if units is Units.HU:
        return Scale(units)
    slopes = [abs(_rescale(image.header)[0]) for image in images]
    divisor = max(slopes) if max(slopes) < 1 else 1.0
    reach = max(_reach(image) for image in images) / divisor
    while reach >= HIGHEST + 1:
        divisor, reach = divisor * 2, reach / 2
    return Scale(units, divisor, coding.photometric == "MONOCHROME1")


def padding_hu(image: Image, value_map: ValueMap) -> int | None:
    """The value of padding voxels in the volume, where the header names one that no tissue can have."""
    stored = image.coding.padding
    if stored is None:
        return None
    value = int(value_map.of(np.array([stored], dtype=np.int32))[0])
    return value if value < _SYNTHETIC_PADDING_HU else None


def _units(images: Sequence[Image]) -> Units:
    coding, header = images[0].coding, images[0].header
    if _is_coloured(coding):
        return Units.GREY8
    is_localizer = "LOCALIZER" in header.image_type
    has_rescale = all(image.header.rescale_intercept is not None for image in images)
    types = {(image.header.rescale_type or "").upper() for image in images}
    if header.modality in ("CT", "") and has_rescale and types <= set(_HOUNSFIELD_TYPES) and not is_localizer:
        return Units.HU
    if coding.bits_stored <= 8 and not coding.signed and not has_rescale:
        return Units.GREY8
    return Units.UNKNOWN


def _is_coloured(coding: PixelCoding) -> bool:
    return coding.samples > 1 or coding.photometric == "PALETTE COLOR"


def _rescale(header: SliceHeader) -> tuple[float, float]:
    slope = header.rescale_slope if header.rescale_slope else 1.0
    return slope, header.rescale_intercept if header.rescale_intercept is not None else 0.0


def _reach(image: Image) -> float:
    slope, intercept = _rescale(image.header)
    return abs(slope) * _highest(image) + abs(intercept)


def _highest(image: Image) -> int:
    """The highest value before the linear map."""
    return image.coding.highest if image.table is None else image.table.highest
