"""Complete chest CTs in Hounsfield units, through the same path as a user's study: per cent of lung infected per slice.

Over slices that hold lung, how well the percentage tells the slices that readers marked from the others (area under the
ROC curve, bootstrap over runs of ten neighbouring slices, which are alike); and where nothing is infected, how much is
found all the same.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.errors import SeriesError
from inference.evaluation.intervals import Interval, bootstrap
from inference.evaluation.roc import auc
from inference.findings import Findings
from inference.pipeline.events import Event
from inference.volume import VolumeGeometry

SMALL_APICAL = range(26, 39)
"""Slices of ``covid-P001``, from the head, that are marked for one small opacity only."""
_RUN = 10
_RESAMPLES = 2000
_FOLDER = "covid-ct-md"


@dataclass(frozen=True)
class Judged:
    """Figures of one case by name, and how many slices they are of."""

    case: str
    figures: dict[str, Interval]
    slices: int
    marked: int
    weights: tuple[str, ...]


def score(
    data: Path, case: str, system: str, *, config: str = "", device: str = "auto",
    emit: Callable[[Event], None] = lambda event: None,
) -> Judged:  # fmt: skip
    """Analyse ``covid-ct-md/<case>`` as ``groundglass analyse`` does, and compare with its table of slices.

    Raises SeriesError where the case is not there, and whatever reading and analysing raise.
    """
    from inference.io.open import load, scan
    from inference.pipeline.analyse import analyse

    folder = data / _FOLDER / case
    if not folder.is_dir():
        raise SeriesError(f"There is no case {case} in {_FOLDER} of the data folder.")
    study = scan(folder)
    loaded = load(study.series[study.proposed or 0], study=study)
    findings, _ = analyse(system, loaded.volume, loaded.verdict, device=device, config=config, emit=emit)
    table = folder.parent / f"{case}-slices.csv"
    labels = _labels(table) if table.is_file() else None
    names = tuple(one.name for one in findings.output.provenance.weights)
    return judged(case, findings, loaded.volume.geometry, labels, names)


def judged(
    case: str, findings: Findings, geometry: VolumeGeometry,
    labels: Sequence[tuple[int, float, bool]] | None, weights: tuple[str, ...] = (),
) -> Judged:  # fmt: skip
    """The figures of finished findings; ``labels`` are (number from the head, z in mm, infected), None without any."""
    percent = np.array([np.nan if one.percent is None else one.percent for one in findings.slices])
    holds = ~np.isnan(percent)
    figures = {"mean per cent of a slice": _alone(float(percent[holds].mean()) if holds.any() else 0.0)}
    whole = findings.severity.percentage_of_infection
    if whole is not None:
        figures["per cent of the lungs"] = _alone(whole)
    if labels is None or not any(infected for _, _, infected in labels):
        return Judged(case, figures, int(holds.sum()), 0, weights)
    height = geometry.to_patient([[one.index, 0, 0] for one in findings.slices])[:, 2]
    index = np.array([int(np.abs(height - z).argmin()) for _, z, _ in labels])
    number = np.array([n for n, _, _ in labels])
    truth = np.array([infected for _, _, infected in labels], bool)
    lung = holds[index]
    chosen = {"AUC over slices": lung}
    if case == "covid-P001":
        chosen["AUC over slices without 26-38"] = lung & ~np.isin(number, SMALL_APICAL)
    for name, keep in chosen.items():
        area = _area(percent[index][keep], truth[keep])
        if area is not None:
            figures[name] = area
    return Judged(case, figures, int(lung.sum()), int(truth[lung].sum()), weights)


def _area(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> Interval | None:
    runs = [np.arange(first, min(first + _RUN, len(scores))) for first in range(0, len(scores), _RUN)]

    def of(drawn: list[NDArray[np.int_]]) -> float | None:
        index = np.concatenate(drawn) if drawn else np.zeros(0, int)
        return auc(scores[index], truth[index])

    return bootstrap(runs, of, _RESAMPLES)


def _alone(value: float) -> Interval:
    return Interval(value, float("nan"), float("nan"), 1)


def _labels(table: Path) -> list[tuple[int, float, bool]]:
    with table.open(newline="", encoding="utf-8") as stream:
        return [
            (int(row["slice_from_head"]), float(row["position_z_mm"]), row["infected"] == "1")
            for row in csv.DictReader(stream)
        ]
