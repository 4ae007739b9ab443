"""The 3D view while there is nothing to turn."""

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QToolButton

from inference.verdict import Colour, Reason, Verdict
from tests.helpers.analysed import AMBER
from tests.helpers.severity_session import analysed
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


def test_an_amber_verdict_stands_above_the_3d_view_and_goes_with_it(view):
    view.resize(700, 400)
    view._session.verdict.value = AMBER
    assert view.bar.verdict.text() == "▲ amber: slices are 5.0 mm thick and 2.0 mm apart"
    view.resize(240, 400)
    assert view.bar.verdict.text().startswith("▲ amber") and view.bar.verdict.text().endswith("…")
    assert view.bar.verdict.toolTip() == "amber: slices are 5.0 mm thick and 2.0 mm apart"
    view._session.verdict.value = Verdict()
    assert view.bar.verdict.text() == view.bar.verdict.toolTip() == ""


class Stage:
    """Stands for scene, interactor and render window; counts what is drawn."""

    def __init__(self):
        self.boxes, self.renders = [], 0
        self.renderer = self

    def set_outline(self, corners):
        self.boxes.append(corners)

    def Render(self):
        self.renders += 1

    def GetRenderWindow(self):
        return self

    def __getattr__(self, name):
        return lambda *_: None


def test_a_lesion_pointed_at_is_boxed_once_the_mouse_rests(qtbot):
    session = analysed()
    view = VolumeView(session, lambda *_, **__: 0)
    qtbot.addWidget(view)
    view.show()
    findings, stage = session.findings.value, Stage()
    view._scene = view._interactor = stage
    view._shown = findings
    view._rest.setInterval(1500)  # a busy machine must not take a slow loop for a rest
    for lesion in findings.lesions[:3]:
        session.hovered_lesion.value = lesion.number
        qtbot.waitUntil(lambda: view._rest.isActive())
        assert stage.renders == 0, "nothing is drawn while the mouse moves"
    qtbot.waitUntil(lambda: stage.renders > 0)
    assert stage.renders == 1
    box, point = stage.boxes[-1], np.array(lesion.centre_lps_mm)
    assert (box.min(axis=0) <= point).all() and (box.max(axis=0) >= point).all()
    session.hovered_lesion.value = None
    qtbot.waitUntil(lambda: stage.renders == 2)
    assert stage.boxes[-1] is None
    view._interactor = None
