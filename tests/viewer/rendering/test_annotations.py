"""What measurements say, and where they can be taken hold of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.volume import Units
from tests.helpers.slices import asymmetric
from viewer.rendering.annotations import Shape, handle_at, lies_on, shape_of, touches, words
from viewer.rendering.camera import Camera
from viewer.rendering.slice_source import SliceSource
from viewer.state.measurements import Measurement
from viewer.state.session import ViewTransform


def source_and_grid(plane="axial", **changes):
    source = SliceSource(asymmetric((5, 6, 8), **changes))
    return source, source.grid(plane, ViewTransform())


def test_a_measurement_lies_on_its_own_slice_and_plane_only():
    _, grid = source_and_grid()
    item = Measurement(1, "length", "axial", (grid.point(2, 1, 1), grid.point(2, 5, 1)))
    assert [lies_on(item, grid, k) for k in range(5)] == [False, False, True, False, False]
    assert not lies_on(replace(item, plane="coronal"), grid, 2)


def test_a_measurement_between_slices_shows_on_the_nearer_ones():
    _, grid = source_and_grid()
    item = Measurement(1, "probe", "axial", (grid.point(2.3, 1, 1),))
    assert [lies_on(item, grid, k) for k in range(5)] == [False, False, True, False, False]


def test_length_is_told_in_millimetres_or_else_in_pixels():
    source, grid = source_and_grid()
    points = (grid.point(2, 1, 1), grid.point(2, 5, 4))
    assert words(source, grid, "length", points) == (f"{np.hypot(4 * 1.0, 3 * 2.0):.1f} mm",)
    source, grid = source_and_grid(spacing_known=False)
    assert words(source, grid, "length", points) == ("5 pixels",)


def test_ellipse_tells_mean_sd_extremes_area_and_count():
    source, grid = source_and_grid()
    corners = (grid.point(2, 2, 1), grid.point(2, 6, 5))
    rows, columns = np.indices((6, 8))
    inside = ((columns + 0.5 - 4) / 2) ** 2 + ((rows + 0.5 - 3) / 2) ** 2 <= 1
    values = source.volume.array[2][inside]
    assert words(source, grid, "ellipse", corners) == (
        f"mean {values.mean():.0f} HU  SD {values.std():.1f}",
        f"min {values.min()}  max {values.max()}",
        f"area {np.pi * 2 * 4:.0f} mm²  n {values.size}",
    )


def test_probe_tells_its_mean_with_a_true_minus_and_grey_without_units():
    source, grid = source_and_grid()
    source.volume.array[:] = -843
    point = (grid.point(2, 3.5, 2.5),)
    assert words(source, grid, "probe", point) == ("−843 HU  SD 0  (3×3)",)
    grey = SliceSource(replace(source.volume, units=Units.GREY8))
    assert "grey" in words(grey, grid, "probe", point)[0] and "HU" not in words(grey, grid, "probe", point)[0]
    source.volume.array[:] = -2000
    assert words(source, grid, "probe", point) == ("outside the scan field",)


def test_angle_needs_its_third_point():
    source, grid = source_and_grid()
    two = (grid.point(2, 1, 1), grid.point(2, 5, 1))
    assert words(source, grid, "angle", two) == ()
    assert words(source, grid, "angle", (*two, grid.point(2, 5, 4))) == ("90.0°",)


def test_shapes_follow_the_view():
    _, grid = source_and_grid()
    frame = Camera().frame(grid, 300, 240)
    item = Measurement(4, "probe", "axial", (grid.point(2, 3.0, 2.0),))
    shape = shape_of(item, frame, ("x",), True)
    assert shape.spots[0] == pytest.approx(frame.to_view(3.0, 2.0)) and shape.number == 4 and shape.selected


def test_handles_and_lines_can_be_taken_hold_of():
    line = Shape(1, "length", ((10, 10), (110, 10)), ())
    assert handle_at(line, 107, 12) == 1 and handle_at(line, 60, 10) is None
    assert touches(line, 60, 14) and not touches(line, 60, 24) and not touches(line, 130, 10)
    circle = Shape(2, "ellipse", ((0, 0), (100, 60)), ())
    assert touches(circle, 100, 30) and not touches(circle, 50, 30)
