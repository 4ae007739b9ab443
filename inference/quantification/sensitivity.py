"""The sensitivity range: how far the percentage moves when the rules behind it move a little."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

import numpy as np
from numpy.typing import NDArray

from inference.findings import RegionFigures, SensitivityRange
from inference.labels import Lung
from inference.quantification.box import NOTHING, box_of
from inference.quantification.definitions import (
    DEFAULT_GROUND_GLASS_HU,
    GROUND_GLASS_THRESHOLD,
    AssessmentSettings,
)
from inference.quantification.grades import grade
from inference.quantification.masks import Prepared

Mask = NDArray[np.bool_]

_ROOM = 8
"""Voxels round the lesions in which they may grow."""


def sensitivity_range(
    masks: Prepared,
    lungs: RegionFigures,
    thresholds: Mapping[str, float],
    settings: AssessmentSettings,
    only: Lung | None = None,
) -> SensitivityRange | None:
    """Lowest and highest percentage of infection over the variations; None where nothing can be varied.

    ``lungs`` are the figures of both lungs, or of the one that ``only`` names.

    Variations: lesions grown and shrunk by ``margin_mm`` along the three grid directions (needs millimetres); and,
    with Hounsfield units, ground-glass cut-offs round the system's own: of the lesions and the margin round them,
    what has a 3x3 mean at or above the cut-off. All inside the lung.
    """
    if not lungs.lung_voxels or not (masks.has_hu or masks.geometry.spacing_known):
        return None
    counts, names = [float(lungs.infected_voxels)], []
    infected, lung, hu = _around_lesions(masks, only)
    grown = infected
    if masks.geometry.spacing_known:
        more, grown = _grow(infected, lung, masks.geometry.spacing_mm, settings.margin_mm)
        less, _ = _grow(~infected, infected, masks.geometry.spacing_mm, settings.margin_mm)
        counts += [lungs.infected_voxels + more, lungs.infected_voxels - less]
        names += [f"lesions grown {settings.margin_mm:g} mm", f"lesions shrunk {settings.margin_mm:g} mm"]
    if masks.has_hu:
        centre = round(thresholds.get(GROUND_GLASS_THRESHOLD, DEFAULT_GROUND_GLASS_HU))
        cutoffs = [centre - settings.cutoff_step_hu, centre, centre + settings.cutoff_step_hu]
        counts += [float(number) for number in _at_least(hu, lung, grown, cutoffs)]
        names += [f"ground-glass from {cutoff} HU" for cutoff in cutoffs]
    low, high = (100 * value / lungs.lung_voxels for value in (min(counts), max(counts)))
    voxel_ml = masks.geometry.voxel_ml if masks.geometry.spacing_known else None

    def graded(percentage: float, voxels: float) -> str:
        return grade(percentage, None if voxel_ml is None else voxels * voxel_ml, settings)

    crosses = graded(low, min(counts)) != graded(high, max(counts))
    return SensitivityRange(low, high, tuple(names), crosses)


def _around_lesions(masks: Prepared, only: Lung | None) -> tuple[Mask, Mask, NDArray[np.int16]]:
    """Infected, lung and HU in the box of the lesions with room to grow; of one lung where only that is asked for."""
    box = box_of(masks.infected, _ROOM) or NOTHING
    lung = masks.lung[box] != 0 if only is None else masks.lung[box] == only
    return masks.infected[box] & lung, lung, masks.hu[box]


def _grow(seed: Mask, into: Mask, spacing: tuple[float, float, float], margin_mm: float) -> tuple[float, Mask]:
    """How many voxels of ``into`` the margin round ``seed`` covers, parts of a voxel counted, and seed with margin.

    A voxel ``n`` steps off along an axis is covered by ``margin / spacing - (n - 1)``, held within 0..1; at half or
    more it belongs to the returned mask.
    """
    steps = []
    for axis, distance in enumerate(spacing):
        reach = margin_mm / distance
        for n in range(1, ceil(reach - 1e-6) + 1):
            steps.append((round(min(1.0, reach - (n - 1)), 6), axis, n))
    free, total = into & ~seed, 0.0
    margin, touched = seed.copy(), np.empty_like(seed)
    for weight in sorted({weight for weight, _, _ in steps}, reverse=True):
        touched.fill(False)
        for _, axis, n in (step for step in steps if step[0] == weight):
            _shift_into(touched, seed, axis, n)
        touched &= free
        total += weight * int(np.count_nonzero(touched))
        free ^= touched
        if weight >= 0.5:
            margin |= touched
    return total, margin


def _shift_into(target: Mask, source: Mask, axis: int, n: int) -> None:
    """Set ``target`` where ``source`` lies ``n`` voxels before or after along ``axis``."""
    head, tail = [slice(None)] * 3, [slice(None)] * 3
    head[axis], tail[axis] = slice(n, None), slice(None, -n)
    target[tuple(head)] |= source[tuple(tail)]
    target[tuple(tail)] |= source[tuple(head)]


def _at_least(hu: NDArray[np.int16], lung: Mask, candidates: Mask, cutoffs: list[int]) -> list[int]:
    """For each cut-off the candidates whose mean over the lung in their 3x3 neighbourhood is at or above it."""
    counts = [0] * len(cutoffs)
    for values, inside, wanted in zip(hu, lung, candidates, strict=True):
        if not wanted.any():
            continue
        total = _box_sum(np.where(inside, values, 0).astype(np.int32))[wanted]
        number = _box_sum(inside.astype(np.int32))[wanted]
        for index, cutoff in enumerate(cutoffs):
            counts[index] += int(np.count_nonzero(total >= cutoff * number))
    return counts


def _box_sum(image: NDArray[np.int32]) -> NDArray[np.int32]:
    padded = np.pad(image, 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return np.asarray(rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:])
