"""True Hounsfield units as a veto and as a splitter, slice by slice on the source's own voxels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.labels import Lesion
from inference.systems.consensus.config import ConsensusSettings

Mask = NDArray[np.bool_]


def smoothed(hu: NDArray[np.int16], pixel_mm: tuple[float, float], settings: ConsensusSettings) -> NDArray[np.float32]:
    """The median round each pixel of a slice: noise and thin vessels do not lift the lung beside them."""
    wide = settings.smoothing_mm / min(pixel_mm)
    values = hu.astype(np.float32)
    if wide <= 1:
        return values
    return np.asarray(cv2.medianBlur(values, 3 if wide < 4 else 5), np.float32)


def veto(smooth: NDArray[np.float32], opacity: Mask, settings: ConsensusSettings) -> Mask:
    """``opacity`` (rows, columns) without what is as dark as aerated lung."""
    return opacity & (smooth >= settings.veto_hu)


def split(smooth: NDArray[np.float32], opacity: Mask, settings: ConsensusSettings) -> NDArray[np.uint8]:
    """Ground-glass below ``consolidation_hu``, consolidation from there on; 0 outside ``opacity``."""
    dense = smooth >= settings.consolidation_hu
    classes = np.where(dense, np.uint8(Lesion.CONSOLIDATION), np.uint8(Lesion.GROUND_GLASS))
    return np.where(opacity, classes, np.uint8(0))
