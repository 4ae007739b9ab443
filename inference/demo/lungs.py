"""The lungs' outline, their fissures and lobes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from inference.demo.fields import Floats, as_distance, smooth_max, smooth_noise
from inference.demo.organs import Organs
from inference.demo.shapes import Frame
from inference.demo.trunk import RIB_HEIGHTS, Trunk, rib_drop

LOBES = (
    "right upper lobe",
    "right middle lobe",
    "right lower lobe",
    "left upper lobe",
    "left lower lobe",
)


@dataclass(frozen=True, eq=False)
class Lungs:
    """Signed distances on the lattice."""

    pleura: Floats
    """Both pleural spaces, inside negative: what lung and fluid share."""
    midline: Floats
    """Negative on the patient's right."""
    oblique: Floats
    """From the oblique fissure of the side at hand: negative in the lower lobe."""
    horizontal: Floats
    """From the horizontal fissure: negative below it; means something in front of the right oblique fissure only."""
    lobes: NDArray[np.uint8]
    """1 to 5 as in :data:`LOBES`, 0 outside."""


def build_lungs(frame: Frame, trunk: Trunk, organs: Organs, rng: np.random.Generator) -> Lungs:
    """Lungs fill what ribs, mediastinum and diaphragm leave them."""
    ribs = np.interp(frame.z + rib_drop(trunk.angle), RIB_HEIGHTS[::-1], np.arange(12.0)[::-1])
    scallop = (0.9 * np.cos(2.0 * np.pi * ribs)).astype(np.float32)
    outer = trunk.cage + 1.6 + scallop
    top = frame.z - (112.0 - 42.0 * (((np.abs(frame.x) - 46.0) / 46.0) ** 2 + ((frame.y - 12.0) / 62.0) ** 2))
    outer = smooth_max(outer, as_distance(np.asarray(top, np.float32), frame.lattice), 12.0)
    pleura = smooth_max(outer, -organs.mediastinum, 2.5)
    pleura = _without_pockets(smooth_max(pleura, -organs.abdomen + 1.5, 2.0))
    midline = np.asarray(frame.x - 3.0, dtype=np.float32) + np.zeros_like(pleura)
    oblique, horizontal = _fissures(frame, midline, rng)
    lobes = np.where(midline < 0, np.where(oblique < 0, 3, np.where(horizontal < 0, 2, 1)), np.where(oblique < 0, 5, 4))
    lobes = np.where(pleura < 0, lobes, 0).astype(np.uint8)
    return Lungs(as_distance(pleura, frame.lattice), midline, oblique, horizontal, lobes)


def _without_pockets(pleura: Floats) -> Floats:
    """The two largest pieces alone."""
    pieces, count = label(pleura < 0)
    if count <= 2:
        return pleura
    sizes = np.bincount(pieces.ravel())
    small = np.isin(pieces, 1 + np.argsort(sizes[1:])[:-2])
    return np.asarray(np.where(small, 3.0, pleura), np.float32)


def _fissures(frame: Frame, midline: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Curved sheets: the oblique ones from high at the back to low in front, the horizontal one nearly level."""
    wave = 3.5 * smooth_noise(rng, frame.lattice, 60.0)
    right = frame.z + 24.0 - 0.92 * frame.y + 0.0018 * frame.y**2 - 0.08 * (frame.x + 70.0)
    left = frame.z + 15.0 - 0.98 * frame.y + 0.0015 * frame.y**2 + 0.10 * (frame.x - 70.0)
    oblique = np.where(midline < 0, right, left) + wave
    dome = 0.004 * ((frame.x + 70.0) ** 2 + (frame.y + 30.0) ** 2)
    horizontal = frame.z + 22.0 + dome - 0.12 * frame.y + 0.6 * wave
    return (
        as_distance(np.asarray(oblique, np.float32), frame.lattice),
        as_distance(np.asarray(horizontal, np.float32), frame.lattice),
    )
