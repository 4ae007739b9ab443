"""The wall of the chest: rib cage, muscles, fat and skin, arms up, and the couch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.demo.fields import Floats, as_distance, smooth_max, smooth_min, smooth_noise
from inference.demo.shapes import Frame, Tube, profile

RIB_HEIGHTS = np.array([93.0, 74.0, 54.0, 33.0, 11.0, -12.0, -36.0, -61.0, -87.0, -114.0, -141.0, -166.0])
"""z in mm of the heads of ribs 1 to 12, the middle of the thoracic vertebrae."""

CAGE_EXPONENT = 2.35
WALL_MM = 10.5
"""From the inside of the ribs to the outside of the muscles between them."""

half_width = profile([-200, -150, -100, -50, 0, 40, 70, 100, 130], [126, 130, 131, 128, 121, 110, 97, 80, 66])
front_depth = profile([-200, -150, -100, -50, 0, 40, 70, 100, 130], [92, 97, 97, 93, 84, 72, 58, 42, 34])
back_depth = profile([-200, -150, -100, -50, 0, 40, 70, 100, 130], [84, 91, 95, 96, 94, 88, 79, 64, 50])
spine_y = profile([-200, -140, -80, -30, 20, 70, 110, 140], [44, 52, 60, 61, 57, 45, 30, 20])
"""y in mm of the middle of the vertebral bodies: the kyphosis."""


@dataclass(frozen=True, eq=False)
class Trunk:
    """Signed distances on the lattice."""

    cage: Floats
    """Inside of the ribs."""
    angle: Floats
    """Degrees round the cage: 0 in front, 90 at the side, 180 at the back; the same on both sides."""
    muscle: Floats
    body: Floats
    layer: Floats
    """From the fat between two layers of muscle, where there are two."""


def cage_point(
    angle_deg: NDArray[np.float64], z: NDArray[np.float64], out_mm: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Atlas points ``(n, 3)`` on the left of the cage, ``out_mm`` outside its inner surface."""
    phi = np.radians(angle_deg)
    x, y = np.sin(phi), -np.cos(phi)
    depth = np.where(y < 0, front_depth(z), back_depth(z))
    norm = (np.abs(x) / half_width(z)) ** CAGE_EXPONENT + (np.abs(y) / depth) ** CAGE_EXPONENT
    reach = norm ** (-1.0 / CAGE_EXPONENT) + out_mm
    return np.stack([reach * x, reach * y, z], axis=1)


def rib_drop(angle_deg: NDArray[np.float64] | Floats, depth_mm: float = 86.0) -> NDArray[np.float64]:
    """How far a rib has come down, in mm, on its way round from the spine to the front."""
    t = np.clip((170.0 - np.asarray(angle_deg, dtype=np.float64)) / 150.0, 0.0, 1.0)
    return np.asarray(depth_mm * (0.25 * t + 0.75 * t * t * (3 - 2 * t)) - 10.0 * np.sin(np.pi * t))


def build_trunk(frame: Frame, rng: np.random.Generator, down: float, table_mm: float) -> Trunk:
    """``down`` is +1 where gravity pulls to the back, -1 to the front; ``table_mm`` is where the couch is, that way."""
    cage = _cage(frame)
    angle = np.degrees(np.arctan2(np.abs(frame.x), -frame.y)).astype(np.float32)
    thickness = _muscle_thickness(frame, angle)
    muscle = cage - WALL_MM - thickness
    layer = np.asarray(
        cage - WALL_MM - 0.5 * thickness + 20.0 * np.clip((12.0 - thickness) / 6.0, 0.0, 1.0), np.float32
    )
    neck = frame.tube(Tube.through((0, 12, 85), (0, 2, 200), radii=56.0))
    right = Tube.through((112, 22, 70), (150, 6, 128), (178, -8, 220), radii=(30.0, 43.0, 40.0))
    arms = np.minimum(frame.tube(right), frame.tube(right.mirrored()))
    muscle = smooth_min(smooth_min(muscle, neck, 14.0), arms, 16.0)
    fat = _fat_thickness(frame, angle) + np.float32(1.5) * smooth_noise(rng, frame.lattice, 60.0)
    body = as_distance(muscle, frame.lattice) - np.maximum(fat, 3.0)
    pressed = down * frame.lattice.mesh()[1] - np.float32(table_mm)
    body = smooth_max(body, np.broadcast_to(pressed, body.shape), 14.0)
    return Trunk(cage, angle, np.maximum(as_distance(muscle, frame.lattice), body + 3.0), body, layer)


def _cage(frame: Frame) -> Floats:
    z = frame.z
    a, front, back = half_width(z), front_depth(z), back_depth(z)
    norm = (np.abs(frame.x) / a) ** CAGE_EXPONENT + (
        np.abs(frame.y) / np.where(frame.y < 0, front, back)
    ) ** CAGE_EXPONENT
    rho = norm ** np.float32(1.0 / CAGE_EXPONENT) + np.float32(1e-3)
    reach = np.sqrt(frame.x**2 + frame.y**2)
    distance = np.where(rho < 0.3, -25.0, reach * (1.0 - 1.0 / rho)).astype(np.float32)
    return as_distance(distance, frame.lattice)


def _bump(frame: Frame, angle: Floats, at: tuple[float, float], spread: tuple[float, float]) -> Floats:
    return np.asarray(
        np.exp(-(((angle - at[0]) / spread[0]) ** 2) - ((frame.z - at[1]) / spread[1]) ** 2), dtype=np.float32
    )


def _muscle_thickness(frame: Frame, angle: Floats) -> Floats:
    """Muscle outside the ribs in mm: pectoral, serratus and latissimus, about the shoulder blade, along the spine."""
    spine = np.exp(-((np.maximum(180.0 - angle, 0.0) - 14.0) ** 2) / 14.0**2)
    return np.asarray(
        19.0 * _bump(frame, angle, (40.0, 54.0), (24.0, 32.0))
        + 13.0 * _bump(frame, angle, (108.0, 5.0), (20.0, 62.0))
        + 34.0 * _bump(frame, angle, (128.0, 62.0), (26.0, 48.0))
        + 19.0 * spine
        + 1.5,
        dtype=np.float32,
    )


def _fat_thickness(frame: Frame, angle: Floats) -> Floats:
    """Fat under the skin in mm, more in front of the chest and about the belly."""
    belly = np.clip((-60.0 - frame.z) / 120.0, 0.0, 1.0)
    return np.asarray(
        10.5
        + 14.0 * _bump(frame, angle, (36.0, -8.0), (22.0, 40.0))
        + 6.0 * _bump(frame, angle, (85.0, -20.0), (25.0, 60.0))
        + belly * (7.0 + 6.0 * np.cos(np.radians(angle))),
        dtype=np.float32,
    )
