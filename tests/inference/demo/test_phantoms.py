"""The phantoms that other tests lean on: truth and geometry must be what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from inference.labels import Lesion, Lung
from tests.helpers.phantoms import AXIAL_CODES, chest, write_dicom


def _centre_lps(case, mask):
    return case.volume.geometry.to_patient(np.argwhere(mask)).mean(axis=0)


@pytest.mark.parametrize("code", [*AXIAL_CODES.values(), "SAL", "PIR"])
def test_lungs_and_disease_lie_at_the_same_place_of_the_patient_on_every_grid(code: str) -> None:
    plain, turned = chest(disease="right"), chest(disease="right", code=code)
    for value in (Lung.RIGHT, Lung.LEFT):
        np.testing.assert_allclose(
            _centre_lps(plain, plain.lungs == value), _centre_lps(turned, turned.lungs == value), atol=0.01
        )
    assert _centre_lps(turned, turned.lungs == Lung.RIGHT)[0] < _centre_lps(turned, turned.lungs == Lung.LEFT)[0]
    assert turned.lesion_ml(Lesion.CONSOLIDATION) == pytest.approx(plain.lesion_ml(Lesion.CONSOLIDATION))
    assert turned.percent_infected(Lung.LEFT) == 0.0 < turned.percent_infected(Lung.RIGHT)


def test_fluid_sinks_to_the_front_when_prone() -> None:
    supine, prone = (chest(effusion="right", position=p) for p in ("HFS", "HFP"))
    fluid = [_centre_lps(c, c.lesions == Lesion.EFFUSION)[1] - _centre_lps(c, c.body)[1] for c in (supine, prone)]
    assert fluid[0] > 20 > -20 > fluid[1]


def test_effusion_and_airways_are_no_lung() -> None:
    case = chest(effusion="both", white_lung="left")
    assert not ((case.lungs > 0) & ((case.lesions == Lesion.EFFUSION) | case.airways)).any()
    assert case.percent_infected(Lung.LEFT) > 99.0


def test_unknown_orientation_and_padding_reach_the_volume() -> None:
    case = chest(code="", padding_hu=-3024)
    assert not case.volume.geometry.orientation_known and case.volume.patient_position == ""
    assert (case.volume.array == -3024).any() and case.volume.padding_hu == -3024


def test_files_place_every_pixel_where_the_volume_does(tmp_path: Path) -> None:
    case = chest(oblique_deg=(6.0, -4.0, 9.0), position="HFP")
    files = write_dicom(case.volume, tmp_path, skip=(3,), tags={"RescaleType": None})
    assert len(files) == case.volume.array.shape[0] - 1 and [f.name for f in files] != sorted(f.name for f in files)
    data = pydicom.dcmread(files[20])  # slice 21: the third was left out
    row, column = np.reshape(np.array(data.ImageOrientationPatient, float), (2, 3))
    point = np.array(data.ImagePositionPatient, float) + row * 50 * data.PixelSpacing[1]
    point = point + column * 30 * data.PixelSpacing[0]
    np.testing.assert_allclose(point, case.volume.geometry.to_patient((21, 30, 50)), atol=1e-3)
    assert data.pixel_array[30, 50] - 1024 == case.volume.array[21, 30, 50]
    assert data.PatientPosition == "HFP" and "RescaleType" not in data
