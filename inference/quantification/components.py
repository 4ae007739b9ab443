"""The lesion list: connected opacities inside the lung and pools of fluid."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.findings import LesionComponent
from inference.labels import Lesion
from inference.quantification.box import Box, box_of
from inference.quantification.definitions import AssessmentSettings
from inference.quantification.masks import Prepared
from inference.quantification.tally import CLASSES, Tally
from inference.quantification.zones import NO_ZONE, zone_name


@dataclass(frozen=True)
class Listed:
    """The components that are listed, largest opacity first and fluid last, and what was too small to list."""

    components: tuple[LesionComponent, ...]
    small_number: int
    small_voxels: int


def components(masks: Prepared, counts: Tally, settings: AssessmentSettings) -> Listed:
    """Every opacity (26-neighbourhood, all infected classes together) and pool of fluid of the listed size."""
    smallest: float = settings.smallest_lesion_voxels
    if masks.geometry.spacing_known:
        smallest = settings.smallest_lesion_ml / masks.geometry.voxel_ml
    opacity, small = _found(masks.infected, masks, counts, smallest, fluid=False)
    fluid, _ = _found(masks.lesions == Lesion.EFFUSION, masks, counts, smallest, fluid=True)
    found = [*sorted(opacity, key=_order), *sorted(fluid, key=_order)]
    listed = tuple(replace(one, number=number) for number, one in enumerate(found, start=1))
    return Listed(listed, len(small), sum(small))


def _order(one: LesionComponent) -> tuple[int, tuple[tuple[int, int], ...]]:
    return -one.voxels, one.bounds


def _found(
    mask: NDArray[np.bool_], masks: Prepared, counts: Tally, smallest: float, *, fluid: bool
) -> tuple[list[LesionComponent], list[int]]:
    """The components of the listed size, and the sizes of those below it."""
    import cc3d

    box = box_of(mask)
    if box is None:
        return [], []
    labelled: NDArray[Any] = cc3d.connected_components(np.ascontiguousarray(mask[box]), connectivity=26)
    known = cc3d.statistics(labelled, no_slice_conversion=True)
    sizes = known["voxel_counts"].astype(np.int64)
    sizes[0] = 0
    kept = np.flatnonzero(sizes >= max(smallest, 1))
    origin = np.array([part.start for part in box])
    ends = known["bounding_boxes"][kept].astype(np.int64).reshape(-1, 3, 2).transpose(0, 2, 1) + origin
    sums = _Sums(sizes[kept], known["centroids"][kept], box)
    numbers = np.zeros(len(sizes), dtype=np.uint16 if len(kept) < 1 << 16 else np.uint32)
    numbers[kept] = np.arange(1, len(kept) + 1)
    for k in range(labelled.shape[0] if len(kept) else 0):
        sums.add(k, numbers[labelled[k]], masks, counts)
    small = sizes[(sizes > 0) & (sizes < smallest)]
    return [_described(sums, n, ends[n], masks, fluid) for n in range(len(kept))], small.tolist()


@dataclass
class _Sums:
    """What a walk over the slices adds up for each component. Never more than one slice of voxels at a time."""

    sizes: NDArray[np.int64]
    centres: NDArray[np.float64]
    """Within the box."""
    box: Box
    classes: NDArray[np.int64] = field(init=False)
    zones: NDArray[np.int64] = field(init=False)
    hu: NDArray[np.float64] = field(init=False)
    peak: NDArray[np.int64] = field(init=False)
    """The slice of the crop that holds most, the first of several, and how many voxels of it."""
    on_peak: NDArray[np.int64] = field(init=False)
    nearest: NDArray[np.int64] = field(init=False)
    """Index in the crop of the own voxel that lies nearest the centre."""
    distance: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        number = len(self.sizes)
        self.classes = np.zeros((number, CLASSES), dtype=np.int64)
        self.zones = np.zeros((number, NO_ZONE + 1), dtype=np.int64)
        self.hu = np.zeros(number)
        self.peak, self.on_peak = np.zeros(number, dtype=np.int64), np.zeros(number, dtype=np.int64)
        self.nearest, self.distance = np.zeros((number, 3), dtype=np.int64), np.full(number, np.inf)

    def add(self, k: int, numbers: NDArray[Any], masks: Prepared, counts: Tally) -> None:
        """Take in slice ``k`` of the box; ``numbers`` are 1 and up where components are."""
        where = np.flatnonzero(numbers)
        if not where.size:
            return
        mine = numbers.ravel()[where].astype(np.int64) - 1
        here, total = (self.box[0].start + k, *self.box[1:]), len(self.sizes)

        def of(array: NDArray[Any]) -> NDArray[Any]:
            return np.asarray(array[here].ravel()[where])

        self.classes += _table(mine, of(masks.lesions), total, CLASSES)
        self.zones += _table(mine, counts.zones[here[0]][of(masks.lung)], total, NO_ZONE + 1)
        if masks.has_hu:
            self.hu += np.bincount(mine, of(masks.hu), minlength=total)
        number = np.bincount(mine, minlength=total)
        more = number > self.on_peak
        self.peak[more], self.on_peak[more] = here[0], number[more]
        self._approach(k, where, mine, numbers.shape[1], masks.geometry.spacing_mm)

    def _approach(
        self, k: int, where: NDArray[np.intp], mine: NDArray[np.int64], columns: int, spacing: tuple[float, ...]
    ) -> None:
        j, i = np.divmod(where, columns)
        away = ((k - self.centres[:, 0]) * spacing[0])[mine] ** 2
        for axis, index in ((1, j), (2, i)):
            away += ((index - self.centres[mine, axis]) * spacing[axis]) ** 2
        best = np.full(len(self.sizes), np.inf)
        np.minimum.at(best, mine, away)
        first = np.flatnonzero(away == best[mine])[::-1]  # so that the first of several is written last
        place = np.zeros(len(self.sizes), dtype=np.int64)
        place[mine[first]] = first
        nearer = best < self.distance
        chosen = place[nearer]
        self.distance[nearer] = best[nearer]
        start = np.array([part.start for part in self.box])
        self.nearest[nearer] = np.stack([np.full(len(chosen), k), j[chosen], i[chosen]], axis=1) + start


def _table(rows: NDArray[np.int64], columns: NDArray[Any], height: int, width: int) -> NDArray[np.int64]:
    return np.bincount(rows * width + columns, minlength=height * width).reshape(height, width)


def _described(sums: _Sums, n: int, ends: NDArray[np.int64], masks: Prepared, fluid: bool) -> LesionComponent:
    """``ends`` are the first and the last index ``(2, 3)`` along each axis of the crop."""
    geometry, voxels = masks.geometry, int(sums.sizes[n])
    x, y, z = geometry.to_patient(masks.canonical_index(sums.nearest[n]))
    on_source = np.sort(masks.source_index(masks.canonical_index(ends)), axis=0)
    peak = np.array([int(sums.peak[n]), 0, 0])
    peak_on_source = masks.source_index(masks.canonical_index(peak))[masks.turn.axes[0]]
    _, per_row, per_column = geometry.spacing_mm
    known = geometry.spacing_known
    return LesionComponent(
        number=0,
        label=int(Lesion.EFFUSION if fluid else sums.classes[n].argmax()),
        voxels=voxels,
        volume_ml=voxels * geometry.voxel_ml if known else None,
        mean_hu=float(sums.hu[n]) / voxels if masks.has_hu else None,
        centre_lps_mm=(float(x), float(y), float(z)),
        peak_slice=int(peak_on_source),
        bounds=tuple((int(low), int(high) + 1) for low, high in on_source.T),  # type: ignore[arg-type]
        zone=zone_name(int(sums.zones[n].argmax())) if masks.sides_known and not fluid else None,
        area_mm2=int(sums.on_peak[n]) * per_row * per_column if known else None,
    )
