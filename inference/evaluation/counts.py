"""The four counts of a two-class decision, and every figure that papers make of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Counts:
    """True and false positives and negatives: of pixels, slices or patients. A figure without a denominator is None."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    @classmethod
    def of(
        cls, said: NDArray[np.bool_], true: NDArray[np.bool_], counts: NDArray[np.bool_] | None = None
    ) -> Counts:  # fmt: skip
        """Of two masks of one shape, where ``counts`` is true."""
        if counts is not None:
            said, true = said[counts], true[counts]
        tp = int(np.count_nonzero(said & true))
        fp, fn = int(np.count_nonzero(said)) - tp, int(np.count_nonzero(true)) - tp
        return cls(tp, fp, fn, said.size - tp - fp - fn)

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    @property
    def total(self) -> int:
        """Everything counted."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def dice(self) -> float | None:
        """2 TP / (2 TP + FP + FN), which is F1 too; None where neither truth nor answer marks anything."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> float | None:
        """TP / (TP + FP + FN)."""
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def mean_iou(self) -> float | None:
        """Mean of the IoU of foreground and background (papers 1 and 5)."""
        background = _ratio(self.tn, self.tn + self.fp + self.fn)
        return None if self.iou is None or background is None else (self.iou + background) / 2

    @property
    def accuracy(self) -> float | None:
        """(TP + TN) / all."""
        return _ratio(self.tp + self.tn, self.total)

    @property
    def sensitivity(self) -> float | None:
        """TP / (TP + FN)."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> float | None:
        """TN / (TN + FP)."""
        return _ratio(self.tn, self.tn + self.fp)

    @property
    def precision(self) -> float | None:
        """TP / (TP + FP)."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and sensitivity."""
        return self.dice

    @property
    def mcc(self) -> float | None:
        """Matthews' correlation coefficient."""
        sides = (self.tp + self.fp, self.tp + self.fn, self.tn + self.fp, self.tn + self.fn)
        return _ratio(self.tp * self.tn - self.fp * self.fn, math.sqrt(math.prod(sides)))

    def figures(self) -> dict[str, Any]:
        """All of them by name, with the counts."""
        return {name: getattr(self, name) for name in FIGURES} | {"n": self.total}


FIGURES = ("dice", "iou", "mean_iou", "accuracy", "sensitivity", "specificity", "precision", "f1", "mcc")


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
