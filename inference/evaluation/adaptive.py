"""Paper 2's adaptive threshold beside a trained head, on the same pictures, inside the lung that people drew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from inference.errors import WeightsMissing
from inference.evaluation.counts import Counts
from inference.evaluation.intervals import Interval, paired_difference
from inference.evaluation.records import Judge
from inference.evaluation.sources import Where, weights_of
from inference.evaluation.tables import number, table
from inference.systems.covid_mtnet.config import MtnetSettings
from inference.systems.covid_mtnet.postprocess import infection
from inference.training import checkpoints
from inference.training.batches import Pool, pool
from inference.training.data import FOLDS, packs
from inference.training.datasets.sample import DataError
from inference.training.judging import judge
from inference.training.planes import LESION, LUNG
from inference.training.recipes import Recipe

ByPatient = dict[str, Counts]
_PARTS = ("ct-lesions", "xray-lesions")
FITTED = 0.25
"""Robust deviations above the lung's median that came nearest to what is drawn on CT slices of the training patients
(of 0, 0.25, 0.5, 0.75, 1, 1.5, 2 and 3); it also marks much of a healthy lung, which the shipped rule leaves alone."""
_RULE = (
    "Inside the lung as drawn; pictures of patients whom the weights have not seen; films with disease and without. "
    f"The threshold as shipped spares healthy lung; the other, {FITTED:g} deviations above the lung's median, was "
    "fitted to the training patients. The difference is the trained head's to the fitted threshold."
)


def adaptive(recipes: Sequence[Recipe], where: Where) -> dict[str, Any]:
    """Dice of the threshold and of the trained head by part and source, and their paired difference by patient."""
    parts = [recipe for recipe in recipes if recipe.system == "covid-mtnet" and recipe.part in _PARTS]
    if not parts:
        raise DataError("The adaptive threshold is paper 2's; evaluate covid-mtnet --table adaptive.")
    rows: list[dict[str, Any]] = []
    for recipe in parts:
        for trained in _judges(recipe, where):
            rows += _rows(trained, _unseen(trained, where))
    if not rows:
        raise WeightsMissing("No lesion network of covid-mtnet has unseen pictures with lungs drawn; train it first.")
    head = ("part", "source", "threshold as shipped, pooled Dice", "threshold fitted", "trained head",
            "difference by patient", "95 % over patients", "patients, pictures")  # fmt: skip
    dices = ("as_shipped", "threshold", "trained")
    cells = [
        [row["part"], row["source"], *(number(row[name]) for name in dices), *_difference(row),
         f"{row['patients']}, {row['pictures']}"]
        for row in rows
    ]  # fmt: skip
    return {"rows": rows, "markdown": f"{table(head, cells)}\n\n{_RULE}"}


def _judges(recipe: Recipe, where: Where) -> list[Judge]:
    """The checkpoints of the folds there are, else the weights as they run; none where there are neither."""
    paths = [checkpoints.place(where.out, recipe, str(fold)) for fold in range(FOLDS)]
    found = [Judge.of(checkpoints.load(path), where.place) for path in paths if path.is_file()]
    try:
        return found or [weights_of(recipe, where)]
    except WeightsMissing as missing:
        where.note(str(missing))
        return []


def _unseen(trained: Judge, where: Where) -> Pool:
    """Pictures of patients left out that have both the lung and what is infected drawn."""
    whole = pool(packs(trained.recipe, where.data, where.cache), trained.recipe.uses)
    keep = [
        bool(whole.known(n)[[LUNG, LESION]].all()) and whole.row(n).patient not in trained.patients
        for n in range(len(whole))
    ]
    return whole.kept(np.array(keep, np.bool_))


def _rows(trained: Judge, source: Pool) -> list[dict[str, Any]]:
    by_source: dict[str, tuple[list[int], ByPatient, ByPatient, ByPatient]] = {}
    shipped = MtnetSettings.paper()
    fitted = replace(shipped, spread=FITTED)
    for one in judge(trained.heads, trained.predict, source):
        row, (image, planes) = source.row(one.number), source.picture(one.number)
        lung, truth = planes[LUNG] > 0, (planes[LESION] > 0) & (planes[LUNG] > 0)
        grey = image[0].astype(np.float32) / np.float32(255.0)
        strict, ruled = (infection(grey, lung, settings)[0] for settings in (shipped, fitted))
        said = np.asarray(one.probabilities[one.labels.index("lesion")] > 0.5) & lung
        pictures, *counted = by_source.setdefault(row.source, ([], {}, {}, {}))
        pictures.append(one.number)
        for mask, found in zip((strict, ruled, said), counted, strict=True):
            found[row.patient] = found.get(row.patient, Counts()) + Counts.of(mask, truth, lung)
    return [_row(trained, name, *counted) for name, counted in sorted(by_source.items())]


def _row(
    trained: Judge, source: str, pictures: list[int], strict: ByPatient, theirs: ByPatient, ours: ByPatient
) -> dict[str, Any]:
    """One source; patients without any infected pixel count in the pooled figures alone."""
    dice = [{who: one.dice for who, one in each.items() if one.tp + one.fn} for each in (ours, theirs)]
    known = [{who: value for who, value in each.items() if value is not None} for each in dice]
    difference = paired_difference(*known) or Interval(np.nan, np.nan, np.nan, 0)
    return {
        "part": trained.recipe.part,
        "source": source,
        "as_shipped": _pooled(strict),
        "threshold": _pooled(theirs),
        "trained": _pooled(ours),
        "difference": difference.value,
        "low": difference.low,
        "high": difference.high,
        "patients": difference.n,
        "pictures": len(pictures),
    }


def _difference(row: dict[str, Any]) -> tuple[str, str]:
    if not row["patients"]:
        return "–", "–"
    return f"{row['difference']:+.3f}", f"{row['low']:.3f} to {row['high']:.3f}"


def _pooled(counts: ByPatient) -> float | None:
    return sum(counts.values(), Counts()).dice
