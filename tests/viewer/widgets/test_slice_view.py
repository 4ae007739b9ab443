"""Mouse, wheel and keys on a slice view."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from inference.io.study import WindowLevel
from inference.verdict import Colour
from tests.helpers.analysed import AMBER
from tests.helpers.slices import asymmetric, loaded, session_on
from viewer.rendering.camera import Camera
from viewer.state.session import Tool
from viewer.widgets.slice_view import SliceView

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def session():
    return session_on(asymmetric((9, 30, 40)))


@pytest.fixture
def view(qtbot, session):
    widget = SliceView(session, "axial", name="axial")
    qtbot.addWidget(widget)
    widget.resize(500, 450)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def drag(view, button, *places, modifiers=NONE):
    view.pressed(button, *places[0], modifiers)
    for place in places[1:]:
        view.moved(*place)
    view.released(button, *places[-1])


def wheel(view, notches, modifiers=NONE, units=120):
    target = view._canvas.viewport()
    middle = QPointF(target.rect().center())
    event = QWheelEvent(
        middle, target.mapToGlobal(middle), QPoint(), QPoint(0, int(notches * units)), Qt.MouseButton.NoButton,
        modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(target, event)


def at(view, column, row):
    return view.view_frame().to_view(column, row)


def test_wheel_towards_the_hand_goes_to_the_feet(view, session):
    before = view.scene.index
    wheel(view, -1)
    assert view.scene.index == before - 1
    wheel(view, 2)
    assert view.scene.index == before + 1


def test_a_fine_wheel_adds_up(view):
    before = view.scene.index
    for _ in range(3):
        wheel(view, -1, units=40)
    assert view.scene.index == before - 1


def test_many_wheel_events_before_a_painting_become_one(qtbot, view):
    qtbot.wait(50)
    painted = []
    view.painted.connect(lambda: painted.append(1))
    for _ in range(3):
        wheel(view, -1)
    qtbot.waitUntil(lambda: bool(painted), timeout=2000)
    qtbot.wait(30)
    assert len(painted) == 1 and view.scene.index == 1


def test_control_wheel_zooms(view):
    before = view.scene.index
    wheel(view, 1, Qt.KeyboardModifier.ControlModifier)
    assert view.scene.camera.value.zoom > 1 and view.scene.index == before


def test_left_drag_sets_the_window_wider_to_the_right(view, session):
    drag(view, LEFT, (200, 200), (260, 200))
    assert session.window.value.width > 1500 and session.window.value.level == -600
    drag(view, LEFT, (260, 200), (200, 200))
    assert session.window.value.width < 1760


@pytest.mark.parametrize(("brightens", "sign"), [(True, -1), (False, 1)])
def test_the_vertical_sense_of_the_window_drag_is_a_preference(view, session, brightens, sign):
    session.drag_up_brightens.value = brightens
    drag(view, LEFT, (200, 200), (200, 140))
    assert np.sign(session.window.value.level + 600) == sign


def test_the_window_never_gets_narrower_than_one(view, session):
    session.window.value = WindowLevel(3, 40)
    drag(view, LEFT, (400, 200), (10, 200))
    assert session.window.value.width == 1


def test_middle_drag_pans_and_right_drag_zooms(view, session):
    frame = view.view_frame()
    drag(view, MIDDLE, (200, 200), (230, 190))
    moved = view.view_frame()
    assert (moved.left - frame.left, moved.top - frame.top) == pytest.approx((30, -10))
    drag(view, RIGHT, (200, 200), (200, 150))
    assert view.scene.camera.value.zoom > 1
    assert session.window.value.width == 1500
    view.fit()
    assert view.scene.camera.value == Camera()


def test_double_click_fills_the_layout_and_returns(view, session):
    target = view._canvas.viewport()
    place = QPointF(100, 100)
    for expected in ("axial", None):
        event = QMouseEvent(
            QEvent.Type.MouseButtonDblClick, place, target.mapToGlobal(place), LEFT, LEFT, NONE
        )  # fmt: skip
        QApplication.sendEvent(target, event)
        assert session.maximised.value == expected


def test_a_press_makes_the_view_active(view, session):
    session.active_view.value = "coronal"
    drag(view, MIDDLE, (10, 10), (10, 10))
    assert session.active_view.value == "axial"


def test_the_crosshair_tool_moves_every_view(view, session):
    session.tool.value = Tool.CROSSHAIR
    drag(view, LEFT, at(view, 5.5, 6.5), at(view, 30.5, 21.5))
    index = session.loaded.value.volume.geometry.to_index(session.crosshair.value)
    np.testing.assert_allclose(index, [view.scene.index, 21, 30], atol=1e-6)


def test_shift_drag_moves_the_crosshair_with_any_tool(view, session):
    drag(view, LEFT, at(view, 5.5, 6.5), at(view, 7.5, 8.5), modifiers=Qt.KeyboardModifier.ShiftModifier)
    index = session.loaded.value.volume.geometry.to_index(session.crosshair.value)
    np.testing.assert_allclose(index[1:], [8, 7], atol=1e-6)
    assert session.window.value.width == 1500


@pytest.mark.parametrize(("tool", "kind"), [(Tool.LENGTH, "length"), (Tool.ELLIPSE, "ellipse")])
def test_a_drag_draws_a_measurement_in_patient_millimetres(view, session, tool, kind):
    session.tool.value = tool
    drag(view, LEFT, at(view, 5.5, 6.5), at(view, 20, 15), at(view, 25.5, 16.5))
    (item,) = session.measurements.items.value
    geometry = session.loaded.value.volume.geometry
    assert (item.kind, item.plane) == (kind, "axial")
    np.testing.assert_allclose(
        geometry.to_index(item.points), [[view.scene.index, 6, 5], [view.scene.index, 16, 25]], atol=1e-6
    )


def test_a_click_without_a_drag_draws_nothing(view, session):
    session.tool.value = Tool.LENGTH
    drag(view, LEFT, at(view, 5.5, 6.5), at(view, 5.5, 6.5))
    assert session.measurements.items.value == ()


def test_an_angle_is_a_drag_and_a_click(view, session):
    session.tool.value = Tool.ANGLE
    drag(view, LEFT, at(view, 5.5, 6.5), at(view, 20.5, 6.5))
    assert session.measurements.items.value == ()
    view.moved(*at(view, 20.5, 12.5))
    drag(view, LEFT, at(view, 20.5, 16.5))
    (item,) = session.measurements.items.value
    assert len(item.points) == 3 and view.shapes()[0].lines == ("90.0°",)


def test_an_open_angle_can_be_given_up(view, session):
    session.tool.value = Tool.ANGLE
    drag(view, LEFT, at(view, 5.5, 6.5), at(view, 20.5, 6.5))
    assert view.give_up() and not view.give_up()
    drag(view, LEFT, at(view, 5.5, 6.5), at(view, 5.5, 6.5))
    assert session.measurements.items.value == ()


def test_a_probe_is_a_click(view, session):
    session.tool.value = Tool.PROBE
    drag(view, LEFT, at(view, 5.5, 6.5), at(view, 5.5, 6.5))
    (item,) = session.measurements.items.value
    assert item.kind == "probe" and view.shapes()[0].lines[0].endswith("(3×3)")


def test_handles_can_be_dragged_and_the_rest_stays(view, session):
    grid = view.view_frame().grid
    index = view.scene.index
    item = session.measurements.add("length", "axial", (grid.point(index, 5.5, 6.5), grid.point(index, 25.5, 16.5)))
    drag(view, LEFT, at(view, 25.5, 16.5), at(view, 30.5, 20.5))
    (moved,) = session.measurements.items.value
    assert moved.points[0] == pytest.approx(item.points[0])
    assert moved.points[1] == pytest.approx(grid.point(index, 30.5, 20.5))
    assert session.window.value.width == 1500


def test_the_line_drags_the_whole(view, session):
    grid, index = view.view_frame().grid, view.scene.index
    session.measurements.add("length", "axial", (grid.point(index, 5.5, 6.5), grid.point(index, 25.5, 6.5)))
    drag(view, LEFT, at(view, 15.5, 6.5), at(view, 17.5, 9.5))
    (moved,) = session.measurements.items.value
    assert moved.points[0] == pytest.approx(grid.point(index, 7.5, 9.5))
    assert moved.points[1] == pytest.approx(grid.point(index, 27.5, 9.5))


def test_delete_takes_the_selected_measurement_away(qtbot, view, session):
    grid, index = view.view_frame().grid, view.scene.index
    session.measurements.add("length", "axial", (grid.point(index, 5.5, 6.5), grid.point(index, 25.5, 6.5)))
    kept = session.measurements.add("length", "axial", (grid.point(index, 5.5, 20.5), grid.point(index, 25.5, 20.5)))
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert len(session.measurements.items.value) == 2
    drag(view, LEFT, at(view, 15.5, 6.5), at(view, 15.5, 6.5))
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert session.measurements.items.value == (kept,)


def test_the_menu_of_a_measurement_deletes_it(view, session):
    grid, index = view.view_frame().grid, view.scene.index
    item = session.measurements.add("probe", "axial", (grid.point(index, 5.5, 6.5),))
    menu = view._menu(item.number)
    menu.actions()[0].trigger()
    assert session.measurements.items.value == ()
    menu.close()


def test_measurements_show_on_their_own_slice_only(view, session):
    grid, index = view.view_frame().grid, view.scene.index
    session.measurements.add("probe", "axial", (grid.point(index, 5.5, 6.5),))
    assert len(view.shapes()) == 1
    view.step(1)
    assert view.shapes() == []


def test_figures_do_not_change_in_a_slab(view, session):
    from viewer.state.session import Projection, Slab

    grid, index = view.view_frame().grid, view.scene.index
    session.measurements.add("probe", "axial", (grid.point(index, 5.5, 6.5),))
    before = view.shapes()[0].lines
    session.slab.value = Slab(Projection.MIP, 20.0)
    assert view.shapes()[0].lines == before


def test_the_second_view_draws_no_measurement(qtbot, session):
    beside = SliceView(session, "axial", name="beside")
    qtbot.addWidget(beside)
    beside.resize(400, 400)
    session.tool.value = Tool.LENGTH
    window = beside.scene.window.value
    drag(beside, LEFT, at(beside, 5.5, 6.5), at(beside, 20, 15))
    assert session.measurements.items.value == () and beside.scene.window.value != window
    assert session.window.value.width == 1500


def test_the_lens_is_there_while_the_button_is_down(view, session):
    session.tool.value = Tool.MAGNIFIER
    plain = view.grab().toImage()
    view.pressed(LEFT, 200, 200, NONE)
    assert view.lens == (200, 200)
    assert view.grab().toImage() != plain
    view.released(LEFT, 200, 200)
    assert view.lens is None


def test_an_empty_view_takes_every_gesture(qtbot):
    from viewer.state.session import Session

    view = SliceView(Session(), "axial", name="axial")
    qtbot.addWidget(view)
    view.resize(300, 300)
    for button in (LEFT, MIDDLE, RIGHT):
        drag(view, button, (10, 10), (40, 40))
    wheel(view, -1)
    wheel(view, 1, Qt.KeyboardModifier.ControlModifier)
    assert not view.grab().isNull() and not view.picture().isNull()


def test_a_closed_view_hears_no_more(qtbot, session):
    from PySide6.QtCore import QCoreApplication

    view = SliceView(session, "axial", name="axial")
    before = len(session.crosshair.changed._listeners)
    view.deleteLater()
    QCoreApplication.sendPostedEvents(view, QEvent.Type.DeferredDelete)
    assert len(session.crosshair.changed._listeners) == before - 1
    session.inverted.value = True


def test_what_is_repainted_after_scrolling_equals_a_whole_repaint(qtbot, view, session):
    def on_screen():
        qtbot.wait(60)
        return view.screen().grabWindow(view.winId()).toImage()

    session.measurements.toggle_key_image("axial", session.crosshair.value, 2.0)
    first = on_screen()
    assert first == view.grab().toImage()
    for change in (lambda: wheel(view, -1), lambda: wheel(view, 1), lambda: session.look_at((-5.0, -12.0, 41.0))):
        change()
        shown = on_screen()
        assert shown != first and shown == view.grab().toImage()
        first = shown


def test_view_names_its_plane_only_where_the_orientation_is_known(view, session):
    assert view.accessibleName() == "axial view"
    session.loaded.value = loaded(asymmetric(orientation_known=False))
    assert view.accessibleName() == "image view"
    session.loaded.value = loaded(asymmetric())
    assert view.accessibleName() == "axial view"


@pytest.mark.parametrize(("slices", "shown"), [(1, False), (2, True)])
def test_a_single_picture_has_no_crosshair(qtbot, slices, shown):
    widget = SliceView(session_on(asymmetric((slices, 30, 40))), "axial", name="axial")
    qtbot.addWidget(widget)
    assert widget._crosshair_shown() is shown


def test_measurements_of_a_limited_series_carry_its_mark(view, session):
    session.measurements.add("length", "axial", (view.scene.grid.point(4, 5, 5), view.scene.grid.point(4, 20, 5)))
    session.look_at(view.scene.grid.point(4, 5, 5))
    assert [shape.verdict for shape in view.shapes()] == [Colour.GREEN]
    session.verdict.value = AMBER
    assert [shape.verdict for shape in view.shapes()] == [Colour.AMBER]
