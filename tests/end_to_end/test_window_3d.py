"""The 3D view of the real window, on a real or virtual screen: exported as VTK drew it, clicked, and quiet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton, QWidget

from inference.labels import Lung
from tests.helpers import mirror
from tests.helpers.window import Window, opened
from viewer.state.session import Layout
from viewer.widgets.picture_sheet import Choices

pytestmark = pytest.mark.usefixtures("on_screen")


@pytest.fixture
def on_screen(qapp: object) -> None:
    if QGuiApplication.platformName() in ("offscreen", "minimal"):
        pytest.skip("there is no screen: VTK draws into windows of X, Windows or macOS")


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Window]:
    with opened(tmp_path) as made:
        made.session.layout.value = Layout.QUAD
        yield made


def analysed(window: Window, name: str, folder: Path) -> None:
    """The patient with disease in the right lung, by the real densitometry, its surfaces drawn."""
    window.open_study(mirror.write(mirror.laid(name), name, folder / "study"))
    window.analyse()
    window.until(lambda: window.session.findings.value is not None)
    window.until(lambda: window.window.centre.volume.surfaces)
    window.wait(0.5)


def rgb(image: QImage) -> NDArray[np.uint8]:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def tops(sheet: NDArray[np.uint8], part: NDArray[np.uint8], left: int) -> list[int]:
    """The rows at which ``part`` stands in ``sheet``, pixel by pixel, from column ``left`` on."""
    rows, columns, _ = part.shape
    return [
        top
        for top in range(len(sheet) - rows + 1)
        if np.array_equal(sheet[top : top + rows, left : left + columns], part)
    ]


def red(frame: NDArray[np.uint8]) -> NDArray[np.bool_]:
    colour = frame.astype(int)
    return np.asarray((colour[..., 0] - colour[..., 1] > 60) & (colour[..., 0] - colour[..., 2] > 60))


def test_exported_layout_holds_vtks_own_frame_pixel_by_pixel(window: Window, tmp_path: Path) -> None:
    analysed(window, "HFS", tmp_path)
    centre = window.window.centre
    exported, drawn = window.window.exports.picture(True, Choices(scale=1.0)), centre.volume.picture()
    assert exported is not None and drawn is not None
    sheet, frame, place = rgb(exported), rgb(drawn), centre.volume.frame_rect(centre.grid)
    assert (place.width(), place.height()) == (drawn.width(), drawn.height())
    assert red(frame).sum() > 100, "an empty scene proves nothing"
    [top] = tops(sheet, frame, place.left())
    axial = rgb(centre.slices["axial"].picture())
    [head] = tops(sheet, axial, 0)
    assert top - head == place.top(), "it stands beside its neighbours as on the screen"
    assert not tops(sheet, frame[:, ::-1], place.left()), "a mirrored frame would be noticed"


def test_exported_3d_view_alone_is_vtks_own_frame(window: Window, tmp_path: Path) -> None:
    analysed(window, "HFS", tmp_path)
    window.session.active_view.value = "3d"
    exported, drawn = window.window.exports.picture(False, Choices(scale=1.0)), window.window.centre.volume.picture()
    assert exported is not None and drawn is not None
    assert len(tops(rgb(exported), rgb(drawn), 0)) == 1


def click_on_disease(window: Window) -> None:
    """Look elsewhere, then click with the mouse on what is red, seen from the front."""
    volume = window.window.centre.volume
    drawn = volume.picture()
    assert drawn is not None
    rows, columns = np.nonzero(red(rgb(drawn)))
    assert np.median(columns) < drawn.width() / 2 - 10, "from the front the patient's right is on the left"
    nearest = int(np.argmin((rows - np.median(rows)) ** 2 + (columns - np.median(columns)) ** 2))
    loaded = window.session.loaded.value
    assert loaded is not None
    window.session.look_at(loaded.volume.geometry.centre)
    target = volume.frame_rect(volume)
    picture = volume.childAt(target.center())
    assert isinstance(picture, QWidget)
    QTest.mouseClick(picture, Qt.MouseButton.LeftButton, pos=QPoint(int(columns[nearest]), int(rows[nearest])))
    window.until(lambda: window.session.hovered_lesion.value is not None)


@pytest.mark.parametrize("name", ["FFP", "tilted"])
def test_a_click_with_the_mouse_moves_every_view_to_the_disease(name: str, window: Window, tmp_path: Path) -> None:
    analysed(window, name, tmp_path)
    click_on_disease(window)
    assert mirror.truth_at([window.session.crosshair.value])[0] == Lung.RIGHT
    for view in window.window.centre.slices.values():
        assert view.scene.grid is not None
        assert view.scene.index == view.scene.grid.nearest(window.session.crosshair.value)


def test_the_3d_view_can_be_clicked_in_a_window_of_its_own_and_back_in_the_layout(
    window: Window, tmp_path: Path
) -> None:
    analysed(window, "HFS", tmp_path)
    centre = window.window.centre
    for detached in (frozenset({"3d"}), frozenset[str]()):
        window.session.detached.value = detached
        window.until(lambda: centre.volume.isVisible())
        window.wait(0.5)
        assert (centre.volume.window() is window.window) == (not detached)
        window.session.hovered_lesion.value = None
        click_on_disease(window)
        assert mirror.truth_at([window.session.crosshair.value])[0] == Lung.RIGHT


def test_nothing_is_drawn_in_3d_while_a_slice_scrolls(window: Window, tmp_path: Path) -> None:
    analysed(window, "HFS", tmp_path)
    drawn: list[str] = []
    renderer = window.window.centre.volume._scene.renderer
    renderer.AddObserver("StartEvent", lambda *_: drawn.append("frame"))
    for _ in range(25):
        window.trigger("slice_down")
        window.wait(0.02)
    assert drawn == []
    window.until(lambda: drawn)  # once, when the crosshair rests
    window.wait(0.5)
    assert len(drawn) <= 2


def test_without_orientation_the_3d_view_names_no_direction(window: Window, tmp_path: Path) -> None:
    analysed(window, "NIfTI no code", tmp_path)
    volume = window.window.centre.volume
    buttons = {button.text(): button for button in volume.findChildren(QToolButton)}
    assert not any(buttons[letter].isVisible() for letter in "APLRSI")
    assert not volume._cube.GetEnabled()
    analysed_again = tmp_path / "again"
    analysed(window, "HFS", analysed_again)
    assert all(buttons[letter].isVisible() for letter in "APLRSI")
    assert volume._cube.GetEnabled()
