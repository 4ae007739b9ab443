"""HU compartments and the histogram of the lung."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.findings import Compartment
from inference.quantification.definitions import (
    COMPARTMENTS,
    HISTOGRAM_HIGH_HU,
    HISTOGRAM_LOW_HU,
    HISTOGRAM_STEP_HU,
    LOWEST_HU,
)
from inference.quantification.tally import INFECTED_CLASSES, Tally


def compartments(counts: Tally, voxel_ml: float | None) -> tuple[Compartment, ...]:
    """The bands of the lung, which add up to it; empty without Hounsfield units or without lung."""
    if counts.hu is None or not counts.hu.any():
        return ()
    levels = counts.hu.sum(axis=(0, 1))
    bands = []
    for name, low, high in COMPARTMENTS:
        start, stop = 0 if low is None else low - LOWEST_HU, None if high is None else high - LOWEST_HU
        voxels = int(levels[start:stop].sum())
        volume = None if voxel_ml is None else voxels * voxel_ml
        bands.append(Compartment(name, low, high, volume, 100 * voxels / int(levels.sum())))
    return tuple(bands)


def histogram(counts: Tally) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]] | None:
    """Edges (HU), voxels of lung and voxels of opacity per bar; None without Hounsfield units or without lung."""
    if counts.hu is None or not counts.hu.any():
        return None
    edges = tuple(range(HISTOGRAM_LOW_HU, HISTOGRAM_HIGH_HU + 1, HISTOGRAM_STEP_HU))
    by_class = counts.hu.sum(axis=0)
    return edges, _bars(by_class.sum(axis=0), edges), _bars(by_class[list(INFECTED_CLASSES)].sum(axis=0), edges)


def _bars(levels: NDArray[np.int64], edges: tuple[int, ...]) -> tuple[int, ...]:
    inner = np.array(edges[1:-1]) - LOWEST_HU
    return tuple(int(part.sum()) for part in np.split(levels, inner))
