"""What the systems have to reach on patients left out, and whether they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from inference.evaluation.measures import (
    COVID_AGAINST_PNEUMONIA,
    DISEASED,
    NORMAL_AGAINST_PNEUMONIA,
    Measured,
    measure,
    of_set,
)
from inference.evaluation.records import Record

Filter = Callable[[Record], bool]
SMALLEST_EFFUSION = "LUNG1-013"
"""18 ml, only a quarter of it of a fluid's density: listed, not counted."""


def all_of_them(one: Record) -> bool:
    """Every record counts."""
    return True


def large_enough(one: Record) -> bool:
    """Not of the patient with the smallest effusion."""
    return one.patient != SMALLEST_EFFUSION


def drawn_film(one: Record) -> bool:
    """Something is drawn on the film."""
    tp, _, fn, _ = one.counts.get("lesion", [0, 0, 0, 0])
    return tp + fn > 0


@dataclass(frozen=True)
class Aim:
    """``title``: the figure ``measure`` of ``what`` on ``set`` shall be ``least`` at least, for each of ``parts``."""

    title: str
    parts: tuple[str, ...]
    set: str
    what: str
    measure: str
    least: float
    keep: Filter = all_of_them


@dataclass(frozen=True)
class Reached:
    """An aim with what one part has; ``ours`` None where it was not trained or judged."""

    aim: Aim
    part: str
    ours: Measured | None

    @property
    def verdict(self) -> str:
        """``met``, ``missed`` or ``not measured``."""
        if self.ours is None:
            return "not measured"
        return "met" if self.ours.value >= self.aim.least else "missed"


_DEFAULT = ("consensus-lungs-lesions",)
_SLICES = "covid20-slices-256"
_FLUID = ("specialised-streams-effusion",)
TOGETHER = "consensus-recognition"
"""The default's recognition: no network of its own, but what its two recognisers say together."""
_CT = (
    "jcs-recogniser", "specialised-streams-recogniser", "specialised-streams-recogniser-lungs", TOGETHER,
    "covid-mtnet-ct-recogniser", "multitask-network",
)  # fmt: skip
_FILMS = ("specialised-streams-xray-recogniser", "covid-mtnet-xray-recogniser")
_FIELDS, _INFECTED = ("covid-mtnet-xray-lungs",), ("covid-mtnet-xray-lesions",)
_BOTH = (("pooled", "dice"), ("by patient", "mean_dice"))

AIMS: tuple[Aim, ...] = (
    *(Aim(f"lungs, Dice {how}", _DEFAULT, _SLICES, "lung", name, 0.98) for how, name in _BOTH),
    Aim("lesions, Dice pooled", _DEFAULT, _SLICES, "lesion", "dice", 0.85),
    Aim("lesions, Dice by patient", _DEFAULT, _SLICES, "lesion", "mean_dice", 0.80),
    Aim("slices of the stacks, specificity at sensitivity 0.95", _DEFAULT, "covid20-stacks-128", DISEASED,
        "specificity_at_95", 0.95),
    Aim("effusion, Dice pooled", _FLUID, "plethora-effusion", "effusion", "dice", 0.6),
    Aim("effusion, median Dice by patient, without 013", _FLUID, "plethora-effusion", "effusion", "median_dice", 0.6,
        large_enough),
    Aim("recognition, AUC within sars-cov-2", _CT, "sars-cov-2", "covid", "auc", 0.93),
    Aim("recognition, AUC within publication", _CT, "publication", "covid", "auc", 0.80),
    Aim("films, COVID against other pneumonia within ieee, AUC", _FILMS, "ieee", COVID_AGAINST_PNEUMONIA, "auc", 0.80),
    Aim("films, normal against pneumonia within guangzhou-children, AUC", ("covid-mtnet-xray-pneumonia", *_FILMS),
        "guangzhou-children", NORMAL_AGAINST_PNEUMONIA, "auc", 0.95),
    *(Aim(f"films, lungs on jsrt, Dice {how}", _FIELDS, "jsrt", "lung", name, 0.97) for how, name in _BOTH),
    *(Aim(f"films, lungs on openist, Dice {how}", _FIELDS, "openist", "lung", name, 0.96) for how, name in _BOTH),
    Aim("films, infected area inside the lung, Dice pooled", _INFECTED, "findings", "lesion", "dice", 0.55, drawn_film),
)  # fmt: skip


def reached(records: Mapping[str, Sequence[Record]]) -> list[Reached]:
    """Every aim for each of its parts, ``records`` being those of left-out patients by part (without the variant)."""
    out = []
    for aim in AIMS:
        for part in aim.parts:
            chosen = [one for one in of_set(records.get(part, ()), aim.set) if aim.keep(one)]
            out.append(Reached(aim, part, measure(chosen, aim.what, aim.measure)))
    return out
