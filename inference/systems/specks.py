"""Taking specks out of a mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def without_specks(mask: NDArray[np.bool_], share: float = 0.02) -> NDArray[np.bool_]:
    """A 3D mask without the parts that hold less than that share of its largest part."""
    import cc3d

    spans = tuple(np.flatnonzero(mask.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1)))
    if not len(spans[0]):
        return mask
    box = tuple(slice(int(span[0]), int(span[-1]) + 1) for span in spans)
    labels, count = cc3d.connected_components(np.ascontiguousarray(mask[box]), connectivity=6, return_N=True)
    if count < 2:
        return mask
    found = cc3d.statistics(labels, no_slice_conversion=False)
    sizes = found["voxel_counts"][1:]
    out = mask.copy()
    inner = out[box]
    for n in np.flatnonzero(sizes < share * sizes.max()) + 1:
        around = found["bounding_boxes"][n]
        inner[around] &= labels[around] != n
    return out
