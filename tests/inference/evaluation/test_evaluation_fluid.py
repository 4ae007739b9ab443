"""The table of effusion in whole CTs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from inference.errors import WeightsMissing
from inference.evaluation.fluid import Fluid, fluid, fluid_table
from inference.evaluation.sources import Where
from inference.training.datasets.sample import DataError
from inference.training.devices import Place


def _where(data: Path) -> Where:
    return Where(data, data / "cache", data / "runs", Place(torch.device("cpu")), lambda text: None)


def test_pooled_counts_every_patient_and_the_median_leaves_the_smallest_out() -> None:
    found = [
        Fluid("LUNG1-001", "consensus", 50, 100, 100, 0.01), Fluid("LUNG1-013", "consensus", 0, 0, 10, 0.01),
        Fluid("LUNG1-026", "consensus", 900, 1000, 1000, 0.01),
    ]  # fmt: skip
    made = fluid_table(found)
    assert "consensus: pooled Dice 0.860" in made["markdown"]  # 2 (50 + 900) / (200 + 10 + 2000)
    assert "median by patient without 013 0.700, n = 3" in made["markdown"]
    assert made["rows"][0]["consensus"] == {"dice": 0.5, "ml": 1.0}
    assert made["rows"][1]["drawn_ml"] == pytest.approx(0.1)


def test_nothing_drawn_and_nothing_marked_is_right() -> None:
    assert Fluid("a", "consensus", 0, 0, 0, 0.01).dice == 1.0
    assert Fluid("a", "consensus", 0, 5, 0, 0.01).dice == 0.0


def test_without_the_set_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="plethora-effusion"):
        fluid((), _where(tmp_path))


def test_a_fold_that_was_not_trained_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "plethora-effusion"
    folder.mkdir()
    (folder / "a_ct.nii.gz").touch()
    (tmp_path / "folds.csv").write_text("folder,item,patient,source,fold\nplethora-effusion,a,a,plethora-effusion,3\n")
    with pytest.raises(WeightsMissing, match="fold 3 left out; train it first"):
        fluid((), _where(tmp_path))
