"""Surfaces lie where the voxels lie, whatever the orientation of the grid."""

from __future__ import annotations

import numpy as np
import pytest

from inference.errors import ExportError
from inference.volume import VolumeGeometry
from tests.helpers.phantoms import chest
from viewer.rendering.mesh_export import write_glb, write_stl
from viewer.rendering.meshing import Surface, surfaces

_WANTED = (("right_lung", "lungs", 1), ("left_lung", "lungs", 2), ("ground_glass", "lesions", 1))
_CODES = ("LPS", "RAS", "RPI", "LAI", "PSL", "SRA")


def _meshed(**options: object) -> dict[str, Surface]:
    case = chest(disease="right", noise_hu=0, **options)  # type: ignore[arg-type]
    return {s.key: s for s in surfaces(case.lungs, case.lesions, case.volume.geometry, _WANTED)}


def _centre_x(surface: Surface) -> float:
    low, high = surface.mesh.GetBounds()[:2]
    return (low + high) / 2


@pytest.mark.parametrize("code", _CODES)
def test_right_lung_and_its_disease_lie_at_the_patients_right_in_every_orientation(code: str) -> None:
    made = _meshed(code=code)
    assert _centre_x(made["right_lung"]) < _centre_x(made["left_lung"])
    _, high = made["ground_glass"].mesh.GetBounds()[:2]
    assert high < made["left_lung"].mesh.GetBounds()[0] or _centre_x(made["ground_glass"]) < 0


@pytest.mark.parametrize("code", _CODES[1:])
def test_a_reoriented_grid_gives_the_same_surface(code: str) -> None:
    reference, other = _meshed(code="LPS"), _meshed(code=code)
    for key, surface in reference.items():
        difference = np.subtract(surface.mesh.GetBounds(), other[key].mesh.GetBounds())
        shift = difference[::2]  # the grids start at different corners: the same surface, moved as a whole
        assert np.allclose(difference[1::2], shift, atol=0.6)


def test_bounds_of_a_box_are_its_own_within_a_voxel() -> None:
    lungs = np.zeros((30, 40, 50), np.uint8)
    lungs[5:20, 10:30, 30:45] = 1
    affine = np.diag([2.0, 1.5, 3.0, 1.0])
    affine[:3, 3] = (-40.0, 12.0, 100.0)
    (surface,) = surfaces(lungs, np.zeros_like(lungs), VolumeGeometry(lungs.shape, affine), _WANTED)
    expected = (-40 + 29.5 * 2, -40 + 44.5 * 2, 12 + 9.5 * 1.5, 12 + 29.5 * 1.5, 100 + 4.5 * 3, 100 + 19.5 * 3)
    assert np.allclose(surface.mesh.GetBounds(), expected, atol=3.0)


def test_a_label_that_does_not_occur_makes_no_surface() -> None:
    empty = np.zeros((8, 8, 8), np.uint8)
    assert surfaces(empty, empty, VolumeGeometry(empty.shape, np.eye(4)), _WANTED) == ()


def test_meshing_stops_when_the_check_raises() -> None:
    def stop(fraction: float) -> None:
        raise InterruptedError

    empty = np.ones((8, 8, 8), np.uint8)
    with pytest.raises(InterruptedError):
        surfaces(empty, empty, VolumeGeometry(empty.shape, np.eye(4)), _WANTED, stop)


def test_stl_keeps_patient_millimetres(tmp_path) -> None:
    from vtkmodules.vtkIOGeometry import vtkSTLReader

    made = _meshed(code="LPS")
    paths = write_stl(tuple(made.values()), tmp_path)
    assert sorted(path.name for path in paths) == sorted(path.name for path in tmp_path.iterdir())
    reader = vtkSTLReader()
    reader.SetFileName(str(tmp_path / "right_lung.stl"))
    reader.Update()
    assert np.allclose(reader.GetOutput().GetBounds(), made["right_lung"].mesh.GetBounds(), atol=1e-3)


def test_glb_is_in_metres_with_the_head_up(tmp_path) -> None:
    import json
    import struct

    made = _meshed(code="LPS")
    data = write_glb(tuple(made.values()), tmp_path / "lungs.glb").read_bytes()
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    (size,) = struct.unpack_from("<I", data, 12)
    document = json.loads(data[20 : 20 + size])
    right = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    bounds = made["right_lung"].mesh.GetBounds()
    assert np.allclose(right["max"], [bounds[1] / 1000, bounds[5] / 1000, -bounds[2] / 1000], atol=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["lungs.glb"]


def test_nothing_to_export_is_one_sentence_and_no_file(tmp_path) -> None:
    with pytest.raises(ExportError, match="analyse the study first"):
        write_glb((), tmp_path / "lungs.glb")
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_target_leaves_nothing(tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match=r"lungs\.glb could not be written"):
        write_glb(tuple(_meshed().values()), tmp_path / "file" / "lungs.glb")
