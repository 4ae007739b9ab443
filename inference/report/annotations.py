"""The furniture of an annotated picture, as small functions on Pillow images.

Used by the key image and by screenshots of the viewer, so that both look and read the same. Boxes are
``(left, top, right, bottom)`` in pixels; directions are LPS.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inference.report.fonts import picture_font
from inference.volume import anatomical_letters

Rgb = tuple[int, int, int]
Box = tuple[int, int, int, int]

WHITE: Rgb = (240, 240, 240)
DIM: Rgb = (185, 185, 185)
BLACK: Rgb = (0, 0, 0)
VERDICT_COLOURS: dict[str, Rgb] = {"green": (90, 190, 110), "amber": (255, 191, 0), "red": (235, 80, 70)}
_BAR_LENGTHS_MM = (200, 100, 50, 20, 10, 5, 2, 1)


@dataclass(frozen=True)
class LabelStyle:
    """How a label is shown: the mask and code it has there, its name, colour and the opacity of its fill."""

    key: str
    mask: str
    code: int
    name: str
    colour: Rgb
    opacity: float


@dataclass(frozen=True)
class EdgeLetters:
    """The orientation letters at the four edges of a picture."""

    left: str
    right: str
    top: str
    bottom: str


@cache
def label_styles() -> tuple[LabelStyle, ...]:
    """Every label of ``resources/data/labels.json``, in its order."""
    rows = json.loads(files("resources").joinpath("data", "labels.json").read_text(encoding="utf-8"))
    return tuple(
        LabelStyle(row["key"], row["mask"], row["code"], row["name"], tuple(row["colour"]), row["opacity"])
        for row in rows
    )


def edge_letters(to_right: Any, to_bottom: Any) -> EdgeLetters:
    """The letters of a picture whose columns run along ``to_right`` and whose rows run along ``to_bottom`` (LPS)."""
    right, down = np.asarray(to_right, dtype=np.float64), np.asarray(to_bottom, dtype=np.float64)
    return EdgeLetters(
        anatomical_letters(-right), anatomical_letters(right), anatomical_letters(-down), anatomical_letters(down)
    )


def windowed(pixels: NDArray[Any], width: float, level: float) -> NDArray[np.uint8]:
    """Pixels as 8-bit grey through a linear window, half up; any shape."""
    low = level - width / 2
    return np.asarray(np.clip((pixels.astype(np.float32) - low) * (255.0 / width) + 0.5, 0, 255), dtype=np.uint8)


def blend(
    grey: NDArray[np.uint8], labels: NDArray[np.uint8], styles: Sequence[LabelStyle], *, outline_px: int, fill: bool
) -> NDArray[np.uint8]:
    """Lay one mask over a picture, ``(rows, columns)`` or already ``(rows, columns, 3)``; returns RGB.

    Every style's code is outlined in its colour, and filled with its opacity if ``fill``.
    """
    rgb = np.repeat(grey[..., None], 3, axis=2) if grey.ndim == 2 else grey
    picture = rgb.astype(np.float32)
    for style in styles:
        inside = labels == style.code
        colour = np.array(style.colour, dtype=np.float32)
        if fill:
            picture[inside] = picture[inside] * (1 - style.opacity) + colour * style.opacity
        picture[inside & ~_eroded(inside, outline_px)] = colour
    return np.asarray(picture + 0.5, dtype=np.uint8)


def _eroded(mask: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    for _ in range(pixels):
        wide = np.pad(mask, 1)
        mask = mask & wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
    return mask


def draw_text(
    image: Image.Image, at: tuple[float, float], text: str, *, size: int, anchor: str, fill: Rgb = WHITE,
    bold: bool = False,
) -> None:  # fmt: skip
    """Text with a dark halo, legible on any picture; ``anchor`` is Pillow's (``la`` = top left ...)."""
    draw = ImageDraw.Draw(image)
    font = picture_font(size, bold=bold)
    draw.text(at, text, font=font, fill=fill, anchor=anchor, stroke_width=max(1, size // 10), stroke_fill=BLACK)


def draw_orientation_letters(image: Image.Image, box: Box, letters: EdgeLetters, *, size: int = 22) -> None:
    """The four letters in the middle of the edges of ``box``, just inside it."""
    left, top, right, bottom = box
    middle_x, middle_y, margin = (left + right) / 2, (top + bottom) / 2, size // 3
    places = (
        (letters.left, (left + margin, middle_y), "lm"),
        (letters.right, (right - margin, middle_y), "rm"),
        (letters.top, (middle_x, top + margin), "ma"),
        (letters.bottom, (middle_x, bottom - margin), "md"),
    )
    for text, at, anchor in places:
        draw_text(image, at, text, size=size, anchor=anchor, bold=True)


def scale_bar_mm(width_px: float, mm_per_pixel: float) -> int:
    """The longest round length, in mm, that takes at most a third of the picture's width; 0 if none does."""
    return next((length for length in _BAR_LENGTHS_MM if length / mm_per_pixel <= width_px / 3), 0)


def draw_scale_bar(image: Image.Image, box: Box, mm_per_pixel: float, *, size: int = 18) -> None:
    """A bar with a tick per centimetre (per millimetre under 1 cm) and its length, at the bottom right of ``box``."""
    left, _, right, bottom = box
    length = scale_bar_mm(right - left, mm_per_pixel)
    if not length:
        return
    pixels, step = length / mm_per_pixel, 10 if length >= 10 else 1
    x, y, tick = right - size - pixels, bottom - size, size * 0.45
    draw = ImageDraw.Draw(image)
    marks = [x + at / mm_per_pixel for at in range(0, length + 1, step)]
    for colour, width in ((BLACK, 5), (WHITE, 2)):
        draw.line([(x, y), (x + pixels, y)], fill=colour, width=width)
        for mark in marks:
            draw.line([(mark, y - tick), (mark, y)], fill=colour, width=width)
    text = f"{length // 10} cm" if length >= 10 else f"{length} mm"
    draw_text(image, (x + pixels / 2, y - tick - 4), text, size=size, anchor="md")


def draw_legend(
    image: Image.Image, at: tuple[int, int], styles: Sequence[LabelStyle], width: int, *, size: int = 18
) -> int:
    """Colour patches with names from left to right, wrapped at ``width``; returns the height used."""
    draw, font = ImageDraw.Draw(image), picture_font(size)
    left, top = at
    x, y, line = left, top, int(size * 1.5)
    for style in styles:
        needed = int(size * 1.4 + font.getlength(style.name) + size * 1.2)
        if x > left and x + needed > left + width:
            x, y = left, y + line
        draw.rectangle((x, y + 2, x + size, y + size), fill=style.colour, outline=WHITE)
        draw_text(image, (x + int(size * 1.4), y), style.name, size=size, anchor="la")
        x += needed
    return y + line - top if styles else 0


def wrapped(text: str, width: float, *, size: int, most_lines: int, bold: bool = False) -> list[str]:
    """``text`` broken into lines of at most ``width`` pixels; the last of too many ends with an ellipsis."""
    font = picture_font(size, bold=bold)
    lines: list[str] = []
    rest = text.split()
    while rest:
        count = len(rest)
        while count > 1 and font.getlength(" ".join(rest[:count])) > width:
            count -= 1
        lines.append(_clipped(" ".join(rest[:count]), width, font))
        rest = rest[count:]
    if len(lines) > most_lines:
        lines = [*lines[: most_lines - 1], _clipped(lines[most_lines - 1] + " …", width, font)]
    return lines


def _clipped(text: str, width: float, font: Any) -> str:
    if font.getlength(text) <= width:
        return text
    kept = text.removesuffix(" …")
    while kept and font.getlength(kept + " …") > width:
        kept = kept[:-1]
    return kept.rstrip() + " …"
