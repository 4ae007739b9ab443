"""The outline of the body in a slice, drawn by rule so that every pixel is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inference.systems.body import inside_body

ROWS, COLUMNS = 300, 360


def _slice() -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """A body off the middle with a lung in it, at 1 mm; and the pixels that are the body."""
    body = np.zeros((ROWS, COLUMNS), np.uint8)
    cv2.ellipse(body, (150, 140), (110, 80), 0, 0, 360, 1, cv2.FILLED)
    hu = np.where(body > 0, np.int16(40), np.int16(-1000))
    lung = np.zeros_like(body)
    cv2.ellipse(lung, (95, 140), (40, 55), 0, 0, 360, 1, cv2.FILLED)
    hu[lung > 0] = -850
    return hu.astype(np.int16), body > 0


def _share_wrong(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    return float((found ^ true).sum()) / float(true.sum())


def test_lung_is_inside_and_air_around_the_patient_is_not() -> None:
    hu, body = _slice()
    assert _share_wrong(inside_body(hu, (1.0, 1.0)), body) < 0.02


def test_air_under_a_blanket_and_in_the_table_is_outside() -> None:
    hu, body = _slice()
    cv2.ellipse(hu, (150, 140), (140, 125), 0, 180, 360, -100, 2)
    cv2.rectangle(hu, (20, 240), (340, 262), 200, 3)
    found = inside_body(hu, (1.0, 1.0))
    assert _share_wrong(found, body) < 0.02
    assert not found[245:255].any()


def test_a_gap_in_a_thin_chest_wall_does_not_let_the_air_in() -> None:
    hu, body = _slice()
    hu[138:145, 30:60] = -900
    found = inside_body(hu, (1.0, 1.0))
    assert found[100:180, 65:130].all()
    assert _share_wrong(found, body) < 0.03


def test_a_wall_of_five_millimetres_is_no_blanket() -> None:
    hu, body = _slice()
    lung = np.zeros(hu.shape, np.uint8)
    cv2.ellipse(lung, (150, 125), (90, 60), 0, 0, 360, 1, cv2.FILLED)  # its front comes to 5 mm below the skin
    hu[lung > 0] = -850
    found = inside_body(hu, (1.0, 1.0))
    assert found[80:170, 100:200].all()
    assert _share_wrong(found, body) < 0.03


@pytest.mark.parametrize("fine", [2, 3])
def test_the_outline_is_the_same_on_finer_pixels(fine: int) -> None:
    hu, body = _slice()
    large = np.repeat(np.repeat(hu, fine, axis=0), fine, axis=1)
    found = inside_body(large, (1.0 / fine, 1.0 / fine))
    assert found.shape == large.shape
    assert _share_wrong(found[::fine, ::fine], body) < 0.03


def test_shoulders_beside_the_neck_count_and_an_empty_slice_has_nothing() -> None:
    hu = np.full((200, 300), -1000, np.int16)
    for middle, radius in (((60, 100), 30), ((150, 90), 45), ((240, 110), 28)):
        cv2.circle(hu, middle, radius, 30, cv2.FILLED)
    found = inside_body(hu, (1.0, 1.0))
    assert found[100, 60] and found[90, 150] and found[110, 240]
    assert not inside_body(np.full((64, 80), -1000, np.int16), (1.0, 1.0)).any()
