"""The patient's body, without the table, and the air outside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import Mask, dilate, erode, filled_slices, largest


def find_body(hu: NDArray[np.float32], grid: WorkingGrid, config: DensitometryConfig) -> Mask:
    """The body with everything it encloses, lungs included; empty where nothing is dense enough.

    The table falls off because it hangs on the body by less than the opening; cushions are too light. Where the field
    of view cuts the body, the image's edge closes it.
    """
    dense = hu > config.body_hu
    _close_at_edges(dense, max(3, round(12.0 / max(grid.spacing_mm[1:]))))
    solid = filled_slices(dense)
    core = largest(erode(solid, config.table_opening_mm, grid.spacing_mm))
    return dilate(core, config.table_opening_mm + 1.0, grid.spacing_mm) & solid


def _close_at_edges(dense: Mask, shortest: int) -> None:
    """Draw the body's outline along each image edge that cuts it, in place; a table's thin shells do not count."""
    for edge in (dense[:, 0, :], dense[:, -1, :], dense[:, :, 0], dense[:, :, -1]):
        cut = ndimage.binary_opening(edge, np.ones((1, shortest), bool))
        for line, runs in zip(edge, cut, strict=True):
            used = np.flatnonzero(runs)
            if used.size:
                line[used[0] : used[-1] + 1] = True
