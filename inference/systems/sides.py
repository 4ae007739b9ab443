"""Which voxels of a lung mask are the right lung and which the left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from inference.labels import Lung

_T = TypeVar("_T", bound=np.generic)
_PITCH_MM = 4.0
_LEAST_SHARE = 0.12
_MOST_EROSIONS = 8
_ONE_SIDED = 0.85
_MOST_ASTRAY = 0.15


def split_sides(lungs: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> NDArray[np.uint8]:
    """Codes of :class:`Lung` for a canonical lung mask (feet to head, front to back, right to left).

    Lungs that touch are taken apart where they are thin; lungs that cannot be, slice by slice where least lung lies
    between them. A single lung (its neighbour was taken out or is all white) is told by the side of the picture on
    which it lies.
    """
    return _spread(lungs, spacing_mm, lambda steps: _coarse_sides(_coarse(lungs, steps)))


def sides_like(
    lungs: NDArray[np.bool_], known: NDArray[np.uint8], spacing_mm: tuple[float, float, float]
) -> NDArray[np.uint8]:
    """Codes for a canonical lung mask, each voxel's that of the nearest one in ``known`` (same grid).

    As :func:`split_sides` where ``known`` lacks a side.
    """

    def nearest(steps: tuple[int, ...]) -> NDArray[np.uint8]:
        return _nearest_code(_coarse(known, steps))

    both = all((known == code).any() for code in (Lung.RIGHT, Lung.LEFT))
    return _spread(lungs, spacing_mm, nearest) if both else split_sides(lungs, spacing_mm)


def _coarse(array: NDArray[_T], steps: tuple[int, ...]) -> NDArray[_T]:
    return array[:: steps[0], :: steps[1], :: steps[2]]


def _spread(
    lungs: NDArray[np.bool_], spacing_mm: tuple[float, float, float],
    codes_at: Callable[[tuple[int, ...]], NDArray[np.uint8]],
) -> NDArray[np.uint8]:  # fmt: skip
    """The codes of a coarse grid on every voxel of the mask."""
    out = np.zeros(lungs.shape, np.uint8)
    if not lungs.any():
        return out
    steps = tuple(max(1, round(_PITCH_MM / mm)) for mm in spacing_mm)
    if not _coarse(lungs, steps).any():
        steps = (1, 1, 1)
    for n, coarse in enumerate(codes_at(steps)):
        span = slice(n * steps[0], (n + 1) * steps[0])
        fine = coarse.repeat(steps[1], axis=0).repeat(steps[2], axis=1)[: lungs.shape[1], : lungs.shape[2]]
        np.multiply(lungs[span], fine, out=out[span])
    return out


def _coarse_sides(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A side for every voxel of the grid: that of the nearest of two seeds, or of a plane."""
    from scipy import ndimage

    seeds = _seeds(mask, ndimage)
    return _by_planes(mask) if seeds is None else _nearest_code(seeds)


def _nearest_code(seeds: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from scipy import ndimage

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
            if _apart(first, second):
                return np.asarray(first * np.uint8(Lung.RIGHT) + second * np.uint8(Lung.LEFT), np.uint8)
        eroded = ndimage.binary_erosion(eroded)
        if not eroded.any():
            return None
    return None


def _apart(right: NDArray[np.bool_], left: NDArray[np.bool_]) -> bool:
    """Whether two parts lie beside one another, and not one above the other."""
    plane = (_middle(right) + _middle(left)) / 2
    beyond = int(np.ceil(plane))
    astray = max(float(right[:, :, beyond:].sum() / right.sum()), float(left[:, :, :beyond].sum() / left.sum()))
    return _middle(left) - _middle(right) >= right.shape[2] / 10 and astray < _MOST_ASTRAY


def _by_planes(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """In each slice the column between the lungs that holds least lung, kept smooth from slice to slice."""
    from scipy import ndimage

    columns = np.arange(mask.shape[2])
    profile = mask.sum(axis=(0, 1))
    right_share = float(profile[columns < mask.shape[2] / 2].sum()) / float(profile.sum())
    if right_share > _ONE_SIDED or right_share < 1 - _ONE_SIDED:
        code = Lung.RIGHT if right_share > 0.5 else Lung.LEFT
        return np.full(mask.shape, code, np.uint8)
    used = np.flatnonzero(profile)
    first, width = int(used[0]), int(used[-1] - used[0] + 1)
    middle = first + width / 2
    inner = np.arange(first + width // 3, first + width - width // 3)
    held = ndimage.uniform_filter(mask.sum(axis=1).astype(np.float64), size=(3, 3), mode="nearest")[:, inner]
    off_middle = np.abs(inner + 0.5 - middle) / width
    planes = inner[np.argmin(held / max(float(held.max()), 1.0) + off_middle, axis=1)]
    smooth = ndimage.median_filter(planes, size=5, mode="nearest")
    beside = columns[None, None, :] < smooth[:, None, None]
    return np.broadcast_to(np.where(beside, np.uint8(Lung.RIGHT), np.uint8(Lung.LEFT)), mask.shape).copy()


def _middle(mask: NDArray[np.bool_]) -> float:
    return float(np.nonzero(mask.any(axis=(0, 1)))[0].mean())
