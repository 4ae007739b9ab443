"""Binary morphology in millimetres on anisotropic grids, connected pieces and smoothing: the typed edge to SimpleITK,
cc3d and fill_voids."""

from __future__ import annotations

from typing import Any

import cc3d
import fill_voids
import numpy as np
import SimpleITK as sitk  # noqa: N813  (its own documentation's name)
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Spacing = tuple[float, float, float]


def distance_outside(mask: Mask, spacing_mm: Spacing) -> NDArray[np.float32]:
    """Millimetres from each voxel to the nearest voxel of the mask, 0 inside; a huge number where it is empty."""
    if not mask.any():
        return np.full(mask.shape, 1e6, np.float32)
    image = _image(mask.view(np.uint8), spacing_mm)
    field: NDArray[np.float32] = sitk.GetArrayFromImage(
        sitk.SignedMaurerDistanceMap(image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True)
    )
    return np.maximum(field, 0, out=field)


def dilate(mask: Mask, radius_mm: float, spacing_mm: Spacing) -> Mask:
    """Everything within the radius of the mask, measured between voxel centres."""
    where = box(mask, radius_mm, spacing_mm)
    out = np.zeros_like(mask)
    part = mask[where]
    if part.any():
        out[where] = _spread(part, radius_mm, spacing_mm)
    return out


def erode(mask: Mask, radius_mm: float, spacing_mm: Spacing) -> Mask:
    """What is farther than the radius from everything outside the mask. The grid's edge is no outside."""
    where = box(mask, 0.0, spacing_mm)
    out = np.zeros_like(mask)
    part = mask[where]
    if part.any():
        out[where] = ~_spread(~part, radius_mm, spacing_mm)
    return out


def opened(mask: Mask, radius_mm: float, spacing_mm: Spacing) -> Mask:
    """Without everything thinner than twice the radius."""
    return dilate(erode(mask, radius_mm, spacing_mm), radius_mm, spacing_mm) & mask


def closed(mask: Mask, radius_mm: float, spacing_mm: Spacing) -> Mask:
    """With every gap narrower than twice the radius filled. The grid's edge closes nothing by itself."""
    where = box(mask, 0.0, spacing_mm)
    part = mask[where]
    if not part.any():
        return mask.copy()
    pad = [int(2 * radius_mm / pitch) + 1 for pitch in spacing_mm]
    grown = _spread(np.pad(part, [(n, n) for n in pad]), radius_mm, spacing_mm)
    shut = ~_spread(~grown, radius_mm, spacing_mm)
    inner = tuple(slice(n, n + length) for n, length in zip(pad, part.shape, strict=True))
    out = mask.copy()
    out[where] |= shut[inner]
    return out


def grow_apart(first: Mask, second: Mask, mask: Mask) -> tuple[Mask, Mask]:
    """Grow two seeds through the mask at the same pace until they meet or nothing is left to reach."""
    free = mask & ~first & ~second
    while True:
        claims = [_neighbours(seed) & free for seed in (first, second)]
        claims[1] &= ~claims[0]
        if not claims[0].any() and not claims[1].any():
            return first, second
        first, second = first | claims[0], second | claims[1]
        free &= ~(claims[0] | claims[1])


def _neighbours(mask: Mask) -> Mask:
    out = np.zeros_like(mask)
    for axis in range(3):
        ahead, behind = [slice(None)] * 3, [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        out[tuple(ahead)] |= mask[tuple(behind)]
        out[tuple(behind)] |= mask[tuple(ahead)]
    return out


def _spread(mask: Mask, radius_mm: float, spacing_mm: Spacing) -> Mask:
    """The mask and everything within the radius, by shifted unions of row runs (much cheaper than a distance map)."""
    reach = [int(radius_mm / pitch + 1e-6) for pitch in spacing_mm]
    runs = [mask]
    for width in range(1, min(reach[2], mask.shape[2] - 1) + 1):
        longer = runs[-1].copy()
        longer[:, :, width:] |= mask[:, :, :-width]
        longer[:, :, :-width] |= mask[:, :, width:]
        runs.append(longer)
    out = np.zeros_like(mask)
    for dk in range(-reach[0], reach[0] + 1):
        for dj in range(-reach[1], reach[1] + 1):
            rest = radius_mm**2 - (dk * spacing_mm[0]) ** 2 - (dj * spacing_mm[1]) ** 2
            if rest < -1e-6 or abs(dk) >= mask.shape[0] or abs(dj) >= mask.shape[1]:
                continue
            run = runs[min(int(max(rest, 0.0) ** 0.5 / spacing_mm[2] + 1e-6), len(runs) - 1)]
            out[_shifted(dk), _shifted(dj)] |= run[_shifted(-dk), _shifted(-dj)]
    return out


def _shifted(by: int) -> slice:
    return slice(by, None) if by > 0 else slice(None, by or None)


def pieces(mask: Mask, connectivity: int = 6) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Connected pieces numbered from 1 (0 is background) and their sizes in voxels; ``sizes[0]`` is 0."""
    labels = cc3d.connected_components(np.ascontiguousarray(mask), connectivity=connectivity, out_dtype=np.uint32)
    sizes = np.bincount(labels.ravel()).astype(np.int64)
    sizes[0] = 0
    return labels, sizes


def largest(mask: Mask) -> Mask:
    """The largest connected piece (6-neighbourhood); empty for an empty mask."""
    labels, sizes = pieces(mask)
    return np.asarray(labels == sizes.argmax()) if len(sizes) > 1 else np.zeros_like(mask)


def without_small(mask: Mask, voxels: int, connectivity: int = 6) -> Mask:
    """Without connected pieces of fewer voxels."""
    labels, sizes = pieces(mask, connectivity)
    return np.asarray((sizes >= voxels)[labels])


def touching(mask: Mask, seeds: Mask) -> Mask:
    """The connected pieces of the mask that hold a seed."""
    labels, sizes = pieces(mask)
    keep = np.zeros(len(sizes), bool)
    keep[np.unique(labels[seeds & mask])] = True
    keep[0] = False
    return np.asarray(keep[labels])


def filled(mask: Mask) -> Mask:
    """With cavities that touch no edge of the grid filled, in 3D."""
    return np.asarray(fill_voids.fill(np.ascontiguousarray(mask)), bool)


def filled_slices(mask: Mask) -> Mask:
    """With holes filled slice by slice."""
    return np.stack([np.asarray(fill_voids.fill(np.ascontiguousarray(plane)), bool) for plane in mask])


def smoothed(hu: NDArray[np.float32], sigma_mm: float, spacing_mm: Spacing) -> NDArray[np.float32]:
    """Gaussian smoothing by the same millimetres in every direction."""
    sigma = [sigma_mm / pitch for pitch in spacing_mm]
    return np.asarray(ndimage.gaussian_filter(hu, sigma, mode="nearest", truncate=3.0), np.float32)


def smoothed_inside(hu: NDArray[np.float32], mask: Mask, sigma_mm: float, spacing_mm: Spacing) -> NDArray[np.float32]:
    """Gaussian mean over the mask's voxels only, so that the chest wall does not lighten the pleura's rim.

    Meaningless outside the mask.
    """
    weight = smoothed(mask.astype(np.float32), sigma_mm, spacing_mm)
    total = smoothed(np.where(mask, hu, np.float32(0)), sigma_mm, spacing_mm)
    return np.asarray(total / np.maximum(weight, 1e-3), np.float32)


def box(mask: Mask, margin_mm: float, spacing_mm: Spacing) -> tuple[slice, slice, slice]:
    """The smallest box that holds the mask and a margin, within the grid; an empty one for an empty mask."""
    found = []
    for axis in range(3):
        used = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        if not used.size:
            return slice(0, 0), slice(0, 0), slice(0, 0)
        margin = int(np.ceil(margin_mm / spacing_mm[axis])) + 1
        found.append(slice(max(0, int(used[0]) - margin), min(mask.shape[axis], int(used[-1]) + 1 + margin)))
    return found[0], found[1], found[2]


def _image(array: NDArray[Any], spacing_mm: Spacing) -> Any:
    image = sitk.GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing(spacing_mm[::-1])
    return image
