"""Measurements on one slice: whether they lie on it, what they say, where their lines run. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference.verdict import Colour
from inference.volume import Point, Units
from viewer.rendering import statistics
from viewer.rendering.camera import ViewFrame
from viewer.rendering.plane import PlaneGrid
from viewer.rendering.slice_source import SliceSource
from viewer.rendering.statistics import RegionStatistics
from viewer.state.measurements import Measurement, MeasurementKind

Spot = tuple[float, float]
HANDLE_REACH = 7.0
"""How near, in view pixels, the mouse must come to a handle or a line."""


@dataclass(frozen=True)
class Shape:
    """One measurement in view pixels, with its words. ``number`` is 0 while it is being drawn.

    ``verdict`` is the colour of the series it was made on: what is not green limits every measurement.
    """

    number: int
    kind: MeasurementKind
    spots: tuple[Spot, ...]
    lines: tuple[str, ...]
    selected: bool = False
    verdict: Colour = Colour.GREEN


def lies_on(measurement: Measurement, grid: PlaneGrid, index: int) -> bool:
    """Whether a measurement was made on this plane, within half the slice spacing of this slice."""
    if measurement.plane != grid.plane:
        return False
    return bool(abs(np.mean([grid.locate(point)[0] for point in measurement.points]) - index) <= 0.5)


def words(source: SliceSource, grid: PlaneGrid, kind: MeasurementKind, points: tuple[Point, ...]) -> tuple[str, ...]:
    """What a measurement says, line by line. Values are those of its own slice, never of a slab."""
    if kind == "length":
        return (_length(grid, points),)
    if kind == "angle":
        degrees = statistics.angle(points) if len(points) == 3 else None
        return () if degrees is None else (f"{degrees:.1f}°",)
    pixels = source.image(grid, grid.nearest(points[0]))
    if kind == "probe":
        return _probe(statistics.probe(grid, pixels, source.volume, points[0]), source.volume.units)
    return _region(statistics.ellipse(grid, pixels, source.volume, points), grid, source.volume.units)


def unit_name(units: Units) -> str:
    """What stands behind a value: HU, or ``grey`` where there are no Hounsfield units."""
    return "HU" if units is Units.HU else "grey"


def shape_of(
    measurement: Measurement, frame: ViewFrame, lines: tuple[str, ...], selected: bool, verdict: Colour = Colour.GREEN
) -> Shape:
    """The measurement where it lies in the view."""
    return Shape(measurement.number, measurement.kind, spots(frame, measurement.points), lines, selected, verdict)


def spots(frame: ViewFrame, points: tuple[Point, ...]) -> tuple[Spot, ...]:
    """LPS points in view pixels."""
    return tuple(frame.to_view(*frame.grid.locate(point)[1:]) for point in points)


def handle_at(shape: Shape, x: float, y: float) -> int | None:
    """Which point of a shape can be taken hold of at a place in the view."""
    distances = [float(np.hypot(sx - x, sy - y)) for sx, sy in shape.spots]
    nearest = int(np.argmin(distances))
    return nearest if distances[nearest] <= HANDLE_REACH else None


def touches(shape: Shape, x: float, y: float) -> bool:
    """Whether a place in the view lies on a shape's line or handle."""
    if handle_at(shape, x, y) is not None:
        return True
    if shape.kind == "ellipse":
        (x0, y0), (x1, y1) = shape.spots
        half_x, half_y = max(abs(x1 - x0) / 2, 1.0), max(abs(y1 - y0) / 2, 1.0)
        radius = float(np.hypot((x - (x0 + x1) / 2) / half_x, (y - (y0 + y1) / 2) / half_y))
        return abs(radius - 1) * min(half_x, half_y) <= HANDLE_REACH
    pairs = zip(shape.spots, shape.spots[1:], strict=False)
    return any(_distance_to_line((x, y), a, b) <= HANDLE_REACH for a, b in pairs)


def _distance_to_line(spot: Spot, start: Spot, end: Spot) -> float:
    a, b, p = (np.asarray(item, dtype=float) for item in (start, end, spot))
    along = b - a
    share = np.clip((p - a) @ along / max(float(along @ along), 1e-9), 0, 1)
    return float(np.linalg.norm(p - (a + share * along)))


def _length(grid: PlaneGrid, points: tuple[Point, ...]) -> str:
    if grid.geometry.spacing_known:
        return f"{statistics.length(points):.1f} mm"
    (_, x0, y0), (_, x1, y1) = (grid.locate(point) for point in points)
    return f"{np.hypot(x1 - x0, y1 - y0):.0f} pixels"


def _probe(found: RegionStatistics, units: Units) -> tuple[str, ...]:
    if found.mean is None or found.sd is None:
        return ("outside the scan field",)
    return (f"{_number(found.mean)} {unit_name(units)}  SD {found.sd:.0f}  (3×3)",)


def _region(found: RegionStatistics, grid: PlaneGrid, units: Units) -> tuple[str, ...]:
    area = f"{found.area:.0f} {'mm²' if grid.geometry.spacing_known else 'pixels'}"
    if found.mean is None or found.sd is None or found.minimum is None or found.maximum is None:
        return (f"area {area}  n 0",)
    return (
        f"mean {_number(found.mean)} {unit_name(units)}  SD {found.sd:.1f}",
        f"min {_number(found.minimum)}  max {_number(found.maximum)}",
        f"area {area}  n {found.count}",
    )


def _number(value: float) -> str:
    """Rounded, with a true minus sign and no minus zero."""
    return f"{round(value)}".replace("-", "−")
