"""Opening studies and choosing series."""

from dataclasses import replace
from pathlib import Path

import pytest

from inference.io.study import Problem, Study
from tests.helpers.fake_jobs import FakeJobs
from tests.helpers.slices import asymmetric, loaded
from viewer.operations import opening
from viewer.settings import Settings
from viewer.state.session import Session, ViewTransform

INFO = loaded(asymmetric()).info
SERIES = tuple(replace(INFO, index=n, uid=f"1.{n}", description=f"series {n}") for n in range(4))


@pytest.fixture
def told():
    return []


@pytest.fixture
def session(told):
    session = Session()
    session.notice.connect(told.append)
    return session


def study(*series, proposed=None, problems=()):
    return Study(Path("study"), tuple(series), proposed, problems)


def test_proposed_series_loads_and_the_path_is_remembered(session, tmp_path):
    jobs, settings = FakeJobs(session, study(*SERIES, proposed=2)), Settings()
    opening.open_path(session, jobs, settings, tmp_path)
    assert jobs.named("scan") == [tmp_path] and jobs.named("load") == [SERIES[2]]
    assert [recent.path for recent in settings.recent.value] == [str(tmp_path)]


def test_study_before_is_forgotten_once_there_is_a_next_one(session, tmp_path):
    session.loaded.value = loaded(asymmetric())
    jobs = FakeJobs(session, study(*SERIES, proposed=0))
    opening.open_path(session, jobs, Settings(), tmp_path)
    assert [name for name, _ in jobs.calls][:2] == ["scan", "unload"]


def test_first_loadable_series_loads_where_none_is_proposed(session, tmp_path):
    jobs = FakeJobs(session, study(replace(SERIES[0], loadable=False), SERIES[1]))
    opening.open_path(session, jobs, Settings(), tmp_path)
    assert jobs.named("load") == [SERIES[1]]


def test_study_without_images_says_why(session, told, tmp_path):
    jobs = FakeJobs(session, study(replace(SERIES[0], loadable=False, reason="a dose report")))
    opening.open_path(session, jobs, Settings(), tmp_path)
    assert not jobs.named("load") and told[-1].text == "a dose report" and told[-1].level == "error"


def test_path_that_is_gone_is_told_and_leaves_the_recent_list(session, told, tmp_path):
    settings = Settings()
    settings.remember(tmp_path / "gone")
    jobs = FakeJobs(session)
    opening.open_path(session, jobs, settings, tmp_path / "gone")
    assert not jobs.calls and settings.recent.value == () and "not there" in told[0].text


def test_files_left_out_are_counted_in_one_notice(session, told, tmp_path):
    problems = (Problem("a.dcm", "a.dcm is cut short."), Problem("b", "x"), Problem("c", "y"))
    opening.open_path(session, FakeJobs(session, study(*SERIES, proposed=0, problems=problems)), Settings(), tmp_path)
    assert [notice.text for notice in told] == ["a.dcm is cut short. (2 more files were left out.)"]


def test_files_of_one_folder_dropped_together_open_the_folder(session, tmp_path):
    jobs = FakeJobs(session, study(*SERIES, proposed=0))
    opening.open_dropped(session, jobs, Settings(), [tmp_path / "1.dcm", tmp_path / "2.dcm"])
    assert jobs.named("scan") == [tmp_path]


def test_files_of_several_folders_are_refused(session, told, tmp_path):
    jobs = FakeJobs(session)
    opening.open_dropped(session, jobs, Settings(), [tmp_path / "a" / "1", tmp_path / "b" / "1"])
    assert not jobs.calls and told[0].level == "warning"


def test_series_keys_stop_at_the_ends_and_skip_what_cannot_be_loaded(session):
    series = (SERIES[0], replace(SERIES[1], loadable=False), SERIES[2])
    jobs = FakeJobs(session)
    session.study.value = study(*series)
    session.selected.value = series[0]
    opening.step_series(session, jobs, -1)
    assert not jobs.calls
    opening.step_series(session, jobs, 1)
    opening.step_series(session, jobs, 1)
    assert jobs.named("load") == [series[2]]


def test_another_series_starts_unflipped(session):
    session.transforms["axial"].value = ViewTransform(flip_horizontal=True)
    opening.select_series(session, FakeJobs(session), SERIES[1])
    assert session.transforms["axial"].value == ViewTransform()


def test_open_series_is_not_loaded_again(session):
    jobs = FakeJobs(session)
    session.selected.value = SERIES[0]
    session.loaded.value = loaded(asymmetric())
    opening.select_series(session, jobs, SERIES[0])
    assert not jobs.calls


def test_series_without_images_says_why_instead_of_loading(session, told):
    jobs = FakeJobs(session)
    opening.select_series(session, jobs, replace(SERIES[0], loadable=False, reason="no pixels"))
    opening.show_beside(session, jobs, replace(SERIES[0], loadable=False, reason="no pixels"))
    assert not jobs.calls and [notice.text for notice in told] == ["no pixels", "no pixels"]


def test_demo_that_is_there_opens_without_being_made_again(session, tmp_path):
    (tmp_path / "demo" / "study").mkdir(parents=True)
    jobs = FakeJobs(session, study(*SERIES, proposed=0))
    opening.open_demo(session, jobs, Settings(), tmp_path / "demo")
    assert jobs.named("scan") == [tmp_path / "demo" / "study"] and not jobs.named("run")
