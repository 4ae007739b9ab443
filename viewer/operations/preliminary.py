"""Rough figures while a system still runs: from every few voxels of the partial masks, so that nothing waits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference.labels import INFECTED, Lung
from inference.volume import VolumeGeometry
from viewer.state.session import Masks

_SAMPLES = 400_000


@dataclass(frozen=True)
class Preliminary:
    """Volumes so far, None without millimetres, and the infected share of the lung so far."""

    right_ml: float | None
    left_ml: float | None
    lung_ml: float | None
    percent: float | None


def preliminary(masks: Masks, geometry: VolumeGeometry) -> Preliminary | None:
    """Figures of the masks as they are now; None while there is no lung."""
    if masks.lungs is None:
        return None
    step = max(1, round((masks.lungs.size / _SAMPLES) ** (1 / 3)))
    part = (slice(None, None, step),) * 3
    lungs = np.ascontiguousarray(masks.lungs[part])
    lung = int(np.count_nonzero(lungs))
    if not lung:
        return None
    ml = geometry.voxel_ml * step**3 if geometry.spacing_known else None
    sides = [int(np.count_nonzero(lungs == side)) for side in (Lung.RIGHT, Lung.LEFT)]
    share = None
    if masks.lesions is not None:
        infected = np.isin(masks.lesions[part], INFECTED) & (lungs != 0)
        share = 100 * int(np.count_nonzero(infected)) / lung if infected.any() else None
    right, left, both = (None if ml is None or not voxels else voxels * ml for voxels in (*sides, lung))
    return Preliminary(right, left, both, share)
