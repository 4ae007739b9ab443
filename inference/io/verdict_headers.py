"""What the headers of a DICOM series say against measuring it: one function for each group of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.io.derivation import is_derived, is_lossy, is_monoenergetic
from inference.io.slices import Arrangement, SliceHeader
from inference.io.verdict_reasons import because, counted, plain
from inference.verdict import Reason

THICK_MM = 3.0
THICKNESS_TOLERANCE = 0.10
EVEN = 0.01
"""Variation of spacing that rounding of positions explains."""
IRREGULAR = 0.10
TILT_LIMIT_DEGREES = 30.0
AXIAL_WITHIN_DEGREES = 1.0
SIDEWAYS_MM = 1.0

_ROUNDING = 1e-6
_NO_CONTRAST = {"", "0", "N", "NO", "NONE", "NIL", "WITHOUT", "NATIVE", "UNENHANCED", "NO CONTRAST", "NON CONTRAST"}
_HU_UNITS = {"", "HU", "HNSF'U", "[HNSF'U]"}


def contents(headers: Sequence[SliceHeader]) -> list[Reason]:
    """Rows on what the images are, not where."""
    reasons = []
    modality = next((header.modality for header in headers if header.modality not in ("", "CT")), "")
    if modality:
        reasons.append(because("not_ct", f"Not CT but {plain(modality)}: nothing is measured on it"))
    types = {(header.rescale_type or "").strip().upper() for header in headers} - {"", "HU"}
    units = {header.units.strip() for header in headers if header.units.strip().upper() not in _HU_UNITS}
    if types or units:
        named = plain(min(types | units))
        reasons.append(because("rescale_type", f"The values are given in {named}, not in Hounsfield units"))
    if any(header.unreadable_table for header in headers):
        text = "The table that gives the values (Modality LUT) cannot be read, so they are not Hounsfield units"
        reasons.append(because("rescale_type", text))
    elif any(header.rescale_intercept is None for header in headers):
        reasons.append(
            because("no_rescale", "Rescale values are absent or broken: the values are not Hounsfield units")
        )
    if any(header.contrast_agent.strip().upper() not in _NO_CONTRAST for header in headers):
        reasons.append(because("contrast_enhanced", "Contrast-enhanced"))
    elif any(header.described_as_enhanced for header in headers):
        reasons.append(because("contrast_enhanced", "Contrast-enhanced, by the words of the series description"))
    if not all(header.patient_position for header in headers):
        reasons.append(because("position_unknown", "Patient position unknown: supine assumed"))
    return reasons + _derivation(headers)


def _derivation(headers: Sequence[SliceHeader]) -> list[Reason]:
    """Maps and other derived images are red, virtual monoenergetic and lossy ones amber."""
    reasons = []
    derived = next((header for header in headers if is_derived(header)), None)
    if derived is not None:
        words = plain(" ".join(value for value in derived.image_type if value)) or "DERIVED"
        reasons.append(because("derived", f"Derived images, not an original CT (image type {words})"))
    mono = next((header for header in headers if is_monoenergetic(header)), None)
    if mono is not None:
        energy = f" at {mono.kev:.0f} keV" if mono.kev else ""
        reasons.append(because("monoenergetic", f"Virtual monoenergetic images{energy}"))
    if any(is_lossy(header) for header in headers):
        reasons.append(because("lossy", "Lossy compression has changed the values slightly"))
    elif any(header.lossy is None for header in headers):
        reasons.append(because("lossy", "Perhaps compressed with loss: JPEG 2000, and the header does not say"))
    return reasons


def comparable(arrangement: Arrangement) -> bool:
    """Whether the slices form one stack, so that distances between them mean something."""
    return (
        arrangement.positions_known and not arrangement.mixed_orientation and len(arrangement.frames_of_reference) <= 1
    )


def placement(headers: Sequence[SliceHeader], arrangement: Arrangement) -> list[Reason]:
    """Rows on whether the slices can be put together at all."""
    reasons = []
    unplaced = sum(header.position is None or header.orientation is None for header in headers)
    if unplaced or not arrangement.positions_known:
        number = counted(unplaced or len(headers), "slice")
        reasons.append(because("positions_missing", f"{number} without a usable position: the order is unknown"))
    elif any(header.pixel_spacing is None for header in headers):
        reasons.append(because("positions_missing", "Pixel spacing is absent: nothing can be measured"))
    if arrangement.mixed_orientation:
        reasons.append(because("mixed_orientation", "Slices of different orientations are mixed"))
    if len(arrangement.frames_of_reference) > 1:
        frames = len(arrangement.frames_of_reference)
        reasons.append(because("mixed_frames", f"Slices of {frames} frames of reference are mixed"))
    if arrangement.mixed_grid:
        reasons.append(because("mixed_sizes", "Slices of different size or pixel spacing are mixed"))
    elif arrangement.sideways_mm > SIDEWAYS_MM and comparable(arrangement):
        text = f"Slices are shifted sideways against one another by up to {arrangement.sideways_mm:.1f} mm"
        reasons.append(because("mixed_sizes", text))
    return reasons


def stacking(kept: Sequence[SliceHeader], arrangement: Arrangement) -> list[Reason]:
    """Rows on duplicates, gaps and spacing."""
    reasons = []
    if arrangement.clashing:
        number = counted(len(arrangement.clashing), "slice")
        reasons.append(because("position_conflict", f"{number} with other pixels at another slice's position"))
    if arrangement.dropped:
        number = counted(len(arrangement.dropped), "exact duplicate")
        reasons.append(because("duplicates_dropped", f"{number} of slices dropped"))
    if arrangement.missing:
        text = f"{counted(len(arrangement.missing), 'slice')} missing; whether inside the lung is known after analysis"
        reasons.append(because("gap_outside_lung", text, provisional=True))
    share = arrangement.spacing_variation
    if share >= IRREGULAR - _ROUNDING:
        near, far = _distances(kept, arrangement)
        reasons.append(because("spacing_irregular", f"Unevenly spaced slices, {near:.3g} to {far:.3g} mm apart"))
    elif share > EVEN:
        reasons.append(because("spacing_varies", f"Slice spacing varies by {100 * share:.1f} %"))
    return reasons


def _distances(kept: Sequence[SliceHeader], arrangement: Arrangement) -> tuple[float, float]:
    """The least and the largest distance in mm between neighbouring slices along the normal, gaps taken out."""
    along = np.array([header.position for header in kept], dtype=np.float64) @ np.array(arrangement.normal)
    even = np.abs(np.diff(along)) / np.diff(arrangement.slots)
    return float(even.min()), float(even.max())


def tilt(kept: Sequence[SliceHeader], arrangement: Arrangement) -> list[Reason]:
    """Gantry tilt or an oblique plane, by positions; a tilt that only the header names is amber."""
    shear, plane = arrangement.shear_degrees, arrangement.plane_degrees
    if arrangement.sheared and shear >= plane - AXIAL_WITHIN_DEGREES:
        return off_axial(shear, "The gantry", least=0.0)
    found = off_axial(plane, "The slice plane", least=0.0 if arrangement.sheared else AXIAL_WITHIN_DEGREES)
    named = max((abs(header.gantry_tilt_degrees or 0.0) for header in kept), default=0.0)
    if found or named <= AXIAL_WITHIN_DEGREES:
        return found
    return [because("tilt", f"The header names a gantry tilt of {named:.1f}° that the positions do not show")]


def off_axial(degrees: float, what: str, least: float = AXIAL_WITHIN_DEGREES) -> list[Reason]:
    """Whether ``what`` lies too far off axial, or is only tilted by more than ``least`` degrees."""
    if degrees > TILT_LIMIT_DEGREES + 1e-3:
        limit = f"more than {TILT_LIMIT_DEGREES:.0f}°"
        return [because("off_axial", f"{what} is {degrees:.0f}° off axial, {limit}")]
    if degrees > least:
        return [because("tilt", f"{what} is {degrees:.1f}° off axial")]
    return []


def thickness(kept: Sequence[SliceHeader], arrangement: Arrangement) -> list[Reason]:
    """Rows on how thick the slices are, by themselves and against their spacing."""
    named = [header.thickness_mm for header in kept if header.thickness_mm]
    if len(named) < len(kept):
        return [because("thickness_unknown", "Slice thickness is not given")]
    reasons = []
    if max(named) > THICK_MM + _ROUNDING:
        reasons.append(because("thick_slices", f"Slices are {max(named):.1f} mm thick, over {THICK_MM:.0f} mm"))
    spacing = arrangement.spacing_mm
    if spacing is None:
        return reasons
    thick = max(named, key=lambda value: abs(value - spacing))
    if abs(thick - spacing) > THICKNESS_TOLERANCE * spacing + _ROUNDING:
        text = f"Slice thickness {thick:.1f} mm differs from spacing {spacing:.1f} mm"
        reasons.append(because("thickness_not_spacing", text))
        if thick > spacing:
            reasons.append(because("overlap", f"Neighbouring slices overlap by {thick - spacing:.1f} mm"))
    return reasons
