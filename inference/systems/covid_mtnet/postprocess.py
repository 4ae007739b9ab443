"""Paper 2's classical steps: the lung mask refined, and infection by an adaptive threshold inside it.

The paper states neither kernel nor threshold. Here the threshold is Otsu's over the lung's own greys, adapted to each
picture, but never within ``spread`` robust deviations of the lung's median: Otsu always halves, a healthy lung too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.systems.covid_mtnet.config import MtnetSettings

Mask = NDArray[np.bool_]
_LUNGS = 2


@dataclass(frozen=True, eq=False)
class Steps:
    """The intermediate pictures of figures 12 and 15, all (rows, columns).

    ``lung`` is the network's mask, ``refined`` after morphology, ``chest`` the picture inside it, ``infected`` the
    pixels taken out, ``heat`` their brightness above the threshold, 0..1.
    """

    lung: Mask
    refined: Mask
    chest: NDArray[np.float32]
    infected: Mask
    heat: NDArray[np.float32]

    @property
    def percentage(self) -> float | None:
        """Infected over lung pixels, in per cent; None without lung."""
        lung = int(self.refined.sum())
        return 100.0 * int((self.infected & self.refined).sum()) / lung if lung else None


def refine(lung: Mask, settings: MtnetSettings) -> Mask:
    """Gaps closed, holes filled, specks away; of a picture's parts the two largest stay, and any half as large."""
    side = max(lung.shape)
    closed = cv2.morphologyEx(lung.astype(np.uint8), cv2.MORPH_CLOSE, _disc(settings.closing * side))
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(_filled(closed), connectivity=8)
    areas = statistics[:, cv2.CC_STAT_AREA].astype(np.int64)
    areas[0] = 0
    if count < 2:
        return np.zeros(lung.shape, np.bool_)
    second = np.sort(areas)[-min(_LUNGS, count - 1)]
    keep = (areas >= 0.5 * second) & (areas >= settings.speck * lung.size)
    keep[0] = False
    return np.asarray(keep[labels])


def infection(grey: NDArray[np.float32], lung: Mask, settings: MtnetSettings) -> tuple[Mask, NDArray[np.float32]]:
    """Infected pixels and their heat, from a picture (grey 0..1) and the refined lung."""
    empty = np.zeros(lung.shape, np.bool_), np.zeros(lung.shape, np.float32)
    if not lung.any():
        return empty
    values = grey[lung]
    limit = max(_otsu(values), _robust_limit(values, settings.spread))
    smooth = cv2.GaussianBlur(grey, (0, 0), max(0.5, 0.004 * max(grey.shape)))
    bright = ((smooth > limit) & lung).astype(np.uint8)
    opened = cv2.morphologyEx(bright, cv2.MORPH_OPEN, _disc(settings.opening * max(grey.shape)))
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    keep = statistics[:, cv2.CC_STAT_AREA] >= settings.speck * lung.size
    keep[0] = False
    infected = np.asarray(keep[labels]) if count > 1 else empty[0]
    heat = np.where(infected, (grey - limit) / max(1.0 - limit, 1e-3), 0.0)
    return infected, np.clip(heat, 0.0, 1.0).astype(np.float32)


def steps(grey: NDArray[np.float32], lung: Mask, settings: MtnetSettings) -> Steps:
    """Every step for one picture and the network's lung mask."""
    refined = refine(lung, settings)
    infected, heat = infection(grey, refined, settings)
    return Steps(lung, refined, np.where(refined, grey, 0.0).astype(np.float32), infected, heat)


def _robust_limit(values: NDArray[Any], spread: float) -> float:
    median = float(np.median(values))
    deviation = 1.4826 * float(np.median(np.abs(values - median)))
    return median + spread * deviation


def _otsu(values: NDArray[Any]) -> float:
    """The grey that parts ``values`` (0..1) with the most variance between the parts."""
    counts, edges = np.histogram(values, 128, (0.0, 1.0))
    middle = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    total = np.cumsum(counts * middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (total / below - (total[-1] - total) / above) ** 2
    return float(edges[1 + int(np.nanargmax(between[:-1]))]) if np.isfinite(between[:-1]).any() else 1.0


def _disc(radius: float) -> NDArray[np.uint8]:
    side = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _filled(mask: Any) -> NDArray[np.uint8]:
    outlines, _ = cv2.findContours(np.ascontiguousarray(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    out = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(out, outlines, -1, 1, cv2.FILLED)
    return out
