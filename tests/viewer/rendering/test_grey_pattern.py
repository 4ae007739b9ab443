"""The greyscale test pattern holds what a physicist looks for, whatever the size of the screen."""

from itertools import pairwise

import numpy as np
import pytest

from viewer.rendering.grey_pattern import SMALLEST, STEPS, grey_pattern

SIZES = [(1920, 1200), (1366, 700), (900, 1600), (SMALLEST, SMALLEST)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_step_is_there_once_and_even(width, height):
    pattern = grey_pattern(width, height)
    assert pattern.pixels.shape == (height, width)
    assert 16 <= len(STEPS) <= 32 and STEPS[0] == 0 and STEPS[-1] == 255
    assert len(set(np.diff(STEPS))) == 1
    levels = [np.unique(pattern.pixels[box.pixels]).tolist() for box in pattern.steps]
    assert levels == [[level] for level in STEPS]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_neighbouring_steps_touch(width, height):
    boxes = grey_pattern(width, height).steps
    for one, other in pairwise(boxes[:9]):
        assert one.right == other.left and one.top == other.top


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_low_contrast_squares_lie_in_black_and_white(width, height):
    pattern = grey_pattern(width, height)
    for box, outside, share in ((pattern.black, 0, 0.05), (pattern.white, 255, 0.95)):
        part = pattern.pixels[box.pixels]
        middle = part[part.shape[0] // 2, part.shape[1] // 2]
        assert part[0, 0] == part[-1, -1] == outside
        assert abs(middle / 255 - share) < 0.003
        assert 0.2 < (part == middle).mean() < 0.3


def test_the_parts_do_not_lie_over_one_another():
    pattern = grey_pattern(1366, 700)
    seen = np.zeros(pattern.pixels.shape, int)
    for box in (*pattern.steps, pattern.black, pattern.white):
        seen[box.pixels] += 1
    assert seen.max() == 1


def test_single_pixels_alternate_from_black_to_white_both_ways():
    pixels = grey_pattern(1200, 1200).pixels.astype(int)
    full = 255
    standing = (abs(np.diff(pixels, axis=1)) == full).sum(axis=1).max()
    lying = (abs(np.diff(pixels, axis=0)) == full).sum(axis=0).max()
    assert standing > 100 and lying > 30


def test_a_smaller_place_gets_the_smallest_pattern():
    assert grey_pattern(10, 20).pixels.shape == (SMALLEST, SMALLEST)
