"""The one rendering that every learned system sees, in training and at inference alike.

A network trained on one kind of picture misses the disease in another. So every kind is brought to this one: grey
linear in Hounsfield units between the slice's own minimum and maximum, the slice padded to a square and brought to the
working size, then contrast-limited adaptive histogram equalisation (CLAHE, clip limit 7, 8 x 8 tiles): the rendering
in which the public COVID-19 CT lung and infection slices come.

What a kind loses cannot come back: a saturated lung window has no soft tissue, 8 bits have no Hounsfield units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.errors import InputShapeError

RENDERING_VERSION = 2
"""Raised whenever the same input gives other pixels; weights name the version that they were trained on."""

AIR_HU = -1024.0
"""Padding and anything else below this counts as this."""
CLIP_LIMIT = 7.0
TILES = 8
LUNG_WINDOW = (AIR_HU, 150.0)
"""Hounsfield units taken for the darkest and brightest grey of a picture in a lung window: air, and where 1500/-600
turns white. The true borders no 8-bit file states."""
LINEAR_RANGE = (AIR_HU, 1200.0)
"""Hounsfield units between which a lung window is put back: air to bone, about a slice's own minimum and maximum."""
SOFT_WINDOW = (-160.0, 240.0)
"""Black and white of the soft-tissue picture (400/40), which exists for Hounsfield units only."""


class Kind(Enum):
    """What the numbers of a slice are."""

    HU = "hu"
    LINEAR = "linear"
    """8-bit grey, linear in Hounsfield units from about air to bone."""
    WINDOW = "window"
    """8-bit grey through a lung window: soft tissue nearly white."""
    RENDERED = "rendered"
    """Already in this module's rendering."""
    XRAY = "xray"


@dataclass(frozen=True)
class Box:
    """A square part of a slice's grid, in its pixels; it may reach beyond the slice, where there is padding."""

    top: int
    left: int
    side: int

    @classmethod
    def whole(cls, shape: tuple[int, int]) -> Box:
        """The smallest centred square that holds a slice of (rows, columns)."""
        side = max(shape)
        return cls(-((side - shape[0]) // 2), -((side - shape[1]) // 2), side)

    @classmethod
    def middle(cls, shape: tuple[int, int]) -> Box:
        """The largest centred square inside a picture of (rows, columns): X-rays of every shape become one shape."""
        side = min(shape)
        return cls((shape[0] - side) // 2, (shape[1] - side) // 2, side)


def render(image: NDArray[Any], kind: Kind, size: int, box: Box | None = None) -> NDArray[np.uint8]:
    """The rendering of a slice (rows, columns), uint8 (size, size).

    ``box`` is the part to show (default: all of it, padded to a square). Contrast is equalised over the whole slice
    before the box is cut, so a crop changes no grey value but for resampling. Raises InputShapeError for anything but
    a slice with finite values.
    """
    grey = _linear(image, kind)
    whole = Box.whole((grey.shape[0], grey.shape[1]))
    box = box or (Box.middle((grey.shape[0], grey.shape[1])) if kind is Kind.XRAY else whole)
    if kind is Kind.XRAY:
        return _equalised(_bytes(_resized(_cut(grey, box), size)))
    working = max(size * whole.side // box.side, TILES)
    square = _bytes(_resized(_cut(grey, whole), working))
    if kind is not Kind.RENDERED:
        square = _equalised(square)
    if box == whole:
        return square
    scale = working / whole.side
    top, left = round((box.top - whole.top) * scale), round((box.left - whole.left) * scale)
    return np.asarray(_cut(square, Box(top, left, size)))


def soft_tissue(image: NDArray[Any], size: int, box: Box | None = None) -> NDArray[np.uint8]:
    """The soft-tissue picture of a slice in Hounsfield units, uint8 (size, size): fluid and muscle told apart."""
    low, high = SOFT_WINDOW
    grey = np.clip((_finite_slice(image) - low) / (high - low), 0.0, 1.0)
    return _bytes(_resized(_cut(grey, box or Box.whole((grey.shape[0], grey.shape[1]))), size))


def place_mask(mask: NDArray[Any], size: int, box: Box | None = None) -> NDArray[np.bool_]:
    """A mask (rows, columns; anything but 0 is inside) as the rendering shows it: bool (size, size)."""
    inside = (np.asarray(mask) != 0).astype(np.float32)
    return np.asarray(_resized(_cut(inside, box or Box.whole((inside.shape[0], inside.shape[1]))), size) >= 0.5)


def to_source(
    maps: NDArray[np.float32], shape: tuple[int, int], box: Box | None = None, outside: float = 0.0
) -> NDArray[np.float32]:
    """The inverse for what a network says: maps (..., size, size) on the slice's own grid (..., rows, columns).

    Interpolated linearly (give probabilities and threshold afterwards); ``outside`` fills what the box left out.
    """
    box = box or Box.whole(shape)
    flat = np.asarray(maps, dtype=np.float32).reshape(-1, *maps.shape[-2:])
    out = np.full((len(flat), *shape), outside, np.float32)
    rows, columns = _overlap(box.top, box.side, shape[0]), _overlap(box.left, box.side, shape[1])
    for target, one in zip(out, flat, strict=True):
        back = _resized(one, box.side)
        target[rows[0] : rows[1], columns[0] : columns[1]] = back[
            rows[0] - box.top : rows[1] - box.top, columns[0] - box.left : columns[1] - box.left
        ]
    return out.reshape(*maps.shape[:-2], *shape)


def body_box(slices: Iterable[NDArray[Any]], threshold: float = -400.0, margin: int = 4) -> Box | None:
    """The square round the body in slices of Hounsfield units on one grid, or None where there is no body.

    In each slice the body is the largest connected part above ``threshold``; the couch is smaller, and thin.
    """
    spans: list[tuple[int, int, int, int]] = []
    shape = (0, 0)
    for image in slices:
        shape = (image.shape[0], image.shape[1])
        opened = cv2.morphologyEx((image > threshold).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
        count, _, statistics, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
        if count < 2:
            continue
        largest = 1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA]))
        left, top, width, height, area = (int(n) for n in statistics[largest])
        if area >= 0.01 * image.size:
            spans.append((top, left, top + height, left + width))
    if not spans:
        return None
    edges = np.array(spans)
    top, left = (int(n) for n in edges[:, :2].min(axis=0))
    bottom, right = (int(n) for n in edges[:, 2:].max(axis=0))
    side = min(max(bottom - top, right - left) + 2 * margin, max(shape))
    return Box((top + bottom - side) // 2, (left + right - side) // 2, side)


def kind_of(images: Iterable[NDArray[np.uint8]]) -> Kind:
    """What the 8-bit CT slices of one series are: each slice is judged by its greys, and the majority decides.

    Rendered slices use every grey evenly (entropy of 7 bits or more) and are steep everywhere; a lung window turns
    soft tissue, a sixth of the picture or more, nearly white; the rest is linear.
    """
    votes = [_kind_of_slice(image) for image in images]
    if not votes:
        raise InputShapeError("There is no slice to judge.")
    return max(Kind, key=votes.count)


def _kind_of_slice(image: NDArray[np.uint8]) -> Kind:
    grey = _scaled(_finite_slice(image))
    counts = np.bincount(_bytes(grey).ravel(), minlength=256) / grey.size
    entropy = -float((counts[counts > 0] * np.log2(counts[counts > 0])).sum())
    small = _resized(grey, 256)
    steepness = 255.0 * float(np.abs(np.diff(small, axis=1)).mean())
    if entropy >= 7.0 and steepness >= 10.0 and float((grey > 0.9).mean()) < 0.1:
        return Kind.RENDERED
    return Kind.WINDOW if float((grey > 0.7).mean()) >= 1 / 6 else Kind.LINEAR


def _linear(image: NDArray[Any], kind: Kind) -> NDArray[np.float32]:
    values = _finite_slice(image)
    if kind is Kind.RENDERED:
        return values / 255.0
    if kind is Kind.HU:
        return _scaled(np.maximum(values, AIR_HU))
    if kind is Kind.XRAY:
        low, high = np.percentile(values, (0.5, 99.5))
        return np.asarray(np.clip((values - low) / max(high - low, 1.0), 0.0, 1.0), np.float32)
    grey = _scaled(values)
    if kind is Kind.LINEAR:
        return grey
    black, white = LUNG_WINDOW
    low, high = LINEAR_RANGE
    return np.asarray(np.clip((black + grey * (white - black) - low) / (high - low), 0.0, 1.0), np.float32)


def _finite_slice(image: NDArray[Any]) -> NDArray[np.float32]:
    values = np.asarray(image)
    if values.ndim != 2 or min(values.shape) < 1:
        raise InputShapeError(f"A slice needs rows and columns, not the shape {values.shape}.")
    values = values.astype(np.float32)
    if not np.isfinite(values).all():
        raise InputShapeError("The slice holds values that are no numbers.")
    return values


def _scaled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = float(values.min()), float(values.max())
    return (values - low) / max(high - low, 1.0)


def _bytes(grey: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(np.clip(grey, 0.0, 1.0) * 255.0).astype(np.uint8)


def _equalised(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.createCLAHE(CLIP_LIMIT, (TILES, TILES)).apply(grey), dtype=np.uint8)


def _cut(image: NDArray[Any], box: Box) -> NDArray[Any]:
    shape = (image.shape[0], image.shape[1])
    if (box.top, box.left) == (0, 0) and shape == (box.side, box.side):
        return image
    out = np.zeros((box.side, box.side), image.dtype)
    rows, columns = _overlap(box.top, box.side, shape[0]), _overlap(box.left, box.side, shape[1])
    out[rows[0] - box.top : rows[1] - box.top, columns[0] - box.left : columns[1] - box.left] = image[
        rows[0] : rows[1], columns[0] : columns[1]
    ]
    return out


def _overlap(start: int, length: int, limit: int) -> tuple[int, int]:
    """First and last-but-one index of a span that lie on a grid of ``limit``; an empty range where none do."""
    first = min(max(start, 0), limit)
    return first, max(min(start + length, limit), first)


def _resized(image: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    if image.shape == (size, size):
        return image
    method = cv2.INTER_AREA if size < image.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (size, size), interpolation=method), dtype=np.float32)
