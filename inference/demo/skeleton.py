"""Bones: ribs with their cartilage, sternum, clavicles, shoulder blades, upper arms, and the vertebral column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from inference.demo.fields import Floats
from inference.demo.shapes import Frame, Points
from inference.demo.trees import Segments
from inference.demo.trunk import RIB_HEIGHTS, cage_point, front_depth, rib_drop, spine_y

_RIB_ENDS_DEG = (30, 36, 38, 40, 42, 44, 46, 52, 58, 64, 92, 124)
"""Where the bony rib ends, in degrees round the cage from the front."""

_RIB_DROPS_MM = (46, 66, 80, 86, 86, 86, 86, 86, 84, 80, 66, 36)


class _Drawing:
    """Collects polylines of round section as segments in patient mm, on both sides if asked."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._parts: list[Segments] = []

    def line(self, points: Any, radii: float | Sequence[float] | NDArray[np.float64], both: bool = True) -> None:
        atlas = np.asarray(points, dtype=np.float64)
        widths = np.broadcast_to(np.asarray(radii, dtype=np.float64), (len(atlas),))
        for mirror in (1.0, -1.0) if both else (1.0,):
            placed = self._frame.place(atlas * [mirror, 1.0, 1.0])
            self._parts.append(Segments(placed[:-1], placed[1:], widths[:-1], widths[1:]))

    def done(self) -> Segments:
        return Segments.joined(self._parts)


def _smooth(points: Any, spacing_mm: float = 5.0) -> Points:
    given = np.asarray(points, dtype=np.float64)
    knots = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(given, axis=0), axis=1))])
    return np.asarray(PchipInterpolator(knots, given)(np.linspace(0, knots[-1], int(knots[-1] / spacing_mm) + 2)))


def bones(frame: Frame) -> tuple[Segments, Segments]:
    """Bones (the spine apart) and rib cartilage."""
    bone, cartilage = _Drawing(frame), _Drawing(frame)
    for number in range(12):
        _rib(bone, cartilage, number)
    _sternum(bone)
    _shoulder(bone)
    return bone.done(), cartilage.done()


def _rib(bone: _Drawing, cartilage: _Drawing, number: int) -> None:
    z, end = float(RIB_HEIGHTS[number]), float(_RIB_ENDS_DEG[number])
    angle = np.arange(152.0, end - 0.1, -3.0)
    height = z + 4.0 - rib_drop(angle, float(_RIB_DROPS_MM[number]))
    course = cage_point(angle, height, 4.6)
    y0 = float(spine_y(z))
    course = _smooth(np.concatenate([[[19, y0 + 8, z + 6], [40, y0 + 26, z + 6]], course]))
    for offset, radius in ((-3.6, 3.3), (0.0, 3.8), (3.6, 3.3)):
        bone.line(course + np.array([0.0, 0.0, offset]), radius)
    if number < 10:
        target = np.array([17.0, 0.0, (46, 30, 14, -2, -18, -34, -50, -62, -74, -90)[number]])
        target[0] += max(0, number - 6) * 14.0
        target[1] = -float(front_depth(target[2])) - 3.0 + max(0, number - 6) * 3.0
        middle = 0.5 * (course[-1] + target) + [6.0, -6.0, -8.0 if number < 6 else -2.0]
        gristle = _smooth([course[-1], middle, target])
        for offset in (-2.5, 2.5):
            cartilage.line(gristle + np.array([0.0, 0.0, offset]), 4.0)


def _sternum(bone: _Drawing) -> None:
    for top, bottom, widths in ((62.0, 32.0, (22.0, 15.0)), (28.0, -58.0, (12.0, 16.0)), (-60.0, -78.0, (6.0, 3.0))):
        z = np.linspace(top, bottom, 12)
        y = -front_depth(z) - 8.0
        for share in (-1.0, -0.66, -0.33, 0.0, 0.33, 0.66, 1.0):
            x = share * np.linspace(*widths, 12)
            bone.line(np.stack([x, y + 2.0 * share**2, z], axis=1), 5.0 if top > -59 else 3.0, both=False)


def _shoulder(bone: _Drawing) -> None:
    bone.line(_smooth([(18, -66, 62), (46, -68, 78), (88, -38, 100), (122, -6, 112)]), 5.6)
    heights = np.linspace(-30.0, 96.0, 40)
    inner = np.interp(heights, [-30, 20, 96], [122.0, 143.0, 147.0])
    outer = np.interp(heights, [-30, 20, 80, 96], [117.0, 112.0, 106.0, 116.0])
    out_mm = np.interp(heights, [-30, 40, 96], [15.0, 20.0, 26.0])
    for share in np.linspace(0.0, 1.0, 30):
        edge = min(share, 1 - share)
        thickness = 1.5 if edge > 0.06 else (4.2 if share < 0.5 else 2.6)
        bone.line(cage_point(outer + share * (inner - outer), heights, out_mm), thickness)
    spine = cage_point(np.array([146.0, 132.0, 116.0, 102.0]), np.array([66.0, 74.0, 90.0, 106.0]), 0.0)
    reach = np.array([24.0, 33.0, 42.0, 48.0])[:, None]
    outwards = spine * [1, 1, 0] / np.linalg.norm(spine[:, :2], axis=1)[:, None]
    bone.line(_smooth(spine + outwards * reach), 4.6)
    bone.line([(118, 18, 84), (124, 20, 92)], (9.0, 10.0))
    bone.line([(136, 12, 104), (140, 10, 114)], (21.0, 20.0))
    bone.line([(142, 8, 118), (160, 0, 150), (180, -8, 215)], (13.0, 11.0, 11.0))


@dataclass(frozen=True)
class Spine:
    """The vertebral column as a function of patient coordinates."""

    z: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    slope: NDArray[np.float64]
    centres: NDArray[np.float64]

    @classmethod
    def of(cls, frame: Frame) -> Spine:
        """The column of one patient."""
        height = np.linspace(-230, 200, 120)
        placed = frame.place(np.stack([np.zeros_like(height), spine_y(height).astype(float), height], axis=1))
        heads = np.concatenate([RIB_HEIGHTS, [-192, -222], [112, 130, 148, 166]])
        centres = np.sort(frame.place(np.stack([0 * heads, spine_y(heads).astype(float), heads], axis=1))[:, 2])
        slope = np.gradient(placed[:, 1], placed[:, 2])
        return cls(placed[:, 2], placed[:, 0], placed[:, 1], slope, centres)

    def middle(self, z: float) -> tuple[float, float]:
        """x and y of the column's middle at height z."""
        return float(np.interp(z, self.z, self.x)), float(np.interp(z, self.z, self.y))

    def bone_and_canal(self, z: Floats, y: Floats, x: Floats) -> tuple[Floats, Floats, Floats]:
        """Distances to bone, to the spinal canal and to the disks, in a box (z a scalar slice ``(n, 1, 1)``)."""
        dx = np.abs(x - np.interp(z, self.z, self.x).astype(np.float32))
        dy = y - np.interp(z, self.z, self.y).astype(np.float32)
        level = z + np.interp(z, self.z, self.slope).astype(np.float32) * dy
        bounds = (self.centres[1:] + self.centres[:-1]) / 2
        index = np.clip(np.searchsorted(bounds, level), 1, len(self.centres) - 2)
        offset = level - self.centres[index].astype(np.float32)
        half = np.where(offset > 0, (bounds[index] - self.centres[index]), (self.centres[index] - bounds[index - 1]))
        share = np.abs(offset) / half
        wide = 17.0 - 0.016 * (z - 20.0) + 1.6 * share**2
        ring = np.sqrt((dx / wide) ** 2 + (dy / (0.80 * wide)) ** 2)
        column = np.maximum((ring - 1.0) * 0.85 * wide, dy - 0.62 * wide)
        body = np.maximum(column, np.abs(offset) - half + 2.4)
        disk = np.maximum(column + 0.5, half - 2.4 - np.abs(offset))
        canal = np.sqrt(dx**2 + (1.1 * (dy - 19.5)) ** 2) - 8.6
        ring_out = np.maximum(np.sqrt(dx**2 + (dy - 19.5) ** 2) - 14.0 + 0.2 * np.abs(offset + 3), -(dy - 6.0))
        arch = np.maximum(np.maximum(ring_out, -canal), np.abs(offset - 1.0) - 9.0)
        tip = np.clip((dy - 29.0) / 27.0, 0.0, 1.0)
        spinous = np.maximum(np.abs(dx) - 2.4 - 2.0 * tip, np.abs(offset + 3.0 + 14.0 * tip) - 7.5)
        spinous = np.maximum(spinous, np.abs(dy - 42.0) - 15.0)
        t = np.clip((dx - 10.0) / 26.0, 0.0, 1.0)
        beyond = np.maximum(dx - 33.0, 0.0)
        process = np.sqrt((dy - 20.0 - 15.0 * t) ** 2 + (0.8 * (offset - 4.0)) ** 2 + beyond**2) - 4.8 - 1.2 * t
        bone = np.minimum(np.minimum(body, np.maximum(process, -canal)), np.minimum(arch, spinous))
        return np.asarray(bone, np.float32), np.asarray(canal, np.float32), np.asarray(disk, np.float32)
