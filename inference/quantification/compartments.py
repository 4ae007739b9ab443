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
    by_class = counts.hu.sum(axis=0)
    levels, opacity = by_class.sum(axis=0), by_class[list(INFECTED_CLASSES)].sum(axis=0)
    bands = []
    for name, low, high in COMPARTMENTS:
        start, stop = 0 if low is None else low - LOWEST_HU, None if high is None else high - LOWEST_HU
        of_lung, of_opacity = _share(levels, start, stop, voxel_ml), _share(opacity, start, stop, voxel_ml)
        bands.append(Compartment(name, low, high, of_lung[0], of_lung[1] or 0.0, *of_opacity))
    return tuple(bands)


def _share(
    levels: NDArray[np.int64], start: int, stop: int | None, voxel_ml: float | None
) -> tuple[float | None, float | None]:
    """Millilitres within the band, where they are known, and its per cent of all; None where there is nothing."""
    voxels, everything = int(levels[start:stop].sum()), int(levels.sum())
    if not everything:
        return None, None
    return None if voxel_ml is None else voxels * voxel_ml, 100 * voxels / everything


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
