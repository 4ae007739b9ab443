"""Order, grid, gaps and tilt of stacks of slices, on asymmetric geometry with known answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from inference.io.slices import Cosines, SliceHeader, arrange, normal_of
from inference.volume import VolumeGeometry

AXIAL: Cosines = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
FEET_FIRST_PRONE: Cosines = (1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
CORONAL: Cosines = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL: Cosines = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def slice_at(position: Sequence[float], orientation: Cosines = AXIAL, content: str | None = "a") -> SliceHeader:
    x, y, z = (float(v) for v in position)
    return SliceHeader(
        (x, y, z),
        orientation,
        rows=40,
        columns=30,
        pixel_spacing=(0.8, 0.6),
        thickness_mm=2.0,
        content_hash=None if content is None else lambda: content,
    )


def stack(heights: Sequence[float]) -> list[SliceHeader]:
    return [slice_at((-10.0, 20.0, z)) for z in heights]


def test_order_follows_position_and_not_the_order_given() -> None:
    arranged = arrange(stack([4.0, 0.0, 8.0, 2.0, 6.0]))
    assert arranged.order == (1, 3, 0, 4, 2)
    assert arranged.slots == (0, 1, 2, 3, 4)


def test_order_does_not_depend_on_instance_numbers() -> None:
    numbered = [replace(one, instance_number=n) for one, n in zip(stack([0, 2, 4]), [1, 2, 3], strict=True)]
    reverse = [replace(one, instance_number=n) for one, n in zip(stack([0, 2, 4]), [3, 2, 1], strict=True)]
    assert arrange(numbered).order == arrange(reverse).order == (0, 1, 2)


def test_affine_puts_every_voxel_where_the_headers_say() -> None:
    arranged = arrange(stack([7.5, 5.0, 10.0]))
    geometry = VolumeGeometry((3, 40, 30), arranged.affine)
    assert np.allclose(geometry.to_patient((2, 0, 0)), (-10.0, 20.0, 10.0))
    assert np.allclose(geometry.to_patient((0, 3, 5)), (-10.0 + 5 * 0.6, 20.0 + 3 * 0.8, 5.0))


@pytest.mark.parametrize(
    ("orientation", "normal"),
    [
        (AXIAL, (0, 0, 1)),
        (FEET_FIRST_PRONE, (0, 0, 1)),
        (CORONAL, (0, 1, 0)),
        (SAGITTAL, (1, 0, 0)),
    ],
    ids=["axial", "feet first", "coronal", "sagittal"],
)
def test_slices_ascend_to_the_head_the_back_or_the_left(orientation: Cosines, normal: tuple[int, ...]) -> None:
    assert np.allclose(normal_of(orientation), normal)
    downwards = [slice_at(-3.0 * n * np.array(normal), orientation) for n in range(4)]
    arranged = arrange(downwards)
    assert arranged.order == (3, 2, 1, 0)
    assert np.allclose(arranged.affine[:3, 2], 3.0 * np.array(normal))


def test_oblique_stack_keeps_an_orthogonal_grid() -> None:
    c, s = np.cos(0.4), np.sin(0.4)
    oblique: Cosines = (1.0, 0.0, 0.0, 0.0, float(c), float(s))
    normal = np.array([0.0, -s, c])
    arranged = arrange([slice_at(1.5 * n * normal, oblique) for n in range(6)])
    assert not arranged.sheared
    assert arranged.plane_degrees == pytest.approx(np.degrees(0.4))
    assert arranged.spacing_mm == pytest.approx(1.5)
    assert VolumeGeometry((6, 40, 30), arranged.affine).is_orthogonal


def test_gantry_tilt_gives_a_sheared_affine_with_the_true_positions() -> None:
    c, s = np.cos(np.radians(18)), np.sin(np.radians(18))
    tilted: Cosines = (1.0, 0.0, 0.0, 0.0, float(c), float(s))
    arranged = arrange([slice_at((1.0, 2.0, 4.0 * n), tilted) for n in range(5)])
    assert arranged.shear_degrees == pytest.approx(18)
    assert arranged.sheared
    assert arranged.spacing_mm == pytest.approx(4.0 * c)
    geometry = VolumeGeometry((5, 40, 30), arranged.affine)
    assert not geometry.is_orthogonal
    assert np.allclose(geometry.to_patient((3, 0, 0)), (1.0, 2.0, 12.0))


def test_exact_duplicates_are_dropped_and_the_first_stays() -> None:
    arranged = arrange([*stack([0, 2, 4]), slice_at((-10.0, 20.0, 2.0))])
    assert arranged.order == (0, 1, 2)
    assert arranged.dropped == (3,)
    assert arranged.clashing == ()


@pytest.mark.parametrize("content", ["b", None], ids=["other pixels", "pixels unknown"])
def test_same_position_without_the_same_pixels_clashes(content: str | None) -> None:
    arranged = arrange([*stack([0, 2, 4]), slice_at((-10.0, 20.0, 2.0), content=content)])
    assert arranged.clashing == (3,)
    assert arranged.dropped == ()


def test_same_height_elsewhere_in_the_plane_clashes() -> None:
    assert arrange([*stack([0, 2, 4]), slice_at((60.0, 20.0, 2.0))]).clashing == (3,)


def test_pixels_are_hashed_only_where_positions_collide() -> None:
    asked: list[int] = []

    def one(n: int, z: float) -> SliceHeader:
        return replace(slice_at((0.0, 0.0, z)), content_hash=lambda: str(asked.append(n)))

    arrange([one(n, z) for n, z in enumerate([0.0, 2.0, 4.0, 4.0, 6.0])])
    assert sorted(asked) == [2, 3]


def test_gap_leaves_its_slots_free() -> None:
    arranged = arrange(stack([0, 2, 4, 10, 12, 16, 18]))
    assert arranged.slots == (0, 1, 2, 5, 6, 8, 9)
    assert arranged.missing == (3, 4, 7)
    assert arranged.slices == 10
    assert arranged.affine[2, 2] == pytest.approx(2.0)
    assert arranged.spacing_variation == pytest.approx(0.0)


def test_uneven_spacing_is_judged_after_gaps_are_taken_out() -> None:
    arranged = arrange(stack([0, 2, 4, 8, 10, 12.1, 14, 16]))
    assert arranged.missing == (3,)
    assert arranged.spacing_variation == pytest.approx(0.05)


def test_distance_that_is_no_multiple_is_uneven_spacing_and_no_gap() -> None:
    arranged = arrange(stack([0, 2, 4, 7, 9, 11, 13]))
    assert arranged.missing == ()
    assert arranged.spacing_variation == pytest.approx(0.5)


def test_lone_slice_far_away_makes_no_endless_gap() -> None:
    arranged = arrange(stack([0, 2, 4, 6, 8, 10_000]))
    assert arranged.slices == 6
    assert arranged.spacing_variation > 1


def test_every_second_slice_is_an_even_stack() -> None:
    arranged = arrange(stack(list(np.arange(0, 40, 4.0))))
    assert (arranged.spacing_mm, arranged.missing, arranged.spacing_variation) == (4.0, (), 0.0)


def test_positions_written_with_one_decimal_are_even() -> None:
    arranged = arrange(stack([round(0.625 * n, 1) for n in range(40)]))
    assert arranged.spacing_variation == 0.0
    assert arranged.spacing_mm == pytest.approx(0.625, abs=0.002)
    assert arranged.missing == ()


def test_tenth_of_a_millimetre_off_is_not_excused_as_rounding() -> None:
    heights = [1.0 * n for n in range(40)]
    heights[20] += 0.1
    assert arrange(stack(heights)).spacing_variation == pytest.approx(0.1)


def test_single_slice_takes_its_thickness_as_depth() -> None:
    arranged = arrange(stack([5.0]))
    assert arranged.slices == 1
    assert arranged.spacing_mm is None
    assert np.allclose(arranged.affine[:3, 2], (0, 0, 2.0))


def test_two_slices_have_their_distance_as_spacing() -> None:
    assert arrange(stack([5.0, 1.0])).spacing_mm == pytest.approx(4.0)


@pytest.mark.parametrize("missing", ["position", "orientation"])
def test_one_unplaced_slice_makes_the_order_unknown(missing: str) -> None:
    headers = [replace(one, instance_number=9 - n) for n, one in enumerate(stack([0, 2, 4]))]
    arranged = arrange([*headers[:2], replace(headers[2], **{missing: None})])
    assert not arranged.positions_known
    assert arranged.order == (2, 1, 0)


def test_unplaced_slices_without_numbers_keep_the_order_given() -> None:
    arranged = arrange([replace(one, position=None) for one in stack([4, 0, 2])])
    assert arranged.order == (0, 1, 2)


@pytest.mark.parametrize("cosines", [(0.0,) * 6, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), (float("nan"),) * 6])
def test_impossible_orientation_counts_as_none(cosines: Cosines) -> None:
    assert not arrange([replace(one, orientation=cosines) for one in stack([0, 2])]).positions_known


def test_orientations_that_differ_are_mixed() -> None:
    mixed = [*stack([0, 2, 4]), slice_at((0.0, 30.0, 6.0), CORONAL)]
    assert arrange(mixed).mixed_orientation
    assert not arrange(stack([0, 2, 4, 6])).mixed_orientation


def test_orientations_written_with_few_digits_are_not_mixed() -> None:
    headers = stack([0, 2, 4])
    assert not arrange(
        [*headers[:2], replace(headers[2], orientation=(1, 0, 0, 0, 0.9999999, 0.0004))]
    ).mixed_orientation


def test_frames_of_reference_are_counted_where_named() -> None:
    headers = stack([0, 2, 4])
    named = [replace(one, frame_of_reference_uid=uid) for one, uid in zip(headers, ["1.2", "", "1.3"], strict=True)]
    assert arrange(named).frames_of_reference == ("1.2", "1.3")


def test_slices_of_other_size_or_pixel_spacing_make_a_mixed_grid() -> None:
    headers = stack([0, 2, 4])
    assert arrange([*headers[:2], replace(headers[2], rows=41)]).mixed_grid
    assert arrange([*headers[:2], replace(headers[2], pixel_spacing=(0.8, 0.7))]).mixed_grid
    assert not arrange([*headers[:2], replace(headers[2], pixel_spacing=(0.80001, 0.6))]).mixed_grid


def test_slice_shifted_within_its_plane_is_measured() -> None:
    headers = stack([0, 2, 4, 6])
    assert arrange(headers).sideways_mm == pytest.approx(0.0)
    assert arrange([*headers[:2], slice_at((-6.0, 17.0, 4.0)), headers[3]]).sideways_mm == pytest.approx(5.0)


def test_nothing_to_arrange_is_an_error() -> None:
    with pytest.raises(ValueError, match="no slice"):
        arrange([])
