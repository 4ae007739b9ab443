"""Lobe scores from a map that the user gives: right sums, and no sum from a map that does not fit."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from inference.cli import main
from inference.labels import Lung
from inference.quantification.scores import LOBES, quarter_score, severity_score
from tests.helpers.phantoms import Chest, chest, write_dicom
from tests.helpers.truth import Truth


@pytest.fixture(scope="module")
def case() -> Chest:
    return chest(disease="both", shape=(40, 72, 96), spacing_mm=(7.5, 4.2, 4.0))


@pytest.fixture(scope="module")
def study(case: Chest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lobes") / "ct"
    write_dicom(case.volume, folder)
    return folder


@pytest.fixture(autouse=True)
def truth(case: Chest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.pipeline.analyse.create", lambda name: Truth(case))


def lobes_of(case: Chest) -> np.ndarray:
    """Five made-up lobes: by height, and the middle one by depth too. Grid of an HFS series: k grows to the head."""
    k = np.arange(case.lungs.shape[0])[:, None, None]
    right, left = case.lungs == Lung.RIGHT, case.lungs == Lung.LEFT
    lobes = np.zeros(case.lungs.shape, np.uint8)
    lobes[right & (k >= 24)] = 1
    lobes[right & (k < 24) & (k >= 17)] = 2
    lobes[right & (k < 17)] = 3
    lobes[left & (k >= 22)] = 4
    lobes[left & (k < 22)] = 5
    return lobes


def save(path: Path, lobes: np.ndarray, case: Chest, mirrored_axis: bool = False) -> Path:
    """NIfTI; with ``mirrored_axis`` the columns are stored the other way round, at the same places in the patient."""
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ case.volume.geometry.affine
    array = lobes.T
    if mirrored_axis:
        affine[:3, 3] += affine[:3, 0] * (array.shape[0] - 1)
        affine[:3, 0] *= -1
        array = array[::-1]
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(array), affine), path)
    return path


def scores(study: Path, lobes: Path, out: Path) -> tuple[int, int]:
    assert main(["analyse", str(study), "--out", str(out), "--lobes", str(lobes)]) == 0
    severity = json.loads((out / "findings.json").read_text(encoding="utf-8"))["severity"]
    return severity["ct_severity_score"], severity["total_severity_score"]


def wanted(case: Chest) -> tuple[int, int]:
    lobes = lobes_of(case)
    infected = np.isin(case.lesions, (1, 2, 4))
    shares = [100 * (infected & (lobes == code)).sum() / (lobes == code).sum() for code in range(1, len(LOBES) + 1)]
    assert len({round(share) for share in shares}) > 2
    return sum(map(severity_score, shares)), sum(map(quarter_score, shares))


@pytest.mark.parametrize("mirrored_axis", [False, True])
def test_lobe_scores_add_up_whatever_way_the_map_is_stored(
    mirrored_axis: bool, study: Path, case: Chest, tmp_path: Path
) -> None:
    path = save(tmp_path / "lobes.nii.gz", lobes_of(case), case, mirrored_axis)
    assert scores(study, path, tmp_path / "out") == wanted(case)


def test_lobe_map_may_be_a_metaimage(study: Path, case: Chest, tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(lobes_of(case))
    geometry = case.volume.geometry
    k, j, i = geometry.spacing_mm
    image.SetSpacing((i, j, k))
    image.SetOrigin(geometry.affine[:3, 3].tolist())
    image.SetDirection((geometry.affine[:3, :3] / (i, j, k)).ravel().tolist())
    sitk.WriteImage(image, str(tmp_path / "lobes.mha"))
    assert scores(study, tmp_path / "lobes.mha", tmp_path / "out") == wanted(case)


@pytest.mark.parametrize("fault", ["shifted", "codes", "empty", "sides", "text", "type"])
def test_lobe_map_that_does_not_fit_is_refused_in_one_line(
    fault: str, study: Path, case: Chest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lobes, placed = lobes_of(case), case
    path = tmp_path / "lobes.nii.gz"
    if fault == "shifted":
        affine = case.volume.geometry.affine.copy()
        affine[2, 3] += 7.5
        placed = replace(case, volume=replace(case.volume, geometry=replace(case.volume.geometry, affine=affine)))
    elif fault == "codes":
        lobes = lobes + np.uint8(9)
    elif fault == "empty":
        lobes = np.zeros_like(lobes)
    elif fault == "sides":
        lobes = np.array([0, 4, 5, 5, 1, 2], np.uint8)[lobes]
    save(path, lobes, placed)
    if fault == "text":
        path.write_text("this is no image")
    if fault == "type":
        data = bytearray(gzip.decompress(path.read_bytes()))
        data[70:72] = (9999).to_bytes(2, "little")
        path.write_bytes(gzip.compress(data))
    assert main(["analyse", str(study), "--out", str(tmp_path / "out"), "--lobes", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "lobe" in captured.err
    assert not (tmp_path / "out").exists()
