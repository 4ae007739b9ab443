"""A small picture of a series: its middle slice in its own window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.io.loading import middle
from inference.io.reader import SeriesSource
from inference.io.study import SeriesInfo, WindowLevel
from inference.io.volume_source import AIR_CEILING_HU
from inference.volume import PADDING_CEILING_HU, VolumeGeometry

_LUNG = WindowLevel(1500, -600)


def thumbnail(info: SeriesInfo, size: int = 96) -> NDArray[np.uint8]:
    """The middle slice as uint8, ``size`` pixels on its longer side, turned as a radiologist looks at it.

    Raises
    ------
    SeriesError
        If the slice cannot be read.
    """
    source: SeriesSource | None = info.source
    if source is None:
        return np.zeros((size, size), dtype=np.uint8)
    k = middle(source)
    pixels = np.empty(source.geometry.shape[1:], dtype=np.int16)
    reader = source.open()
    try:
        reader.read(k, pixels)
    finally:
        reader.close()
    upright, (row_mm, column_mm) = _upright(pixels, source.geometry)
    grey = _windowed(upright, info.windows[0] if info.windows else _window(pixels))
    return _reduced(grey, row_mm, column_mm, size)


def _upright(pixels: NDArray[np.int16], geometry: VolumeGeometry) -> tuple[NDArray[np.int16], tuple[float, float]]:
    """The slice with front or head up and the patient's right on the left, and its pixel size (rows, columns)."""
    if not geometry.orientation_known and np.array_equal(geometry.affine, np.eye(4)):
        return pixels, (1.0, 1.0)
    turn = geometry.orientation
    turned = turn.apply(pixels[None])
    spacing = [geometry.spacing_mm[axis] for axis in turn.axes]
    through = turn.axes.index(0)
    flat = np.take(turned, 0, axis=through)
    row_mm, column_mm = (mm for axis, mm in enumerate(spacing) if axis != through)
    return (flat if through == 0 else flat[::-1]), (row_mm, column_mm)


def _window(pixels: NDArray[np.int16]) -> WindowLevel:
    inside = pixels[pixels > PADDING_CEILING_HU]
    if inside.size == 0 or inside.min() <= AIR_CEILING_HU:
        return _LUNG
    low, high = np.percentile(inside, (1, 99))
    if high <= low:
        low, high = inside.min(), inside.max()
    return WindowLevel(max(1.0, float(high - low)), float(low + high) / 2)


def _windowed(pixels: NDArray[np.int16], window: WindowLevel) -> NDArray[np.uint8]:
    scaled = (pixels.astype(np.float32) - (window.level - window.width / 2)) * (255.0 / max(window.width, 1.0))
    return np.asarray(np.clip(scaled, 0, 255).astype(np.uint8))


def _reduced(grey: NDArray[np.uint8], row_mm: float, column_mm: float, size: int) -> NDArray[np.uint8]:
    from PIL import Image

    height, width = grey.shape[0] * row_mm, grey.shape[1] * column_mm
    scale = size / max(height, width)
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(np.ascontiguousarray(grey)).resize(target, Image.Resampling.BOX))
