"""Which lesion of the list is at a point, and which voxels are a lesion of the list."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.findings import Findings, LesionComponent
from inference.labels import INFECTED, Lesion
from inference.volume import Point

_REACH = 3
"""Voxels around a picked surface point in which a lesion is looked for: the mesh is smoothed, the mask is not."""


def lesion_voxels(findings: Findings, number: int) -> tuple[tuple[slice, slice, slice], NDArray[np.bool_]] | None:
    """The box of a lesion (index ranges ``k, j, i``) and which voxels in it are its own; None if there is no such.

    A lesion is a 26-connected component of the infected classes together, or of the fluid.
    """
    lesion = next((one for one in findings.lesions if one.number == number), None)
    if lesion is None:
        return None
    box = _box(lesion)
    components = _components(findings.output.lesions.array[box], lesion.label)
    counts = np.bincount(components.ravel())
    same = [n for n in range(1, len(counts)) if counts[n] == lesion.voxels and _fills(components == n)]
    return box, components == (same[0] if same else int(np.argmax(counts[1:])) + 1)


def lesion_at(findings: Findings, point: Point) -> LesionComponent | None:
    """The lesion whose voxels are nearest to a point (LPS mm), within three voxels of it; None if there is none."""
    geometry = findings.output.lesions.geometry
    index = np.rint(geometry.to_index(point)).astype(int)
    best: tuple[float, LesionComponent] | None = None
    for lesion in findings.lesions:
        low = np.array([pair[0] for pair in lesion.bounds]) - _REACH
        high = np.array([pair[1] for pair in lesion.bounds]) + _REACH
        if not (np.all(index >= low) and np.all(index < high)):
            continue
        found = lesion_voxels(findings, lesion.number)
        if found is None:
            continue
        box, mask = found
        start = np.array([part.start for part in box])
        distance = float(np.sqrt(((np.argwhere(mask) + start - index) ** 2).sum(axis=1).min()))
        if distance <= _REACH * 1.8 and (best is None or distance < best[0]):
            best = distance, lesion
    return None if best is None else best[1]


def _box(lesion: LesionComponent) -> tuple[slice, slice, slice]:
    (k0, k1), (j0, j1), (i0, i1) = lesion.bounds
    return slice(k0, k1), slice(j0, j1), slice(i0, i1)


def _components(labels: NDArray[np.uint8], label: int) -> NDArray[np.int32]:
    from scipy.ndimage import label as connected

    wanted = labels == Lesion.EFFUSION if label == Lesion.EFFUSION else np.isin(labels, INFECTED)
    return np.asarray(connected(wanted, np.ones((3, 3, 3)))[0], dtype=np.int32)


def _fills(mask: NDArray[np.bool_]) -> bool:
    """Whether the mask touches all six faces of its box, as the component that made the box does."""
    return all(bool(mask.take(end, axis=axis).any()) for axis in range(3) for end in (0, -1))
