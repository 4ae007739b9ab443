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

from inference.systems.densitometry.morphology import Mask, box, opened
from inference.systems.densitometry.scene import Scene

ANGLES = 180
"""Rays per slice; ray 0 points to the front, ray ``ANGLES // 4`` to high ``i`` (the patient's left)."""

Rays = NDArray[np.float64]
"""A figure for each slice and ray, ``(slices, ANGLES)``."""

_STEP_MM = 1.5
_STEPS = np.arange(140) * _STEP_MM


@dataclass(frozen=True)
class RibCage:
    """``radius`` in mm; so are ``lung_radius`` and ``lung_inner``, where each ray leaves the lung for good and first
    meets it (NaN: no lung on the ray).

    ``distance`` (mm) and ``ray`` give each voxel's place in that picture. ``ribs_seen`` is False where no bone was
    found and the lungs' own outline stands in: then nothing can be said about what lies between lung and ribs.
    """

    radius: Rays
    lung_radius: Rays
    lung_inner: Rays
    distance: NDArray[np.float32]
    ray: NDArray[np.uint8]
    ribs_seen: bool

    def inside(self, margin_mm: float) -> Mask:
        """Voxels that lie inside the ribs by more than the margin."""
        return self.distance < self.per_voxel(self.radius - margin_mm)

    def per_voxel(self, values: Rays) -> NDArray[np.float32]:
        """Values given per slice and ray, looked up for each voxel."""
        slices = np.arange(values.shape[0])[:, None, None]
        return np.asarray(values.astype(np.float32)[slices, self.ray])


def mirrored(values: Rays) -> Rays:
    """Per-ray values with right and left exchanged."""
    return np.asarray(values[:, (-np.arange(ANGLES)) % ANGLES])


def find_rib_cage(scene: Scene, lung: Mask) -> RibCage:
    """Measure the rib cage around the lungs found so far."""
    centre = _axis(scene)
    where = _samples(scene, *centre)
    on_ray = lung[where]
    any_lung = on_ray.any(axis=2)
    last = on_ray.shape[2] - 1 - on_ray[:, :, ::-1].argmax(axis=2)
    lung_radius = np.where(any_lung, _STEPS[last], np.nan)
    lung_inner = np.where(any_lung, _STEPS[on_ray.argmax(axis=2)], np.nan)
    scene.pulse()
    bone = _ribs(scene)[where]
    scene.pulse()
    radius, ribs_seen = _radius(bone, lung_radius, scene.spacing_mm[0])
    scene.pulse()
    distance, ray = _polar(scene, *centre)
    return RibCage(radius, lung_radius, lung_inner, distance, ray, ribs_seen)


def _radius(bone: Mask, lung_radius: Rays, dz: float) -> tuple[Rays, bool]:
    """The first rib beyond the lung on each ray, completed and smoothed; and whether ribs were seen at all."""
    seen = np.nan_to_num(lung_radius, nan=-1.0)
    near = _first(bone, np.where(seen > 0, seen - 3.0, np.inf), seen + 45.0)
    if np.isfinite(near).sum() < 0.1 * (seen > 0).sum():
        return _even(_complete(lung_radius + 3.0, dz), dz), False
    guess = _even(_complete(np.where(np.isfinite(near), near, 0.97 * mirrored(near)), dz), dz)
    return _even(_complete(_first(bone, np.maximum(seen - 3.0, 0.84 * guess), 1.3 * guess), dz), dz), True


def _first(bone: Mask, low: Rays, high: Rays) -> Rays:
    """Distance of the first bone on each ray between two bounds; NaN without."""
    hit = bone & (low[..., None] <= _STEPS) & (high[..., None] >= _STEPS)
    return np.where(hit.any(axis=2), _STEPS[hit.argmax(axis=2)], np.nan)


def _axis(scene: Scene) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Row and column of the rays' origin per slice: midway between front and back, over the spine."""
    middle = []
    for line in np.asarray(scene.body.any(axis=2)):
        used = np.flatnonzero(line)
        middle.append((used[0] + used[-1]) / 2 if used.size else (line.size - 1) / 2)
    dz = scene.spacing_mm[0]
    calm = ndimage.median_filter(np.array(middle), size=int(60.0 / dz) | 1, mode="nearest")
    return ndimage.gaussian_filter1d(calm, 20.0 / dz), ndimage.gaussian_filter1d(scene.spine, 20.0 / dz)


def _samples(
    scene: Scene, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.int32]]:
    """Indices of the voxels along every ray, each ``(slices, ANGLES, steps)`` after broadcasting."""
    slices, height, width = scene.hu.shape
    angle = np.arange(ANGLES) * 2 * np.pi / ANGLES
    j = rows[:, None, None] - _STEPS * np.cos(angle)[:, None] / scene.spacing_mm[1]
    i = columns[:, None, None] + _STEPS * np.sin(angle)[:, None] / scene.spacing_mm[2]
    return (
        np.arange(slices)[:, None, None],
        np.clip(np.rint(j), 0, height - 1).astype(np.int32),
        np.clip(np.rint(i), 0, width - 1).astype(np.int32),
    )


def _ribs(scene: Scene) -> Mask:
    """Bone that is thin (no heart or vessel full of contrast), spread to the neighbouring slices."""
    config, spacing = scene.config, scene.spacing_mm
    bone = (scene.hu > config.bone_hu) & scene.body
    where = box(bone, 0.0, spacing)
    part = np.ascontiguousarray(bone[where])
    bone[where] = part & ~opened(part, config.rib_thickness_mm / 2, spacing)
    size = int(config.rib_gap_mm / spacing[0]) | 1
    return np.asarray(ndimage.maximum_filter1d(bone.view(np.uint8), size, axis=0)) > 0


def _complete(values: Rays, dz: float) -> Rays:
    """Missing values taken from the nearest ray or slice that has one."""
    wrapped = np.tile(values, (1, 3))
    known = np.isfinite(wrapped)
    if not known.any():
        return np.full(values.shape, _STEPS[-1])
    nearest = ndimage.distance_transform_edt(
        ~known, sampling=(dz / 2, 200 * np.pi / ANGLES), return_distances=False, return_indices=True
    )
    return np.asarray(wrapped[tuple(nearest)][:, ANGLES : 2 * ANGLES])


def _even(values: Rays, dz: float) -> Rays:
    """Outliers out, then smooth: a median over about 16 mm and 18 degrees, and a Gaussian."""
    wrapped = np.tile(values, (1, 3))[:, ANGLES // 2 : ANGLES // 2 + 2 * ANGLES]
    calm = ndimage.median_filter(wrapped, size=(int(16.0 / dz) | 1, 9), mode="nearest")
    smooth = ndimage.gaussian_filter(calm, (4.0 / dz, 1.5))
    return np.asarray(smooth[:, ANGLES // 2 : ANGLES // 2 + ANGLES])


def _polar(
    scene: Scene, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    distance = np.empty(scene.hu.shape, np.float32)
    ray = np.empty(scene.hu.shape, np.uint8)
    _, dj, di = scene.spacing_mm
    for k in range(scene.hu.shape[0]):
        y = ((np.arange(scene.hu.shape[1]) - rows[k]) * dj).astype(np.float32)[:, None]
        x = ((np.arange(scene.hu.shape[2]) - columns[k]) * di).astype(np.float32)[None, :]
        distance[k] = np.hypot(x, y)
        turn = np.rint(np.arctan2(x, -y) * np.float32(ANGLES / (2 * np.pi))).astype(np.int16)
        ray[k] = turn % ANGLES
    return distance, ray
