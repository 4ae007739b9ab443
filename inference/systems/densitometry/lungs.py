"""Aerated lung by region growing, bowel gas left out, right and left apart."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import (
    Mask,
    box,
    distance_outside,
    erode,
    pieces,
)


def aerated_lung(
    hu: NDArray[np.float32], body: Mask, airways: Mask, grid: WorkingGrid, config: DensitometryConfig
) -> Mask:
    """Every voxel of air-holding lung: no airway, no bowel gas, no air outside the body."""
    air = (hu < config.air_hu) & body & ~airways
    _drop_outside_pockets(air, body, grid)
    labels, sizes = pieces(air)
    candidates = [int(n) for n in np.flatnonzero(sizes >= grid.voxels(config.minimum_lung_ml / 4))]
    candidates.sort(key=lambda n: -int(sizes[n]))
    inner = erode(air, 2.0, grid.spacing_mm)
    kept: list[int] = []
    for number in candidates:
        values = hu[inner & (labels == number)]
        texture = float(np.mean(values > config.bowel_gas_hu + 25)) if values.size else 0.0
        big = sizes[number] >= grid.voxels(config.minimum_lung_ml)
        if texture > (0.1 if big and not kept else 0.5) or (big and texture > 0.25):
            kept.append(number)
    chosen = np.zeros(len(sizes), bool)
    chosen[kept] = True
    return np.asarray(chosen[labels])


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
    """Sides of a piece that holds both lungs: erode until two large cores on two sides remain, then flood back."""
    where = box(part, 3.0, grid.spacing_mm)
    mask, density, spine = part[where], hu[where], middle[where[0]] - where[2].start
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
        markers = np.zeros(mask.shape, np.uint8)
        markers[labels == right], markers[labels == left] = 1, 2
        flooded = _flood(mask, density, markers)
        out = np.zeros(part.shape, np.uint8)
        out[where] = flooded
        return out
    return None


def _flood(mask: Mask, density: NDArray[np.float32], markers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grow the two markers through the mask, lightest voxels first, so that they meet on the dense junction line."""
    seeds = markers.copy()
    seeds[~mask] = 3
    relief = sitk.GetImageFromArray(np.clip(density, -1000, 0).astype(np.int16))
    grown = sitk.MorphologicalWatershedFromMarkers(relief, sitk.GetImageFromArray(seeds), markWatershedLine=False)
    result: NDArray[np.uint8] = sitk.GetArrayFromImage(grown).astype(np.uint8)
    result[~mask] = 0
    result[result == 3] = 0
    return result
