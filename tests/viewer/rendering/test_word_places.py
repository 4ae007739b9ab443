"""Where the words of measurements stand."""

from __future__ import annotations

import itertools

import pytest

from viewer.rendering.word_places import MARGIN, WordPlaces

VIEW = (500.0, 300.0)


def boxes(wanted, view=VIEW):
    places = WordPlaces(*view)
    return [(*places.take(x, y, wide, high), wide, high) for x, y, wide, high in wanted]


def touch(a, b):
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def test_words_alone_stand_where_they_are_wanted():
    assert boxes([(60, 70, 120, 40)]) == [(60, 70, 120, 40)]


@pytest.mark.parametrize("y", [10.0, 70.0, 150.0, 280.0])
def test_words_of_several_measurements_in_one_place_never_cover_one_another(y):
    placed = boxes([(60, y, 120, 40)] * 5)
    assert not [pair for pair in itertools.combinations(placed, 2) if touch(*pair)]
    assert all(MARGIN <= top <= VIEW[1] - high - MARGIN for _, top, _, high in placed)


def test_words_keep_off_the_letter_at_the_lower_edge():
    ((left, top, wide, high),) = boxes([(220, 280, 120, 40)])
    letter = (238, 268, 24, 24)
    assert not touch((left, top, wide, high), letter) and left == 220


def test_words_that_find_no_room_stay_in_the_view():
    placed = boxes([(60, 70, 120, 140)] * 4)
    assert all(MARGIN <= top <= VIEW[1] - high - MARGIN for _, top, _, high in placed)
