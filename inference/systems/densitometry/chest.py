"""Where lung ought to be: inside the ribs, above the diaphragm, beside the mediastinum, whatever its density."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import Mask, opened, without_small
from inference.systems.densitometry.ribcage import ANGLES, RibCage, mirrored

Rays = NDArray[np.float64]
"""A figure for each slice and ray, ``(slices, ANGLES)``."""


def side_of_ray() -> NDArray[np.uint8]:
    """1 for rays to low ``i``, 2 for rays to high ``i``, 0 for those that run along the midline (within 14 degrees)."""
    degrees = np.arange(ANGLES) * 360.0 / ANGLES
    out = np.zeros(ANGLES, np.uint8)
    out[(degrees > 14) & (degrees < 166)] = 2
    out[(degrees > 194) & (degrees < 346)] = 1
    return out


def expected_lung(sides: NDArray[np.uint8], cage: RibCage, grid: WorkingGrid, config: DensitometryConfig) -> Rays:
    """Beyond which distance each ray should meet nothing but lung up to the ribs, in mm; infinite where unknown.

    Where lung lies on the ray, that is the lung's outer surface. A ray without lung counts where lung lies on it or on
    its mirror image both farther up and farther down, so that neither the liver under the diaphragm nor the shoulders
    enter; and where it runs to the side or back, so that the heart does not.
    """
    present = np.isfinite(cage.lung_radius)
    opposite = np.asarray(mirrored(present.astype(np.float64)) > 0)
    slack = max(1, round(config.mirror_slack_mm / grid.spacing_mm[0]))
    below = _reached(present, 0) | _reached(opposite, slack)
    above = (_reached(present[::-1], 0) | _reached(opposite[::-1], slack))[::-1]
    degrees = np.abs((np.arange(ANGLES) * 360.0 / ANGLES + 180.0) % 360.0 - 180.0)
    lateral = (degrees > 40.0) & (degrees < 158.0)
    inner = mirrored(_inner_radius(sides, cage))
    start = np.where(np.isfinite(inner), inner, 0.55 * cage.radius)
    missing = below & above & lateral & ~present
    missing &= _wide(missing, grid) & (_back_is_missing(missing, degrees) | (degrees > 75.0))
    return np.where(present, cage.lung_radius, np.where(missing, start, np.inf))


def find_gap(
    expected: Rays, sides: NDArray[np.uint8], taken: Mask, cage: RibCage, grid: WorkingGrid, config: DensitometryConfig
) -> NDArray[np.uint8]:
    """Dense tissue where lung is expected: 0 outside, 1 or 2 in the part of each half that holds no lung."""
    degrees = np.abs((np.arange(ANGLES) * 360.0 / ANGLES + 180.0) % 360.0 - 180.0)
    wide = (cage.radius - expected > config.gap_mm) & (degrees > 40.0) & (degrees < 158.0)
    region = (cage.distance > cage.per_voxel(np.where(wide, expected, 1e6))) & cage.inside(3.0)
    region = opened(region & (sides == 0) & ~taken, 3.5, grid.spacing_mm)
    region = without_small(region, grid.voxels(config.gap_ml))
    return np.where(region, side_of_ray()[cage.ray], np.uint8(0)).astype(np.uint8)


def _wide(missing: NDArray[np.bool_], grid: WorkingGrid) -> NDArray[np.bool_]:
    """Without patches under 20 mm high or 20 degrees wide, such as the liver's dome where it touches the ribs."""
    high = max(1, round(20.0 / grid.spacing_mm[0]))
    return np.asarray(ndimage.binary_opening(missing, np.ones((high, ANGLES // 18), bool)))


def _back_is_missing(missing: NDArray[np.bool_], degrees: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Per slice and ray, whether most of the same side's lateral and dorsal rays lack lung too: then what lies in
    front is more than the heart."""
    out = np.zeros_like(missing)
    for side in (1, 2):
        own = side_of_ray() == side
        dorsal = own & (degrees > 80.0) & (degrees < 150.0)
        out[:, own] = (missing[:, dorsal].mean(axis=1) > 0.6)[:, None]
    return out


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
