"""Free fluid between lung and chest wall: dependent, water-like, and lying along the ribs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import Mask, closed, dilate, opened, pieces, smoothed_inside
from inference.systems.densitometry.ribcage import ANGLES, RibCage

_GRAVITY = {"S": (1.0, 0.0), "P": (-1.0, 0.0), "DR": (0.0, -1.0), "DL": (0.0, 1.0)}


def gravity(patient_position: str) -> tuple[float, float]:
    """Which way is down in the canonical axial plane, as ``(j, i)``. Supine where the position is unknown.

    ``patient_position`` is DICOM (0018,5100): HFS, FFP, HFDR (right side down) and so on.
    """
    return _GRAVITY.get(patient_position[2:].strip().upper(), _GRAVITY["S"])


def find_effusion(
    hu: NDArray[np.float32],
    sides: NDArray[np.uint8],
    aerated: Mask,
    cage: RibCage,
    spine: NDArray[np.float64],
    down: tuple[float, float],
    grid: WorkingGrid,
    config: DensitometryConfig,
) -> Mask:
    """Fluid on the dependent side of each lung; empty where none is sure enough."""
    near_lung = closed(aerated, 4.0, grid.spacing_mm)
    region = cage.inside(config.effusion_wall_mm) & ~near_lung & _levels(aerated, grid)[:, None, None]
    soft = region & (hu > -150.0) & (hu < 160.0)
    calm = smoothed_inside(hu, soft, config.effusion_smoothing_mm, grid.spacing_mm)
    low, high = config.effusion_hu
    fluid = soft & (calm > low) & (calm < high) & _dependent(cage, down) & _beside_spine(hu.shape, spine, grid)
    fluid &= _outside_lung(cage)
    core = opened(fluid, config.effusion_thickness_mm / 2, grid.spacing_mm)
    kept = _plausible(core, calm, aerated, sides, cage, grid, config)
    if not kept.any():
        return kept
    rim = region & (hu > -250.0) & (hu < 160.0) & (calm < high)
    return dilate(kept, 2.5, grid.spacing_mm) & (rim | kept)


def _levels(aerated: Mask, grid: WorkingGrid) -> NDArray[np.bool_]:
    """Slices from 40 mm below the lowest lung to the highest."""
    used = np.flatnonzero(aerated.any(axis=(1, 2)))
    out = np.zeros(aerated.shape[0], bool)
    if used.size:
        out[max(0, int(used[0]) - int(40.0 / grid.spacing_mm[0])) : int(used[-1]) + 1] = True
    return out


def _dependent(cage: RibCage, down: tuple[float, float]) -> Mask:
    angle = np.arange(ANGLES) * 2 * np.pi / ANGLES
    drop = down[0] * -np.cos(angle) + down[1] * np.sin(angle)
    return np.asarray((drop > 0.05)[cage.ray])


def _beside_spine(shape: tuple[int, ...], spine: NDArray[np.float64], grid: WorkingGrid) -> Mask:
    away = np.abs(np.arange(shape[2])[None, :] - spine[:, None]) * grid.spacing_mm[2] > 24.0
    return np.broadcast_to(away[:, None, :], shape)


def _outside_lung(cage: RibCage) -> Mask:
    """Beyond the lung on its ray; where the ray meets none, within 45 mm of the ribs."""
    start = np.where(np.isfinite(cage.lung_radius), cage.lung_radius - 2.0, cage.radius - 45.0)
    return np.asarray(cage.distance > cage.per_voxel(start))


def _plausible(
    core: Mask,
    calm: NDArray[np.float32],
    aerated: Mask,
    sides: NDArray[np.uint8],
    cage: RibCage,
    grid: WorkingGrid,
    config: DensitometryConfig,
) -> Mask:
    """Pools that are watery, lie along the ribs, touch lung, and reach down to the lung's base."""
    labels, sizes = pieces(core)
    count = len(sizes)
    watery = np.bincount(
        labels[(calm > config.effusion_seed_hu[0]) & (calm < config.effusion_seed_hu[1])], minlength=count
    )
    wall = np.bincount(labels[core & ~cage.inside(9.0)], minlength=count)
    contact = np.bincount(labels[core & dilate(aerated, 7.0, grid.spacing_mm)], minlength=count)
    base = _base_levels(sides, grid)
    keep = np.zeros(count, bool)
    for number in np.flatnonzero(sizes >= grid.voxels(config.smallest_effusion_ml)):
        size = int(sizes[number])
        where = np.nonzero((labels == number).any(axis=1))
        lowest, side = int(where[0].min()), 2 if where[1].mean() > core.shape[2] / 2 else 1
        keep[number] = (
            watery[number] > 0.4 * size
            and wall[number] > 0.12 * size
            and contact[number] >= grid.voxels(1.5)
            and (lowest <= base[side] or size > grid.voxels(config.loculated_ml))
        )
    return np.asarray(keep[labels])


def _base_levels(sides: NDArray[np.uint8], grid: WorkingGrid) -> dict[int, float]:
    """Per side, the slice below which lies the lowest third of the lungs' height."""
    used = np.flatnonzero((sides > 0).any(axis=(1, 2)))
    both = float(used[0] + 0.35 * (used[-1] - used[0])) if used.size else 0.0
    out = {}
    for side in (1, 2):
        own = np.flatnonzero((sides == side).any(axis=(1, 2)))
        out[side] = max(both, float(own[0] + 0.3 * (own[-1] - own[0]))) if own.size else both
    return out
