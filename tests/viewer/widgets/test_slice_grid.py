"""Layouts, cine and the scout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from inference.findings import Findings
from inference.io.study import FirstImage
from tests.helpers.analysed import findings_of
from tests.helpers.phantoms import chest
from tests.helpers.slices import asymmetric, loaded, session_on
from viewer.state.session import Layout, Session
from viewer.widgets.cine import Cine
from viewer.widgets.scout_view import ScoutView
from viewer.widgets.slice_view import SliceView
from viewer.widgets.view_grid import ViewGrid


def grid_on(qtbot, session):
    views = {plane: SliceView(session, plane, name=plane) for plane in ("axial", "coronal", "sagittal")}
    views["beside"] = SliceView(session, "axial", name="beside")
    views["3d"] = QWidget()
    grid = ViewGrid(session, views)
    qtbot.addWidget(grid)
    grid.resize(600, 500)
    grid.show()
    return grid


@pytest.mark.parametrize(
    ("layout", "names"),
    [
        (Layout.AXIAL, {"axial"}),
        (Layout.QUAD, {"axial", "coronal", "sagittal", "3d"}),
        (Layout.LARGE_3D, {"axial", "coronal", "sagittal", "3d"}),
        (Layout.SIDE_BY_SIDE, {"axial", "beside"}),
    ],
)
def test_each_layout_shows_its_views_and_no_other(qtbot, layout, names):
    session = session_on(asymmetric())
    grid = grid_on(qtbot, session)
    session.layout.value = layout
    assert set(grid.shown()) == names
    assert {name for name in ("axial", "coronal", "sagittal", "beside", "3d") if grid.view(name).isVisible()} == names


def test_a_view_maximises_and_returns(qtbot):
    session = session_on(asymmetric())
    grid = grid_on(qtbot, session)
    session.maximised.value = "coronal"
    qtbot.waitUntil(lambda: grid.view("coronal").width() > 500)
    assert grid.shown() == ("coronal",) and session.active_view.value == "coronal"
    session.maximised.value = None
    qtbot.waitUntil(lambda: grid.view("coronal").width() < 400)
    assert len(grid.shown()) == 4


def test_large_3d_gives_the_3d_view_the_most_room(qtbot):
    session = session_on(asymmetric())
    grid = grid_on(qtbot, session)
    session.layout.value = Layout.LARGE_3D
    qtbot.waitUntil(lambda: grid.view("3d").height() > 450)
    assert grid.view("3d").width() > 1.7 * grid.view("axial").width()


def test_a_single_slice_is_shown_alone_in_its_own_plane(qtbot):
    from inference.volume import Volume, VolumeGeometry
    from tests.helpers.phantoms import code_affine

    session = Session()
    grid = grid_on(qtbot, session)
    geometry = VolumeGeometry((1, 6, 8), code_affine("LIP", (1.0, 1.0, 1.0)))
    session.loaded.value = loaded(Volume(np.zeros((1, 6, 8), np.int16), geometry))
    assert grid.shown() == ("coronal",) and session.active_view.value == "coronal"
    session.loaded.value = loaded(asymmetric())
    assert len(grid.shown()) == 4


def test_a_hidden_view_is_never_the_active_one(qtbot):
    session = session_on(asymmetric())
    grid = grid_on(qtbot, session)
    session.active_view.value = "sagittal"
    session.layout.value = Layout.SIDE_BY_SIDE
    assert session.active_view.value == "axial" and grid.active() is grid.view("axial")


def test_fit_takes_zoom_back_everywhere(qtbot):
    from viewer.rendering.camera import Camera

    session = session_on(asymmetric())
    grid = grid_on(qtbot, session)
    for name in ("axial", "coronal"):
        grid.view(name).scene.camera.value = Camera(2.0)
    grid.fit()
    assert all(grid.view(name).scene.camera.value == Camera() for name in ("axial", "coronal"))


def test_cine_goes_round(qtbot):
    session = session_on(asymmetric((3, 6, 8)))
    parent = QWidget()
    qtbot.addWidget(parent)
    cine = Cine(session, parent)
    geometry = session.loaded.value.volume.geometry
    seen = []
    for _ in range(4):
        cine.advance()
        seen.append(round(float(geometry.to_index(session.crosshair.value)[0])))
    assert seen == [0, 2, 1, 0]


def test_cine_runs_only_while_it_is_on(qtbot):
    session = session_on(asymmetric((9, 6, 8)))
    parent = QWidget()
    qtbot.addWidget(parent)
    Cine(session, parent)
    start = session.crosshair.value
    qtbot.wait(150)
    assert session.crosshair.value == start
    session.cine.value = True
    qtbot.waitUntil(lambda: session.crosshair.value != start, timeout=2000)
    session.cine.value = False
    stopped = session.crosshair.value
    qtbot.wait(150)
    assert session.crosshair.value == stopped


def test_the_scout_goes_where_it_is_clicked(qtbot):
    session = session_on(asymmetric((20, 6, 8)))
    scout = ScoutView(session)
    qtbot.addWidget(scout)
    scout.resize(200, 200)
    scout.show()
    before = scout.grab().toImage()
    place = scout.rect().center()
    place.setY(8)
    qtbot.mousePress(scout, Qt.MouseButton.LeftButton, pos=place)
    k = session.loaded.value.volume.geometry.to_index(session.crosshair.value)[0]
    assert k >= 18 and scout.grab().toImage() != before


def test_a_localizer_of_another_frame_of_reference_is_left_out(qtbot):
    session = session_on(asymmetric((20, 6, 8)))
    scout = ScoutView(session)
    qtbot.addWidget(scout)
    made = scout._scout
    other = asymmetric((1, 6, 8), frame_of_reference_uid="9.9")
    scout.show_localizer(loaded(other))
    assert scout._scout is made
    scout.show_localizer(loaded(asymmetric((1, 6, 8))))
    assert scout._scout is not made


def test_a_pointed_at_lesion_is_outlined_in_every_view(qtbot):
    case = chest(shape=(24, 40, 52), spacing_mm=(12.0, 7.5, 7.0), disease="both")
    findings: Findings = findings_of(case)
    session = session_on(case.volume, case.lungs, case.lesions)
    session.findings.value = findings
    lesion = max(findings.lesions, key=lambda one: one.voxels)
    session.layers.all_hidden.value = True
    session.look_at(lesion.centre_lps_mm)
    session.look_at_slice(lesion.peak_slice)
    grid = grid_on(qtbot, session)
    axial = grid.view("axial").scene
    assert axial.picture().overlay is None
    session.hovered_lesion.value = lesion.number
    qtbot.waitUntil(lambda: axial.picture().overlay is not None, timeout=3000)
    for name in ("axial", "coronal", "sagittal"):
        scene = grid.view(name).scene
        drawn = scene.picture().overlay
        assert name != "axial" or drawn is not None
        if drawn is not None:
            mask = scene.source.slice_of(scene.grid, scene.index, case.lesions)
            assert np.all(mask[drawn != 0] > 0)
    session.hovered_lesion.value = None
    qtbot.waitUntil(lambda: axial.picture().overlay is None, timeout=3000)


def test_the_first_image_is_alone_only_for_single_slices(qtbot):
    session = Session()
    grid = grid_on(qtbot, session)
    volume = asymmetric()
    session.first_image.value = FirstImage(2, volume.array[2], volume.geometry, loaded(volume).info)
    assert len(grid.shown()) == 4
    one = replace(volume, array=volume.array[:1], geometry=asymmetric((1, 6, 8)).geometry)
    session.first_image.value = FirstImage(0, one.array[0], one.geometry, loaded(one).info)
    assert grid.shown() == ("axial",)
