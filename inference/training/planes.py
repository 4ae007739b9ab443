"""What is marked in a picture, as one bit plane for each meaning, and whether it is known at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.training.datasets.sample import Sample
from inference.transforms.rendering import Box, Kind, place_mask

PLANES = ("lung", "lesion", "ground_glass", "consolidation", "effusion")
LUNG, LESION, GROUND_GLASS, CONSOLIDATION, EFFUSION = range(len(PLANES))
_CLASSES = {1: GROUND_GLASS, 2: CONSOLIDATION, 3: EFFUSION}


def planes_of(sample: Sample, size: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The planes (5, size, size) of a sample and which of them are known (5,).

    ``lesion`` is the mask as published, effusion included where its owner included it; with the effusion plane known,
    a loss or a figure can leave those pixels out. A slice without any lesion holds neither ground-glass nor
    consolidation.
    """
    out = np.zeros((len(PLANES), size, size), np.bool_)
    known = np.zeros(len(PLANES), np.bool_)

    def put(plane: int, mask: NDArray[np.generic]) -> None:
        box = sample.box
        if box is None and sample.kind is Kind.XRAY:
            box = Box.middle((mask.shape[0], mask.shape[1]))
        out[plane], known[plane] = place_mask(mask, size, box), True

    if sample.lung is not None:
        put(LUNG, sample.lung())
    if sample.effusion is not None:
        put(EFFUSION, sample.effusion())
    if sample.classes is not None:
        classes = sample.classes()
        for value, plane in _CLASSES.items():
            put(plane, classes == value)
    if sample.lesion is not None:
        lesion = sample.lesion()
        put(LESION, lesion)
        if not lesion.any():
            known[[GROUND_GLASS, CONSOLIDATION]] = True
    elif known[GROUND_GLASS] and known[CONSOLIDATION]:
        out[LESION], known[LESION] = out[GROUND_GLASS] | out[CONSOLIDATION], True
    return out, known
