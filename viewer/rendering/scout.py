"""The scout: a small overview of the whole scan with the height of the present slice on it. No Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.io.study import LoadedSeries
from inference.volume import Point
from viewer.rendering.lut import is_padding
from viewer.rendering.plane import PlaneGrid, acquired_plane
from viewer.rendering.slice_source import SliceSource
from viewer.state.session import Slab, ViewTransform

_SAMPLES = (256, 48, 256)
"""At most so many voxels along ``(k, j, i)`` enter a made scout: it takes a few milliseconds."""


def scout_of_localizer(localizer: LoadedSeries) -> tuple[PlaneGrid, NDArray[np.uint8]]:
    """The localizer's own picture, stretched over its values, and its grid."""
    source = SliceSource(localizer.volume)
    grid = source.grid(acquired_plane(localizer.volume.geometry), ViewTransform())
    return grid, stretched(source.image(grid, grid.count // 2, Slab()).astype(np.float32))


def made_scout(loaded: LoadedSeries) -> tuple[PlaneGrid, NDArray[np.uint8]]:
    """A coarse coronal mean projection of a volume, like a film from the front; padding counts as air."""
    source = SliceSource(loaded.volume)
    grid = source.grid("coronal", ViewTransform())
    steps = [max(1, size // samples) for size, samples in zip(source.geometry.shape, _SAMPLES, strict=True)]
    block = source.volume.array[tuple(slice(None, None, step) for step in steps)]
    mean = np.where(is_padding(block, source.volume), np.int16(-1000), block).mean(axis=1, dtype=np.float32)
    return grid, stretched(np.asarray(grid.laid_out(mean)))


def reference_line(
    scout: PlaneGrid, axial: PlaneGrid, crosshair: Point
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where the present axial slice cuts the scout: two ends in the scout's pixels, across the axial slice's width."""
    index = axial.nearest(crosshair)
    rows, columns = axial.shape
    ends = [scout.locate(axial.point(index, x, rows / 2))[1:] for x in (0.0, float(columns))]
    return ends[0], ends[1]


def stretched(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Grey 0..255 between the 1st and the 99.5th percentile."""
    low, high = np.percentile(values, (1, 99.5))
    return np.asarray(np.clip((values - low) / max(float(high - low), 1e-6), 0, 1) * 255, dtype=np.uint8)
