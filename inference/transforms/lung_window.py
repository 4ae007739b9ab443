"""What a network that sees the lung alone is shown of a slice, in training and in use alike."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_MARGIN = 0.02
"""Of the picture's side: the outline of a lung that dense disease has eaten into lies a little too far inside."""
_LEAST = 0.02
"""Of the picture: with less lung than this all of it is shown, since a black picture says nothing."""


def seen_through(lungs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Masks of lungs (n, size, size) grown by a margin; all of the picture where hardly any lung was found."""
    side = lungs.shape[-1]
    reach = 2 * round(_MARGIN * side) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    out = np.empty_like(lungs)
    for n, (one, enough) in enumerate(zip(lungs, shows_lung(lungs), strict=True)):
        out[n] = cv2.dilate(one.astype(np.uint8), kernel) > 0 if enough else True
    return out


def shows_lung(lungs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which masks of lungs (n, size, size) hold so much that the lung alone is shown."""
    return np.asarray(lungs.mean(axis=(1, 2)) >= _LEAST)
