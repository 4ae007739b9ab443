"""Aerated lung by region growing, bowel gas left out, right and left apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
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


def aerated_lung(
    hu: NDArray[np.float32], body: Mask, airways: Mask, grid: WorkingGrid, config: DensitometryConfig
) -> Mask:
    """Every voxel of air-holding lung: no airway, no bowel gas, no air outside the body."""
    air = (hu < config.air_hu) & body & ~airways
    _drop_outside_pockets(air, body, grid)
    _drop_walled_gas(air, hu, grid, config)
    labels, sizes = pieces(air)
    inner = erode(air, 2.0, grid.spacing_mm)
    deep = np.bincount(labels[inner], minlength=len(sizes))
    textured = np.bincount(labels[inner & (hu > config.gas_hu + 20.0)], minlength=len(sizes))
    share = textured / np.maximum(deep, 1)
    large = sizes >= grid.voxels(config.certain_lung_ml)
    keep = (sizes >= grid.voxels(config.smallest_lung_ml)) & (share > 0.6) | large & (share > 0.1)
    keep[0] = False
    _drop_strays(keep, labels, sizes, grid)
    if sizes[keep].sum() < grid.voxels(config.minimum_lung_ml):
        keep[:] = False
    return np.asarray(keep[labels])


def _drop_strays(
    keep: NDArray[np.bool_], labels: NDArray[np.uint32], sizes: NDArray[np.int64], grid: WorkingGrid
) -> None:
    """Give up small pieces below the large ones or far from them, in place: bowel with food in it."""
    main = keep & (sizes >= 0.02 * sizes.max())
    large = np.asarray(main[labels])
    if not large.any():
        return
    lowest = int(np.flatnonzero(large.any(axis=(1, 2)))[0])
    near = np.unique(labels[dilate(large, 20.0, grid.spacing_mm)])
    below = np.unique(labels[:lowest])
    stay = np.zeros_like(keep)
    stay[near] = True
    stay[below] = False
    keep &= stay | main


def _drop_walled_gas(air: Mask, hu: NDArray[np.float32], grid: WorkingGrid, config: DensitometryConfig) -> None:
    """Remove pools of pure gas that soft tissue surrounds, in place: stomach and bowel that a thin diaphragm joins to
    lung. A bulla has lung around it and stays."""
    gas = opened(air & (hu < config.gas_hu), 2.5, grid.spacing_mm)
    labels, sizes = pieces(gas)
    for number in np.flatnonzero(sizes >= grid.voxels(config.gas_ml)):
        where = box(labels == number, 10.0, grid.spacing_mm)
        pool = np.ascontiguousarray((labels == number)[where])
        away = distance_outside(pool, grid.spacing_mm)
        density = hu[where]
        pool = (away <= 4.0) & (density < config.air_hu)
        shell = (away > 4.0) & (away <= 8.0)
        soft = np.mean(density[shell] > -250.0) if shell.any() else 0.0
        if soft > 0.6:
            air[where] &= ~pool


def _drop_outside_pockets(air: Mask, body: Mask, grid: WorkingGrid) -> None:
    """Remove pieces that open widely to the air outside (between arm and chest, a fold of skin), in place."""
    labels, sizes = pieces(air)
    outside = ~body
    contact = np.zeros(len(sizes), np.int64)
    contact[: len(sizes)] += np.bincount(labels[1:][outside[:-1]], minlength=len(sizes))
    contact += np.bincount(labels[:-1][outside[1:]], minlength=len(sizes))
    area = np.maximum(sizes, 1) ** (2 / 3)
    drop = contact > 0.25 * area
    drop[0] = False
    air &= ~drop[labels]


def split_sides(
    lung: Mask, hu: NDArray[np.float32], middle: NDArray[np.float64], grid: WorkingGrid, config: DensitometryConfig
) -> NDArray[np.uint8]:
    """Give every piece its side; where right and left touch, cut along the densest sheet between their cores.

    ``middle`` is the spine's column per slice. Returns 0 outside, 1 for the half at low ``i``, 2 for the other.
    """
    sides = np.zeros(lung.shape, np.uint8)
    labels, sizes = pieces(lung)
    columns = np.arange(lung.shape[2])
    for number in np.flatnonzero(sizes):
        part = labels == number
        profile = part.sum(axis=1)
        left_of = (profile * (columns[None, :] > middle[:, None])).sum()
        share = float(left_of) / float(sizes[number])
        if 0.12 < share < 0.88 and sizes[number] > grid.voxels(4 * config.minimum_lung_ml):
            cut = _cut(part, hu, middle, grid)
            if cut is not None:
                sides[part] = cut[part]
                continue
        sides[part] = 2 if share > 0.5 else 1
    return sides


def _cut(
    part: Mask, hu: NDArray[np.float32], middle: NDArray[np.float64], grid: WorkingGrid
) -> NDArray[np.uint8] | None:
    """Sides of a piece that holds both lungs: erode until two large cores on two sides remain, then grow them back."""
    where = box(part, 3.0, grid.spacing_mm)
    mask, spine = part[where], middle[where[0]] - where[2].start
    depth = distance_outside(~mask, grid.spacing_mm)
    columns = np.arange(mask.shape[2])
    for radius in (1.5, 2.5, 3.5, 5.0, 7.0, 9.0, 12.0, 15.0):
        labels, sizes = pieces(depth > radius)
        cores = np.flatnonzero(sizes > 0.15 * sizes.sum())
        if len(cores) < 2:
            continue
        first, second = sorted(cores, key=lambda n: -int(sizes[n]))[:2]
        shares = []
        for core in (first, second):
            profile = (labels == core).sum(axis=1)
            shares.append(float((profile * (columns[None] > spine[:, None])).sum()) / float(sizes[core]))
        if (shares[0] - 0.5) * (shares[1] - 0.5) >= 0 or abs(shares[0] - shares[1]) < 0.5:
            continue
        right, left = (first, second) if shares[0] < shares[1] else (second, first)
        right_lung, left_lung = grow_apart(labels == right, labels == left, mask)
        out = np.zeros(part.shape, np.uint8)
        out[where][right_lung] = 1
        out[where][left_lung] = 2
        return out
    return None
