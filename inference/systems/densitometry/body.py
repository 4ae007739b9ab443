"""The patient's body without the table, its axis, and which way is down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import Mask, dilate, erode, filled_slices, largest
from inference.systems.densitometry.scene import Pulse

_GRAVITY = {"S": (1.0, 0.0), "P": (-1.0, 0.0), "DR": (0.0, -1.0), "DL": (0.0, 1.0)}


def find_body(hu: NDArray[np.float32], grid: WorkingGrid, config: DensitometryConfig, pulse: Pulse) -> Mask:
    """The body with everything it encloses, lungs included; empty where nothing is dense enough.

    The table falls off because it hangs on the body by less than the opening; cushions are too light. Where the field
    of view cuts the body, the image's edge closes it.
    """
    dense = hu > config.body_hu
    _close_at_edges(dense, max(3, round(12.0 / max(grid.spacing_mm[1:]))))
    solid = filled_slices(dense)
    pulse()
    core = largest(erode(solid, config.table_opening_mm, grid.spacing_mm))
    pulse()
    return dilate(core, config.table_opening_mm + 1.0, grid.spacing_mm) & solid


def spine_column(hu: NDArray[np.float32], body: Mask, grid: WorkingGrid) -> NDArray[np.float64]:
    """The spine's column ``i`` for each slice (fractional), smooth from slice to slice.

    Bone counts where much of it stands one behind the other near the body's middle; the body's own middle takes over
    where no bone is seen.
    """
    columns = np.arange(hu.shape[2])
    width = np.asarray(body.any(axis=1))
    centres = np.array([_middle(line) for line in width])
    reach = 45.0 / grid.spacing_mm[2]
    profile = _bone(hu, body).sum(axis=1).astype(np.float64)
    near = np.abs(columns[None] - np.median(centres)) < reach
    weight = ndimage.gaussian_filter(profile * near, (10.0 / grid.spacing_mm[0], 8.0 / grid.spacing_mm[2]))
    strong = weight.max(axis=1) > 1.0
    peak = np.where(strong, weight.argmax(axis=1), centres)
    size = int(60.0 / grid.spacing_mm[0]) | 1
    return np.asarray(ndimage.median_filter(peak.astype(np.float64), size=size, mode="nearest"))


def gravity(patient_position: str) -> tuple[float, float]:
    """Which way is down in the canonical axial plane, as ``(j, i)``. Supine where the position is unknown.

    ``patient_position`` is DICOM (0018,5100): HFS, FFP, HFDR (right side down) and so on.
    """
    return _GRAVITY.get(patient_position[2:].strip().upper(), _GRAVITY["S"])


def towards_spine(
    hu: NDArray[np.float32], body: Mask, spine: NDArray[np.float64], grid: WorkingGrid
) -> tuple[float, float]:
    """Down for a supine patient whose front and back are not known from the header: to where the spine lies."""
    offset = np.abs(np.arange(hu.shape[2])[None, :] - spine[:, None]) * grid.spacing_mm[2]
    bone = _bone(hu, body) & (offset < 25.0)[:, None, :]
    rows = np.arange(hu.shape[1])
    if not bone.any():
        return _GRAVITY["S"]
    spine_row, body_row = (float((m.sum(axis=(0, 2)) * rows).sum() / m.sum()) for m in (bone, body))
    return (1.0, 0.0) if spine_row >= body_row else (-1.0, 0.0)


def _bone(hu: NDArray[np.float32], body: Mask) -> Mask:
    return (hu > 160.0) & body


def _middle(line: Mask) -> float:
    used = np.flatnonzero(line)
    return (float(used[0]) + float(used[-1])) / 2 if used.size else (line.size - 1) / 2


def _close_at_edges(dense: Mask, shortest: int) -> None:
    """Draw the body's outline along each image edge that cuts it, in place; a table's thin shells do not count."""
    for edge in (dense[:, 0, :], dense[:, -1, :], dense[:, :, 0], dense[:, :, -1]):
        cut = ndimage.binary_opening(edge, np.ones((1, shortest), bool))
        for line, runs in zip(edge, cut, strict=True):
            used = np.flatnonzero(runs)
            if used.size:
                line[used[0] : used[-1] + 1] = True
