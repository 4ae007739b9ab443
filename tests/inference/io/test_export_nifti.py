"""Masks in NIfTI lie on the same points of the patient, or there is no file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.errors import ExportError
from inference.io import export_nifti
from inference.io.export_nifti import difference, write_label_map
from inference.pipeline.cancellation import CancellationToken
from inference.volume import LabelMap, VolumeGeometry
from tests.helpers.phantoms import chest

GEOMETRIES: dict[str, dict[str, Any]] = {
    "HFS": {"position": "HFS"},
    "HFP": {"position": "HFP"},
    "FFS": {"position": "FFS"},
    "FFP": {"position": "FFP"},
    "oblique": {"oblique_deg": (8.0, -13.0, 21.0)},
    "NIfTI RAS": {"code": "RAS"},
    "NIfTI LPS": {"code": "LPS"},
    "sagittal": {"code": "PSL"},
}


def points_in_file(path: Path) -> np.ndarray:
    """LPS points of every labelled voxel, as ITK (whose world is LPS) reads the file; sorted."""
    image = sitk.ReadImage(str(path))
    kji = np.argwhere(sitk.GetArrayFromImage(image) > 0)
    points = np.array([image.TransformIndexToPhysicalPoint([int(n) for n in index[::-1]]) for index in kji])
    return points[np.lexsort(np.round(points, 2).T)]


def points_of(array: np.ndarray, geometry: VolumeGeometry) -> np.ndarray:
    points = geometry.to_patient(np.argwhere(array > 0))
    return points[np.lexsort(np.round(points, 2).T)]


@pytest.mark.parametrize("name", GEOMETRIES)
def test_masks_land_on_the_same_points_of_the_patient(name: str, tmp_path: Path) -> None:
    case = chest(disease="right", shape=(30, 48, 64), spacing_mm=(10.0, 6.4, 6.0), **GEOMETRIES[name])
    path = tmp_path / "lesions.nii.gz"
    write_label_map(path, LabelMap(case.lesions, case.volume.geometry))
    found = points_in_file(path)
    np.testing.assert_allclose(found, points_of(case.lesions, case.volume.geometry), atol=0.02)
    header = nibabel.load(path).header
    assert int(header["qform_code"]) == int(header["sform_code"]) == 1
    if name != "oblique":
        assert found[:, 0].max() < 4.0, "disease is in the patient's right lung, x below the midline"


def test_orientation_codes_are_zero_when_the_source_has_no_orientation(tmp_path: Path) -> None:
    case = chest(code="", shape=(30, 48, 64), spacing_mm=(10.0, 6.4, 6.0))
    path = tmp_path / "lungs.nii.gz"
    write_label_map(path, LabelMap(case.lungs, case.volume.geometry))
    image = nibabel.load(path)
    assert int(image.header["qform_code"]) == int(image.header["sform_code"]) == 0
    np.testing.assert_array_equal(np.asanyarray(image.dataobj).T, case.lungs)
    np.testing.assert_allclose(image.header.get_zooms(), (6.0, 6.4, 10.0), rtol=1e-5)


def sheared() -> LabelMap:
    array = np.zeros((5, 7, 9), np.uint8)
    array[1, 2, 3] = 2
    affine = np.diag([0.7, 0.8, 2.0, 1.0])
    affine[1, 2] = 0.5
    affine[:3, 3] = (-100.0, -90.0, 40.0)
    return LabelMap(array, VolumeGeometry(array.shape, affine))


def test_sheared_grid_keeps_its_shear_in_the_sform_alone(tmp_path: Path) -> None:
    labels = sheared()
    write_label_map(tmp_path / "tilted.nii.gz", labels)
    image = nibabel.load(tmp_path / "tilted.nii.gz")
    assert (int(image.header["qform_code"]), int(image.header["sform_code"])) == (0, 1)
    ras = image.affine @ np.array([3, 2, 1, 1.0])
    np.testing.assert_allclose(ras[:3] * (-1, -1, 1), labels.geometry.to_patient((1, 2, 3)), atol=1e-4)


def test_same_labels_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.nii.gz", "other.nii.gz"):
        write_label_map(tmp_path / name, sheared())
    assert (tmp_path / "one.nii.gz").read_bytes() == (tmp_path / "other.nii.gz").read_bytes()


@pytest.mark.parametrize("fault", ["voxel", "affine", "truncated"])
def test_file_that_does_not_read_back_is_not_kept(fault: str, tmp_path: Path, monkeypatch: Any) -> None:
    labels = sheared()
    true_image, true_write = export_nifti._image, export_nifti._write

    def wrong_image(wanted: LabelMap) -> Any:
        if fault == "voxel":
            changed = wanted.array.copy()
            changed[0, 0, 0] = 1
            return true_image(LabelMap(changed, wanted.geometry))
        affine = wanted.geometry.affine * np.array([[-1.0], [1.0], [1.0], [1.0]])
        return true_image(LabelMap(wanted.array, VolumeGeometry(wanted.geometry.shape, affine)))

    def cut_short(path: Path, wanted: LabelMap, token: CancellationToken) -> None:
        true_write(path, wanted, token)
        path.write_bytes(path.read_bytes()[:60])

    if fault == "truncated":
        monkeypatch.setattr(export_nifti, "_write", cut_short)
    else:
        monkeypatch.setattr(export_nifti, "_image", wrong_image)
    with pytest.raises(ExportError, match=r"lungs\.nii\.gz did not read back"):
        write_label_map(tmp_path / "lungs.nii.gz", labels)
    assert list(tmp_path.iterdir()) == []


def test_failed_export_leaves_the_older_file_as_it_was(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "lungs.nii.gz"
    path.write_bytes(b"older")
    monkeypatch.setattr(export_nifti, "difference", lambda path, labels: "voxels differ")
    with pytest.raises(ExportError):
        write_label_map(path, sheared())
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("lungs.nii.gz", b"older")]


def test_folder_that_does_not_exist_is_an_export_error(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="could not be written"):
        write_label_map(tmp_path / "nowhere" / "lungs.nii.gz", sheared())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.tuples(*[st.integers(1, 6)] * 3),
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    spacing=st.tuples(*[st.floats(0.3, 10)] * 3),
    origin=st.tuples(*[st.floats(-900, 900)] * 3),
    mirrored=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_any_grid_reads_back(
    shape: Any, angles: Any, spacing: Any, origin: Any, mirrored: bool, seed: int, tmp_path: Path
) -> None:
    from scipy.spatial.transform import Rotation

    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * spacing
    affine[:3, 0] *= -1 if mirrored else 1
    affine[:3, 3] = origin
    array = np.random.default_rng(seed).integers(0, 4, shape).astype(np.uint8)
    labels = LabelMap(array, VolumeGeometry(shape, affine))
    write_label_map(tmp_path / "any.nii.gz", labels)
    assert difference(tmp_path / "any.nii.gz", labels) == ""
