"""The proposed series is the one a radiologist would open first, whatever stands beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inference.io.open import scan
from inference.io.study import SeriesInfo
from tests.helpers.phantoms import write_dicom
from tests.helpers.reading_cases import marked

GOOD: dict[str, Any] = {"ConvolutionKernel": "B31f", "SeriesNumber": 9}


def scored(folder: Path, number: int, tags: dict[str, Any], thickness: float = 2.5, slices: int = 22) -> None:
    uid = f"1.2.826.0.1.3680043.8.498.9.{number}"
    write_dicom(
        marked().volume,
        folder / str(number),
        series_uid=uid,
        thickness_mm=thickness,
        skip=range(slices, 22),
        tags={**GOOD, **tags},
    )


def proposed(folder: Path) -> SeriesInfo:
    study = scan(folder)
    assert study.proposed is not None
    return study.series[study.proposed]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"Modality": "MR"}, "MR, not CT"),
        ({"SeriesDescription": "Abdomen", "BodyPartExamined": "ABDOMEN"}, "not chest"),
        ({"ContrastBolusAgent": "Iomeprol"}, "contrast"),
        ({"SeriesDescription": "Chest arterial"}, "contrast"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MPR"]}, "reformatted"),
        ({"ImageType": ["DERIVED", "PRIMARY", "AXIAL"]}, "derived"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"ConvolutionKernel": "B90s"}, "edge kernel B90s"),
        ({"RescaleType": "US"}, ""),
    ],
)
def test_a_plain_thin_chest_wins(other: dict[str, Any], words: str, tmp_path: Path) -> None:
    scored(tmp_path, 1, {**other, "SeriesNumber": 1})
    scored(tmp_path, 2, {})
    best = proposed(tmp_path)
    assert best.uid.endswith(".2")
    losers = [info for info in scan(tmp_path).series if info.uid != best.uid]
    assert all(words in info.reason and info.score < best.score for info in losers)


def test_thin_wins_over_thick_and_a_stack_over_a_few_slices(tmp_path: Path) -> None:
    scored(tmp_path, 1, {}, thickness=5.0)
    scored(tmp_path, 2, {})
    scored(tmp_path, 3, {}, slices=6)
    assert proposed(tmp_path).uid.endswith(".2")
    reasons = {info.uid[-1]: info.reason for info in scan(tmp_path).series}
    assert "thick 5 mm" in reasons["1"] and "thin 2.5 mm" in reasons["2"] and "6 slices only" in reasons["3"]


def test_words_that_deny_contrast_do_not_count_as_contrast(tmp_path: Path) -> None:
    scored(tmp_path, 1, {"SeriesDescription": "Chest without contrast"})
    assert "contrast" not in proposed(tmp_path).reason


def test_a_lone_localizer_is_still_proposed_for_there_is_nothing_else(tmp_path: Path) -> None:
    scored(tmp_path, 1, {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, slices=1)
    assert proposed(tmp_path).is_localizer


@pytest.mark.parametrize(
    "changed",
    [
        {"FrameOfReferenceUID": "1.2.3.4"},
        {"ConvolutionKernel": "B41f"},
        {"StudyInstanceUID": "1.2.3.5"},
    ],
)
def test_kernels_are_not_linked_across_frames_studies_or_when_they_are_alike(
    changed: dict[str, Any], tmp_path: Path
) -> None:
    scored(tmp_path, 1, {})
    scored(tmp_path, 2, {"ConvolutionKernel": "B60f", **changed})
    assert all("same scan" not in info.reason for info in scan(tmp_path).series)


def test_kernels_are_not_linked_when_they_cover_other_parts_of_the_patient(tmp_path: Path) -> None:
    scored(tmp_path, 1, {}, slices=11)
    uid = "1.2.826.0.1.3680043.8.498.9.2"
    write_dicom(marked().volume, tmp_path / "2", series_uid=uid, skip=range(11), tags={"ConvolutionKernel": "B60f"})
    assert all("same scan" not in info.reason for info in scan(tmp_path).series)
