"""What the scanner adds: the blur of its point spread and noise with a grain."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from inference.demo.fields import Axes, Floats

SPREAD_MM = 0.48
"""Standard deviation of the point spread in the slice: a standard kernel."""

_TILES = 12


class Scanner:
    """Blurs and adds noise, a slab of slices at a time."""

    def __init__(self, axes: Axes, rng: np.random.Generator, noise_hu: float) -> None:
        self._rng, self._noise_hu = rng, noise_hu
        self._pixel = axes.steps[2]
        shape = (_TILES, len(axes.y), len(axes.x))
        white = rng.standard_normal(shape, dtype=np.float32)
        grain = max(0.35, 0.5 / self._pixel)
        band = gaussian_filter(white, (0.0, grain, grain), mode="wrap")
        band -= gaussian_filter(white, (0.0, 3.2 * grain, 3.2 * grain), mode="wrap")
        self._grain: Floats = band / band.std()
        streak = gaussian_filter(white[:4], (0.0, 0.8 * grain, 16.0 * grain), mode="wrap")
        self._streak: Floats = streak / streak.std()

    def blur(self, slab: Floats) -> Floats:
        """The slab as the scanner resolves it."""
        sigma = SPREAD_MM / self._pixel
        if sigma < 0.25:
            return slab
        blurred = gaussian_filter1d(slab, sigma, axis=2, truncate=3.0)
        return np.asarray(gaussian_filter1d(blurred, sigma, axis=1, truncate=3.0), dtype=np.float32)

    def add_noise(self, slab: Floats, loads: list[float], streaks: list[float]) -> None:
        """Noise in place; ``loads`` scales it for each slice, ``streaks`` adds that share in horizontal stripes."""
        if not self._noise_hu:
            return
        for image, load, streak in zip(slab, loads, streaks, strict=True):
            first, second = self._rng.integers(0, _TILES, 2)
            mix = float(self._rng.uniform(0.0, 2.0 * np.pi))
            image += np.float32(self._noise_hu * load * np.cos(mix)) * self._rolled(self._grain[first])
            image += np.float32(self._noise_hu * load * np.sin(mix)) * self._rolled(self._grain[second])
            if streak > 0.01:
                number = int(self._rng.integers(0, len(self._streak)))
                image += np.float32(self._noise_hu * streak) * self._rolled(self._streak[number])

    def _rolled(self, tile: Floats) -> Floats:
        rows, columns = (int(self._rng.integers(0, size)) for size in tile.shape)
        return np.roll(tile, (rows, columns), axis=(0, 1))
