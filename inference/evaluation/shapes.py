"""Figures of a mask's shape: E-measure and Hausdorff distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def e_measure(said: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Enhanced alignment of two binary maps (Fan et al. 2018, as paper 5 reports it), 0..1.

    Both maps are taken from their means, aligned pixel by pixel, and ``(1 + alignment)^2 / 4`` is averaged. Where the
    truth is empty or full, it is the share of pixels that agree.
    """
    if not true.any() or true.all():
        return float((said == true).mean())
    ours, theirs = said - said.mean(), true - true.mean()
    alignment = 2.0 * ours * theirs / (ours**2 + theirs**2 + np.finfo(np.float64).eps)
    return float(((1.0 + alignment) ** 2 / 4.0).mean())


def hausdorff95(
    said: NDArray[np.bool_], true: NDArray[np.bool_], spacing: tuple[float, ...] | None = None
) -> float | None:  # fmt: skip
    """The larger of the two directed 95th percentiles of surface distances, in the unit of ``spacing`` (or pixels).

    None where one of the masks is empty and the distance has no meaning; 0 where both are.
    """
    if not said.any() and not true.any():
        return 0.0
    if not said.any() or not true.any():
        return None
    return max(_directed(said, true, spacing), _directed(true, said, spacing))


def _directed(first: NDArray[np.bool_], second: NDArray[np.bool_], spacing: tuple[float, ...] | None) -> float:
    from scipy import ndimage

    distance = ndimage.distance_transform_edt(~_surface(second), sampling=spacing)
    return float(np.percentile(np.asarray(distance)[_surface(first)], 95))


def _surface(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy import ndimage

    return np.asarray(mask & ~np.asarray(ndimage.binary_erosion(mask, border_value=0), bool))
