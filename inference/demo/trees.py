"""Arteries, bronchi and veins: trees that fill each lobe.

A cloud of end points is spread through the lobe. From the lobe's root a branch grows part of the way to the middle of
the cloud, the cloud is cut in two along the branch, and each half is served in the same way, down to single points.
Calibre follows the number of ends that a branch feeds. A bronchus runs beside each artery; veins are trees of their
own that keep clear of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.demo.fields import Axes, Floats
from inference.demo.lungs import Lungs
from inference.demo.shapes import Frame, Points, sample

TERMINAL_RADIUS_MM = 0.36
CALIBRE_EXPONENT = 0.345
LENGTH_SHARE = 0.42
SMALLEST_BRONCHUS_MM = 0.45
AIR_BRONCHOGRAM = (0.28, 1.5)
"""In consolidation bronchi show from this smaller bore on, and are this much wider."""


@dataclass(frozen=True)
class Segments:
    """Straight tapering pieces: ``start``, ``end`` are ``(n, 3)`` patient mm, ``r0``, ``r1`` radii in mm."""

    start: Points
    end: Points
    r0: NDArray[np.float64]
    r1: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence[Segments]) -> Segments:
        """All pieces of several trees."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("start", "end", "r0", "r1")))


@dataclass(frozen=True)
class Trees:
    """What fills the lungs; ``walls`` pairs with ``lumens``."""

    vessels: Segments
    lumens: Segments
    walls: Segments


ROOTS: dict[int, dict[str, tuple[tuple[float, float, float], ...]]] = {
    # for each lobe: where its bronchus leaves, the way of its artery, and the way of its vein to the left atrium
    1: {
        "bronchus": ((-20, 16, -15), (-34, 16, -10), (-44, 14, -2)),
        "artery": ((-16, -12, -11), (-34, -6, -2), (-46, 4, 6)),
        "vein": ((-36, 10, -40), (-44, -6, -22), (-50, -14, -8)),
    },
    2: {
        "bronchus": ((-26, 18, -21), (-34, 14, -42), (-44, 0, -50)),
        "artery": ((-40, 4, -26), (-44, 0, -38), (-50, -8, -46)),
        "vein": ((-36, 8, -42), (-42, -6, -50), (-48, -16, -56)),
    },
    3: {
        "bronchus": ((-26, 18, -21), (-34, 20, -42), (-42, 30, -58)),
        "artery": ((-42, 6, -30), (-48, 16, -44), (-52, 28, -56)),
        "vein": ((-34, 14, -42), (-40, 26, -56), (-42, 36, -66)),
    },
    4: {
        "bronchus": ((38, 21, -25), (46, 12, -22), (52, 2, -12)),
        "artery": ((40, -5, 5), (50, -4, 10), (55, -2, 14)),
        "vein": ((40, 12, -38), (50, -8, -28), (54, -16, -18)),
    },
    5: {
        "bronchus": ((38, 21, -25), (43, 26, -40), (49, 33, -56)),
        "artery": ((54, 33, -30), (57, 37, -44), (60, 40, -56)),
        "vein": ((40, 14, -40), (44, 28, -58), (46, 36, -68)),
    },
}


def grow_trees(
    frame: Frame, lungs: Lungs, room: Floats, solid: Floats, rng: np.random.Generator, ends_per_litre: float
) -> Trees:
    """Trees for all five lobes; ``room`` is the outline of what air or opacity fills, ``solid`` how consolidated."""
    vessels, lumens, walls = [], [], []
    for lobe, ways in ROOTS.items():
        for kind in ("artery", "vein"):
            way = frame.place(ways[kind])
            cloud = _cloud(
                frame.lattice, lungs.lobes, room, lobe, rng, ends_per_litre * (1.0 if kind == "artery" else 0.8)
            )
            if len(cloud) < 8:
                continue
            tree = _Tree.grow(way, cloud, rng)
            vessels.append(tree.segments())
            if kind == "artery":
                consolidated = sample(solid, frame.lattice, tree.at) > 0.4
                lumen, wall = tree.beside(frame.place(ways["bronchus"]), consolidated)
                lumens.append(lumen)
                walls.append(wall)
    empty = Segments(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0), np.zeros(0))
    return Trees(*(Segments.joined(parts) if parts else empty for parts in (vessels, lumens, walls)))


def _cloud(
    lattice: Axes, lobes: NDArray[np.uint8], room: Floats, lobe: int, rng: np.random.Generator, per_litre: float
) -> Points:
    """End points spread evenly over the lobe, some way inside its pleura."""
    nodes = np.argwhere((lobes == lobe) & (room < -3.5))
    step = np.array(lattice.steps)
    count = int(len(nodes) * float(np.prod(step)) / 1e6 * per_litre)
    if count == 0:
        return np.zeros((0, 3))
    picked = nodes[rng.choice(len(nodes), min(count, len(nodes)), replace=False)]
    origin = np.array([axis[0] for axis in lattice.all])
    points = origin + (picked + rng.uniform(-0.5, 0.5, picked.shape)) * step
    return np.asarray(points[:, ::-1])


@dataclass
class _Tree:
    """Nodes of one tree: position, feeding node (-1 at the root), number of ends beyond, tangent."""

    at: Points
    parent: NDArray[np.int64]
    ends: NDArray[np.float64]
    tangent: Points

    @classmethod
    def grow(cls, way: Points, cloud: Points, rng: np.random.Generator) -> _Tree:
        at, parent, ends, tangent = [], [], [], []
        for n, point in enumerate(way):
            at.append(point)
            parent.append(n - 1)
            ends.append(float(len(cloud)))
            step = way[min(n + 1, len(way) - 1)] - way[max(n - 1, 0)]
            tangent.append(step / np.linalg.norm(step))
        work = [(len(way) - 1, cloud)]
        while work:
            feeder, points = work.pop()
            start, direction = at[feeder], tangent[feeder]
            for half in _halves(points, start, direction, rng):
                aim = half.mean(axis=0) - start
                distance = float(np.linalg.norm(aim))
                if distance < 0.5:
                    continue
                share = 0.9 if len(half) == 1 else LENGTH_SHARE * rng.uniform(0.75, 1.2)
                blended = aim / distance + 0.3 * direction
                heading = _limited(blended / np.linalg.norm(blended), direction, 60.0)
                at.append(start + heading * distance * share)
                parent.append(feeder)
                ends.append(float(len(half)))
                tangent.append(heading)
                if len(half) > 1:
                    work.append((len(at) - 1, half))
        return cls(np.array(at), np.array(parent), np.array(ends), np.array(tangent))

    @property
    def radii(self) -> NDArray[np.float64]:
        return np.asarray(TERMINAL_RADIUS_MM * self.ends**CALIBRE_EXPONENT)

    def segments(self) -> Segments:
        """The vessel: curved branches as chains of straight pieces."""
        child = np.flatnonzero(self.parent >= 0)
        feeder = self.parent[child]
        feeding = np.minimum(self.radii[feeder], 1.35 * self.radii[child])
        return _curved(
            self.at[feeder], self.at[child], self.tangent[feeder], self.tangent[child], feeding, self.radii[child]
        )

    def beside(self, way: Points, consolidated: NDArray[np.bool_]) -> tuple[Segments, Segments]:
        """The bronchi along this artery, as far as they can be seen: lumen and outer wall."""
        smallest, wider = AIR_BRONCHOGRAM
        bore = 0.62 * self.radii
        side = np.array([0.35, -0.45, 0.82])
        normal = side - (self.tangent @ side)[:, None] * self.tangent
        normal /= np.maximum(np.linalg.norm(normal, axis=1), 0.2)[:, None]
        at = self.at + normal * (self.radii + bore * 1.35 + 0.3)[:, None]
        at[: len(way)] = way
        tangent = self.tangent.copy()
        for n in range(len(way)):
            step = way[min(n + 1, len(way) - 1)] - way[max(n - 1, 0)]
            tangent[n] = step / np.linalg.norm(step)
        bore[0] = bore[1] * 1.25
        seen = bore > np.where(consolidated, smallest, SMALLEST_BRONCHUS_MM)
        bore *= np.where(consolidated, wider, 1.0)
        child = np.flatnonzero((self.parent >= 0) & seen)
        feeder = self.parent[child]
        feeding = np.minimum(bore[feeder], 1.35 * bore[child])
        lumen = _curved(at[feeder], at[child], tangent[feeder], tangent[child], feeding, bore[child])
        wall = Segments(lumen.start, lumen.end, 1.18 * lumen.r0 + 0.35, 1.18 * lumen.r1 + 0.35)
        return lumen, wall


def _halves(points: Points, start: Points, direction: Points, rng: np.random.Generator) -> list[Points]:
    """Cut a cloud in two along the branch that feeds it, across its widest spread; a single point stays."""
    if len(points) < 2:
        return [points]
    offset = points - points.mean(axis=0)
    offset = offset - np.outer(offset @ direction, direction)
    spread = np.linalg.eigh(offset.T @ offset)[1][:, -1]
    side = (points - points.mean(axis=0)) @ spread
    cut = np.quantile(side, rng.uniform(0.36, 0.64)) if len(points) > 3 else float(np.median(side))
    first = side <= cut
    if first.all() or not first.any():
        first = np.arange(len(points)) < len(points) // 2
    return [points[first], points[~first]]


def _limited(heading: Points, direction: Points, most_deg: float) -> Points:
    """``heading`` turned back towards ``direction`` if it strays by more than ``most_deg``."""
    cosine = float(heading @ direction)
    if cosine >= np.cos(np.radians(most_deg)):
        return heading
    across = heading - cosine * direction
    size = float(np.linalg.norm(across))
    if size < 1e-6:
        return direction
    angle = np.radians(most_deg)
    return np.asarray(np.cos(angle) * direction + np.sin(angle) * across / size)


def _curved(
    start: Points, end: Points, leave: Points, arrive: Points, r0: NDArray[np.float64], r1: NDArray[np.float64]
) -> Segments:
    """Each branch as a cubic that leaves along its feeder and arrives along its own heading, in one to four pieces."""
    length = np.linalg.norm(end - start, axis=1)
    pieces = np.clip((length / 5.0).astype(int) + 1, 1, 4)
    parts = []
    for count in range(1, 5):
        chosen = pieces == count
        if not chosen.any():
            continue
        p0, p1, size = start[chosen], end[chosen], length[chosen][:, None]
        m0, m1 = leave[chosen] * size * 0.8, arrive[chosen] * size * 0.8
        t = np.linspace(0, 1, count + 1)[:, None, None]
        curve = (2 * t**3 - 3 * t**2 + 1) * p0 + (t**3 - 2 * t**2 + t) * m0
        curve = curve + (-2 * t**3 + 3 * t**2) * p1 + (t**3 - t**2) * m1
        radius = r0[chosen] + t[..., 0] * (r1[chosen] - r0[chosen])
        parts.append(
            Segments(
                curve[:-1].reshape(-1, 3), curve[1:].reshape(-1, 3), radius[:-1].reshape(-1), radius[1:].reshape(-1)
            )
        )
    return Segments.joined(parts)


def wider_than(segments: Segments, radius_mm: float) -> Segments:
    """The pieces with at least that radius all along."""
    keep = np.minimum(segments.r0, segments.r1) >= radius_mm
    return Segments(segments.start[keep], segments.end[keep], segments.r0[keep], segments.r1[keep])


def outside(segments: Segments, lattice: Axes, *shapes: Floats, but_wider_mm: float = np.inf) -> Segments:
    """The pieces that end in none of the shapes, and those of at least ``but_wider_mm`` wherever they end."""
    keep = np.ones(len(segments.end), np.bool_)
    for shape in shapes:
        keep &= sample(shape, lattice, segments.end) > 0.0
    keep |= segments.r1 >= but_wider_mm
    return Segments(segments.start[keep], segments.end[keep], segments.r0[keep], segments.r1[keep])
