"""What a recogniser makes of whole scans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from inference.errors import WeightsMissing
from inference.evaluation.scans import COVID, OTHER, Scan, scan_table, scans
from inference.evaluation.sources import Where
from inference.training.datasets.sample import DataError
from inference.training.devices import Place
from inference.training.recipe_book import recipes


def _scan(patient: str, covid: bool, share: float) -> Scan:
    positive = round(100 * share)
    said = np.array([0.9] * positive + [0.2] * (100 - positive), np.float32)
    return Scan(patient, COVID if covid else OTHER, covid, said)


def test_few_positive_slices_of_many_make_no_positive_scan_unless_the_highest_alone_decide() -> None:
    found = scan_table([_scan("a", True, 0.8), _scan("b", True, 0.3), _scan("c", False, 0.1), _scan("d", False, 0.6)])
    assert [row["positive"] for row in found["rows"]] == [True, False, False, True]
    assert [row["positive_by_strongest"] for row in found["rows"]] == [True] * 4
    assert [row["share"] for row in found["rows"]] == pytest.approx([0.8, 0.3, 0.1, 0.6])
    assert "Sensitivity: by the median 1 of 2" in found["markdown"]
    assert "by the three highest 2 of 2" in found["markdown"]
    assert "Specificity: by the median 1 of 2" in found["markdown"] and "highest 0 of 2" in found["markdown"]
    assert "| c | plethora-effusion | cancer | 100 | 0.100 | 0.200 | negative | positive |" in found["markdown"]


def test_an_interval_of_all_right_is_no_certainty() -> None:
    text = scan_table([_scan(str(n), True, 0.9) for n in range(7)])["markdown"]
    assert "7 of 7 (95 % 0.65–1.00)" in text and "Specificity: by the median unknown" in text


def test_scans_without_lung_or_without_a_recogniser_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="no scan can be judged"):
        scan_table([])
    with pytest.raises(DataError, match="this system does not have"):
        where = Where(tmp_path, tmp_path, tmp_path, Place(torch.device("cpu")), print)
        scans(recipes("multitask", "compact"), where)
