"""The VOI functions of DICOM PS3.3 C.11.2 and what is done to padding."""

from __future__ import annotations

import numpy as np
import pytest

from inference.io.study import VoiTable, WindowLevel
from inference.io.voi import voi
from inference.volume import Units
from tests.helpers.slices import asymmetric
from viewer.rendering.lut import grey_table, is_padding, padding_threshold, rgb_table


def at(table, value):
    return int(table[np.array([value], np.int16).view(np.uint16)[0]])


def test_linear_follows_the_standards_formula_at_its_edges():
    window = WindowLevel(400, 40)  # black up to -160, white above 239 (C.11.2.1.2.1: c - 0.5 -+ (w - 1) / 2)
    values = np.array([-161.0, -160.0, -159.0, 39.5, 238.0, 239.0, 240.0])
    expected = [0, 0, 1 / 399, 0.5, 398 / 399, 1, 1]
    np.testing.assert_allclose(voi(values, window), expected, atol=1e-12)


def test_linear_exact_has_no_half_unit_shift():
    window = WindowLevel(400, 40, "", "LINEAR_EXACT")
    np.testing.assert_allclose(voi(np.array([-160.0, 40.0, 140.0, 240.0]), window), [0, 0.5, 0.75, 1])


def test_sigmoid_is_a_half_at_the_centre_and_never_saturates_early():
    window = WindowLevel(400, 40, "", "SIGMOID")
    values = np.array([-160.0, 40.0, 240.0])
    np.testing.assert_allclose(voi(values, window), [1 / (1 + np.exp(2)), 0.5, 1 / (1 + np.exp(-2))])
    assert voi(np.array([-32768.0, 32767.0]), WindowLevel(1, 0, "", "SIGMOID")) == pytest.approx([0, 1])


def test_width_one_is_a_threshold():
    np.testing.assert_array_equal(voi(np.array([39.0, 39.5, 40.0]), WindowLevel(1, 40)), [0, 0, 1])


def test_the_table_is_indexed_by_twos_complement():
    table = grey_table(WindowLevel(1500, -600))
    assert at(table, -1350) == 0 and at(table, 149) == 255 and at(table, -32768) == 0 and at(table, 32767) == 255
    assert at(table, -600) == 128  # half a unit above the middle
    assert np.all(np.diff(table.astype(int)[np.r_[32768:65536, 0:32768]]) >= 0)


def test_rgb_is_the_same_grey_in_each_channel():
    grey, rgb = grey_table(WindowLevel(400, 40)), rgb_table(WindowLevel(400, 40))
    value = at(grey, 77)
    assert 0 < value < 255
    assert at(rgb, 77) == 0xFF000000 | value << 16 | value << 8 | value


def test_inversion_mirrors_grey_but_leaves_padding_black():
    plain, inverted = grey_table(WindowLevel(400, 40)), grey_table(WindowLevel(400, 40), True, -1500)
    assert at(inverted, 100) == 255 - at(plain, 100)
    assert at(inverted, -1000) == 255 and at(inverted, -1500) == 0 and at(inverted, -3024) == 0


def test_padding_is_what_the_header_names_or_lies_too_low_and_only_with_hounsfield_units():
    volume = asymmetric()
    values = np.array([-3024, -1500, -1499, 7], np.int16)
    np.testing.assert_array_equal(is_padding(values, volume), [True, True, False, False])
    named = type(volume)(volume.array, volume.geometry, Units.HU, padding_hu=7)
    np.testing.assert_array_equal(is_padding(values, named), [True, True, False, True])
    grey = type(volume)(volume.array, volume.geometry, Units.GREY8)
    assert not is_padding(values, grey).any() and padding_threshold(grey) is None


def test_voi_lut_alone_says_what_is_shown():
    table = VoiTable.of(-100, 10, np.array([1023, 0, 512]))
    window = WindowLevel(3, -98.5, "LUNG", table=table)
    grey = grey_table(window)
    assert [at(grey, value) for value in (-3000, -100, -99, -98, -97, 3000)] == [255, 255, 0, 128, 128, 128]
    assert [at(grey_table(window, True), value) for value in (-100, -99, -98)] == [0, 255, 127]
    assert at(grey_table(window, padding=-1500), -1500) == 0


def test_entries_above_white_are_white_and_do_not_wrap():
    window = WindowLevel(2, 1, table=VoiTable.of(0, 8, np.array([300, 100])))
    assert [at(grey_table(window), value) for value in (0, 1)] == [255, 100]


def test_tables_of_equal_content_share_their_grey_table():
    one, other = (WindowLevel(2, 1, table=VoiTable.of(0, 8, np.array([7, 9]))) for _ in range(2))
    assert grey_table(one) is grey_table(other)
    assert grey_table(one) is not grey_table(WindowLevel(2, 1, table=VoiTable.of(0, 8, np.array([7, 8]))))
