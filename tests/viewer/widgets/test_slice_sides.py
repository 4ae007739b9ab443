"""Disease in the right lung lies where the letters say, in the pixels a reader sees, however the grid is stored."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from PySide6.QtGui import QImage

from tests.helpers.phantoms import Chest, chest
from tests.helpers.slices import asymmetric, session_on
from viewer.state.session import ViewTransform
from viewer.widgets.slice_view import SliceView

SMALL = {"shape": (30, 36, 48), "spacing_mm": (10.0, 8.5, 8.0), "disease": "right", "noise_hu": 0.0}
GRIDS = {
    "HFS": {"position": "HFS"},
    "HFP": {"position": "HFP"},
    "FFS": {"position": "FFS"},
    "FFP": {"position": "FFP"},
    "oblique": {"oblique_deg": (12.0, -8.0, 20.0)},
    "NIfTI RAS": {"code": "RAS"},
    "LPS": {"code": "LPS"},
    "no code": {"code": ""},
}
PLANES = ("axial", "coronal", "sagittal")


@cache
def phantom(name: str) -> Chest:
    return chest(**SMALL, **GRIDS[name])


def rgb(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return pixels[:, : image.width(), 2::-1].astype(int)


def coloured(pixels: np.ndarray) -> np.ndarray:
    return pixels.max(axis=-1) - pixels.min(axis=-1) > 12


@pytest.fixture
def view(qtbot, request):
    name, plane = request.param
    case = phantom(name)
    session = session_on(case.volume, None, case.lesions)
    k, j, i = (int(n) for n in np.median(np.argwhere(case.lesions > 0), axis=0))
    session.look_at(tuple(case.volume.geometry.to_patient((k, j, i))))
    widget = SliceView(session, plane, name=plane)
    qtbot.addWidget(widget)
    widget.resize(620, 540)
    widget.show()
    return case, session, widget


def seen(view: SliceView, **options) -> np.ndarray:
    """One colour for each voxel of the slice: the rendered picture at the voxel's middle."""
    pixels = rgb(view.picture(measurements=False, **options))
    frame = view.view_frame()
    rows, columns = frame.grid.shape
    picked = np.empty((rows, columns, 3), int)
    for row in range(rows):
        for column in range(columns):
            x, y = frame.to_view(column + 0.5, row + 0.5)
            picked[row, column] = pixels[int(y), int(x)]
    return picked


def truth(case: Chest, view: SliceView) -> np.ndarray:
    """Which voxels of the slice on show hold disease, found through patient coordinates."""
    grid = view.view_frame().grid
    rows, columns = grid.shape
    places = [
        case.volume.geometry.to_index(grid.point(view.scene.index, column + 0.5, row + 0.5))
        for row in range(rows)
        for column in range(columns)
    ]
    k, j, i = np.rint(places).astype(int).T
    return (case.lesions[k, j, i] > 0).reshape(rows, columns)


def words_apart(view: SliceView) -> np.ndarray:
    """Voxels that no letter or corner text covers."""
    frame = view.view_frame()
    rows, columns = frame.grid.shape
    clear = np.zeros((rows, columns), bool)
    for row in range(rows):
        for column in range(columns):
            x, y = frame.to_view(column + 0.5, row + 0.5)
            clear[row, column] = 32 < x < 588 and 90 < y < 440
    return clear


@pytest.mark.parametrize("view", [(g, p) for g in GRIDS for p in PLANES], indirect=True, ids=lambda v: f"{v[0]}-{v[1]}")
def test_every_painted_voxel_is_a_voxel_of_the_mask(view):
    case, session, widget = view
    expected, clear = truth(case, widget), words_apart(widget)
    assert expected[clear].sum() > 20
    for smooth in (True, False):
        session.interpolate.value = smooth
        np.testing.assert_array_equal(coloured(seen(widget))[clear], expected[clear])
    assert not coloured(seen(widget, overlays=False))[clear].any()


@pytest.mark.parametrize("view", [(g, p) for g in GRIDS if g != "no code" for p in ("axial", "coronal")], indirect=True,
                         ids=lambda v: f"{v[0]}-{v[1]}")  # fmt: skip
def test_right_lung_disease_is_painted_on_the_side_of_the_letter_r(view):
    case, session, widget = view
    letters = widget.view_frame().grid.letters
    assert "R" in letters.left and "L" in letters.right
    disease = case.volume.geometry.to_patient(np.argwhere(case.lesions > 0))
    assert disease[:, 0].mean() < case.volume.geometry.centre[0]
    columns = np.nonzero(coloured(seen(widget)) & words_apart(widget))[1]
    middle = widget.view_frame().grid.shape[1] / 2
    assert columns.mean() < middle - 2
    session.transforms[widget.scene.plane].value = ViewTransform(flip_horizontal=True)
    assert "R" in widget.view_frame().grid.letters.right
    columns = np.nonzero(coloured(seen(widget)) & words_apart(widget))[1]
    assert columns.mean() > middle + 2


@pytest.mark.parametrize("view", [("HFP", "axial"), ("oblique", "coronal")], indirect=True, ids=str)
def test_paint_follows_every_flip_and_turn(view):
    case, session, widget = view
    for turns in range(4):
        for flip in (False, True):
            session.transforms[widget.scene.plane].value = ViewTransform(flip, turns == 2, turns)
            clear = words_apart(widget)
            np.testing.assert_array_equal(coloured(seen(widget))[clear], truth(case, widget)[clear])


@pytest.mark.parametrize("view", [("no code", "axial")], indirect=True, ids=str)
def test_no_letter_is_drawn_without_an_orientation(view):
    case, _, widget = view
    assert not case.volume.geometry.orientation_known
    letters = widget.view_frame().grid.letters
    assert (letters.left, letters.right, letters.top, letters.bottom) == ("", "", "", "")


@pytest.mark.parametrize("view", [("FFS", "axial")], indirect=True, ids=str)
def test_the_image_itself_lies_as_its_overlay(view):
    _, session, widget = view
    session.interpolate.value = False
    grid = widget.view_frame().grid
    grey = seen(widget, overlays=False).mean(axis=-1)
    source = widget.scene.source
    values = source.image(grid, widget.scene.index).astype(float)
    clear = words_apart(widget)
    low, high = values[clear] < -1200, values[clear] > 100
    assert grey[clear][high].min() > 240 and (not low.any() or grey[clear][low].max() < 40)
    order = np.corrcoef(np.clip(values[clear], -1350, 150), grey[clear])[0, 1]
    assert order > 0.999


@pytest.mark.parametrize("view", [("HFS", "axial")], indirect=True, ids=str)
def test_a_larger_picture_holds_the_same(view):
    _, _, widget = view
    small, large = rgb(widget.picture()), rgb(widget.picture(2.0))
    assert large.shape[:2] == (small.shape[0] * 2, small.shape[1] * 2)
    share = coloured(small).mean()
    assert abs(coloured(large).mean() - share) < 0.15 * share


@pytest.mark.parametrize("view", [("HFS", "axial")], indirect=True, ids=str)
def test_pictures_hold_no_identity_unless_asked(view):
    _, session, widget = view
    corner = (slice(0, 24), slice(0, 260))
    named = rgb(widget.picture(identity=True))[corner]
    plain = rgb(widget.picture())[corner]
    assert not np.array_equal(named, plain)
    session.identity_hidden.value = True
    assert np.array_equal(rgb(widget.picture())[corner], plain)


def test_labels_are_never_interpolated(qtbot):
    volume = asymmetric((5, 20, 24), (4.0, 1.0, 1.0))
    volume.array[:] = -600
    lesions = np.zeros(volume.array.shape, np.uint8)
    lesions[2, 9, 13] = 2
    session = session_on(volume, None, lesions)
    session.interpolate.value = True
    widget = SliceView(session, "axial", name="axial")
    qtbot.addWidget(widget)
    widget.resize(480, 400)
    widget.show()
    pixels = rgb(widget.picture())
    left, top = widget.view_frame().to_view(13, 9)
    right, bottom = widget.view_frame().to_view(14, 10)
    inside = pixels[round(top) : round(bottom), round(left) : round(right)].reshape(-1, 3)
    assert len(np.unique(inside, axis=0)) == 1 and coloured(inside).all()
    rows, columns = np.nonzero(coloured(pixels)[100:300, 100:380])
    assert (rows.min() + 100, rows.max() + 101) == (round(top), round(bottom))
    assert (columns.min() + 100, columns.max() + 101) == (round(left), round(right))
