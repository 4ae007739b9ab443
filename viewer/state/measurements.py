"""Measurements and key images. Positions are LPS millimetres in the patient, so every view shows the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inference.volume import Point
from viewer.state.observable import Value

MeasurementKind = Literal["length", "angle", "ellipse", "probe"]
Plane = Literal["axial", "coronal", "sagittal"]


@dataclass(frozen=True)
class Measurement:
    """One measurement. ``points``: length two ends; angle first end, vertex, second end; ellipse two opposite corners
    of its box in the plane; probe one point."""

    number: int
    kind: MeasurementKind
    plane: Plane
    points: tuple[Point, ...]


@dataclass(frozen=True)
class KeyImage:
    """A marked position: the plane it was marked on and the LPS point at that plane's crosshair."""

    plane: Plane
    point: Point


class Measurements:
    """The measurements and key images of the open series."""

    def __init__(self) -> None:
        self.items: Value[tuple[Measurement, ...]] = Value(())
        self.key_images: Value[tuple[KeyImage, ...]] = Value(())
        self._next = 1

    def add(self, kind: MeasurementKind, plane: Plane, points: tuple[Point, ...]) -> Measurement:
        """Add a measurement and return it with its number."""
        item = Measurement(self._next, kind, plane, points)
        self._next += 1
        self.items.value = (*self.items.value, item)
        return item

    def move(self, number: int, points: tuple[Point, ...]) -> None:
        """Give a measurement new points."""
        self.items.value = tuple(
            Measurement(m.number, m.kind, m.plane, points) if m.number == number else m for m in self.items.value
        )

    def remove(self, number: int) -> None:
        """Take one away."""
        self.items.value = tuple(m for m in self.items.value if m.number != number)

    def toggle_key_image(self, plane: Plane, point: Point, tolerance_mm: float) -> bool:
        """Mark the position, or unmark it if it is marked already; returns whether it is marked now."""
        axis = {"axial": 2, "coronal": 1, "sagittal": 0}[plane]
        there = [
            k for k in self.key_images.value if k.plane == plane and abs(k.point[axis] - point[axis]) <= tolerance_mm
        ]
        if there:
            self.key_images.value = tuple(k for k in self.key_images.value if k not in there)
            return False
        self.key_images.value = (*self.key_images.value, KeyImage(plane, point))
        return True

    def clear(self) -> None:
        """Forget everything (another series was opened)."""
        self.items.value = ()
        self.key_images.value = ()
        self._next = 1
