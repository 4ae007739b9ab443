"""Several streams' masks become one label map."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from inference.labels import Lesion
from inference.systems.growing import Segmented


def joined(streams: Mapping[Lesion, Segmented], lungs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The class of the most certain stream in every voxel that any stream marks.

    Ground-glass and consolidation count inside the lung; fluid anywhere. ``levels`` of every stream are needed.
    """
    out = np.zeros(lungs.shape, np.uint8)
    best = np.zeros(lungs.shape, np.uint8)
    for label, said in streams.items():
        if said.levels is None:
            continue
        marked = said.mask if label is Lesion.EFFUSION else said.mask & (lungs > 0)
        wins = marked & (said.levels > best)
        out[wins], best[wins] = label, said.levels[wins]
    return out
