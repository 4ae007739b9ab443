"""Random changes of a training picture. Each draws only from the generator it is given, so a resumed run repeats it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.training.planes import EFFUSION, LESION, LUNG
from inference.transforms.rendering import CLIP_LIMIT

Image = NDArray[np.float32]
_GRAIN = (0.006, 0.06)
_SHARPEST_GRAIN = 0.2
_TILE = 32
"""Pixels: the rendering's eight tiles of a picture of 256."""


@dataclass(frozen=True)
class Augmentation:
    """How far pictures are changed. Probabilities are 0..1; 0 everywhere leaves a picture as it is.

    ``right_angles``: turned by 90, 180 or 270 degrees (paper 4). ``rotation`` in degrees, ``scale`` as a range,
    ``shift`` as a share of the side. ``intensity`` scales the strength of every grey-level change at once.
    ``aimed``: how often a window is laid round a marked place, a lesion or fluid, instead of anywhere.
    ``grain``: how often a picture is rendered as if the scan had had the noise of thin slices or of a low dose.
    """

    mirror: float = 0.5
    turn_over: float = 0.3
    right_angles: float = 0.35
    rotation: float = 20.0
    scale: tuple[float, float] = (0.75, 1.3)
    shift: float = 0.08
    intensity: float = 1.0
    gamma: float = 0.7
    contrast: float = 0.5
    window: float = 0.2
    equalise: float = 0.12
    blur: float = 0.15
    noise: float = 0.25
    jpeg: float = 0.1
    coarse: float = 0.25
    aimed: float = 0.0
    grain: float = 0.0


NONE = Augmentation(0.0, 0.0, 0.0, 0.0, (1.0, 1.0), 0.0, 0.0, 0, 0, 0, 0, 0, 0, 0, 0)
CT = Augmentation()
GENTLE = Augmentation(
    turn_over=0.2, right_angles=0.1, rotation=15.0, scale=(0.8, 1.25), intensity=0.7, gamma=0.5, contrast=0.4,
    window=0.1, equalise=0.06, blur=0.1, noise=0.2, jpeg=0.08, coarse=0.15, aimed=0.7,
)  # fmt: skip
XRAY = Augmentation(turn_over=0.0, right_angles=0.0, rotation=12.0, scale=(0.85, 1.2), window=0.1)
GENTLE_XRAY = replace(
    XRAY, rotation=8.0, scale=(0.9, 1.12), shift=0.05, intensity=0.5, gamma=0.4, contrast=0.4, window=0.05,
    equalise=0.05, blur=0.1, noise=0.15, jpeg=0.05, coarse=0.1,
)  # fmt: skip
PAPER4 = Augmentation(0.0, 0.0, 0.75, 0.0, (1.0, 1.0), 0.0, 0.0, 0, 0, 0, 0, 0, 0, 0, 0)
PAPER5 = Augmentation(0.5, 0.0, 0.0, 0.0, (1.0, 1.25), 0.1, 0.0, 0, 0, 0, 0, 0, 0, 0, 0)


def augment(
    image: NDArray[np.uint8], planes: NDArray[np.uint8], how: Augmentation, rng: np.random.Generator, window: int = 0
) -> tuple[Image, NDArray[np.uint8]]:
    """A changed picture (channels, n, n), 0..1, and its planes (p, n, n), moved alike.

    ``window`` is the side of the random part of it that is given, at its own resolution; 0 gives all of it.
    """
    window = window or image.shape[-1]
    matrix = _motion(how, planes, window, rng)
    grey: Image = image.transpose(1, 2, 0).astype(np.float32) / np.float32(255.0)
    marked = planes.transpose(1, 2, 0)
    if matrix is not None:
        moved = cv2.warpAffine(grey, matrix, (window, window), flags=cv2.INTER_LINEAR)
        grey = np.asarray(moved, np.float32).reshape(window, window, -1)
        marked = _warped(np.ascontiguousarray(marked), matrix, window)
    grey = np.stack([_grey_levels(np.ascontiguousarray(one), how, rng) for one in np.moveaxis(grey, -1, 0)])
    return grey.astype(np.float32), np.ascontiguousarray(marked.transpose(2, 0, 1))


def mix(
    images: NDArray[np.float32], labels: NDArray[np.float32], alpha: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Paper 5, equation 3: pairs of a batch mixed by one share of Beta(alpha, alpha), and their labels alike."""
    weight = float(rng.beta(alpha, alpha))
    partner = rng.permutation(len(images))
    return (
        (weight * images + (1 - weight) * images[partner]).astype(np.float32),
        (weight * labels + (1 - weight) * labels[partner]).astype(np.float32),
    )


def _motion(
    how: Augmentation, planes: NDArray[np.uint8], window: int, rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """2 x 3, from old to new pixels, as OpenCV wants it; None where nothing moves."""
    size = planes.shape[-1]
    angle = rng.uniform(-how.rotation, how.rotation) + 90.0 * rng.integers(1, 4) * (rng.random() < how.right_angles)
    scale = float(np.exp(rng.uniform(*np.log(how.scale))))
    shift = rng.uniform(-how.shift, how.shift, 2) * size
    mirror, over = rng.random() < how.mirror, rng.random() < how.turn_over
    corner = rng.uniform(0.0, size - window, 2)
    if window == size and angle == 0.0 and scale == 1.0 and not shift.any() and not mirror and not over:
        return None
    middle = (size - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), float(angle), scale)
    flip = np.diag([-1.0 if mirror else 1.0, -1.0 if over else 1.0])
    out = np.empty((2, 3))
    out[:, :2] = matrix[:, :2] @ flip
    out[:, 2] = matrix[:, :2] @ (np.full(2, middle) - flip @ np.full(2, middle)) + matrix[:, 2] + shift
    if how.aimed and rng.random() < how.aimed:
        place = out[:, :2] @ _marked_place(planes, rng) + out[:, 2] + rng.uniform(-0.25, 0.25, 2) * window
        corner = np.clip(place - window / 2, 0.0, size - window)
    out[:, 2] -= corner
    return out


def _marked_place(planes: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float64]:
    """Column and row of a pixel that is marked; the middle where none is."""
    for plane in (LESION, EFFUSION, LUNG):
        marked = np.flatnonzero(planes[plane])
        if marked.size:
            row, column = divmod(int(marked[rng.integers(marked.size)]), planes.shape[-1])
            return np.array([column, row], np.float64)
    return np.full(2, (planes.shape[-1] - 1) / 2)


def _warped(marked: NDArray[np.uint8], matrix: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """OpenCV warps four channels at most."""
    parts = [
        cv2.warpAffine(marked[..., n : n + 4], matrix, (size, size), flags=cv2.INTER_NEAREST).reshape(size, size, -1)
        for n in range(0, marked.shape[-1], 4)
    ]
    return np.concatenate(parts, axis=-1).astype(np.uint8)


def _grey_levels(grey: Image, how: Augmentation, rng: np.random.Generator) -> Image:
    strength = how.intensity
    if rng.random() < how.gamma:
        grey = np.clip(grey, 0.0, 1.0) ** np.float32(np.exp(rng.uniform(-0.5, 0.5) * strength))
    if rng.random() < how.contrast:
        gain = float(np.exp(rng.uniform(-0.35, 0.35) * strength))
        grey = (grey - 0.5) * gain + 0.5 + rng.uniform(-0.12, 0.12) * strength
    if rng.random() < how.window:
        low, high = rng.uniform(0.0, 0.2) * strength, 1.0 - rng.uniform(0.0, 0.35) * strength
        grey = (np.clip(grey, low, high) - low) / (high - low)
    if rng.random() < how.equalise:
        clahe = cv2.createCLAHE(float(rng.uniform(1.0, 5.0)), (8, 8))
        grey = np.asarray(clahe.apply(_bytes(grey)), np.float32) / 255.0
    if how.grain and rng.random() < how.grain:
        grey = _grainy(grey, rng)
    grey = _degraded(grey, how, rng)
    return np.clip(grey, 0.0, 1.0).astype(np.float32)


def _grainy(grey: Image, rng: np.random.Generator) -> Image:
    """Noise before contrast is equalised: as in noisy scans, what differs little in density nearly drowns in it."""
    noise = rng.normal(0.0, 1.0, grey.shape).astype(np.float32)
    width = float(rng.uniform(0.0, 0.5))
    if width > _SHARPEST_GRAIN:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), width), np.float32)
        noise /= max(float(noise.std()), 1e-6)
    strength = float(np.exp(rng.uniform(*np.log(_GRAIN))))
    faint = (grey - 0.5) * float(rng.uniform(0.3, 0.9)) + 0.5 + strength * noise
    tiles = max(2, round(grey.shape[0] / _TILE))
    equalised = cv2.createCLAHE(CLIP_LIMIT, (tiles, tiles)).apply(_bytes(faint))
    return np.asarray(equalised, np.float32) / np.float32(255.0)


def _degraded(grey: Image, how: Augmentation, rng: np.random.Generator) -> Image:
    """What scanners, small pictures and files do to an image."""
    size = grey.shape[0]
    if rng.random() < how.coarse:
        small = max(8, round(size * rng.uniform(0.4, 0.8)))
        grey = cv2.resize(cv2.resize(grey, (small, small), interpolation=cv2.INTER_AREA), (size, size)).astype(
            np.float32
        )
    if rng.random() < how.blur:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), float(rng.uniform(0.4, 1.4))), np.float32)
    if rng.random() < how.noise:
        grey = grey + rng.normal(0.0, rng.uniform(0.01, 0.06), grey.shape).astype(np.float32)
    if rng.random() < how.jpeg:
        quality = [int(cv2.IMWRITE_JPEG_QUALITY), int(rng.integers(40, 95))]
        grey = np.asarray(cv2.imdecode(cv2.imencode(".jpg", _bytes(grey), quality)[1], 0), np.float32) / 255.0
    return grey


def _bytes(grey: Image) -> NDArray[np.uint8]:
    return np.round(np.clip(grey, 0.0, 1.0) * 255.0).astype(np.uint8)
