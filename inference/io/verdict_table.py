"""The published table of the geometry verdict, as data: every row, its colour, what it means and what would help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from inference.verdict import Colour

CHECKS: Mapping[str, str] = MappingProxyType(
    {
        "ct": "CT images",
        "original": "Original images",
        "hounsfield": "Hounsfield units",
        "placed": "Every slice has its position",
        "one_grid": "One orientation, frame of reference and image size",
        "no_duplicates": "One slice at each position",
        "complete": "No slice missing",
        "even": "Even slice spacing",
        "axial": "Axial slices, gantry upright",
        "thin": "Slices of 3 mm or thinner",
        "thickness": "Slices as thick as their spacing",
        "enough": "At least 20 slices",
        "native": "No contrast agent in the headers or the series description",
        "patient_position": "Patient position known",
        "chest": "Lungs found",
        "field": "Lungs within the field of view",
    }
)
"""What is judged, in words that hold where nothing was found against it: the rows of the FITNESS list."""


@dataclass(frozen=True)
class Row:
    """One row of the published table. ``check`` is the key of :data:`CHECKS` that fails where the row applies."""

    code: str
    colour: Colour
    check: str
    description: str
    help: str


_AMBER, _RED = Colour.AMBER, Colour.RED

TABLE: tuple[Row, ...] = (
    Row(
        "tilt",
        _AMBER,
        "axial",
        "Gantry tilted, or slice plane off axial, by up to 30° (a tilted stack is resampled)",
        "A reconstruction with an upright gantry.",
    ),
    Row(
        "thickness_not_spacing",
        _AMBER,
        "thickness",
        "Slice thickness differs from slice spacing by over 10 %",
        "A reconstruction whose spacing equals its thickness.",
    ),
    Row(
        "overlap",
        _AMBER,
        "thickness",
        "Slices overlap: thicker than their spacing by over 10 %",
        "A reconstruction whose spacing equals its thickness.",
    ),
    Row(
        "duplicates_dropped",
        _AMBER,
        "no_duplicates",
        "Exact duplicates of slices, dropped",
        "Nothing is needed; the copies were left out.",
    ),
    Row(
        "spacing_varies",
        _AMBER,
        "even",
        "Slice spacing varies by under 10 %, gaps taken out",
        "An evenly spaced reconstruction.",
    ),
    Row(
        "gap_outside_lung",
        _AMBER,
        "complete",
        "Slices missing outside the lung (from headers alone: slices missing, provisional)",
        "The missing slices.",
    ),
    Row(
        "thick_slices",
        _AMBER,
        "thin",
        "Slices thicker than 3 mm",
        "A reconstruction of 3 mm or thinner.",
    ),
    Row(
        "field_of_view",
        _AMBER,
        "field",
        "The field of view cuts the lung, or the first or last slice does in over 5 % of its largest section",
        "A reconstruction that holds both lungs whole.",
    ),
    Row(
        "contrast_enhanced",
        _AMBER,
        "native",
        "Contrast-enhanced",
        "A series without contrast agent: enhancement raises the density of lung and vessels.",
    ),
    Row(
        "monoenergetic",
        _AMBER,
        "original",
        "Virtual monoenergetic images",
        "The conventional (polyenergetic) reconstruction.",
    ),
    Row(
        "lossy",
        _AMBER,
        "original",
        "Lossy compression, or JPEG 2000 whose header does not say (DERIVED by lossy compression alone belongs here)",
        "The series as the scanner wrote it.",
    ),
    Row(
        "eight_bit",
        _AMBER,
        "hounsfield",
        "8-bit images: no Hounsfield units, percentages only",
        "The CT as DICOM.",
    ),
    Row(
        "thickness_unknown",
        _AMBER,
        "thickness",
        "Slice thickness unknown (always so in NIfTI, NRRD and MetaImage)",
        "The CT as DICOM.",
    ),
    Row(
        "position_unknown",
        _AMBER,
        "patient_position",
        "Patient position unknown: supine assumed (always so in NIfTI, NRRD and MetaImage)",
        "The CT as DICOM, with its patient position.",
    ),
    Row(
        "orientation_unknown",
        _AMBER,
        "placed",
        "Orientation unknown: no side, no zone, no letter (PNG, JPEG, NIfTI with both codes 0)",
        "The CT as DICOM, or a file that names its orientation.",
    ),
    Row(
        "spacing_unknown",
        _AMBER,
        "placed",
        "Pixel size unknown: no millilitres (PNG, JPEG)",
        "The CT as DICOM, or a file that names its spacing.",
    ),
    Row(
        "gap_in_lung",
        _RED,
        "complete",
        "Slices missing inside the lung or touching it",
        "The missing slices; anatomy is never invented.",
    ),
    Row(
        "positions_missing",
        _RED,
        "placed",
        "Slices without position, orientation or pixel spacing",
        "The series as the scanner wrote it, with positions.",
    ),
    Row(
        "position_conflict",
        _RED,
        "no_duplicates",
        "Different pixels at one position",
        "One phase or reconstruction alone.",
    ),
    Row(
        "off_axial",
        _RED,
        "axial",
        "Gantry tilt or slice plane more than 30° off axial",
        "The axial series.",
    ),
    Row(
        "mixed_orientation",
        _RED,
        "one_grid",
        "Slices of different orientations",
        "One series of one orientation.",
    ),
    Row(
        "mixed_frames",
        _RED,
        "one_grid",
        "Slices of different frames of reference",
        "The slices of one acquisition alone.",
    ),
    Row(
        "mixed_sizes",
        _RED,
        "one_grid",
        "Slices of different size or pixel spacing, or shifted sideways against one another",
        "The slices of one reconstruction alone.",
    ),
    Row(
        "rescale_type",
        _RED,
        "hounsfield",
        "RescaleType or units other than HU (RescaleType absent on CT means HU)",
        "The conventional reconstruction in Hounsfield units.",
    ),
    Row(
        "derived",
        _RED,
        "original",
        "Iodine maps and other derived series, told by image type values",
        "The original axial reconstruction.",
    ),
    Row(
        "no_rescale",
        _RED,
        "hounsfield",
        "RescaleIntercept absent, or slope no number: not Hounsfield units",
        "The series as the scanner wrote it, with its rescale values.",
    ),
    Row(
        "not_hounsfield",
        _RED,
        "hounsfield",
        "Air outside the body or in the trachea, padding left out, with a median outside -1100 to -850",
        "The series as the scanner wrote it, rescaled once.",
    ),
    Row(
        "not_ct",
        _RED,
        "ct",
        "Not CT (Modality absent means CT where rescale and air are plausible)",
        "A chest CT.",
    ),
    Row(
        "not_a_chest",
        _RED,
        "chest",
        "Not a chest: lungs absent or under 500 ml",
        "A CT that holds both lungs.",
    ),
    Row(
        "few_slices",
        _RED,
        "enough",
        "Fewer than 20 slices",
        "The whole series.",
    ),
    Row(
        "spacing_irregular",
        _RED,
        "even",
        "Slice spacing varies by 10 % or more, gaps taken out",
        "An evenly spaced reconstruction.",
    ),
)
"""The published table: amber rows, then red ones. A series to which no row applies is green."""

ROWS: Mapping[str, Row] = MappingProxyType({row.code: row for row in TABLE})


def describe(code: str) -> str:
    """A few words for a row's code or for a check of ``checks_passed``; the code itself where it is neither."""
    if code in CHECKS:
        return CHECKS[code]
    return ROWS[code].description if code in ROWS else code


def table_markdown() -> str:
    """``docs/verdict.md``: the published table for readers."""
    lines = [
        "# The geometry verdict",
        "",
        "Every series gets a colour before anything is measured on it. Generated from the rules "
        "(`python -m inference.io.verdict_table > docs/verdict.md`); each row is tested by its name.",
        "",
        "A gap is taken out first, then the spacing is judged on what remains. From headers alone a gap is amber and "
        "provisional; once the lungs are known it turns red if it touches them or lies between them. "
        "Rows on positions do not apply to PNG and JPEG.",
        "",
        "- **green**: no row applies.",
        "- **amber**, measurements limited: the reasons stand on every measurement and report.",
        "- **red**, not measured: the images can be read, no figure is computed (exit code 3).",
        "",
        "| Colour | Code | What it means | What would help |",
        "|---|---|---|---|",
    ]
    lines += [f"| {row.colour.word} | `{row.code}` | {row.description} | {row.help} |" for row in TABLE]
    lines += ["", "What is listed as fit where nothing speaks against it:", ""]
    lines += [f"- {phrase}" for phrase in CHECKS.values()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(table_markdown())
