"""Room and keyboard in the real window: panels come back, and the image keeps the keys when a view goes."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QWidget

from inference.verdict import Colour
from tests.helpers.slices import asymmetric, loaded
from viewer.app import App
from viewer.settings import Settings
from viewer.widgets import theme
from viewer.widgets.volume_bar import VolumeBar


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


@pytest.mark.parametrize("width", [700, 420, 330, 300])
def test_3d_view_keeps_the_mark_of_an_amber_verdict_however_narrow_its_bar(qtbot, qapp, width):
    before = qapp.styleSheet()
    qapp.setStyleSheet(theme.style_sheet())
    try:
        host = QWidget()
        qtbot.addWidget(host)
        bar = VolumeBar(host)
        bar.offer(True, sides_known=True)
        bar.set_verdict(Colour.AMBER, "amber: slices of 5 mm are thicker than they are apart")
        bar.resize(width, 40)
        host.show()
        qtbot.wait(30)
        assert bar.verdict.text().startswith("▲")
        assert bar.verdict.fontMetrics().horizontalAdvance("▲") <= bar.verdict.contentsRect().width()
        shown = [part for part in bar.findChildren(QWidget) if part.isVisible() and part.parent() is bar]
        assert max(part.geometry().right() for part in shown) < width, "nothing is pushed out of the bar"
        bar.set_verdict(Colour.GREEN, "")
        assert bar.verdict.text() == "" and bar.verdict.minimumWidth() == 0
    finally:
        qapp.setStyleSheet(before)
