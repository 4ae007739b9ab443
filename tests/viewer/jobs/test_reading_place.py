"""Where the reader looks when one series follows another."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers.fake_jobs import FakeJobs
from tests.helpers.slices import asymmetric, loaded
from viewer.jobs.reading import ReadingJobs
from viewer.state.session import Session

THERE = (-8.0, -14.0, 46.0)


class HeldJobs(FakeJobs):
    """A load ends when the test says so."""

    def run(self, title, function, on_done=None, *, quiet=False, on_stopped=None):
        self.done = on_done
        return self.board.start(title)


@pytest.fixture
def desk():
    session = Session()
    jobs = HeldJobs(session)
    reading = ReadingJobs(session, jobs)
    memory = SimpleNamespace(voxels=SimpleNamespace(release=lambda: None))

    def begin(series):
        reading.load(series.info, None)

    def load(series):
        begin(series)
        jobs.done((series, memory))

    return SimpleNamespace(session=session, reading=reading, begin=begin, load=load)


def at(desk):
    return pytest.approx(desk.session.crosshair.value)


def test_the_other_kernel_opens_at_the_same_place_of_the_patient(desk):
    desk.load(loaded(asymmetric()))
    assert at(desk) == asymmetric().geometry.centre
    desk.session.look_at(THERE)
    desk.load(loaded(asymmetric((10, 12, 16), (2.0, 1.0, 0.5)), kernel="B70f"))
    assert at(desk) == THERE


def test_the_place_outlives_a_load_that_was_given_up(desk):
    desk.load(loaded(asymmetric()))
    desk.session.look_at(THERE)
    desk.begin(loaded(asymmetric(), kernel="B70f"))
    desk.load(loaded(asymmetric(), kernel="B50f"))
    assert at(desk) == THERE


@pytest.mark.parametrize(
    ("before", "after", "study"),
    [
        ({}, {"frame_of_reference_uid": "9.9"}, "1.2.3.4"),
        ({"frame_of_reference_uid": ""}, {"frame_of_reference_uid": ""}, "1.2.3.4"),
        ({}, {"orientation_known": False}, "1.2.3.4"),
        ({"orientation_known": False}, {}, "1.2.3.4"),
        ({}, {}, "another study"),
    ],
)
def test_without_a_frame_in_common_a_series_opens_in_its_middle(desk, before, after, study):
    desk.load(loaded(asymmetric(**before)))
    desk.session.look_at(THERE)
    desk.load(loaded(asymmetric(**after), study_uid=study))
    assert at(desk) == asymmetric().geometry.centre


def test_a_series_that_does_not_reach_there_opens_in_its_middle(desk):
    desk.load(loaded(asymmetric()))
    desk.session.look_at(THERE)
    short = asymmetric((3, 6, 8))
    assert short.geometry.to_index(np.array(THERE))[0] > 2.5
    desk.load(loaded(short))
    assert at(desk) == short.geometry.centre


def test_another_study_does_not_begin_where_the_last_one_was_left(desk):
    desk.load(loaded(asymmetric()))
    desk.session.look_at(THERE)
    desk.reading.unload()
    desk.load(loaded(asymmetric()))
    assert at(desk) == asymmetric().geometry.centre
