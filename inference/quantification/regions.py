"""The table rows: lung, opacity, percentages and densities of both lungs, each lung and each zone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.findings import ZONES, RegionFigures, Zone
from inference.labels import Lesion, Lung
from inference.quantification.definitions import HIGH_OPACITY_HU, LOWEST_HU
from inference.quantification.tally import INFECTED_CLASSES, LEVELS, Tally

RIGHT_ROWS, LEFT_ROWS = (0, 1, 2), (3, 4, 5)
_VALUES = np.arange(LEVELS, dtype=np.float64) + LOWEST_HU


def share(part: int, whole: int) -> float | None:
    """``part`` of ``whole`` in per cent, None of nothing."""
    return 100 * part / whole if whole else None


def both(counts: Tally, voxel_ml: float | None) -> RegionFigures:
    """The row of both lungs, sides known or not."""
    return _row(counts, tuple(range(len(counts.zone))), int(counts.effusion.sum()), voxel_ml)


def right(counts: Tally, voxel_ml: float | None) -> RegionFigures:
    """The right lung's row."""
    return _row(counts, RIGHT_ROWS, int(counts.effusion[:, Lung.RIGHT].sum()), voxel_ml)


def left(counts: Tally, voxel_ml: float | None) -> RegionFigures:
    """The left lung's row."""
    return _row(counts, LEFT_ROWS, int(counts.effusion[:, Lung.LEFT].sum()), voxel_ml)


def zones(counts: Tally, voxel_ml: float | None) -> dict[Zone, RegionFigures]:
    """A row for each zone. Fluid lies outside the lung, so no zone has any."""
    return {zone: _row(counts, (row,), None, voxel_ml) for row, zone in enumerate(ZONES)}


def mean_sd(levels: NDArray[np.int64]) -> tuple[float | None, float | None]:
    """Mean and standard deviation (population) of a table of voxel counts by HU; None, None if it is empty."""
    number = int(levels.sum())
    if not number:
        return None, None
    mean = float(levels @ _VALUES) / number
    return mean, float(np.sqrt(levels @ (_VALUES - mean) ** 2 / number))


def _row(counts: Tally, rows: tuple[int, ...], fluid: int | None, voxel_ml: float | None) -> RegionFigures:
    def ml(voxels: int) -> float | None:
        return None if voxel_ml is None else voxels * voxel_ml

    lung = int(counts.zone[list(rows)].sum())
    infected = int(counts.zone[np.ix_(rows, INFECTED_CLASSES)].sum())
    high = mean = sd = opacity_mean = opacity_sd = None
    if counts.hu is not None:
        levels = counts.hu[list(rows)].sum(axis=0)
        opacity = levels[list(INFECTED_CLASSES)].sum(axis=0)
        high = int(opacity[HIGH_OPACITY_HU - LOWEST_HU :].sum())
        mean, sd = mean_sd(levels.sum(axis=0))
        opacity_mean, opacity_sd = mean_sd(opacity)
    return RegionFigures(
        lung_voxels=lung,
        infected_voxels=infected,
        lung_ml=ml(lung),
        infected_ml=ml(infected),
        percentage=share(infected, lung),
        high_opacity_ml=None if high is None else ml(high),
        pho=None if high is None else share(high, lung),
        mean_hu=mean,
        sd_hu=sd,
        opacity_mean_hu=opacity_mean,
        opacity_sd_hu=opacity_sd,
        effusion_ml=None if fluid is None else ml(fluid),
    )


def class_voxels(counts: Tally, label: Lesion) -> int:
    """Voxels of a class: inside the lung for opacities, anywhere for fluid."""
    return int(counts.effusion.sum()) if label is Lesion.EFFUSION else int(counts.zone[:, label].sum())
