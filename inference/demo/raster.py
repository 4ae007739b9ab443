"""Tubes drawn on the fine grid, each in its own small box, averaged over the thickness of the slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.demo.fields import Axes
from inference.demo.shapes import capsule
from inference.demo.trees import Segments

FULL = 250
"""The value of a voxel that lies wholly inside (coverage is kept in steps of 1/250)."""


def coverage(segments: Segments, axes: Axes) -> NDArray[np.uint8]:
    """How much of each voxel the segments fill, 0 to :data:`FULL`."""
    out = np.zeros(axes.shape, np.uint8)
    dz, _, pixel = axes.steps
    layers = max(1, round(dz / 0.9))
    below = (np.arange(layers) - (layers - 1) / 2) * dz / layers
    z, y, x = (axis.astype(np.float32) for axis in axes.all)
    for start, end, r0, r1 in zip(segments.start, segments.end, segments.r0, segments.r1, strict=True):
        reach = max(r0, r1) + pixel
        lower, upper = np.minimum(start, end) - reach, np.maximum(start, end) + reach
        box = axes.box((lower[2] - dz / 2, lower[1], lower[0]), (upper[2] + dz / 2, upper[1], upper[0]))
        if any(part.stop <= part.start for part in box):
            continue
        height = (z[box[0], None] + below.astype(np.float32)).reshape(-1, 1, 1)
        gap = capsule((height, y[None, box[1], None], x[None, None, box[2]]), start, end, r0, r1)
        filled = np.clip(0.5 - gap / np.float32(pixel), 0.0, 1.0)
        filled = filled.reshape(-1, layers, *filled.shape[1:]).mean(axis=1)
        thin = min(1.0, (2.2 * max(r0, r1) / pixel) ** 2)
        np.maximum(out[box], (filled * (FULL * thin)).astype(np.uint8), out=out[box])
    return out


def distance(segments: Segments, axes: Axes) -> NDArray[np.int8]:
    """Tenths of a mm to the nearest segment's surface, negative inside, cut off at +-12.7 mm."""
    out = np.full(axes.shape, 127, np.int8)
    z, y, x = (axis.astype(np.float32) for axis in axes.all)
    for start, end, r0, r1 in zip(segments.start, segments.end, segments.r0, segments.r1, strict=True):
        reach = max(r0, r1) + 3.0
        box = axes.box((np.minimum(start, end) - reach)[::-1], (np.maximum(start, end) + reach)[::-1])
        if any(part.stop <= part.start for part in box):
            continue
        gap = capsule((z[box[0], None, None], y[None, box[1], None], x[None, None, box[2]]), start, end, r0, r1)
        np.minimum(out[box], np.clip(gap * 10.0, -127, 127).astype(np.int8), out=out[box])
    return out
