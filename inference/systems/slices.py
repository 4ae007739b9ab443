"""A volume's slices as networks see them, and the way back to every voxel of the source.

Everything here is in canonical order (feet to head, front to back, right to left); :meth:`SliceStack.back` leads to
the volume's own grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import InputShapeError
from inference.systems.body import inside_body
from inference.systems.weights import Entry
from inference.transforms.lung_window import seen_through
from inference.transforms.rendering import (
    AIR_HU,
    Box,
    Kind,
    body_box,
    kind_of,
    place_mask,
    render,
    soft_tissue,
    to_source,
)
from inference.volume import PADDING_CEILING_HU, Units, Volume

_BODY_HU = -400.0
_BODY_SHARE = 0.01
_LOOKED_AT = 9
_STEP = 4


class SliceStack:
    """The slices of a volume, each rendered when asked for.

    Raises InputShapeError for a volume whose numbers mean neither Hounsfield units nor 8-bit grey.
    """

    def __init__(self, volume: Volume, *, xray: bool = False) -> None:
        if volume.units is Units.UNKNOWN:
            raise InputShapeError(
                "The values are neither Hounsfield units nor 8-bit grey, so no network can judge them."
            )
        self.volume = volume
        self.canonical, self._turn = volume.canonical()
        self.shape: tuple[int, int, int] = self.canonical.geometry.shape
        self.sides_known = volume.geometry.orientation_known
        self.kind = self._kind(xray)
        self.box = self._box()
        self._rendered: dict[tuple[str, int, int], NDArray[np.uint8]] = {}

    def __len__(self) -> int:
        return self.shape[0]

    def source(self, number: int) -> NDArray[np.int16]:
        """The slice's own values (rows, columns), padding made air."""
        values: NDArray[np.int16] = self.canonical.array[number]
        padding = self.canonical.padding_hu
        if self.kind is Kind.HU and padding is not None and padding > PADDING_CEILING_HU:
            values = np.where(values == padding, np.int16(AIR_HU), values).astype(np.int16)
        return values

    def inside(self, number: int) -> NDArray[np.bool_]:
        """Where the patient is in a slice (rows, columns); everywhere without Hounsfield units."""
        if self.kind is not Kind.HU:
            return np.ones(self.shape[1:], np.bool_)
        rows, columns = self.canonical.geometry.spacing_mm[1:]
        return inside_body(self.source(number), (rows, columns))

    def with_body(self) -> list[int]:
        """The slices that show anything: body in Hounsfield units, any contrast in 8-bit grey; no missing slice."""
        missing = set(self.canonical.missing_slices)
        return [k for k in range(len(self)) if k not in missing and self._shows(k)]

    def images(
        self, numbers: Sequence[int], entry: Entry, inside: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float32]:
        """Rendered slices as a network wants them: grey 0..1 before normalisation, (n, channels, size, size).

        What lies outside ``inside`` (canonical grid) is black, for a masked recogniser after a margin.
        """
        out = np.zeros((len(numbers), len(entry.channels), entry.size, entry.size), np.float32)
        for place, number in enumerate(numbers):
            for channel, name in enumerate(entry.channels):
                out[place, channel] = self._picture(name, number, entry.size)
        out /= 255.0
        if inside is not None:
            out *= self.seen(inside[list(numbers)], entry)[:, None]
        return out

    def seen(self, inside: NDArray[np.bool_], entry: Entry) -> NDArray[np.bool_]:
        """What a network that is shown the lung alone gets to see of slices: (n, size, size)."""
        shown = self.masked(inside, entry.size)
        return seen_through(shown) if entry.masked else shown

    def masked(self, mask: NDArray[Any], size: int) -> NDArray[np.bool_]:
        """Slices of a mask on the canonical grid (n, rows, columns) as the rendering shows them: (n, size, size)."""
        if not len(mask):
            return np.zeros((0, size, size), np.bool_)
        return np.stack([place_mask(one, size, self.box) for one in mask])

    def place(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Maps (..., size, size) on the slice's own pixels (..., rows, columns); 0 where the box does not reach."""
        return to_source(maps, (self.shape[1], self.shape[2]), self.box)

    def back(self, array: NDArray[Any]) -> NDArray[Any]:
        """A canonical array on the volume's own grid, contiguous."""
        return np.ascontiguousarray(self._turn.invert(array))

    def _picture(self, channel: str, number: int, size: int) -> NDArray[np.uint8]:
        """One channel of a rendered slice; kept, since several networks look at the same slices."""
        key = channel, number, size
        if key not in self._rendered:
            if channel == "local":
                self._rendered[key] = render(self.source(number), self.kind, size, self.box)
            elif channel == "soft" and self.kind is Kind.HU:
                self._rendered[key] = soft_tissue(self.source(number), size, self.box)
            else:
                self._rendered[key] = np.zeros((size, size), np.uint8)
        return self._rendered[key]

    def _kind(self, xray: bool) -> Kind:
        if xray:
            return Kind.XRAY
        if self.volume.units is Units.HU:
            return Kind.HU
        return kind_of(self.canonical.array[k].astype(np.uint8) for k in self._spread(_LOOKED_AT))

    def _box(self) -> Box:
        rows_columns = (self.shape[1], self.shape[2])
        if self.kind is Kind.XRAY:
            return Box.middle(rows_columns)
        if self.kind is not Kind.HU:
            return Box.whole(rows_columns)
        found = body_box(self.source(k) for k in self._spread(4 * _LOOKED_AT))
        return found or Box.whole(rows_columns)

    def _spread(self, count: int) -> list[int]:
        """Up to ``count`` slices, evenly from end to end."""
        return sorted({int(k) for k in np.linspace(0, len(self) - 1, min(count, len(self))).round()})

    def _shows(self, number: int) -> bool:
        values = self.source(number)[::_STEP, ::_STEP]
        if self.kind is Kind.HU:
            return float((values > _BODY_HU).mean()) > _BODY_SHARE
        return int(values.max()) - int(values.min()) > 1
