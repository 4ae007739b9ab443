"""Free fluid between lung and chest wall: dependent, water-like, even, and lying along the ribs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.chest import Expected, falling
from inference.systems.densitometry.morphology import (
    Mask,
    closed,
    dilate,
    opened,
    pieces,
    smoothed_inside,
    touching,
    without_small,
)
from inference.systems.densitometry.ribcage import RibCage
from inference.systems.densitometry.scene import Scene


@dataclass(frozen=True)
class Texture:
    """Local mean and standard deviation (HU) of soft tissue outside lung; ``soft`` says where they mean something.

    ``noise`` is the deviation of the evenest quarter of it: what the scanner adds.
    """

    soft: Mask
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    noise: float


def soft_texture(scene: Scene, cage: RibCage, sides: NDArray[np.uint8]) -> Texture:
    """Texture of the tissue inside the ribs, and a little beyond, that is neither air-holding lung nor bone."""
    config, spacing = scene.config, scene.spacing_mm
    region = cage.inside(-config.effusion_growth_mm / 3) & ~closed(sides > 0, 4.0, spacing)
    soft = region & (scene.hu > -150.0) & (scene.hu < 160.0)
    scene.pulse()
    mean = smoothed_inside(scene.hu, soft, config.effusion_smoothing_mm, spacing)
    scene.pulse()
    square = smoothed_inside(scene.hu * scene.hu, soft, config.effusion_smoothing_mm, spacing)
    spread = np.sqrt(np.maximum(square - mean * mean, 0.0))
    return Texture(soft, mean, spread, float(np.percentile(spread[soft], 25)) if soft.any() else 0.0)


def find_effusion(scene: Scene, sides: NDArray[np.uint8], texture: Texture, cage: RibCage, expected: Expected) -> Mask:
    """Fluid on the dependent side of each lung; empty where none is sure enough.

    ``sides`` is the air-holding lung. A pool is first found at the height of lung, where the liver cannot be taken for
    it, and then followed into the recess below and along its thin edges.
    """
    config, spacing = scene.config, scene.spacing_mm
    if not cage.ribs_seen:
        return np.zeros(sides.shape, bool)
    low, high = config.effusion_hu
    fluid = texture.soft & (texture.mean > low) & (texture.mean < high) & (scene.beneath_mm(sides > 0) <= 6.0)
    fluid &= _beside_spine(cage, scene, 14.0)
    solid = fluid & (_floating(sides, scene) & cage.inside(config.climb_mm) | _uneven(sides, texture, cage, scene))
    fluid &= ~solid
    watery = fluid & (falling(scene.down) > 0.05)[cage.ray]
    scene.pulse()
    at_lung = cage.distance > cage.per_voxel(np.where(np.isfinite(expected.start), expected.start - 2.0, 1e6))
    free = watery & cage.inside(config.effusion_wall_mm) & _beside_spine(cage, scene, 24.0)
    mass = without_small(opened(solid, config.effusion_thickness_mm, spacing), scene.grid.voxels(config.mass_ml))
    free &= ~dilate(mass, 5.0, spacing)
    core = opened(free & at_lung, config.effusion_thickness_mm / 2, spacing)
    scene.pulse()
    pool = _plausible(core, texture, sides, cage, scene)
    scene.pulse()
    if not pool.any():
        return pool
    pool |= _recess(pool, free & ~at_lung & ~cage.inside(config.recess_mm), scene)
    scene.pulse()
    edge = watery & at_lung & (texture.mean < config.effusion_seed_hu[1]) & ~cage.inside(config.climb_mm)
    pool |= _edges(pool, edge, scene)
    pool |= _risen(pool, fluid & at_lung & cage.inside(3.0) & (texture.mean < config.effusion_seed_hu[1]), scene)
    rim = (scene.hu > -250.0) & (scene.hu < 160.0) & (texture.mean < high) & cage.inside(-1.0) & (at_lung | free)
    return np.asarray(dilate(pool, 2.5, spacing) & (rim & (sides == 0) | pool))


def _risen(pool: Mask, fluid: Mask, scene: Scene) -> Mask:
    """What fills the rest of the half when a pool is massive: fluid then stands above the body's middle too."""
    labels, sizes = pieces(pool)
    massive = np.asarray((sizes >= scene.grid.voxels(scene.config.massive_ml))[labels])
    if not massive.any():
        return massive
    return touching(massive | opened(fluid, scene.config.rise_mm, scene.spacing_mm), massive)


def _edges(pool: Mask, fluid: Mask, scene: Scene) -> Mask:
    """The pool's thin edges along spine and ribs: too close to bone to start a pool, sure enough to continue one."""
    spacing = scene.spacing_mm
    near = dilate(pool, scene.config.effusion_growth_mm, spacing)
    return touching(pool | opened(fluid & near, 1.5, spacing), pool)


def _recess(pool: Mask, fluid: Mask, scene: Scene) -> Mask:
    """Fluid along the ribs below the lung that hangs on a pool, within ``recess_depth_mm`` of it."""
    config, spacing = scene.config, scene.spacing_mm
    below = opened(fluid, config.effusion_thickness_mm / 2, spacing) & dilate(pool, config.recess_depth_mm, spacing)
    return touching(pool | below, pool) & below


def _beside_spine(cage: RibCage, scene: Scene, away_mm: float) -> Mask:
    """Away from the spine, or in front of it."""
    away = np.abs(scene.lateral_mm()) > away_mm
    return np.asarray(away[:, None, :] | (falling((1.0, 0.0)) < 0.1)[cage.ray])


def _uneven(sides: NDArray[np.uint8], texture: Texture, cage: RibCage, scene: Scene) -> Mask:
    """Tissue away from ribs and aerated lung whose densities vary too much for fluid: consolidation with bronchi."""
    spacing = scene.spacing_mm
    bulk = opened(sides > 0, 4.0, spacing)
    rough = texture.soft & (texture.spread > scene.config.fluid_spread_hu) & cage.inside(6.0)
    return rough & ~dilate(bulk, 6.0, spacing)


def _floating(sides: NDArray[np.uint8], scene: Scene) -> Mask:
    """Where some of the same slice's lung of that side lies lower: a mass, not free fluid."""
    axis = 1 if scene.down[0] else 2
    forwards = sum(scene.down) > 0
    out = np.zeros(sides.shape, bool)
    beyond = scene.lateral_mm() > 0
    for side in (1, 2):
        area = (sides == side).sum(axis=3 - axis, dtype=np.int32)
        ordered = area[:, ::-1] if forwards else area
        lower = np.cumsum(ordered, axis=1) / np.maximum(area.sum(axis=1, keepdims=True), 1)
        high = (lower[:, ::-1] if forwards else lower) > scene.config.lung_below_share
        own = beyond == (side == 2)
        out |= np.expand_dims(high, 3 - axis) & own[:, None, :]
    return out


def _plausible(core: Mask, texture: Texture, sides: NDArray[np.uint8], cage: RibCage, scene: Scene) -> Mask:
    """Pools that are watery, lie along the ribs, touch lung and reach down to its base; or are massive and pure."""
    grid, config = scene.grid, scene.config
    labels, sizes = pieces(core)
    low, high = config.effusion_seed_hu

    def held(where: Mask) -> NDArray[np.int64]:
        return np.bincount(labels[core & where], minlength=len(sizes))

    watery = held((texture.mean > low) & (texture.mean < high))
    wall = held(~cage.inside(9.0))
    sure = (watery > 0.4 * sizes) & (wall > 0.12 * sizes)
    contact = held(dilate(sides > 0, 7.0, grid.spacing_mm))
    sure &= (contact >= grid.voxels(1.5)) | (watery > 0.9 * sizes) & (contact > 0)
    sure |= (watery > 0.9 * sizes) & (wall > 0.05 * sizes) & (sizes >= grid.voxels(config.massive_ml))
    base = _base_levels(sides, scene)
    keep = np.zeros(len(sizes), bool)
    for number in np.flatnonzero(sure & (sizes >= grid.voxels(config.smallest_effusion_ml))):
        levels, columns = np.nonzero((labels == number).any(axis=1))
        side = 2 if columns.mean() > core.shape[2] / 2 else 1
        height = np.ptp(levels) * grid.spacing_mm[0]
        layered = (levels.min() <= base[side] and height >= config.low_pool_mm) or height >= config.tall_pool_mm
        keep[number] = layered or sizes[number] > grid.voxels(config.loculated_ml)
    return np.asarray(keep[labels])


def _base_levels(sides: NDArray[np.uint8], scene: Scene) -> dict[int, float]:
    """Per side, the slice that a pool must reach down to."""
    dk, dj, di = scene.grid.spacing_mm
    lung = np.flatnonzero((sides > 0).any(axis=(1, 2)))
    lowest = float(lung[0]) if lung.size else 0.0
    out = {}
    for side in (1, 2):
        own = np.flatnonzero((sides == side).sum(axis=(1, 2)) * dj * di > 200.0)
        out[side] = scene.config.base_mm / dk + (float(own[0]) if own.size else lowest)
    return out
