"""Curves of scores against two classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Curve:
    """Receiver operating characteristic: a picture is positive where its score reaches ``cuts``, highest first."""

    cuts: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    specificity: NDArray[np.float64]

    @property
    def area(self) -> float:
        """Area under the curve; ties count half."""
        return float(np.trapezoid(self.sensitivity, 1.0 - self.specificity))

    @property
    def youden(self) -> tuple[float, float, float]:
        """Cut-off, sensitivity and specificity where their sum is largest; the highest cut-off among equals."""
        best = int(np.argmax(np.round(self.sensitivity + self.specificity, 12)))
        return float(self.cuts[best]), float(self.sensitivity[best]), float(self.specificity[best])

    def specificity_at(self, sensitivity: float) -> float:
        """The highest specificity of a cut-off whose sensitivity is at least that."""
        return float(self.specificity[self.sensitivity >= sensitivity - 1e-12].max())


def curve(scores: ArrayLike, positive: ArrayLike) -> Curve | None:
    """The curve of scores against truth; None where there is only one class."""
    score, truth = np.asarray(scores, np.float64), np.asarray(positive, bool)
    if truth.all() or not truth.any():
        return None
    order = np.argsort(-score, kind="stable")
    score, truth = score[order], truth[order]
    last = np.flatnonzero(np.append(np.diff(score) != 0, True))
    caught, false = np.cumsum(truth)[last], np.cumsum(~truth)[last]
    return Curve(
        np.append(np.inf, score[last]),
        np.append(0.0, caught / truth.sum()),
        np.append(1.0, 1.0 - false / (~truth).sum()),
    )


def auc(scores: ArrayLike, positive: ArrayLike) -> float | None:
    """Area under the curve; None where there is only one class."""
    found = curve(scores, positive)
    return found.area if found else None
