"""The rib cage as a distance in every direction around the body's axis, slice by slice.

Rays leave the middle of the body in each axial slice; on each, the first rib beyond the lung bounds the chest. Ribs
are oblique, so a slice sees the bone of its neighbours too. Where a ray meets no rib (gaps, cartilage, dense lung) its
neighbours and the opposite side stand in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import WorkingGrid
from inference.systems.densitometry.morphology import Mask, box, opened

ANGLES = 180
"""Rays per slice; ray 0 points to the front, ray ``ANGLES // 4`` to high ``i`` (the patient's left)."""

_STEP_MM = 1.5
_REACH_MM = 210.0


@dataclass(frozen=True)
class RibCage:
    """``radius`` in mm, ``(slices, ANGLES)``; so are ``lung_radius`` and ``lung_inner``, where each ray leaves the lung
    for good and first meets it (NaN: no lung on the ray).

    ``distance`` (mm) and ``ray`` give each voxel's place in that picture.
    """

    radius: NDArray[np.float64]
    lung_radius: NDArray[np.float64]
    lung_inner: NDArray[np.float64]
    distance: NDArray[np.float32]
    ray: NDArray[np.uint8]

    def inside(self, margin_mm: float) -> Mask:
        """Voxels that lie inside the ribs by more than the margin."""
        return self.distance < self.per_voxel(self.radius - margin_mm)

    def per_voxel(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Values given per slice and ray, looked up for each voxel."""
        slices = np.arange(values.shape[0])[:, None, None]
        return np.asarray(values.astype(np.float32)[slices, self.ray])


def mirrored(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per-ray values with right and left exchanged."""
    return np.asarray(values[:, (-np.arange(ANGLES)) % ANGLES])


def find_rib_cage(
    hu: NDArray[np.float32],
    body: Mask,
    lung: Mask,
    spine: NDArray[np.float64],
    grid: WorkingGrid,
    config: DensitometryConfig,
) -> RibCage:
    """Measure the rib cage around the lungs found so far."""
    dz, dj, di = grid.spacing_mm
    centre_j, centre_i = _axis(body, spine, dz)
    angle = np.arange(ANGLES) * 2 * np.pi / ANGLES
    steps = np.arange(int(_REACH_MM / _STEP_MM)) * _STEP_MM
    rows = centre_j[:, None, None] - steps * np.cos(angle)[:, None] / dj
    columns = centre_i[:, None, None] + steps * np.sin(angle)[:, None] / di
    where = (
        np.arange(hu.shape[0])[:, None, None],
        np.clip(np.rint(rows), 0, hu.shape[1] - 1).astype(np.int32),
        np.clip(np.rint(columns), 0, hu.shape[2] - 1).astype(np.int32),
    )
    bone = _ribs(hu, body, grid, config)[where]
    on_ray = lung[where]
    last = on_ray.shape[2] - 1 - on_ray[:, :, ::-1].argmax(axis=2)
    lung_radius = np.where(on_ray.any(axis=2), last * _STEP_MM, np.nan)

    def first_rib(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
        hit = bone & (steps >= low[..., None]) & (steps <= high[..., None])
        return np.where(hit.any(axis=2), hit.argmax(axis=2) * _STEP_MM, np.nan)

    seen = np.nan_to_num(lung_radius, nan=-1.0)
    near = first_rib(np.where(seen > 0, seen - 3.0, 1e9), np.where(seen > 0, seen + 45.0, 0.0))
    if not np.isfinite(near).any():
        near = first_rib(np.full(near.shape, 60.0), np.full(near.shape, _REACH_MM))
    guess = _even(_complete(np.where(np.isfinite(near), near, 0.97 * mirrored(near)), dz), dz)
    radius = first_rib(np.maximum(seen - 3.0, 0.84 * guess), 1.3 * guess)
    radius = _even(_complete(np.where(np.isfinite(radius), radius, np.nan), dz), dz)
    distance, ray = _polar(hu.shape, centre_j, centre_i, dj, di)
    lung_inner = np.where(on_ray.any(axis=2), on_ray.argmax(axis=2) * _STEP_MM, np.nan)
    return RibCage(radius, lung_radius, lung_inner, distance, ray)


def _axis(body: Mask, spine: NDArray[np.float64], dz: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Row and column of the rays' origin per slice: midway between front and back, over the spine."""
    middle = []
    for line in np.asarray(body.any(axis=2)):
        used = np.flatnonzero(line)
        middle.append((used[0] + used[-1]) / 2 if used.size else (line.size - 1) / 2)
    size = int(60.0 / dz) | 1
    rows = ndimage.gaussian_filter1d(ndimage.median_filter(np.array(middle), size=size, mode="nearest"), 20.0 / dz)
    return rows, ndimage.gaussian_filter1d(spine, 20.0 / dz)


def _ribs(hu: NDArray[np.float32], body: Mask, grid: WorkingGrid, config: DensitometryConfig) -> Mask:
    """Bone that is thin (no heart or vessel full of contrast), spread to the neighbouring slices."""
    bone = (hu > config.bone_hu) & body
    where = box(bone, 0.0, grid.spacing_mm)
    part = np.ascontiguousarray(bone[where])
    part &= ~opened(part, config.rib_thickness_mm / 2, grid.spacing_mm)
    bone[where] = part
    size = int(config.rib_gap_mm / grid.spacing_mm[0]) | 1
    return np.asarray(ndimage.maximum_filter1d(bone.view(np.uint8), size, axis=0)) > 0


def _complete(values: NDArray[np.float64], dz: float) -> NDArray[np.float64]:
    """Missing values taken from the nearest ray or slice that has one."""
    wrapped = np.tile(values, (1, 3))
    known = np.isfinite(wrapped)
    if not known.any():
        return np.full(values.shape, _REACH_MM)
    nearest = ndimage.distance_transform_edt(
        ~known, sampling=(dz / 2, 200 * np.pi / ANGLES), return_distances=False, return_indices=True
    )
    return np.asarray(wrapped[tuple(nearest)][:, ANGLES : 2 * ANGLES])


def _even(values: NDArray[np.float64], dz: float) -> NDArray[np.float64]:
    """Outliers out, then smooth: a median over about 16 mm and 18 degrees, and a Gaussian."""
    wrapped = np.tile(values, (1, 3))[:, ANGLES // 2 : ANGLES // 2 + 2 * ANGLES]
    calm = ndimage.median_filter(wrapped, size=(int(16.0 / dz) | 1, 9), mode="nearest")
    smooth = ndimage.gaussian_filter(calm, (4.0 / dz, 1.5))
    return np.asarray(smooth[:, ANGLES // 2 : ANGLES // 2 + ANGLES])


def _polar(
    shape: tuple[int, ...], centre_j: NDArray[np.float64], centre_i: NDArray[np.float64], dj: float, di: float
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    distance = np.empty(shape, np.float32)
    ray = np.empty(shape, np.uint8)
    for k in range(shape[0]):
        y = ((np.arange(shape[1]) - centre_j[k]) * dj).astype(np.float32)[:, None]
        x = ((np.arange(shape[2]) - centre_i[k]) * di).astype(np.float32)[None, :]
        distance[k] = np.hypot(x, y)
        turn = np.rint(np.arctan2(x, -y) * np.float32(ANGLES / (2 * np.pi))).astype(np.int16)
        ray[k] = turn % ANGLES
    return distance, ray
