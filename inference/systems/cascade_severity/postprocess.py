"""From the lesion map to the opinion on slices and study (section 2.4 of paper 4)."""

from __future__ import annotations

from inference.findings import Recognition
from inference.systems.cascade_severity.config import CascadeConfig


def recognise(pixels: dict[int, int], config: CascadeConfig) -> Recognition:
    """A slice is positive from ``config.pixels`` lesion pixels on, the study from one positive slice.

    ``pixels`` counts the lesion pixels of every slice that holds lung. The rule gives no probability.
    """
    positive = sum(count >= config.pixels for count in pixels.values())
    noun = "pixel" if config.pixels == 1 else "pixels"
    rule = (
        f"A slice is positive from {config.pixels} {noun} over {config.probability:g}; "
        f"{positive} of {len(pixels)} slices with lung are."
    )
    return Recognition("pneumonia_against_normal", None, positive > 0, rule, positive)
