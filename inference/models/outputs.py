"""What a network answers: the names, labels and scale of its outputs. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MASK = "mask"
"""Output name of the finest label map: (N, labels, H, W) at the input's own size."""
RECOGNITION = "recognition"
"""Output name of the class of the whole image: (N, labels)."""
MANIFESTATIONS = "manifestations"
"""Output name of the findings present in the image, each by itself: (N, labels)."""
RECONSTRUCTION = "reconstruction"
"""Output name of the image drawn again: (N, channels, H, W)."""

BACKGROUND = "background"
"""First label of every map whose labels exclude one another."""


@dataclass(frozen=True)
class Head:
    """One output of a network.

    ``kind`` is ``map`` (N, labels, H, W) or ``vector`` (N, labels). ``activation`` is what turns the output into
    probabilities: the networks answer logits, so that losses stay stable. ``auxiliary`` outputs serve the loss only.
    """

    name: str
    kind: Literal["map", "vector"]
    labels: tuple[str, ...]
    activation: Literal["sigmoid", "softmax", "linear"]
    auxiliary: bool = False


def exclusive_map(labels: tuple[str, ...]) -> Head:
    """The head of a softmax map: the background comes first, then ``labels``."""
    return Head(MASK, "map", (BACKGROUND, *labels), "softmax")


def independent_map(labels: tuple[str, ...]) -> Head:
    """The head of a map with one sigmoid for each of ``labels``."""
    return Head(MASK, "map", labels, "sigmoid")
