"""Small asymmetric thoraces with masks whose figures can be counted by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.findings import Provenance, SystemOutput
from inference.labels import Lesion, Lung
from inference.volume import LabelMap, Reorientation, Volume, VolumeGeometry

SHAPE = (30, 22, 34)
SPACING = (5.0, 3.0, 2.5)
"""Along k, j, i."""
VOXEL_ML = 5.0 * 3.0 * 2.5 / 1000
PIXEL_MM2 = 3.0 * 2.5
RIGHT = (slice(2, 26), slice(3, 19), slice(3, 14))
LEFT = (slice(5, 23), slice(4, 18), slice(20, 30))
"""The right lung is taller, deeper and wider; i grows to the patient's left."""


def geometry(shape: tuple[int, int, int] = SHAPE, **what: Any) -> VolumeGeometry:
    affine = np.diag([SPACING[2], SPACING[1], SPACING[0], 1.0])
    affine[:3, 3] = (-13.0, 40.0, -120.0)
    return VolumeGeometry(shape, affine, "1.2.3", **what)


def lungs() -> NDArray[np.uint8]:
    mask = np.zeros(SHAPE, np.uint8)
    mask[RIGHT], mask[LEFT] = Lung.RIGHT, Lung.LEFT
    return mask


def lesions() -> NDArray[np.uint8]:
    """Ground-glass with a core of consolidation in the right lower zone, unclassified in the left upper."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[3:8, 8:17, 4:11] = Lesion.GROUND_GLASS
    mask[4:7, 10:14, 6:9] = Lesion.CONSOLIDATION
    mask[19:22, 5:9, 22:27] = Lesion.UNCLASSIFIED
    return mask


def hounsfield(lung: NDArray[np.uint8], lesion: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Soft tissue, lung with a gradient front to back, and a density for each class."""
    hu = np.full(lung.shape, 40, np.int16)
    gradient = np.broadcast_to((-900 + 6 * np.arange(lung.shape[1]))[None, :, None], lung.shape)
    hu[lung > 0] = gradient[lung > 0]
    hu[lesion == Lesion.GROUND_GLASS] = -550
    hu[lesion == Lesion.CONSOLIDATION] = -20
    hu[lesion == Lesion.UNCLASSIFIED] = -400
    hu[lesion == Lesion.EFFUSION] = 12
    return hu


def volume_of(lung: NDArray[np.uint8], lesion: NDArray[np.uint8], **what: Any) -> Volume:
    grid = what.pop("geometry", geometry(lung.shape))
    return Volume(what.pop("hu", hounsfield(lung, lesion)), grid, **what)


def output_of(volume: Volume, lung: NDArray[np.uint8], lesion: NDArray[np.uint8], **what: Any) -> SystemOutput:
    grid = volume.geometry
    for name in ("rib_cage", "airways"):
        if isinstance(what.get(name), np.ndarray):
            what[name] = LabelMap(what[name], grid)
    values: dict[str, Any] = {
        "lungs": LabelMap(lung, grid),
        "lesions": LabelMap(lesion, grid),
        "sides_known": True,
        "provenance": Provenance("densitometry", "1.0.0", "cpu"),
        "thresholds": {"ground_glass_hu": -650.0},
        "sources": {"ground_glass": "rule", "consolidation": "rule", "effusion": "rule"},
        **what,
    }
    return SystemOutput(**values)


def thorax(**what: Any) -> tuple[Volume, SystemOutput]:
    """The usual case; keywords of ``SystemOutput`` replace its values."""
    lung, lesion = lungs(), lesions()
    volume = volume_of(lung, lesion)
    return volume, output_of(volume, lung, lesion, **what)


def restored(volume: Volume, output: SystemOutput, turn: Reorientation) -> tuple[Volume, SystemOutput]:
    """The same patient with the arrays stored along other axes, as another file might have it."""
    grid = volume.geometry.reoriented(turn)

    def turned(labels: LabelMap | None) -> LabelMap | None:
        return None if labels is None else LabelMap(np.ascontiguousarray(turn.apply(labels.array)), grid)

    array = np.ascontiguousarray(turn.apply(volume.array))
    lung, lesion = turned(output.lungs), turned(output.lesions)
    assert lung is not None and lesion is not None
    return Volume(array, grid), replace(
        output, lungs=lung, lesions=lesion, rib_cage=turned(output.rib_cage), airways=turned(output.airways)
    )
