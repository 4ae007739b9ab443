"""What is painted over a slice keeps apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QFont, QImage, QPainter

from inference.verdict import Colour
from viewer.rendering import paint
from viewer.rendering.furniture import Furniture
from viewer.rendering.plane import Letters

LONG = "amber: the slice thickness is not known, for the file does not hold it, and so nobody can tell  (+4)"
WHO = ("Quillfeather-Featherstonehaugh Ottoline Wilhelmina Josephine   PX-4471-QQ", "Axial")


def painted(furniture, width, height=300):
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    painter.setFont(paint.view_font(QFont()))
    paint.paint_furniture(painter, furniture, (width, height))
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
    return rows[:, : 4 * width].reshape(height, width, 4)[..., :3].astype(int)


@pytest.mark.parametrize("width", [300, 420, 640, 1300])
def test_no_words_touch_the_upper_letter(qapp, width):
    letter = painted(Furniture(Letters(top="S")), width)
    both = painted(Furniture(Letters(top="S"), top_left=WHO, verdict=LONG, verdict_colour=Colour.AMBER), width)
    middle = slice(width // 2 - 10, width // 2 + 10)
    assert letter[:40, middle].any()
    assert np.array_equal(both[:40, middle], letter[:40, middle])
    assert both[:40, : width // 2 - 20].any() and both[:40, width // 2 + 20 :].any()


def test_without_a_letter_the_words_have_the_whole_width(qapp):
    plain = Furniture(verdict=LONG, verdict_colour=Colour.AMBER)
    yellow = painted(plain, 640)[..., 2] > 120
    assert np.flatnonzero(yellow.any(axis=0)).min() < 100
    lettered = painted(replace(plain, letters=Letters(top="A")), 640)
    assert not (lettered[..., 2] > 120)[:, :310].any()


@pytest.mark.parametrize("width", [300, 640])
def test_verdict_and_identity_keep_apart_without_a_letter(qapp, width):
    who = painted(Furniture(top_left=("Quillfeather",)), width)
    both = painted(Furniture(top_left=("Quillfeather",), verdict=LONG, verdict_colour=Colour.RED), width)
    end = np.flatnonzero(who.any(axis=(0, 2))).max()
    assert np.array_equal(both[:, : end + 1], who[:, : end + 1])
