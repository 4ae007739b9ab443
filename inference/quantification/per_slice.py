"""The per-slice table and paper 4's mean over slices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.findings import SliceFigures
from inference.labels import Lesion, Lung
from inference.quantification.masks import Prepared
from inference.quantification.regions import share
from inference.quantification.tally import CODES, INFECTED_CLASSES, Tally


def slice_figures(masks: Prepared, counts: Tally) -> tuple[SliceFigures, ...]:
    """A row for each slice that the source holds, in the order of its own grid; missing slices have none.

    Slices are those of the source axis that runs feet to head, which is k for every axial series. ``position_mm`` is
    the height (LPS z) of the slice's middle.
    """
    geometry = masks.geometry
    middle = (np.array(geometry.shape) - 1) / 2
    _, per_row, per_column = geometry.spacing_mm
    area = per_row * per_column if geometry.spacing_known else 1.0
    start, axis = masks.crop[0].start, masks.turn.axes[0]
    empty = np.zeros((CODES, len(Lesion) + 1), dtype=np.int64)
    rows = []
    for k in range(geometry.shape[0]):
        if k in masks.missing:
            continue
        inside = 0 <= k - start < len(counts.lung)
        table = counts.lung[k - start] if inside else empty
        fluid = int(counts.effusion[k - start].sum()) if inside else 0
        index = int(masks.source_index(np.array([k, 0, 0]))[axis])
        height = float(geometry.to_patient([k, middle[1], middle[2]])[2])
        rows.append(_row(index, height, table, fluid, area, masks.sides_known))
    return tuple(sorted(rows, key=lambda row: row.index))


def mean_over_slices(slices: tuple[SliceFigures, ...]) -> float | None:
    """Mean of the infected share over the slices that hold lung; None without any."""
    shares = [row.percent for row in slices if row.percent is not None]
    return sum(shares) / len(shares) if shares else None


def _row(
    index: int, height: float, table: NDArray[np.int64], fluid: int, area: float, sides_known: bool
) -> SliceFigures:
    infected = table[:, list(INFECTED_CLASSES)].sum(axis=1)
    lung = table.sum(axis=1)
    classes = table.sum(axis=0)

    def percent(side: Lung) -> float | None:
        return share(int(infected[side]), int(lung[side])) if sides_known else None

    return SliceFigures(
        index=index,
        position_mm=height,
        lung=int(lung.sum()) * area,
        infected=int(infected.sum()) * area,
        percent=share(int(infected.sum()), int(lung.sum())),
        right_percent=percent(Lung.RIGHT),
        left_percent=percent(Lung.LEFT),
        effusion=fluid * area,
        ground_glass=int(classes[Lesion.GROUND_GLASS]) * area,
        consolidation=int(classes[Lesion.CONSOLIDATION]) * area,
        unclassified=int(classes[Lesion.UNCLASSIFIED]) * area,
    )
