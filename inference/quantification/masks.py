"""The masks as they are measured: turned feet to head, cropped, and made to agree with the definitions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inference.errors import InputShapeError
from inference.findings import SystemOutput
from inference.labels import Lesion, Lung
from inference.quantification.box import NOTHING, Box, span
from inference.volume import PADDING_CEILING_HU, LabelMap, Reorientation, Units, Volume, VolumeGeometry

AIR_FLOOR_HU = -1024
"""A declared padding value from here up is also a value of real lung, so it cannot tell padding."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything that is counted, on one cropped grid with k from feet to head, j front to back, i right to left.

    ``lung`` holds the lung codes where lung is, by definition (no airway, effusion, padding or missing slice);
    ``lesions`` the lesion codes as the system gave them, missing slices emptied. ``rib_cage`` and ``lobes`` are None
    where not given. ``airways`` are kept for the white-lung rule.
    """

    hu: NDArray[np.int16]
    lung: NDArray[np.uint8]
    lesions: NDArray[np.uint8]
    airways: NDArray[np.uint8] | None
    rib_cage: NDArray[np.uint8] | None
    lobes: NDArray[np.uint8] | None
    geometry: VolumeGeometry
    """Of the whole turned volume, before the crop."""
    source: VolumeGeometry
    """The volume's own."""
    turn: Reorientation
    crop: Box
    missing: frozenset[int]
    """Missing slices, as indices of the turned volume."""
    has_hu: bool
    sides_known: bool
    left_out: int
    """Voxels of the system's lung mask that the definition does not count."""

    @cached_property
    def infected(self) -> NDArray[np.bool_]:
        """Where opacity lies in the lung."""
        result = np.empty(self.lung.shape, dtype=bool)
        for lung, lesion, here in zip(self.lung, self.lesions, result, strict=True):
            here[...] = (lung != 0) & (lesion != 0) & (lesion != Lesion.EFFUSION)
        return result

    def canonical_index(self, kji: NDArray[np.int64]) -> NDArray[np.int64]:
        """Indices into the turned volume of indices into the crop."""
        return np.asarray(kji + np.array([part.start for part in self.crop]))

    def source_index(self, canonical: NDArray[np.int64]) -> NDArray[np.int64]:
        """Indices ``(..., 3)`` of the volume's own grid of indices of the turned volume."""
        result = np.empty_like(canonical)
        for new, (old, flip) in enumerate(zip(self.turn.axes, self.turn.flips, strict=True)):
            values = canonical[..., new]
            result[..., old] = self.geometry.shape[new] - 1 - values if flip else values
        return result


def prepare(volume: Volume, output: SystemOutput, lobes: LabelMap | None = None) -> Prepared:
    """Check that everything lies on the volume's grid, turn it, crop it to what is counted, and clean the lung.

    Raises
    ------
    InputShapeError
        If a mask lies on another grid or in another frame of reference, or holds a code that does not exist.
    """
    canonical, turn = volume.canonical()
    maps = {"lungs": output.lungs, "lesions": output.lesions, "airways": output.airways, "rib cage": output.rib_cage}
    turned = {name: _turned(name, labels, volume, turn) for name, labels in (*maps.items(), ("lobes", lobes))}
    lungs, lesions = turned["lungs"], turned["lesions"]
    assert lungs is not None and lesions is not None
    top = [_highest("lungs", lungs, max(Lung)), _highest("lesions", lesions, max(Lesion))]
    if turned["rib cage"] is not None:
        top.append(_highest("rib cage", turned["rib cage"], max(Lung)))
    crop = _bounding_box([lungs, lesions, turned["rib cage"]], top)
    parts = {name: None if array is None else array[crop] for name, array in turned.items()}
    has_hu = volume.units is Units.HU
    hu, lung, effusion = canonical.array[crop], lungs[crop].copy(), lesions[crop]
    before = np.count_nonzero(lung)
    missing = frozenset(canonical.missing_slices)
    for k in range(lung.shape[0]):
        _clean(lung[k], effusion[k], hu[k] if has_hu else None, _slice(parts["airways"], k), volume.padding_hu)
        if k + crop[0].start in missing:
            lung[k] = 0
    both_sides = output.sides_known and volume.geometry.orientation_known
    return Prepared(
        hu=hu,
        lung=lung,
        lesions=_without(effusion, [k - crop[0].start for k in missing]),
        airways=parts["airways"],
        rib_cage=parts["rib cage"],
        lobes=parts["lobes"],
        geometry=canonical.geometry,
        source=volume.geometry,
        turn=turn,
        crop=crop,
        missing=missing,
        has_hu=has_hu,
        sides_known=both_sides and not bool((lung == Lung.SIDE_UNKNOWN).any()),
        left_out=int(before - np.count_nonzero(lung)),
    )


def measured_output(output: SystemOutput, prepared: Prepared, outside: int) -> SystemOutput:
    """The system's output with its masks as they were measured, so that masks and figures agree to the voxel.

    ``outside`` is the number of opacity voxels outside the lung; they are taken out, as is lung that is none.
    """
    if prepared.left_out:
        output = replace(output, lungs=_pasted(prepared.lung, prepared))
    if outside or prepared.missing:
        kept = np.where(prepared.infected | (prepared.lesions == Lesion.EFFUSION), prepared.lesions, np.uint8(0))
        output = replace(output, lesions=_pasted(kept, prepared))
    return output


def _pasted(part: NDArray[np.uint8], prepared: Prepared) -> LabelMap:
    whole = np.zeros(prepared.source.shape, dtype=np.uint8)
    prepared.turn.apply(whole)[prepared.crop] = part
    return LabelMap(whole, prepared.source)


def _turned(name: str, labels: LabelMap | None, volume: Volume, turn: Reorientation) -> NDArray[np.uint8] | None:
    if labels is None:
        return None
    frames = {labels.geometry.frame_of_reference_uid, volume.geometry.frame_of_reference_uid} - {""}
    if not labels.geometry.same_grid(volume.geometry) or len(frames) > 1:
        raise InputShapeError(f"The {name} mask does not lie on the grid of the volume; nothing can be measured.")
    return turn.apply(labels.array)


def _highest(name: str, array: NDArray[np.uint8], limit: int) -> NDArray[np.uint8]:
    flat: NDArray[np.uint8] = array.max(axis=0)
    if int(flat.max()) > limit:
        raise InputShapeError(f"The {name} mask holds the code {int(flat.max())}; the highest that exists is {limit}.")
    return flat


def _bounding_box(arrays: list[NDArray[np.uint8] | None], flat: list[NDArray[np.uint8]]) -> Box:
    seen = np.maximum.reduce(flat) > 0
    if not seen.any():
        return NOTHING
    rows, columns = span(seen.any(axis=1)), span(seen.any(axis=0))
    inside = [array[:, rows, columns].any(axis=(1, 2)) for array in arrays if array is not None]
    return span(np.logical_or.reduce(inside)), rows, columns


def _clean(
    lung: NDArray[np.uint8],
    lesions: NDArray[np.uint8],
    hu: NDArray[np.int16] | None,
    airways: NDArray[np.uint8] | None,
    padding_hu: int | None,
) -> None:
    """Take out of one slice of lung, in place, what is no lung by definition."""
    lung[lesions == Lesion.EFFUSION] = 0
    if airways is not None:
        lung[airways != 0] = 0
    if hu is not None:
        lung[hu <= PADDING_CEILING_HU] = 0
        if padding_hu is not None and padding_hu < AIR_FLOOR_HU:
            lung[hu == padding_hu] = 0


def _slice(array: NDArray[np.uint8] | None, k: int) -> NDArray[np.uint8] | None:
    return None if array is None else array[k]


def _without(array: NDArray[np.uint8], slices: list[int]) -> NDArray[np.uint8]:
    there = [k for k in slices if 0 <= k < array.shape[0] and array[k].any()]
    if not there:
        return array
    array = array.copy()
    array[there] = 0
    return array
