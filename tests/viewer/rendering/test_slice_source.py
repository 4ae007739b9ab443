"""Slices and slabs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.io.study import FirstImage
from inference.volume import Reorientation, Volume
from tests.helpers.phantoms import code_affine
from tests.helpers.slices import asymmetric, loaded
from viewer.rendering.slice_source import SliceSource, slab_range
from viewer.state.session import Projection, Slab, ViewTransform

PLAIN = ViewTransform()


def turned_volume(volume, turn):
    """The same anatomy stored on another grid."""
    array = np.ascontiguousarray(turn.apply(volume.array))
    return Volume(array, volume.geometry.reoriented(turn), volume.units)


@pytest.mark.parametrize(
    "turn",
    [
        Reorientation((0, 1, 2), (True, False, True)),
        Reorientation((2, 0, 1), (False, True, False)),
        Reorientation((1, 0, 2), (True, True, True)),
    ],
)
@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_the_picture_does_not_depend_on_how_the_grid_is_stored(turn, plane):
    volume = asymmetric()
    plain, other = SliceSource(volume), SliceSource(turned_volume(volume, turn))
    a, b = plain.grid(plane, PLAIN), other.grid(plane, PLAIN)
    np.testing.assert_array_equal(plain.image(a, 2), other.image(b, 2))
    assert a.letters == b.letters
    mask = (volume.array == 225).astype(np.uint8)
    np.testing.assert_array_equal(
        plain.slice_of(a, 2, mask), other.slice_of(b, 2, np.ascontiguousarray(turn.apply(mask)))
    )


@pytest.mark.parametrize(
    ("projection", "reduce"), [(Projection.MIP, np.max), (Projection.MINIP, np.min), (Projection.MEAN, np.mean)]
)
def test_slabs_project_the_slices_they_hold(projection, reduce):
    volume = asymmetric((9, 6, 8))
    volume.array[:] = np.random.default_rng(1).integers(-1000, 900, volume.array.shape)
    source = SliceSource(volume)
    grid = source.grid("axial", PLAIN)
    expected = np.rint(reduce(volume.array[3:6].astype(float), axis=0))
    np.testing.assert_array_equal(source.image(grid, 4, Slab(projection, 12.0)), expected)


def test_slab_thickness_is_in_millimetres_and_stays_inside():
    grid = SliceSource(asymmetric((9, 6, 8))).grid("axial", PLAIN)  # 4 mm apart
    assert list(slab_range(grid, 4, Slab(Projection.MIP, 10.0))) == [4, 5]
    assert list(slab_range(grid, 4, Slab(Projection.MIP, 12.0))) == [3, 4, 5]
    assert list(slab_range(grid, 0, Slab(Projection.MIP, 20.0))) == [0, 1, 2]
    assert list(slab_range(grid, 4, Slab(Projection.MIP, 0.5))) == [4]


def test_padding_enters_neither_minimum_nor_mean():
    volume = asymmetric((3, 2, 2))
    volume.array[:] = -800
    volume.array[0] = -3024
    volume.array[2, 0, 0] = -600
    volume.array[:, 1, 1] = -3024
    source = SliceSource(volume)
    grid = source.grid("axial", PLAIN)
    least = source.image(grid, 1, Slab(Projection.MINIP, 12.0))
    mean = source.image(grid, 1, Slab(Projection.MEAN, 12.0))
    np.testing.assert_array_equal(least, [[-800, -800], [-800, -3024]])
    np.testing.assert_array_equal(mean, [[-700, -800], [-800, -3024]])


def test_missing_slices_are_told_and_never_projected():
    volume = asymmetric((7, 6, 8))
    volume.array[3] = -1000
    gap = replace(volume, missing_slices=(3,))
    source = SliceSource(gap)
    grid = source.grid("axial", PLAIN)
    assert source.is_missing(grid, 3) and not source.is_missing(grid, 2)
    assert not source.is_missing(source.grid("coronal", PLAIN), 3)
    slab = source.image(grid, 3, Slab(Projection.MINIP, 12.0))
    np.testing.assert_array_equal(slab, volume.array[2])
    assert source.value(grid, 3, 1.5, 1.5) is None


def test_missing_slices_follow_the_reorientation():
    volume = asymmetric((7, 6, 8))
    flipped = turned_volume(volume, Reorientation((0, 1, 2), (True, False, False)))
    source = SliceSource(replace(flipped, missing_slices=(1,)))
    grid = source.grid("axial", PLAIN)
    assert [k for k in range(7) if source.is_missing(grid, k)] == [5]


def test_value_under_a_place_is_the_stored_one():
    volume = asymmetric()
    volume.array[2, 0, 0] = -2000
    source = SliceSource(volume)
    grid = source.grid("axial", PLAIN)
    assert source.value(grid, 2, 3.9, 1.1) == 213
    assert source.value(grid, 2, 0.5, 0.5) is None
    assert source.value(grid, 2, 8.0, 1.0) is None and source.value(grid, 2, -0.1, 1.0) is None


def test_a_mask_of_another_shape_is_never_shown():
    source = SliceSource(asymmetric())
    assert source.slice_of(source.grid("axial", PLAIN), 0, np.ones((4, 6, 8), np.uint8)) is None


def test_the_first_image_stands_in_its_true_place():
    volume = asymmetric()
    first = FirstImage(3, volume.array[3], volume.geometry, loaded(volume).info)
    source = SliceSource.of_first_image(first)
    grid = source.grid("axial", PLAIN)
    np.testing.assert_array_equal(source.image(grid, 0), volume.array[3])
    assert grid.position_text(0) == SliceSource(volume).grid("axial", PLAIN).position_text(3)
    assert source.shows("axial") and not source.shows("coronal")


def test_a_coronal_localizer_shows_in_the_coronal_plane_only():
    geometry = replace(asymmetric((1, 6, 8)).geometry, affine=code_affine("LIP", (1.0, 1.0, 1.0)))
    source = SliceSource(Volume(np.arange(48, dtype=np.int16).reshape(1, 6, 8), geometry))
    assert source.shows("coronal") and not source.shows("axial")
    np.testing.assert_array_equal(source.image(source.grid("coronal", PLAIN), 0), np.arange(48).reshape(6, 8))
