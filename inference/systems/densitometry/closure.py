"""Lung closed over vessels and over disease at the pleura, without heart, diaphragm and chest wall."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import Mask, box, closed, filled, filled_slices
from inference.systems.densitometry.ribcage import RibCage


def close_lungs(
    sides: NDArray[np.uint8], airways: Mask, cage: RibCage, grid: WorkingGrid, config: DensitometryConfig
) -> NDArray[np.uint8]:
    """Each side closed by ``closing_mm`` and its holes filled; inside the ribs, without airways."""
    out = sides.copy()
    inside = cage.inside(0.0)
    for side in (1, 2):
        own = sides == side
        where = box(own, 3 * config.closing_mm, grid.spacing_mm)
        part = np.ascontiguousarray(own[where])
        if not part.any():
            continue
        shut = closed(part, config.closing_mm, grid.spacing_mm)
        shut = filled_slices(filled(shut))
        free = (out[where] == 0) & inside[where] & ~airways[where]
        out[where][shut & free] = side
    return out
