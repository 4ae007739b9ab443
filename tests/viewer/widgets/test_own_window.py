"""Views in windows of their own: they follow the crosshair, come back when closed, and are never lost off a screen."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow, QWidget

from tests.helpers.slices import asymmetric, loaded, session_on
from viewer.app import App
from viewer.operations.looking import toggle_detached
from viewer.settings import OwnPlace, Settings
from viewer.state.observable import Value
from viewer.state.session import Layout
from viewer.widgets.held_key import HeldKey
from viewer.widgets.own_window import OwnWindow, found, placed
from viewer.widgets.picture_sheet import Choices
from viewer.widgets.slice_view import SliceView
from viewer.widgets.view_grid import ViewGrid

ONE, TWO = QRect(0, 0, 1366, 768), QRect(1366, 0, 1920, 1200)


@pytest.fixture
def desk(qtbot):
    session = session_on(asymmetric((9, 30, 40)))
    views = {plane: SliceView(session, plane, name=plane) for plane in ("axial", "coronal", "sagittal")}
    views |= {"beside": SliceView(session, "axial", name="beside"), "3d": QWidget()}
    places = Value({})
    window = QMainWindow()
    grid = ViewGrid(session, views, places=places)
    window.setCentralWidget(grid)
    qtbot.addWidget(window)
    window.resize(700, 560)
    window.show()
    yield SimpleNamespace(session=session, grid=grid, window=window, places=places, own=grid.own_windows)
    grid.own_windows.leave()


def detach(desk, *names):
    desk.session.detached.value = frozenset(names)


@pytest.mark.parametrize("name", ["axial", "coronal", "sagittal", "3d"])
def test_a_view_leaves_the_layout_and_comes_back_when_its_window_is_closed(desk, name):
    detach(desk, name)
    view, window = desk.grid.view(name), desk.own.windows[name]
    assert view.window() is window and window.isVisible() and view.isVisible()
    assert name not in desk.grid.shown() and len(desk.grid.shown()) == 3
    window.close()
    assert desk.session.detached.value == frozenset() and not desk.own.windows
    assert view.window() is desk.window and view.isVisible() and len(desk.grid.shown()) == 4


def test_its_place_in_the_layout_says_so_and_brings_it_back(desk):
    detach(desk, "coronal")
    away = desk.grid._away["coronal"]
    assert away.isVisible() and not desk.grid._away["axial"].isVisible()
    away.button.click()
    assert desk.grid.view("coronal").window() is desk.window and not away.isVisible()


def test_crosshair_and_wheel_stay_linked_across_windows(desk):
    detach(desk, "coronal")
    coronal, axial = desk.grid.view("coronal"), desk.grid.view("axial")
    before = coronal.scene.index
    desk.session.look_at(axial.scene.grid.point(2, 5, 3))
    assert coronal.scene.index != before
    coronal.step(1)
    assert desk.session.crosshair.value[1] == pytest.approx(coronal.scene.grid.point(coronal.scene.index, 0, 0)[1])


def test_keys_of_the_main_window_act_in_it_too(desk, qtbot):
    done = []
    action = QAction("Home", desk.window)
    action.setShortcut(Qt.Key.Key_Home)
    action.triggered.connect(lambda: done.append(1))
    desk.window.addAction(action)
    hidden = Value(False)
    held = HeldKey(desk.window, hidden, lambda: ("O",))
    detach(desk, "axial")
    window = desk.own.windows["axial"]
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_Home)
    assert done == [1]
    QTest.keyPress(window, Qt.Key.Key_O)
    assert hidden.value and held is not None
    QTest.keyRelease(window, Qt.Key.Key_O)


def test_maximising_a_view_in_its_own_window_fills_that_window_and_not_the_layout(desk):
    detach(desk, "axial")
    desk.session.maximised.value = "axial"
    assert desk.session.maximised.value is None and desk.own.windows["axial"].isMaximized()
    assert len(desk.grid.shown()) == 3
    desk.session.maximised.value = "axial"
    assert not desk.own.windows["axial"].isMaximized()
    desk.session.maximised.value = "coronal"
    assert desk.grid.shown() == ("coronal",)


def test_another_layout_leaves_it_where_it_is(desk):
    detach(desk, "sagittal")
    desk.session.active_view.value = "sagittal"
    desk.session.layout.value = Layout.AXIAL
    assert desk.grid.view("sagittal").window() is desk.own.windows["sagittal"]
    assert desk.session.active_view.value == "sagittal"
    detach(desk)
    assert not desk.grid.view("sagittal").isVisible() and desk.session.active_view.value == "axial"


def test_the_active_view_goes_out_and_comes_back_by_the_same_key(desk):
    desk.session.active_view.value = "coronal"
    toggle_detached(desk.session)
    assert set(desk.own.windows) == {"coronal"}
    toggle_detached(desk.session)
    assert not desk.own.windows


def test_what_was_open_at_the_end_is_remembered_and_opens_again(desk):
    detach(desk, "axial", "3d")
    desk.own.windows["axial"].setGeometry(40, 50, 500, 400)
    detach(desk, "axial")
    desk.own.leave()
    assert not desk.own.windows
    kept = desk.places.value
    assert kept["axial"] == OwnPlace(40, 50, 500, 400, True) and not kept["3d"].open
    desk.session.detached.value = frozenset()
    desk.own.restore()
    assert set(desk.own.windows) == {"axial"}
    assert desk.own.windows["axial"].geometry() == QRect(40, 50, 500, 400)


def test_what_lay_on_a_screen_that_is_gone_stays_in_the_layout(desk):
    desk.places.value = {"axial": OwnPlace(9000, 50, 500, 400, True)}
    desk.own.restore()
    assert not desk.own.windows and desk.grid.view("axial").window() is desk.window
    detach(desk, "axial")
    assert found(desk.own.windows["axial"].geometry(), [desk.window.screen().availableGeometry()])


def test_a_window_whose_screen_goes_away_comes_to_one_that_is_left(desk):
    detach(desk, "axial")
    window = desk.own.windows["axial"]
    window.setGeometry(9000, 50, 500, 400)
    desk.own._gather()
    assert found(window.geometry(), [desk.window.screen().availableGeometry()])


@pytest.mark.parametrize(
    ("wanted", "screens", "where"),
    [
        (QRect(1500, 100, 600, 500), [ONE, TWO], QRect(1500, 100, 600, 500)),
        (QRect(1500, 100, 600, 500), [ONE], None),
        (QRect(1300, 100, 600, 500), [ONE], None),
        (None, [ONE, TWO], TWO.adjusted(24, 48, -24, -24)),
        (None, [ONE], None),
    ],
)
def test_a_window_goes_where_it_was_or_onto_the_other_screen_or_into_the_middle(wanted, screens, where):
    box = placed(wanted, screens)
    if where is not None:
        assert box == where
    else:
        assert ONE.contains(box) and abs(box.center().x() - ONE.center().x()) <= 1


def test_a_windows_title_tells_the_view_and_nobody(desk):
    detach(desk, "axial")
    window = desk.own.windows["axial"]
    assert isinstance(window, OwnWindow) and window.windowTitle() == "Axial – Groundglass"


@pytest.fixture
def app(qtbot, qtlog, tmp_path):
    made = App(Settings(tmp_path / "settings.json"), tmp_path / "demo")
    qtbot.addWidget(made.window)
    series = loaded(asymmetric((20, 24, 32)))
    made.session.selected.value, made.session.verdict.value = series.info, series.verdict
    made.session.loaded.value = series
    made.window.resize(1200, 800)
    made.window.show()
    made.window.activateWindow()
    yield made
    made.window.close()
    said = [record.message for record in qtlog.records if "propagateSizeHints" not in record.message]
    assert not said, f"Qt complained: {said}"


def test_the_real_window_gives_the_active_view_its_own_and_takes_it_back(app):
    session, own = app.session, app.window.centre.grid.own_windows
    session.active_view.value = "coronal"
    QTest.keyClick(app.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert set(own.windows) == {"coronal"} and app.window.actions_by_name["own_window"].isChecked()
    window = own.windows["coronal"]
    window.activateWindow()
    picture = app.window.exports.picture(False, Choices())
    assert picture is not None and picture.width() == app.window.centre.slices["coronal"].width()
    whole = app.window.exports.picture(True, Choices())
    assert whole is not None and whole.width() == app.window.centre.grid.width()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert window.isVisible(), "Escape never closes work"
    QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert not own.windows and not app.window.actions_by_name["own_window"].isChecked()


def test_closing_the_main_window_closes_the_others_and_the_next_start_opens_them(app, qtbot):
    app.session.detached.value = frozenset({"sagittal"})
    window = app.window.centre.grid.own_windows.windows["sagittal"]
    window.setGeometry(30, 40, 480, 400)
    app.window.close()
    assert not window.isVisible()
    again = App(Settings(app.settings._file), app.settings._file.parent / "demo")
    qtbot.addWidget(again.window)
    again.window.show()
    own = again.window.centre.grid.own_windows
    assert own.windows["sagittal"].geometry() == QRect(30, 40, 480, 400)
    again.window.close()
