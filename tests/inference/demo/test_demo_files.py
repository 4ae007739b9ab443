"""The demo study on disk opens as what it is, and its truth lies on the same voxels."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from inference.demo import DemoFiles, DemoParameters, DemoThorax, generate, write
from inference.demo.files import uid
from inference.errors import Cancelled, ExportError
from inference.io.open import load, scan
from inference.pipeline.cancellation import CancellationToken
from inference.verdict import Colour

PARAMETERS = DemoParameters(seed=9, matrix=96, slices=107, patient_position="HFP", sides="left")


@pytest.fixture(scope="module")
def thorax() -> DemoThorax:
    return generate(PARAMETERS)


@pytest.fixture(scope="module")
def files(thorax: DemoThorax, tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return write(tmp_path_factory.mktemp("demo") / "out", thorax=thorax)


def test_the_reader_proposes_the_series_green_and_finds_every_voxel_in_its_place(
    thorax: DemoThorax, files: DemoFiles
) -> None:
    study = scan(files.study)
    assert not study.problems and study.proposed is not None
    info = study.series[study.proposed]
    assert not info.is_localizer and info.slices == 107
    loaded = load(info, study=study)
    assert loaded.verdict.colour is Colour.GREEN, loaded.verdict.reasons
    read, made = loaded.volume.canonical()[0], thorax.volume.canonical()[0]
    assert read.geometry.same_grid(made.geometry, tolerance_mm=0.01)
    assert np.array_equal(read.array, made.array)
    assert loaded.volume.patient_position == "HFP"
    assert loaded.scout is not None and loaded.scout.is_localizer


@pytest.mark.parametrize("name", ["lungs", "lesions", "airways"])
def test_truth_masks_lie_on_the_voxels_of_the_images(thorax: DemoThorax, files: DemoFiles, name: str) -> None:
    image = nibabel.load(getattr(files, name))
    mask = np.asarray(image.dataobj)
    assert np.array_equal(mask.transpose(2, 1, 0), getattr(thorax, name))
    index = np.array([70, 40, 31])
    ras = image.affine @ [*index[::-1], 1.0]
    np.testing.assert_allclose(ras[:3] * [-1, -1, 1], thorax.volume.geometry.to_patient(index), atol=1e-3)
    assert image.header["sform_code"] == image.header["qform_code"] == 1


def test_truth_figures_are_those_of_the_masks(thorax: DemoThorax, files: DemoFiles) -> None:
    truth = json.loads(files.truth.read_text())
    assert truth["lung_ml"]["both"] == pytest.approx(truth["lung_ml"]["right"] + truth["lung_ml"]["left"], abs=0.01)
    assert truth["percentage_of_infection"]["right"] < truth["percentage_of_infection"]["left"]
    lesions, lungs = (np.asarray(nibabel.load(path).dataobj) for path in (files.lesions, files.lungs))
    infected = np.isin(lesions, (1, 2)) & (lungs > 0)
    assert truth["percentage_of_infection"]["both"] == pytest.approx(100 * infected.sum() / (lungs > 0).sum(), abs=1e-3)
    assert [row["infected"] for row in truth["slices"]] == infected.sum(axis=(0, 1)).tolist()
    assert truth["parameters"]["seed"] == 9


def test_images_are_twelve_bit_explicit_little_endian_and_the_patient_is_plainly_invented(files: DemoFiles) -> None:
    data = pydicom.dcmread(sorted(files.series.iterdir())[0])
    assert data.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
    assert (data.BitsAllocated, data.BitsStored, data.RescaleIntercept) == (16, 12, -1024)
    assert data.SliceThickness == pytest.approx(PARAMETERS.slice_mm)
    assert str(data.PatientName).startswith("DEMO^") and data.PatientID.startswith("DEMO-")
    assert data.InstanceNumber == 1 and data.pixel_array.max() < 4096


def test_uids_follow_from_the_parameters_alone(files: DemoFiles) -> None:
    data = pydicom.dcmread(sorted(files.series.iterdir())[3], stop_before_pixels=True)
    assert data.StudyInstanceUID == uid(PARAMETERS, "study") != uid(DemoParameters(seed=10), "study")
    assert len({d.SOPInstanceUID for d in map(pydicom.dcmread, files.series.iterdir())}) == 107
    assert all(pydicom.uid.UID(value).is_valid for value in (data.SOPInstanceUID, data.FrameOfReferenceUID))


def test_a_second_study_is_not_written_over_the_first(thorax: DemoThorax, files: DemoFiles) -> None:
    with pytest.raises(ExportError, match="already holds a demo study"):
        write(files.study.parent, thorax=thorax)


def test_a_cancelled_write_leaves_nothing_behind(thorax: DemoThorax, tmp_path: Path) -> None:
    token = CancellationToken()
    token.cancel()
    with pytest.raises(Cancelled):
        write(tmp_path / "out", thorax=thorax, cancel=token)
    assert list((tmp_path / "out").iterdir()) == []
