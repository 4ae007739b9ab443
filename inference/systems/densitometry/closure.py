"""Lung closed over vessels and over disease at the pleura, without heart, diaphragm and chest wall."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import Mask, box, closed, dilate, filled, filled_slices, pieces
from inference.systems.densitometry.ribcage import RibCage
from inference.systems.densitometry.scene import Scene


def close_lungs(scene: Scene, sides: NDArray[np.uint8], airways: Mask, cage: RibCage) -> NDArray[np.uint8]:
    """Each side closed by ``closing_mm`` and its holes filled; inside the ribs, without bone and airways.

    Crumbs of air in dense tissue beside the lung take part: they are the bronchi of consolidated lung.
    """
    grid, config = scene.grid, scene.config
    out = sides.copy()
    inside = cage.inside(0.0) & ~_rib_heads(scene, cage)
    crumbs = _crumbs(scene, sides, airways, cage)
    for side in (1, 2):
        scene.pulse()
        own = sides == side
        own |= crumbs & dilate(own, config.crumb_mm, grid.spacing_mm)
        where = box(own, 3 * config.closing_mm, grid.spacing_mm)
        part = np.ascontiguousarray(own[where])
        if not part.any():
            continue
        shut = filled(closed(part, config.closing_mm, grid.spacing_mm))
        scene.pulse()
        shut |= _hanging_holes(shut, grid)
        free = (out[where] == 0) & inside[where] & ~airways[where]
        out[where][shut & free] = side
    return out


def _rib_heads(scene: Scene, cage: RibCage) -> Mask:
    """Bone near the chest wall, with its cortex; contrast in vessels lies deeper."""
    bone = (scene.hu > scene.config.bone_hu) & ~cage.inside(14.0)
    return dilate(bone, 2.5, scene.spacing_mm)


def _crumbs(scene: Scene, sides: NDArray[np.uint8], airways: Mask, cage: RibCage) -> Mask:
    """Small pockets of air outside aerated lung and airways, beside the mediastinum and above the diaphragm."""
    spacing = scene.spacing_mm
    air = (scene.hu < -250.0) & cage.inside(3.0) & ~airways
    levels = np.flatnonzero((sides > 0).any(axis=(1, 2)))
    if levels.size:
        air[: int(levels[0] + scene.config.above_diaphragm * np.ptp(levels))] = False
    air &= (np.abs(scene.lateral_mm()) > 28.0)[:, None, :]
    air &= ~dilate(sides > 0, 2.5, spacing)
    air &= ~dilate(airways, 5.0, spacing)
    labels, sizes = pieces(air, 26)
    small = (sizes > 1) & (sizes < scene.grid.voxels(3.0))
    return np.asarray(small[labels])


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
