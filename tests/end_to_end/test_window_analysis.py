"""Analysing in the real window: results as they come, deaths, cancels, and nothing left behind."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from tests.helpers.window import Window, opened, shared_files, small_study
from viewer.state.session import Masks

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_study(tmp_path_factory.mktemp("window") / "ct")


@pytest.fixture
def window(tmp_path: Path, study: Path) -> Iterator[Window]:
    with opened(tmp_path, "slow") as made:
        made.open_study(study)
        yield made


def pixels(image: QImage) -> NDArray[np.uint8]:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine()).copy()


def overlaid(window: Window) -> int:
    """How many bytes of the axial view an overlay changes now."""
    view = window.window.centre.slices["axial"]
    return int((pixels(view.picture()) != pixels(view.picture(overlays=False))).sum())


def test_lungs_are_painted_before_lesions_and_lesions_before_the_figures(window: Window) -> None:
    session = window.session
    seen: list[tuple[bool, bool, bool]] = []

    def look(masks: Masks) -> None:
        shown = [mask is not None and bool(mask.any()) for mask in (masks.lungs, masks.lesions)]
        seen.append((*shown, session.findings.value is not None))  # type: ignore[arg-type]

    session.masks.changed.connect(look)
    assert overlaid(window) == 0
    window.analyse()
    window.until(lambda: window.jobs.worker_pid is not None)
    worker = psutil.Process(window.jobs.worker_pid)
    assert worker.pid != os.getpid()
    assert worker.ppid() == os.getpid()
    window.until(lambda: seen)
    lungs_alone = overlaid(window)
    assert lungs_alone > 1000
    assert session.findings.value is None
    window.until(lambda: len(seen) >= 2)
    assert overlaid(window) != lungs_alone
    window.until(lambda: session.findings.value is not None)
    assert seen[:2] == [(True, False, False), (True, True, False)]
    assert window.window.severity.as_text()
    window.until_idle()
    assert window.complaints == []


def test_every_kill_is_one_notice_and_retry_works(window: Window) -> None:
    rng = random.Random(11)
    for number in range(1, 7):
        if number == 1:
            window.analyse()
        else:
            assert window.window.job_bar.button.text() == "Retry"
            window.window.job_bar.button.click()
        window.until(lambda: window.jobs.worker_pid is not None)
        window.wait(rng.random() * 1.2)
        pid = window.jobs.worker_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        window.until_idle()
        assert len(window.complaints) == number
        assert "Retry" in window.complaints[-1]
        assert window.session.findings.value is None
        assert window.session.masks.value.lungs is None, "half a result would look like a whole one"
        assert window.session.loaded.value is not None
    window.window.job_bar.button.click()
    window.until(lambda: window.session.findings.value is not None)
    window.until_idle()
    assert len(window.complaints) == 6
    assert len(shared_files()) == 1, "the volume alone"


def test_cancelled_analysis_leaves_what_was_found_before(window: Window) -> None:
    window.analyse()
    window.until(lambda: window.session.masks.value.lungs is not None)
    pid = window.jobs.worker_pid
    assert pid is not None
    window.trigger("cancel_job")
    window.until_idle()
    assert window.session.findings.value is None
    assert window.session.masks.value.lungs is None
    assert not psutil.pid_exists(pid)

    window.analyse()
    window.until(lambda: window.session.findings.value is not None)
    window.until_idle()
    found, masks = window.session.findings.value, window.session.masks.value
    assert found is not None
    window.analyse()
    window.until(lambda: window.session.masks.value.version > masks.version)
    window.trigger("cancel_job")
    window.until_idle()
    assert window.session.findings.value is found
    assert window.session.masks.value.lungs is found.output.lungs.array
    assert [job.ending for job in window.endings.values() if job.title == "slow"] == ["cancelled", "done", "cancelled"]
    assert window.complaints == []


def test_another_study_ends_the_analysis_and_shows_nothing_of_it(window: Window, tmp_path: Path) -> None:
    other = small_study(tmp_path / "other", slices=30, disease="left")
    window.analyse()
    window.until(lambda: window.session.masks.value.lungs is not None)
    pid = window.jobs.worker_pid
    assert pid is not None
    window.open_study(other)
    loaded = window.session.loaded.value
    assert loaded is not None and loaded.volume.geometry.shape[0] == 30
    window.wait(2.0)  # longer than the analysis would have taken
    assert window.session.findings.value is None
    assert window.session.masks.value.lungs is None
    assert not psutil.pid_exists(pid)
    window.analyse()
    window.until(lambda: window.session.findings.value is not None)
    findings = window.session.findings.value
    assert findings is not None and findings.output.lungs.array.shape[0] == 30
    assert window.complaints == []


@pytest.mark.parametrize("moment", ["at once", "worker at work", "lungs on show"])
def test_window_closed_during_an_analysis_leaves_nothing(moment: str, tmp_path: Path, study: Path) -> None:
    with opened(tmp_path, "slow") as window:
        window.open_study(study)
        window.analyse()
        if moment == "worker at work":
            window.until(lambda: window.jobs.worker_pid is not None)
        if moment == "lungs on show":
            window.until(lambda: window.session.masks.value.lungs is not None)


def test_window_closed_over_a_hanging_system_leaves_nothing(tmp_path: Path, study: Path) -> None:
    with opened(tmp_path, "hang") as window:
        window.open_study(study)
        window.analyse()
        window.until(lambda: window.session.masks.value.lungs is not None)


@pytest.mark.parametrize(("system", "words"), [("out_of_memory", "not enough memory"), ("refused", "Hounsfield units")])
def test_failed_analysis_is_one_notice_and_the_images_stay(
    system: str, words: str, tmp_path: Path, study: Path
) -> None:
    with opened(tmp_path, system) as window:
        window.open_study(study)
        window.analyse()
        window.until(lambda: window.complaints)
        window.until_idle()
        assert len(window.complaints) == 1
        assert words in window.complaints[0]
        assert window.session.loaded.value is not None
        assert window.session.masks.value.lungs is None
