"""Moving and displaying, as the keys do it."""

from dataclasses import replace

import numpy as np
import pytest

from inference.io.study import FirstImage, WindowLevel
from inference.volume import Units, Volume
from tests.helpers.slices import asymmetric, loaded, session_on
from viewer.operations import looking
from viewer.operations.windowing import GREY, WindowForUnits
from viewer.state.session import Projection, Session, Slab, Tool, ViewTransform
from viewer.state.window_level import preset


def index(session):
    return [round(float(n)) for n in session.loaded.value.volume.geometry.to_index(session.crosshair.value)]


@pytest.mark.parametrize(
    ("view", "axis", "step"),
    [("axial", 0, -1), ("coronal", 1, 1), ("sagittal", 2, 1), ("3d", 0, -1), ("beside", 0, -1)],
)
def test_down_goes_to_the_feet_the_back_or_the_left_of_the_active_view(view, axis, step):
    session = session_on(asymmetric())
    session.active_view.value = view
    before = index(session)
    looking.step_slice(session, 1)
    change = [after - b for after, b in zip(index(session), before, strict=True)]
    assert change == [step if n == axis else 0 for n in range(3)]


def test_home_is_the_head_and_end_the_feet_and_ten_stops_there():
    session = session_on(asymmetric())
    looking.go_to_end(session, last=False)
    assert index(session)[0] == 4
    looking.step_slice(session, -10)
    assert index(session)[0] == 4
    looking.go_to_end(session, last=True)
    assert index(session)[0] == 0
    looking.step_slice(session, 10)
    assert index(session)[0] == 0


def test_keys_do_nothing_without_a_series():
    session = Session()
    looking.step_slice(session, 1)
    looking.go_to_end(session, last=True)
    assert session.crosshair.value == (0.0, 0.0, 0.0)


def test_digit_sets_its_window():
    session = Session()
    looking.set_window_preset(session, "2")
    assert (session.window.value.width, session.window.value.level) == (400, 40)


def test_zero_cycles_the_windows_of_the_file():
    own = (WindowLevel(1200, -600, "LUNG"), WindowLevel(350, 50, "SOFT"))
    session = Session()
    session.selected.value = loaded(asymmetric(), windows=own).info
    seen = []
    for _ in range(3):
        looking.cycle_file_windows(session)
        seen.append(session.window.value)
    assert seen == [own[0], own[1], own[0]]


def test_file_without_windows_is_told_and_the_window_stays():
    session, told = Session(), []
    session.notice.connect(told.append)
    session.selected.value = loaded(asymmetric()).info
    before = session.window.value
    looking.cycle_file_windows(session)
    assert session.window.value == before and "no window" in told[0].text


def test_escape_goes_back_one_state_at_a_time_and_never_closes_the_series():
    session = session_on(asymmetric())
    session.cine.value, session.tool.value, session.maximised.value = True, Tool.ANGLE, "coronal"
    assert looking.step_back(session) and not session.cine.value and session.tool.value is Tool.ANGLE
    assert looking.step_back(session) and session.tool.value is Tool.WINDOW and session.maximised.value == "coronal"
    assert looking.step_back(session) and session.maximised.value is None
    assert not looking.step_back(session)
    assert session.loaded.value is not None


def test_reset_undoes_what_was_done_to_the_picture_and_keeps_the_place():
    session = session_on(asymmetric())
    place = session.crosshair.value
    looking.flip(session, "horizontal")
    looking.rotate(session, 1)
    looking.set_projection(session, Projection.MINIP)
    session.inverted.value = True
    session.window.value = preset("bone")
    looking.reset(session)
    assert session.transforms["axial"].value == ViewTransform()
    assert session.slab.value.projection is Projection.NONE
    assert not session.inverted.value and session.window.value == preset("lung") and session.crosshair.value == place


def test_flip_and_rotation_act_on_the_active_view_alone():
    session = session_on(asymmetric())
    session.active_view.value = "sagittal"
    looking.flip(session, "vertical")
    looking.rotate(session, -1)
    assert session.transforms["sagittal"].value != ViewTransform()
    assert session.transforms["axial"].value == session.transforms["coronal"].value == ViewTransform()


def test_choosing_a_thickness_shows_a_slab_of_it():
    session = Session()
    looking.set_slab_thickness(session, 25.0)
    assert session.slab.value == Slab(Projection.MIP, 25.0)
    looking.set_projection(session, Projection.MEAN)
    looking.set_slab_thickness(session, 5.0)
    assert session.slab.value == Slab(Projection.MEAN, 5.0)


def test_enter_fills_the_layout_with_the_active_view_and_goes_back():
    session = Session()
    session.active_view.value = "sagittal"
    looking.toggle_maximised(session)
    assert session.maximised.value == "sagittal"
    looking.toggle_maximised(session)
    assert session.maximised.value is None


def grey(units=Units.GREY8, kind="image"):
    volume = asymmetric((1, 6, 8))
    return loaded(Volume(np.arange(48, dtype=np.int16).reshape(1, 6, 8) * 100, volume.geometry, units), kind=kind)


def test_grey_picture_is_shown_in_full_and_the_window_of_the_ct_comes_back():
    session = Session()
    keeper = WindowForUnits(session)
    session.window.value = preset("mediastinum")
    session.loaded.value = grey()
    assert session.window.value == GREY
    session.window.value = WindowLevel(90, 100)
    session.loaded.value = session_on(asymmetric()).loaded.value
    assert session.window.value == preset("mediastinum") == keeper.hounsfield


def test_grey_picture_has_its_window_from_the_first_image_on():
    session = Session()
    WindowForUnits(session)
    series = grey()
    session.first_image.value = FirstImage(0, series.volume.array[0], series.volume.geometry, series.info)
    assert session.window.value == GREY


def test_volume_of_unknown_units_is_shown_in_the_range_of_its_middle_slice():
    session = Session()
    WindowForUnits(session)
    session.loaded.value = grey(Units.UNKNOWN, "nifti")
    window = session.window.value
    assert 4000 < window.width < 4700 and window.level == pytest.approx(2350)


def test_reset_of_a_grey_picture_goes_to_its_full_range_and_not_to_lung():
    session = Session()
    WindowForUnits(session)
    session.loaded.value = grey()
    session.window.value = WindowLevel(10, 10)
    looking.reset(session)
    assert session.window.value == GREY


def test_own_window_of_a_grey_picture_goes_before_the_full_range():
    session = Session()
    WindowForUnits(session)
    own = WindowLevel(3000, 1700)
    series = grey()
    session.loaded.value = replace(series, info=replace(series.info, windows=(own,)))
    assert session.window.value == own
