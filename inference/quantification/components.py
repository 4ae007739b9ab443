"""The lesion list: connected opacities inside the lung and pools of fluid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.findings import LesionComponent
from inference.labels import Lesion
from inference.quantification.box import box_of
from inference.quantification.definitions import AssessmentSettings
from inference.quantification.masks import Prepared
from inference.quantification.tally import CLASSES, Tally
from inference.quantification.zones import zone_name


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
    opacity, small = _label(masks.infected, smallest)
    fluid, _ = _label(masks.lesions == Lesion.EFFUSION, smallest)
    found = [
        *sorted((_describe(one, masks, counts, fluid=False) for one in opacity), key=_order),
        *sorted((_describe(one, masks, counts, fluid=True) for one in fluid), key=_order),
    ]
    listed = tuple(replace(one, number=number) for number, one in enumerate(found, start=1))
    return Listed(listed, len(small), sum(small))


def _order(one: LesionComponent) -> tuple[int, tuple[tuple[int, int], ...]]:
    return -one.voxels, one.bounds


def _label(mask: NDArray[np.bool_], smallest: float) -> tuple[list[NDArray[np.int64]], list[int]]:
    """The voxels ``(n, 3)`` of each component of the listed size, and the sizes of those below it."""
    import cc3d

    box = box_of(mask)
    if box is None:
        return [], []
    labelled: NDArray[Any] = cc3d.connected_components(np.ascontiguousarray(mask[box]), connectivity=26)
    where = np.flatnonzero(labelled)
    numbers = labelled.ravel()[where]
    sizes = np.bincount(numbers)
    keep = np.flatnonzero(sizes >= smallest)
    keep = keep[(keep > 0) & (sizes[keep] > 0)]
    new = np.zeros(len(sizes), dtype=np.uint32)
    new[keep] = np.arange(1, len(keep) + 1)
    renumbered = new[numbers]
    where, renumbered = where[renumbered > 0], renumbered[renumbered > 0]
    if len(keep) < 2**16:
        renumbered = renumbered.astype(np.uint16)  # NumPy sorts 16 bits by radix
    where = where[np.argsort(renumbered, kind="stable")]
    origin = np.array([part.start for part in box])
    groups = np.split(where, np.cumsum(sizes[keep])[:-1]) if len(keep) else []
    found = [np.stack(np.unravel_index(group, labelled.shape), axis=1) + origin for group in groups]
    small = sizes[1:][sizes[1:] < smallest]
    return found, [int(size) for size in small]


def _describe(kji: NDArray[np.int64], masks: Prepared, counts: Tally, *, fluid: bool) -> LesionComponent:
    geometry = masks.geometry
    k, j, i = kji.T
    classes = np.bincount(masks.lesions[k, j, i], minlength=CLASSES)
    per_slice = np.bincount(k)
    peak = int(per_slice.argmax())
    offsets = (kji - kji.mean(axis=0))[:, ::-1] @ geometry.affine[:3, :3].T
    nearest = kji[int(np.einsum("ij,ij->i", offsets, offsets).argmin())]
    x, y, z = geometry.to_patient(masks.canonical_index(nearest))
    corners = masks.canonical_index(np.stack([kji.min(axis=0), kji.max(axis=0)]))
    on_source = np.sort(masks.source_index(corners), axis=0)
    peak_on_source = masks.source_index(masks.canonical_index(np.array([peak, 0, 0])))[masks.turn.axes[0]]
    _, per_row, per_column = geometry.spacing_mm
    known = geometry.spacing_known
    bounds = tuple((int(low), int(high) + 1) for low, high in on_source.T)
    zone = None
    if not fluid and masks.sides_known:
        zone = zone_name(int(np.bincount(counts.zones[k, masks.lung[k, j, i]]).argmax()))
    return LesionComponent(
        number=0,
        label=int(Lesion.EFFUSION if fluid else classes.argmax()),
        voxels=len(kji),
        volume_ml=len(kji) * geometry.voxel_ml if known else None,
        mean_hu=float(masks.hu[k, j, i].mean()) if masks.has_hu else None,
        centre_lps_mm=(float(x), float(y), float(z)),
        peak_slice=int(peak_on_source),
        bounds=bounds,  # type: ignore[arg-type]
        zone=zone,
        area_mm2=int(per_slice[peak]) * per_row * per_column if known else None,
    )
