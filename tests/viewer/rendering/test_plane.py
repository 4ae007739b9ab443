"""Which voxel lies where on the screen, in radiological convention."""

from __future__ import annotations

import numpy as np
import pytest

from inference.volume import VolumeGeometry
from tests.helpers.phantoms import code_affine
from tests.helpers.slices import asymmetric
from viewer.rendering.plane import Letters, PlaneGrid, acquired_plane, coordinate_text
from viewer.state.session import ViewTransform
from viewer.state.transforms import flipped_horizontally, flipped_vertically, turned

PLANES = ("axial", "coronal", "sagittal")
TRANSFORMS = [
    ViewTransform(h, v, q) for h in (False, True) for v in (False, True) for q in range(4)
]  # fmt: skip


def grid(plane, transform=None, **changes):
    return PlaneGrid(asymmetric(**changes).geometry, plane, transform or ViewTransform())


def test_axial_has_patient_right_on_screen_left_and_front_on_top():
    array = asymmetric().array
    picture = grid("axial").on_screen(array, 2)
    assert picture[0, 0] == 200 and picture[0, -1] == 207 and picture[-1, 0] == 250


def test_coronal_has_head_on_top_and_patient_right_on_screen_left():
    picture = grid("coronal").on_screen(asymmetric().array, 3)
    assert picture[0, 0] == 430 and picture[-1, 0] == 30 and picture[0, -1] == 437


def test_sagittal_has_front_on_screen_left_and_head_on_top():
    picture = grid("sagittal").on_screen(asymmetric().array, 5)
    assert picture[0, 0] == 405 and picture[0, -1] == 455 and picture[-1, 0] == 5


@pytest.mark.parametrize(
    ("plane", "letters"),
    [
        ("axial", Letters("R", "L", "A", "P")),
        ("coronal", Letters("R", "L", "S", "I")),
        ("sagittal", Letters("A", "P", "S", "I")),
    ],
)
def test_letters_name_the_edges(plane, letters):
    assert grid(plane).letters == letters


@pytest.mark.parametrize("plane", PLANES)
def test_no_letter_and_no_position_without_a_known_orientation(plane):
    unknown = grid(plane, orientation_known=False)
    assert unknown.letters == Letters()
    assert unknown.position_text(1) == ""


def test_letters_are_compound_on_oblique_grids():
    angle = np.radians(30)
    affine = np.eye(4)
    affine[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    oblique = PlaneGrid(VolumeGeometry((3, 4, 5), affine), "axial")
    assert oblique.letters == Letters("RA", "LP", "AL", "PR")


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_pixels_letters_and_points_agree_under_every_transform(plane, transform):
    volume = asymmetric()
    seen = grid(plane, transform)
    picture = seen.on_screen(volume.array, 1)
    assert picture.shape == seen.shape
    for row, column in ((0, 0), (1, 2), (seen.shape[0] - 1, seen.shape[1] - 1)):
        point = seen.point(1, column + 0.5, row + 0.5)
        k, j, i = np.rint(volume.geometry.to_index(point)).astype(int)
        assert picture[row, column] == volume.array[k, j, i]
        assert seen.locate(point) == pytest.approx((1, column + 0.5, row + 0.5))
    towards = {"R": (0, -1), "L": (0, 1), "A": (1, -1), "P": (1, 1), "I": (2, -1), "S": (2, 1)}
    start = np.array(seen.point(1, 1.5, 1.5))
    for letter, place in ((seen.letters.right, (2.5, 1.5)), (seen.letters.bottom, (1.5, 2.5))):
        component, sign = towards[letter]
        moved = np.array(seen.point(1, *place)) - start
        assert moved[component] * sign > 0


def test_a_quarter_turn_is_clockwise():
    array = asymmetric().array
    plain, rotated = grid("axial"), grid("axial", ViewTransform(quarter_turns=1))
    np.testing.assert_array_equal(rotated.on_screen(array, 0), np.rot90(plain.on_screen(array, 0), -1))
    assert rotated.letters == Letters("P", "A", "R", "L")
    assert rotated.pixel_mm == (1.0, 2.0)


def test_flips_act_on_the_screen_after_the_turn():
    array = asymmetric().array
    seen = grid("axial", ViewTransform(flip_horizontal=True, quarter_turns=1))
    np.testing.assert_array_equal(seen.on_screen(array, 0), np.rot90(array[0], -1)[:, ::-1])


def test_a_turn_behind_a_flip_still_turns_the_screen_clockwise():
    array = asymmetric().array
    for start in TRANSFORMS:
        before = grid("axial", start).on_screen(array, 0)
        np.testing.assert_array_equal(grid("axial", turned(start)).on_screen(array, 0), np.rot90(before, -1))
        np.testing.assert_array_equal(grid("axial", turned(start, -1)).on_screen(array, 0), np.rot90(before, 1))
        np.testing.assert_array_equal(grid("axial", flipped_horizontally(start)).on_screen(array, 0), before[:, ::-1])
        np.testing.assert_array_equal(grid("axial", flipped_vertically(start)).on_screen(array, 0), before[::-1])


def test_pixel_size_and_extent_follow_the_plane():
    assert grid("axial").pixel_mm == (2.0, 1.0)
    assert grid("coronal").pixel_mm == (4.0, 1.0)
    assert grid("sagittal").extent_mm == (12.0, 20.0)
    assert grid("sagittal").slice_mm == 1.0


def test_slice_one_lies_at_the_head():
    axial = grid("axial")
    assert axial.number(axial.count - 1) == 1 and axial.number(0) == axial.count
    assert grid("coronal").number(0) == 1


def test_position_is_told_with_its_letter():
    assert grid("axial").position_text(4) == "S 46 mm"
    affine = np.eye(4)
    affine[2, 3] = -182
    assert PlaneGrid(VolumeGeometry((3, 4, 4), affine), "axial").position_text(0) == "I 182 mm"
    assert [coordinate_text((-3.0, 4.0, -5.0), n) for n in range(3)] == ["R 3", "P 4", "I 5"]


def test_nearest_slice_is_held_inside_the_volume():
    axial = grid("axial")
    assert axial.nearest((0, 0, 35.9)) == 1
    assert axial.nearest((0, 0, 9999)) == axial.count - 1 and axial.nearest((0, 0, -9999)) == 0


@pytest.mark.parametrize(
    ("code", "plane"), [("LPS", "axial"), ("LIP", "coronal"), ("PIL", "sagittal"), ("RAI", "axial")]
)
def test_acquired_plane_is_the_one_the_scanner_took(code, plane):
    assert acquired_plane(VolumeGeometry((1, 4, 5), code_affine(code, (1.0, 1.0, 1.0)))) == plane
