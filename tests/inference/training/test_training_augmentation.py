"""Pictures are changed at random, together with what is drawn in them, and the same way again from the same seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from inference.models.noise import neighbours, noise
from inference.training.augmentation import CT, GENTLE, NONE, PAPER4, Augmentation, augment, mix
from inference.training.planes import LESION, PLANES


def _picture(side: int = 64) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    planes = np.zeros((5, side, side), np.uint8)
    planes[0, 8:40, 10:30] = 1
    planes[4, 20:30, 40:60] = 1
    image = (40 + 160 * planes[0] + 90 * planes[4]).astype(np.uint8)
    return image[None], planes


def test_no_augmentation_gives_the_picture_itself() -> None:
    image, planes = _picture()
    grey, marked = augment(image, planes, NONE, np.random.default_rng(0))
    assert np.array_equal(grey, image.astype(np.float32) / 255)
    assert np.array_equal(marked, planes)


def test_same_seed_gives_the_same_picture_and_another_seed_another() -> None:
    image, planes = _picture()
    first, again, other = (augment(image, planes, CT, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("seed", range(12))
def test_what_is_drawn_moves_with_the_image(seed: int) -> None:
    image, planes = _picture()
    moving = replace(NONE, mirror=0.5, turn_over=0.5, right_angles=0.5, rotation=30.0, scale=(0.7, 1.4), shift=0.1)
    grey, marked = augment(image, planes, moving, np.random.default_rng(seed))
    inside = grey[0] > 0.5 * (40 + 200) / 255
    both = np.count_nonzero(inside & (marked[0] > 0))
    assert both / np.count_nonzero(marked[0]) > 0.9
    assert both / np.count_nonzero(inside & (marked[4] == 0)) > 0.85


def test_right_angles_lose_no_pixel_and_are_paper_4s_three() -> None:
    image, planes = _picture()
    seen = set()
    for seed in range(40):
        grey, marked = augment(image, planes, PAPER4, np.random.default_rng(seed))
        turns = [n for n in range(4) if np.array_equal(np.rot90(planes[0], n), marked[0])]
        assert len(turns) == 1
        assert np.allclose(np.rot90(image[0], turns[0]), grey[0] * 255, atol=1)
        seen.add(turns[0])
    assert seen == {0, 1, 2, 3}


def test_window_is_a_part_of_the_picture_at_its_own_resolution() -> None:
    image, planes = _picture()
    corners = set()
    for seed in range(6):
        grey, marked = augment(image, planes, NONE, np.random.default_rng(seed), window=40)
        assert grey.shape == (1, 40, 40) and marked.shape == (5, 40, 40)
        corners.add(int(marked[0].sum()))
    assert len(corners) > 1


def test_values_stay_between_black_and_white() -> None:
    image, planes = _picture()
    loud = Augmentation(gamma=1, contrast=1, window=1, equalise=1, blur=1, noise=1, jpeg=1, coarse=1)
    for seed in range(8):
        grey, marked = augment(image, planes, loud, np.random.default_rng(seed))
        assert grey.min() >= 0 and grey.max() <= 1 and grey.dtype == np.float32
        assert set(np.unique(marked)) <= {0, 1}


def test_grain_is_noise_of_the_scan_which_the_rendering_makes_stronger_and_moves_nothing() -> None:
    image, planes = _picture()
    said = []
    for seed in range(6):
        grey, marked = augment(image, planes, replace(NONE, grain=1.0), np.random.default_rng(seed))
        assert np.array_equal(marked, planes) and grey.min() >= 0 and grey.max() <= 1
        assert grey[0][planes[0] > 0].mean() > grey[0][planes[:5].max(0) == 0].mean()
        said.append(_noise(grey))
    assert min(said) > 0.02 > _noise(image / 255.0) and len(set(said)) == 6


def _noise(picture: NDArray[np.float32]) -> float:
    return float(noise(neighbours(torch.from_numpy(np.asarray(picture, np.float32))[None])))


def test_every_channel_is_moved_alike() -> None:
    image, planes = _picture()
    both = np.concatenate([image, image])
    grey, _ = augment(both, planes, replace(NONE, rotation=25.0, scale=(0.8, 1.2)), np.random.default_rng(3))
    assert np.array_equal(grey[0], grey[1])


def test_mixing_is_paper_5_equation_3_with_one_share_for_images_and_labels() -> None:
    images = np.arange(4, dtype=np.float32)[:, None, None, None] * np.ones((4, 1, 2, 2), np.float32)
    labels = np.eye(4, dtype=np.float32)
    mixed, shares = mix(images, labels, 0.5, np.random.default_rng(1))
    assert np.allclose(shares.sum(axis=1), 1)
    assert np.allclose(mixed[:, 0, 0, 0], shares @ np.arange(4))
    assert ((shares > 0) & (shares < 1)).any()


def test_share_of_mixing_follows_beta_of_one_half() -> None:
    drawn = np.array(
        [mix(np.zeros((2, 1, 1, 1), np.float32), np.eye(2, dtype=np.float32), 0.5, np.random.default_rng(n))[1][0, 0]
         for n in range(800)]
    )  # fmt: skip
    drawn = drawn[drawn < 1]  # a picture can be its own partner
    # Beta(0.5, 0.5) has 2 x (2 / pi) asin(sqrt 0.1) = 0.41 in its two outer tenths
    assert np.mean((drawn < 0.1) | (drawn > 0.9)) == pytest.approx(0.41, abs=0.08)


def test_aimed_window_holds_the_lesion_and_moves_planes_with_the_picture() -> None:
    planes = np.zeros((len(PLANES), 256, 256), np.uint8)
    planes[LESION, 40:50, 195:215] = 1
    picture = planes[LESION][np.newaxis] * np.uint8(255)
    still = replace(GENTLE, shift=0.0, intensity=0.0, gamma=0.0, contrast=0.0, blur=0.0, noise=0.0, coarse=0.0)
    shares = dict.fromkeys((0.0, 1.0), 0.0)
    for aimed in shares:
        for seed in range(40):
            grey, marked = augment(picture, planes, replace(still, aimed=aimed), np.random.default_rng(seed), 128)
            shares[aimed] += bool(marked[LESION].any()) / 40
            apart = (grey[0] > 0.5) != (marked[LESION] > 0)
            assert apart.sum() <= 80, "borders alone may differ"
    assert shares[1.0] > 0.9 > 0.6 > shares[0.0]
