"""The working grid: the body's box at about 1.3 mm, and the way back to every voxel of the source."""

from __future__ import annotations

from dataclasses import dataclass, replace

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

    def cropped(self, rows: slice, columns: slice) -> WorkingGrid:
        """The grid of a part of the blocks, by block indices."""
        start = (
            self.start[0],
            self.start[1] + rows.start * self.factors[1],
            self.start[2] + columns.start * self.factors[2],
        )
        return replace(self, start=start, shape=(self.shape[0], rows.stop - rows.start, columns.stop - columns.start))

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

    def restore(
        self, mask: NDArray[np.bool_], out: NDArray[np.uint8], code: int, over: NDArray[np.bool_] | None
    ) -> None:
        """Write ``code`` where the mask lies into ``out`` on the canonical grid; only over ``over`` where given.

        The outline is interpolated linearly between block centres.
        """
        extent = [min(self.source_shape[n] - self.start[n], self.shape[n] * self.factors[n]) for n in range(3)]
        levels, rows, columns = (_linear(extent[n], self.factors[n], self.shape[n]) for n in range(3))
        occupied = np.asarray(mask.any(axis=(1, 2)))
        for k in range(extent[0]):
            low, high, part = levels[0][k], levels[1][k], levels[2][k]
            if not (occupied[low] or occupied[high]):
                continue
            plane = mask[low].astype(np.float32)
            if part > 0:
                plane = plane * (1 - part) + mask[high] * part
            used = plane > 0
            if not used.any():
                continue
            window = _window(used.any(axis=1), rows), _window(used.any(axis=0), columns)
            fine = _along(_along(plane, rows, window[0], 0), columns, window[1], 1) > 0.5
            j, i = (slice(w.start + s, w.stop + s) for w, s in zip(window, self.start[1:], strict=True))
            if over is not None:
                fine &= over[self.start[0] + k, j, i]
            out[self.start[0] + k, j, i][fine] = code


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


Weights = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]


def _linear(extent: int, factor: int, blocks: int) -> Weights:
    """For each source voxel, the two block centres around it and the second one's weight."""
    position = np.clip((np.arange(extent) + 0.5) / factor - 0.5, 0, blocks - 1)
    low = np.floor(position).astype(np.intp)
    return low, np.minimum(low + 1, blocks - 1), (position - low).astype(np.float32)


def _window(used: NDArray[np.bool_], weights: Weights) -> slice:
    """The source voxels that a used block can reach."""
    reached = np.flatnonzero(used[weights[0]] | used[weights[1]])
    return slice(int(reached[0]), int(reached[-1]) + 1)


def _along(plane: NDArray[np.float32], weights: Weights, window: slice, axis: int) -> NDArray[np.float32]:
    low, high, part = weights[0][window], weights[1][window], weights[2][window]
    part = part[:, None] if axis == 0 else part[None, :]
    return np.asarray(np.take(plane, low, axis) * (1 - part) + np.take(plane, high, axis) * part, np.float32)
