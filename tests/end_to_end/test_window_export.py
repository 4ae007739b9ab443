"""Exports in the real window: cancelled from the bar at its foot, with nothing half-written left behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inference.io import export_nifti
from tests.helpers.window import Window, opened, small_study
from viewer.operations.exporting import MASK_FILES, export_masks

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Window]:
    study = small_study(tmp_path / "ct")
    with opened(tmp_path, "instant") as made:
        made.open_study(study)
        made.analyse()
        made.until(lambda: made.session.findings.value is not None)
        made.until_idle()
        yield made


def test_a_running_export_is_cancelled_by_the_bars_button_and_can_be_made_again(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / MASK_FILES[0]).write_bytes(b"earlier")
    plain, begun = export_nifti.gzip.GzipFile.write, []

    def slowly(self: Any, data: Any) -> int:
        begun.append(1)
        time.sleep(0.1)
        return plain(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(export_nifti.gzip.GzipFile, "write", slowly)
        export_masks(window.session, window.jobs, folder)
        window.until(lambda: len(begun) > 3)
        assert window.window.job_bar.button.text() == "Cancel" and window.window.job_bar.button.isVisible()
        window.window.job_bar.button.click()
        window.until_idle()
    assert [job.ending for job in window.endings.values() if job.title == "Exporting masks"] == ["cancelled"]
    assert sorted(path.name for path in folder.iterdir()) == [MASK_FILES[0]]
    assert (folder / MASK_FILES[0]).read_bytes() == b"earlier"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".groundglass")]
    assert window.complaints == []
    export_masks(window.session, window.jobs, folder)
    window.until_idle()
    assert sorted(path.name for path in folder.iterdir()) == sorted(MASK_FILES)
    assert window.notices[-1].text.startswith("Masks written and read back")
