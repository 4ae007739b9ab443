"""Densitometry on development cases (never on test cases): effusion of cancer patients, a pneumonia with bowel gas."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.io.open import load, scan
from inference.labels import Lesion, Lung
from inference.systems.densitometry.system import create
from inference.volume import Volume
from tests.helpers.shared_data import shared_data


class Silent:
    device, config = "cpu", ""

    def stage(self, name: str) -> None: ...

    def progress(self, fraction: float) -> None: ...

    def publish(self, name: str, labels: NDArray[np.uint8], first: int, last: int) -> None: ...


def read(name: str) -> Volume:
    study = scan(shared_data() / name)
    return load(study.series[study.proposed or 0], study=study).volume


@pytest.mark.parametrize(("case", "least"), [("LUNG1-026", 0.8), ("LUNG1-016", 0.65)])
def test_effusion_agrees_with_the_readers(case: str, least: float) -> None:
    output = create().run(read(f"plethora-effusion/{case}_ct.nii.gz"), Silent())
    truth = read(f"plethora-effusion/{case}_effusion.nii.gz").array > 0
    found = output.lesions.array == Lesion.EFFUSION
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > least


def test_lungs_of_a_pneumonia_are_apart_and_hold_no_bowel() -> None:
    volume = read("covid-ct-md/cap-001")
    output = create().run(volume, Silent())
    lungs, millilitres = output.lungs.array, volume.geometry.voxel_ml
    assert 2400 < (lungs == Lung.RIGHT).sum() * millilitres < 3300
    assert 2700 < (lungs == Lung.LEFT).sum() * millilitres < 3600
    bottom = lungs[:12] if volume.geometry.affine[2, 2] > 0 else lungs[-12:]
    assert bottom.sum() * millilitres < 60
    assert (output.lesions.array == Lesion.CONSOLIDATION).sum() * millilitres > 20
    assert not (output.lesions.array == Lesion.EFFUSION).any()
