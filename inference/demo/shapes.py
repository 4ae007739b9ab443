"""Ellipsoids and tubes as signed distances in the atlas, and the frame that fits the atlas to one patient.

The atlas is a table of points in mm, ``(x, y, z)`` in LPS with the carina at the origin's height: x to the left, y to
the back, z to the head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from inference.demo.fields import FAR_MM, Axes, Floats, smooth_min, smooth_noise

Points = NDArray[np.float64]


def profile(heights: Sequence[float], values: Sequence[float]) -> Any:
    """A smooth curve through ``values`` at ascending ``heights``, level beyond the ends."""
    dense = np.linspace(heights[0], heights[-1], 512)
    curve = PchipInterpolator(heights, values)(dense)
    return lambda z: np.interp(z, dense, curve).astype(np.float32)


@dataclass(frozen=True)
class Tube:
    """A bent, tapering cylinder with round ends: points ``(n, 3)`` in the atlas and a radius at each."""

    points: Points
    radii: NDArray[np.float64]

    @classmethod
    def through(cls, *points: Sequence[float], radii: float | Sequence[float]) -> Tube:
        """A smooth tube through the points; one radius, or one for each point."""
        given = np.array(points, dtype=np.float64)
        widths = np.broadcast_to(np.asarray(radii, dtype=np.float64), (len(given),))
        if len(given) < 3:
            return cls(given, widths)
        knots = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(given, axis=0), axis=1))])
        along = np.linspace(0.0, knots[-1], max(8, int(knots[-1] / 8.0)))
        return cls(PchipInterpolator(knots, given)(along), np.interp(along, knots, widths))

    def mirrored(self) -> Tube:
        """The same on the other side."""
        return Tube(self.points * [-1.0, 1.0, 1.0], self.radii)


class Frame:
    """The atlas coordinates ``z, y, x`` of every lattice node of one patient: other proportions, slightly irregular."""

    def __init__(self, rng: np.random.Generator, lattice: Axes) -> None:
        self.lattice = lattice
        self._scale = 1.0 + rng.uniform(-0.03, 0.03, 3)
        self._shift = [(2.0 * smooth_noise(rng, lattice, 75.0)).astype(np.float32) for _ in range(3)]
        mesh = lattice.mesh()
        self.z, self.y, self.x = (
            (axis / np.float32(scale) + shift).astype(np.float32)
            for axis, scale, shift in zip(mesh, self._scale[::-1], self._shift, strict=True)
        )

    def place(self, points: Any) -> Points:
        """Patient mm ``(..., 3)`` of atlas points ``(..., 3)``, both ``(x, y, z)``."""
        atlas = np.asarray(points, dtype=np.float64)
        flat = atlas.reshape(-1, 3)
        patient = flat * self._scale
        for _ in range(2):
            patient = (flat - self.shift_at(patient)) * self._scale
        return patient.reshape(atlas.shape)

    def shift_at(self, patient: Points) -> Points:
        """The irregularity in mm ``(n, 3)`` at patient points ``(n, 3)``."""
        return np.stack([sample(self._shift[axis], self.lattice, patient) for axis in (2, 1, 0)], axis=1)

    def ellipsoid(
        self, centre: Sequence[float], radii: Sequence[float], axis: Sequence[float] | None = None, power: float = 2.0
    ) -> Floats:
        """A distance to an ellipsoid; with ``axis`` its first radius lies along that direction."""
        basis = np.eye(3) if axis is None else _basis(np.array(axis, dtype=np.float64))
        offset = (self.x - np.float32(centre[0]), self.y - np.float32(centre[1]), self.z - np.float32(centre[2]))
        total = np.zeros(self.lattice.shape, np.float32)
        for direction, radius in zip(basis, radii, strict=True):
            along = sum(np.float32(c / radius) * o for c, o in zip(direction, offset, strict=True) if abs(c) > 1e-6)
            total += np.abs(along) ** np.float32(power)
        rho = total ** np.float32(1.0 / power) + np.float32(1e-3)
        reach = np.sqrt(offset[0] ** 2 + offset[1] ** 2 + offset[2] ** 2)
        return np.asarray(np.where(rho < 0.3, -0.7 * min(radii), reach * (1.0 - 1.0 / rho)), dtype=np.float32)

    def tube(self, *tubes: Tube) -> Floats:
        """The distance to the union of tubes, right within about 20 mm of them and ``FAR_MM`` beyond."""
        out = np.full(self.lattice.shape, FAR_MM, np.float32)
        for tube in tubes:
            placed = self.place(tube.points)
            for n, (start, end) in enumerate(pairwise(tube.points)):
                r0, r1 = float(tube.radii[n]), float(tube.radii[n + 1])
                reach = max(r0, r1) + 24.0
                ends = np.sort(placed[n : n + 2], axis=0)
                box = self.lattice.box((ends[0] - reach)[::-1], (ends[1] + reach)[::-1])
                part = capsule((self.z[box], self.y[box], self.x[box]), start, end, r0, r1)
                np.minimum(out[box], part, out=out[box])
        return out


def capsule(mesh: tuple[Any, Any, Any], start: Points, end: Points, r0: float, r1: float) -> Floats:
    """The distance to a cone with round ends; ``mesh`` is z, y, x."""
    z, y, x = mesh
    axis = (end - start).astype(np.float32)
    dx, dy, dz = (m - np.float32(s) for m, s in zip((x, y, z), start, strict=True))
    t = np.clip((dx * axis[0] + dy * axis[1] + dz * axis[2]) / np.float32(max(float(axis @ axis), 1e-6)), 0.0, 1.0)
    gap = (dx - t * axis[0]) ** 2 + (dy - t * axis[1]) ** 2 + (dz - t * axis[2]) ** 2
    return np.asarray(np.sqrt(gap) - (np.float32(r0) + t * np.float32(r1 - r0)), dtype=np.float32)


def sample(field: Floats, lattice: Axes, points: Points) -> NDArray[np.float64]:
    """``field`` at patient points ``(n, 3)``, interpolated."""
    total = np.zeros(len(points))
    parts = []
    for axis, nodes, step in zip((2, 1, 0), lattice.all, lattice.steps, strict=True):
        u = np.clip((points[:, axis] - nodes[0]) / step, 0, len(nodes) - 1.001)
        base = u.astype(int)
        parts.append((base, u - base))
    for corner in range(8):
        bits = [(corner >> n) & 1 for n in range(3)]
        index = tuple(base + bit for (base, _), bit in zip(parts, bits, strict=True))
        weight = np.ones(len(points))
        for (_, t), bit in zip(parts, bits, strict=True):
            weight *= t if bit else 1.0 - t
        total += weight * field[index]
    return total


def union(blend_mm: float, *shapes: Floats) -> Floats:
    """All shapes grown together."""
    out = shapes[0]
    for shape in shapes[1:]:
        out = smooth_min(out, shape, blend_mm)
    return out


def _basis(axis: Points) -> Points:
    first = axis / np.linalg.norm(axis)
    helper = np.array([0.0, 0.0, 1.0]) if abs(first[2]) < 0.9 else np.array([0.0, 1.0, 0.0])
    second = np.cross(helper, first)
    second /= np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)])
