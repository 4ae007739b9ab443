"""Tables by command: those that the papers print, with our weights, and what whole scans are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import WeightsMissing
from inference.evaluation import figures
from inference.evaluation.adaptive import adaptive
from inference.evaluation.counts import Counts
from inference.evaluation.fluid import fluid
from inference.evaluation.intervals import normal_interval
from inference.evaluation.scans import scans
from inference.evaluation.sources import Where, part_records, weights_of
from inference.evaluation.tables import number, table
from inference.models.outputs import MASK, RECOGNITION
from inference.quantification.grades import GRADES, grade
from inference.training.batches import DEVIATION, MEAN
from inference.training.datasets.catalogue import ADAPTERS
from inference.training.datasets.files import nifti_shape, nifti_slice
from inference.training.datasets.public_volumes import CovidCtMd, graded
from inference.training.datasets.sample import DataError, Reader
from inference.training.judging import Predict
from inference.training.recipes import Recipe
from inference.transforms.rendering import Kind, render

THRESHOLDS = (15, 20, 25, 30, 35)
"""Paper 5's table IV, whose cases had 250 to 400 thin slices."""
PER_SLICES = 300
"""Counts of positive slices are scaled to this many, so that thick slices are judged alike."""
_BATCH = 8
_ABLATION = (
    "Lesions over all sets that have them drawn. The paper's Dice: all tasks 0.880, segmentation with one other task "
    "0.803 and 0.793."
)
_MOSMED_SOURCES = {"mosmed", "img", "mosmeddata"}


def ablation(recipes: Sequence[Recipe], where: Where) -> dict[str, Any]:
    """Paper 3's table 2: each set of tasks that was trained, on the folds left out; the others are named."""
    out: list[dict[str, Any]] = []
    absent: list[str] = []
    for recipe in recipes:
        if "tasks" not in recipe.settings:
            raise DataError("The ablation is of the multitask system; evaluate multitask --table ablation.")
        try:
            found = part_records(recipe, where, None)
        except WeightsMissing:
            absent.append(" + ".join(recipe.settings["tasks"]))
            continue
        lesion = figures.segmentation(found, "lesion")
        covid = figures.recognition(found, "covid")
        out.append({"tasks": recipe.settings["tasks"], "segmentation": lesion, "recognition": covid})
    if not out:
        raise WeightsMissing("No set of tasks was trained; train multitask first.")
    head = ("tasks", "Dice", "accuracy", "sensitivity", "specificity", "AUC, all sources")
    names = ("dice", "accuracy", "sensitivity", "specificity")
    cells = [
        [" + ".join(row["tasks"]), *(number(row["segmentation"].get("pooled", {}).get(name)) for name in names),
         number((row["recognition"].get("auc") or {}).get("value"))]
        for row in out
    ]  # fmt: skip
    lines = [*cells, *([tasks, "not trained", *["–"] * (len(head) - 2)] for tasks in absent)]
    return {"rows": out, "not_trained": absent, "markdown": f"{table(head, lines)}\n\n{_ABLATION}"}


def threshold(recipes: Sequence[Recipe], where: Where) -> dict[str, Any]:
    """Paper 5's table IV: volumes called COVID-19 when more than so many slices in 300 are positive."""
    adapter = CovidCtMd()
    folder = adapter.find(where.data)
    if folder is None:
        raise DataError(f"{where.data} holds no volumes with a diagnosis (COVID-CT-MD), which the thresholds need.")
    predict, size, labels = _trained(recipes, "recogniser", where)
    scaled, truth = [], []
    for _patient, diagnosis, slices in adapter.subjects(folder):
        covid = _said(predict, slices, size, RECOGNITION)[:, labels.index("covid")]
        scaled.append(float((covid > 0.5).mean()) * PER_SLICES)
        truth.append(diagnosis == "covid")
    return threshold_table(scaled, truth)


def threshold_table(scaled: Sequence[float], covid: Sequence[bool]) -> dict[str, Any]:
    """Rows of sensitivity and specificity for positive slices in 300 against the diagnosis."""
    counts = {cut: Counts.of(np.array(scaled) > cut, np.array(covid, bool)) for cut in THRESHOLDS}
    cells = [[str(cut), number(one.sensitivity), number(one.specificity)] for cut, one in counts.items()]
    rule = f"positive where positive slices / slices x {PER_SLICES} > threshold; n = {len(covid)}"
    text = table(("threshold", "sensitivity", "specificity"), cells)
    rows = [{"threshold": cut, **one.figures()} for cut, one in counts.items()]
    return {"rule": rule, "rows": rows, "markdown": f"{text}\n\n{rule}."}


def mosmed(recipes: Sequence[Recipe], where: Where) -> dict[str, Any]:
    """Paper 4's figure 8 and table 8: the percentage of infection against the radiologists' grades."""
    folder = ADAPTERS["mosmeddata"].find(where.data)
    if folder is None:
        raise DataError(f"{where.data} holds no MosMedData, whose grades this table is of.")
    for part in ("lungs", "lesions"):
        seen = set(weights_of(_part(recipes, part), where).sources) & _MOSMED_SOURCES
        if seen:
            raise DataError(f"The {part} network has seen {', '.join(sorted(seen))}; it gives no grades of MosMed.")
    lungs, size, _ = _trained(recipes, "lungs", where)
    lesions, _, _ = _trained(recipes, "lesions", where)
    said, truth = [], []
    for study, known in graded(folder):
        said.append(grade(percentage(lungs, lesions, _slices(study), size), None))
        truth.append(known)
    return grade_table(said, truth)


def percentage(lungs: Predict, lesions: Predict, slices: Sequence[Reader], size: int) -> float:
    """Infected per cent of the lung over a volume, cascaded: the second network sees the lung that the first finds."""
    inside = _said(lungs, slices, size, MASK)[:, -1] > 0.5
    found = _said(lesions, slices, size, MASK, inside)[:, -1] > 0.5
    lung = int(inside.sum())
    return 100.0 * int((found & inside).sum()) / lung if lung else 0.0


def grade_table(said: Sequence[str], known: Sequence[int]) -> dict[str, Any]:
    """The confusion of grades, and each grade's figures with paper 4's intervals."""
    confusion = np.zeros((len(GRADES), len(GRADES)), int)
    for answer, truth in zip(said, known, strict=True):
        confusion[truth, GRADES.index(answer)] += 1
    total, rows = int(confusion.sum()), []
    for n, name in enumerate(GRADES):
        tp = int(confusion[n, n])
        fp, fn = int(confusion[:, n].sum()) - tp, int(confusion[n].sum()) - tp
        rows.append({"grade": name, **Counts(tp, fp, fn, total - tp - fp - fn).figures()})
    right = normal_interval(float(np.trace(confusion)) / total, total) if total else None
    cells = [[name, *(str(count) for count in line)] for name, line in zip(GRADES, confusion, strict=True)]
    names = ("accuracy", "precision", "sensitivity", "f1", "specificity")
    each = [[row["grade"], *(number(row[name]) for name in names)] for row in rows]
    text = f"{table(('truth below, answer right', *GRADES), cells)}\n\n{table(('grade', *names), each)}"
    return {"confusion": confusion.tolist(), "rows": rows, "accuracy": right.value if right else None, "markdown": text}


TABLES: dict[str, Callable[[Sequence[Recipe], Where], dict[str, Any]]] = {
    "ablation": ablation, "threshold": threshold, "mosmed": mosmed, "adaptive": adaptive, "scans": scans,
    "effusion": fluid,
}  # fmt: skip


def _part(recipes: Sequence[Recipe], part: str) -> Recipe:
    for recipe in recipes:
        if recipe.part == part:
            return recipe
    raise DataError(f"This table is of a system with a part {part}, which {recipes[0].system} does not have.")


def _trained(recipes: Sequence[Recipe], part: str, where: Where) -> tuple[Predict, int, tuple[str, ...]]:
    trained = weights_of(_part(recipes, part), where)
    classes = next((head.labels for head in trained.heads if head.name == RECOGNITION), ())
    return trained.predict, trained.recipe.size, classes


def _slices(study: Path) -> list[Reader]:
    return [nifti_slice(study, k) for k in range(nifti_shape(study)[2])]


def _said(
    predict: Predict, slices: Iterable[Reader], size: int, head: str, inside: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:  # fmt: skip
    """A head's probabilities for the slices of a volume in Hounsfield units, black outside ``inside``."""
    import torch

    images = np.stack([render(read(), Kind.HU, size) for read in slices])
    if inside is not None:
        images = images * inside
    grey = (images[:, None].astype(np.float32) / 255.0 - MEAN) / DEVIATION
    parts = [
        predict(torch.from_numpy(grey[n : n + _BATCH]))[head].float().cpu().numpy() for n in range(0, len(grey), _BATCH)
    ]
    return np.concatenate(parts)
