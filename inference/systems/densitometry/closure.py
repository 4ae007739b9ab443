"""Lung closed over vessels and over disease at the pleura, without heart, diaphragm and chest wall."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import Mask, box, closed, filled, filled_slices, pieces
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
        shut = filled(closed(part, config.closing_mm, grid.spacing_mm))
        shut |= _hanging_holes(shut, grid)
        free = (out[where] == 0) & inside[where] & ~airways[where]
        out[where][shut & free] = side
    return out


def _hanging_holes(lung: Mask, grid: WorkingGrid) -> Mask:
    """Tissue that lung surrounds in axial slices and carries from below: a mass at the hilum, not the liver's dome."""
    labels, sizes = pieces(filled_slices(lung) & ~lung)
    under = np.zeros(lung.shape, bool)
    under[1:] = (labels[1:] > 0) & (labels[:-1] == 0)
    resting = np.bincount(labels[under], minlength=len(sizes))
    on_lung = under.copy()
    on_lung[1:] &= lung[:-1]
    carried = np.bincount(labels[on_lung], minlength=len(sizes))
    keep = (carried > 0.6 * resting) & (resting > 0)
    keep[0] = False
    return np.asarray(keep[labels])
