"""The scout and its line."""

from __future__ import annotations

import numpy as np
import pytest

from inference.volume import Volume, VolumeGeometry
from tests.helpers.slices import asymmetric, loaded
from viewer.rendering.plane import PlaneGrid
from viewer.rendering.scout import made_scout, reference_line, scout_of_localizer


def test_a_made_scout_is_a_film_from_the_front():
    volume = asymmetric((10, 6, 8))
    volume.array[:] = -900
    volume.array[8, :, 1] = 500  # near the head, on the right
    grid, picture = made_scout(loaded(volume))
    assert grid.plane == "coronal" and grid.letters.left == "R"
    assert np.unravel_index(picture.argmax(), picture.shape) == (1, 1)


def test_padding_counts_as_air():
    volume = asymmetric((10, 6, 8))
    volume.array[:] = -1000
    volume.array[5, :, 3] = 0
    padded = asymmetric((10, 6, 8))
    padded.array[:] = volume.array
    padded.array[0] = -3024
    np.testing.assert_array_equal(made_scout(loaded(volume))[1], made_scout(loaded(padded))[1])


def test_the_line_lies_at_the_slices_height():
    geometry = asymmetric((10, 6, 8)).geometry
    axial, scout = PlaneGrid(geometry, "axial"), PlaneGrid(geometry, "coronal")
    start, end = reference_line(scout, axial, geometry.to_patient((7, 2, 2)))
    assert start == pytest.approx((0, 2.5)) and end == pytest.approx((8, 2.5))


def test_a_localizer_with_its_own_grid_carries_the_line():
    affine = np.array([[2.0, 0, 0, -30], [0, 0, 1, 0], [0, -2.0, 0, 90], [0, 0, 0, 1]])  # i to the left, j to the feet
    localizer = loaded(Volume(np.arange(1200, dtype=np.int16).reshape(1, 40, 30), VolumeGeometry((1, 40, 30), affine)))
    grid, picture = scout_of_localizer(localizer)
    assert grid.plane == "coronal" and picture.shape == (40, 30) and picture[0, 0] < picture[-1, -1]
    axial = PlaneGrid(asymmetric((10, 6, 8)).geometry, "axial")
    start, end = reference_line(grid, axial, (0.0, 0.0, 50.0))
    assert start[1] == end[1] == pytest.approx((90 - 50) / 2 + 0.5)
    assert end[0] > start[0]
