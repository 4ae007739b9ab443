"""A mask that grows while a network is asked about one batch of slices after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.errors import WeightsMissing
from inference.models.outputs import BACKGROUND, MASK
from inference.systems.answers import labels_of
from inference.systems.model import Answers, Model
from inference.systems.slices import SliceStack

Mask = NDArray[np.bool_]
Show = Callable[[Mask, int, int], None]
_PUBLISH_EVERY = 8
LUNG = "lung"


@dataclass(frozen=True, eq=False)
class Segmented:
    """``mask`` on the canonical grid; ``peak`` is the highest probability in each slice that was looked at.

    ``levels`` are the probabilities in 255ths, where they were asked for.
    """

    mask: Mask
    peak: Mapping[int, float]
    levels: NDArray[np.uint8] | None = None

    @property
    def highest(self) -> float:
        """The highest probability of all; 0 where no slice was looked at."""
        return max(self.peak.values(), default=0.0)

    def positive(self, threshold: float) -> list[int]:
        """The slices with at least one pixel over the threshold."""
        return [k for k, value in self.peak.items() if value > threshold]


class Growing:
    """A mask to which batches of answers are added; ``show`` gets it now and then, with the first and last slice.

    Lung is looked for inside the body only: blankets and the table hold air too.

    Raises WeightsMissing where the network has no such label.
    """

    def __init__(
        self, stack: SliceStack, model: Model, label: str, show: Show | None, threshold: float, levels: bool
    ) -> None:
        self._stack, self._channel, self._show, self._threshold = stack, _channel(model, label), show, threshold
        self._label = label
        self._mask = np.zeros(stack.shape, np.bool_)
        self._levels = np.zeros(stack.shape, np.uint8) if levels else None
        self._peak: dict[int, float] = {}
        self._batches = 0
        self._shown: Mask | None = None

    def add(self, batch: Sequence[int], answers: Answers) -> None:
        """Take in the answers for some slices, and show the mask now and then."""
        maps = answers[MASK][:, self._channel]
        self._peak.update(zip(batch, (float(one.max()) for one in maps), strict=True))
        fine = self._stack.place(maps)
        self._mask[list(batch)] = fine > self._threshold
        if self._label == LUNG:
            for k in batch:
                self._mask[k] &= self._stack.inside(k)
        if self._levels is not None:
            self._levels[list(batch)] = cv2.convertScaleAbs(fine.reshape(len(fine), -1), alpha=255.0).reshape(
                fine.shape
            )
        if self._shown is not None:
            self._shown[list(batch)] = self._mask[list(batch)]
        self._batches += 1
        if self._batches % _PUBLISH_EVERY == 0:
            self._publish()

    def preview(self) -> None:
        """From now on show slices between those that were looked at so far like the nearest of them."""
        seen = sorted(self._peak)
        span = range(seen[0], seen[-1] + 1) if seen else range(0)
        self._shown = self._mask.copy()
        for k, like in zip(span, nearest(seen, span), strict=True):
            self._shown[k] = self._mask[like]
        self._publish()

    @property
    def previewed(self) -> bool:
        """Whether it was shown whole, if coarse."""
        return self._shown is not None

    def holds(self, number: int) -> bool:
        """Whether a slice that was looked at holds any of it."""
        return bool(self._mask[number].any())

    def done(self) -> Segmented:
        """The finished mask."""
        return Segmented(self._mask, dict(sorted(self._peak.items())), self._levels)

    def _publish(self) -> None:
        if self._show and self._peak:
            shown = self._mask if self._shown is None else self._shown
            self._show(shown, min(self._peak), max(self._peak))


def nearest(seen: Sequence[int], numbers: Sequence[int]) -> list[int]:
    """The nearest of some numbers, sorted, to each of others."""
    if not len(numbers):
        return []
    known, wanted = np.asarray(seen), np.asarray(numbers)
    after = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    before = np.maximum(after - 1, 0)
    chosen = np.where(np.abs(known[before] - wanted) < np.abs(known[after] - wanted), known[before], known[after])
    return [int(n) for n in chosen]


def _channel(model: Model, label: str) -> int:
    labels = labels_of(model, MASK)
    if label not in labels or label == BACKGROUND:
        raise WeightsMissing(f"The weights {model.entry.name} know no {label}; install matching ones.")
    return labels.index(label)
