"""Aerated lung by region growing, bowel gas left out, right and left apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.morphology import (
    Mask,
    box,
    dilate,
    distance_outside,
    erode,
    grow_apart,
    opened,
    pieces,
)
from inference.systems.densitometry.scene import Scene


def aerated_lung(scene: Scene, airways: Mask) -> Mask:
    """Every voxel of air-holding lung: no airway, no bowel gas, no air outside the body."""
    grid, config = scene.grid, scene.config
    air = (scene.hu < config.air_hu) & scene.body & ~airways
    _drop_outside_pockets(air, scene.body)
    scene.pulse()
    _drop_walled_gas(air, scene)
    scene.pulse()
    labels, sizes = pieces(air)
    inner = erode(air, 2.0, grid.spacing_mm)
    scene.pulse()
    deep = np.bincount(labels[inner], minlength=len(sizes))
    textured = np.bincount(labels[inner & (scene.hu > config.gas_hu + 20.0)], minlength=len(sizes))
    share = textured / np.maximum(deep, 1)
    large = sizes >= grid.voxels(config.certain_lung_ml)
    keep = ((sizes >= grid.voxels(config.smallest_lung_ml)) & (share > 0.6)) | (large & (share > 0.1))
    keep[0] = False
    _drop_strays(keep, labels, sizes, scene)
    if sizes[keep].sum() < grid.voxels(config.minimum_lung_ml):
        keep[:] = False
    return np.asarray(keep[labels])


def split_sides(scene: Scene, lung: Mask) -> tuple[NDArray[np.uint8], bool]:
    """Give every piece its side and, where right and left touch, part them halfway between their cores.

    Returns 0 outside, 1 for the half at low ``i``, 2 for the other; and whether a piece had to be cut along the spine
    because no cores were found.
    """
    sides = np.zeros(lung.shape, np.uint8)
    labels, sizes = pieces(lung)
    beyond = scene.lateral_mm() > 0
    uncertain = False
    for number in np.flatnonzero(sizes):
        where = box(labels == number, 3.0, scene.spacing_mm)
        part = labels[where] == number
        share = _share_beyond(part, beyond[where[0], where[2]])
        side = np.uint8(2 if share > 0.5 else 1)
        if 0.12 < share < 0.88 and sizes[number] > scene.grid.voxels(4 * scene.config.minimum_lung_ml):
            cut = _cut(part, beyond[where[0], where[2]], scene)
            uncertain |= cut is None
            halves = np.where(beyond[where[0], where[2]], np.uint8(2), np.uint8(1))[:, None, :] if cut is None else cut
            sides[where] = np.where(part, halves, sides[where])
        else:
            sides[where][part] = side
    return sides, uncertain


def _share_beyond(part: Mask, beyond: Mask) -> float:
    """Share of a piece on the far side of the spine."""
    return float((part.sum(axis=1) * beyond).sum() / part.sum())


def _cut(part: Mask, beyond: Mask, scene: Scene) -> NDArray[np.uint8] | None:
    """Sides of a piece that holds both lungs: erode until two large cores on two sides remain, then grow them back."""
    depth = distance_outside(~part, scene.spacing_mm)
    for radius in (1.5, 2.5, 3.5, 5.0, 7.0, 9.0, 12.0, 15.0):
        scene.pulse()
        labels, sizes = pieces(depth > radius)
        cores = np.flatnonzero(sizes > 0.15 * sizes.sum())
        if len(cores) < 2:
            continue
        first, second = sorted(cores, key=lambda n: -int(sizes[n]))[:2]
        shares = [_share_beyond(labels == core, beyond) for core in (first, second)]
        if (shares[0] - 0.5) * (shares[1] - 0.5) >= 0 or abs(shares[0] - shares[1]) < 0.5:
            continue
        right, left = (first, second) if shares[0] < shares[1] else (second, first)
        right_lung, left_lung = grow_apart(labels == right, labels == left, part, scene.pulse)
        return np.where(left_lung, np.uint8(2), right_lung.view(np.uint8))
    return None


def _drop_strays(keep: NDArray[np.bool_], labels: NDArray[np.uint32], sizes: NDArray[np.int64], scene: Scene) -> None:
    """Give up small pieces below the large ones or far from them, in place: bowel with food in it."""
    main = keep & (sizes >= 0.02 * sizes.max())
    large = np.asarray(main[labels])
    if not large.any():
        return
    lowest = int(np.flatnonzero(large.any(axis=(1, 2)))[0])
    stay = np.zeros_like(keep)
    stay[np.unique(labels[dilate(large, 20.0, scene.spacing_mm)])] = True
    if scene.oriented:
        stay[np.unique(labels[:lowest])] = False
    keep &= stay | main


def _drop_walled_gas(air: Mask, scene: Scene) -> None:
    """Remove pools of pure gas that soft tissue surrounds, in place: stomach and bowel that a thin diaphragm joins to
    lung. A bulla has lung around it and stays."""
    spacing, config = scene.spacing_mm, scene.config
    gas = opened(air & (scene.hu < config.gas_hu), 2.5, spacing)
    labels, sizes = pieces(gas)
    for number in np.flatnonzero(sizes >= scene.grid.voxels(config.gas_ml)):
        where = box(labels == number, 10.0, spacing)
        away = distance_outside(np.ascontiguousarray(labels[where] == number), spacing)
        density = scene.hu[where]
        shell = (away > 4.0) & (away <= 8.0)
        if shell.any() and np.mean(density[shell] > -250.0) > 0.6:
            air[where] &= ~((away <= 4.0) & (density < config.air_hu))


def _drop_outside_pockets(air: Mask, body: Mask) -> None:
    """Remove pieces that open widely to the air outside (between arm and chest, a fold of skin), in place."""
    labels, sizes = pieces(air)
    outside = ~body
    contact = np.bincount(labels[1:][outside[:-1]], minlength=len(sizes))
    contact += np.bincount(labels[:-1][outside[1:]], minlength=len(sizes))
    drop = contact > 0.25 * np.maximum(sizes, 1) ** (2 / 3)
    drop[0] = False
    air &= ~drop[labels]
