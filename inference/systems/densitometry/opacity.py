"""Opacity inside the lung: vessels, fissures and the pleural rim's partial volume taken out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import (
    Mask,
    box,
    closed,
    dilate,
    erode,
    opened,
    pieces,
    smoothed,
    smoothed_inside,
    without_small,
)
from inference.systems.densitometry.ribcage import RibCage


def find_opacity(
    hu: NDArray[np.float32],
    lung: Mask,
    cage: RibCage,
    grid: WorkingGrid,
    config: DensitometryConfig,
    progress: Callable[[float], None],
) -> tuple[Mask, float]:
    """Lung that is denser than aerated lung by more than vessels are, and the lower cut-off used (HU).

    Ground-glass is a band of densities: a vessel's own rim of partial volume is in it too, but is thinner than an
    opacity and stands alone. Dense tissue counts where it is thicker than vessels are at that depth below the pleura.
    """
    where = box(lung, 4.0, grid.spacing_mm)
    hu, lung, spacing = hu[where], np.ascontiguousarray(lung[where]), grid.spacing_mm
    calm = smoothed_inside(hu, lung, config.smoothing_mm, spacing)
    progress(0.15)
    cutoff = ground_glass_cutoff(calm[lung], config)
    inner = _inner(lung, grid, config)
    solid = lung & (hu > config.consolidation_hu)
    band = lung & ~solid & (calm > cutoff)
    progress(0.3)
    crowding = smoothed((band | solid).astype(np.float32), config.crowding_mm, spacing)
    crowding /= np.maximum(smoothed(lung.astype(np.float32), config.crowding_mm, spacing), 0.05)
    progress(0.45)
    haze = opened(band & inner, config.haze_mm / 2, spacing) & (crowding > config.crowding)
    progress(0.6)
    tissue = closed(solid, 1.2, spacing) & lung
    mass = opened(tissue & inner, config.central_vessel_mm / 2, spacing)
    progress(0.75)
    shallow = (cage.per_voxel(cage.radius) - cage.distance)[where] < config.shallow_mm
    mass |= opened(tissue & inner & shallow, config.peripheral_vessel_mm / 2, spacing) & (crowding > config.crowding)
    progress(0.9)
    core = haze | mass
    near = dilate(core, config.haze_mm / 2 + config.rim_mm, spacing)
    found = near & (band | solid & ~_vessels(solid & ~dilate(mass, 2.0, spacing), grid))
    out = np.zeros(cage.distance.shape, bool)
    out[where] = without_small(found, grid.voxels(config.smallest_lesion_ml), 26)
    return out, cutoff


def ground_glass_cutoff(values: NDArray[np.float32], config: DensitometryConfig) -> float:
    """The lower cut-off for this lung: a step above its most frequent density, within limits."""
    counts, edges = np.histogram(values, bins=np.arange(-1000, -500, 10))
    peak = ndimage.gaussian_filter1d(counts.astype(np.float64), 2.0).argmax()
    low, high = config.ground_glass_hu
    return float(np.clip(edges[peak] + 5.0 + config.ground_glass_step_hu, low, high))


def _inner(lung: Mask, grid: WorkingGrid, config: DensitometryConfig) -> Mask:
    """Lung without the rim that shares voxels with the chest wall, and without the last slice over the diaphragm."""
    inner = erode(lung, config.rim_mm, grid.spacing_mm)
    if grid.spacing_mm[0] > config.rim_mm:
        inner[:-1] &= lung[1:]
        inner[1:] &= lung[:-1]
    return inner


def _vessels(solid: Mask, grid: WorkingGrid) -> Mask:
    """The large connected trees of thin dense structures."""
    return without_small(solid, grid.voxels(1.0), 26)


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
    for number in np.flatnonzero(keep):
        keep[number] = not _on_organ(labels == number, hu, lung, grid)
    return np.asarray(np.where(keep[labels], gap, 0), np.uint8)


def _on_organ(part: Mask, hu: NDArray[np.float32], lung: Mask, grid: WorkingGrid) -> bool:
    """Whether a flat part only caps dense tissue that goes on below it: the liver's or spleen's dome."""
    where = box(part, 12.0, grid.spacing_mm)
    part, hu, lung = part[where], hu[where], lung[where]
    levels = np.flatnonzero(part.any(axis=(1, 2)))
    if np.ptp(levels) * grid.spacing_mm[0] > 30.0:
        return False
    footprint = part.any(axis=0)
    under = np.maximum(part.argmax(axis=0) - max(1, round(8.0 / grid.spacing_mm[0])), 0)
    rows, columns = np.nonzero(footprint)
    beneath = under[footprint], rows, columns
    return bool(np.mean((hu[beneath] > -50.0) & ~lung[beneath]) > 0.5)
