"""The furniture of an annotated picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inference.report import wording
from inference.report.annotations import (
    blend,
    draw_legend,
    draw_scale_bar,
    edge_letters,
    label_styles,
    scale_bar_mm,
    windowed,
    wrapped,
)
from inference.report.fonts import picture_font, printable

LABELS = {style.key: style for style in label_styles()}


def test_letters_name_the_edges_the_axes_point_to() -> None:
    letters = edge_letters((1, 0, 0), (0, 1, 0))
    assert (letters.left, letters.right, letters.top, letters.bottom) == ("R", "L", "A", "P")
    coronal = edge_letters((1, 0, 0), (0, 0, -1))
    assert (coronal.left, coronal.right, coronal.top, coronal.bottom) == ("R", "L", "S", "I")
    assert edge_letters((0.8, 0.6, 0), (-0.6, 0.8, 0)).right == "LP"


def test_lung_window_spans_its_hounsfield_units() -> None:
    values = windowed(np.array([-3024, -1350, -600, 150, 3000], np.int16), 1500, -600)
    assert values.tolist() == [0, 0, 128, 255, 255]


def test_only_labelled_pixels_change_and_the_outline_is_pure() -> None:
    grey = np.full((20, 30), 100, np.uint8)
    mask = np.zeros((20, 30), np.uint8)
    mask[5:15, 4:12] = 1
    style = LABELS["ground_glass"]
    rgb = blend(grey, mask, [style], outline_px=1, fill=True)
    assert (rgb[mask == 0] == 100).all()
    assert tuple(rgb[5, 4]) == style.colour
    inside = np.array(style.colour) * style.opacity + 100 * (1 - style.opacity)
    np.testing.assert_allclose(rgb[10, 8], inside, atol=1)


def test_scale_bar_is_as_long_as_it_says() -> None:
    image = Image.new("RGB", (600, 300))
    draw_scale_bar(image, (0, 0, 600, 300), 0.5)
    assert scale_bar_mm(600, 0.5) == 100
    bright = (np.asarray(image) > 200).all(axis=2)
    row = int(np.argmax(bright.sum(axis=1)))
    columns = np.flatnonzero(bright[row])
    assert columns[-1] - columns[0] == pytest.approx(100 / 0.5, abs=2)


def test_no_scale_bar_is_drawn_where_none_fits() -> None:
    image = Image.new("RGB", (20, 20))
    draw_scale_bar(image, (0, 0, 20, 20), 0.01)
    assert scale_bar_mm(20, 0.01) == 0
    assert np.asarray(image).max() == 0


def test_legend_wraps_and_says_how_high_it_is() -> None:
    styles = list(label_styles())
    wide = draw_legend(Image.new("RGB", (2000, 400)), (0, 0), styles, 2000)
    narrow = draw_legend(Image.new("RGB", (300, 400)), (0, 0), styles, 300)
    assert narrow >= 3 * wide > 0
    assert draw_legend(Image.new("RGB", (300, 400)), (0, 0), [], 300) == 0


@given(text=st.text(max_size=200), width=st.integers(60, 400), most=st.integers(1, 4))
def test_wrapped_lines_never_exceed_their_width_or_number(text: str, width: int, most: int) -> None:
    lines = wrapped(text, width, size=14, most_lines=most)
    assert len(lines) <= most
    assert all(picture_font(14).getlength(line) <= width for line in lines)


def test_text_that_fits_is_kept_whole() -> None:
    assert " ".join(wrapped("one two three four", 80, size=14, most_lines=9)) == "one two three four"


def test_unprintable_characters_become_letters_or_question_marks_never_boxes() -> None:
    assert printable("Łódź Ångström\tSong") == "Łódz Ångström Song"
    assert printable("Ольга 宋") == "????? ?"


def test_heights_are_named_from_the_head_or_the_feet() -> None:
    assert (wording.position(57.2), wording.position(-182.4), wording.position(0)) == ("S 57 mm", "I 182 mm", "S 0 mm")


def test_figures_in_words() -> None:
    assert [wording.percent(value) for value in (None, 0.0, 0.01, 12.44)] == ["–", "0.0 %", "< 0.1 %", "12.4 %"]
    assert [wording.millilitres(value) for value in (None, 0.0, 4.26, 410.4)] == ["–", "0 ml", "4.3 ml", "410 ml"]
