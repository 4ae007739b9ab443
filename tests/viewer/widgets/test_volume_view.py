"""The 3D view while there is nothing to turn."""

import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QToolButton

from inference.verdict import Colour, Reason, Verdict
from viewer.state.session import Session
from viewer.widgets.volume_view import VolumeView


@pytest.fixture
def view(qtbot):
    widget = VolumeView(Session(), lambda *_, **__: 0)
    qtbot.addWidget(widget)
    widget.resize(500, 400)
    widget.show()
    return widget


def words(view):
    return [label.text() for label in view.findChildren(QLabel) if label.isVisible()]


def test_no_control_is_offered_before_there_is_a_lung(view):
    assert not any(part.isVisible() for kind in (QComboBox, QToolButton) for part in view.findChildren(kind))
    assert "The 3D lung appears after an analysis" in words(view)


def test_a_refused_study_promises_no_lung(view):
    view._session.verdict.value = Verdict((Reason("few_slices", Colour.RED, "Only 12 slices"),))
    assert "Nothing is measured on this study, so there is no 3D lung" in words(view)
    view._session.verdict.value = Verdict()
    assert "The 3D lung appears after an analysis" in words(view)
