"""The six zones: thirds of each lung's own height, from feet to head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.findings import ZONES, Zone
from inference.labels import Lung

NO_ZONE = 6
"""The table row for lung of unknown side."""


def thirds(holds_lung: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each slice (feet to head) of one lung the third it lies in: 0 lower, 1 middle, 2 upper; -1 outside.

    A slice belongs to the third that holds its middle, so turning the lung over turns the thirds over. Slices
    without lung between the first and last that hold some belong to the lung's height.
    """
    result = np.full(len(holds_lung), -1, dtype=np.int64)
    found = np.flatnonzero(holds_lung)
    if found.size:
        first, count = int(found[0]), int(found[-1] - found[0]) + 1
        result[first : first + count] = 3 * (2 * np.arange(count) + 1) // (2 * count)
    return result


def zone_rows(lung_pixels: NDArray[np.int64], sides_known: bool) -> NDArray[np.int64]:
    """The zone index (into ``ZONES``, or ``NO_ZONE``) of each slice and side.

    Parameters
    ----------
    lung_pixels
        ``(slices, 4)``: pixels of lung by slice (feet to head) and lung code.
    sides_known
        False puts everything into ``NO_ZONE``.
    """
    rows = np.full(lung_pixels.shape, NO_ZONE, dtype=np.int64)
    if not sides_known:
        return rows
    for side, upper in ((Lung.RIGHT, 0), (Lung.LEFT, 3)):
        third = thirds(lung_pixels[:, side] > 0)
        rows[:, side] = np.where(third >= 0, upper + 2 - third, NO_ZONE)
    return rows


def zone_name(row: int) -> Zone | None:
    """The zone of a table row, None for lung of unknown side."""
    return ZONES[row] if row < len(ZONES) else None
