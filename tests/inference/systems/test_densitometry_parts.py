"""The tools under densitometry: morphology in millimetres, the working grid, gravity, the ground-glass cut-off."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from inference.systems.densitometry.body import gravity
from inference.systems.densitometry.config import DensitometryConfig
from inference.systems.densitometry.grid import working_grid
from inference.systems.densitometry.morphology import (
    box,
    closed,
    dilate,
    erode,
    grow_apart,
    largest,
    opened,
    pieces,
    smoothed_inside,
    touching,
    without_small,
)
from inference.systems.densitometry.opacity import ground_glass_cutoff
from inference.volume import Volume, VolumeGeometry

SPACING = (3.0, 1.25, 0.8)


def nothing() -> None:
    """A pulse that never stops."""


def blobs(seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(14, 30, 41))
    return ndimage.gaussian_filter(noise, (1.0, 2.0, 3.0)) > 0.09


@pytest.mark.parametrize("radius", [0.7, 1.3, 3.0, 5.5])
def test_dilation_is_a_ball_in_millimetres(radius: float) -> None:
    mask = blobs()
    distance = ndimage.distance_transform_edt(~mask, sampling=SPACING)
    np.testing.assert_array_equal(dilate(mask, radius, SPACING), distance <= radius + 1e-6)


@pytest.mark.parametrize("radius", [0.7, 1.3, 3.0])
def test_erosion_keeps_what_is_farther_from_outside(radius: float) -> None:
    mask = ~blobs()
    distance = ndimage.distance_transform_edt(mask, sampling=SPACING)
    np.testing.assert_array_equal(erode(mask, radius, SPACING), distance > radius + 1e-6)


def test_the_grids_edge_is_no_outside() -> None:
    mask = np.ones((6, 9, 9), bool)
    mask[:, 4, 4] = False
    assert erode(mask, 1.3, SPACING)[:, 0, 0].all()
    assert erode(np.ones((4, 4, 4), bool), 5.0, SPACING).all()


def test_opening_removes_what_is_thin_and_keeps_the_rest() -> None:
    mask = np.zeros((20, 40, 60), bool)
    mask[5:15, 10:30, 10:40] = True
    mask[10, 20, 40:58] = True
    kept = opened(mask, 2.0, SPACING)
    assert not kept[10, 20, 44:].any()
    assert kept[6:14, 12:28, 13:37].all()
    assert not (kept & ~mask).any()


def test_closing_fills_a_narrow_gap_and_nothing_at_the_edge() -> None:
    mask = np.zeros((12, 30, 60), bool)
    mask[3:, 5:25, 5:28] = True
    mask[3:, 5:25, 31:55] = True
    shut = closed(mask, 2.0, SPACING)
    assert shut[6:, 8:22, 28:31].all()
    assert not shut[:2].any()
    assert not shut[:, :, :3].any()


def test_two_seeds_meet_halfway_and_leave_nothing() -> None:
    mask = np.zeros((3, 5, 21), bool)
    mask[1, 2, :] = True
    first, second = np.zeros_like(mask), np.zeros_like(mask)
    first[1, 2, 0] = second[1, 2, 20] = True
    left, right = grow_apart(first, second, mask, nothing)
    assert not (left & right).any()
    np.testing.assert_array_equal(left | right, mask)
    assert abs(int(left.sum()) - int(right.sum())) <= 1


def test_pieces_are_counted_without_background() -> None:
    mask = np.zeros((4, 6, 8), bool)
    mask[0, 0, :3] = True
    mask[3, 4:, 5:7] = True
    _, sizes = pieces(mask)
    assert sorted(sizes) == [0, 3, 4]
    assert largest(mask).sum() == 4
    assert without_small(mask, 4).sum() == 4
    seed = np.zeros_like(mask)
    seed[0, 0, 1] = True
    assert touching(mask, seed).sum() == 3
    assert not touching(mask, np.zeros_like(mask)).any()
    assert not largest(np.zeros_like(mask)).any()


def test_smoothing_inside_ignores_what_lies_outside() -> None:
    hu = np.full((9, 9, 9), 300.0, np.float32)
    mask = np.zeros(hu.shape, bool)
    mask[2:7, 2:7, 2:7] = True
    hu[mask] = -800.0
    np.testing.assert_allclose(smoothed_inside(hu, mask, 2.0, SPACING)[mask], -800.0, atol=0.1)


def test_the_box_of_nothing_is_empty() -> None:
    assert np.zeros((4, 5, 6))[box(np.zeros((4, 5, 6), bool), 3.0, SPACING)].size == 0


def volume(shape: tuple[int, int, int], spacing: tuple[float, float, float], hu: int = 40) -> Volume:
    array = np.full(shape, -1000, np.int16)
    array[:, 20:-20, 30:-10] = hu
    return Volume(array, VolumeGeometry(shape, np.diag([*spacing[::-1], 1.0])))


def test_thin_slices_and_fine_pixels_are_averaged_and_coarse_ones_kept() -> None:
    fine = working_grid(volume((9, 101, 120), (0.9, 0.7, 0.6)), DensitometryConfig())
    assert fine.factors == (2, 2, 2)
    assert fine.spacing_mm == pytest.approx((1.8, 1.4, 1.2))
    coarse = working_grid(volume((9, 101, 120), (5.0, 1.9, 1.9)), DensitometryConfig())
    assert coarse.factors == (1, 1, 1)


def test_a_large_volume_gets_a_coarser_grid() -> None:
    grid = working_grid(volume((9, 101, 120), (5.0, 1.9, 1.9)), DensitometryConfig(most_blocks=20_000))
    assert np.prod(grid.shape) <= 20_000
    assert grid.factors[1] > 1


def test_averages_are_block_means_without_padding() -> None:
    case = volume((7, 101, 120), (0.9, 0.7, 0.6))
    case.array[3, 40, 50] = -3024
    grid = working_grid(case, DensitometryConfig())
    block = grid.average(case, nothing)
    assert block.shape == grid.shape
    j, i = (40 - grid.start[1]) // 2, (50 - grid.start[2]) // 2
    assert block[1, j, i] == pytest.approx((7 * 40 - 1024) / 8)
    assert block[3, j, i] == pytest.approx(40.0)


def test_a_mask_comes_back_to_where_it_was() -> None:
    case = volume((8, 101, 120), (0.9, 0.7, 0.6))
    grid = working_grid(case, DensitometryConfig())
    out = np.zeros(case.array.shape, np.uint8)
    grid.restore(grid.average(case, nothing) > -480, out, 7, None, nothing)
    wrong = (out == 7) != (case.array == 40)
    assert wrong.mean() < 0.01
    over = np.zeros(out.shape, bool)
    over[:, :, :60] = True
    part = np.zeros_like(out)
    grid.restore(grid.average(case, nothing) > -480, part, 7, over, nothing)
    np.testing.assert_array_equal(part == 7, (out == 7) & over)


@pytest.mark.parametrize(
    ("position", "down"),
    [
        ("HFS", (1, 0)), ("FFS", (1, 0)), ("HFP", (-1, 0)), ("FFP", (-1, 0)),
        ("HFDR", (0, -1)), ("FFDL", (0, 1)), ("", (1, 0)), ("odd", (1, 0)),
    ],
)  # fmt: skip
def test_down_follows_the_patients_position(position: str, down: tuple[int, int]) -> None:
    assert gravity(position) == down


@pytest.mark.parametrize(("level", "expected"), [(-840, -675), (-780, -615), (-950, -700), (-650, -560)])
def test_the_ground_glass_cutoff_follows_the_lung_within_limits(level: int, expected: int) -> None:
    values = np.random.default_rng(0).normal(level, 30, 20_000).astype(np.float32)
    assert ground_glass_cutoff(values, DensitometryConfig()) == pytest.approx(expected, abs=15)
