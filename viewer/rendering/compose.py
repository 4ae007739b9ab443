"""From values and labels to two small 32-bit pictures, one opaque and one premultiplied to lie over it. No Qt.

They stay on the slice's own pixel grid. The image may be interpolated when it is enlarged; the labels never are, so
what is drawn is exactly the mask, voxel for voxel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.rendering.palette import HOVERED, MaskStyle, premultiplied


class Composer:
    """Fills preallocated buffers, so that scrolling allocates nothing large."""

    def __init__(self) -> None:
        self._grey = np.zeros((1, 1), np.uint32)
        self._over = np.zeros((1, 1), np.uint32)

    def image(self, values: NDArray[np.int16], table: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """``0xffRRGGBB`` of values through a table of :func:`viewer.rendering.lut.rgb_table`; valid until the next."""
        if self._grey.shape != values.shape:
            self._grey = np.empty(values.shape, np.uint32)
        np.take(table, values.view(np.uint16), out=self._grey, mode="clip")
        return self._grey

    def overlay(
        self,
        masks: list[tuple[NDArray[np.uint8], MaskStyle]],
        heat: tuple[NDArray[np.float32], NDArray[np.uint32]] | None = None,
        outlined: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.uint32] | None:
        """Premultiplied ``0xAARRGGBB`` of labels (later over earlier, heat lowest), or None where nothing is drawn.

        ``outlined`` marks a lesion whose border is drawn in white above everything. Valid until the next call.
        """
        layers = [mask.shape for mask, _ in masks]
        layers += [] if heat is None else [heat[0].shape]
        layers += [] if outlined is None else [outlined.shape]
        if not layers:
            return None
        shape = layers[0]
        if self._over.shape != shape:
            self._over = np.empty(shape, np.uint32)
        drawn = False
        if heat is not None:
            step = np.rint(np.clip(np.nan_to_num(heat[0]), 0, 1) * 255).astype(np.uint8)
            np.take(heat[1], step, out=self._over, mode="clip")
            drawn = True
        for mask, style in masks:
            if style.nothing or not (drawn or mask.any()):
                continue
            colours = _coloured(mask, style)
            if drawn:
                _lay_over(self._over, colours)
            else:
                self._over[...] = colours
                drawn = True
        if outlined is not None and outlined.any():
            if not drawn:
                self._over.fill(0)
            self._over[border(outlined.view(np.uint8))] = premultiplied(HOVERED, 1.0)
            drawn = True
        return self._over if drawn else None


def border(codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The pixels of every label that have another label, or the picture's end, beside, above or below them."""
    padded = np.pad(codes, 1)
    middle = padded[1:-1, 1:-1]
    edge = middle != padded[:-2, 1:-1]
    edge |= middle != padded[2:, 1:-1]
    edge |= middle != padded[1:-1, :-2]
    edge |= middle != padded[1:-1, 2:]
    return np.asarray(edge & (middle != 0))


def blend(image: NDArray[np.uint32], over: NDArray[np.uint32] | None) -> NDArray[np.uint8]:
    """Both pictures as one, ``(rows, columns, 3)`` RGB 0..255: what the screen shows where one voxel is one pixel."""
    rgb = np.stack([(image >> shift) & 255 for shift in (16, 8, 0)], axis=-1).astype(np.float64)
    if over is not None:
        colour = np.stack([(over >> shift) & 255 for shift in (16, 8, 0)], axis=-1)
        alpha = (over >> 24)[..., np.newaxis] / 255.0
        rgb = colour + rgb * (1 - alpha)
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def _coloured(mask: NDArray[np.uint8], style: MaskStyle) -> NDArray[np.uint32]:
    codes = mask
    if style.outlined.any():
        codes = np.where(style.outlined[mask] & ~border(mask), np.uint8(0), mask)
    return np.take(style.colours, codes, mode="clip")


def _lay_over(below: NDArray[np.uint32], above: NDArray[np.uint32]) -> None:
    """Porter-Duff "over" of premultiplied pixels, in place, only where ``above`` holds something."""
    where = np.nonzero(above)
    top, bottom = above[where], below[where]
    keep = 255 - (top >> 24)
    result = top.copy()
    for shift in (24, 16, 8, 0):
        channel = ((bottom >> shift) & 255) * keep
        result += ((channel + 127) // 255) << np.uint32(shift)
    below[where] = result
