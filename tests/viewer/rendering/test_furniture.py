"""The words round a slice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.io.study import VoiTable, WindowLevel
from inference.verdict import Colour, Reason, Verdict
from inference.volume import Units
from tests.helpers.slices import asymmetric, loaded, session_on
from viewer.rendering.furniture import (
    COMPACT_BELOW,
    SPACING_FROM,
    furniture_of,
    identity_lines,
    probe_line,
    scale_bar,
    verdict_text,
)
from viewer.rendering.slice_scene import SliceScene
from viewer.rendering.slice_source import SliceSource
from viewer.state.layers import HEATMAP
from viewer.state.session import Projection, Slab, ViewTransform


def shown(session, plane="axial", name=None, size=(800, 600), hidden=False, cursor=None):
    scene = SliceScene(session, plane, name or plane)
    return furniture_of(scene, scene.frame(*size), identity_hidden=hidden, cursor=cursor)


def test_corner_tells_slice_position_window_zoom_and_spacing():
    session = session_on(asymmetric())
    session.look_at_slice(4)
    lines = shown(session).bottom_left
    assert lines[0] == "1/5   S 46 mm"
    assert lines[1] == "W 1500  L −600  lung"
    assert lines[2] == "zoom 5000 %   1.00 × 2.00 × 4.00 mm"


def test_slab_and_inversion_are_told():
    session = session_on(asymmetric())
    session.slab.value = Slab(Projection.MINIP, 8.0)
    session.inverted.value = True
    lines = shown(session).bottom_left
    assert "MinIP 8 mm  (values: middle slice)" in lines and lines[1].endswith("inverted")


def test_a_voi_lut_is_named_instead_of_a_window():
    session = session_on(asymmetric())
    table = VoiTable.of(0, 12, np.arange(300))
    session.window.value = WindowLevel(300, 150, "STANDARD", table=table)
    assert shown(session).bottom_left[1] == "VOI LUT  STANDARD"
    session.window.value = WindowLevel(300, 150, table=table)
    assert shown(session).bottom_left[1] == "VOI LUT"


def test_inversion_is_told_as_it_is_on_the_screen_also_where_the_file_asks_for_it():
    session = session_on(asymmetric(), monochrome1=True)
    assert shown(session).bottom_left[1].endswith("inverted")
    session.inverted.value = True
    assert not shown(session).bottom_left[1].endswith("inverted")


def test_a_slab_says_that_its_values_and_overlay_are_the_middle_slices():
    session = session_on(asymmetric(), np.ones((5, 6, 8), np.uint8))
    session.slab.value = Slab(Projection.MIP, 8.0)
    assert "MIP 8 mm  (values, overlay: middle slice)" in shown(session).bottom_left
    session.layers.all_hidden.value = True
    assert "MIP 8 mm  (values: middle slice)" in shown(session).bottom_left


def test_a_slab_without_spacing_is_told_in_slices_and_no_millimetres_are_made_up():
    session = session_on(asymmetric(spacing_known=False))
    for thickness, words in ((8.0, "MIP 2 slices"), (1.0, "MIP 1 slice")):
        session.slab.value = Slab(Projection.MIP, thickness)
        lines = shown(session).bottom_left
        assert f"{words}  (values: middle slice)" in lines and not any(" mm" in line for line in lines)


def test_identity_is_shown_and_can_be_hidden():
    session = session_on(asymmetric())
    assert shown(session).top_left[:2] == ("Quillfeather Ottoline   PX-4471-QQ", "1951-12-04   F")
    hidden = " ".join(shown(session, hidden=True).top_left)
    assert "Quillfeather" not in hidden and "4471" not in hidden and "1951" not in hidden
    assert "chest 2 mm" in hidden and "2020" not in hidden, "a date tells who was there that day"


def test_small_views_show_fewer_words():
    session = session_on(asymmetric())
    small = shown(session, "coronal", size=(COMPACT_BELOW - 1, 600))
    assert small.top_left == ("Coronal",) and "×" not in small.bottom_left[-1]
    assert "×" not in shown(session, size=(SPACING_FROM - 1, 600)).bottom_left[-1]
    assert "×" in shown(session, size=(SPACING_FROM, 600)).bottom_left[-1]
    axial = shown(session, "axial", size=(COMPACT_BELOW - 1, 600))
    assert axial.top_left == ("Quillfeather Ottoline   PX-4471-QQ", "Axial")
    assert shown(session, "axial", size=(COMPACT_BELOW - 1, 600), hidden=True).top_left == ("Axial",)


def test_identity_without_content_leaves_no_empty_line():
    info = replace(loaded(asymmetric()).info, identity=type(loaded(asymmetric()).info.identity)())
    assert identity_lines(info, False) == ("2020-04-12   chest 2 mm",)


def test_scale_bar_is_round_and_hidden_without_spacing():
    scene = SliceScene(session_on(asymmetric((40, 60, 80))), "axial", "axial")
    bar = scale_bar(scene.frame(800, 600))
    assert bar.text == "2 cm" and bar.pixels == pytest.approx(20 * scene.frame(800, 600).scale)
    unknown = SliceScene(session_on(asymmetric((40, 60, 80), spacing_known=False)), "axial", "axial")
    assert scale_bar(unknown.frame(800, 600)) is None


def test_probe_line_tells_value_and_patient_position():
    source = SliceSource(asymmetric())
    grid = source.grid("axial", ViewTransform())
    assert probe_line(source, grid, (-34.0, -12.0, 57.4), -843) == "−843 HU  R 34  A 12  S 57 mm"
    assert probe_line(source, grid, (0.0, 0.0, 0.0), None).startswith("outside the scan field")
    grey = SliceSource(
        replace(source.volume, units=Units.GREY8, geometry=replace(source.geometry, orientation_known=False))
    )
    assert probe_line(grey, grey.grid("axial", ViewTransform()), (0.0, 0.0, 0.0), 128) == "128 grey"


def test_the_value_under_the_cursor_is_told_only_on_the_slice():
    session = session_on(asymmetric())
    scene = SliceScene(session, "axial", "axial")
    frame = scene.frame(800, 600)
    place = frame.to_view(3.5, 1.5)
    assert shown(session, cursor=place).bottom_left[0].startswith(f"{100 * scene.index + 13} HU")
    assert not any("HU" in line for line in shown(session, cursor=(1.0, 1.0)).bottom_left)


def test_verdict_shows_the_worst_reason_and_how_many_more():
    amber = Reason("a", Colour.AMBER, "thickness 5 mm differs from spacing 2 mm.")
    red = Reason("b", Colour.RED, "slices missing inside the lung")
    assert verdict_text(Verdict((red, amber))) == (Colour.RED, "red: slices missing inside the lung  (+1)")
    assert verdict_text(Verdict((amber,)))[1] == "amber: thickness 5 mm differs from spacing 2 mm"
    assert verdict_text(Verdict())[1] == "" and verdict_text(None)[1] == ""


def test_a_missing_slice_is_named():
    session = session_on(replace(asymmetric(), missing_slices=(3,)))
    session.look_at_slice(3)
    assert shown(session).notice == "slice missing"
    session.look_at_slice(2)
    assert shown(session).notice == ""


def test_loading_is_told_at_the_foot():
    session = session_on(asymmetric())
    session.loading.value = 0.4
    assert shown(session).progress == 0.4


def test_verdict_that_may_still_turn_red_is_told_before_one_that_stays():
    lossy = Reason("lossy", Colour.AMBER, "Lossy compression has changed the values slightly")
    gap = Reason("gap", Colour.AMBER, "6 slices missing", provisional=True)
    assert verdict_text(Verdict((lossy, gap)))[1] == "amber: 6 slices missing  (+1)"
    inside = Reason("gap", Colour.RED, "6 slices missing inside the lung")
    assert verdict_text(Verdict((inside, gap)))[1].startswith("red: 6 slices missing inside")


def test_a_slice_that_the_heat_map_leaves_out_says_so_while_the_map_is_on_show():
    session = session_on(asymmetric())
    heat = np.zeros(session.loaded.value.volume.geometry.shape, np.float32)
    heat[2] = 0.5
    session.show_masks(None, None, heat)
    layer = session.layers.by_group[HEATMAP]
    layer.value = replace(layer.value, visible=True, available=True)
    said = "no heat map of this slice"
    session.look_at_slice(3)
    assert said in shown(session).bottom_left
    assert said not in shown(session, "coronal").bottom_left, "a plane across the slices has some of each"
    session.look_at_slice(2)
    assert said not in shown(session).bottom_left
    session.look_at_slice(3)
    layer.value = replace(layer.value, visible=False)
    assert said not in shown(session).bottom_left
