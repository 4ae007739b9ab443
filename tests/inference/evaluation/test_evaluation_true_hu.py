"""Complete CTs against their tables of slices, and the log of what was scored."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from inference.errors import InferenceError, SeriesError
from inference.evaluation import scored
from inference.evaluation.scored import Scored, ScoredAlready
from inference.evaluation.true_hu import judged, score
from inference.volume import VolumeGeometry

COUNT = 60


def _findings(percent: list[float | None]) -> Any:
    slices = [SimpleNamespace(index=k, percent=value) for k, value in enumerate(percent)]
    severity = SimpleNamespace(percentage_of_infection=3.5)
    return cast("Any", SimpleNamespace(slices=slices, severity=severity))


def _geometry() -> VolumeGeometry:
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    affine[2, 3] = -300.0
    return VolumeGeometry((COUNT, 4, 4), affine)


def _labels(infected: set[int]) -> list[tuple[int, float, bool]]:
    """From the head down, while the volume runs from the feet up."""
    return [(n, -300.0 + 2.0 * (COUNT - 1 - n), COUNT - 1 - n in infected) for n in range(COUNT)]


def test_slices_are_matched_by_their_place_and_those_without_lung_left_out() -> None:
    ill = set(range(5, 25))
    percent: list[float | None] = [10.0 + k if k in ill else 0.1 for k in range(COUNT)]
    percent[0], percent[24], percent[30] = None, 0.05, 50.0
    found = judged("cap-001", _findings(percent), _geometry(), _labels(ill))
    area = found.figures["AUC over slices"]
    right = 19 * 38  # one marked slice lies under every unmarked one, one unmarked slice over every marked one
    assert area.value == pytest.approx(right / (20 * 39))
    assert area.low < area.value < area.high
    assert (found.slices, found.marked) == (59, 20)
    assert found.figures["per cent of the lungs"].value == 3.5 and "without" not in " ".join(found.figures)


def test_first_case_is_judged_without_the_small_apical_opacity_too() -> None:
    ill = {COUNT - 1 - n for n in (*range(26, 39), *range(45, 55))}
    percent: list[float | None] = [5.0 if k in {COUNT - 1 - n for n in range(45, 55)} else 0.0 for k in range(COUNT)]
    found = judged("covid-P001", _findings(percent), _geometry(), _labels(ill))
    assert found.figures["AUC over slices without 26-38"].value == 1.0
    assert found.figures["AUC over slices"].value == pytest.approx((10 + 13 / 2) / 23)


def test_case_without_labels_has_the_mean_over_slices_that_hold_lung() -> None:
    percent: list[float | None] = [None] * 20 + [0.0] * 30 + [2.0] * 10
    found = judged("normal-001", _findings(percent), _geometry(), None)
    assert found.figures["mean per cent of a slice"].value == pytest.approx(0.5)
    assert math.isnan(found.figures["mean per cent of a slice"].low) and found.slices == 40
    assert "AUC over slices" not in found.figures


def test_case_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SeriesError, match="no case cap-001"):
        score(tmp_path, "cap-001", "consensus")


def _line(**changes: str) -> Scored:
    values = {"release": "1.0", "date": "2026-01-01", "case": "normal-001", "system": "consensus", "figure": "x",
              "value": "0.3", "low": "", "high": "", "command": "c, with a comma"}  # fmt: skip
    return Scored(**{**values, **changes})


def test_log_keeps_what_was_in_it(tmp_path: Path) -> None:
    log = tmp_path / "docs" / "scored.csv"
    scored.append(log, [_line()])
    scored.append(log, [_line(value="0.2", note="again")])
    assert scored.read(log) == [_line(), _line(value="0.2", note="again")]
    assert scored.read(tmp_path / "none.csv") == []
    log.write_text("a,b\n1,2\n")
    with pytest.raises(InferenceError, match="no log"):
        scored.read(log)


def test_test_case_is_scored_once_for_each_release_and_system(tmp_path: Path) -> None:
    log = tmp_path / "scored.csv"
    scored.append(log, [_line(), _line(case="cap-001")])
    with pytest.raises(ScoredAlready, match="normal-001"):
        scored.refuse_again(log, "1.0", ["normal-001"], "consensus")
    scored.refuse_again(log, "1.0", ["cap-001", "covid-P001"], "consensus")
    scored.refuse_again(log, "1.1", ["normal-001"], "consensus")
    scored.refuse_again(log, "1.0", ["normal-001"], "jcs")


def test_log_of_the_repository_can_be_read() -> None:
    lines = scored.read(Path(__file__).resolve().parents[3] / "docs" / "scored.csv")
    assert any(one.system == "densitometry" and one.case == "covid-P001" and one.value == "0.907" for one in lines)
