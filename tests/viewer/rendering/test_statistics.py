"""Measurements against numpy, on data without symmetry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.volume import Volume
from tests.helpers.slices import asymmetric
from viewer.rendering.plane import PlaneGrid
from viewer.rendering.slice_source import SliceSource
from viewer.rendering.statistics import angle, ellipse, length, probe
from viewer.state.session import ViewTransform


@pytest.fixture
def volume():
    base = asymmetric((9, 40, 50), (3.0, 1.5, 0.7))
    values = np.random.default_rng(3).integers(-1000, 400, base.array.shape).astype(np.int16)
    return Volume(values, base.geometry)


def region(volume, plane, index, x0, y0, x1, y1, transform=None):
    source = SliceSource(volume)
    grid = source.grid(plane, transform or ViewTransform())
    return ellipse(grid, source.image(grid, index), volume, (grid.point(index, x0, y0), grid.point(index, x1, y1)))


def by_hand(values, x0, y0, x1, y1):
    rows, columns = np.indices(values.shape)
    cx, cy, rx, ry = (x0 + x1) / 2, (y0 + y1) / 2, abs(x1 - x0) / 2, abs(y1 - y0) / 2
    return values[((columns + 0.5 - cx) / rx) ** 2 + ((rows + 0.5 - cy) / ry) ** 2 <= 1]


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_ellipse_figures_are_numpys(volume, plane):
    box = (3.2, 1.1, 18.4, 7.9)
    found = region(volume, plane, 4, *box)
    grid = PlaneGrid(volume.geometry, plane)
    values = by_hand(grid.on_screen(volume.array, 4).astype(float), *box)
    assert found.count == values.size > 40
    assert found.mean == pytest.approx(values.mean(), abs=1e-9)
    assert found.sd == pytest.approx(values.std(), abs=1e-9)
    assert (found.minimum, found.maximum) == (values.min(), values.max())
    height, width = grid.pixel_mm
    assert found.area == pytest.approx(np.pi * 7.6 * width * 3.4 * height)


def test_corners_may_come_in_any_order(volume):
    assert region(volume, "axial", 4, 3.2, 5.1, 18.4, 20.9) == region(volume, "axial", 4, 18.4, 5.1, 3.2, 20.9)


def test_flips_and_turns_change_no_figure(volume):
    grid = PlaneGrid(volume.geometry, "axial")
    corners = grid.point(4, 3.3, 5.2), grid.point(4, 18.8, 20.6)
    plain = ellipse(grid, grid.on_screen(volume.array, 4), volume, corners)
    for quarter in range(4):
        turned = PlaneGrid(volume.geometry, "axial", ViewTransform(True, False, quarter))
        other = ellipse(turned, turned.on_screen(volume.array, 4), volume, corners)
        assert (other.count, other.minimum, other.maximum) == (plain.count, plain.minimum, plain.maximum)
        assert other.mean == pytest.approx(plain.mean) and other.area == pytest.approx(plain.area)


def test_padding_enters_no_figure(volume):
    box = (3.2, 5.1, 18.4, 20.9)
    values = by_hand(volume.array[4], *box)
    volume.array[4, 5:12] = -3024
    kept = by_hand(volume.array[4], *box)
    kept = kept[kept > -1500]
    found = region(volume, "axial", 4, *box)
    assert found.count == kept.size < values.size
    assert found.mean == pytest.approx(kept.mean()) and found.minimum == kept.min() > -1500


def test_a_padding_value_that_the_header_names_is_left_out_too(volume):
    volume.array[4, 5:12] = 77
    named = replace(volume, padding_hu=77)
    found = region(named, "axial", 4, 3.2, 5.1, 18.4, 20.9)
    assert found.count < region(volume, "axial", 4, 3.2, 5.1, 18.4, 20.9).count


def test_an_ellipse_over_the_edge_counts_what_is_there(volume):
    found = region(volume, "axial", 4, -10.0, -10.0, 9.5, 9.5)
    assert found.count == by_hand(volume.array[4], -10.0, -10.0, 9.5, 9.5).size


def test_an_empty_ellipse_has_no_figures(volume):
    assert region(volume, "axial", 4, 3.0, 5.0, 3.0, 9.0).mean is None
    volume.array[:] = -2000
    assert region(volume, "axial", 4, 3.0, 5.0, 9.0, 9.0).count == 0


def test_probe_is_the_mean_of_three_by_three(volume):
    source = SliceSource(volume)
    grid = source.grid("axial", ViewTransform())
    found = probe(grid, source.image(grid, 4), volume, grid.point(4, 10.5, 7.5))
    block = volume.array[4, 6:9, 9:12].astype(float)
    assert found.count == 9 and found.mean == pytest.approx(block.mean()) and found.sd == pytest.approx(block.std())
    corner = probe(grid, source.image(grid, 4), volume, grid.point(4, 0.5, 0.5))
    assert corner.count == 4 and corner.mean == pytest.approx(volume.array[4, :2, :2].mean())


def test_length_and_angle_are_those_of_the_patient():
    assert length(((0.0, 0.0, 0.0), (3.0, 4.0, 12.0))) == pytest.approx(13)
    assert angle(((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 2.0, 0.0))) == pytest.approx(90)
    assert angle(((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (1.0, 1.0, 0.0))) == pytest.approx(45)
    assert angle(((1.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 2.0, 0.0))) is None
