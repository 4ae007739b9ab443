"""The voxels of one listed lesion, cut to its bounds, in any orientation. No Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.findings import Findings
from inference.volume import Reorientation, VolumeGeometry
from viewer.rendering.lesion_lookup import lesion_voxels

Bounds = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


class LesionMask:
    """The voxels of one lesion: a boolean crop and where it lies in the volume's own grid."""

    def __init__(self, bounds: Bounds, voxels: NDArray[np.bool_]) -> None:
        self.bounds = bounds
        self.voxels = voxels

    def reoriented(self, turn: Reorientation, shape: tuple[int, int, int]) -> LesionMask:
        """The same voxels after ``turn`` of a volume of ``shape``."""
        bounds = []
        for axis, flip in zip(turn.axes, turn.flips, strict=True):
            start, stop = self.bounds[axis]
            bounds.append((shape[axis] - stop, shape[axis] - start) if flip else (start, stop))
        return LesionMask((bounds[0], bounds[1], bounds[2]), turn.apply(self.voxels))

    def corners(self, geometry: VolumeGeometry) -> NDArray[np.float64]:
        """The eight corners of its box on the volume's own grid, LPS mm; the last index varies fastest."""
        ends = [(start - 0.5, stop - 0.5) for start, stop in self.bounds]
        return geometry.to_patient([(k, j, i) for k in ends[0] for j in ends[1] for i in ends[2]])

    def plane(self, axis: int, index: int, shape: tuple[int, int, int]) -> NDArray[np.bool_] | None:
        """The full-size 2D mask where ``axis`` has ``index``, the other axes in order; None off the lesion."""
        start, stop = self.bounds[axis]
        if not start <= index < stop:
            return None
        rest = [n for n in range(3) if n != axis]
        full = np.zeros([shape[n] for n in rest], dtype=bool)
        place = tuple(slice(*self.bounds[n]) for n in rest)
        full[place] = np.take(self.voxels, index - start, axis=axis)
        return full


def lesion_mask(findings: Findings, number: int) -> LesionMask | None:
    """The lesion of that number on the findings' own grid; None if there is none. May run in a background thread:
    what takes long lets the interface go on meanwhile."""
    found = lesion_voxels(findings, number)
    if found is None:
        return None
    (k, j, i), voxels = found
    return LesionMask(((k.start, k.stop), (j.start, j.stop), (i.start, i.stop)), voxels)
