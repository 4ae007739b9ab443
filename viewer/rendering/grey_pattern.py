"""A greyscale test pattern in the manner of SMPTE RP 133 and AAPM TG18-QC, drawn pixel by pixel. No Qt.

Steps from black to white, a 5 % square in black and a 95 % square in white, ramps, and lines of one and two pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

STEPS = tuple(range(0, 256, 15))
"""The grey levels of the steps: 18 of them, 15 levels apart."""
BACKGROUND = 128
FIVE_PERCENT, NINETY_FIVE_PERCENT = 13, 242
SMALLEST = 360
"""Side in pixels below which the parts would run into one another."""
_LINE = 192


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels, half-open."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def pixels(self) -> tuple[slice, slice]:
        """The rectangle as an index."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def inner(self, share: float) -> Box:
        """The rectangle of the same middle and that share of its sides."""
        down, across = (
            round((end - start) * (1 - share) / 2)
            for start, end in ((self.top, self.bottom), (self.left, self.right))
        )  # fmt: skip
        return Box(self.top + down, self.bottom - down, self.left + across, self.right - across)


@dataclass(frozen=True, eq=False)
class GreyPattern:
    """``pixels`` (rows, columns) of uint8, and where its parts lie."""

    pixels: NDArray[np.uint8]
    steps: tuple[Box, ...]
    """The boxes of :data:`STEPS`, in their order."""
    black: Box
    white: Box
    """The black square that holds the 5 % one, and the white one that holds the 95 % one."""


def grey_pattern(width: int, height: int) -> GreyPattern:
    """The pattern for a place of that many device pixels; the square of it lies in the middle.

    Parameters
    ----------
    width, height
        At least :data:`SMALLEST` each; smaller ones are drawn as large as that and cut off by whoever shows them.
    """
    width, height = max(width, SMALLEST), max(height, SMALLEST)
    side = min(width, height)
    pixels = np.full((height, width), BACKGROUND, np.uint8)
    _grid(pixels, side // 12)
    top, left, unit = (height - side) // 2, (width - side) // 2, side / 12

    def box(row: float, column: float, rows: float, columns: float) -> Box:
        first, across = (row, row + rows), (column, column + columns)
        return Box(*(top + _near(edge * unit) for edge in first), *(left + _near(edge * unit) for edge in across))

    steps = tuple(box(*_place(number), 1.5, 1.1) for number in range(len(STEPS)))
    for level, place in zip(STEPS, steps, strict=True):
        pixels[place.pixels] = level
    black, white = box(5.1, 3.2, 1.8, 1.8), box(5.1, 7.0, 1.8, 1.8)
    for place, outside, inside in ((black, 0, FIVE_PERCENT), (white, 255, NINETY_FIVE_PERCENT)):
        pixels[place.pixels] = outside
        pixels[place.inner(0.5).pixels] = inside
    _ramp(pixels, box(0.5, 1.05, 0.8, 9.9), rising=True)
    _ramp(pixels, box(10.7, 1.05, 0.8, 9.9), rising=False)
    for row, column in ((5.4, 0.3), (5.4, 5.4), (5.4, 10.5)):
        _lines(pixels, box(row, column, 1.2, 1.2))
    return GreyPattern(pixels, steps, black, white)


def _near(pixels: float) -> int:
    """The nearest whole pixel; halves go up, so that parts reckoned by different sums still touch."""
    return floor(pixels + 0.5 + 1e-6)


def _place(number: int) -> tuple[float, float]:
    """Row and column of a step in units: nine above the middle rise to the right, nine below it go on leftwards."""
    half = len(STEPS) // 2
    column = number if number < half else len(STEPS) - 1 - number
    return (2.6 if number < half else 7.9), 1.05 + 1.1 * column


def _grid(pixels: NDArray[np.uint8], pitch: int) -> None:
    """Lines of one pixel, for the geometry, and the border at the very edge."""
    rows, columns = pixels.shape
    pixels[rows // 2 % pitch :: pitch] = _LINE
    pixels[:, columns // 2 % pitch :: pitch] = _LINE
    pixels[[0, -1]] = 255
    pixels[:, [0, -1]] = 255


def _ramp(pixels: NDArray[np.uint8], place: Box, *, rising: bool) -> None:
    ramp = np.linspace(0, 255, place.right - place.left)
    pixels[place.pixels] = np.rint(ramp if rising else ramp[::-1]).astype(np.uint8)


def _lines(pixels: NDArray[np.uint8], place: Box) -> None:
    """Four quarters: lines of one and of two pixels, standing and lying."""
    rows, columns = np.indices((place.bottom - place.top, place.right - place.left))
    upper, before = rows < rows.shape[0] // 2, columns < rows.shape[1] // 2
    along = np.where(before, columns, rows)
    bright = np.where(upper, along % 2, along // 2 % 2) == 1
    pixels[place.pixels] = np.where(bright, 255, 0)
