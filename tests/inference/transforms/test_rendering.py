"""One rendering for Hounsfield units, linear 8-bit, lung window and rendered slices, and its inverse."""

from __future__ import annotations

import csv

import cv2
import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from inference.errors import InputShapeError
from inference.transforms.rendering import Box, Kind, body_box, kind_of, place_mask, render, soft_tissue, to_source
from tests.helpers.shared_data import shared_data


def _chest(noise: float = 15.0, rows: int = 256, columns: int = 256) -> NDArray[np.float32]:
    """A body of -60..60 HU with two lungs of different size, a spine, air and noise."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:rows, :columns]
    y, x = y / rows, x / columns
    hu = np.full((rows, columns), -1000.0)
    hu[((x - 0.5) / 0.42) ** 2 + ((y - 0.5) / 0.3) ** 2 < 1] = 40
    hu[((x - 0.3) / 0.14) ** 2 + ((y - 0.5) / 0.2) ** 2 < 1] = -820
    hu[((x - 0.68) / 0.12) ** 2 + ((y - 0.48) / 0.19) ** 2 < 1] = -800
    hu[((x - 0.3) / 0.05) ** 2 + ((y - 0.6) / 0.06) ** 2 < 1] = -500
    hu[((x - 0.5) / 0.04) ** 2 + ((y - 0.72) / 0.06) ** 2 < 1] = 900
    blurred = cv2.GaussianBlur((hu + rng.normal(0, noise, hu.shape)).astype(np.float32), (0, 0), 0.6)
    return np.maximum(blurred, -1024).astype(np.float32)


def _linear(hu: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.round(255 * (hu - hu.min()) / (hu.max() - hu.min())).astype(np.uint8)


def _window(hu: NDArray[np.float32], black: float = -1350, white: float = 150) -> NDArray[np.uint8]:
    return np.round(255 * np.clip((hu - black) / (white - black), 0, 1)).astype(np.uint8)


def _close(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return float(np.abs(first.astype(int) - second).mean())


def test_hounsfield_units_and_their_8_bit_twin_give_the_same_picture() -> None:
    hu = _chest()
    assert _close(render(hu, Kind.HU, 256), render(_linear(hu), Kind.LINEAR, 256)) < 2.0


def test_lung_window_comes_close_to_hounsfield_units_and_closer_than_without_putting_it_back() -> None:
    volume = nibabel.load(str(shared_data() / "plethora-effusion" / "LUNG1-001_ct.nii.gz"))
    closer = []
    for k in (50, 70, 90):
        hu = np.ascontiguousarray(np.asanyarray(volume.dataobj[:, :, k]).T).astype(np.float32)
        body = place_mask(cv2.morphologyEx((hu > -300).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((41, 41))), 256)
        true = render(hu, Kind.HU, 256)[body].astype(int)
        back, raw = (np.abs(render(_window(hu), kind, 256)[body] - true).mean() for kind in (Kind.WINDOW, Kind.LINEAR))
        closer.append(back / raw)
    assert max(closer) < 0.5, closer


def test_rendered_slice_is_left_as_it_is() -> None:
    picture = render(_chest(), Kind.HU, 256)
    assert np.array_equal(render(picture, Kind.RENDERED, 256), picture)


def test_rendering_is_minimum_to_maximum_then_clahe_of_limit_7_in_8_by_8_tiles() -> None:
    hu = _chest()
    expected = cv2.createCLAHE(clipLimit=7.0, tileGridSize=(8, 8)).apply(_linear(hu))
    assert np.array_equal(render(hu, Kind.HU, 256), expected)


def test_padding_far_below_air_changes_nothing() -> None:
    hu = np.maximum(_chest(), -1024)
    hu[:20, :20] = -1024
    padded = hu.copy()
    padded[:20, :20] = -3024
    assert np.array_equal(render(padded, Kind.HU, 128), render(hu, Kind.HU, 128))


@pytest.mark.parametrize("shape", [(256, 256), (200, 256), (256, 150), (81, 128), (512, 512)])
def test_mask_comes_back_to_where_it_was(shape: tuple[int, int]) -> None:
    mask = np.zeros(shape, np.uint8)
    mask[shape[0] // 4 : shape[0] // 2, shape[1] // 3 : shape[1] // 2] = 1
    shown = place_mask(mask, 256).astype(np.float32)
    back = to_source(shown, shape) >= 0.5
    assert 2 * np.count_nonzero(back & (mask > 0)) / (np.count_nonzero(back) + mask.sum()) > 0.96


@pytest.mark.parametrize("box", [Box(40, 60, 128), Box(-20, 30, 200), Box(100, 150, 140)])
def test_mask_in_a_box_comes_back_to_where_it_was_and_the_rest_is_outside(box: Box) -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[110:150, 170:200] = 1
    back = to_source(place_mask(mask, 256, box).astype(np.float32), (256, 256), box, outside=-1.0)
    rows, columns = slice(max(box.top, 0), box.top + box.side), slice(max(box.left, 0), box.left + box.side)
    outside = np.ones(mask.shape, bool)
    outside[rows, columns] = False
    assert (back[outside] == -1).all() and (back[~outside] > -1).all()
    assert np.count_nonzero(((back >= 0.5) ^ (mask > 0))[~outside]) < 0.06 * mask[~outside].sum()


def test_box_cuts_the_equalised_picture_and_equalises_nothing_anew() -> None:
    hu = _chest()
    box = Box(64, 32, 128)
    assert np.array_equal(render(hu, Kind.HU, 128, box), render(hu, Kind.HU, 256)[64:192, 32:160])


def test_maps_of_several_labels_come_back_together() -> None:
    maps = np.random.default_rng(0).random((3, 2, 64, 64)).astype(np.float32)
    back = to_source(maps, (50, 80))
    assert back.shape == (3, 2, 50, 80)
    assert np.array_equal(back[1, 1], to_source(maps[1, 1], (50, 80)))


def test_body_box_holds_the_body_and_leaves_the_couch_out() -> None:
    hu = _chest()
    hu[245:248, 20:236] = 200  # a thin couch
    box = body_box([hu])
    assert box is not None
    body = np.argwhere(_chest() > -300)
    assert box.top <= body[:, 0].min() and box.left <= body[:, 1].min()
    assert box.top + box.side >= body[:, 0].max() and box.left + box.side >= body[:, 1].max()
    assert box.side < 240


def test_body_box_of_air_is_none() -> None:
    assert body_box([np.full((64, 64), -1000.0)]) is None
    assert body_box([]) is None


def test_xrays_of_every_shape_become_the_middle_square() -> None:
    film = np.tile(np.arange(200, dtype=np.uint8), (120, 1))
    picture = render(film, Kind.XRAY, 120)
    assert picture.shape == (120, 120)
    assert Box.middle((120, 200)) == Box(0, 40, 120)
    assert picture[:, 5].mean() < picture[:, -5].mean()


def test_soft_tissue_shows_400_wide_at_40() -> None:
    hu = np.tile(np.array([-1000.0, -160.0, 40.0, 240.0, 900.0], np.float32), (5, 1))
    assert soft_tissue(hu, 5)[2].tolist() == [0, 0, 128, 255, 255]


@pytest.mark.parametrize("image", [np.zeros((3, 4, 5)), np.zeros((0, 4)), np.array([[np.nan, 1.0], [0.0, 1.0]])])
def test_anything_but_a_finite_slice_is_refused(image: NDArray[np.float64]) -> None:
    with pytest.raises(InputShapeError):
        render(image, Kind.HU, 64)


def test_blank_slice_stays_finite() -> None:
    for kind in Kind:
        assert render(np.full((40, 40), 7), kind, 32).shape == (32, 32)


def test_kind_is_told_for_what_the_chest_becomes() -> None:
    hu = _chest()
    assert kind_of([_linear(hu)]) is Kind.LINEAR
    assert kind_of([_window(hu)]) is Kind.WINDOW
    rough = np.clip(np.random.default_rng(2).normal(110, 40, (256, 256)), 0, 255).astype(np.uint8)
    assert kind_of([rough]) is Kind.RENDERED
    assert kind_of([_linear(hu), _linear(hu), rough]) is Kind.LINEAR
    with pytest.raises(InputShapeError):
        kind_of([])


def test_kind_is_told_for_every_case_of_the_real_slices() -> None:
    data = shared_data()

    def told(folder: str, pattern: str = "*_ct.jpg") -> Kind:
        files = sorted((data / folder).glob(pattern))
        return kind_of(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in files[:: max(len(files) // 8, 1)])

    rendered = [told(f"covid20-slices-256/{one.name}") for one in (data / "covid20-slices-256").iterdir()]
    assert rendered == [Kind.RENDERED] * 16
    for case in sorted((data / "covid20-stacks-128").iterdir()):
        expected = Kind.LINEAR if case.name.startswith("coronacases") else Kind.WINDOW
        assert told(f"covid20-stacks-128/{case.name}") is expected, case.name
    assert told("ct100-slices-512", "*_ct.png") is Kind.WINDOW
    with (data / "recognition-slices" / "groups.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["source"] == "sars-cov-2"][::200]
    found = [
        kind_of([cv2.imread(str(data / "recognition-slices" / row["file"]), cv2.IMREAD_GRAYSCALE)]) for row in rows
    ]
    assert found.count(Kind.WINDOW) == len(found)
