"""Nothing is lost or invented between the voxels and the figures: counted anew from the files that a run leaves.

On the demo thorax with disease in one lung, and, where the real images are on this machine, on a real pneumonia.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from inference.findings import Severity
from inference.labels import INFECTED, Lesion, Lung
from inference.pipeline.analyse import analyse
from inference.quantification.grades import bins
from inference.verdict import Verdict
from inference.volume import Volume
from tests.helpers import mirror
from tests.helpers.mirror import Done
from tests.helpers.phantoms import write_dicom
from tests.helpers.shared_data import shared_data

NARROW = 1e-6


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("conservation")
    return mirror.analysed(mirror.write(mirror.laid("HFS"), "HFS", folder / "study"), folder / "out")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A community-acquired pneumonia, every slice."""
    return mirror.analysed(shared_data() / "covid-ct-md" / "cap-001", tmp_path_factory.mktemp("cap") / "out")


@pytest.fixture(params=["demo", "real"])
def done(request: pytest.FixtureRequest) -> Done:
    made: Done = request.getfixturevalue(request.param)
    return made


class Counted:
    """Millilitres counted from the masks as nibabel reads them: voxels times the determinant of the file's affine."""

    def __init__(self, done: Done) -> None:
        lungs, lesions = (nibabel.load(done.out / f"{name}.nii.gz") for name in ("lungs", "lesions"))
        np.testing.assert_array_equal(lungs.affine, lesions.affine)
        self.lungs: NDArray[np.uint8] = np.asanyarray(lungs.dataobj)
        self.lesions: NDArray[np.uint8] = np.asanyarray(lesions.dataobj)
        self.voxel_ml = abs(np.linalg.det(lungs.affine[:3, :3])) / 1000.0

    def ml(self, mask: NDArray[np.bool_]) -> float:
        return float(mask.sum() * self.voxel_ml)

    @property
    def infected(self) -> NDArray[np.bool_]:
        return np.isin(self.lesions, INFECTED) & (self.lungs > 0)


def test_figures_are_the_voxels_of_the_files_times_their_affines_determinant(done: Done) -> None:
    counted, document = Counted(done), done.document
    severity = document["severity"]
    both = severity["both"]
    assert both["lung_voxels"] == (counted.lungs > 0).sum()
    assert both["infected_voxels"] == counted.infected.sum() > 0
    assert both["lung_ml"] == pytest.approx(counted.ml(counted.lungs > 0), rel=1e-4)
    assert both["infected_ml"] == pytest.approx(counted.ml(counted.infected), rel=1e-4)
    share = 100 * counted.infected.sum() / (counted.lungs > 0).sum()
    assert severity["percentage_of_infection"] == both["percentage"] == pytest.approx(share, rel=NARROW)
    for side, code in (("right", Lung.RIGHT), ("left", Lung.LEFT)):
        inside = counted.lungs == code
        assert severity["per_lung"][side]["lung_ml"] == pytest.approx(counted.ml(inside), rel=1e-4)
        assert severity["per_lung"][side]["infected_ml"] == pytest.approx(
            counted.ml(counted.infected & inside), rel=1e-4
        )
    for lesion in Lesion:
        figures = document["manifestations"][lesion.key]
        if figures["volume_ml"] is not None:
            mask = counted.lesions == lesion
            inside = mask if lesion is Lesion.EFFUSION else mask & (counted.lungs > 0)
            assert figures["volume_ml"] == pytest.approx(counted.ml(inside), rel=1e-4, abs=1e-6)


def test_right_and_left_zones_and_classes_add_up(done: Done) -> None:
    document = done.document
    severity = document["severity"]
    for figure in ("lung_voxels", "infected_voxels", "lung_ml", "infected_ml"):
        sides = {side: severity["per_lung"][side][figure] for side in ("right", "left")}
        assert sum(sides.values()) == pytest.approx(severity["both"][figure], rel=NARROW)
        for side, whole in sides.items():
            zones = [one[figure] for one in severity["per_zone"] if one["zone"].startswith(side)]
            assert len(zones) == 3
            assert sum(zones) == pytest.approx(whole, rel=NARROW)
    classes = [document["manifestations"][lesion.key]["volume_ml"] or 0.0 for lesion in INFECTED]
    assert sum(classes) == pytest.approx(severity["both"]["infected_ml"], rel=NARROW)
    assert sum(band["percent_of_lung"] for band in severity["compartments"]) <= 100 + NARROW


def test_slices_and_lesions_add_up_to_the_whole(done: Done) -> None:
    document, counted = done.document, Counted(done)
    slices = document["slices"]
    assert len(slices) == done.loaded.volume.geometry.shape[0]
    for figure, mask in (("lung", counted.lungs > 0), ("infected", counted.infected)):
        areas = np.array([row[figure] for row in slices])
        voxels = mask.sum(axis=(0, 1))[[row["index"] for row in slices]]
        assert np.corrcoef(areas, voxels)[0, 1] > 1 - 1e-9
        k_mm = done.loaded.volume.geometry.spacing_mm[0]
        assert areas.sum() * k_mm / 1000 == pytest.approx(counted.ml(mask), rel=1e-3)
    opacities = [one["voxels"] for one in document["lesions"] if one["label"] != Lesion.EFFUSION]
    assert 0 < sum(opacities) <= np.isin(counted.lesions, INFECTED).sum()
    with (done.out / "lesions.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["voxels"]) for row in rows] == [one["voxels"] for one in document["lesions"]]


def test_grade_is_the_bin_that_holds_the_percentage(done: Done) -> None:
    severity = done.document["severity"]
    assert severity["grade"] in dict(bins())
    upper = {"CT-1": 25, "CT-2": 50, "CT-3": 75, "CT-4": 100}
    share = severity["percentage_of_infection"]
    wanted = next(name for name, most in upper.items() if share <= most)
    assert severity["grade_qualifier"] == "at least" or severity["grade"] == wanted


# --- what must not change a figure


def severity_of(volume: Volume) -> Severity:
    return analyse("densitometry", volume, Verdict())[0].severity


def test_padding_changes_no_figure(demo: Done, tmp_path: Path) -> None:
    volume = demo.loaded.volume
    rows, columns = np.indices(volume.array.shape[1:])
    middle, radius = (np.array(rows.shape) - 1) / 2, (rows.shape[0] - 1) / 2
    outside = np.hypot(rows - middle[0], columns - middle[1]) > radius
    assert outside.mean() > 0.15
    padded = volume.array.copy()
    padded[:, outside] = -3024
    write_dicom(replace(volume, array=padded, padding_hu=-3024), tmp_path / "study")
    other = mirror.analysed(tmp_path / "study", tmp_path / "out")
    assert other.loaded.volume.array.min() == -3024
    assert figures(other.document) == figures(demo.document)


def figures(document: dict[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in ("severity", "manifestations", "lesions", "slices")}


def test_every_second_slice_moves_the_percentage_by_less_than_a_point_on_the_demo(demo: Done) -> None:
    _assert_thinned_moves_little(demo)


def test_every_second_slice_moves_the_percentage_by_less_than_a_point_on_a_real_chest(real: Done) -> None:
    _assert_thinned_moves_little(real)


def _assert_thinned_moves_little(done: Done) -> None:
    volume = done.loaded.volume
    whole = done.findings.severity.percentage_of_infection
    assert whole is not None
    affine = volume.geometry.affine.copy()
    affine[:3, 2] *= 2
    kept = np.ascontiguousarray(volume.array[::2])
    thinned = replace(volume, array=kept, geometry=replace(volume.geometry, shape=kept.shape, affine=affine))
    half = severity_of(thinned).percentage_of_infection
    assert half is not None
    assert abs(half - whole) < 1.0


_RANKS = ("CT-0", "CT-1", "CT-2", "CT-3", "CT-4")


def rank(severity: Severity) -> int:
    """The place of a grade among all; "at least" and "withheld" stand above every plain one."""
    if severity.qualifier == "withheld":
        return 2 * len(_RANKS)
    assert severity.grade is not None
    return _RANKS.index(severity.grade) + (len(_RANKS) if severity.qualifier else 0)


@pytest.mark.parametrize("from_below", [True, False], ids=["from the base", "from the apex"])
def test_whitening_a_lung_never_lowers_the_grade(demo: Done, from_below: bool) -> None:
    volume = demo.loaded.volume
    lung, _ = mirror.truth_at(
        volume.geometry.to_patient(np.stack(np.indices(volume.array.shape), axis=-1).reshape(-1, 3))
    )
    left = (lung == Lung.LEFT).reshape(volume.array.shape)
    heights = np.flatnonzero(left.any(axis=(1, 2)))
    before = rank(demo.findings.severity)
    ranks = [before]
    for share in (0.35, 0.7, 1.0):
        whitened = volume.array.copy()
        chosen = np.zeros_like(left)
        part = heights[: round(share * len(heights))] if from_below else heights[-round(share * len(heights)) :]
        chosen[part] = left[part]
        whitened[chosen] = 35
        ranks.append(rank(severity_of(replace(volume, array=whitened))))
    assert ranks == sorted(ranks), ranks
    assert ranks[-1] > before
