"""The detection floor on the command line: it grades, it is printed wherever the grade is, and nonsense is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inference.cli import main
from tests.helpers.phantoms import Chest, chest, write_dicom
from tests.helpers.truth import Truth


@pytest.fixture(scope="module")
def case() -> Chest:
    return chest(disease="right", shape=(40, 72, 96), spacing_mm=(7.5, 4.2, 4.0))


@pytest.fixture(scope="module")
def study(case: Chest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("floor") / "ct"
    write_dicom(case.volume, folder)
    return folder


@pytest.fixture(autouse=True)
def truth(case: Chest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.pipeline.analyse.create", lambda name: Truth(case))


@pytest.mark.parametrize(
    ("options", "grade", "floor"),
    [
        ((), "CT-1", {"percent": 0.5, "ml": 3.0}),
        (("--floor-percent", "25"), "CT-0", {"percent": 25.0, "ml": 3.0}),
        (("--floor-ml", "900"), "CT-0", {"percent": 0.5, "ml": 900.0}),
    ],
)
def test_floor_grades_and_is_written_beside_the_grade(
    options: tuple[str, ...], grade: str, floor: dict[str, float], study: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert main(["analyse", str(study), "--out", str(tmp_path / "out"), "--system", "densitometry", *options]) == 0
    severity = json.loads((tmp_path / "out" / "findings.json").read_text("utf-8"))["severity"]
    words = f"under {floor['percent']:g} % or {floor['ml']:g} ml"
    assert severity["grade"] == grade
    assert severity["detection_floor"] == floor
    assert severity["grade_bins"]["CT-0"] == words
    rows = (tmp_path / "out" / "severity.csv").read_text("utf-8").splitlines()
    assert [float(row.split(",")[2]) for row in rows if row.startswith("Detection floor")] == list(floor.values())
    assert (f"detection floor set to {words}" in capsys.readouterr().out) == bool(options)


@pytest.mark.parametrize(
    ("option", "value"), [("--floor-percent", "25.1"), ("--floor-ml", "-1"), ("--floor-ml", "nan"), ("--floor-ml", "x")]
)
def test_floor_that_cannot_be_is_refused_in_one_line(
    option: str, value: str, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyse", str(study), "--out", str(tmp_path / "out"), option, value]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and option in said[0] and value in said[0]
    assert not (tmp_path / "out").exists()
