"""Which voxels belong to one listed lesion: its connected component within its bounds. No Qt.

The component is looked for only inside the lesion's own bounds, which hold all of it by definition. Everything here
may run in a background thread: :func:`scipy.ndimage.label` lets the interface go on meanwhile.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.findings import LesionComponent
from inference.labels import INFECTED, Lesion
from inference.volume import Reorientation

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


def lesion_mask(lesions: NDArray[np.uint8], lesion: LesionComponent) -> LesionMask:
    """The voxels of ``lesion`` in the mask it was found in (26-neighbourhood, infected classes together)."""
    from scipy import ndimage

    crop = lesions[tuple(slice(start, stop) for start, stop in lesion.bounds)]
    classes = [Lesion.EFFUSION] if lesion.label == Lesion.EFFUSION else list(INFECTED)
    members = np.isin(crop, [int(code) for code in classes])
    components, count = ndimage.label(members, np.ones((3, 3, 3), dtype=bool))
    if count <= 1:
        return LesionMask(lesion.bounds, members)
    sizes = np.bincount(components.reshape(-1), minlength=count + 1)
    boxes = ndimage.find_objects(components)
    fitting = [
        number
        for number in range(1, count + 1)
        if all(part.start == 0 and part.stop == size for part, size in zip(boxes[number - 1], crop.shape, strict=True))
    ]
    chosen = min(fitting or range(1, count + 1), key=lambda number: abs(int(sizes[number]) - lesion.voxels))
    return LesionMask(lesion.bounds, components == chosen)
