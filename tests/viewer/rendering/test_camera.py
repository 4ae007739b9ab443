"""Zoom and pan."""

from __future__ import annotations

import pytest

from tests.helpers.slices import asymmetric
from viewer.rendering.camera import MAXIMUM_ZOOM, Camera
from viewer.rendering.plane import PlaneGrid

GRID = PlaneGrid(asymmetric().geometry, "coronal")  # 8 x 5 pixels of 1 x 4 mm: 8 mm wide, 20 mm high


def test_the_whole_slice_fits_and_stands_in_the_middle_with_true_aspect():
    frame = Camera().frame(GRID, 400, 200)
    left, top, width, height = frame.rectangle
    assert (width, height) == pytest.approx((80, 200))
    assert (left, top) == pytest.approx((160, 0))


def test_view_and_slice_pixels_are_inverse():
    frame = Camera(3.0, (2.0, 11.0)).frame(GRID, 333, 222)
    assert frame.to_slice(*frame.to_view(1.25, 3.5)) == pytest.approx((1.25, 3.5))


def test_zoom_holds_the_place_under_the_mouse():
    camera = Camera()
    frame = camera.frame(GRID, 400, 200)
    before = frame.to_slice(210, 70)
    nearer = frame.zoomed(camera, 1.7, 210, 70)
    assert nearer.zoom == pytest.approx(1.7)
    assert nearer.frame(GRID, 400, 200).to_slice(210, 70) == pytest.approx(before)


def test_zoom_ends_at_its_limit():
    camera = Camera()
    assert camera.frame(GRID, 400, 200).zoomed(camera, 1e9, 0, 0).zoom == MAXIMUM_ZOOM


def test_pan_moves_the_slice_with_the_mouse():
    camera = Camera(2.0)
    frame = camera.frame(GRID, 400, 200)
    moved = frame.panned(camera, 30, -12).frame(GRID, 400, 200)
    assert (moved.left - frame.left, moved.top - frame.top) == pytest.approx((30, -12))


def test_percent_counts_view_pixels_per_slice_pixel():
    assert Camera().frame(GRID, 400, 200).percent == pytest.approx(1000)


def test_holds_only_what_lies_on_the_slice():
    frame = Camera().frame(GRID, 400, 200)
    assert frame.holds(165, 5) and not frame.holds(155, 5) and not frame.holds(241, 5)
