"""Spine and ribs: the middle of the body, and how far the rib cage reaches in every direction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import Mask


def spine_column(hu: NDArray[np.float32], body: Mask, grid: WorkingGrid) -> NDArray[np.float64]:
    """The spine's column ``i`` for each slice (fractional), smooth from slice to slice.

    Bone counts where much of it stands one behind the other near the body's middle; the body's own middle takes over
    where no bone is seen.
    """
    bone = (hu > 160.0) & body
    columns = np.arange(hu.shape[2])
    width = np.asarray(body.any(axis=1))
    centres = np.array([_middle(line, hu.shape[2]) for line in width])
    reach = 45.0 / grid.spacing_mm[2]
    profile = bone.sum(axis=1).astype(np.float64)
    near = np.abs(columns[None] - np.median(centres)) < reach
    weight = ndimage.gaussian_filter(profile * near, (10.0 / grid.spacing_mm[0], 8.0 / grid.spacing_mm[2]))
    strong = weight.max(axis=1) > 1.0
    peak = np.where(strong, weight.argmax(axis=1), centres)
    size = int(60.0 / grid.spacing_mm[0]) | 1
    return np.asarray(ndimage.median_filter(peak.astype(np.float64), size=size, mode="nearest"))


def _middle(line: NDArray[np.bool_], length: int) -> float:
    used = np.flatnonzero(line)
    return (float(used[0]) + float(used[-1])) / 2 if used.size else (length - 1) / 2
