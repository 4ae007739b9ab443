"""What is painted over a slice keeps apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QFont, QImage, QPainter

from inference.verdict import Colour
from viewer.rendering import paint, palette
from viewer.rendering.annotations import Shape
from viewer.rendering.furniture import Furniture
from viewer.rendering.plane import Letters
from viewer.rendering.word_places import WordPlaces

LONG = "amber: the slice thickness is not known, for the file does not hold it, and so nobody can tell  (+4)"
WHO = ("Quillfeather-Featherstonehaugh Ottoline Wilhelmina Josephine   PX-4471-QQ", "Axial")


def painted(furniture, width, height=300):
    return drawn(width, height, lambda painter: paint.paint_furniture(painter, furniture, (width, height)))


def drawn(width, height, draw):
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    painter.setFont(paint.view_font(QFont()))
    draw(painter)
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


@pytest.mark.parametrize(("colour", "paints"), [(Colour.AMBER, palette.AMBER), (Colour.RED, palette.RED)])
@pytest.mark.parametrize("corner", [(60.0, 60.0), (395.0, 290.0)])
def test_words_of_a_measurement_stand_behind_the_mark_of_a_limited_series(qapp, colour, paints, corner):
    def measured(verdict):
        shape = Shape(1, "length", ((20.0, 20.0), corner), ("48.2 mm",), verdict=verdict)
        return drawn(400, 300, lambda painter: paint.paint_shape(painter, shape, WordPlaces(400, 300)))

    def of(pixels, rgb):
        return np.argwhere((abs(pixels - np.array(rgb[::-1])) <= 6).all(axis=2))

    plain, marked = measured(Colour.GREEN), measured(colour)
    assert not len(of(plain, paints))
    mark = of(marked, paints)
    assert len(mark) > 20
    words = marked[:, mark[:, 1].max() + 2 :, :]
    assert (words.max(axis=2) > 120).sum() > 40, "the words end within the view, behind the mark"
