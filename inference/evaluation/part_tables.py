"""The table of one part: ours, how many, how sure, the paper's own figure, and why they differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from inference.evaluation import published
from inference.evaluation.aims import SMALLEST_EFFUSION, drawn_film
from inference.evaluation.counts import Counts
from inference.evaluation.figures import by_patient
from inference.evaluation.intervals import Interval
from inference.evaluation.measures import (
    ALL_SOURCES,
    CLASSES,
    COVID_AGAINST_PNEUMONIA,
    DISEASED,
    NORMAL_AGAINST_PNEUMONIA,
    PRESENT,
    Measured,
    decisions,
    measure,
    of_set,
)
from inference.evaluation.records import Record
from inference.evaluation.roc import curve
from inference.evaluation.tables import number, table

HEAD = ("what", "on", "figure", "ours", "95 % over patients", "equation 2", "patients, pictures", "paper's own", "why")
NAMES = {
    "dice": "Dice, pooled", "mean_dice": "Dice, mean by patient", "median_dice": "Dice, median by patient",
    "iou": "IoU", "mean_iou": "mIoU", "auc": "AUC", "specificity_at_95": "specificity at sensitivity 0.95",
    "f1": "F1", "mcc": "MCC", "e_measure": "E-measure", "hd95": "HD95",
}  # fmt: skip
_MAPS = ("dice", "mean_dice")
_DECIDED = ("auc", "accuracy", "sensitivity", "specificity")
_BY_SOURCE = frozenset({"chest-xray-masks"})
"""Sets whose sources were drawn by different people, so that each has figures of its own too."""
_LISTED = 25
_QUESTIONS = {"ieee": COVID_AGAINST_PNEUMONIA, "guangzhou-children": NORMAL_AGAINST_PNEUMONIA}
_BETRAYING = "nor"
"""All of one class, lung cut out: left out of figures."""


def part_table(name: str, found: Sequence[Record]) -> str:
    """The main figures and those that the paper prints, as Markdown."""
    lines = []
    for place, what in asked(found):
        printed = {one.measure: one for one in published.of_part(name) if (one.set, one.what) == (place, what)}
        chosen = of_set(found, place)
        for figure in dict.fromkeys((*_usual(chosen, what), *printed)):
            ours = measure(chosen, what, figure)
            if ours is not None or figure in printed:
                lines.append([what, place, NAMES.get(figure, figure), *cells(ours), *_theirs(printed.get(figure))])
    return table(HEAD, lines) if lines else "No picture of a left-out patient tells anything."


def asked(found: Sequence[Record]) -> list[tuple[str, str]]:
    """(set or source, what) of everything that the records can answer, in a fixed order."""
    return list(dict.fromkeys((*_marked(found), *_recognised(found))))


def cells(ours: Measured | None) -> list[str]:
    """Ours, both intervals and how many."""
    if ours is None:
        return ["–"] * 4
    return [
        number(ours.value), between(ours.interval), between(ours.equation_2), f"{ours.patients}, {ours.pictures}",
    ]  # fmt: skip


def between(interval: Interval | None) -> str:
    """An interval, or a dash where there is none."""
    if interval is None or math.isnan(interval.low):
        return "–"
    return f"{interval.low:.3f}–{interval.high:.3f}"


def patients_line(found: Sequence[Record]) -> str:
    """Dice of every patient for each map label, where they are few; and what is found on pictures without any."""
    lines = []
    for place, label in dict.fromkeys(_marked(found)):
        marked = [one for one in of_set(found, place) if label in one.counts]
        groups = by_patient(marked)
        if not marked or place in _BY_SOURCE or len(groups) > _LISTED:
            continue
        each = [f"{who} {number(_dice(ones, label))}" for who, ones in groups.items()]
        also = " (013 is listed, not counted in the aim)" if SMALLEST_EFFUSION in groups else ""
        lines.append(f"- Dice of {label} on {place} by patient{also}: {', '.join(each)}")
    return "\n".join(lines)


def empty_films(found: Sequence[Record]) -> str:
    """The false area on films with nothing drawn, in per cent of the film."""
    empty = [one for one in of_set(found, "findings") if "lesion" in one.counts and not drawn_film(one)]
    if not empty:
        return ""
    each = [f"{100.0 * one.counts['lesion'][1] / sum(one.counts['lesion']):.2f} %" for one in empty]
    return f"- Films without infection, false area in per cent of the film: {', '.join(each)}"


def cut_offs(found: Sequence[Record]) -> str:
    """Youden's cut-offs with sensitivity and specificity there."""
    lines = []
    for place, what in asked(found):
        made = decisions(of_set(found, place), what) if _is_decision(found, what) else []
        drawn = curve([one.score for one in made], [one.true for one in made])
        if drawn is not None:
            cut, sensitivity, specificity = drawn.youden
            lines.append(
                f"- Youden's cut-off for {what} on {place}: {number(cut)} "
                f"(sensitivity {number(sensitivity)}, specificity {number(specificity)})"
            )
    return "\n".join(lines)


def by_source(found: Sequence[Record]) -> list[Record]:
    """The records, those of sets with several conventions under their source's name."""
    return [replace(one, set=one.source) if one.set in _BY_SOURCE else one for one in found]


def _marked(found: Sequence[Record]) -> Iterator[tuple[str, str]]:
    for one in found:
        for label in one.counts:
            yield one.set, label
            if one.set in _BY_SOURCE:
                yield one.source, label
        if one.lesion_pixels is not None and one.lesion_score is not None:
            yield one.set, DISEASED
        for finding in one.present:
            yield one.set, finding + PRESENT


def _recognised(found: Sequence[Record]) -> Iterator[tuple[str, str]]:
    named = [one for one in found if one.classes and one.label is not None and one.source != _BETRAYING]
    for one in named:
        if "covid" in one.classes and one.set != "chest-xray":
            yield one.source, "covid"
        if one.source in _QUESTIONS and _answers(one, _QUESTIONS[one.source]):
            yield one.source, _QUESTIONS[one.source]
        yield ALL_SOURCES, CLASSES


def _answers(one: Record, question: str) -> bool:
    return {COVID_AGAINST_PNEUMONIA: "covid", NORMAL_AGAINST_PNEUMONIA: "normal"}[question] in one.classes


def _is_decision(found: Sequence[Record], what: str) -> bool:
    return what != CLASSES and not any(what in one.counts for one in found)


def _usual(found: Sequence[Record], what: str) -> tuple[str, ...]:
    if any(what in one.counts for one in found):
        return _MAPS
    if what == CLASSES:
        return ("accuracy",)
    return (*_DECIDED, "specificity_at_95") if what == DISEASED else _DECIDED


def _theirs(one: published.Published | None) -> list[str]:
    return ["–", ""] if one is None else [f"{one.value:g} ({one.where})", one.differs]


def _dice(ones: list[Record], label: str) -> float | None:
    return sum((Counts(*one.counts[label]) for one in ones), Counts()).dice
