"""Figures in the papers' own form, made of records: pooled, by patient, with intervals, and by source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.evaluation.counts import Counts
from inference.evaluation.intervals import Interval, bootstrap, normal_interval
from inference.evaluation.records import Record
from inference.evaluation.roc import curve
from inference.training.datasets.sample import is_of

DISEASED_FROM = 20
"""A slice of the stacks is diseased from so many pixels of lesion on (at 128 px); one with fewer is left out."""
LUNG_FROM = 0.01
"""A disease-free slice counts where the lung model finds more lung than this share of the picture."""
SENSITIVITY = 0.95


def segmentation(found: Sequence[Record], label: str) -> dict[str, Any]:
    """Figures of one map label over pictures that have it: pooled over pixels, and by patient."""
    patients = by_patient(one for one in found if label in one.counts)
    if not patients:
        return {}
    counts = {patient: _sum(ones, label) for patient, ones in patients.items()}
    pooled = sum(counts.values(), Counts())
    dice = {patient: one.dice for patient, one in counts.items()}
    known = {patient: value for patient, value in dice.items() if value is not None}
    everything = [one for ones in patients.values() for one in ones]
    distances = [one.distance[label] for one in everything]
    measured = [value for value in distances if value is not None]
    return {
        "pooled": pooled.figures(),
        "pooled_dice": _plain(bootstrap(list(counts.values()), lambda drawn: sum(drawn, Counts()).dice)),
        "mean_dice": _plain(bootstrap(list(known.values()), _mean)),
        "median_dice": float(np.median(list(known.values()))) if known else None,
        "dice_by_patient": dice,
        "dice_equation_2": _equation2(pooled.dice, len(everything)),
        "e_measure": _mean([one.alignment[label] for one in everything]),
        "hd95": _mean(measured), "hd95_unit": everything[0].unit, "hd95_undefined": len(distances) - len(measured),
        "patients": len(patients), "pictures": len(everything),
    }  # fmt: skip


def slices(found: Sequence[Record]) -> dict[str, Any]:
    """Detection of diseased slices by the lesion found in them (paper 4: positive from one pixel on)."""
    chosen = [one for one in found if one.lesion_score is not None and counts_as_slice(one)]
    scores = [one.lesion_score or 0.0 for one in chosen]
    truth = [bool(one.lesion_pixels) for one in chosen]
    found_curve = curve(scores, truth)
    if found_curve is None:
        return {}
    one_pixel = Counts.of(np.array(scores) > 1.0, np.array(truth))
    cut, sensitivity, specificity = found_curve.youden
    return {
        "auc": _grouped_auc(chosen, lambda one: one.lesion_score or 0.0, lambda one: bool(one.lesion_pixels)),
        "specificity_at_95": found_curve.specificity_at(SENSITIVITY),
        "youden": {"cut_off": cut, "sensitivity": sensitivity, "specificity": specificity},
        "from_one_pixel": one_pixel.figures(), "slices": len(chosen), "diseased": sum(truth),
    }  # fmt: skip


def recognition(found: Sequence[Record], positive: str) -> dict[str, Any]:
    """Recognition of one class against the rest within one source (or whatever the records are of)."""
    chosen = [one for one in found if positive in one.classes and one.label is not None]
    scores = [one.classes[positive] for one in chosen]
    truth = [is_of(one.label, positive) for one in chosen]
    found_curve = curve(scores, truth)
    if found_curve is None:
        return {}
    cut, sensitivity, specificity = found_curve.youden
    return {
        "auc": _grouped_auc(chosen, lambda one: one.classes[positive], lambda one: is_of(one.label, positive)),
        "at_half": Counts.of(np.array(scores) > 0.5, np.array(truth)).figures(),
        "youden": {"cut_off": cut, "sensitivity": sensitivity, "specificity": specificity},
        "roc": _thinned(found_curve.sensitivity, found_curve.specificity),
        "pictures": len(chosen), "positive": sum(truth), "groups": len({one.patient for one in chosen}),
    }  # fmt: skip


def confusion(found: Sequence[Record]) -> dict[str, Any]:
    """Truth by answer for all classes of a recogniser."""
    names = tuple(dict.fromkeys(name for one in found for name in one.classes))
    table = np.zeros((len(names), len(names)), int)
    for one in found:
        true = [n for n, name in enumerate(names) if is_of(one.label, name)]
        if one.classes and true:
            table[true[0], int(np.argmax([one.classes[name] for name in names]))] += 1
    right, total = int(np.trace(table)), int(table.sum())
    if not total:
        return {}
    return {"classes": names, "table": table.tolist(), "accuracy": _equation2(right / total, total)}


def manifestations(found: Sequence[Record]) -> dict[str, Any]:
    """For each finding, how well its probability tells pictures with it from those without."""
    return {
        name: _finding([one for one in found if name in one.present], name)
        for name in dict.fromkeys(name for one in found for name in one.present)
    }


def _finding(chosen: Sequence[Record], name: str) -> dict[str, Any]:
    said = np.array([one.findings[name] > 0.5 for one in chosen])
    true = np.array([one.present[name] for one in chosen])
    return {
        "auc": _grouped_auc(chosen, lambda one: one.findings[name], lambda one: one.present[name]),
        "at_half": Counts.of(said, true).figures(), "pictures": len(chosen),
    }  # fmt: skip


def by_patient(found: Iterable[Record]) -> dict[str, list[Record]]:
    """Records by patient, patients sorted."""
    out: dict[str, list[Record]] = {}
    for one in found:
        out.setdefault(one.patient, []).append(one)
    return dict(sorted(out.items()))


def counts_as_slice(one: Record) -> bool:
    """Whether a slice of the stacks is diseased enough, or free of disease and shows lung."""
    if one.lesion_pixels is None or 0 < one.lesion_pixels < DISEASED_FROM:
        return False
    return one.lesion_pixels > 0 or one.lung_share is None or one.lung_share > LUNG_FROM


def _sum(ones: list[Record], label: str) -> Counts:
    return sum((Counts(*one.counts[label]) for one in ones), Counts())


def _grouped_auc(
    found: Sequence[Record], score: Callable[[Record], float], positive: Callable[[Record], bool]
) -> dict[str, float] | None:
    """Area under the curve with an interval over patients, or what stands for them."""
    groups = [[(score(one), positive(one)) for one in ones] for ones in by_patient(found).values()]

    def area(drawn: list[list[tuple[float, bool]]]) -> float | None:
        flat = [both for group in drawn for both in group]
        made = curve([both[0] for both in flat], [both[1] for both in flat])
        return made.area if made else None

    return _plain(bootstrap(groups, area, resamples=300))


def _plain(interval: Interval | None) -> dict[str, float] | None:
    return asdict(interval) if interval else None


def _equation2(value: float | None, n: int) -> dict[str, float] | None:
    return None if value is None else asdict(normal_interval(value, n))


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _thinned(
    sensitivity: NDArray[np.float64], specificity: NDArray[np.float64], points: int = 50
) -> list[list[float]]:  # fmt: skip
    keep = np.unique(np.linspace(0, len(sensitivity) - 1, points).astype(int))
    return [[round(float(1 - specificity[n]), 4), round(float(sensitivity[n]), 4)] for n in keep]
