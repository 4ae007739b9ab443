"""The tables of papers 4 and 5 on volumes in miniature, laid out as their owners publish them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import nibabel
import numpy as np
import pydicom
import pytest
import torch
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from inference.evaluation import adaptive, paper_tables
from inference.evaluation.paper_tables import mosmed, threshold
from inference.evaluation.records import Judge
from inference.evaluation.sources import Where
from inference.models.outputs import MASK, RECOGNITION, Head, independent_map
from inference.training.datasets.sample import DataError
from inference.training.devices import Place
from inference.training.recipe_book import recipes
from inference.training.recipes import Recipe
from tests.helpers.tiny_training import SIDE, write_csv

CPU = Place(torch.device("cpu"))


def _where(data: Path) -> Where:
    return Where(data, data, data, CPU, lambda text: None)


def _dicom(path: Path, value: int, place: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    image.Rows = image.Columns = SIDE
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation, image.SamplesPerPixel = 15, 0, 1
    image.PhotometricInterpretation, image.SliceLocation = "MONOCHROME2", place
    image.RescaleSlope, image.RescaleIntercept = 1, -1024
    stored = np.full((SIDE, SIDE), 24, "<u2")
    stored[: SIDE // 2] = 24 + value
    image.PixelData = stored.tobytes()
    pydicom.dcmwrite(path, image)


def test_volumes_are_called_by_the_share_of_their_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "md"
    for group, subject, value in (("COVID-19 subjects", "P001", 1000), ("Normal subjects", "normal003", 0)):
        for n in range(4):
            _dicom(root / group / subject / f"{n}.dcm", value, -10.0 * n)
    write_csv(
        root / "Index.csv", ("Label Index", "Diagnosis", "Relative Path", "Folder/ID"), [(1, "COVID-19", "./", "P001")]
    )
    np.save(root / "Slice-level-labels.npy", np.zeros((2, 4)))

    def predict(images: torch.Tensor) -> dict[str, torch.Tensor]:
        bright = (images.amax(dim=(1, 2, 3)) > images.amin(dim=(1, 2, 3)) + 1.0).float()[:, None]
        return {RECOGNITION: torch.cat([1 - bright, bright], dim=1)}

    def trained(recipe: Recipe, where: Where) -> Judge:
        return Judge(recipe, (Head(RECOGNITION, "vector", recipe.labels, "softmax"),), predict, (), ())

    monkeypatch.setattr(paper_tables, "weights_of", trained)
    found = threshold(recipes("jcs", "compact"), _where(tmp_path))
    assert (
        all((row["sensitivity"], row["specificity"]) == (1.0, 1.0) for row in found["rows"]) and len(found["rows"]) == 5
    )
    assert "n = 2" in found["markdown"]


def _studies(root: Path) -> None:
    for grade in (0, 2):
        path = root / "studies" / f"CT-{grade}" / f"study_{grade:04d}.nii.gz"
        path.parent.mkdir(parents=True)
        values = np.full((SIDE, SIDE, 2), -900 if grade == 0 else -300, np.int16)
        values[0, 0], values[1, 0] = -1000, 400
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), str(path))
    (root / "masks").mkdir()


def _halves(recipe: Recipe, sources: tuple[str, ...] = ()) -> Judge:
    """All is lung; the upper third of a picture with bright lung is lesion."""

    def predict(images: torch.Tensor) -> dict[str, torch.Tensor]:
        found = torch.ones(len(images), 1, *images.shape[2:])
        if recipe.part == "lesions":
            found[:, :, images.shape[2] // 3 :] = 0
            found *= (images.mean(dim=(1, 2, 3)) > 0).float()[:, None, None, None]
        return {MASK: found}

    return Judge(recipe, (independent_map(("lesion",)),), predict, (), sources)


def test_percentages_of_volumes_become_grades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _studies(tmp_path)
    monkeypatch.setattr(paper_tables, "weights_of", lambda recipe, where: _halves(recipe))
    found = mosmed(recipes("cascade-severity", "compact"), _where(tmp_path))
    confusion = np.array(found["confusion"])
    assert confusion.sum() == 2 and confusion[0, 0] == confusion[2, 2] == 1
    assert "truth below, answer right" in found["markdown"]


def test_network_that_has_seen_mosmed_gives_no_grades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _studies(tmp_path)
    monkeypatch.setattr(paper_tables, "weights_of", lambda recipe, where: _halves(recipe, ("img", "jsrt")))
    with pytest.raises(DataError, match="has seen img"):
        mosmed(recipes("cascade-severity", "compact"), _where(tmp_path))


def test_adaptive_threshold_and_trained_head_are_judged_on_the_same_pictures_inside_the_drawn_lung(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rng = np.random.default_rng(4)
    lung, lesion = np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint8)
    lung[8:56, 8:56], lesion[40:60, 8:56] = 1, 1
    grey = np.where(lesion > 0, 180, 60) + rng.integers(-4, 5, (64, 64))
    planes = np.stack([lung, lesion, *np.zeros((3, 64, 64), np.uint8)])

    class Pictures:
        def __len__(self) -> int:
            return 2

        def row(self, n: int) -> SimpleNamespace:
            return SimpleNamespace(source="made up", patient=f"patient-{n}")

        def picture(self, n: int) -> tuple[np.ndarray, np.ndarray]:
            return grey[None].astype(np.uint8), planes

        def known(self, n: int) -> np.ndarray:
            return np.array([True, True, False, False, False])

    recipe = next(one for one in recipes("covid-mtnet", "compact") if one.part == "ct-lesions")

    def predict(images: torch.Tensor) -> dict[str, torch.Tensor]:
        said = torch.zeros(len(images), 1, 64, 64)
        said[..., :32, :] = 0.9
        return {MASK: said}

    blind = Judge(recipe, (independent_map(("lesion",)),), predict, ("someone else",), ())
    monkeypatch.setattr(adaptive, "_judges", lambda one, where: [blind] if one is recipe else [])
    monkeypatch.setattr(adaptive, "_unseen", lambda trained, where: Pictures())
    found = adaptive.adaptive([recipe], _where(tmp_path))
    (row,) = found["rows"]
    assert row["trained"] == 0.0 and row["threshold"] > 0.95 and row["difference"] < -0.95
    assert (row["patients"], row["pictures"]) == (2, 2)
    with pytest.raises(DataError, match="covid-mtnet"):
        adaptive.adaptive(recipes("jcs", "compact"), _where(tmp_path))
