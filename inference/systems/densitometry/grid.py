"""The working grid: the body's box at about 1.3 mm, and the way back to every voxel of the source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.systems.densitometry.config import DensitometryConfig
from inference.volume import PADDING_CEILING_HU, Volume

AIR_HU = -1024
_CEILING_HU = 1500


@dataclass(frozen=True)
class WorkingGrid:
    """A box of a canonical volume, averaged over blocks of ``factors`` voxels.

    ``start`` is the box's first source voxel, ``shape`` the number of blocks, ``spacing_mm`` their pitch; all in the
    order ``(k, j, i)``. ``source_shape`` is the canonical volume's.
    """

    source_shape: tuple[int, int, int]
    start: tuple[int, int, int]
    shape: tuple[int, int, int]
    factors: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]

    @property
    def voxel_ml(self) -> float:
        """Millilitres of one block."""
        return float(np.prod(self.spacing_mm)) / 1000.0

    def voxels(self, millilitres: float) -> int:
        """How many blocks make up that volume, at least one."""
        return max(1, round(millilitres / self.voxel_ml))

    def average(self, volume: Volume) -> NDArray[np.float32]:
        """Block means in HU, float32 ``shape``; padding and voxels beyond the volume count as air."""
        fk, fj, fi = self.factors
        out = np.empty(self.shape, np.float32)
        rows, columns = self.shape[1] * fj, self.shape[2] * fi
        for n in range(self.shape[0]):
            first = self.start[0] + n * fk
            source = volume.array[first : first + fk, self.start[1] :, self.start[2] :][:, :rows, :columns]
            block = without_padding(source, volume.padding_hu)
            short = (0, rows - block.shape[1]), (0, columns - block.shape[2])
            if any(after for _, after in short):
                block = np.pad(block, ((0, 0), *short), constant_values=AIR_HU)
            total = np.zeros(self.shape[1:], np.float32)
            for dj in range(fj):
                for di in range(fi):
                    total += block[:, dj::fj, di::fi].sum(axis=0, dtype=np.float32)
            out[n] = total / (block.shape[0] * fj * fi)
        return out

    def restore(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The mask on the canonical grid, its outline interpolated linearly between block centres."""
        out = np.zeros(self.source_shape, bool)
        extent = [
            min(self.source_shape[axis] - self.start[axis], self.shape[axis] * self.factors[axis]) for axis in range(3)
        ]
        (low_k, high_k, part_k), rows, columns = (
            _linear(extent[axis], self.factors[axis], self.shape[axis]) for axis in range(3)
        )
        j0, i0 = self.start[1:]
        target = out[self.start[0] :, j0 : j0 + extent[1], i0 : i0 + extent[2]]
        occupied = np.asarray(mask.any(axis=(1, 2)))
        for k in range(extent[0]):
            low, high, part = low_k[k], high_k[k], part_k[k]
            if not (occupied[low] or occupied[high]):
                continue
            plane = mask[low].astype(np.float32)
            if part > 0:
                plane = plane * (1 - part) + mask[high] * part
            target[k] = _along(_along(plane, rows, 0), columns, 1) > 0.5
        return out


def without_padding(array: NDArray[np.int16], padding_hu: int | None) -> NDArray[np.int16]:
    """A copy in which padding is air, and densities no tissue has are cut off."""
    clipped: NDArray[np.int16] = np.clip(array, AIR_HU, _CEILING_HU)
    if padding_hu is not None and padding_hu > PADDING_CEILING_HU:
        clipped[array == padding_hu] = AIR_HU
    return clipped


def working_grid(volume: Volume, config: DensitometryConfig) -> WorkingGrid:
    """The grid for a canonical volume: all slices, cropped in plane to what is not air."""
    spacing = volume.geometry.spacing_mm
    factors = (
        max(1, int(config.slice_mm / spacing[0])),
        max(1, round(config.in_plane_mm / spacing[1])),
        max(1, round(config.in_plane_mm / spacing[2])),
    )
    thin = volume.array[::4, ::4, ::4]
    dense = thin > config.body_hu
    if volume.padding_hu is not None:
        dense &= thin != volume.padding_hu
    start, shape = [0], [-(-volume.array.shape[0] // factors[0])]
    for axis in (1, 2):
        length = volume.array.shape[axis]
        used = np.flatnonzero(dense.sum(axis=tuple({0, 1, 2} - {axis})) > 2) * 4
        low, high = (max(0, int(used[0]) - 8), min(length, int(used[-1]) + 12)) if used.size else (0, length)
        start.append(low)
        shape.append(-(-(high - low) // factors[axis]))
    pitch = tuple(spacing[axis] * factors[axis] for axis in range(3))
    return WorkingGrid(
        (volume.array.shape[0], volume.array.shape[1], volume.array.shape[2]),
        (start[0], start[1], start[2]),
        (shape[0], shape[1], shape[2]),
        factors,
        (pitch[0], pitch[1], pitch[2]),
    )


def _linear(extent: int, factor: int, blocks: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """For each source voxel, the two block centres around it and the second one's weight."""
    position = np.clip((np.arange(extent) + 0.5) / factor - 0.5, 0, blocks - 1)
    low = np.floor(position).astype(np.intp)
    high = np.minimum(low + 1, blocks - 1)
    return low, high, (position - low).astype(np.float32)


def _along(
    plane: NDArray[np.float32], weights: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]], axis: int
) -> NDArray[np.float32]:
    low, high, part = weights
    part = part[:, None] if axis == 0 else part[None, :]
    return np.asarray(np.take(plane, low, axis) * (1 - part) + np.take(plane, high, axis) * part, np.float32)
