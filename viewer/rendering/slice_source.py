"""Slices and slabs out of a volume and its masks, on the screen's grid. Views wherever possible, no Qt."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from inference.io.study import FirstImage
from inference.volume import Volume, VolumeGeometry
from viewer.rendering.lesion_mask import LesionMask
from viewer.rendering.lut import is_padding
from viewer.rendering.plane import PlaneGrid, acquired_plane
from viewer.state.measurements import Plane
from viewer.state.session import Projection, Slab, ViewTransform

T = TypeVar("T", bound=np.generic)


class SliceSource:
    """One open volume as slice views need it: in canonical orientation."""

    def __init__(self, volume: Volume, monochrome1: bool = False) -> None:
        self.volume, self._turn = volume.canonical()
        self._source_shape = volume.geometry.shape
        self.monochrome1 = monochrome1
        """Whether the file asks for low values to be white (PS3.3 C.7.6.3.1.2)."""
        self.only_plane: Plane | None = acquired_plane(volume.geometry) if volume.geometry.shape[0] == 1 else None
        """The one plane that can be shown, where the volume is a single slice."""
        self._missing_axis = self._turn.axes.index(0)
        self._missing = frozenset(
            volume.geometry.shape[0] - 1 - k if self._turn.flips[self._missing_axis] else k
            for k in volume.missing_slices
        )

    @classmethod
    def of_first_image(cls, first: FirstImage) -> SliceSource:
        """The source that stands in while a series loads: its first decoded slice alone, in its true place."""
        geometry = first.geometry
        affine = np.array(geometry.affine)
        affine[:3, 3] += first.k * affine[:3, 2]
        single = VolumeGeometry(
            (1, *geometry.shape[1:]), affine, geometry.frame_of_reference_uid, geometry.orientation_known,
            geometry.spacing_known,
        )  # fmt: skip
        return cls(Volume(first.pixels[np.newaxis], single, first.units), first.info.monochrome1)

    @property
    def geometry(self) -> VolumeGeometry:
        """The canonical geometry, to which every index here refers."""
        return self.volume.geometry

    def grid(self, plane: Plane, transform: ViewTransform) -> PlaneGrid:
        """The screen's grid of a plane."""
        return PlaneGrid(self.geometry, plane, transform)

    def shows(self, plane: Plane) -> bool:
        """Whether that plane can be shown at all."""
        return self.only_plane in (None, plane)

    def is_missing(self, grid: PlaneGrid, index: int) -> bool:
        """Whether the source lacks this slice."""
        return self.stacked_along(grid) and index in self._missing

    def stacked_along(self, grid: PlaneGrid) -> bool:
        """Whether that plane's slices are those that were taken, not cut across them."""
        return grid.normal_axis == self._missing_axis

    def image(self, grid: PlaneGrid, index: int, slab: Slab | None = None) -> NDArray[np.int16]:
        """Slice ``index``, int16 (rows, columns) as on the screen, or the slab's projection round it."""
        if slab is None or slab.projection is Projection.NONE:
            return grid.on_screen(self.volume.array, index)
        members = [n for n in slab_range(grid, index, slab) if not self.is_missing(grid, n)]
        if len(members) < 2:
            return grid.on_screen(self.volume.array, members[0] if members else index)
        stack = np.moveaxis(self.volume.array, grid.normal_axis, 0)
        contiguous = members[-1] - members[0] + 1 == len(members)
        block = stack[members[0] : members[-1] + 1] if contiguous else stack[members]
        return grid.laid_out(_project(block, slab.projection, self.volume))

    def slice_of(self, grid: PlaneGrid, index: int, mask: NDArray[T] | None) -> NDArray[T] | None:
        """Slice ``index`` of a mask or heat map on the volume's own grid; None where it is of another series."""
        if mask is None or mask.shape != self._source_shape:
            return None
        return grid.on_screen(self._turn.apply(mask), index)

    def canonical_lesion(self, mask: LesionMask) -> LesionMask:
        """A lesion's voxels in canonical orientation."""
        return mask.reoriented(self._turn, self._source_shape)

    def value(self, grid: PlaneGrid, index: int, x: float, y: float) -> int | None:
        """The stored value of the voxel at a place on the screen; None outside the slice or where it is padding."""
        row, column = int(np.floor(y)), int(np.floor(x))
        if not (0 <= row < grid.shape[0] and 0 <= column < grid.shape[1]) or self.is_missing(grid, index):
            return None
        voxel = grid.on_screen(self.volume.array, index)[row : row + 1, column : column + 1]
        return None if is_padding(voxel, self.volume)[0, 0] else int(voxel[0, 0])


def slab_slices(grid: PlaneGrid, slab: Slab) -> int:
    """How many slices fit a slab's thickness, at least one."""
    return max(1, round(slab.thickness_mm / grid.slice_mm))


def slab_range(grid: PlaneGrid, index: int, slab: Slab) -> range:
    """The slices of a slab round ``index``: as many as fit its thickness, at least one, inside the volume."""
    slices = slab_slices(grid, slab)
    first = index - (slices - 1) // 2
    return range(max(0, first), min(grid.count, first + slices))


def _project(block: NDArray[np.int16], projection: Projection, volume: Volume) -> NDArray[np.int16]:
    """Project slices (first axis); padding never enters, and stays padding where nothing else lies."""
    if projection is Projection.MIP:
        return np.asarray(block.max(axis=0))
    outside = is_padding(block, volume)
    any_outside = bool(outside.any())
    if projection is Projection.MINIP:
        if not any_outside:
            return np.asarray(block.min(axis=0))
        least = np.where(outside, np.int16(32767), block).min(axis=0)
        return np.asarray(np.where(outside.all(axis=0), block[0], least), dtype=np.int16)
    if not any_outside:
        return np.asarray(np.rint(block.mean(axis=0, dtype=np.float32)), dtype=np.int16)
    inside = (~outside).sum(axis=0)
    mean = np.where(outside, 0, block).sum(axis=0, dtype=np.float64) / np.maximum(inside, 1)
    return np.asarray(np.where(inside > 0, np.rint(mean), block[0]), dtype=np.int16)
