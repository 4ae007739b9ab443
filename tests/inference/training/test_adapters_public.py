"""Public sets as their owners publish them, in miniature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from inference.training.datasets.catalogue import ADAPTERS, found
from inference.training.datasets.public import fold_of
from inference.training.datasets.public_slices import publication
from inference.training.datasets.public_volumes import CovidCtMd, case_patient, graded
from inference.training.datasets.public_xray import finding
from inference.training.datasets.sample import DataError, Sample, is_of
from inference.transforms.rendering import Kind
from tests.helpers.tiny_training import write, write_csv

COLUMNS, ROWS, SLICES = 12, 8, 3


def _samples(data: Path, name: str) -> list[Sample]:
    places = found(data)
    assert list(places) == [name]
    return list(ADAPTERS[name].samples(places[name]))


def _nifti(path: Path, values: NDArray[Any], spacing: tuple[float, float, float] = (0.7, 0.7, 1.5)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([*spacing, 1.0])), str(path))


def _volume(seed: int, low: int = -1000, high: int = 400) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(low, high, (COLUMNS, ROWS, SLICES)).astype(np.int16)


def _dicom(path: Path, stored: NDArray[np.uint16], **tags: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    image.Rows, image.Columns = stored.shape
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation, image.SamplesPerPixel = 15, 0, 1
    image.PhotometricInterpretation = tags.pop("PhotometricInterpretation", "MONOCHROME2")
    for name, value in tags.items():
        setattr(image, name, value)
    image.PixelData = stored.astype("<u2").tobytes()
    pydicom.dcmwrite(path, image)


def test_twenty_cases_have_lung_and_infection_on_the_grid_of_the_image(tmp_path: Path) -> None:
    volume, eight_bit = _volume(1), _volume(2, 0, 255)
    lung, lesion = (np.zeros(volume.shape, np.uint8) for _ in range(2))
    lung[2:9, 1:6, :], lesion[3:5, 2:4, 1] = 2, 1
    for name, values in (("coronacases_001", volume), ("radiopaedia_29_86491_1", eight_bit)):
        _nifti(tmp_path / "COVID-19-CT-Seg_20cases" / f"{name}.nii.gz", values)
        _nifti(tmp_path / "Lung_Mask" / f"{name}.nii.gz", lung)
        _nifti(tmp_path / "Infection_Mask" / f"{name}.nii.gz", lesion)
    samples = _samples(tmp_path, "covid-19-ct-seg-20cases")
    assert [one.item for one in samples][:2] == ["coronacases_001/0000", "coronacases_001/0001"]
    assert [one.kind for one in samples] == [Kind.HU] * 3 + [Kind.WINDOW] * 3
    assert {one.patient for one in samples} == {"coronacases-001", "radiopaedia-86490-1"}
    second = samples[1]
    assert second.lung is not None and second.lesion is not None
    assert np.array_equal(second.image(), volume[:, :, 1].T)
    assert np.array_equal(second.lesion(), lesion[:, :, 1].T)
    assert second.facts["mm"] == pytest.approx(0.7)
    assert second.classes is None and second.label is None


def test_case_whose_mask_is_missing_is_refused(tmp_path: Path) -> None:
    _nifti(tmp_path / "COVID-19-CT-Seg_20cases" / "coronacases_001.nii.gz", _volume(1))
    for part in ("Lung_Mask", "Infection_Mask"):
        (tmp_path / part).mkdir()
    with pytest.raises(DataError, match="coronacases_001"):
        _samples(tmp_path, "covid-19-ct-seg-20cases")


def test_two_studies_of_one_patient_are_one_patient() -> None:
    assert case_patient("radiopaedia_29_86490_1") == case_patient("radiopaedia_29_86491_1")
    assert case_patient("radiopaedia_10_85902_1") == "radiopaedia-85902"
    assert case_patient("radiopaedia_org_covid-19-pneumonia-14_85914_0-dcm") == "radiopaedia-85914"
    assert case_patient("coronacases_org_003") == "coronacases-003"
    with pytest.raises(DataError):
        case_patient("something_else")


def test_hundred_slices_have_classes_and_blocks_of_ten(tmp_path: Path) -> None:
    images = np.random.default_rng(0).normal(size=(COLUMNS, ROWS, 12)).astype(np.float32)
    classes = np.zeros(images.shape, np.uint8)
    classes[1:4, 2:4, 11], classes[6:8, 2:5, 11] = 2, 3
    _nifti(tmp_path / "medseg" / "tr_im.nii.gz", images)
    _nifti(tmp_path / "medseg" / "tr_mask.nii.gz", classes)
    samples = _samples(tmp_path, "medseg-ct100")
    assert len(samples) == 12
    assert samples[9].patient != samples[10].patient == samples[11].patient == "ct100-block-1"
    last = samples[11]
    assert last.classes is not None and last.lung is None
    assert np.array_equal(last.classes(), classes[:, :, 11].T)
    assert np.array_equal(last.image(), images[:, :, 11].T)


def test_mosmed_gives_masked_studies_and_healthy_ones_and_grades_for_all(tmp_path: Path) -> None:
    for grade, study in ((0, "study_0001"), (1, "study_0255"), (1, "study_0300"), (4, "study_1109")):
        _nifti(tmp_path / "studies" / f"CT-{grade}" / f"{study}.nii.gz", _volume(grade))
    mask = np.zeros((COLUMNS, ROWS, SLICES), np.uint8)
    mask[2:5, 1:3, 2] = 1
    _nifti(tmp_path / "masks" / "study_0255_mask.nii.gz", mask)
    samples = _samples(tmp_path, "mosmeddata")
    assert {one.item.split("/")[0] for one in samples} == {"study_0001", "study_0255"}
    drawn = {one.item: one.lesion().sum() for one in samples if one.lesion is not None}
    assert drawn["study_0255/0002"] == 6 and sum(drawn.values()) == 6 and len(drawn) == 6
    assert samples[0].lesion is not None and samples[0].lesion().shape == samples[0].image().shape == (ROWS, COLUMNS)
    assert [grade for _, grade in graded(tmp_path)] == [0, 1, 1, 4]


def test_covid_ct_takes_the_publication_for_the_patient(tmp_path: Path) -> None:
    image = np.random.default_rng(1).integers(0, 255, (20, 30))
    for name in ("2020.01.24.919183-p27-135.png", "2020.01.24.919183-p28-136.png", "other_p3-1.png"):
        write(tmp_path / "Images-processed" / "CT_COVID" / name, image)
    for name in ("10%2.jpg", "10%3.jpg", "11.png"):
        write(tmp_path / "Images-processed" / "CT_NonCOVID" / name, image)
    samples = _samples(tmp_path, "covid-ct")
    assert [one.label for one in samples] == ["covid"] * 3 + ["non_covid"] * 3
    assert samples[0].patient == samples[1].patient != samples[2].patient
    assert samples[3].patient == samples[4].patient != samples[5].patient
    assert publication("2020.01.24.919183-p27-135") == "2020.01.24.919183"


def test_covid_ct_md_reads_slices_from_head_to_feet_and_their_labels(tmp_path: Path) -> None:
    root = tmp_path / "md"
    for group, subject in (("COVID-19 subjects", "P001"), ("Cap Cases", "cap007"), ("Normal subjects", "normal003")):
        for n, place in enumerate((-30.0, -10.0, -20.0)):
            stored = np.full((ROWS, COLUMNS), 24 + n, np.uint16)
            _dicom(
                root / group / subject / f"{n}.dcm", stored, SliceLocation=place, RescaleSlope=2, RescaleIntercept=-1024
            )
    write_csv(
        root / "Index.csv", ("Label Index", "Diagnosis", "Relative Path", "Folder/ID"), [(1, "COVID-19", "./", "P001")]
    )
    np.save(root / "Slice-level-labels.npy", np.array([[1, 1, 1], [0, 1, 0]]))
    samples = _samples(tmp_path, "covid-ct-md")
    mine = [one for one in samples if one.patient.endswith("P001")]
    assert [float(one.image()[0, 0]) for one in mine] == [-1024 + 2 * 25, -1024 + 2 * 26, -1024 + 2 * 24]
    assert [one.label for one in mine] == ["normal", "covid", "normal"]
    assert [one.lesion is None for one in mine] == [False, True, False]
    assert {one.patient for one in samples} == {"covid-ct-md-P001", "covid-ct-md-normal003"}, "cap007 has no labels"
    subjects = {name: (label, len(slices)) for name, label, slices in CovidCtMd().subjects(root)}
    assert subjects["covid-ct-md-cap007"] == ("other_pneumonia", 3)


def test_collection_keeps_frontal_xrays_with_a_known_finding(tmp_path: Path) -> None:
    head = ("patientid", "finding", "view", "modality", "folder", "filename")
    rows = [
        (2, "Pneumonia/Viral/COVID-19", "PA", "X-ray", "images", "a.jpg"),
        (2, "Pneumonia/Viral/COVID-19", "L", "X-ray", "images", "b.jpg"),
        (3, "Pneumonia/Bacterial/Streptococcus", "AP", "X-ray", "images", "c.jpg"),
        (4, "No Finding", "AP Supine", "X-ray", "images", "d.jpg"),
        (5, "Pneumonia/Viral/COVID-19", "Axial", "CT", "volumes", "e.nii.gz"),
        (6, "Tuberculosis", "PA", "X-ray", "images", "f.jpg"),
        (7, "Pneumonia", "PA", "X-ray", "images", "absent.jpg"),
    ]
    write_csv(tmp_path / "metadata.csv", head, rows)
    for name in "abcdf":
        write(tmp_path / "images" / f"{name}.jpg", np.full((20, 30), 90))
    samples = _samples(tmp_path, "covid-chestxray-dataset")
    assert [(one.item, one.label, one.patient) for one in samples] == [
        ("a.jpg", "covid", "ieee2"), ("c.jpg", "bacterial", "ieee3"), ("d.jpg", "normal", "ieee4"),
    ]  # fmt: skip
    assert finding("Pneumonia") == "other_pneumonia" and finding("todo") is None


def test_rsna_gives_normal_and_pneumonia_each_patient_once_and_turns_inverted_films(tmp_path: Path) -> None:
    film = np.arange(ROWS * COLUMNS, dtype=np.uint16).reshape(ROWS, COLUMNS)
    folder = tmp_path / "stage_2_train_images"
    _dicom(folder / "p1.dcm", film)
    _dicom(folder / "p2.dcm", film, PhotometricInterpretation="MONOCHROME1")
    rows = [("p1", "Normal"), ("p2", "Lung Opacity"), ("p2", "Lung Opacity"), ("p3", "No Lung Opacity / Not Normal")]
    write_csv(tmp_path / "stage_2_detailed_class_info.csv", ("patientId", "class"), rows)
    samples = _samples(tmp_path, "rsna-pneumonia")
    assert [(one.item, one.label) for one in samples] == [("p1", "normal"), ("p2", "pneumonia")]
    assert samples[0].image()[0, 1] == 1 and samples[1].image()[0, 0] == film.max()


def test_fold_is_the_lists_where_there_is_one_and_else_the_names(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    by_name = fold_of("coronacases-001", folder)
    other = tmp_path / "other" / "set"
    other.mkdir(parents=True)
    listed = str((int(by_name) + 1) % 5)
    head = ("folder", "item", "patient", "source", "fold")
    write_csv(tmp_path / "other" / "folds.csv", head, [("x", "y", "coronacases-001", "z", listed)])
    assert fold_of("coronacases-001", other) == listed != by_name


def test_wider_classes_take_in_narrower_ones() -> None:
    assert is_of("bacterial", "pneumonia") and is_of("normal", "non_covid") and is_of("covid", "covid")
    assert not is_of("covid", "non_covid") and not is_of(None, "covid") and not is_of("normal", "pneumonia")


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data folder"):
        found(tmp_path / "absent")
    assert found(tmp_path) == {}
