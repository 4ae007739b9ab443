"""One figure of records by name, with both intervals and how many it is of: what the tables of results are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inference.evaluation.counts import FIGURES, Counts
from inference.evaluation.figures import SENSITIVITY, by_patient, counts_as_slice
from inference.evaluation.intervals import Interval, bootstrap, normal_interval
from inference.evaluation.records import CUT_OFF, Record
from inference.evaluation.roc import curve
from inference.training.datasets.sample import is_of

DISEASED, CLASSES, PRESENT = "diseased slices", "classes", " present"
COVID_AGAINST_PNEUMONIA, NORMAL_AGAINST_PNEUMONIA = "COVID against other pneumonia", "normal against pneumonia"
ALL_SOURCES = "all sources"
_RESAMPLES = 300
_ONE_PIXEL = 1.0
"""A score is the number of pixels found plus the highest probability, so more than this is one pixel or more."""


@dataclass(frozen=True)
class Measured:
    """A figure; ``interval`` is a bootstrap over patients, ``equation_2`` paper 4's, None for what is no proportion."""

    interval: Interval
    equation_2: Interval | None
    patients: int
    pictures: int

    @property
    def value(self) -> float:
        """The figure itself."""
        return self.interval.value


@dataclass(frozen=True)
class Decision:
    """One picture told apart: who it is of, the score, the answer at the stated cut-off, and the truth."""

    patient: str
    score: float
    said: bool
    true: bool


def of_set(found: Sequence[Record], name: str) -> list[Record]:
    """The records of a data set or of a source; all of them for :data:`ALL_SOURCES`."""
    return [one for one in found if name in (ALL_SOURCES, one.set, one.source)]


def measure(found: Sequence[Record], what: str, name: str) -> Measured | None:
    """The figure ``name`` of ``what``; None where no record tells, or the figure has no value.

    ``what`` is a map label, :data:`DISEASED`, ``<finding> present``, a class, :data:`CLASSES`, or one of the two
    questions about X-rays. ``name`` is a figure of :class:`Counts`, ``mean_dice``, ``median_dice``, ``e_measure`` or
    ``hd95`` of maps, and a figure of :class:`Counts`, ``auc``, ``specificity_at_95`` or ``youden`` of decisions.
    """
    marked = [one for one in found if what in one.counts]
    if marked:
        return _of_maps(marked, what, name)
    if what == CLASSES:
        return _of_classes(found)
    return _of_decisions(decisions(found, what), name)


def decisions(found: Sequence[Record], what: str) -> list[Decision]:
    """What was decided about each picture that knows the answer; scores cut as the papers cut them."""
    if what == DISEASED:
        return [
            Decision(one.patient, one.lesion_score, one.lesion_score > _ONE_PIXEL, bool(one.lesion_pixels))
            for one in found if one.lesion_score is not None and counts_as_slice(one)
        ]  # fmt: skip
    if what.endswith(PRESENT):
        name = what.removesuffix(PRESENT)
        return [
            _decided(one, one.findings[name], one.present[name]) for one in found if name in one.present
        ]  # fmt: skip
    if what == NORMAL_AGAINST_PNEUMONIA:
        return [
            _decided(one, 1.0 - one.classes["normal"], one.label != "normal") for one in found
            if "normal" in one.classes and (one.label == "normal" or is_of(one.label, "pneumonia"))
        ]  # fmt: skip
    positive = what
    if what == COVID_AGAINST_PNEUMONIA:
        positive, found = "covid", [one for one in found if one.label == "covid" or is_of(one.label, "pneumonia")]
    return [
        _decided(one, one.classes[positive], is_of(one.label, positive)) for one in found
        if positive in one.classes and one.label is not None
    ]  # fmt: skip


def with_lung_shares(found: Sequence[Record], lungs: Sequence[Record]) -> list[Record]:
    """The records, those without a share of lung with what another network found in the same picture."""
    known = {(one.set, one.item): one.lung_share for one in lungs}
    return [
        replace(one, lung_share=known.get((one.set, one.item))) if one.lung_share is None else one for one in found
    ]  # fmt: skip


def _decided(one: Record, score: float, true: bool) -> Decision:
    return Decision(one.patient, score, score > CUT_OFF, true)


def _of_maps(found: list[Record], label: str, name: str) -> Measured | None:
    groups = by_patient(found)
    sums = {who: sum((Counts(*one.counts[label]) for one in ones), Counts()) for who, ones in groups.items()}
    interval: Interval | None
    if name in FIGURES:
        interval = bootstrap(list(sums.values()), lambda drawn: _figure(sum(drawn, Counts()), name))
    elif name in {"mean_dice", "median_dice"}:
        each = [one.dice for one in sums.values() if one.dice is not None]
        middle: Callable[[list[float]], float] = np.mean if name == "mean_dice" else np.median
        interval = bootstrap(each, lambda drawn: float(middle(drawn))) if each else None
    elif name in {"e_measure", "hd95"}:
        values = [[_shape(one, label, name) for one in ones] for ones in groups.values()]
        interval = bootstrap([[value for value in ones if value is not None] for ones in values], _mean_of_all)
    else:  # a figure of decisions, such as the area under a curve, says nothing of a map
        return None
    if interval is None:
        return None
    plain = None if name in {"hd95", "mcc", "mean_dice", "median_dice"} else normal_interval(interval.value, len(found))
    return Measured(interval, plain, len(groups), len(found))


def _of_classes(found: Sequence[Record]) -> Measured | None:
    """The share of pictures whose likeliest class is right, of those whose class the network names."""
    chosen = [one for one in found if any(is_of(one.label, name) for name in one.classes)]
    groups: dict[str, list[bool]] = {}
    for one in chosen:
        likeliest = max(one.classes.items(), key=lambda said: said[1])[0]
        groups.setdefault(one.patient, []).append(is_of(one.label, likeliest))
    interval = bootstrap(list(groups.values()), _mean_of_all)
    if interval is None:
        return None
    return Measured(interval, normal_interval(interval.value, len(chosen)), len(groups), len(chosen))


def _of_decisions(found: list[Decision], name: str) -> Measured | None:
    if len({one.true for one in found}) < 2:
        return None
    groups: dict[str, list[Decision]] = {}
    for one in found:
        groups.setdefault(one.patient, []).append(one)

    def figure(drawn: list[list[Decision]]) -> float | None:
        flat = [one for ones in drawn for one in ones]
        if name in FIGURES:
            return _figure(Counts.of(np.array([d.said for d in flat]), np.array([d.true for d in flat])), name)
        made = curve([d.score for d in flat], [d.true for d in flat])
        if made is None:
            return None
        return {"auc": made.area, "specificity_at_95": made.specificity_at(SENSITIVITY)}[name]

    interval = bootstrap(list(groups.values()), figure, _RESAMPLES)
    if interval is None:
        return None
    share = {"sensitivity": True, "specificity": False, "specificity_at_95": False}.get(name)
    count = len(found) if share is None else sum(one.true == share for one in found)
    plain = None if name in {"mcc", "auc"} else normal_interval(interval.value, count)
    return Measured(interval, plain, len(groups), len(found))


def _figure(counts: Counts, name: str) -> float | None:
    value: float | None = getattr(counts, name)
    return value


def _shape(one: Record, label: str, name: str) -> float | None:
    return one.alignment[label] if name == "e_measure" else one.distance[label]


def _mean_of_all(drawn: Sequence[Sequence[float]]) -> float | None:
    flat = [value for values in drawn for value in values]
    return float(np.mean(flat)) if flat else None
