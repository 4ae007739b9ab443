"""Controls of the window one by one: layers, window presets, spin boxes, the 3D view's bar, the export of meshes."""

from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QFileDialog, QMenu, QSpinBox, QWidget

from inference.io.study import WindowLevel
from tests.helpers.fake_jobs import FakeJobs
from tests.helpers.severity_session import analysed, opened
from viewer.settings import Settings
from viewer.state.layers import HEATMAP
from viewer.state.session import Session
from viewer.state.window_level import preset
from viewer.widgets.actions import Actions
from viewer.widgets.choice_menu import ChoiceMenu
from viewer.widgets.exports import Exports
from viewer.widgets.layer_panel import LayerPanel
from viewer.widgets.theme import style_sheet
from viewer.widgets.toolbar import Toolbar
from viewer.widgets.volume_view import VolumeView

# layers -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def layers(qtbot):
    def make(session):
        panel = LayerPanel(session)
        qtbot.addWidget(panel)
        panel.show()
        return panel

    return make


def test_rows_are_dead_until_there_are_masks_and_the_heat_map_is_not_offered(layers):
    panel = layers(opened())
    assert not any(row._eye.isEnabled() for row in panel.rows.values())
    assert panel.rows[HEATMAP].isHidden() and panel._hint.text() == "Nothing analysed yet"


def test_after_analysis_only_classes_that_the_system_writes_are_alive(layers):
    panel = layers(analysed())
    alive = {group for group, row in panel.rows.items() if row._eye.isEnabled()}
    assert alive == {"lungs", "ground_glass", "consolidation", "effusion"}


def test_controls_change_their_layer_and_no_other(layers):
    session = analysed()
    panel = layers(session)
    before = session.layers.by_group["effusion"].value
    row = panel.rows["consolidation"]
    row._eye.click()
    row._style.click()
    row._opacity.setValue(35)
    layer = session.layers.by_group["consolidation"].value
    assert not layer.visible and layer.outline and layer.opacity == 0.35
    assert session.layers.by_group["effusion"].value == before


def test_panel_says_when_o_hides_everything(layers):
    session = analysed()
    panel = layers(session)
    session.layers.all_hidden.value = True
    assert panel._hint.text() == "All hidden (O)" and panel._hint.isVisible()


def colours_of(row):
    picture = row._colour.icon().pixmap(QSize(14, 14)).toImage()
    return list(dict.fromkeys(picture.pixelColor(x, 7).getRgb()[:3] for x in range(14)))


def test_lungs_show_the_colours_of_both_sides_and_words_for_them(layers):
    panel = layers(analysed())
    assert colours_of(panel.rows["lungs"]) == [(120, 190, 255), (175, 150, 255)], "right first, as its half is drawn"
    assert panel.rows["lungs"]._colour.toolTip() == "Colours, from the left: right lung, left lung"
    assert len(colours_of(panel.rows["ground_glass"])) == 1


def test_a_colour_of_the_readers_own_is_the_only_one_of_its_layer(layers):
    session = analysed()
    panel = layers(session)
    session.layers.change("lungs", colour=(10, 200, 30))
    assert colours_of(panel.rows["lungs"]) == [(10, 200, 30)]
    assert panel.rows["lungs"]._colour.toolTip() == "Colour"


# window presets -----------------------------------------------------------------------------------------------------


@pytest.fixture
def tools(qtbot, tmp_path):
    window, session = QWidget(), Session()
    qtbot.addWidget(window)
    actions = Actions(window, Settings(tmp_path / "settings.json"))
    bar = Toolbar(session, actions, QMenu(window), QMenu(window))
    bar.setParent(window)
    return SimpleNamespace(session=session, actions=actions, bar=bar, window=window)


def down(tools):
    return [key for key in "123456" if tools.actions[f"window_{key}"].isChecked()]


def test_the_preset_that_is_on_show_is_down_and_no_other(tools):
    for key, name in (("2", "mediastinum"), ("1", "lung"), ("4", "emphysema")):
        tools.session.window.value = preset(name)
        assert down(tools) == [key]
    tools.session.window.value = WindowLevel(500.0, -849.0)
    assert down(tools) == []
    tools.session.window.value = WindowLevel(500.0, -850.0)
    assert down(tools) == ["4"], "the same window by hand is the same window"
    tools.session.window.value = WindowLevel(500.0, -850.0, function="SIGMOID")
    assert down(tools) == [], "a curve with the same numbers is another window"


def test_a_preset_pressed_twice_stays_down(tools):
    tools.session.window.value = preset("bone")
    tools.actions["window_3"].trigger()
    assert down(tools) == ["3"]
    tools.actions["window_1"].trigger()  # nobody listens here, so the window stays what it is
    assert down(tools) == ["3"]


def test_presets_follow_the_active_view_of_two(tools):
    tools.session.window.value, tools.session.beside_window.value = preset("lung"), preset("bone")
    assert down(tools) == ["1"]
    tools.session.active_view.value = "beside"
    assert down(tools) == ["3"]


# spin boxes ---------------------------------------------------------------------------------------------------------


def lightest(box, half):
    picture = box.grab().toImage()
    rows = range(2, box.height() // 2) if half == "up" else range(box.height() // 2, box.height() - 2)
    return max(picture.pixelColor(x, y).lightness() for x in range(box.width() - 15, box.width() - 3) for y in rows)


@pytest.mark.parametrize("half", ["up", "down"])
def test_spin_boxes_have_arrows_that_can_be_seen(qtbot, half):
    box = QSpinBox()
    qtbot.addWidget(box)
    box.setStyleSheet(style_sheet())
    box.setRange(0, 9)
    box.setValue(4)
    box.resize(100, 28)
    box.show()
    assert lightest(box, half) > 150
    box.setEnabled(False)
    assert lightest(box, half) < 150


def test_every_picture_of_the_style_sheet_is_there():
    named = [part.split('"')[0] for part in style_sheet().split('url("')[1:]]
    assert named and all(Path(name).is_file() for name in named)
    assert "{" + "icons}" not in style_sheet()
    assert QColor("#c8c8c8").name() in (files("resources") / "icons" / "spin_up.svg").read_text()


# the 3D view's bar --------------------------------------------------------------------------------------------------


def test_choices_of_the_3d_view_go_behind_one_button_where_the_bar_is_too_narrow(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    view = VolumeView(Session(), lambda *_, **__: 0, window)
    window.show()
    view._offer_controls(True, sides_known=True)
    for width, folded in ((700, False), (290, True), (700, False)):
        view.resize(width, 300)
        combos = view.findChildren(QComboBox)
        assert [combo.isVisible() for combo in combos] == [not folded] * 2
        assert view.bar.more.isVisible() is folded
        assert all(combo.width() >= combo.sizeHint().width() for combo in combos if combo.isVisible())
    view.resize(290, 300)
    view._offer_controls(False, sides_known=False)
    assert not view.bar.more.isVisible(), "nothing to choose before there is a lung"


def test_the_button_offers_the_same_choices_and_makes_them(qtbot):
    combo, other = QComboBox(), QComboBox()
    combo.addItems(["No cut", "Cut axial"])
    other.addItems(["Infection in red", "By class"])
    button = ChoiceMenu((combo, other))
    for widget in (combo, other, button):
        qtbot.addWidget(widget)
    button.fill()
    entries = {action.text(): action for action in button.menu().actions() if not action.isSeparator()}
    assert [text for text, action in entries.items() if action.isChecked()] == ["No cut", "Infection in red"]
    entries["Cut axial"].trigger()
    assert (combo.currentText(), other.currentText()) == ("Cut axial", "Infection in red")
    button.fill()
    chosen = [action.text() for action in button.menu().actions() if action.isChecked()]
    assert chosen == ["Cut axial", "Infection in red"]


# export of meshes ---------------------------------------------------------------------------------------------------


@pytest.fixture
def mesh_export(qtbot, tmp_path, monkeypatch):
    def make(session):
        window = QWidget()
        qtbot.addWidget(window)
        actions = Actions(window, Settings(tmp_path / "settings.json"))
        centre = SimpleNamespace(volume=SimpleNamespace(surfaces=()))
        jobs = FakeJobs(session)
        said = []
        session.notice.connect(lambda notice: said.append(notice.text))
        kept = Exports(window, session, jobs, actions, centre, str)
        folder = tmp_path / "meshes"
        folder.mkdir()
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
        return SimpleNamespace(run=actions["export_mesh"].trigger, folder=folder, said=said, kept=(kept, window))

    return make


def test_meshes_are_exported_without_ever_showing_the_3d_view(mesh_export):
    export = mesh_export(analysed())
    export.run()
    written = sorted(path.name for path in export.folder.iterdir())
    assert {"surfaces.glb", "right_lung.stl", "left_lung.stl", "ground_glass.stl"} <= set(written)
    assert len(export.said) == 1 and export.said[0].startswith("Surfaces written: ")
    assert all(name in export.said[0] for name in written)


def test_meshes_of_a_study_that_was_not_analysed_are_refused_in_one_sentence(mesh_export):
    export = mesh_export(opened())
    export.run()
    assert list(export.folder.iterdir()) == [] and len(export.said) == 1
    assert "analyse" in export.said[0]
