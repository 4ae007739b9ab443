"""The geometry verdict's rules: what may be measured, judged from headers, then voxels, then lungs.

The published table is :data:`TABLE` (``docs/verdict.md``); the result type is :mod:`inference.verdict`. A gap is taken
out first, then spacing is judged on what remains. From headers alone a gap is amber and provisional.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.errors import InputShapeError
from inference.io.air import AIR_RANGE_HU, air_hu, is_air
from inference.io.derivation import is_derived, is_lossy, is_monoenergetic
from inference.io.lung_extent import at_field_edge_mm2, gap_meets_lungs, largest_cut
from inference.io.slices import Arrangement, SliceHeader
from inference.io.study import Kind
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

THICK_MM = 3.0
THICKNESS_TOLERANCE = 0.10
EVEN = 0.01
"""Variation of spacing that rounding of positions explains."""
IRREGULAR = 0.10
TILT_LIMIT_DEGREES = 30.0
AXIAL_WITHIN_DEGREES = 1.0
SIDEWAYS_MM = 1.0
LEAST_SLICES = 20
LEAST_LUNG_ML = 500.0
CUT_SHARE = 0.05
"""Above this share of the largest lung section, lung on the first or last slice is cut; below it, a recess ends there
and less than a hundredth of the volume is lost."""
EDGE_MM2 = 500.0
"""Lung that meets the edge of the field over this area is cut."""

_ROUNDING = 1e-6
_NO_CONTRAST = {"", "0", "N", "NO", "NONE", "NIL", "WITHOUT", "NATIVE", "UNENHANCED", "NO CONTRAST", "NON CONTRAST"}
_HU_UNITS = {"", "HU", "HNSF'U", "[HNSF'U]"}


def from_headers(headers: Sequence[SliceHeader], arrangement: Arrangement) -> Verdict:
    """The verdict of a DICOM series before any pixel is read; a gap is amber and provisional.

    ``arrangement`` is what :func:`inference.io.slices.arrange` returned for these very ``headers``.
    """
    kept = [headers[index] for index in arrangement.order]
    reasons = [*_contents(headers), *_placement(headers, arrangement)]
    judged = ["original", "one_grid", "enough", "native", "patient_position", "placed"]
    if all(header.modality for header in headers):
        judged.append("ct")
    if _comparable(arrangement):
        reasons += [*_stacking(kept, arrangement), *_tilt(kept, arrangement), *_thickness(kept, arrangement)]
        judged += ["axial", "no_duplicates", "complete", "even", "thin", "thickness"]
    if len(kept) < LEAST_SLICES:
        reasons.append(_reason("few_slices", f"Only {len(kept)} slices; at least {LEAST_SLICES} are needed"))
    return _judged(Verdict(), reasons, judged)


def from_grid(kind: Kind, geometry: VolumeGeometry, units: Units = Units.HU) -> Verdict:
    """The verdict of a file without DICOM headers: NIfTI, NRRD, MetaImage, or a PNG or JPEG picture."""
    reasons: list[Reason] = []
    judged = ["placed"]
    if not geometry.orientation_known:
        reasons.append(_reason("orientation_unknown", "Orientation unknown: no sides, no zones"))
    if not geometry.spacing_known:
        reasons.append(_reason("spacing_unknown", "Pixel size unknown: no millilitres"))
    if units is Units.GREY8 or kind == "image":
        reasons.append(_reason("eight_bit", "8-bit images without Hounsfield units: percentages only"))
    elif units is not Units.HU:
        reasons.append(_reason("not_hounsfield", "The values are not Hounsfield units"))
    if kind == "image":
        return _judged(Verdict(), reasons, judged)
    reasons.append(_reason("thickness_unknown", "Slice thickness unknown: the file does not hold it"))
    reasons.append(_reason("position_unknown", "Patient position unknown: supine assumed"))
    if geometry.orientation_known:
        along = geometry.reoriented(geometry.orientation).affine[:3, 2]
        reasons += _off_axial(_angle(along), "The volume's long axis")
        judged.append("axial")
    slices = geometry.shape[geometry.orientation.axes[0]]
    if slices < LEAST_SLICES:
        reasons.append(_reason("few_slices", f"Only {slices} slices; at least {LEAST_SLICES} are needed"))
    return _judged(Verdict(), reasons, [*judged, "enough"])


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
        return _judged(verdict, [_reason("not_hounsfield", "The values are not Hounsfield units")], ["hounsfield"])
    air = air_hu(volume)
    low, high = AIR_RANGE_HU
    if air is None:
        text = "No air was found outside the body or in the airways, so the values are not Hounsfield units of a chest"
        return _judged(verdict, [_reason("not_hounsfield", text)], ["hounsfield"])
    if not is_air(air):
        text = f"Not Hounsfield units: air measures {air:.0f}, not {low:.0f} to {high:.0f}"
        return _judged(verdict, [_reason("not_hounsfield", text)], ["hounsfield"])
    return _judged(verdict, [], ["hounsfield", "ct"])


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
        number = _count(len(volume.missing_slices), "slice")
        text = f"{number} missing, and no lung could be told apart from the gap"
        return _judged(_without_gap(verdict), [_reason("gap_in_lung", text)], [])
    if voxels == 0:
        return _judged(verdict, [_reason("not_a_chest", "Not a chest: no lung was found")], ["chest"])
    reasons = []
    if measurable and ml < LEAST_LUNG_ML:
        reasons.append(_reason("not_a_chest", f"Not a chest: only {ml:.0f} ml of lung were found"))
    reasons += _settled_gap(volume, per_slice)
    verdict = _without_gap(verdict) if volume.missing_slices else verdict
    if not measurable:
        return _judged(verdict, reasons, ["chest"])
    reasons += _field_of_view(volume, lungs)
    return _judged(verdict, reasons, ["chest", "field"])


def _voxels_per_slice(lungs: NDArray[np.uint8], missing: Iterable[int]) -> NDArray[np.int64]:
    per_slice = np.array([np.count_nonzero(plane) for plane in lungs], dtype=np.int64)
    per_slice[list(missing)] = 0
    return per_slice


def _settled_gap(volume: Volume, per_slice: NDArray[np.int64]) -> list[Reason]:
    """The final reason of a gap that was provisional."""
    missing = volume.missing_slices
    if not missing:
        return []
    number = _count(len(missing), "slice")
    if gap_meets_lungs(missing, per_slice):
        return [_reason("gap_in_lung", f"{number} missing inside the lung")]
    return [_reason("gap_outside_lung", f"{number} missing outside the lung")]


def _without_gap(verdict: Verdict) -> Verdict:
    reasons = tuple(reason for reason in verdict.reasons if reason.code != "gap_outside_lung")
    return Verdict(reasons, verdict.checks_passed)


def _field_of_view(volume: Volume, lungs: NDArray[np.uint8]) -> list[Reason]:
    cut = largest_cut(volume, lungs)
    if cut.share > CUT_SHARE:
        text = f"The scan ends within the lung: {cut.mm2 / 100:.0f} cm² of it on the {cut.end} slice"
        return [_reason("field_of_view", text)]
    edge = at_field_edge_mm2(volume, lungs)
    if edge >= EDGE_MM2:
        return [
            _reason("field_of_view", f"The field of view cuts the lung: {edge / 100:.0f} cm² of it lie at the edge")
        ]
    return []


def _contents(headers: Sequence[SliceHeader]) -> list[Reason]:
    """Rows on what the images are, not where."""
    reasons = []
    modality = next((header.modality for header in headers if header.modality not in ("", "CT")), "")
    if modality:
        reasons.append(_reason("not_ct", f"Not CT but {_plain(modality)}: nothing is measured on it"))
    types = {(header.rescale_type or "").strip().upper() for header in headers} - {"", "HU"}
    units = {header.units.strip() for header in headers if header.units.strip().upper() not in _HU_UNITS}
    if types or units:
        named = _plain(min(types | units))
        reasons.append(_reason("rescale_type", f"The values are given in {named}, not in Hounsfield units"))
    if any(header.unreadable_table for header in headers):
        text = "The table that gives the values (Modality LUT) cannot be read, so they are not Hounsfield units"
        reasons.append(_reason("rescale_type", text))
    elif any(header.rescale_intercept is None for header in headers):
        reasons.append(_reason("no_rescale", "RescaleIntercept is absent: the values are not Hounsfield units"))
    if any(header.contrast_agent.strip().upper() not in _NO_CONTRAST for header in headers):
        reasons.append(_reason("contrast_enhanced", "Contrast-enhanced"))
    if not all(header.patient_position for header in headers):
        reasons.append(_reason("position_unknown", "Patient position unknown: supine assumed"))
    return reasons + _derivation(headers)


def _derivation(headers: Sequence[SliceHeader]) -> list[Reason]:
    """Maps and other derived images are red, virtual monoenergetic and lossy ones amber."""
    reasons = []
    derived = next((header for header in headers if is_derived(header)), None)
    if derived is not None:
        words = _plain(" ".join(value for value in derived.image_type if value)) or "DERIVED"
        reasons.append(_reason("derived", f"Derived images, not an original CT (image type {words})"))
    mono = next((header for header in headers if is_monoenergetic(header)), None)
    if mono is not None:
        energy = f" at {mono.kev:.0f} keV" if mono.kev else ""
        reasons.append(_reason("monoenergetic", f"Virtual monoenergetic images{energy}"))
    if any(is_lossy(header) for header in headers):
        reasons.append(_reason("lossy", "Lossy compression has changed the values slightly"))
    elif any(header.lossy is None for header in headers):
        reasons.append(_reason("lossy", "Perhaps compressed with loss: JPEG 2000, and the header does not say"))
    return reasons


def _comparable(arrangement: Arrangement) -> bool:
    """Whether the slices form one stack, so that distances between them mean something."""
    return (
        arrangement.positions_known and not arrangement.mixed_orientation and len(arrangement.frames_of_reference) <= 1
    )


def _placement(headers: Sequence[SliceHeader], arrangement: Arrangement) -> list[Reason]:
    """Rows on whether the slices can be put together at all."""
    reasons = []
    unplaced = sum(header.position is None or header.orientation is None for header in headers)
    if unplaced or not arrangement.positions_known:
        number = _count(unplaced or len(headers), "slice")
        reasons.append(_reason("positions_missing", f"{number} without a usable position: the order is unknown"))
    elif any(header.pixel_spacing is None for header in headers):
        reasons.append(_reason("positions_missing", "Pixel spacing is absent: nothing can be measured"))
    if arrangement.mixed_orientation:
        reasons.append(_reason("mixed_orientation", "Slices of different orientations are mixed"))
    if len(arrangement.frames_of_reference) > 1:
        frames = len(arrangement.frames_of_reference)
        reasons.append(_reason("mixed_frames", f"Slices of {frames} frames of reference are mixed"))
    if arrangement.mixed_grid:
        reasons.append(_reason("mixed_sizes", "Slices of different size or pixel spacing are mixed"))
    elif arrangement.sideways_mm > SIDEWAYS_MM and _comparable(arrangement):
        text = f"Slices are shifted sideways against one another by up to {arrangement.sideways_mm:.1f} mm"
        reasons.append(_reason("mixed_sizes", text))
    return reasons


def _stacking(kept: Sequence[SliceHeader], arrangement: Arrangement) -> list[Reason]:
    """Rows on duplicates, gaps and spacing."""
    reasons = []
    if arrangement.clashing:
        number = _count(len(arrangement.clashing), "slice")
        reasons.append(_reason("position_conflict", f"{number} with other pixels at another slice's position"))
    if arrangement.dropped:
        number = _count(len(arrangement.dropped), "exact duplicate")
        reasons.append(_reason("duplicates_dropped", f"{number} of slices dropped"))
    if arrangement.missing:
        text = f"{_count(len(arrangement.missing), 'slice')} missing; whether inside the lung is known after analysis"
        reasons.append(_reason("gap_outside_lung", text, provisional=True))
    share = arrangement.spacing_variation
    if share >= IRREGULAR - _ROUNDING:
        near, far = _distances(kept, arrangement)
        reasons.append(_reason("spacing_irregular", f"Unevenly spaced slices, {near:.3g} to {far:.3g} mm apart"))
    elif share > EVEN:
        reasons.append(_reason("spacing_varies", f"Slice spacing varies by {100 * share:.1f} %"))
    return reasons


def _distances(kept: Sequence[SliceHeader], arrangement: Arrangement) -> tuple[float, float]:
    """The least and the largest distance in mm between neighbouring slices along the normal, gaps taken out."""
    along = np.array([header.position for header in kept], dtype=np.float64) @ np.array(arrangement.normal)
    even = np.abs(np.diff(along)) / np.diff(arrangement.slots)
    return float(even.min()), float(even.max())


def _tilt(kept: Sequence[SliceHeader], arrangement: Arrangement) -> list[Reason]:
    """Gantry tilt or an oblique plane, by positions; a tilt that only the header names is amber."""
    shear, plane = arrangement.shear_degrees, arrangement.plane_degrees
    if arrangement.sheared and shear >= plane - AXIAL_WITHIN_DEGREES:
        return _off_axial(shear, "The gantry", least=0.0)
    found = _off_axial(plane, "The slice plane", least=0.0 if arrangement.sheared else AXIAL_WITHIN_DEGREES)
    named = max((abs(header.gantry_tilt_degrees or 0.0) for header in kept), default=0.0)
    if found or named <= AXIAL_WITHIN_DEGREES:
        return found
    return [_reason("tilt", f"The header names a gantry tilt of {named:.1f}° that the positions do not show")]


def _off_axial(degrees: float, what: str, least: float = AXIAL_WITHIN_DEGREES) -> list[Reason]:
    if degrees > TILT_LIMIT_DEGREES + 1e-3:
        limit = f"more than {TILT_LIMIT_DEGREES:.0f}°"
        return [_reason("off_axial", f"{what} is {degrees:.0f}° off axial, {limit}")]
    if degrees > least:
        return [_reason("tilt", f"{what} is {degrees:.1f}° off axial")]
    return []


def _thickness(kept: Sequence[SliceHeader], arrangement: Arrangement) -> list[Reason]:
    named = [header.thickness_mm for header in kept if header.thickness_mm]
    if len(named) < len(kept):
        return [_reason("thickness_unknown", "Slice thickness is not given")]
    reasons = []
    if max(named) > THICK_MM + _ROUNDING:
        reasons.append(_reason("thick_slices", f"Slices are {max(named):.1f} mm thick, over {THICK_MM:.0f} mm"))
    spacing = arrangement.spacing_mm
    if spacing is None:
        return reasons
    thickness = max(named, key=lambda value: abs(value - spacing))
    if abs(thickness - spacing) > THICKNESS_TOLERANCE * spacing + _ROUNDING:
        text = f"Slice thickness {thickness:.1f} mm differs from spacing {spacing:.1f} mm"
        reasons.append(_reason("thickness_not_spacing", text))
        if thickness > spacing:
            reasons.append(_reason("overlap", f"Neighbouring slices overlap by {thickness - spacing:.1f} mm"))
    return reasons


def _angle(direction: NDArray[np.float64]) -> float:
    """Degrees between a direction and the body's long axis."""
    return float(np.degrees(np.arctan2(np.hypot(direction[0], direction[1]), abs(direction[2]))))


def _reason(code: str, text: str, *, provisional: bool = False) -> Reason:
    row = ROWS[code]
    return Reason(code, row.colour, text, row.help, provisional)


def _judged(verdict: Verdict, reasons: Iterable[Reason], judged: Iterable[str]) -> Verdict:
    """``verdict`` with further reasons, and with those of the judged checks that no reason fails."""
    merged = verdict.with_reasons(reasons)
    failed = {ROWS[reason.code].check for reason in merged.reasons if reason.code in ROWS}
    held = {*verdict.checks_passed, *judged} - failed
    return Verdict(merged.reasons, tuple(check for check in CHECKS if check in held))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _plain(text: str) -> str:
    """Header text made safe for a sentence: short, printable."""
    return re.sub(r"[^\w .,'\[\]/()-]+", " ", text).strip()[:60]
