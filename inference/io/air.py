"""How dense air is in a volume: the test of whether its numbers are Hounsfield units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.volume import PADDING_CEILING_HU, Volume

AIR_RANGE_HU = (-1100.0, -850.0)
"""Where the median of air lies if the numbers are Hounsfield units."""
_SLICES = 24
_PIXELS = 160
_LEAST_CONTRAST = 300.0
"""Air and tissue differ by about 1000 HU; two classes nearer than this are not air and tissue."""
_DARKEST = 0.02
_LEAST_OUTSIDE = 0.01


def is_air(value: float) -> bool:
    """Whether a median lies where air's does."""
    return AIR_RANGE_HU[0] <= value <= AIR_RANGE_HU[1]


def air_hu(volume: Volume) -> float | None:
    """Median of air outside the body; of the darkest air inside where there is none outside, or lung runs into it.

    Nothing is assumed of the scale: air is what is darker than Otsu's threshold, so a forgotten intercept or one
    applied twice shows. Padding (``padding_hu`` or at most -1500, as far as it reaches the edge) is left out.

    Returns
    -------
    A median in the volume's units; None where there is nothing like air.
    """
    sample = _sample(volume)
    padding = _reaching_edge(_padding(sample, volume.padding_hu))
    threshold = _threshold(sample[~padding])
    if threshold is None:
        return None
    low = (sample < threshold) & ~padding
    outside = _reaching_edge(low | padding) & low
    around = float(np.median(sample[outside])) if outside.sum() >= _LEAST_OUTSIDE * low.size else None
    if around is not None and around <= AIR_RANGE_HU[1]:
        return around
    inside = _darkest_inside(sample, low & ~outside)
    if around is None or (inside is not None and is_air(inside)):
        return inside
    return around


def _sample(volume: Volume) -> NDArray[np.int16]:
    """About 24 axial slices of about 160 pixels, missing ones left out."""
    axial, _ = volume.canonical()
    present = np.setdiff1d(np.arange(axial.array.shape[0]), axial.missing_slices)
    chosen = present[np.unique(np.linspace(0, present.size - 1, min(_SLICES, present.size)).round().astype(int))]
    rows, columns = (max(1, n // _PIXELS) for n in axial.array.shape[1:])
    return np.ascontiguousarray(axial.array[chosen][:, ::rows, ::columns])


def _padding(sample: NDArray[np.int16], padding_hu: int | None) -> NDArray[np.bool_]:
    padding = sample <= PADDING_CEILING_HU
    if padding_hu is not None:
        padding |= sample == padding_hu
    return padding


def _reaching_edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The parts of ``mask`` that reach the border of their slice (8-neighbours within the slice)."""
    from scipy import ndimage

    plane = np.zeros((3, 3, 3), dtype=bool)
    plane[1] = True
    labels: NDArray[Any]
    labels, count = ndimage.label(mask, structure=plane)
    touching = np.zeros(count + 1, dtype=bool)
    for edge in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        touching[np.unique(edge)] = True
    touching[0] = False
    return np.asarray(touching[labels])


def _threshold(values: NDArray[np.int16]) -> float | None:
    """Otsu's threshold, or None where its two classes are not as far apart as air and tissue."""
    if values.size < 100:
        return None
    low, high = np.percentile(values, (0.5, 99.5))
    if high - low < _LEAST_CONTRAST:
        return None
    counts, edges = np.histogram(values, bins=256, range=(float(low), float(high)))
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * middles)
    mean_below = sums[:-1] / np.maximum(below, 1)
    mean_above = (sums[-1] - sums[:-1]) / np.maximum(above, 1)
    best = int(np.argmax(below * above * (mean_above - mean_below) ** 2.0))
    if mean_above[best] - mean_below[best] < _LEAST_CONTRAST:
        return None
    return float(edges[best + 1])


def _darkest_inside(sample: NDArray[np.int16], inside: NDArray[np.bool_]) -> float | None:
    """Median of the darkest two hundredths of enclosed air, smoothed against noise: trachea and bronchi."""
    from scipy import ndimage

    kernel = np.ones((1, 3, 3))
    core = ndimage.binary_erosion(inside, structure=kernel.astype(bool))
    if core.sum() < 50:
        return None
    smooth = ndimage.uniform_filter(sample.astype(np.float32), size=(1, 3, 3))[core]
    darkest = smooth[smooth <= np.quantile(smooth, _DARKEST)]
    return float(np.median(darkest))
