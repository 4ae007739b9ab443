"""Keys, wheel and cine go the same way through the slices."""

from __future__ import annotations

import pytest

from tests.helpers.slices import asymmetric, session_on
from viewer.state.navigation import go_to_number, number_of_index, plane_of, slice_count, step
from viewer.state.session import Session


def place(session):
    return [round(float(n), 6) for n in session.loaded.value.volume.geometry.to_index(session.crosshair.value)]


@pytest.mark.parametrize(("plane", "axis", "sign"), [("axial", 0, -1), ("coronal", 1, 1), ("sagittal", 2, 1)])
def test_a_step_goes_down_the_numbers_and_keeps_the_place_in_the_plane(plane, axis, sign):
    session = session_on(asymmetric((5, 7, 9)))
    before = place(session)
    step(session, plane, 1)
    after = place(session)
    assert after[axis] == before[axis] + sign
    assert [a for n, a in enumerate(after) if n != axis] == [b for n, b in enumerate(before) if n != axis]


def test_steps_stop_at_the_ends():
    session = session_on(asymmetric((5, 7, 9)))
    step(session, "axial", 99)
    assert place(session)[0] == 0
    step(session, "axial", -99)
    assert place(session)[0] == 4


def test_numbers_count_from_the_head():
    session = session_on(asymmetric((5, 7, 9)))
    assert slice_count(session, "axial") == 5
    go_to_number(session, "axial", 1)
    assert place(session)[0] == 4 and number_of_index("axial", 5, 4) == 1
    go_to_number(session, "sagittal", 1)
    assert place(session)[2] == 0


def test_nothing_moves_with_nothing_open():
    session = Session()
    step(session, "axial", 1)
    go_to_number(session, "axial", 3)
    assert session.crosshair.value == (0.0, 0.0, 0.0) and slice_count(session, "axial") == 0


def test_views_stand_for_planes():
    assert [plane_of(name) for name in ("axial", "beside", "3d", "coronal", "sagittal")] == [
        "axial", "axial", "axial", "coronal", "sagittal",
    ]  # fmt: skip
