"""The 3D picture: sides, cameras, picking. Rendered off-screen by VTK itself."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow

from inference.volume import VolumeGeometry
from tests.helpers.phantoms import Chest, chest
from viewer.rendering.lesion_mask import LesionMask
from viewer.rendering.meshing import surfaces
from viewer.rendering.volume_scene import VolumeScene, frame, orientation_cube

_WANTED = (("right_lung", "lungs", 1), ("left_lung", "lungs", 2), ("ground_glass", "lesions", 1),
           ("consolidation", "lesions", 2))  # fmt: skip
_GRIDS: dict[str, dict[str, object]] = {
    "HFS": {"position": "HFS"}, "HFP": {"position": "HFP"}, "FFS": {"position": "FFS"}, "FFP": {"position": "FFP"},
    "oblique": {"oblique_deg": (8.0, -6.0, 12.0)}, "NIfTI RAS": {"code": "RAS"}, "LPS": {"code": "LPS"},
}  # fmt: skip


class _Stage:
    def __init__(self, case: Chest) -> None:
        self.scene = VolumeScene()
        self.window = vtkRenderWindow()
        self.window.SetOffScreenRendering(True)
        self.window.SetSize(320, 280)
        self.window.AddRenderer(self.scene.renderer)
        self.scene.show(surfaces(case.lungs, case.lesions, case.volume.geometry, _WANTED))

    def picture(self) -> NDArray[np.int16]:
        self.window.Render()
        return frame(self.window).astype(np.int16)

    def red(self) -> NDArray[np.bool_]:
        picture = self.picture()
        return (picture[..., 0] - picture[..., 1] > 60) & (picture[..., 0] - picture[..., 2] > 60)


@pytest.mark.parametrize("grid", _GRIDS)
def test_right_sided_disease_is_on_the_left_of_the_picture_from_the_front(grid: str) -> None:
    stage = _Stage(chest(disease="right", noise_hu=0, **_GRIDS[grid]))  # type: ignore[arg-type]
    columns = np.nonzero(stage.red())[1]
    assert len(columns) > 50
    assert columns.max() < 170
    stage.scene.look_from("P")
    assert np.nonzero(stage.red())[1].min() > 150


@pytest.mark.parametrize("grid", _GRIDS)
def test_a_pick_on_the_disease_is_a_point_in_the_right_lung(grid: str) -> None:
    case = chest(disease="right", noise_hu=0, **_GRIDS[grid])  # type: ignore[arg-type]
    stage = _Stage(case)
    rows, columns = np.nonzero(stage.red())
    middle = len(rows) // 2
    point = stage.scene.pick(int(columns[middle]), 279 - int(rows[middle]))
    assert point is not None
    k, j, i = np.rint(case.volume.geometry.to_index(point)).astype(int)
    near = case.lesions[k - 2 : k + 3, j - 2 : j + 3, i - 2 : i + 3]
    assert near.any()
    lungs = case.lungs[k - 2 : k + 3, j - 2 : j + 3, i - 2 : i + 3]
    assert (lungs == 1).any() and not (lungs == 2).any()


def test_a_pick_beside_every_lesion_is_nothing() -> None:
    assert _Stage(chest(disease="right", noise_hu=0)).scene.pick(2, 2) is None


def test_hidden_disease_is_neither_drawn_nor_picked() -> None:
    stage = _Stage(chest(disease="right", noise_hu=0))
    rows, columns = np.nonzero(stage.red())
    for key in ("ground_glass", "consolidation"):
        stage.scene.set_visible(key, False)
    assert not stage.red().any()
    assert stage.scene.pick(int(columns[0]), 279 - int(rows[0])) is None


def test_classes_have_their_own_colours_when_asked() -> None:
    stage = _Stage(chest(disease="right", noise_hu=0))
    before = stage.red().sum()
    stage.scene.set_colouring("classes")
    assert stage.red().sum() < before


def test_a_coronal_cut_takes_the_front_away() -> None:
    case = chest(disease="both", noise_hu=0)
    stage = _Stage(case)
    whole = stage.picture()
    stage.scene.set_cut("coronal", case.volume.geometry.centre)
    assert (stage.picture() != whole).any()
    stage.scene.set_cut("none")
    assert (stage.picture() == whole).all()


def test_from_above_the_front_is_up() -> None:
    case = chest(disease="right", noise_hu=0)
    stage = _Stage(case)
    stage.scene.look_from("S")
    camera = stage.scene.renderer.GetActiveCamera()
    assert np.allclose(camera.GetViewUp(), (0, -1, 0))
    assert camera.GetPosition()[2] > camera.GetFocalPoint()[2]


@pytest.mark.parametrize("direction", ["P", "L", "R"])
def test_the_letters_of_the_cube_stand_upright(direction: str) -> None:
    scene, window = VolumeScene(), vtkRenderWindow()
    scene.look_from(direction)
    renderer = vtkRenderer()
    renderer.AddActor(orientation_cube())
    renderer.SetActiveCamera(scene.renderer.GetActiveCamera())
    renderer.ResetCamera()
    window.SetOffScreenRendering(True)
    window.SetSize(200, 200)
    window.AddRenderer(renderer)
    window.Render()
    rows, columns = np.nonzero(frame(window)[..., 1] > 180)
    assert len(rows) > 100
    middle = (rows.min() + rows.max()) / 2
    assert (rows.max() - rows.min()) > np.ptp(columns), "a letter is taller than it is wide"
    heavier_below = np.count_nonzero(rows > middle) > np.count_nonzero(rows < middle)
    assert heavier_below == (direction == "L"), "L stands on its bar, P and R carry their bow above"


@pytest.mark.parametrize("grid", ["HFS", "FFP", "oblique", "NIfTI RAS"])
def test_a_box_stands_round_the_lesion_that_is_pointed_at(grid: str) -> None:
    case = chest(disease="right", noise_hu=0, **_GRIDS[grid])  # type: ignore[arg-type]
    stage = _Stage(case)
    before, red = stage.picture(), stage.red()
    where = np.argwhere(case.lesions > 0)
    (k, j, i), (k2, j2, i2) = where.min(axis=0), where.max(axis=0) + 1
    inside = case.lesions[k:k2, j:j2, i:i2] > 0
    stage.scene.set_outline(LesionMask(((k, k2), (j, j2), (i, i2)), inside).corners(case.volume.geometry))
    changed = (stage.picture() != before).any(axis=2)
    assert changed.any()
    for drawn, disease in zip(np.nonzero(changed), np.nonzero(red), strict=True):
        assert drawn.min() <= disease.min() and drawn.max() >= disease.max(), "all round it"
        assert drawn.max() - drawn.min() < 1.6 * (disease.max() - disease.min()) + 8, "and close to it"
    stage.scene.set_outline(None)
    assert (stage.picture() == before).all()


def test_disease_at_the_pleura_looks_like_disease_deep_in_the_lung() -> None:
    lungs, lesions = np.zeros((40, 40, 80), np.uint8), np.zeros((40, 40, 80), np.uint8)
    lungs[5:35, 5:35, 5:75] = 1
    lesions[12:28, 5:15, 12:28] = 1  # reaches the front of the lung
    lesions[12:28, 18:28, 52:68] = 1
    scene, window = VolumeScene(), vtkRenderWindow()
    window.SetOffScreenRendering(True)
    window.SetSize(400, 240)
    window.AddRenderer(scene.renderer)
    scene.show(surfaces(lungs, lesions, VolumeGeometry(lungs.shape, np.diag([2.0, 2.0, 2.0, 1.0])), _WANTED))
    window.Render()
    picture = frame(window).astype(int)
    rows, columns = np.nonzero(picture[..., 0] - picture[..., 1] > 60)
    assert columns.min() < 200 < columns.max()
    both = [picture[rows[half], columns[half]].mean(axis=0) for half in (columns < 200, columns >= 200)]
    assert np.abs(both[0] - both[1]).max() < 40, "veiled by the lung alike"
