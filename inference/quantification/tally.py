"""One walk over the slices that counts everything; all later figures are sums of these tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.labels import Lesion, Lung
from inference.quantification.definitions import HIGHEST_HU, LOWEST_HU
from inference.quantification.masks import Prepared
from inference.quantification.scores import LOBES
from inference.quantification.zones import NO_ZONE, zone_rows

CODES = len(Lung) + 1
CLASSES = len(Lesion) + 1
LEVELS = HIGHEST_HU - LOWEST_HU + 1
INFECTED_CLASSES = (Lesion.GROUND_GLASS, Lesion.CONSOLIDATION, Lesion.UNCLASSIFIED)


@dataclass(frozen=True, eq=False)
class Tally:
    """Voxel counts.

    ``lung[k, side, class]``: voxels of lung by slice of the crop, lung code and lesion code (0: no lesion).
    ``zone[row, class]``: the same by zone (``NO_ZONE`` for unknown sides). ``hu[row, class, level]``: by HU, counted
    from ``LOWEST_HU``; None without Hounsfield units. ``effusion[k, side]``: fluid, by the side of the midline it lies
    on. ``zones[k, side]``: the zone row of a slice. ``missed[side]`` and ``cage[side]``: rib-cage voxels that nothing
    claims, and all of them. ``lobes[lobe, infected]``: lung by lobe code. ``outside``: opacity outside the lung.
    """

    lung: NDArray[np.int64]
    zone: NDArray[np.int64]
    hu: NDArray[np.int64] | None
    effusion: NDArray[np.int64]
    zones: NDArray[np.int64]
    missed: NDArray[np.int64]
    cage: NDArray[np.int64]
    lobes: NDArray[np.int64]
    outside: int


def tally(masks: Prepared) -> Tally:
    """Count a prepared study once."""
    count = masks.lung.shape[0]
    pixels = np.stack([_by_code(one) for one in masks.lung])
    zones = zone_rows(pixels, masks.sides_known)
    lung = np.zeros((count, CODES, CLASSES), dtype=np.int64)
    hu = np.zeros((NO_ZONE + 1, CLASSES * LEVELS), dtype=np.int64) if masks.has_hu else None
    effusion = np.zeros((count, CODES), dtype=np.int64)
    cage, missed = np.zeros(CODES, dtype=np.int64), np.zeros(CODES, dtype=np.int64)
    lobes = np.zeros((len(LOBES) + 1, 2), dtype=np.int64)
    midline = _midline(masks)
    outside = 0
    for k in range(count):
        if k + masks.crop[0].start in masks.missing:
            continue
        side, lesion = masks.lung[k], masks.lesions[k]
        effusion[k] = _fluid(lesion, midline)
        outside += int(np.count_nonzero((lesion != 0) & (lesion != Lesion.EFFUSION) & (side == 0)))
        if masks.rib_cage is not None:
            _white(masks, k, cage, missed)
        where = np.flatnonzero(side)
        if not where.size:
            continue
        sides, classes = side.ravel()[where], lesion.ravel()[where]
        table = np.bincount(sides * np.uint8(CLASSES) + classes, minlength=CODES * CLASSES)
        lung[k] = table.reshape(CODES, CLASSES)
        if hu is not None:
            levels = np.clip(masks.hu[k].ravel()[where], LOWEST_HU, HIGHEST_HU).astype(np.int32) - LOWEST_HU
            levels += classes.astype(np.int32) * LEVELS
            for code in np.flatnonzero(table.reshape(CODES, CLASSES).sum(axis=1)):
                hu[zones[k, code]] += np.bincount(levels[sides == code], minlength=CLASSES * LEVELS)
        if masks.lobes is not None:
            _by_lobe(masks.lobes[k].ravel()[where], np.isin(classes, INFECTED_CLASSES), lobes)
    zone = np.zeros((NO_ZONE + 1, CLASSES), dtype=np.int64)
    np.add.at(zone, zones, lung)
    shaped = None if hu is None else hu.reshape(NO_ZONE + 1, CLASSES, LEVELS)
    return Tally(lung, zone, shaped, effusion, zones, missed, cage, lobes, outside)


def _midline(masks: Prepared) -> float | None:
    """The column half way between the middles of the two lungs, or of the rib cage's halves where a lung is absent;
    None where there is no fluid to divide, sides are unknown or nothing tells them apart."""
    if not masks.sides_known or not (masks.lesions == Lesion.EFFUSION).any():
        return None
    between = _between(masks.lung)
    return _between(masks.rib_cage) if between is None and masks.rib_cage is not None else between


def _between(halves: NDArray[np.uint8]) -> float | None:
    middles = []
    for side in (Lung.RIGHT, Lung.LEFT):
        columns = np.zeros(halves.shape[2], dtype=np.int64)
        for one in halves:
            columns += np.count_nonzero(one == side, axis=0)
        if not columns.any():
            return None
        middles.append(float(np.average(np.arange(columns.size), weights=columns)))
    return sum(middles) / 2


def _by_code(image: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Pixels of each lung code; much faster than bincount on small integers. Pixels of no code count as none."""
    return np.array([0, *(np.count_nonzero(image == code) for code in Lung)], dtype=np.int64)


def _fluid(lesion: NDArray[np.uint8], midline: float | None) -> NDArray[np.int64]:
    counts = np.zeros(CODES, dtype=np.int64)
    columns = np.count_nonzero(lesion == Lesion.EFFUSION, axis=0)
    if midline is None:
        counts[Lung.SIDE_UNKNOWN] = columns.sum()
    else:
        to_the_right = np.arange(columns.size) <= midline
        counts[Lung.RIGHT], counts[Lung.LEFT] = columns[to_the_right].sum(), columns[~to_the_right].sum()
    return counts


def _white(masks: Prepared, k: int, cage: NDArray[np.int64], missed: NDArray[np.int64]) -> None:
    assert masks.rib_cage is not None
    inside = masks.rib_cage[k]
    free = (masks.lung[k] == 0) & (masks.lesions[k] != Lesion.EFFUSION)
    if masks.airways is not None:
        free &= masks.airways[k] == 0
    cage += _by_code(inside)
    missed += _by_code(inside * free)


def _by_lobe(lobe: NDArray[np.uint8], infected: NDArray[np.bool_], table: NDArray[np.int64]) -> None:
    known = lobe <= len(LOBES)
    table[:, 0] += np.bincount(lobe[known], minlength=len(table))
    table[:, 1] += np.bincount(lobe[known & infected], minlength=len(table))
