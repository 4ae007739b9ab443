"""What the reader gives an analysis, a lobe map and a detection floor, reaches the worker and the panel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
import pytest

from inference.findings import DetectionFloor
from tests.helpers.window import Window, opened, small_study
from viewer.operations.lobes import forget_lobes, load_lobes

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_study(tmp_path_factory.mktemp("window") / "ct")


@pytest.fixture
def window(tmp_path: Path, study: Path) -> Iterator[Window]:
    with opened(tmp_path, "instant") as made:
        made.open_study(study)
        yield made


def lobes_for(window: Window, path: Path, fault: str = "") -> Path:
    """Three lobes in the right half, two in the left, by height; NIfTI on the grid of the open series."""
    loaded = window.session.loaded.value
    assert loaded is not None
    geometry = loaded.volume.geometry
    lobes = np.zeros(geometry.shape, np.uint8)
    half, (low, high) = geometry.shape[2] // 2, (geometry.shape[0] // 3, 2 * geometry.shape[0] // 3)
    right, left = lobes[:, :, :half], lobes[:, :, half:]
    right[...], left[...] = 2, 4
    right[high:], right[:low], left[:low] = 1, 3, 5
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ geometry.affine
    if fault == "grid":
        affine[2, 3] += 7.5
    elif fault == "labels":
        lobes += 4
    elif fault == "sides":
        lobes = lobes[:, :, ::-1]
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(lobes.T), affine), path)
    return path


def analysed(window: Window) -> None:
    window.analyse()
    window.until(lambda: window.running)
    window.until_idle()


def test_a_lobe_map_gives_the_scores_of_the_next_analysis_and_no_later_one(window: Window, tmp_path: Path) -> None:
    assert load_lobes(window.session, window.jobs, lobes_for(window, tmp_path / "lobes.nii.gz"))
    window.until_idle()
    assert window.window.actions_by_name["forget_lobes"].isEnabled()
    analysed(window)
    severity = window.session.findings.value.severity
    assert severity.ct_severity_score is not None and severity.total_severity_score is not None
    rows = dict(window.window.severity.figures.headline.rows.texts())
    assert rows["CT severity score"].endswith(f"{severity.ct_severity_score} / 25")
    assert rows["Total severity score"].endswith(f"{severity.total_severity_score} / 20")
    forget_lobes(window.session)
    analysed(window)
    assert window.session.findings.value.severity.ct_severity_score is None
    assert "CT severity score" not in dict(window.window.severity.figures.headline.rows.texts())
    assert window.complaints == []


@pytest.mark.parametrize(("fault", "words"), [("grid", "does not lie on the grid"), ("labels", "is no lobe map")])
def test_a_map_that_does_not_fit_is_one_sentence_and_none_is_kept(
    fault: str, words: str, window: Window, tmp_path: Path
) -> None:
    load_lobes(window.session, window.jobs, lobes_for(window, tmp_path / "lobes.nii.gz", fault))
    window.until_idle()
    assert len(window.complaints) == 1 and words in window.complaints[0]
    assert "\n" not in window.complaints[0]
    assert window.session.lobes.value is None


def test_a_map_with_its_sides_exchanged_fails_the_analysis_in_one_sentence(window: Window, tmp_path: Path) -> None:
    load_lobes(window.session, window.jobs, lobes_for(window, tmp_path / "lobes.nii.gz", "sides"))
    window.until_idle()
    analysed(window)
    assert [text for text in window.complaints if "right and left the other way round" in text] == window.complaints
    assert window.session.findings.value is None


def test_another_series_forgets_the_lobe_map(window: Window, study: Path, tmp_path: Path) -> None:
    load_lobes(window.session, window.jobs, lobes_for(window, tmp_path / "lobes.nii.gz"))
    window.until_idle()
    window.open_study(study)
    assert window.session.lobes.value is None


def test_the_floor_of_the_preferences_grades_in_the_worker(window: Window) -> None:
    analysed(window)
    assert window.session.findings.value.severity.qualifier == "at least"
    window.app.settings.change_preferences(floor_percent=25.0, floor_ml=1000.0)
    analysed(window)
    severity = window.session.findings.value.severity
    assert severity.qualifier == "withheld", "below the floor, a class that was not looked for leaves nothing to grade"
    assert severity.detection_floor == DetectionFloor(25.0, 1000.0)
    assert window.window.severity.figures.headline.floor.text().startswith("CT-0 is under 25 % or 1000 ml")
