"""Figures that say whether an activation map can be believed: where its heat lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.findings import Warning

LEAST_IN_LUNG = 0.5
"""Below this share of heat inside the lung the map speaks of something else, and the reader is told."""


@dataclass(frozen=True)
class HeatShares:
    """Share of all heat that lies in the lung and in the lesion, 0..1; None where there is no heat."""

    in_lung: float | None
    in_lesion: float | None


def heat_shares(heat: NDArray[np.float32], lungs: NDArray[Any], lesions: NDArray[Any]) -> HeatShares:
    """Shares over arrays of one shape; anything but 0 is inside."""
    total = float(heat.sum(dtype=np.float64))
    if total <= 0.0:
        return HeatShares(None, None)
    inside = [float(heat.sum(dtype=np.float64, where=mask != 0)) / total for mask in (lungs, lesions)]
    return HeatShares(*inside)


def beside_opacities(
    shares: HeatShares, heat: NDArray[np.float32], lungs: NDArray[Any], lesions: NDArray[Any]
) -> Warning | None:  # fmt: skip
    """The warning that belongs to the map of a network which sees the lung alone: its heat is in the lung anyway.

    It is due where the opacities hold less of the heat than of the lung, over the slices that are warm.
    """
    warm = np.flatnonzero(heat.any(axis=(1, 2)))
    lung, opaque = (int((mask[warm] != 0).sum()) for mask in (lungs, lesions))
    if shares.in_lesion is None or not lung or shares.in_lesion >= opaque / lung:
        return None
    text = (
        f"Only {100 * shares.in_lesion:.0f} % of the heat map's heat lies in the opacities, which are "
        f"{100 * opaque / lung:.0f} % of the lung there: do not trust the opinion that it explains."
    )
    return Warning("heat_beside_opacities", text)


def misplaced(shares: HeatShares) -> Warning | None:
    """The warning that belongs to a map whose heat lies elsewhere."""
    if shares.in_lung is None or shares.in_lung >= LEAST_IN_LUNG:
        return None
    share = f"{100 * shares.in_lung:.0f} %"
    text = f"Only {share} of the heat map's heat lies in the lung: do not trust the opinion that it explains."
    return Warning("heat_elsewhere", text)


def correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Pearson's correlation of two maps of one shape; 0 where one of them is flat."""
    a, b = (one.astype(np.float64).ravel() - float(one.mean()) for one in (first, second))
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length > 0 else 0.0
