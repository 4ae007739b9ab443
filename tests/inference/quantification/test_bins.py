"""Grades and scores: every percentage from 0 to 100 by 0.01 in exactly one bin, edges as published."""

import re

import pytest

from inference.findings import DetectionFloor
from inference.quantification.definitions import AssessmentSettings, sentences
from inference.quantification.grades import GRADES, bins, grade, rank
from inference.quantification.scores import (
    LOBES,
    ct_severity_score,
    quarter_score,
    severity_score,
    total_severity_score,
)

HUNDREDTHS = range(10001)


def _grade_bins(n: int) -> list[int]:
    """Independent statement of the definition, in whole hundredths of a per cent."""
    edges = [(n < 50), (50 <= n <= 2500), (2500 < n <= 5000), (5000 < n <= 7500), (7500 < n <= 10000)]
    return [index for index, inside in enumerate(edges) if inside]


def test_every_percentage_falls_in_exactly_one_grade():
    for n in HUNDREDTHS:
        assert [GRADES.index(grade(n / 100, None))] == _grade_bins(n)
        assert [GRADES.index(grade(n / 100, 3.0))] == _grade_bins(n)


def test_every_percentage_falls_in_exactly_one_bin_of_the_severity_score_of_25():
    for n in HUNDREDTHS:
        edges = [n == 0, 0 < n < 500, 500 <= n <= 2500, 2500 < n <= 5000, 5000 < n <= 7500, n > 7500]
        assert [severity_score(n / 100)] == [index for index, inside in enumerate(edges) if inside]


def test_every_percentage_falls_in_exactly_one_bin_of_the_scores_of_20_and_24():
    for n in HUNDREDTHS:
        edges = [n == 0, 0 < n <= 2500, 2500 < n <= 5000, 5000 < n <= 7500, n > 7500]
        assert [quarter_score(n / 100)] == [index for index, inside in enumerate(edges) if inside]


@pytest.mark.parametrize("percentage", [0.5, 12.0, 100.0])
def test_grade_is_zero_under_three_millilitres_whatever_the_percentage(percentage):
    assert grade(percentage, 2.999) == "CT-0"
    assert grade(percentage, 3.0) != "CT-0"


def test_floor_can_be_set():
    settings = AssessmentSettings(detection_floor=DetectionFloor(2, 10))
    assert grade(1.99, 50, settings) == "CT-0"
    assert grade(40, 9.9, settings) == "CT-0"
    assert grade(2, 10, settings) == "CT-1"


def test_nothing_infected_is_zero_even_where_the_floor_is_nothing():
    none = AssessmentSettings(detection_floor=DetectionFloor(0, 0))
    assert grade(0, 0, none) == grade(0, None, none) == "CT-0"
    assert grade(0.01, 0.1, none) == "CT-1"


def test_at_least_and_withheld_rank_above_every_plain_grade():
    plain = [rank(name) for name in GRADES]
    assert plain == sorted(set(plain))
    assert rank("CT-0", "at least") > max(plain)
    assert rank(None, "withheld") > max(plain)
    assert rank(None) < min(plain)


def test_lobe_scores_add_the_five_lobes():
    shares = dict(zip(LOBES, (0.0, 4.99, 5.0, 50.01, 100.0), strict=True))
    assert ct_severity_score(shares) == 0 + 1 + 2 + 4 + 5
    assert total_severity_score(shares) == 0 + 1 + 1 + 3 + 4
    assert ct_severity_score(dict.fromkeys(LOBES, 100.0)) == 25
    assert total_severity_score(dict.fromkeys(LOBES, 100.0)) == 20


def test_a_lobe_without_lung_leaves_no_score():
    shares = {**dict.fromkeys(LOBES, 10.0), "left lower": None}
    assert ct_severity_score(shares) is None
    assert total_severity_score(dict.fromkeys(LOBES[:4], 10.0)) is None


def test_printed_bins_and_sentences_state_the_floor_in_use():
    settings = AssessmentSettings(detection_floor=DetectionFloor(1.5, 7))
    assert "1.5 %" in bins(settings.detection_floor)[0][1] and "7 ml" in bins(settings.detection_floor)[0][1]
    assert "1.5 %" in sentences(settings)["grade"]
    assert [name for name, _ in bins()] == list(GRADES)
    assert re.search(r"-200 HU", sentences()["pho"])
