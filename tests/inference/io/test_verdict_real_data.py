"""The verdicts of the real images. They skip where the images are not on the machine."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import nibabel
import numpy as np
import pytest

from inference.io.verdict import from_grid, from_voxels
from inference.verdict import Verdict
from inference.volume import Volume, VolumeGeometry
from tests.helpers.mutate import Images, from_folder
from tests.helpers.shared_data import shared_data
from tests.helpers.verdict_cases import CASES
from tests.helpers.verdict_judged import codes, judge, judge_with_lungs


@lru_cache(maxsize=1)
def normal(folder: Path) -> Images:
    return from_folder(folder, pixels=64)


@pytest.mark.parametrize("name", CASES)
def test_case_made_from_a_real_chest_calls_exactly_its_rows(name: str) -> None:
    case = CASES[name]
    verdict, volume = judge(case.make(normal(shared_data() / "covid-ct-md" / "normal-001")))
    assert codes(verdict) == set(case.rows), verdict.sentence()
    assert verdict.colour is case.colour
    if case.lung_rows is not None:
        assert codes(judge_with_lungs(verdict, volume)) == set(case.lung_rows)


@pytest.mark.parametrize("patient", ["001", "005", "008", "013", "016", "018", "026"])
def test_nifti_of_three_millimetres_is_amber_because_supine_is_assumed(patient: str) -> None:
    image = nibabel.load(shared_data() / "plethora-effusion" / f"LUNG1-{patient}_ct.nii.gz")
    array = np.asarray(image.dataobj).astype(np.int16).transpose(2, 1, 0)
    geometry = VolumeGeometry(array.shape, np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine)
    verdict: Verdict = from_voxels(from_grid("nifti", geometry), Volume(array, geometry))
    assert codes(verdict) == {"thickness_unknown", "position_unknown"}
    assert {"hounsfield", "ct", "axial", "enough"} <= set(verdict.checks_passed)
