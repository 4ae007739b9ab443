"""The geometry verdict's rules: what may be measured, judged from headers, then voxels, then lungs.

The published table is :data:`TABLE` (``docs/verdict.md``); the result type is :mod:`inference.verdict`. A gap is taken
out first, then spacing is judged on what remains. From headers alone a gap is amber and provisional.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.errors import InputShapeError
from inference.io.air import AIR_RANGE_HU, air_hu, is_air
from inference.io.lung_extent import at_field_edge_mm2, gap_meets_lungs, largest_cut
from inference.io.slices import Arrangement, SliceHeader
from inference.io.study import Kind
from inference.io.verdict_headers import comparable, contents, off_axial, placement, stacking, thickness, tilt
from inference.io.verdict_reasons import because, concluded, counted
from inference.io.verdict_table import CHECKS, ROWS, TABLE, Row, describe
from inference.verdict import Reason, Verdict
from inference.volume import Units, Volume, VolumeGeometry

__all__ = [
    "CHECKS",
    "TABLE",
    "Row",
    "air_hu",
    "describe",
    "from_grid",
    "from_headers",
    "from_lungs",
    "from_voxels",
]

LEAST_SLICES = 20
LEAST_LUNG_ML = 500.0
CUT_SHARE = 0.05
"""Above this share of the largest lung section, lung on the first or last slice is cut; below it, a recess ends there
and less than a hundredth of the volume is lost."""
EDGE_MM2 = 500.0
"""Lung that meets the edge of the field over this area is cut."""


def from_headers(headers: Sequence[SliceHeader], arrangement: Arrangement) -> Verdict:
    """The verdict of a DICOM series before any pixel is read; a gap is amber and provisional.

    ``arrangement`` is what :func:`inference.io.slices.arrange` returned for these very ``headers``.
    """
    kept = [headers[index] for index in arrangement.order]
    reasons = [*contents(headers), *placement(headers, arrangement)]
    judged = ["original", "one_grid", "enough", "native", "patient_position", "placed"]
    if all(header.modality for header in headers):
        judged.append("ct")
    if comparable(arrangement):
        reasons += [*stacking(kept, arrangement), *tilt(kept, arrangement), *thickness(kept, arrangement)]
        judged += ["axial", "no_duplicates", "complete", "even", "thin", "thickness"]
    if len(kept) < LEAST_SLICES:
        reasons.append(because("few_slices", f"Only {len(kept)} slices; at least {LEAST_SLICES} are needed"))
    return concluded(Verdict(), reasons, judged)


def from_grid(kind: Kind, geometry: VolumeGeometry, units: Units = Units.HU) -> Verdict:
    """The verdict of a file without DICOM headers: NIfTI, NRRD, MetaImage, or a PNG or JPEG picture."""
    reasons: list[Reason] = []
    judged = ["placed"]
    if not geometry.orientation_known:
        reasons.append(because("orientation_unknown", "Orientation unknown: no sides, no zones"))
    if not geometry.spacing_known:
        reasons.append(because("spacing_unknown", "Pixel size unknown: no millilitres"))
    if units is Units.GREY8 or kind == "image":
        reasons.append(because("eight_bit", "8-bit images without Hounsfield units: percentages only"))
    elif units is not Units.HU:
        reasons.append(because("not_hounsfield", "The values are not Hounsfield units"))
    if kind == "image":
        return concluded(Verdict(), reasons, judged)
    reasons.append(because("thickness_unknown", "Slice thickness unknown: the file does not hold it"))
    reasons.append(because("position_unknown", "Patient position unknown: supine assumed"))
    if geometry.orientation_known:
        along = geometry.reoriented(geometry.orientation).affine[:3, 2]
        reasons += off_axial(_angle(along), "The volume's long axis")
        judged.append("axial")
    slices = geometry.shape[geometry.orientation.axes[0]]
    if slices < LEAST_SLICES:
        reasons.append(because("few_slices", f"Only {slices} slices; at least {LEAST_SLICES} are needed"))
    return concluded(Verdict(), reasons, [*judged, "enough"])


def from_voxels(verdict: Verdict, volume: Volume) -> Verdict:
    """``verdict`` with what the voxels say: whether the numbers are Hounsfield units (rescale forgotten or doubled).

    8-bit volumes have none to judge, and what the headers said already is not said twice. ``volume`` may be in any
    orientation.
    """
    if volume.units is Units.GREY8:
        return verdict
    if volume.units is Units.UNKNOWN:
        if {"hounsfield", "ct"} & {ROWS[reason.code].check for reason in verdict.reasons if reason.code in ROWS}:
            return verdict
        return concluded(verdict, [because("not_hounsfield", "The values are not Hounsfield units")], ["hounsfield"])
    air = air_hu(volume)
    low, high = AIR_RANGE_HU
    if air is None:
        text = "No air was found outside the body or in the airways, so the values are not Hounsfield units of a chest"
        return concluded(verdict, [because("not_hounsfield", text)], ["hounsfield"])
    if not is_air(air):
        text = f"Not Hounsfield units: air measures {air:.0f}, not {low:.0f} to {high:.0f}"
        return concluded(verdict, [because("not_hounsfield", text)], ["hounsfield"])
    return concluded(verdict, [], ["hounsfield", "ct"])


def from_lungs(verdict: Verdict, volume: Volume, lungs: NDArray[np.uint8]) -> Verdict:
    """``verdict`` once the lungs are known: a gap becomes red or settles as amber; a chest must be there, and whole.

    Parameters
    ----------
    volume
        With its ``missing_slices``.
    lungs
        uint8 on the volume's grid ``(slices, rows, columns)``; every value above 0 is lung.

    Raises
    ------
    InputShapeError
        If the mask has not the volume's shape.
    """
    if lungs.shape != volume.array.shape:
        raise InputShapeError(f"A lung mask of shape {lungs.shape} does not fit a volume of {volume.array.shape}.")
    per_slice = _voxels_per_slice(lungs, volume.missing_slices)
    voxels = int(per_slice.sum())
    measurable = volume.geometry.spacing_known and volume.units is Units.HU
    ml = voxels * volume.geometry.voxel_ml
    if voxels == 0 and volume.missing_slices:
        number = counted(len(volume.missing_slices), "slice")
        text = f"{number} missing, and no lung could be told apart from the gap"
        return concluded(_without_gap(verdict), [because("gap_in_lung", text)], [])
    if voxels == 0:
        return concluded(verdict, [because("not_a_chest", "Not a chest: no lung was found")], ["chest"])
    reasons = []
    if measurable and ml < LEAST_LUNG_ML:
        reasons.append(because("not_a_chest", f"Not a chest: only {ml:.0f} ml of lung were found"))
    reasons += _settled_gap(volume, per_slice)
    verdict = _without_gap(verdict) if volume.missing_slices else verdict
    if not measurable:
        return concluded(verdict, reasons, ["chest"])
    reasons += _field_of_view(volume, lungs)
    return concluded(verdict, reasons, ["chest", "field"])


def _voxels_per_slice(lungs: NDArray[np.uint8], missing: Iterable[int]) -> NDArray[np.int64]:
    per_slice = np.array([np.count_nonzero(plane) for plane in lungs], dtype=np.int64)
    per_slice[list(missing)] = 0
    return per_slice


def _settled_gap(volume: Volume, per_slice: NDArray[np.int64]) -> list[Reason]:
    """The final reason of a gap that was provisional."""
    missing = volume.missing_slices
    if not missing:
        return []
    number = counted(len(missing), "slice")
    if gap_meets_lungs(missing, per_slice):
        return [because("gap_in_lung", f"{number} missing inside the lung")]
    return [because("gap_outside_lung", f"{number} missing outside the lung")]


def _without_gap(verdict: Verdict) -> Verdict:
    reasons = tuple(reason for reason in verdict.reasons if reason.code != "gap_outside_lung")
    return Verdict(reasons, verdict.checks_passed)


def _field_of_view(volume: Volume, lungs: NDArray[np.uint8]) -> list[Reason]:
    cut = largest_cut(volume, lungs)
    if cut.share > CUT_SHARE:
        text = f"The scan ends within the lung: {cut.mm2 / 100:.0f} cm² of it on the {cut.end} slice"
        return [because("field_of_view", text)]
    edge = at_field_edge_mm2(volume, lungs)
    if edge >= EDGE_MM2:
        return [
            because("field_of_view", f"The field of view cuts the lung: {edge / 100:.0f} cm² of it lie at the edge")
        ]
    return []


def _angle(direction: NDArray[np.float64]) -> float:
    """Degrees between a direction and the body's long axis."""
    return float(np.degrees(np.arctan2(np.hypot(direction[0], direction[1]), abs(direction[2]))))
