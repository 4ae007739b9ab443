"""Opening in the real window: what cannot be opened, what cannot be measured, what is given up half way."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.errors import SeriesError
from inference.pipeline.cancellation import CancellationToken
from tests.helpers.window import Window, opened, shared_files, small_study
from viewer.state.session import Layout

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_study(tmp_path_factory.mktemp("window") / "ct")


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Window]:
    with opened(tmp_path / "settings", "instant") as made:
        yield made


# --- what cannot be opened


def text_file(folder: Path, study: Path) -> Path:
    (folder / "letter.dcm").write_text("Dear colleague, thank you for sending\n" * 40)
    return folder / "letter.dcm"


def empty_folder(folder: Path, study: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def truncated_file(folder: Path, study: Path) -> Path:
    whole = next(study.iterdir()).read_bytes()
    (folder / "cut.dcm").write_bytes(whole[: len(whole) // 2])
    return folder / "cut.dcm"


@pytest.mark.parametrize("make", [text_file, empty_folder, truncated_file])
def test_drop_of_what_is_no_study_is_one_notice_and_loses_nothing(
    make: object, window: Window, study: Path, tmp_path: Path
) -> None:
    bad = make(tmp_path, study)  # type: ignore[operator]
    window.drop(study)
    window.until(lambda: window.session.loaded.value is not None)
    window.analyse()
    window.until(lambda: window.session.findings.value is not None)
    window.until_idle()
    session = window.session
    before = session.loaded.value, session.findings.value, session.study.value, session.verdict.value
    session.measurements.add("length", "axial", (session.crosshair.value, session.crosshair.value))
    window.drop(bad)
    window.until(lambda: window.complaints)
    window.until_idle()
    assert len(window.complaints) == 1
    assert window.complaints[0].endswith(".") and str(tmp_path) not in window.complaints[0]
    after = session.loaded.value, session.findings.value, session.study.value, session.verdict.value
    assert all(one is other for one, other in zip(before, after, strict=True))
    assert session.measurements.items.value
    assert not session.scanning.value
    assert window.window.centre.isVisible()
    assert [Path(recent.path) for recent in window.app.settings.recent.value] == [study]


@pytest.mark.parametrize("make", [text_file, empty_folder, truncated_file])
def test_bad_drop_on_the_start_page_is_one_notice_there(
    make: object, window: Window, study: Path, tmp_path: Path
) -> None:
    window.drop(make(tmp_path, study))  # type: ignore[operator]
    window.until(lambda: window.complaints)
    window.until_idle()
    assert len(window.complaints) == 1
    assert window.window.start_page.isVisible()
    assert window.session.loaded.value is None
    window.open_study(study)
    assert len(window.complaints) == 1
    assert window.window.centre.isVisible()


def test_study_with_one_truncated_file_opens_and_says_so_once(window: Window, study: Path, tmp_path: Path) -> None:
    shutil.copytree(study, tmp_path / "copy")
    victim = sorted((tmp_path / "copy").iterdir())[7]
    victim.write_bytes(victim.read_bytes()[:-900])
    window.open_study(tmp_path / "copy")
    assert len(window.complaints) == 1
    assert "cut short" in window.complaints[0]


def test_drop_of_files_from_two_folders_is_one_notice(window: Window, study: Path, tmp_path: Path) -> None:
    window.open_study(study)
    loaded = window.session.loaded.value
    window.drop(text_file(tmp_path, study), next(study.iterdir()))
    assert len(window.complaints) == 1
    assert window.session.loaded.value is loaded


# --- what cannot be measured


def test_red_study_can_be_read_and_analyse_explains(window: Window, tmp_path: Path) -> None:
    window.open_study(small_study(tmp_path / "few", slices=12))
    assert not window.window.actions_by_name["analyse"].isEnabled()
    window.window.commands.analyse(window.app.choices[0])
    assert len(window.complaints) == 1
    assert "Not measured" in window.complaints[0] and "12" in window.complaints[0]
    assert window.running == []
    for view in window.window.centre.slices.values():
        picture = view.scene.picture()
        assert picture is not None and picture.overlay is None
        assert len(np.unique(picture.image)) > 10
    window.session.layout.value = Layout.QUAD
    index = window.window.centre.slices["axial"].scene.index
    window.trigger("slice_down")
    assert window.window.centre.slices["axial"].scene.index == index - 1


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_single_picture_has_one_view_and_no_third_dimension(window: Window, suffix: str, tmp_path: Path) -> None:
    grey = np.add.outer(np.arange(200), np.arange(160)).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / f"film.{suffix}")
    window.open_study(tmp_path / f"film.{suffix}")
    centre, actions = window.window.centre, window.window.actions_by_name
    assert centre.grid.shown() == ("axial",)
    assert centre.slices["axial"].isVisible()
    assert not any(view.isVisible() for name, view in centre.slices.items() if name != "axial")
    assert not centre.volume.isVisible()
    assert not actions["layout_quad"].isEnabled()
    letters = centre.slices["axial"].view_frame().grid.letters  # type: ignore[union-attr]
    assert (letters.left, letters.right) == ("", "")
    window.window.commands.analyse(window.app.choices[0])
    assert window.running == []
    assert len(window.complaints) == 1


# --- what is given up half way


def test_cancelled_scan_opens_nothing_and_the_next_one_works(window: Window, study: Path) -> None:
    window.open(study)
    window.trigger("cancel_job")
    window.until_idle()
    window.wait(0.2)
    assert window.session.study.value is None and not window.session.scanning.value
    assert [job.ending for job in window.endings.values()] == ["cancelled"]
    assert window.complaints == []
    window.open_study(study)


def half_read_until_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader stands still at its first picture until somebody cancels: a small study is read in no time."""
    from inference.io import open as reading

    load = reading.load

    def held(
        *series: object, on_progress: Callable[[float], None], cancel: CancellationToken, **rest: object
    ) -> object:
        def report(fraction: float) -> None:
            on_progress(fraction)
            deadline = time.monotonic() + 30.0
            while fraction > 0 and not cancel.cancelled and time.monotonic() < deadline:
                time.sleep(0.002)

        monkeypatch.setattr(reading, "load", load)
        return load(*series, on_progress=report, cancel=cancel, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "load", held)


def test_cancelled_load_leaves_the_study_open_and_can_be_repeated(
    window: Window, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = window.session
    half_read_until_cancelled(monkeypatch)

    def cancel(fraction: float | None) -> None:
        if fraction:
            window.trigger("cancel_job")

    end = session.loading.changed.connect(cancel)
    window.open(study)
    window.until(lambda: len(window.endings) == 2)
    window.wait(0.2)
    end()
    assert {job.title: job.ending for job in window.endings.values()}["Loading images"] == "cancelled"
    assert session.loaded.value is None and session.loading.value is None
    assert session.study.value is not None
    assert window.complaints == []
    assert shared_files() == set(), "the voxels read so far"
    browser = window.window.browser
    browser.list.clicked.emit(browser.model.index(0))
    window.until(lambda: session.loaded.value is not None)


@pytest.mark.parametrize("comes_to", ["a result", "a failure"])
def test_what_a_job_comes_to_after_it_was_cancelled_is_nobodys_business(comes_to: str, window: Window) -> None:
    results: list[str] = []

    def work(report: object, token: CancellationToken) -> str:
        while not token.cancelled:
            time.sleep(0.005)
        if comes_to == "a failure":
            raise SeriesError("The disk was taken out.")
        return comes_to

    window.jobs.run("Slow work", work, results.append)
    window.wait(0.05)
    window.trigger("cancel_job")
    window.until_idle()
    assert [job.ending for job in window.endings.values()] == ["cancelled"]
    assert results == [] and window.complaints == []


@pytest.mark.parametrize("moment", ["scanning", "first image", "thumbnails"])
def test_window_closed_while_reading_leaves_nothing(moment: str, tmp_path: Path, study: Path) -> None:
    with opened(tmp_path, "instant") as window:
        window.open(study)
        if moment == "first image":
            window.until(lambda: window.session.first_image.value or window.session.loaded.value)
        if moment == "thumbnails":
            window.until(lambda: window.session.loaded.value is not None)


def test_impatient_reader_gets_the_last_study_he_asked_for(window: Window, study: Path, tmp_path: Path) -> None:
    other = small_study(tmp_path / "other", slices=30)
    for path in (study, other, study, other):
        window.open(path)
        window.wait(0.02)
    window.until(lambda: window.session.loaded.value is not None)
    window.until_idle()
    loaded = window.session.loaded.value
    assert loaded is not None and loaded.volume.geometry.shape[0] == 30
    assert window.complaints == []
    assert len(shared_files()) == 1


def test_many_studies_one_after_another_keep_one_volume(window: Window, study: Path, tmp_path: Path) -> None:
    other = small_study(tmp_path / "other", slices=30)
    for _ in range(3):
        for path in (study, other):
            window.open_study(path)
            assert len(shared_files()) == 1
    window.trigger("close_study")
    window.wait(0.1)
    assert shared_files() == set()
    assert window.window.start_page.isVisible()
