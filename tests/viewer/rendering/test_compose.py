"""Blending of labels and heat, exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from viewer.rendering.compose import Composer, blend, border
from viewer.rendering.lut import rgb_table
from viewer.rendering.palette import heat_rgb, heat_table, overlay_style, premultiplied
from viewer.state.layers import HEATMAP, Layers, labels
from viewer.state.window_level import preset


def style(**changes):
    layers = {group: value.value for group, value in Layers().by_group.items()}
    for group, fields in changes.items():
        layers[group] = replace(layers[group], **fields)
    return overlay_style(layers)


def mask(rows):
    return np.array(rows, np.uint8)


def colour_of(key):
    return next(label for label in labels() if label.key == key)


LUNGS = mask([[0, 1, 1, 2], [0, 1, 1, 2], [0, 0, 2, 2]])
LESIONS = mask([[0, 0, 1, 2], [0, 0, 1, 0], [3, 0, 0, 0]])


def test_labels_are_blended_over_the_image_and_nowhere_else():
    image = np.full((3, 4), 0xFF808080, np.uint32)
    over = Composer().overlay(LUNGS, None, style())
    rgb = blend(image, over)
    right = colour_of("right_lung")
    expected = np.array(right.colour) * right.opacity + 128 * (1 - right.opacity)
    np.testing.assert_allclose(rgb[0, 1], expected, atol=1.5)
    np.testing.assert_array_equal(rgb[LUNGS == 0], 128)


def test_lesions_lie_over_lungs():
    over = Composer().overlay(LUNGS, LESIONS, style())
    lung, lesion = colour_of("right_lung"), colour_of("ground_glass")
    alpha = lesion.opacity + lung.opacity * (1 - lesion.opacity)
    assert over[0, 2] >> 24 == pytest.approx(alpha * 255, abs=1.5)
    red = lesion.colour[0] * lesion.opacity + lung.colour[0] * lung.opacity * (1 - lesion.opacity)
    assert over[0, 2] >> 16 & 255 == pytest.approx(red, abs=1.5)
    np.testing.assert_array_equal(over == 0, (LUNGS == 0) & (LESIONS == 0))


def test_hidden_layers_leave_no_trace():
    over = Composer().overlay(LUNGS, LESIONS, style(lungs={"visible": False}, effusion={"visible": False}))
    np.testing.assert_array_equal(over != 0, np.isin(LESIONS, (1, 2)))
    assert Composer().overlay(LUNGS, None, style(lungs={"visible": False})) is None
    layers = {group: value.value for group, value in Layers().by_group.items()}
    assert Composer().overlay(LUNGS, LESIONS, overlay_style(layers, all_hidden=True)) is None


def test_outline_draws_only_the_border_and_opaque():
    square = np.zeros((7, 7), np.uint8)
    square[1:6, 1:6] = 1
    over = Composer().overlay(None, square, style(ground_glass={"outline": True}))
    expected = square.astype(bool)
    expected[2:5, 2:5] = False
    np.testing.assert_array_equal(over != 0, expected)
    assert over[1, 1] == premultiplied(colour_of("ground_glass").colour, 1.0)


def test_border_counts_other_labels_and_the_pictures_end():
    codes = mask([[1, 1, 1, 2], [1, 1, 1, 2], [1, 1, 1, 2], [1, 1, 1, 2]])
    np.testing.assert_array_equal(border(codes)[1], [True, False, True, True])
    assert not border(np.zeros((3, 3), np.uint8)).any()


def test_heat_lies_below_the_labels_and_cold_is_not_drawn():
    heat = np.array([[0.0, 0.04, 0.5, 1.0]], np.float32)
    shown = style(**{HEATMAP: {"visible": True, "opacity": 0.6}}, lungs={"visible": False})
    over = Composer().overlay(None, None, shown, heat)
    assert over[0, 0] == 0 and over[0, 1] == 0
    red, green, blue = (int(c) for c in heat_rgb(np.array([1.0]))[0])
    assert over[0, 3] == premultiplied((red, green, blue), 0.6)
    lesion = mask([[0, 0, 1, 0]])
    both = Composer().overlay(None, lesion, shown, heat)
    rgb = blend(np.full((1, 4), 0xFF000000, np.uint32), both)
    label = colour_of("ground_glass")
    warm = heat_rgb(np.array([128 / 255]))[0]
    np.testing.assert_allclose(
        rgb[0, 2], np.array(label.colour) * label.opacity + warm * 0.6 * (1 - label.opacity), atol=2
    )


def test_not_a_number_is_no_heat():
    shown = style(**{HEATMAP: {"visible": True}})
    over = Composer().overlay(None, None, shown, np.array([[np.nan, 0.9]], np.float32))
    assert over[0, 0] == 0 and over[0, 1] != 0


def test_heat_grows_lighter():
    lightness = heat_rgb(np.linspace(0, 1, 64)).astype(float) @ (0.2126, 0.7152, 0.0722)
    assert np.all(np.diff(lightness) > 0)
    assert heat_table(0.5)[0] == 0


def test_a_pointed_at_lesion_is_outlined_in_white_even_with_layers_hidden():
    layers = {group: value.value for group, value in Layers().by_group.items()}
    pointed = np.zeros((5, 5), bool)
    pointed[1:4, 1:4] = True
    over = Composer().overlay(None, None, overlay_style(layers, all_hidden=True), None, pointed)
    assert over[1, 1] == 0xFFFFFFFF and over[2, 2] == 0 and over[0, 0] == 0


def test_a_readers_colour_replaces_the_shipped_ones():
    table = style(lungs={"colour": (10, 20, 30)}).lungs.colours
    assert table[1] == table[2] == premultiplied((10, 20, 30), 0.18)
    shipped = style().lungs.colours
    assert shipped[1] != shipped[2]


def test_strided_slices_become_pictures_without_a_copy():
    values = np.arange(-600, 600, dtype=np.int16).reshape(30, 40)[::-1, ::2].T
    table = rgb_table(preset("lung"))
    np.testing.assert_array_equal(Composer().image(values, table), table[values.astype(np.uint16)])
