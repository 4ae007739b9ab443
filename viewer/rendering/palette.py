"""Colours: of the labels as tables, of the heat map, of lines and words. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from viewer.state.layers import AGREEMENT, AGREEMENT_COLOURS, HEATMAP, Label, Layer, labels

Colour = tuple[int, int, int]

BACKGROUND: Colour = (0, 0, 0)
TEXT: Colour = (224, 224, 224)
FAINT: Colour = (160, 160, 160)
ACCENT: Colour = (90, 176, 196)
AMBER: Colour = (232, 179, 58)
RED: Colour = (224, 96, 76)
CROSSHAIR: Colour = (120, 200, 120)
MEASURE: Colour = (255, 225, 110)
HOVERED: Colour = (255, 255, 255)

_HEAT_STOPS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_HEAT_COLOURS = np.array([(20, 11, 52), (132, 32, 107), (229, 92, 48), (251, 180, 26), (252, 255, 164)], dtype=float)
HEAT_FLOOR = 0.05
"""Heat below this share is not drawn."""


@dataclass(frozen=True, eq=False)
class MaskStyle:
    """How one mask is drawn: premultiplied ``0xAARRGGBB`` for each of its 256 codes, and which codes are outlined."""

    colours: NDArray[np.uint32]
    outlined: NDArray[np.bool_]

    @property
    def nothing(self) -> bool:
        """Whether no code would leave a trace."""
        return not self.colours.any()


@dataclass(frozen=True, eq=False)
class OverlayStyle:
    """How everything over the image is drawn. ``heat`` is premultiplied for heat 0..255, None while hidden.

    With ``agreement`` the number of systems is drawn in the place of the lesions, and ``lesions`` is its style.
    """

    lungs: MaskStyle
    lesions: MaskStyle
    heat: NDArray[np.uint32] | None
    agreement: bool = False

    @cached_property
    def joint(self) -> NDArray[np.uint32]:
        """Lesion over lung, premultiplied, at index ``lesion code * 16 + lung code``."""
        index = np.arange(256)
        return lay_over(self.lungs.colours[index & 15], self.lesions.colours[index >> 4])


def premultiplied(colour: Colour, opacity: float) -> int:
    """``0xAARRGGBB`` with the channels multiplied by the alpha, as pictures are blended."""
    alpha = round(min(max(opacity, 0.0), 1.0) * 255)
    red, green, blue = (round(channel * alpha / 255) for channel in colour)
    return alpha << 24 | red << 16 | green << 8 | blue


def overlay_style(layers: Mapping[str, Layer], all_hidden: bool = False) -> OverlayStyle:
    """The tables for the layers' present colours, opacities and visibilities. An outline is drawn opaque."""
    heat, agreement = layers[HEATMAP], layers[AGREEMENT]
    counted = agreement.visible and agreement.available
    return OverlayStyle(
        _mask_style("lungs", layers, all_hidden),
        _agreement_style(agreement, all_hidden) if counted else _mask_style("lesions", layers, all_hidden),
        None if all_hidden or not heat.visible else heat_table(heat.opacity),
        counted,
    )


def _agreement_style(layer: Layer, all_hidden: bool) -> MaskStyle:
    colours, outlined = np.zeros(256, np.uint32), np.zeros(256, bool)
    if not all_hidden and layer.opacity > 0:
        for number, colour in enumerate(AGREEMENT_COLOURS, start=1):
            colours[number] = premultiplied(colour, 1.0 if layer.outline else layer.opacity)
            outlined[number] = layer.outline
        colours[len(AGREEMENT_COLOURS) + 1 :] = colours[len(AGREEMENT_COLOURS)]
    return MaskStyle(colours, outlined)


def _mask_style(mask: str, layers: Mapping[str, Layer], all_hidden: bool) -> MaskStyle:
    colours, outlined = np.zeros(256, np.uint32), np.zeros(256, bool)
    for label in labels():
        layer = layers[label.group]
        if label.mask != mask or all_hidden or not layer.visible or layer.opacity <= 0:
            continue
        colours[label.code] = premultiplied(_colour(label, layer), 1.0 if layer.outline else layer.opacity)
        outlined[label.code] = layer.outline
    return MaskStyle(colours, outlined)


def lay_over(below: NDArray[np.uint32], above: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Porter-Duff "over" of premultiplied ``0xAARRGGBB``."""
    keep = 255 - (above >> 24)
    result = above.copy()
    for shift in (24, 16, 8, 0):
        result += ((((below >> shift) & 255) * keep + 127) // 255) << np.uint32(shift)
    return result


def heat_rgb(share: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The heat map's colours, lightness growing with heat; ``(n,)`` in 0..1 to ``(n, 3)``."""
    channels = [np.interp(share, _HEAT_STOPS, _HEAT_COLOURS[:, channel]) for channel in range(3)]
    return np.asarray(np.rint(np.stack(channels, axis=-1)), dtype=np.uint8)


def heat_table(opacity: float) -> NDArray[np.uint32]:
    """Premultiplied colours of heat 0..255; below the floor nothing is drawn."""
    share = np.arange(256) / 255
    table = np.array([premultiplied((int(r), int(g), int(b)), opacity) for r, g, b in heat_rgb(share)], dtype=np.uint32)
    table[share < HEAT_FLOOR] = 0
    return table


def _colour(label: Label, layer: Layer) -> Colour:
    """The label's own colour, until the reader gives its layer another one."""
    shipped = next(other.colour for other in labels() if other.group == label.group)
    return label.colour if layer.colour == shipped else layer.colour
