"""Figures of measurements on one slice: lengths, angles and the Hounsfield units under a region. No Qt.

Regions count the pixels whose centre lies inside. Padding never enters a figure. The standard deviation is that of
the counted pixels (divided by their number).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.volume import Point, Volume
from viewer.rendering.lut import is_padding
from viewer.rendering.plane import PlaneGrid


@dataclass(frozen=True)
class RegionStatistics:
    """``area`` is the drawn outline's, in mm2 (or pixels without a spacing); the values are in the volume's units."""

    count: int
    area: float
    mean: float | None
    sd: float | None
    minimum: int | None
    maximum: int | None


def length(points: tuple[Point, ...]) -> float:
    """Distance of two points, in mm."""
    return float(np.linalg.norm(np.subtract(points[1], points[0])))


def angle(points: tuple[Point, ...]) -> float | None:
    """Degrees at the middle one of three points; None where two of them fall together."""
    first, second = np.subtract(points[0], points[1]), np.subtract(points[2], points[1])
    product = float(np.linalg.norm(first) * np.linalg.norm(second))
    if product == 0:
        return None
    return float(np.degrees(np.arccos(np.clip(first @ second / product, -1, 1))))


def ellipse(grid: PlaneGrid, pixels: NDArray[np.int16], volume: Volume, points: tuple[Point, ...]) -> RegionStatistics:
    """Statistics inside the ellipse whose box has the two given corners; ``pixels`` is the slice as on the screen."""
    (_, x0, y0), (_, x1, y1) = grid.locate(points[0]), grid.locate(points[1])
    centre_x, centre_y, half_x, half_y = (x0 + x1) / 2, (y0 + y1) / 2, abs(x1 - x0) / 2, abs(y1 - y0) / 2
    area = float(np.pi * half_x * half_y) * _pixel_area(grid)
    rows, columns = grid.shape
    top, bottom = max(0, int(np.floor(centre_y - half_y))), min(rows, int(np.ceil(centre_y + half_y)) + 1)
    left, right = max(0, int(np.floor(centre_x - half_x))), min(columns, int(np.ceil(centre_x + half_x)) + 1)
    if bottom <= top or right <= left or half_x == 0 or half_y == 0:
        return RegionStatistics(0, area, None, None, None, None)
    across = (np.arange(left, right) + 0.5 - centre_x) / half_x
    down = (np.arange(top, bottom) + 0.5 - centre_y) / half_y
    inside = across[np.newaxis, :] ** 2 + down[:, np.newaxis] ** 2 <= 1.0
    return _statistics(pixels[top:bottom, left:right][inside], volume, area)


def probe(grid: PlaneGrid, pixels: NDArray[np.int16], volume: Volume, point: Point) -> RegionStatistics:
    """Statistics of the 3x3 pixels round a point (fewer at the slice's edge)."""
    _, x, y = grid.locate(point)
    row, column = int(np.floor(y)), int(np.floor(x))
    rows, columns = grid.shape
    block = pixels[max(0, row - 1) : min(rows, row + 2), max(0, column - 1) : min(columns, column + 2)]
    return _statistics(block.reshape(-1), volume, block.size * _pixel_area(grid))


def _statistics(values: NDArray[np.int16], volume: Volume, area: float) -> RegionStatistics:
    counted = values[~is_padding(values, volume)]
    if not counted.size:
        return RegionStatistics(0, area, None, None, None, None)
    exact = counted.astype(np.float64)
    return RegionStatistics(
        int(counted.size), area, float(exact.mean()), float(exact.std()), int(counted.min()), int(counted.max())
    )


def _pixel_area(grid: PlaneGrid) -> float:
    return grid.pixel_mm[0] * grid.pixel_mm[1] if grid.geometry.spacing_known else 1.0
