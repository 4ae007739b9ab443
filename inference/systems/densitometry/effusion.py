"""Free fluid between lung and chest wall: dependent, water-like, and lying along the ribs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.chest import Expected, falling
from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import Mask, closed, dilate, opened, pieces, smoothed_inside, touching
from inference.systems.densitometry.ribcage import RibCage

_GRAVITY = {"S": (1.0, 0.0), "P": (-1.0, 0.0), "DR": (0.0, -1.0), "DL": (0.0, 1.0)}


def gravity(patient_position: str) -> tuple[float, float]:
    """Which way is down in the canonical axial plane, as ``(j, i)``. Supine where the position is unknown.

    ``patient_position`` is DICOM (0018,5100): HFS, FFP, HFDR (right side down) and so on.
    """
    return _GRAVITY.get(patient_position[2:].strip().upper(), _GRAVITY["S"])


def find_effusion(
    hu: NDArray[np.float32],
    sides: NDArray[np.uint8],
    cage: RibCage,
    expected: Expected,
    spine: NDArray[np.float64],
    down: tuple[float, float],
    grid: WorkingGrid,
    config: DensitometryConfig,
) -> Mask:
    """Fluid on the dependent side of each lung; empty where none is sure enough.

    ``sides`` is the air-holding lung, ``expected`` :func:`expected_lung`'s answer. A pool is first found at the height
    of lung, where the liver cannot be taken for it, and then followed into the recess below.
    """
    region = cage.inside(-config.effusion_growth_mm / 3) & ~closed(sides > 0, 4.0, grid.spacing_mm)
    soft = region & (hu > -150.0) & (hu < 160.0)
    calm = smoothed_inside(hu, soft, config.effusion_smoothing_mm, grid.spacing_mm)
    low, high = config.effusion_hu
    wide = soft & (calm > low) & (calm < high) & (falling(down) > 0.05)[cage.ray] & ~_over_lung(sides > 0, down, grid)
    floating = wide & _floating(sides, spine, down, grid) & cage.inside(config.climb_mm)
    wide &= ~floating
    wide &= _beside_spine(cage, spine, 14.0, grid)
    fluid = wide & cage.inside(config.effusion_wall_mm) & _beside_spine(cage, spine, 24.0, grid)
    at_lung = cage.distance > cage.per_voxel(np.where(np.isfinite(expected.start), expected.start - 2.0, 1e6))
    core = opened(fluid & at_lung, config.effusion_thickness_mm / 2, grid.spacing_mm)
    kept = _plausible(core, calm, sides, floating, cage, grid, config)
    if not kept.any():
        return kept
    kept |= _recess(kept, fluid & ~at_lung & ~cage.inside(config.recess_mm), grid, config)
    kept |= _spread(kept, wide & at_lung & (calm < config.effusion_seed_hu[1]) & ~cage.inside(14.0), grid, config)
    rim = region & (hu > -250.0) & (hu < 160.0) & (calm < high) & (at_lung | fluid)
    return dilate(kept, 2.5, grid.spacing_mm) & (rim | kept)


def _spread(pool: Mask, fluid: Mask, grid: WorkingGrid, config: DensitometryConfig) -> Mask:
    """The pool's thin edges along spine and ribs: too close to bone to start a pool, sure enough to continue one."""
    near = dilate(pool, config.effusion_growth_mm, grid.spacing_mm)
    return touching(pool | opened(fluid & near, 1.5, grid.spacing_mm), pool)


def _recess(pool: Mask, fluid: Mask, grid: WorkingGrid, config: DensitometryConfig) -> Mask:
    """Fluid along the ribs below the lung that hangs on a pool, within ``recess_depth_mm`` of it."""
    below = opened(fluid, config.effusion_thickness_mm / 2, grid.spacing_mm)
    below &= dilate(pool, config.recess_depth_mm, grid.spacing_mm)
    return touching(pool | below, pool) & below


def _beside_spine(cage: RibCage, spine: NDArray[np.float64], away_mm: float, grid: WorkingGrid) -> Mask:
    """Away from the spine, or in front of it."""
    away = np.abs(np.arange(grid.shape[2])[None, :] - spine[:, None]) * grid.spacing_mm[2] > away_mm
    return away[:, None, :] | (falling((1.0, 0.0)) < 0.1)[cage.ray]


def _over_lung(lung: Mask, down: tuple[float, float], grid: WorkingGrid) -> Mask:
    """Where air-holding lung lies underneath: fluid would have sunk below it."""
    axis = 1 if down[0] else 2
    forwards = sum(down) > 0
    ordered = np.flip(lung, axis) if forwards else lung
    beneath = np.cumsum(ordered, axis=axis, dtype=np.int16) * grid.spacing_mm[axis] > 6.0
    return np.asarray(np.flip(beneath, axis) if forwards else beneath)


def _floating(
    sides: NDArray[np.uint8], spine: NDArray[np.float64], down: tuple[float, float], grid: WorkingGrid
) -> Mask:
    """Where much of the same slice's lung of that side lies lower: a mass, not free fluid. Ties stay."""
    axis = 1 if down[0] else 2
    out = np.zeros(sides.shape, bool)
    columns = np.arange(sides.shape[2])
    for side in (1, 2):
        area = (sides == side).sum(axis=3 - axis, dtype=np.int32)
        if sum(down) > 0:
            area = area[:, ::-1]
        lower = np.cumsum(area, axis=1) / np.maximum(area.sum(axis=1, keepdims=True), 1)
        if sum(down) > 0:
            lower = lower[:, ::-1]
        own = (columns[None, :] > spine[:, None]) == (side == 2)
        high = np.expand_dims(lower > 0.05, 3 - axis)
        out |= high & own[:, None, :]
    return out


def _plausible(
    core: Mask,
    calm: NDArray[np.float32],
    sides: NDArray[np.uint8],
    floating: Mask,
    cage: RibCage,
    grid: WorkingGrid,
    config: DensitometryConfig,
) -> Mask:
    """Pools that are watery, lie along the ribs, touch lung, reach down to the lung's base and are no mass's rind."""
    labels, sizes = pieces(core)
    count = len(sizes)
    watery = np.bincount(
        labels[(calm > config.effusion_seed_hu[0]) & (calm < config.effusion_seed_hu[1])], minlength=count
    )
    wall = np.bincount(labels[core & ~cage.inside(9.0)], minlength=count)
    contact = np.bincount(labels[core & dilate(sides > 0, 7.0, grid.spacing_mm)], minlength=count)
    mass = opened(floating, config.effusion_thickness_mm, grid.spacing_mm)
    rind = np.bincount(labels[core & dilate(mass, 6.0, grid.spacing_mm)], minlength=count)
    base = _base_levels(sides, grid, config)
    keep = np.zeros(count, bool)
    for number in np.flatnonzero(sizes >= grid.voxels(config.smallest_effusion_ml)):
        size = int(sizes[number])
        levels, columns = np.nonzero((labels == number).any(axis=1))
        side = 2 if columns.mean() > core.shape[2] / 2 else 1
        tall = np.ptp(levels) * grid.spacing_mm[0] >= config.tall_pool_mm
        deep = levels.min() <= base[side] or tall or size > grid.voxels(config.loculated_ml)
        along = wall[number] > 0.12 * size and contact[number] >= grid.voxels(1.5)
        keep[number] = watery[number] > 0.4 * size and along and deep and rind[number] < 0.3 * size
    return np.asarray(keep[labels])


def _base_levels(sides: NDArray[np.uint8], grid: WorkingGrid, config: DensitometryConfig) -> dict[int, float]:
    """Per side, the slice that a pool must reach down to."""
    rise = config.base_mm / grid.spacing_mm[0]
    lung = np.flatnonzero((sides > 0).any(axis=(1, 2)))
    lowest = float(lung[0]) if lung.size else 0.0
    out = {}
    for side in (1, 2):
        own = np.flatnonzero((sides == side).sum(axis=(1, 2)) * grid.spacing_mm[1] * grid.spacing_mm[2] > 200.0)
        out[side] = rise + (float(own[0]) if own.size else lowest)
    return out
