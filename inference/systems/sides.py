"""Which voxels of a lung mask are the right lung and which the left."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.labels import Lung

_PITCH_MM = 4.0
_LEAST_SHARE = 0.12
_MOST_EROSIONS = 8
_ONE_SIDED = 0.85


def split_sides(lungs: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> NDArray[np.uint8]:
    """Codes of :class:`Lung` for a canonical lung mask (feet to head, front to back, right to left).

    Lungs that touch are taken apart where they are thin; lungs that cannot be, at the middle of the mask. A single
    lung (its neighbour was taken out or is all white) is told by the side of the picture on which it lies.
    """
    out = np.zeros(lungs.shape, np.uint8)
    if not lungs.any():
        return out
    steps = tuple(max(1, round(_PITCH_MM / mm)) for mm in spacing_mm)
    coarse = lungs[:: steps[0], :: steps[1], :: steps[2]]
    if not coarse.any():
        coarse, steps = lungs, (1, 1, 1)
    codes = _coarse_sides(coarse)
    index = tuple(np.minimum(np.arange(n) // step, size - 1)
                  for n, step, size in zip(lungs.shape, steps, codes.shape, strict=True))  # fmt: skip
    for k in range(lungs.shape[0]):
        plane = codes[index[0][k]]
        out[k] = np.where(lungs[k], plane[np.ix_(index[1], index[2])], 0)
    return out


def _coarse_sides(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A side for every voxel of the grid: that of the nearest of two seeds, or of a plane."""
    from scipy import ndimage

    seeds = _seeds(mask, ndimage)
    if seeds is None:
        return _by_plane(mask)
    nearest = ndimage.distance_transform_edt(seeds == 0, return_distances=False, return_indices=True)
    return np.asarray(seeds[tuple(nearest)])


def _seeds(mask: NDArray[np.bool_], ndimage: Any) -> NDArray[np.uint8] | None:
    """The two largest parts after as little erosion as takes them apart, with their sides."""
    total = int(mask.sum())
    eroded = mask
    for _ in range(_MOST_EROSIONS):
        labels, count = ndimage.label(eroded)
        sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
        order = np.argsort(sizes)[::-1][:2]
        if len(order) == 2 and sizes[order[1]] >= _LEAST_SHARE * total:
            first, second = (labels == order[n] + 1 for n in (0, 1))
            if _middle(first) > _middle(second):
                first, second = second, first
            if _middle(second) - _middle(first) < mask.shape[2] / 10:
                return None
            return np.asarray(first * np.uint8(Lung.RIGHT) + second * np.uint8(Lung.LEFT), np.uint8)
        eroded = ndimage.binary_erosion(eroded)
        if not eroded.any():
            return None
    return None


def _by_plane(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    columns = np.arange(mask.shape[2])
    profile = mask.sum(axis=(0, 1))
    middle = mask.shape[2] / 2
    right_share = float(profile[columns < middle].sum()) / float(profile.sum())
    if right_share > _ONE_SIDED or right_share < 1 - _ONE_SIDED:
        code = Lung.RIGHT if right_share > 0.5 else Lung.LEFT
        return np.full(mask.shape, code, np.uint8)
    used = np.flatnonzero(profile)
    plane = np.where(columns < (used[0] + used[-1] + 1) / 2, np.uint8(Lung.RIGHT), np.uint8(Lung.LEFT))
    return np.broadcast_to(plane, mask.shape).copy()


def _middle(mask: NDArray[np.bool_]) -> float:
    return float(np.nonzero(mask.any(axis=(0, 1)))[0].mean())
