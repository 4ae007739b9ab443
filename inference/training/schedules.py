"""Learning rates as plain functions of how far training is, so that there is nothing to save but the step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Schedule = Literal["constant", "cosine", "one-cycle", "poly", "step", "plateau"]


@dataclass(frozen=True)
class Optimisation:
    """How weights are changed.

    ``steps``, where it is not 0, is the number of steps in place of ``epochs``. ``schedule``: ``cosine`` and
    ``one-cycle`` end near 0; ``poly`` is paper 5's power 0.9; ``step`` divides by ten every ``drop_every`` epochs
    (papers 2 and 5); ``plateau`` multiplies by ``drop_factor`` after ``drop_patience`` epochs without progress (paper
    4). ``patience`` epochs without progress end training; 0 never does, and then no patient is held back to watch
    progress on. ``average`` is the decay of the moving average of weights; 0 ships the last weights.
    """

    epochs: int
    batch: int
    rate: float
    optimiser: Literal["adamw", "adam", "sgd"] = "adamw"
    weight_decay: float = 0.01
    momentum: float = 0.9
    schedule: Schedule = "cosine"
    warmup: int = 300
    drop_every: int = 25
    drop_factor: float = 0.2
    drop_patience: int = 5
    patience: int = 0
    clip: float = 5.0
    average: float = 0.998
    steps: int = 0


def epochs_of(how: Optimisation, steps_per_epoch: int) -> int:
    """How many epochs are begun."""
    return math.ceil(how.steps / steps_per_epoch) if how.steps else how.epochs


def rate_at(how: Optimisation, step: int, steps_per_epoch: int, drops: int = 0) -> float:
    """The learning rate at a step (from 0); ``drops`` counts the plateaus met so far."""
    done = min(step / max(how.steps or how.epochs * steps_per_epoch, 1), 1.0)
    rising = min(1.0, (step + 1) / how.warmup) if how.warmup else 1.0
    return max(how.rate * rising * _shape(how, done, step // steps_per_epoch, drops), how.rate * 1e-3)


def _shape(how: Optimisation, done: float, epoch: int, drops: int) -> float:
    if how.schedule == "cosine":
        return 0.5 * (1.0 + math.cos(math.pi * done))
    if how.schedule == "one-cycle":
        peak = 0.3
        if done < peak:
            return 0.04 + 0.96 * 0.5 * (1.0 - math.cos(math.pi * done / peak))
        return 0.5 * (1.0 + math.cos(math.pi * (done - peak) / (1.0 - peak)))
    if how.schedule == "poly":
        return float((1.0 - done) ** 0.9)
    if how.schedule == "step":
        return float(0.1 ** (epoch // how.drop_every))
    return float(how.drop_factor**drops) if how.schedule == "plateau" else 1.0
