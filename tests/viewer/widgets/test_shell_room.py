"""Room and keyboard in the real window: panels come back, and the image keeps the keys when a view goes."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QDialogButtonBox

from tests.helpers.slices import asymmetric, loaded
from viewer.app import App
from viewer.settings import Settings
from viewer.widgets import theme


@pytest.fixture
def ct(qtbot, tmp_path):
    app = App(Settings(tmp_path / "settings.json"), tmp_path / "demo")
    qtbot.addWidget(app.window)
    app.window.resize(1600, 1000)
    with qtbot.waitExposed(app.window):
        app.window.show()
    app.window.activateWindow()
    series = loaded(asymmetric((20, 24, 32)))
    app.session.selected.value = series.info
    app.session.verdict.value = series.verdict
    app.session.crosshair.value = series.volume.geometry.centre
    app.session.loaded.value = series
    yield app
    app.window.close()


@pytest.mark.parametrize("name", ["panel_left", "panel_right"])
def test_panel_that_a_very_small_window_folded_comes_back_when_the_window_grows(ct, qtbot, name):
    window = ct.window
    panel = window.panels.left if name == "panel_left" else window.panels.right
    window.resize(1366, 768)
    if not window.actions_by_name[name].isChecked():
        window.actions_by_name[name].trigger()
    window.resize(800, 560)
    qtbot.wait(20)
    assert not panel.is_open
    window.resize(1366, 768)
    qtbot.wait(20)
    assert panel.is_open and window.panels.left.is_open + window.panels.right.is_open == 1


def test_image_keeps_the_keys_when_the_view_that_had_them_goes_out_of_sight(ct, qtbot):
    window = ct.window
    window.centre.slices["coronal"].setFocus()
    qtbot.waitUntil(window.centre.slices["coronal"].hasFocus)
    ct.session.layout.value = type(ct.session.layout.value).AXIAL
    qtbot.wait(20)
    assert QApplication.focusWidget() is window


def test_buttons_of_dialogs_have_no_dark_icon_on_dark_ground(qtbot, qapp):
    before = qapp.styleSheet()
    qapp.setStyleSheet(theme.style_sheet())
    try:
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close | QDialogButtonBox.StandardButton.Save)
        qtbot.addWidget(box)
        box.show()
        assert all(button.icon().isNull() for button in box.buttons())
    finally:
        qapp.setStyleSheet(before)
