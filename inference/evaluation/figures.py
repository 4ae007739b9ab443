"""Figures of one network on packed pictures of patients that it did not train on."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from inference.evaluation.counts import Counts
from inference.training.batches import Pool
from inference.training.devices import Place
from inference.training.judging import judge, predictor, restored
from inference.training.recipes import Recipe

CUT_OFF = 0.5


def left_out_figures(recipe: Recipe, weights: dict[str, Tensor], source: Pool, place: Place) -> dict[str, Any]:
    """Per data set and label: figures pooled over pixels, Dice by patient and its mean."""
    network = restored(recipe, weights, place)
    counted: dict[tuple[str, str], dict[str, Counts]] = {}
    for one in judge(network, predictor(network, place), source):
        row, name = source.row(one.number), source.packs[source.where[one.number, 0]].name
        for n, label in enumerate(one.labels):
            if one.known[n]:
                patients = counted.setdefault((name, label), {})
                counts = Counts.of(one.probabilities[n] > CUT_OFF, one.truth[n], one.weight[n])
                patients[row.patient] = patients.get(row.patient, Counts()) + counts
    return {f"{name}/{label}": _summary(patients) for (name, label), patients in sorted(counted.items())}


def _summary(patients: dict[str, Counts]) -> dict[str, Any]:
    dice = {patient: counts.dice for patient, counts in patients.items()}
    known = [value for value in dice.values() if value is not None]
    pooled = sum(patients.values(), Counts())
    return {
        "pooled": pooled.figures(), "by_patient": dice, "patients": len(patients),
        "mean_dice": float(np.mean(known)) if known else None,
    }  # fmt: skip
