"""A slice view's content follows the session."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.io.study import FirstImage, WindowLevel
from inference.volume import VolumeGeometry
from tests.helpers.slices import asymmetric, loaded, session_on
from viewer.rendering.camera import Camera
from viewer.rendering.lesion_mask import LesionMask
from viewer.rendering.lut import rgb_table
from viewer.rendering.slice_scene import Change, SliceScene
from viewer.state.layers import HEATMAP
from viewer.state.session import Masks, Projection, Session, Slab, ViewTransform


def listen(scene):
    heard = []
    scene.changed.connect(heard.append)
    return heard


def test_the_image_is_the_crosshairs_slice_through_the_window():
    session = session_on(asymmetric())
    scene = SliceScene(session, "coronal", "coronal")
    session.look_at(session.loaded.value.volume.geometry.to_patient((2, 4, 5)))
    expected = rgb_table(session.window.value, False, -1500)[asymmetric().array[::-1, 4].astype(np.uint16)]
    np.testing.assert_array_equal(scene.picture().image, expected)


def test_nothing_is_shown_with_nothing_open():
    scene = SliceScene(Session(), "axial", "axial")
    assert scene.picture() is None and scene.frame(100, 100) is None
    scene.step(1)
    assert scene.index == 0


def test_scrolling_goes_down_the_numbers_and_stops_at_the_ends():
    session = session_on(asymmetric())
    scene = SliceScene(session, "axial", "axial")
    start = scene.index
    scene.step(1)
    assert scene.index == start - 1
    scene.step(99)
    assert scene.index == 0
    scene.go_to_end(False)
    assert scene.index == 4


def test_axial_scrolling_only_moves_lines_in_the_other_planes():
    session = session_on(asymmetric())
    axial, coronal = SliceScene(session, "axial", "axial"), SliceScene(session, "coronal", "coronal")
    heard_axial, heard_coronal = listen(axial), listen(coronal)
    axial.step(1)
    assert heard_axial == [Change.SLICE] and heard_coronal == [Change.LINES]


def test_the_picture_is_kept_until_something_changes():
    session = session_on(asymmetric(), np.ones((5, 6, 8), np.uint8))
    scene = SliceScene(session, "axial", "axial")
    first = scene.picture()
    first.image[0, 0] = 0x12345678
    assert scene.picture().image[0, 0] == 0x12345678
    session.window.value = WindowLevel(400, 40)
    assert scene.picture().image[0, 0] != 0x12345678


@pytest.mark.parametrize(
    "change",
    [
        lambda s: setattr(s.inverted, "value", True),
        lambda s: setattr(s.slab, "value", Slab(Projection.MIP, 12.0)),
        lambda s: s.layers.change("lungs", opacity=0.9),
        lambda s: s.layers.change("lungs", outline=True),
        lambda s: setattr(s.layers.all_hidden, "value", True),
        lambda s: setattr(s.transforms["axial"], "value", ViewTransform(quarter_turns=1)),
        lambda s: s.show_masks(None, np.ones((5, 6, 8), np.uint8)),
    ],
)
def test_every_change_of_look_changes_the_picture(change):
    session = session_on(asymmetric(), np.ones((5, 6, 8), np.uint8))
    session.window.value = WindowLevel(400, 240)
    scene = SliceScene(session, "axial", "axial")

    def pixels():
        picture = scene.picture()
        return picture.image.copy(), None if picture.overlay is None else picture.overlay.copy()

    before, heard = pixels(), listen(scene)
    change(session)
    after = pixels()
    assert Change.ALL in heard
    same = [(a is None and b is None) or (a is not None and b is not None and np.array_equal(a, b))
            for a, b in zip(before, after, strict=True)]  # fmt: skip
    assert not all(same)


def test_masks_changed_in_place_are_drawn_anew():
    lungs = np.zeros((5, 6, 8), np.uint8)
    session = session_on(asymmetric(), lungs)
    scene = SliceScene(session, "axial", "axial")
    assert scene.picture().overlay is None
    lungs[scene.index, 2, 3] = 1
    session.show_masks(lungs, None)
    assert np.argwhere(scene.picture().overlay).tolist() == [[2, 3]]


def test_monochrome1_shows_low_values_white():
    session = session_on(asymmetric(), monochrome1=True)
    session.window.value = WindowLevel(400, 240)
    picture = SliceScene(session, "axial", "axial").picture().image
    assert picture[0, 0] > picture[-1, -1]
    session.inverted.value = True
    picture = SliceScene(session, "axial", "axial").picture().image
    assert picture[0, 0] < picture[-1, -1]


def test_the_first_image_is_shown_before_the_volume_is_there():
    volume, session = asymmetric(), Session()
    scene, coronal = SliceScene(session, "axial", "axial"), SliceScene(session, "coronal", "coronal")
    session.first_image.value = FirstImage(1, volume.array[1], volume.geometry, loaded(volume).info)
    expected = rgb_table(session.window.value, False, -1500)[volume.array[1].astype(np.uint16)]
    np.testing.assert_array_equal(scene.picture().image, expected)
    assert coronal.picture() is None and not scene.whole
    scene.camera.value = Camera(3.0)
    session.loaded.value = loaded(volume)
    assert scene.whole and coronal.picture() is not None
    assert scene.camera.value.zoom == 3.0  # the same extent: the reader's zoom stays


def test_another_series_starts_with_the_whole_slice():
    session = session_on(asymmetric())
    scene = SliceScene(session, "axial", "axial")
    scene.camera.value = Camera(3.0)
    session.loaded.value = loaded(asymmetric((5, 7, 9)))
    assert scene.camera.value == Camera()


def test_closing_the_series_lets_go_of_its_voxels():
    session = session_on(asymmetric())
    scene = SliceScene(session, "axial", "axial")
    session.loaded.value = None
    assert scene.source is None and scene.picture() is None


def test_a_closed_scene_hears_no_more():
    session = session_on(asymmetric())
    scene = SliceScene(session, "axial", "axial")
    heard = listen(scene)
    scene.close()
    session.inverted.value = True
    assert heard == [] and scene.picture() is None


def test_turning_keeps_the_middle_of_the_view():
    session = session_on(asymmetric((9, 40, 50)))
    scene = SliceScene(session, "axial", "axial")
    frame = scene.frame(400, 300)
    scene.camera.value = frame.zoomed(scene.camera.value, 4, 100, 80)
    frame = scene.frame(400, 300)
    middle = frame.grid.point(scene.index, *frame.to_slice(200, 150))
    session.transforms["axial"].value = ViewTransform(flip_vertical=True, quarter_turns=1)
    frame = scene.frame(400, 300)
    assert frame.grid.point(scene.index, *frame.to_slice(200, 150)) == pytest.approx(middle)


def test_the_second_view_has_its_own_window_and_no_overlays():
    session = session_on(asymmetric(), np.ones((5, 6, 8), np.uint8))
    scene = SliceScene(session, "axial", "beside")
    assert scene.window.value.name == "mediastinum" and scene.picture().overlay is None
    session.window.value = WindowLevel(2000, 350)
    assert scene.window.value.name == "mediastinum"


def test_the_second_series_follows_by_patient_position():
    session = session_on(asymmetric((20, 6, 8), (1.0, 2.0, 1.0)))
    thick = asymmetric((5, 6, 8), (4.0, 2.0, 1.0))
    session.beside.value = loaded(thick)
    scene = SliceScene(session, "axial", "beside")
    session.look_at((0.0, 0.0, 38.4))
    assert scene.linked and scene.index == 2
    scene.step(-1)
    assert session.crosshair.value[2] == pytest.approx(42.0)


def test_a_second_series_of_another_frame_of_reference_is_never_linked():
    session = session_on(asymmetric())
    other = asymmetric(frame_of_reference_uid="9.9.9")
    session.beside.value = loaded(other)
    scene = SliceScene(session, "axial", "beside")
    assert not scene.linked
    before, index = session.crosshair.value, scene.index
    scene.step(1)
    assert session.crosshair.value == before and scene.index == index - 1
    session.look_at_slice(4)
    assert scene.index == index - 1


def test_series_without_a_frame_of_reference_are_not_linked():
    session = session_on(asymmetric(frame_of_reference_uid=""))
    session.beside.value = loaded(asymmetric(frame_of_reference_uid=""))
    assert not SliceScene(session, "axial", "beside").linked


def test_the_pointed_at_lesion_is_outlined_where_it_lies():
    volume = asymmetric((5, 6, 8))
    session = session_on(volume)
    scene = SliceScene(session, "axial", "axial")
    voxels = np.ones((2, 3, 4), bool)
    scene.show_lesion(LesionMask(((2, 4), (1, 4), (3, 7)), voxels))
    session.look_at_slice(3)
    drawn = scene.picture().overlay != 0
    expected = np.zeros((6, 8), bool)
    expected[1:4, 3:7] = True
    expected[2, 4:6] = False
    np.testing.assert_array_equal(drawn, expected)
    session.look_at_slice(1)
    assert scene.picture().overlay is None


def test_the_heat_map_is_shown_once_it_is_there_and_wanted():
    session = session_on(asymmetric())
    scene = SliceScene(session, "axial", "axial")
    heat = np.zeros((5, 6, 8), np.float32)
    heat[scene.index, 4, 6] = 0.9
    session.masks.value = Masks(None, None, heat, 1)
    assert not scene.heat_shown() and scene.picture().overlay is None
    session.layers.change(HEATMAP, visible=True)
    assert scene.heat_shown() and np.argwhere(scene.picture().overlay).tolist() == [[4, 6]]


def test_key_images_are_marked_on_their_slice_and_plane():
    session = session_on(asymmetric())
    axial, coronal = SliceScene(session, "axial", "axial"), SliceScene(session, "coronal", "coronal")
    session.measurements.toggle_key_image("axial", session.crosshair.value, 2.0)
    assert axial.is_key_image() and not coronal.is_key_image()
    axial.step(1)
    assert not axial.is_key_image()


def test_a_single_slice_shows_in_its_own_plane_only():
    geometry = VolumeGeometry((1, 6, 8), np.eye(4), orientation_known=False)
    volume = replace(asymmetric(), array=np.zeros((1, 6, 8), np.int16), geometry=geometry)
    session = session_on(volume)
    assert SliceScene(session, "axial", "axial").picture() is not None
    assert SliceScene(session, "coronal", "coronal").picture() is None
