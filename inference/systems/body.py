"""Where the patient is in an axial slice: blankets, clothes and the table hold air that looks like lung."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_TISSUE_HU = -350
_COARSE_MM = 1.5
_CLOTH_MM = 3.0
_GAP_MM = 12.0
_LEAST_SHARE = 0.25


def inside_body(hu: NDArray[np.int16], pixel_mm: tuple[float, float]) -> NDArray[np.bool_]:
    """The filled outline of the body in a slice (rows, columns) in Hounsfield units, on the same pixels.

    Layers thinner than cloth are opened away, gaps in a thin chest wall are closed, and of what is left the largest
    part counts with whatever has a quarter of its tissue (a table is a shell). All False where there is no tissue.
    """
    step = max(1, int(_COARSE_MM / max(pixel_mm)))
    mm = max(pixel_mm) * step
    tissue = (hu[::step, ::step] > _TISSUE_HU).astype(np.uint8)
    opened = cv2.morphologyEx(tissue, cv2.MORPH_OPEN, _disc(_CLOTH_MM / mm))
    closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, _disc(_GAP_MM / mm), borderType=cv2.BORDER_REPLICATE)
    count, labels = cv2.connectedComponents(closed, connectivity=8)
    tissues = np.bincount(labels[opened > 0], minlength=count)
    filled = np.zeros_like(tissue)
    for part in np.flatnonzero((tissues > 0) & (tissues >= _LEAST_SHARE * tissues.max())):
        outlines = cv2.findContours((labels == part).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
        cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED)
    rows, columns = hu.shape
    fine = np.repeat(np.repeat(filled, step, axis=0), step, axis=1)[:rows, :columns]
    return np.asarray(fine > 0)


def _disc(diameter: float) -> NDArray[np.uint8]:
    size = 2 * round(diameter / 2) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
