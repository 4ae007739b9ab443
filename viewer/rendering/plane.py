"""The grid of one plane as it lies on the screen: which voxel is where, in which direction, how large. No Qt.

Planes are those of the canonical orientation (k from feet to head, j from front to back, i from right to left), in
radiological convention: patient right on screen left in axial and coronal, front on screen left in sagittal, head up.
Flips and quarter turns are folded into the grid, so that everything which asks it - pixels, letters, the crosshair,
measurements - follows them without knowing.

Screen coordinates ``(x, y)`` count pixels of the slice from its top left *corner*: the first pixel's centre is
(0.5, 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.volume import Point, VolumeGeometry, anatomical_letters
from viewer.state.measurements import Plane
from viewer.state.navigation import NORMAL_AXIS, number_of_index
from viewer.state.session import ViewTransform


@dataclass(frozen=True)
class Axis:
    """A screen direction as an axis of the canonical array; ``forward`` is False where it runs against the index."""

    axis: int
    forward: bool

    @property
    def reversed(self) -> Axis:
        """The opposite direction."""
        return Axis(self.axis, not self.forward)


_ON_SCREEN: dict[Plane, tuple[Axis, Axis]] = {
    "axial": (Axis(1, True), Axis(2, True)),
    "coronal": (Axis(0, False), Axis(2, True)),
    "sagittal": (Axis(0, False), Axis(1, True)),
}
"""Plane: (downwards, rightwards)."""


@dataclass(frozen=True)
class Letters:
    """The orientation letters of the four edges of a view; empty where the orientation is unknown."""

    left: str = ""
    right: str = ""
    top: str = ""
    bottom: str = ""


@dataclass(frozen=True, eq=False)
class PlaneGrid:
    """One plane of a canonical geometry under a view transform."""

    geometry: VolumeGeometry
    plane: Plane
    transform: ViewTransform = field(default_factory=ViewTransform)

    @cached_property
    def _axes(self) -> tuple[Axis, Axis]:
        down, right = _ON_SCREEN[self.plane]
        for _ in range(self.transform.quarter_turns % 4):
            down, right = right, down.reversed  # clockwise: what was on top comes to the right
        if self.transform.flip_horizontal:
            right = right.reversed
        if self.transform.flip_vertical:
            down = down.reversed
        return down, right

    @property
    def normal_axis(self) -> int:
        """The canonical array axis along which the slices are stacked."""
        return NORMAL_AXIS[self.plane]

    @property
    def count(self) -> int:
        """How many slices there are."""
        return self.geometry.shape[self.normal_axis]

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a slice on the screen."""
        down, right = self._axes
        return self.geometry.shape[down.axis], self.geometry.shape[right.axis]

    @cached_property
    def pixel_mm(self) -> tuple[float, float]:
        """Height and width of a pixel in mm."""
        down, right = self._axes
        return self.geometry.spacing_mm[down.axis], self.geometry.spacing_mm[right.axis]

    @property
    def slice_mm(self) -> float:
        """Distance of neighbouring slices in mm."""
        return self.geometry.spacing_mm[self.normal_axis]

    @cached_property
    def extent_mm(self) -> tuple[float, float]:
        """Width and height of the whole slice in mm."""
        return self.shape[1] * self.pixel_mm[1], self.shape[0] * self.pixel_mm[0]

    def on_screen(self, array: NDArray[Any], index: int) -> NDArray[Any]:
        """A view of slice ``index`` of a canonical array, as it lies on the screen. No copy."""
        return self.laid_out(np.moveaxis(np.asarray(array), self.normal_axis, 0)[index])

    def laid_out(self, plane: NDArray[Any]) -> NDArray[Any]:
        """A 2D array in canonical axis order, as it lies on the screen. No copy."""
        down, right = self._axes
        if down.axis > right.axis:
            plane = plane.T
        return plane[:: 1 if down.forward else -1, :: 1 if right.forward else -1]

    def locate(self, point: Any) -> tuple[float, float, float]:
        """``(index, x, y)`` of an LPS point: fractional slice index, and place on the screen in pixels."""
        place = self.geometry.to_index(point)
        down, right = self._axes
        return float(place[self.normal_axis]), self._to_screen(place, right), self._to_screen(place, down)

    def point(self, index: float, x: float, y: float) -> Point:
        """The LPS point at a place on the screen."""
        place = np.empty(3)
        place[self.normal_axis] = index
        for direction, value in zip(self._axes, (y, x), strict=True):
            last = self.geometry.shape[direction.axis] - 1
            place[direction.axis] = value - 0.5 if direction.forward else last - (value - 0.5)
        a, b, c = self.geometry.to_patient(place)
        return float(a), float(b), float(c)

    def nearest(self, point: Any) -> int:
        """The slice that lies nearest to an LPS point, held inside the volume."""
        return int(np.clip(np.rint(self.geometry.to_index(point)[self.normal_axis]), 0, self.count - 1))

    def number(self, index: int) -> int:
        """The slice's number as printed, 1 at the head (coronal: front, sagittal: right)."""
        return number_of_index(self.plane, self.count, index)

    @cached_property
    def letters(self) -> Letters:
        """The letters of the four edges, compound (``LP``) on oblique grids, none without a known orientation."""
        if not self.geometry.orientation_known:
            return Letters()
        down, right = (self._direction(axis) for axis in self._axes)
        return Letters(*(anatomical_letters(d) for d in (-right, right, -down, down)))

    def position_text(self, index: int) -> str:
        """``S 57 mm``: where the slice's middle lies on the patient axis nearest to its normal."""
        if not (self.geometry.orientation_known and self.geometry.spacing_known):
            return ""
        rows, columns = self.shape
        component = {"axial": 2, "coronal": 1, "sagittal": 0}[self.plane]
        return coordinate_text(self.point(index, columns / 2, rows / 2), component) + " mm"

    def _to_screen(self, place: NDArray[np.float64], direction: Axis) -> float:
        value = float(place[direction.axis])
        return (value if direction.forward else self.geometry.shape[direction.axis] - 1 - value) + 0.5

    def _direction(self, direction: Axis) -> NDArray[np.float64]:
        column = self.geometry.affine[:3, 2 - direction.axis]
        return column if direction.forward else -column


def coordinate_text(point: Point, component: int) -> str:
    """One LPS coordinate with its letter: ``S 57``, ``I 182``; component 0 is x, 1 is y, 2 is z."""
    value = point[component]
    letter = ("RL", "AP", "IS")[component][int(value >= 0)]
    return f"{letter} {abs(value):.0f}"


def acquired_plane(geometry: VolumeGeometry) -> Plane:
    """The plane in which the slices of a grid were taken: nearest to its own ``[j, i]`` plane."""
    normal = geometry.orientation.axes.index(0)
    planes: tuple[Plane, Plane, Plane] = ("axial", "coronal", "sagittal")
    return planes[normal]
