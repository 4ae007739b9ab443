"""The detection floor in the window: set in the preferences, used by the next analysis, printed beside the grade."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt

from inference.findings import DetectionFloor
from inference.pipeline.cancellation import CancellationToken
from inference.pipeline.events import Succeeded
from inference.quantification.assess import assess
from inference.quantification.definitions import AssessmentSettings
from tests.helpers.fake_jobs import FakeJobs
from tests.helpers.severity_session import GREEN, analysed, case, found
from viewer.jobs.analysis import AnalysisJobs, Wish
from viewer.settings import Preferences, Settings
from viewer.widgets.preferences import GRADES, PreferencesDialog
from viewer.widgets.severity_panel import SeverityPanel

HIGH = DetectionFloor(24.0, 150.0)


def graded(floor: DetectionFloor) -> Any:
    return assess(case().volume, found().output, settings=AssessmentSettings(detection_floor=floor))


def test_both_numbers_are_set_in_the_preferences_and_can_be_taken_back(qtbot):
    settings = Settings()
    dialog = PreferencesDialog(settings, None, GRADES)
    qtbot.addWidget(dialog)
    dialog.show()
    fields = dialog.tabs.currentWidget()
    fields.percent.setValue(2.5)
    fields.ml.setValue(12)
    assert settings.preferences.value.detection_floor == DetectionFloor(2.5, 12.0)
    qtbot.keyClick(fields.ml, Qt.Key.Key_Return)
    assert settings.preferences.value.detection_floor == DetectionFloor(2.5, 12.0), "Return takes nothing back"
    fields.restore.click()
    assert settings.preferences.value.detection_floor == DetectionFloor()


@pytest.mark.parametrize("wrong", [-1.0, 26.0, float("nan"), float("inf")])
def test_stored_share_that_no_floor_can_have_gives_way_to_the_published_one(wrong):
    assert Preferences(floor_percent=wrong, floor_ml=7.0).detection_floor == DetectionFloor(0.5, 7.0)


def test_next_analysis_is_asked_for_with_the_floor(qtbot):
    session = analysed()
    session.detection_floor.value = HIGH
    jobs, asked = FakeJobs(session), []

    class Runner:
        def run(self, *_, settings, **__):
            asked.append(settings.detection_floor)
            return Succeeded(found(), GREEN)

    def run(title, function, on_done=None, **_):
        function(lambda fraction: None, CancellationToken())
        return 1

    jobs.run = run
    jobs.board.start("")
    analysis = AnalysisJobs(session, jobs)
    analysis._runner = Runner()
    analysis.start(Wish("densitometry"), SimpleNamespace(volume=session.loaded.value.volume))
    assert asked == [HIGH]


def test_floor_in_use_stands_under_the_grade_and_in_the_copied_text(qtbot):
    session = analysed()
    panel = SeverityPanel(session)
    qtbot.addWidget(panel)
    headline = panel.figures.headline
    assert headline.floor.text() == "CT-0 is under 0.5 % or 3 ml."
    assert headline.scale.bounds[0] == "< 0.5 %"
    session.findings.value = graded(HIGH)
    assert session.findings.value.severity.grade == "CT-0"
    assert headline.floor.text() == "CT-0 is under 24 % or 150 ml, as set."
    assert headline.scale.bounds[0] == "< 24 %" and headline.scale.filled == ["CT-0"]
    assert "CT-0 under 24 % or 150 ml" in panel.as_text()


def test_a_floor_set_after_the_analysis_does_not_change_what_is_printed(qtbot):
    session = analysed()
    panel = SeverityPanel(session)
    qtbot.addWidget(panel)
    session.detection_floor.value = HIGH
    session.findings.value = replace(session.findings.value)
    assert "0.5 %" in panel.figures.headline.floor.text()
