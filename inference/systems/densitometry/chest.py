"""Where lung ought to be: inside the ribs, above the diaphragm, beside the mediastinum, whatever its density."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import Mask, opened, without_small
from inference.systems.densitometry.ribcage import ANGLES, RibCage, mirrored


def side_of_ray() -> NDArray[np.uint8]:
    """1 for rays to low ``i``, 2 for rays to high ``i``, 0 for those that run along the midline (within 14 degrees)."""
    degrees = np.arange(ANGLES) * 360.0 / ANGLES
    out = np.zeros(ANGLES, np.uint8)
    out[(degrees > 14) & (degrees < 166)] = 2
    out[(degrees > 194) & (degrees < 346)] = 1
    return out


def find_gap(
    sides: NDArray[np.uint8], taken: Mask, cage: RibCage, grid: WorkingGrid, config: DensitometryConfig
) -> NDArray[np.uint8]:
    """Dense tissue where lung is expected: 0 outside, 1 or 2 in the part of each half that holds no lung.

    A ray counts where lung lies on it or on its mirror image both farther up and farther down, so that neither the
    liver under the diaphragm nor the shoulders enter; and where it runs to the side or back, so that the
    heart does not.
    """
    inner = _inner_radius(sides, cage)
    present = np.isfinite(cage.lung_radius)
    slack = max(1, round(config.mirror_slack_mm / grid.spacing_mm[0]))
    below, above = _reached(present, 0), _reached(present[::-1], 0)[::-1]
    other_below, other_above = (
        _reached(mirrored_flags(present), slack),
        _reached(mirrored_flags(present)[::-1], slack)[::-1],
    )
    degrees = np.abs((np.arange(ANGLES) * 360.0 / ANGLES + 180.0) % 360.0 - 180.0)
    lateral = (degrees > 40.0) & (degrees < 158.0)
    expected = (below | other_below) & (above | other_above) & lateral
    start = np.where(present, cage.lung_radius, np.where(np.isfinite(inner), inner, mirrored(inner)))
    start = np.where(np.isfinite(start), start, 0.55 * cage.radius)
    wide = expected & (cage.radius - start > config.gap_mm)
    low = np.where(wide, start, 1e6)
    region = (cage.distance > cage.per_voxel(low)) & cage.inside(3.0) & (sides == 0) & ~taken
    region = opened(region, 3.5, grid.spacing_mm)
    region = without_small(region, grid.voxels(config.gap_ml))
    out = np.where(region, side_of_ray()[cage.ray], np.uint8(0))
    return out.astype(np.uint8)


def mirrored_flags(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Flags per ray with right and left exchanged."""
    return np.asarray(mirrored(flags.astype(np.float64)) > 0)


def _reached(present: NDArray[np.bool_], slack: int) -> NDArray[np.bool_]:
    """Whether a ray has met lung at this slice or, by at least ``slack`` slices, at an earlier one."""
    seen = np.logical_or.accumulate(present, axis=0)
    out = np.zeros_like(seen)
    out[slack:] = seen[: seen.shape[0] - slack]
    return out


def _inner_radius(sides: NDArray[np.uint8], cage: RibCage) -> NDArray[np.float64]:
    """Where each ray first meets lung, in mm (NaN without lung)."""
    inner = np.full(cage.radius.shape, np.inf)
    for k in range(sides.shape[0]):
        lung = sides[k] > 0
        if lung.any():
            np.minimum.at(inner[k], cage.ray[k][lung], cage.distance[k][lung])
    inner[~np.isfinite(inner)] = np.nan
    return inner
