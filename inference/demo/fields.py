"""Smooth fields on a coarse lattice, read out on the fine grid of the series in boxes.

A shape is a signed distance in mm (negative inside) on a lattice of a few millimetres. Distances are nearly linear, so
cubic B-splines bring them to the fine grid with smooth outlines at little cost: two small matrix products a slice.
Coordinates are LPS mm; arrays are ``[z, y, x]``, z feet to head, y front to back, x right to left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Box = tuple[slice, slice, slice]
FAR_MM = 30.0
"""What a distance reads where it was not worked out: further away than any blend reaches."""


def spline_weights(at: NDArray[Any], origin: float, step: float, nodes: int) -> Floats:
    """Uniform cubic B-spline weights, ``(len(at), nodes)``; beyond the ends the border value goes on."""
    u = np.clip((np.asarray(at, dtype=np.float64) - origin) / step, 0.0, nodes - 1.0)
    base = np.minimum(np.floor(u).astype(int), nodes - 2)
    t = u - base
    taps = np.stack(
        [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3],
        axis=1,
    )
    weights = np.zeros((len(u), nodes))
    for tap in range(4):
        np.add.at(weights, (np.arange(len(u)), np.clip(base + tap - 1, 0, nodes - 1)), taps[:, tap] / 6.0)
    return weights.astype(np.float32)


def _apply(weights: Sequence[Floats], field: Floats) -> Floats:
    """Three separable interpolations: slices, rows, columns."""
    wz, wy, wx = weights
    planes = (wz @ field.reshape(field.shape[0], -1)).reshape(len(wz), *field.shape[1:])
    return np.asarray(np.matmul(np.matmul(wy, planes), wx.T), dtype=np.float32)


@dataclass(frozen=True)
class Axes:
    """Coordinates in mm of the three array axes, ascending and evenly spaced."""

    z: NDArray[np.float64]
    y: NDArray[np.float64]
    x: NDArray[np.float64]

    @classmethod
    def spanning(cls, lower: Sequence[float], upper: Sequence[float], step: float) -> Axes:
        """A lattice over the box from ``lower`` to ``upper`` (z, y, x) that reaches a step beyond."""
        z, y, x = (
            low - step + step * np.arange(int(np.ceil((high - low) / step)) + 3, dtype=np.float64)
            for low, high in zip(lower, upper, strict=True)
        )
        return cls(z, y, x)

    @property
    def all(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """z, y, x."""
        return self.z, self.y, self.x

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of nodes."""
        return len(self.z), len(self.y), len(self.x)

    @property
    def steps(self) -> tuple[float, float, float]:
        """Spacings in mm."""
        z, y, x = (float(axis[1] - axis[0]) for axis in self.all)
        return z, y, x

    def mesh(self) -> tuple[Floats, Floats, Floats]:
        """z, y, x shaped to broadcast against each other."""
        z, y, x = (axis.astype(np.float32) for axis in self.all)
        return z[:, None, None], y[None, :, None], x[None, None, :]

    def box(self, lower: Sequence[float], upper: Sequence[float]) -> Box:
        """The nodes within the box from ``lower`` to ``upper`` (z, y, x); a slice may be empty."""
        sz, sy, sx = (
            slice(int(np.searchsorted(axis, low)), int(np.searchsorted(axis, high, side="right")))
            for axis, low, high in zip(self.all, lower, upper, strict=True)
        )
        return sz, sy, sx


def smooth_noise(rng: np.random.Generator, axes: Axes, wavelength_mm: float) -> Floats:
    """A random field with mean 0, variance 1 and structures of about ``wavelength_mm``."""
    step = wavelength_mm / 2.0
    weights, shape = [], []
    for axis in axes.all:
        nodes = int((axis[-1] - axis[0]) / step) + 4
        weights.append(spline_weights(axis, float(axis[0] - step), step, nodes))
        shape.append(nodes)
    field = _apply(weights, rng.standard_normal(shape, dtype=np.float32))
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)


class Sampler:
    """Reads lattice fields out on the fine grid."""

    def __init__(self, lattice: Axes, fine: Axes) -> None:
        self.lattice, self.fine = lattice, fine
        self._weights = [
            spline_weights(at, float(nodes[0]), step, len(nodes))
            for at, nodes, step in zip(fine.all, lattice.all, lattice.steps, strict=True)
        ]

    def __call__(self, field: Floats, box: Box) -> Floats:
        """``field`` in a box of the fine grid."""
        rows, used = [], []
        for weights, part in zip(self._weights, box, strict=True):
            chosen = weights[part]
            columns = np.flatnonzero(chosen.any(axis=0))
            near = slice(int(columns[0]), int(columns[-1]) + 1)
            rows.append(np.ascontiguousarray(chosen[:, near]))
            used.append(near)
        return _apply(rows, np.ascontiguousarray(field[tuple(used)]))

    def bounds(self, mask: NDArray[np.bool_]) -> Box | None:
        """The box of the fine grid around the true nodes of a lattice mask, two nodes wider; None if there are none."""
        lower, upper = [], []
        for axis, nodes, step in zip((0, 1, 2), self.lattice.all, self.lattice.steps, strict=True):
            hit = np.flatnonzero(mask.any(axis=tuple(other for other in (0, 1, 2) if other != axis)))
            if not len(hit):
                return None
            lower.append(float(nodes[hit[0]]) - 2 * step)
            upper.append(float(nodes[hit[-1]]) + 2 * step)
        return self.fine.box(lower, upper)


def smooth_min(a: Floats, b: Floats, blend_mm: float) -> Floats:
    """The union of two shapes with their crease rounded over ``blend_mm``."""
    h = np.clip(0.5 + 0.5 * (b - a) / blend_mm, 0.0, 1.0)
    return np.asarray(b + (a - b) * h - blend_mm * h * (1.0 - h), dtype=np.float32)


def smooth_max(a: Floats, b: Floats, blend_mm: float) -> Floats:
    """The intersection of two shapes with its edge rounded over ``blend_mm``."""
    return -smooth_min(-a, -b, blend_mm)


def smooth_step(value: Any, low: float, high: float) -> Any:
    """0 up to ``low``, 1 from ``high``, smooth between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def as_distance(field: Floats, axes: Axes) -> Floats:
    """``field`` divided by its slope, so that it reads in mm near its zero."""
    gradient = np.gradient(field, *axes.steps)
    slope = np.sqrt(gradient[0] ** 2 + gradient[1] ** 2 + gradient[2] ** 2)
    return np.asarray(field / np.maximum(slope, 0.25), dtype=np.float32)
