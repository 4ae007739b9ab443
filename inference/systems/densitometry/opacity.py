"""Opacity inside the lung: vessels, fissures and the pleural rim's partial volume taken out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import (
    Mask,
    closed,
    dilate,
    erode,
    opened,
    pieces,
    smoothed_inside,
    without_small,
)


def find_opacity(
    hu: NDArray[np.float32],
    lung: Mask,
    grid: WorkingGrid,
    config: DensitometryConfig,
    progress: Callable[[float], None],
) -> Mask:
    """Lung that is denser than aerated lung over more than a vessel's width."""
    calm = smoothed_inside(hu, lung, config.smoothing_mm, grid.spacing_mm)
    progress(0.2)
    dense = lung & (calm > config.ground_glass_hu)
    inner = dense & erode(lung, config.rim_mm, grid.spacing_mm)
    progress(0.4)
    core = opened(closed(inner, 1.5, grid.spacing_mm) & lung, config.vessel_mm / 2, grid.spacing_mm)
    progress(0.8)
    whole = dilate(core, config.vessel_mm / 2 + config.rim_mm, grid.spacing_mm) & dense
    return without_small(whole, grid.voxels(config.smallest_lesion_ml), 26)


def dense_lung(
    hu: NDArray[np.float32],
    gap: NDArray[np.uint8],
    lung: Mask,
    fluid: Mask,
    grid: WorkingGrid,
    config: DensitometryConfig,
) -> NDArray[np.uint8]:
    """The parts of the gap between lung and ribs that are consolidated lung, by side.

    A part counts where it is as dense as tissue, not watery, and joins aerated lung over a broad front; the rest stays
    unclaimed and is reported as possibly missed lung.
    """
    free = (gap > 0) & ~fluid & ~lung
    labels, sizes = pieces(free)
    front = np.bincount(labels[dilate(lung, 3.0, grid.spacing_mm)], minlength=len(sizes))
    total = np.bincount(labels.ravel(), weights=hu.ravel(), minlength=len(sizes))
    mean = total / np.maximum(sizes, 1)
    keep = (front > 0.12 * sizes) & (mean > config.returned_hu[0]) & (mean < config.returned_hu[1])
    keep[0] = False
    return np.asarray(np.where(keep[labels], gap, 0), np.uint8)
