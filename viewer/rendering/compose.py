"""From values and labels to two small 32-bit pictures, one opaque and one premultiplied to lie over it. No Qt.

They stay on the slice's own pixel grid. The image may be interpolated when it is enlarged; the labels never are, so
what is drawn is exactly the mask, voxel for voxel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.rendering.palette import HOVERED, MaskStyle, OverlayStyle, lay_over, premultiplied


class Composer:
    """Fills preallocated buffers, so that scrolling allocates nothing large."""

    def __init__(self) -> None:
        self._grey = np.zeros((1, 1), np.uint32)
        self._over = np.zeros((1, 1), np.uint32)
        self._codes = np.zeros((1, 1), np.uint8)

    def image(self, values: NDArray[np.int16], table: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """``0xffRRGGBB`` of values through a table of :func:`viewer.rendering.lut.rgb_table`; valid until the next."""
        if self._grey.shape != values.shape:
            self._grey = np.empty(values.shape, np.uint32)
        np.take(table, values.view(np.uint16), out=self._grey, mode="clip")
        return self._grey

    def overlay(
        self,
        lungs: NDArray[np.uint8] | None,
        lesions: NDArray[np.uint8] | None,
        style: OverlayStyle,
        heat: NDArray[np.float32] | None = None,
        outlined: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.uint32] | None:
        """Premultiplied ``0xAARRGGBB``: heat, over it the lungs, over them the lesions; None where nothing is drawn.

        Codes run to 15. ``outlined`` marks a lesion whose border is drawn in white above everything. The result is
        valid until the next call.
        """
        shape = next((part.shape for part in (lungs, lesions, heat, outlined) if part is not None), None)
        if shape is None:
            return None
        if self._over.shape != shape:
            self._over, self._codes = np.empty(shape, np.uint32), np.empty(shape, np.uint8)
        drawn = self._lay_labels(lungs, lesions, style)
        if heat is not None and style.heat is not None:
            step = np.rint(np.clip(np.nan_to_num(heat), 0, 1) * 255).astype(np.uint8)
            colours = style.heat[step]
            if drawn:
                _lay_under(self._over, colours)
            else:
                self._over[...] = colours
            drawn = True
        if outlined is not None and outlined.any():
            if not drawn:
                self._over.fill(0)
            self._over[border(outlined.view(np.uint8))] = premultiplied(HOVERED, 1.0)
            drawn = True
        return self._over if drawn else None

    def _lay_labels(
        self, lungs: NDArray[np.uint8] | None, lesions: NDArray[np.uint8] | None, style: OverlayStyle
    ) -> bool:
        """Both masks through one table; False where neither leaves a trace."""
        codes = self._codes
        codes.fill(0)
        if lesions is not None and not style.lesions.nothing:
            np.multiply(_visible(lesions, style.lesions), np.uint8(16), out=codes)  # a shift is ten times as slow
        if lungs is not None and not style.lungs.nothing:
            codes |= _visible(lungs, style.lungs) & np.uint8(15)
        rows = np.flatnonzero(codes.any(axis=1))
        if not rows.size:
            return False
        first, behind = int(rows[0]), int(rows[-1]) + 1
        self._over[:first], self._over[behind:] = style.joint[0], style.joint[0]
        np.take(style.joint, codes[first:behind], out=self._over[first:behind], mode="clip")
        return True


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


def _visible(mask: NDArray[np.uint8], style: MaskStyle) -> NDArray[np.uint8]:
    """The codes that are drawn: of outlined ones only the border."""
    if not style.outlined.any():
        return mask
    return np.where(style.outlined[mask] & ~border(mask), np.uint8(0), mask)


def _lay_under(above: NDArray[np.uint32], below: NDArray[np.uint32]) -> None:
    """Porter-Duff "over" of premultiplied pixels, into ``above``."""
    where = np.flatnonzero(below)
    top = above.reshape(-1)[where]
    above.reshape(-1)[where] = lay_over(below.reshape(-1)[where], top)
