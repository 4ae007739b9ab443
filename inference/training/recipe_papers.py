"""Sizes, losses, augmentation and schedules as the five papers publish them."""

from __future__ import annotations

from dataclasses import replace

from inference.training.augmentation import NONE, PAPER4, PAPER5, Augmentation
from inference.training.losses import Segmentation
from inference.training.recipes import Recipe
from inference.training.schedules import Optimisation

_PAPER1 = replace(NONE, rotation=15.0, scale=(0.85, 1.15), shift=0.1)
_ADAM = Optimisation(
    epochs=0, batch=32, rate=1e-3, optimiser="adam", weight_decay=0.0, schedule="constant", warmup=0, clip=0.0
)
_STEPPED = replace(_ADAM, schedule="step", drop_every=25)
_SEGMENT2 = replace(_ADAM, epochs=150, batch=8, rate=3e-4)

# Paper 1, table 10; paper 2, section 4.3; paper 3, section 2; paper 4, table 3; paper 5, section IV-B.
_HOW: dict[str, tuple[Optimisation, Augmentation]] = {
    "specialised-streams/recogniser": (
        replace(_ADAM, optimiser="sgd", momentum=0.0, rate=0.01, batch=100, steps=2800), _PAPER1),
    "specialised-streams/manifestations": (replace(_ADAM, epochs=50, rate=0.01, batch=64), _PAPER1),
    "specialised-streams/stream": (
        replace(_ADAM, optimiser="sgd", rate=1e-4, weight_decay=4e-5, batch=8, steps=50_000), _PAPER1),
    "covid-mtnet/recogniser": (replace(_STEPPED, epochs=75), PAPER5),
    "covid-mtnet/segmenter": (_SEGMENT2, PAPER5),
    "multitask/network": (replace(_ADAM, epochs=500, batch=4, rate=1e-4, patience=10), NONE),
    "cascade-severity/lungs": (
        replace(_ADAM, epochs=50, batch=4, schedule="plateau", drop_factor=0.2, drop_patience=5, patience=10), PAPER4),
    "cascade-severity/lesions": (
        replace(_ADAM, epochs=50, batch=4, schedule="plateau", drop_factor=0.2, drop_patience=5, patience=10), PAPER4),
    "jcs/recogniser": (
        replace(_STEPPED, optimiser="sgd", epochs=100, batch=256, rate=0.1, drop_every=30), PAPER5),
    "jcs/segmenter": (replace(_ADAM, batch=4, rate=2.5e-5, schedule="poly", steps=21_000), PAPER5),
}  # fmt: skip
_SIZES = {
    "specialised-streams/recogniser": 512, "specialised-streams/manifestations": 512, "specialised-streams/stream": 512,
    "jcs/segmenter": 512,
}  # fmt: skip
# The compact ones add Dice: by cross-entropy alone the compact stream marked nothing after 570 steps.
_SEGMENTATION: dict[str, Segmentation] = {
    "specialised-streams/stream": "cross-entropy", "cascade-severity/lungs": "cross-entropy",
    "cascade-severity/lesions": "cross-entropy",
}  # fmt: skip


def as_published(recipe: Recipe) -> Recipe:
    """The recipe with its paper's own settings; what no paper describes keeps its own. Weights are not averaged."""
    if recipe.network not in _HOW:
        return replace(recipe, variant="paper")
    how, augmentation = _HOW[recipe.network]
    return replace(
        recipe, variant="paper", optimisation=replace(how, average=0.0), augmentation=augmentation, window=0,
        masked=recipe.masked and not recipe.lungs_by, lungs_by="", size=_SIZES.get(recipe.network, recipe.size),
        segmentation=_SEGMENTATION.get(recipe.network, recipe.segmentation),
    )  # fmt: skip
