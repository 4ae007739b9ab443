"""The whole window, as a reader uses it: keys, states, folding, closing."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog

from inference.verdict import Colour, Reason, Verdict
from inference.volume import Units
from tests.helpers.analysed import findings_of, loaded_of
from tests.helpers.phantoms import chest, write_dicom
from tests.helpers.slices import asymmetric, loaded
from viewer.app import App
from viewer.settings import Settings
from viewer.state.session import Layout, Notice, Projection, Slab, Tool
from viewer.state.window_level import presets
from viewer.widgets.frame_state import restored, stored
from viewer.widgets.side_panel import RAIL_WIDTH

HARMLESS = "propagateSizeHints"
"""The offscreen platform says this of every window."""


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path / "settings.json")


@pytest.fixture
def app(qtbot, qtlog, settings, tmp_path):
    before = set(threading.enumerate())
    app = App(settings, tmp_path / "demo")
    qtbot.addWidget(app.window)
    app.window.resize(1600, 1000)
    with qtbot.waitExposed(app.window):
        app.window.show()
    app.window.activateWindow()
    yield app
    app.window.close()
    leaked = {thread for thread in set(threading.enumerate()) - before if thread.is_alive()}
    assert not leaked, f"threads that outlive the window: {leaked}"
    said = [record.message for record in qtlog.records if HARMLESS not in record.message]
    assert not said, f"Qt complained: {said}"


@pytest.fixture
def ct(app):
    """A series in the window, put there without reading a file."""
    series = loaded(asymmetric((20, 24, 32)))
    app.session.selected.value = series.info
    app.session.verdict.value = series.verdict
    app.session.crosshair.value = series.volume.geometry.centre
    app.session.loaded.value = series
    return app


def press(app, key, modifiers=Qt.KeyboardModifier.NoModifier):
    from PySide6.QtTest import QTest

    QTest.keyClick(app.window, key, modifiers)


def index(app):
    return [round(float(n)) for n in app.session.loaded.value.volume.geometry.to_index(app.session.crosshair.value)]


def test_arrow_keys_scroll_and_shift_scrolls_ten(ct):
    start = index(ct)[0]
    press(ct, Qt.Key.Key_Down)
    assert index(ct)[0] == start - 1
    press(ct, Qt.Key.Key_Up)
    press(ct, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert index(ct)[0] == max(start - 10, 0)
    press(ct, Qt.Key.Key_Home)
    assert index(ct)[0] == 19
    press(ct, Qt.Key.Key_End)
    assert index(ct)[0] == 0


def test_digits_set_the_windows(ct):
    for preset in reversed(presets()):
        press(ct, getattr(Qt.Key, f"Key_{preset.key}"))
        assert ct.session.window.value == preset.window


TOOLS = {
    "W": Tool.WINDOW, "M": Tool.PAN, "T": Tool.PAN, "Z": Tool.ZOOM, "L": Tool.LENGTH, "D": Tool.LENGTH,
    "A": Tool.ANGLE, "E": Tool.ELLIPSE, "P": Tool.PROBE,
}  # fmt: skip


def test_letters_choose_the_tools(ct):
    for key, tool in TOOLS.items():
        ct.session.tool.value = Tool.CROSSHAIR
        press(ct, getattr(Qt.Key, f"Key_{key}"))
        assert ct.session.tool.value is tool, key


def test_i_h_c_and_r_do_what_they_are_known_for(ct):
    press(ct, Qt.Key.Key_I)
    press(ct, Qt.Key.Key_H)
    press(ct, Qt.Key.Key_C)
    assert ct.session.inverted.value and not ct.session.crosshair_visible.value and ct.session.cine.value
    press(ct, Qt.Key.Key_Escape)
    press(ct, Qt.Key.Key_R)
    assert not ct.session.cine.value and not ct.session.inverted.value


def test_k_marks_and_space_finds_a_key_image(ct):
    press(ct, Qt.Key.Key_K)
    marked = index(ct)[0]
    press(ct, Qt.Key.Key_End)
    press(ct, Qt.Key.Key_Space)
    assert index(ct)[0] == marked


def test_keys_of_editing_do_nothing(ct):
    before = (ct.session.tool.value, ct.session.crosshair.value, ct.session.window.value)
    for key in (Qt.Key.Key_X, Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight, Qt.Key.Key_B):
        press(ct, key)
    press(ct, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (ct.session.tool.value, ct.session.crosshair.value, ct.session.window.value) == before


def test_the_keyboard_begins_at_the_image_and_not_at_a_button(ct, qtbot):
    start = index(ct)[0]
    qtbot.keyClick(QApplication.focusWidget() or ct.window, Qt.Key.Key_Down)
    assert index(ct)[0] == start - 1


def test_click_into_the_series_list_leaves_the_arrows_to_the_image(ct, qtbot):
    start = index(ct)[0]
    qtbot.mouseClick(ct.window.browser.list.viewport(), Qt.MouseButton.LeftButton)
    press(ct, Qt.Key.Key_Down)
    assert index(ct)[0] == start - 1


def test_a_list_reached_by_tab_keeps_its_own_arrows(ct, qtbot):
    start = index(ct)[0]
    ct.window.browser.list.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(ct.window.browser.list, Qt.Key.Key_Down)
    assert index(ct)[0] == start


def test_escape_leaves_full_screen_last_and_keeps_the_window_open(ct, qtbot):
    ct.window.actions_by_name["fullscreen"].trigger()
    assert ct.window.isFullScreen()
    ct.session.tool.value = Tool.LENGTH
    press(ct, Qt.Key.Key_Escape)
    assert ct.window.isFullScreen() and ct.session.tool.value is Tool.WINDOW
    press(ct, Qt.Key.Key_Escape)
    press(ct, Qt.Key.Key_Escape)
    assert not ct.window.isFullScreen() and ct.window.isVisible() and ct.session.loaded.value is not None


def test_rebound_key_acts_at_once_and_the_shipped_one_no_longer(ct, settings):
    settings.shortcuts.value = {"invert": ("Shift+J",)}
    press(ct, Qt.Key.Key_I)
    assert not ct.session.inverted.value
    press(ct, Qt.Key.Key_J, Qt.KeyboardModifier.ShiftModifier)
    assert ct.session.inverted.value


def test_hiding_identity_takes_the_name_out_of_title_browser_and_recents(ct, settings, tmp_path):
    settings.remember(tmp_path / "Quillfeather")
    assert "Quillfeather" in ct.window.windowTitle()
    press(ct, Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    texts = [ct.window.windowTitle()]
    for widget in QApplication.allWidgets():
        for name in ("text", "toolTip", "title"):
            value = getattr(widget, name, None)
            texts += [value()] if callable(value) and widget.window() is ct.window and isinstance(value(), str) else []
    texts += [action.text() for menu in (ct.window._recent,) for action in menu.actions()]
    assert not [text for text in texts if "Quillfeather" in text or "PX-4471" in text]


def test_narrow_window_shows_one_panel_and_the_image_keeps_its_share(ct, qtbot):
    window = ct.window
    for width, height in ((1366, 768), (1024, 700), (800, 560)):
        window.resize(width, height)
        for name in ("panel_left", "panel_right"):
            if not window.actions_by_name[name].isChecked():
                window.actions_by_name[name].trigger()
            qtbot.wait(20)
            assert window.centre.width() >= 0.6 * width, f"{name} at {width}"
        assert not window.panels.left.is_open and window.panels.left.width() == RAIL_WIDTH


def test_smallest_window_begins_with_both_panels_folded_and_a_wide_one_gets_them_back(ct, qtbot):
    window = ct.window
    window.resize(820, 560)
    qtbot.wait(20)
    assert not window.panels.left.is_open and not window.panels.right.is_open
    window.resize(1700, 1000)
    qtbot.wait(20)
    assert window.panels.left.is_open and window.panels.right.is_open
    assert window.panels.right.width() == pytest.approx(window.panels.right.open_width, abs=12)


def test_without_a_study_the_start_page_is_shown_and_an_error_is_on_it(app):
    assert app.window.start_page.isVisible() and not app.window.centre.isVisible()
    app.session.notice.emit(Notice("This folder holds no images.", "error"))
    assert app.window.start_page._error.isVisible() and "no images" in app.window.start_page._error.text()


def test_actions_that_need_a_series_sleep_until_there_is_one(app):
    actions = app.window.actions_by_name
    sleeping = ("slice_up", "key_image", "cine", "tags", "analyse", "export_view", "export_masks", "copy_figures")
    assert not any(actions[name].isEnabled() for name in sleeping)
    series = loaded(asymmetric((20, 24, 32)))
    app.session.loaded.value = series
    assert actions["slice_up"].isEnabled() and actions["analyse"].isEnabled()
    assert not actions["export_masks"].isEnabled() and not actions["tags"].isEnabled()


def test_single_picture_has_no_other_layouts_and_no_slab(app):
    app.session.loaded.value = loaded(asymmetric((1, 24, 32)), is_xray=True)
    actions = app.window.actions_by_name
    assert not any(actions[n].isEnabled() for n in ("layout_quad", "layout_large_3d", "slab_mip", "analyse"))
    assert actions["layout_axial"].isEnabled()
    assert app.window.centre.grid.shown() == ("axial",)


def test_slab_of_pictures_without_spacing_is_offered_without_millimetres(ct):
    ct.session.slab.value = Slab(Projection.MIP, 10.0)
    assert ct.window.toolbar._slab.text() == "MIP 10 mm"
    ct.session.loaded.value = loaded(asymmetric((20, 24, 32), spacing_known=False))
    assert ct.window.toolbar._slab.text() == "MIP"


def test_picture_without_hounsfield_units_has_no_hounsfield_windows_and_says_why_it_is_not_analysed(app):
    series = loaded(asymmetric((1, 24, 32)))
    app.session.loaded.value = replace(series, volume=replace(series.volume, units=Units.GREY8))
    actions = app.window.actions_by_name
    assert not actions["window_1"].isEnabled() and not actions["analyse"].isEnabled()
    assert "no Hounsfield units" in actions["analyse"].toolTip() and not app.window.scout.isVisible()
    app.session.loaded.value = loaded(asymmetric((20, 24, 32)))
    assert actions["window_1"].isEnabled() and app.window.scout.isVisible()


def test_dropped_folder_is_read_proposed_and_shown(app, qtbot, tmp_path):
    case = chest(shape=(24, 48, 64), spacing_mm=(10.0, 6.4, 6.0), vessels=False)
    write_dicom(case.volume, tmp_path / "ct")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "ct"))])
    event = QDropEvent(
        QPointF(10, 10), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    app.window.dropEvent(event)
    qtbot.waitUntil(lambda: app.session.loaded.value is not None, timeout=20_000)
    assert app.window.centre.isVisible() and app.window.browser.model.rowCount() == 1
    qtbot.waitUntil(lambda: app.window.browser.model.picture(app.session.selected.value) is not None, timeout=20_000)
    assert [Path(recent.path).name for recent in app.settings.recent.value] == ["ct"]


def test_closing_remembers_layout_window_and_overlays_for_the_next_start(ct, tmp_path, qtbot):
    ct.session.layout.value = Layout.SIDE_BY_SIDE
    press(ct, Qt.Key.Key_3)
    ct.session.layers.change("effusion", opacity=0.25, outline=True)
    ct.window.actions_by_name["panel_right"].trigger()
    ct.window.close()
    again = App(Settings(tmp_path / "settings.json"), tmp_path / "demo")
    qtbot.addWidget(again.window)
    assert again.session.layout.value is Layout.SIDE_BY_SIDE
    assert (again.session.window.value.width, again.session.window.value.level) == (2000, 350)
    layer = again.session.layers.by_group["effusion"].value
    assert layer.opacity == 0.25 and layer.outline and not again.window.panels.right_open.value
    assert "Quillfeather" not in (tmp_path / "settings.json").read_text()
    again.window.close()


def test_only_a_chosen_colour_is_remembered_and_a_formerly_shipped_one_is_none(ct, settings):
    shipped = ct.session.layers.by_group["effusion"].value.colour
    ct.session.layers.change("ground_glass", colour=(1, 2, 3))
    stored(ct.window, settings, ct.session)
    layers = settings.layers.value
    assert layers["ground_glass"]["colour"] == [1, 2, 3] and "colour" not in layers["effusion"]
    settings.layers.value = {**layers, "effusion": {**layers["effusion"], "colour": [0, 114, 178]}}
    restored(ct.window, settings, ct.session)
    assert ct.session.layers.by_group["effusion"].value.colour == shipped
    assert ct.session.layers.by_group["ground_glass"].value.colour == (1, 2, 3)


def test_preferences_reach_the_session(app, settings):
    settings.change_preferences(drag_up_brightens=False)
    assert not app.session.drag_up_brightens.value


def test_every_menu_entry_that_has_a_key_shows_it(app):
    for name in app.window.actions_by_name:
        action = app.window.actions_by_name[name]
        keys = [key.toString() for key in action.shortcuts()]
        assert all(key for key in keys), name
    assert app.window.actions_by_name["hide_overlays"].text().endswith("\tO")
    shown = {action for menu in app.window.menuBar().actions() for action in every_action(menu.menu())}
    missing = [name for name in app.window.actions_by_name if app.window.actions_by_name[name] not in shown]
    assert missing == []


def every_action(menu):
    for action in menu.actions():
        if action.menu() is not None:
            yield from every_action(action.menu())
        else:
            yield action


def test_nothing_heavy_is_imported_before_a_study_is_open():
    import subprocess
    import sys

    code = (
        "import os, sys; os.environ['QT_QPA_PLATFORM']='offscreen'\n"
        "from PySide6.QtWidgets import QApplication; q=QApplication([])\n"
        "from pathlib import Path; from viewer.app import App; from viewer.settings import Settings\n"
        "a=App(Settings(None), Path('.')); a.window.show(); q.processEvents()\n"
        "heavy={'scipy','SimpleITK','pydicom','vtkmodules','torch','reportlab','nibabel'} & set(sys.modules)\n"
        "a.window.close(); print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_slice_chart_keeps_its_room_from_before_the_analysis(ct):
    case = chest(shape=(24, 40, 48))
    ct.session.loaded.value = loaded_of(case)
    QApplication.processEvents()
    size = ct.window.centre.size()
    assert ct.window.chart.isVisible()
    ct.session.findings.value = findings_of(case)
    QApplication.processEvents()
    assert ct.window.centre.size() == size


@pytest.fixture
def figures(ct):
    """The window as large as a small screen, with an analysis in its panel."""
    ct.window.resize(1366, 768)
    case = chest(shape=(24, 40, 48))
    ct.session.loaded.value = loaded_of(case)
    ct.session.findings.value = findings_of(case)
    ct.window.panels.right_open.value = True
    QApplication.processEvents()
    return ct


def test_report_and_export_stand_at_the_figures_foot_without_widening_the_panel(ct):
    ct.window.resize(1366, 768)
    case = chest(shape=(24, 40, 48))
    ct.session.loaded.value = loaded_of(case)
    ct.window.panels.right_open.value = True  # as when an analysis is asked for
    QApplication.processEvents()
    panel = ct.window.severity
    width, foot = panel.width(), panel.foot
    assert not foot.isVisible(), "there is nothing to report yet"
    ct.session.findings.value = findings_of(case)
    QApplication.processEvents()
    assert panel.width() == width
    for button in (foot.report, foot.export):
        assert button.isVisible() and button.width() >= button.sizeHint().width()
        place = button.mapTo(panel, button.rect().bottomRight())
        assert panel.rect().contains(place), "not cut off"
        assert ct.window.rect().contains(button.mapTo(ct.window, button.rect().bottomRight()))


def test_the_foots_buttons_run_the_commands_of_the_export_menu(figures, monkeypatch):
    foot, actions = figures.window.severity.foot, figures.window.actions_by_name
    offered = [action for action in foot.export.menu().actions() if not action.isSeparator()]
    names = ("export_masks", "export_mesh", "export_csv", "export_json", "export_view", "export_layout")
    assert offered == [actions[name] for name in names] and all(action.isEnabled() for action in offered)
    assert foot.isVisible()
    asked = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *said: (asked.append(said[2]), ("", ""))[1])
    foot.report.click()
    assert asked == ["report.pdf"]
    figures.session.verdict.value = Verdict((Reason("gap", Colour.RED, "6 slices are missing"),))
    assert not foot.isVisible(), "nothing is measured"


def test_a_very_low_window_leaves_the_charts_room_to_the_images(ct):
    ct.window.resize(1000, 560)
    assert not ct.window.chart.isVisible()
    ct.window.resize(1000, 700)
    assert ct.window.chart.isVisible()


def test_one_picture_has_no_slice_chart(ct):
    ct.session.selected.value = replace(ct.session.selected.value, slices=1)
    assert not ct.window.chart.isVisible()
    assert not ct.window.actions_by_name["panel_chart"].isEnabled()


@pytest.mark.parametrize("width", [1366, 1600])
def test_the_reason_of_a_red_verdict_is_not_left_in_a_folded_panel(ct, width):
    ct.window.resize(width, 768)
    ct.window.panels.right_open.value = False
    ct.session.verdict.value = Verdict((Reason("lossy", Colour.AMBER, "changed slightly"),))
    assert not ct.window.severity.isVisible()
    ct.session.verdict.value = Verdict((Reason("few_slices", Colour.RED, "Only 12 slices"),))
    assert ct.window.severity.isVisible()
    assert "Only 12 slices" in ct.window.severity.message.text.text()


@pytest.mark.parametrize("name", ["help", "preferences"])
def test_a_window_beside_the_images_opens_once(app, name):
    for _ in range(2):
        app.window.actions_by_name[name].trigger()
        QApplication.processEvents()
    shown = [one for one in app.window.findChildren(QDialog) if one.isVisible()]
    assert len(shown) == 1
    shown[0].close()


def test_the_last_window_is_called_by_its_presets_name_again(app, settings):
    settings.frame.value = replace(settings.frame.value, window_width=400.0, window_level=40.0)
    restored(app.window, settings, app.session)
    assert app.session.window.value == presets()[1].window
    settings.frame.value = replace(settings.frame.value, window_level=41.0)
    restored(app.window, settings, app.session)
    assert app.session.window.value.name == "" and app.session.window.value.level == 41
