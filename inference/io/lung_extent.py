"""Where the lungs lie against gaps and against the edges of what was scanned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.volume import PADDING_CEILING_HU, Volume

SPECK_SHARE = 0.001
"""A slice with less than this share of the largest lung section holds noise, not lung."""


@dataclass(frozen=True)
class Cut:
    """How much lung the first or the last slice along the body holds."""

    mm2: float
    share: float
    """Of the largest lung section, 0..1."""
    end: str
    """``lowest`` or ``highest``."""


def gap_meets_lungs(missing: Iterable[int], voxels_per_slice: NDArray[np.int64]) -> bool:
    """Whether a run of missing slices touches a slice with lung, or lies between two.

    ``voxels_per_slice`` counts lung voxels on each slice, 0 on missing ones.
    """
    holds = np.flatnonzero(voxels_per_slice > SPECK_SHARE * voxels_per_slice.max(initial=0))
    if holds.size == 0:
        return False
    first, last = int(holds[0]), int(holds[-1])
    return any(first - 1 <= k <= last + 1 for k in missing)


def largest_cut(volume: Volume, lungs: NDArray[np.uint8]) -> Cut:
    """The larger lung section on the lowest and the highest slice of the scan."""
    turn = volume.geometry.orientation
    areas = [int(np.count_nonzero(plane)) for plane in turn.apply(lungs)]
    _, rows, columns = volume.geometry.reoriented(turn).spacing_mm
    area, end = max((areas[0], "lowest"), (areas[-1], "highest"))
    return Cut(area * rows * columns, area / max(1, *areas), end)


def at_field_edge_mm2(volume: Volume, lungs: NDArray[np.uint8]) -> float:
    """Area over which lung meets the border of the axial images, padding, or the edge of the round field."""
    turn = volume.geometry.orientation
    axial = turn.apply(lungs)
    spacing = volume.geometry.reoriented(turn).spacing_mm
    values = turn.apply(volume.array)
    missing = set(volume.canonical()[0].missing_slices)
    outside_circle = _outside_round_field(values, missing)
    total = 0.0
    for k in range(axial.shape[0]):
        if k not in missing and axial[k].any():
            beyond = values[k] <= PADDING_CEILING_HU
            if volume.padding_hu is not None:
                beyond |= values[k] == volume.padding_hu
            if outside_circle is not None:
                beyond |= outside_circle
            total += _contact(axial[k] > 0, beyond, (spacing[1], spacing[2])) * spacing[0]
    return total


def _contact(lung: NDArray[np.bool_], beyond: NDArray[np.bool_], spacing: Sequence[float]) -> float:
    """Length, in mm, of the lung's outline against ``beyond`` or the image's border."""
    lung_in = lung & ~beyond
    rows, columns = spacing
    across_rows = np.count_nonzero(lung_in[1:] & beyond[:-1]) + np.count_nonzero(lung_in[:-1] & beyond[1:])
    across_columns = np.count_nonzero(lung_in[:, 1:] & beyond[:, :-1]) + np.count_nonzero(
        lung_in[:, :-1] & beyond[:, 1:]
    )
    across_rows += np.count_nonzero(lung_in[0]) + np.count_nonzero(lung_in[-1])
    across_columns += np.count_nonzero(lung_in[:, 0]) + np.count_nonzero(lung_in[:, -1])
    return float(across_rows * columns + across_columns * rows)


def _outside_round_field(values: NDArray[np.int16], missing: set[int]) -> NDArray[np.bool_] | None:
    """What lies outside the inscribed circle, if the corners of every slice hold one constant value; else None."""
    rows, columns = values.shape[1:]
    if rows != columns or rows < 16:
        return None
    offsets = np.arange(rows) - (rows - 1) / 2
    outside = np.asarray(np.hypot(offsets[:, None], offsets[None, :]) > rows / 2)
    present = [k for k in range(values.shape[0]) if k not in missing]
    for k in present[:: max(1, len(present) // 8)]:
        corner = values[k][outside]
        if corner.min() != corner.max():
            return None
    return outside
