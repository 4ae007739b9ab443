"""The box of a mask: figures are made on it, not on the whole volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Box = tuple[slice, slice, slice]
NOTHING: Box = (slice(0, 1), slice(0, 1), slice(0, 1))


def span(line: NDArray[np.bool_], room: int = 0) -> slice:
    """From the first True to the last, widened by ``room`` as far as the line goes. At least one must be True."""
    found = np.flatnonzero(line)
    return slice(max(0, int(found[0]) - room), min(len(line), int(found[-1]) + 1 + room))


def lines(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which slices ``(k,)`` and which columns of voxels ``(j, i)`` hold any of the mask."""
    return np.asarray(mask.any(axis=(1, 2))), np.asarray(mask.any(axis=0))


def box_of(mask: NDArray[np.bool_], room: int = 0) -> Box | None:
    """The smallest box that holds the mask, widened by ``room`` within the array; None for an empty mask."""
    slices, flat = lines(mask)
    if not flat.any():
        return None
    across, along = np.asarray(flat.any(axis=1)), np.asarray(flat.any(axis=0))
    return span(slices, room), span(across, room), span(along, room)
