"""The VOI functions of DICOM PS3.3 C.11.2: from values to how bright they are shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.io.study import WindowLevel


def voi(values: NDArray[np.float64], window: WindowLevel) -> NDArray[np.float64]:
    """Display intensity 0..1 of a volume's values, any shape.

    A VOI LUT: C.11.2.1.1. LINEAR: C.11.2.1.2.1, with the half-unit shift that belongs to it and a width of at least 1;
    LINEAR_EXACT: C.11.2.1.3.2; SIGMOID: C.11.2.1.3.1.
    """
    if window.table is not None:
        return np.asarray(window.table.at(values) / window.table.white)
    centre, width = float(window.level), float(window.width)
    if window.function == "SIGMOID":
        exponent = np.clip(-4.0 * (values - centre) / max(width, 1e-6), -700, 700)
        return np.asarray(1.0 / (1.0 + np.exp(exponent)))
    if window.function == "LINEAR_EXACT":
        return np.clip((values - centre) / max(width, 1e-6) + 0.5, 0.0, 1.0)
    width = max(width, 1.0)
    if width == 1.0:
        return np.where(values > centre - 0.5, 1.0, 0.0)
    return np.clip((values - (centre - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0)
