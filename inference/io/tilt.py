"""Tilted gantries: a sheared stack becomes an orthogonal grid, and masks find their way back.

Slices of a tilted gantry are parallel, but each lies shifted in its own plane against the one before. Taking that
shift out moves every slice within its plane only; nothing is interpolated between slices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inference.errors import SeriesError
from inference.io.reader import PADDING_HU
from inference.volume import PADDING_CEILING_HU, VolumeGeometry

MAX_GROWTH = 4.0
"""A grid that would grow by more than this factor is no gantry tilt but a broken header."""
MAX_SKEW = 0.02
"""Largest cosine between rows and columns (1.1 degree): headers written with two decimals reach 0.01."""


@dataclass(frozen=True, eq=False)
class Straightening:
    """Shifts of each slice, in pixels, from the sheared grid to the orthogonal one.

    ``shifts[k]`` is (rows, columns), never negative: source pixel ``(j, i)`` lies at ``(j, i) + shifts[k]``.
    """

    source: VolumeGeometry
    target: VolumeGeometry
    shifts: NDArray[np.float64]

    def straighten(self, k: int, pixels: NDArray[np.int16], out: NDArray[np.int16]) -> None:
        """Place slice ``k`` in the orthogonal grid (linear between pixels, nearest beside padding)."""
        rows, columns = self.shifts[k]
        out[...] = _shifted(_shifted(pixels, float(rows), out.shape[0], 0), float(columns), out.shape[1], 1)

    def restore(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A mask of the orthogonal grid on the source grid (nearest pixel)."""
        restored = np.zeros(self.source.shape, dtype=np.uint8)
        _, rows, columns = self.source.shape
        for k, (row, column) in enumerate(np.rint(self.shifts).astype(int)):
            restored[k] = labels[k, row : row + rows, column : column + columns]
        return restored


def straightening(geometry: VolumeGeometry) -> Straightening | None:
    """How to make the grid orthogonal; None where it is already.

    Raises
    ------
    SeriesError
        If rows and columns themselves are not perpendicular, or the shear is beyond any gantry's tilt.
    """
    if geometry.is_orthogonal:
        return None
    column, row, step = geometry.affine[:3, :3].T
    cosine = float(column @ row / (np.linalg.norm(column) * np.linalg.norm(row)))
    if abs(cosine) > MAX_SKEW:
        raise SeriesError(
            "The rows and columns of this volume are not perpendicular, so it cannot be shown undistorted."
        )
    normal = np.cross(column, row) / np.linalg.norm(np.cross(column, row))
    drift = np.array([step @ row / (row @ row), step @ column / (column @ column)])
    shifts = np.arange(geometry.shape[0])[:, None] * drift
    first = np.floor(shifts.min(axis=0) + 1e-6)
    shifts = np.maximum(0.0, shifts - first)
    grown = np.ceil(shifts.max(axis=0) - 1e-6).astype(int)
    rows, columns = geometry.shape[1] + int(grown[0]), geometry.shape[2] + int(grown[1])
    if rows * columns > MAX_GROWTH * geometry.shape[1] * geometry.shape[2]:
        raise SeriesError("The slices of this series lie too far askew to be one volume; its positions are damaged.")
    affine = np.array(geometry.affine)
    affine[:3, 2] = normal * (step @ normal)
    affine[:3, 3] += first[0] * row + first[1] * column
    target = replace(geometry, shape=(geometry.shape[0], rows, columns), affine=affine)
    return Straightening(geometry, target, shifts)


def _shifted(pixels: NDArray[np.int16], shift: float, length: int, axis: int) -> NDArray[np.int16]:
    """``pixels`` moved by ``shift`` along ``axis`` into an image ``length`` long, padding around."""
    whole = int(np.floor(shift + 1e-6))
    part = shift - whole
    source = np.moveaxis(pixels, axis, 0)
    moved = np.full((length + 1, source.shape[1]), PADDING_HU, dtype=np.int16)
    moved[whole + 1 : whole + 1 + source.shape[0]] = source[: length - whole]
    here, before = moved[1:], moved[:-1]
    if part < 1e-4:
        return np.moveaxis(here, 0, axis)
    mixed = np.rint(np.float32(1 - part) * here + np.float32(part) * before).astype(np.int16)
    beside_padding = (here <= PADDING_CEILING_HU) | (before <= PADDING_CEILING_HU)
    nearest = before if part > 0.5 else here
    return np.moveaxis(np.where(beside_padding, nearest, mixed), 0, axis)
