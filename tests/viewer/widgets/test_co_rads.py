"""CO-RADS is the reader's: nothing fills the field, what was chosen is named as his, and it ends with the study."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from inference.report import pdf
from tests.helpers.fake_jobs import FakeJobs
from tests.helpers.severity_session import analysed
from tests.helpers.slices import asymmetric, loaded
from viewer.jobs.reading import ReadingJobs
from viewer.operations.exporting import export_report
from viewer.settings import Settings
from viewer.widgets.actions import Actions
from viewer.widgets.co_rads_field import CoRadsField
from viewer.widgets.severity_panel import SeverityPanel


@pytest.fixture
def field(qtbot):
    session = analysed()
    widget = CoRadsField(session)
    qtbot.addWidget(widget)
    return SimpleNamespace(session=session, widget=widget, choice=widget.choice)


def choose(choice, index):
    choice.setCurrentIndex(index)
    choice.activated.emit(index)


def test_it_offers_none_and_zero_to_six_and_begins_with_none(field):
    data = [field.choice.itemData(index) for index in range(field.choice.count())]
    assert data == [None, 0, 1, 2, 3, 4, 5, 6]
    assert field.choice.currentData() is None and field.session.co_rads.value is None


def test_the_readers_choice_can_be_made_and_taken_back(field):
    choose(field.choice, 1)
    assert field.session.co_rads.value == 0
    choose(field.choice, 0)
    assert field.session.co_rads.value is None


def test_an_analysis_leaves_the_field_alone(field):
    field.session.show_findings(field.session.findings.value)
    assert field.session.co_rads.value is None and field.choice.currentData() is None
    field.session.co_rads.value = 4
    field.session.findings.value = None
    field.session.show_findings(analysed().findings.value)
    assert field.choice.currentData() == 4


def test_a_wheel_turned_over_it_chooses_nothing(field):
    choose(field.choice, 3)
    event = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(field.choice, event)
    assert field.session.co_rads.value == 2 and field.choice.currentData() == 2


def test_the_copied_text_speaks_of_it_only_if_it_was_chosen(qtbot):
    session, window = analysed(), QWidget()
    qtbot.addWidget(window)
    panel = SeverityPanel(session, Actions(window, Settings()))
    qtbot.addWidget(panel)
    assert "CO-RADS" not in panel.as_text()
    choose(panel.foot.co_rads.choice, 4)
    assert "CO-RADS 3 (equivocal), chosen by the reader, not by the program." in panel.as_text().splitlines()
    assert "CO-RADS" not in panel.as_csv()


@pytest.mark.parametrize("category", [None, 0, 5])
def test_the_report_is_asked_for_with_the_choice(category, tmp_path: Path, monkeypatch):
    session, asked = analysed(), []
    session.co_rads.value = category
    monkeypatch.setattr(pdf, "write_report", lambda *_, co_rads=None, **__: asked.append(co_rads))
    export_report(session, FakeJobs(session), tmp_path / "report.pdf", False)
    assert asked == [category]


@pytest.mark.parametrize(
    ("next_series", "kept"),
    [({"kernel": "B70f"}, 4), ({"study_uid": "9.9"}, None), ({"kind": "nifti", "study_uid": ""}, None)],
)
def test_it_stays_with_the_study_and_ends_with_it(next_series, kept):
    session = analysed()
    first = loaded(asymmetric())
    reading = ReadingJobs(session, SimpleNamespace(run=lambda *_, **__: 1, cancel=lambda number: None))
    session.selected.value = first.info
    session.co_rads.value = 4
    reading.load(loaded(asymmetric(), **next_series).info, None)
    assert session.co_rads.value == kept
    session.co_rads.value = 4
    reading.unload()
    assert session.co_rads.value is None
