"""How sure a figure is: paper 4's equation 2, and a bootstrap over patients."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Z95 = 1.96
RESAMPLES = 1000
_T = TypeVar("_T")


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval, and how many it is of."""

    value: float
    low: float
    high: float
    n: int


def normal_interval(value: float, n: int) -> Interval:
    """Paper 4, equation 2: plus and minus ``1.96 sqrt(value (1 - value) / n)``, kept inside 0..1."""
    reach = Z95 * math.sqrt(value * (1.0 - value) / n) if n else math.nan
    return Interval(value, max(value - reach, 0.0), min(value + reach, 1.0), n)


def bootstrap(
    groups: Sequence[_T], statistic: Callable[[list[_T]], float | None], resamples: int = RESAMPLES, seed: int = 0
) -> Interval | None:
    """Percentile interval of ``statistic`` over groups (patients) drawn with replacement; None where it has no value.

    Draws without a value (no positive among them, say) are left out.
    """
    value = statistic(list(groups))
    if value is None:
        return None
    rng = np.random.default_rng(seed)
    draws = [statistic([groups[n] for n in rng.integers(0, len(groups), len(groups))]) for _ in range(resamples)]
    known = np.array([draw for draw in draws if draw is not None])
    low, high = np.percentile(known, (2.5, 97.5)) if len(known) else (math.nan, math.nan)
    return Interval(value, float(low), float(high), len(groups))


def paired_difference(ours: Mapping[str, float], theirs: Mapping[str, float]) -> Interval | None:
    """Mean of ours less theirs over the patients that both have, with its bootstrap interval."""
    both = sorted(set(ours) & set(theirs))
    differences = [ours[patient] - theirs[patient] for patient in both]
    return bootstrap(differences, lambda drawn: float(np.mean(drawn)) if drawn else None)
