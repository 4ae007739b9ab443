"""Where lung ought to be: inside the ribs, above the diaphragm, beside the mediastinum, whatever its density."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Expected:
    """``start``: beyond this distance (mm) a ray should meet nothing but lung up to the ribs; infinite where unknown.

    ``certain`` marks the rays of ``start`` that lie above the diaphragm for sure: lung reaches the ribs on them, or on
    their mirror image, farther down.
    """

    start: Rays
    certain: NDArray[np.bool_]


def expected_lung(cage: RibCage, down: tuple[float, float], grid: WorkingGrid, config: DensitometryConfig) -> Expected:
    """Where lung ought to be on each ray.

    Where lung lies on the ray, that is beyond the lung's outer surface. A ray without lung counts where lung lies on it
    or on its mirror image both farther up and farther down, so that neither the liver under the diaphragm nor the
    shoulders enter; and where it runs to the side or back, so that the heart does not.
    """
    far = np.nan_to_num(cage.lung_radius, nan=0.0)
    present = far > np.where(falling(down) > 0.17, 0.1, 0.5) * cage.radius
    reaching = present & (far > cage.radius - 15.0)
    slack = min(present.shape[0], max(1, round(config.mirror_slack_mm / grid.spacing_mm[0])))
    below = _reached(reaching, 0) | _reached(_mirrored_flags(reaching), slack)
    above = (_reached(present[::-1], 0) | _reached(_mirrored_flags(present)[::-1], slack))[::-1]
    missing = below & above & _lateral(40.0) & ~present
    missing &= _wide(missing, grid) & (_back_is_missing(missing) | _lateral(75.0))
    inner = mirrored(cage.lung_inner)
    inner = np.where(np.isfinite(inner), inner, 0.55 * cage.radius)
    start = np.where(present, cage.lung_radius, np.where(missing, inner, np.inf))
    return Expected(start, below & np.isfinite(start))


def find_gap(
    expected: Expected,
    sides: NDArray[np.uint8],
    taken: Mask,
    cage: RibCage,
    grid: WorkingGrid,
    config: DensitometryConfig,
) -> NDArray[np.uint8]:
    """Dense tissue where lung is expected: 0 outside, 1 or 2 in the part of each half that holds no lung.

    A chest wall that is thick on both sides is no gap.
    """
    wall = cage.radius - expected.start
    usual = np.clip(np.nan_to_num(mirrored(cage.radius - cage.lung_radius), nan=0.0), 0.0, config.thick_wall_mm)
    wide = expected.certain & (wall - usual > config.gap_mm) & _lateral(40.0)
    region = (cage.distance > cage.per_voxel(np.where(wide, expected.start, 1e6))) & cage.inside(3.0)
    region = opened(region & (sides == 0) & ~taken, 3.5, grid.spacing_mm)
    region = without_small(region, grid.voxels(config.gap_ml))
    return np.where(region, side_of_ray()[cage.ray], np.uint8(0)).astype(np.uint8)


def falling(down: tuple[float, float]) -> Rays:
    """The cosine between each ray and the way down, ``(ANGLES,)``."""
    angle = np.arange(ANGLES) * 2 * np.pi / ANGLES
    return np.asarray(down[0] * -np.cos(angle) + down[1] * np.sin(angle))


def _lateral(from_front: float) -> NDArray[np.bool_]:
    """Rays that run to the side or back, by their angle from the front; those along the spine are left out."""
    degrees = _degrees()
    return (degrees > from_front) & (degrees < 158.0)


def _degrees() -> NDArray[np.float64]:
    return np.abs((np.arange(ANGLES) * 360.0 / ANGLES + 180.0) % 360.0 - 180.0)


def _mirrored_flags(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(mirrored(flags.astype(np.float64)) > 0)


def _wide(missing: NDArray[np.bool_], grid: WorkingGrid) -> NDArray[np.bool_]:
    """Without patches under 20 mm high or 20 degrees wide, such as the liver's dome where it touches the ribs."""
    high = max(1, round(20.0 / grid.spacing_mm[0]))
    return np.asarray(ndimage.binary_opening(missing, np.ones((high, ANGLES // 18), bool)))


def _back_is_missing(missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Per slice and ray, whether most of the same side's lateral and dorsal rays lack lung too: then what lies in
    front is more than the heart."""
    out = np.zeros_like(missing)
    for side in (1, 2):
        own = side_of_ray() == side
        dorsal = own & (_degrees() > 80.0) & (_degrees() < 150.0)
        out[:, own] = (missing[:, dorsal].mean(axis=1) > 0.6)[:, None]
    return out


def _reached(present: NDArray[np.bool_], slack: int) -> NDArray[np.bool_]:
    """Whether a ray has met lung at this slice or, by at least ``slack`` slices, at an earlier one."""
    seen = np.logical_or.accumulate(present, axis=0)
    out = np.zeros_like(seen)
    out[slack:] = seen[: seen.shape[0] - slack]
    return out
