"""Figures against hand counts and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from inference.evaluation.counts import Counts
from inference.evaluation.intervals import bootstrap, normal_interval, paired_difference
from inference.evaluation.roc import auc, curve
from inference.evaluation.shapes import e_measure, hausdorff95

# 10 pixels: said 5, true 4, both 3
HAND = Counts(tp=3, fp=2, fn=1, tn=4)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dice", 6 / 9), ("iou", 3 / 6), ("mean_iou", (3 / 6 + 4 / 7) / 2), ("accuracy", 7 / 10),
        ("sensitivity", 3 / 4), ("specificity", 4 / 6), ("precision", 3 / 5), ("f1", 2 * 0.6 * 0.75 / 1.35),
        ("mcc", (3 * 4 - 2 * 1) / math.sqrt(5 * 4 * 6 * 5)),
    ],
)  # fmt: skip
def test_figures_of_four_counts_are_those_counted_by_hand(name: str, value: float) -> None:
    assert getattr(HAND, name) == pytest.approx(value)
    assert HAND.figures()[name] == pytest.approx(value) and HAND.figures()["n"] == 10


def test_counts_of_masks_leave_out_what_does_not_count() -> None:
    said = np.array([[1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)
    true = np.array([[1, 1, 1, 0, 0], [1, 0, 0, 0, 0]], bool)
    assert Counts.of(said, true) == HAND
    counts = np.ones(said.shape, bool)
    counts[0, 0] = counts[1, 4] = False
    assert Counts.of(said, true, counts) == Counts(2, 2, 1, 3)
    assert HAND + Counts(1, 1, 1, 1) == Counts(4, 3, 2, 5)


def test_figure_without_a_denominator_is_none() -> None:
    nothing = Counts(0, 0, 0, 7)
    assert nothing.dice is None and nothing.iou is None and nothing.mean_iou is None and nothing.mcc is None
    assert nothing.sensitivity is None and nothing.precision is None
    assert nothing.accuracy == 1.0 and nothing.specificity == 1.0
    assert Counts().accuracy is None


def test_area_under_the_curve_is_that_of_mann_and_whitney_with_ties() -> None:
    rng = np.random.default_rng(0)
    scores, truth = rng.integers(0, 12, 80).astype(float), rng.random(80) > 0.6
    scores[truth] += 2
    u = stats.mannwhitneyu(scores[truth], scores[~truth]).statistic
    assert auc(scores, truth) == pytest.approx(u / (truth.sum() * (~truth).sum()))


def test_area_of_one_class_is_none() -> None:
    assert auc([0.1, 0.2], [True, True]) is None
    assert auc([], []) is None


def test_youdens_cut_off_is_the_one_that_separates_best() -> None:
    found = curve([0.9, 0.8, 0.7, 0.6, 0.3, 0.1], [True, True, False, True, False, False])
    assert found is not None
    cut, sensitivity, specificity = found.youden
    assert (cut, sensitivity, specificity) == (0.8, pytest.approx(2 / 3), 1.0)
    assert found.specificity_at(0.95) == pytest.approx(2 / 3)
    assert found.specificity_at(0.5) == 1.0
    assert found.cuts[0] == math.inf and found.sensitivity[0] == 0 and found.specificity[-1] == 0


def test_e_measure_of_equal_and_of_opposite_maps() -> None:
    true = np.zeros((4, 4), bool)
    true[:2] = True
    assert e_measure(true, true) == pytest.approx(1.0)
    assert e_measure(~true, true) == pytest.approx(0.0)


def test_e_measure_of_a_small_map_by_hand() -> None:
    said, true = np.array([[True, False], [False, False]]), np.array([[True, True], [False, False]])
    # from the means .25 and .5: aligned (.75, .5) and (-.25, +-.5)
    aligned = [2 * 0.75 * 0.5 / (0.75**2 + 0.25), -2 * 0.25 * 0.5 / (0.0625 + 0.25), *[2 * 0.25 * 0.5 / 0.3125] * 2]
    assert e_measure(said, true) == pytest.approx(np.mean([(1 + a) ** 2 / 4 for a in aligned]))


def test_e_measure_without_foreground_is_the_share_that_agrees() -> None:
    said = np.zeros((4, 5), bool)
    said[0, :3] = True
    assert e_measure(said, np.zeros((4, 5), bool)) == pytest.approx(17 / 20)
    assert e_measure(said, np.ones((4, 5), bool)) == pytest.approx(3 / 20)


def test_hausdorff_distance_is_that_of_all_pairs_of_surface_pixels() -> None:
    rng = np.random.default_rng(3)
    first, second = np.zeros((30, 40), bool), np.zeros((30, 40), bool)
    first[5:20, 6:18], second[9:26, 10:35] = True, True
    second[rng.integers(0, 30, 5), rng.integers(0, 40, 5)] = True
    spacing = (0.7, 1.3)

    def border(mask: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        padded = np.pad(mask, 1)
        inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
        return np.argwhere(mask & ~inner) * spacing

    pairs = cdist(border(first), border(second))
    expected = max(np.percentile(pairs.min(axis=1), 95), np.percentile(pairs.min(axis=0), 95))
    assert hausdorff95(first, second, spacing) == pytest.approx(expected)
    assert hausdorff95(second, first, spacing) == pytest.approx(expected)


def test_hausdorff_distance_has_no_value_where_one_mask_is_empty() -> None:
    mask, empty = np.eye(6, dtype=bool), np.zeros((6, 6), bool)
    assert hausdorff95(mask, empty) is None and hausdorff95(empty, mask) is None
    assert hausdorff95(empty, empty) == 0.0 and hausdorff95(mask, mask) == 0.0


def test_normal_interval_is_paper_4_equation_2() -> None:
    found = normal_interval(0.9413, 704)
    assert found.high - found.value == pytest.approx(1.96 * math.sqrt(0.9413 * 0.0587 / 704))
    assert normal_interval(0.99, 10).high == 1.0


def test_bootstrap_holds_the_value_and_narrows_with_more_patients() -> None:
    rng = np.random.default_rng(1)
    few, many = rng.normal(0.8, 0.1, 8).tolist(), rng.normal(0.8, 0.1, 200).tolist()
    first, second = (bootstrap(group, lambda drawn: float(np.mean(drawn))) for group in (few, many))
    assert first is not None and second is not None
    assert first.low < first.value < first.high and first.n == 8
    assert second.high - second.low < 0.4 * (first.high - first.low)
    assert first == bootstrap(few, lambda drawn: float(np.mean(drawn)))


def test_bootstrap_without_a_value_is_none_and_leaves_out_draws_without_one() -> None:
    assert bootstrap([1, 2], lambda drawn: None) is None
    found = bootstrap([0, 1], lambda drawn: float(sum(drawn)) if 1 in drawn else None)
    assert found is not None and found.low == 1.0


def test_paired_difference_is_of_patients_that_both_have() -> None:
    found = paired_difference({"a": 0.9, "b": 0.8, "c": 0.1}, {"a": 0.7, "b": 0.7, "d": 0.9})
    assert found is not None and found.value == pytest.approx(0.15) and found.n == 2
    assert paired_difference({"a": 1.0}, {"b": 1.0}) is None
