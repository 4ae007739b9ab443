"""Rough figures while a system still runs: from every few voxels of the partial masks, so that nothing waits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference.findings import SliceFigures
from inference.labels import INFECTED, Lung
from inference.volume import Volume, VolumeGeometry
from viewer.state.session import Masks

_SAMPLES = 400_000
_SLICE_SAMPLES = (32, 64)
"""At most about twice so many voxels of a slice are looked at: some milliseconds for a whole chest."""


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


def preliminary_slices(masks: Masks, volume: Volume) -> tuple[SliceFigures, ...]:
    """Rough rows of the slice chart, areas in looked-at voxels; none while there is no lung.

    A slice without opacity may not have been reached yet: it has no percentage.
    """
    if masks.lungs is None or masks.lungs.shape != volume.geometry.shape:
        return ()
    turn, geometry = volume.geometry.orientation, volume.geometry.canonical
    steps = [max(1, size // most) for size, most in zip(geometry.shape[1:], _SLICE_SAMPLES, strict=True)]
    looked_at = (slice(None), *(slice(step // 2, None, step) for step in steps))
    lungs = turn.apply(masks.lungs)[looked_at] != 0
    lung = np.count_nonzero(lungs, axis=(1, 2))
    if not lung.any():
        return ()
    lesions = np.zeros_like(lungs) if masks.lesions is None else turn.apply(masks.lesions)[looked_at] * lungs
    classes = {label.key: np.count_nonzero(lesions == label, axis=(1, 2)) for label in INFECTED}
    infected = np.sum(list(classes.values()), axis=0)
    count, rows, columns = geometry.shape
    missing = volume.canonical()[0].missing_slices
    return tuple(
        SliceFigures(
            index=count - 1 - k if turn.flips[0] else k,
            position_mm=float(geometry.to_patient((k, (rows - 1) / 2, (columns - 1) / 2))[2]),
            lung=float(lung[k]),
            infected=float(infected[k]),
            percent=100 * float(infected[k] / lung[k]) if infected[k] else None,
            **{key: float(voxels[k]) for key, voxels in classes.items()},
        )
        for k in range(count)
        if k not in missing
    )
