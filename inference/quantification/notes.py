"""The warnings that go with the figures: what could not be measured, and what may mislead."""

from __future__ import annotations

from inference.findings import Severity, Warning
from inference.quantification.components import Listed
from inference.quantification.definitions import AssessmentSettings
from inference.quantification.masks import Prepared
from inference.quantification.tally import Tally


def notes(
    masks: Prepared, counts: Tally, severity: Severity, listed: Listed, settings: AssessmentSettings
) -> tuple[Warning, ...]:
    """Every warning that applies, the gravest first."""
    lung = severity.both
    said: list[tuple[bool, str, str]] = [
        (not lung.lung_voxels, "no_lung", "No lung was found, so nothing was measured."),
        (bool(severity.qualifier), _cause(severity), severity.withheld_reason),
        (
            not counts.cage.any() and bool(lung.lung_voxels),
            "missed_lung_unknown",
            "Whether dense lung was missed is not known: no rib cage was found, or there are no Hounsfield units.",
        ),
        (bool(masks.missing), "missing_slices", f"{len(masks.missing)} missing slices were not measured."),
        (
            severity.sensitivity is not None and severity.sensitivity.crosses_bin_edge,
            "near_bin_edge",
            "The percentage lies within its sensitivity range of the edge of a grade.",
        ),
        (
            severity.worse_lung_sensitivity is not None
            and severity.worse_lung_grade is not None
            and severity.worse_lung_sensitivity.crosses_bin_edge,
            "worse_lung_near_bin_edge",
            f"The percentage of the worse lung ({severity.worse_lung}) lies within its sensitivity range of the edge "
            "of a grade.",
        ),
        (not masks.sides_known, "sides_unknown", "Right and left are unknown: no figures by lung or zone."),
        (not masks.has_hu, "no_hounsfield_units", "No Hounsfield units: no densities and no compartments."),
        (
            not masks.geometry.spacing_known,
            "no_spacing",
            f"No millimetres: percentages only, and the detection floor is {settings.detection_floor.percent:g} %.",
        ),
        (
            severity.grade == "CT-0" and lung.infected_voxels > 0,
            "below_detection_floor",
            f"The opacity found ({_amount(lung.infected_voxels, masks)}) is below the detection floor "
            f"({settings.detection_floor.words}).",
        ),
        (
            _matters(counts.outside, masks),
            "opacity_outside_lung",
            f"Opacity outside the lung ({_amount(counts.outside, masks)}) was not counted.",
        ),
        (
            bool(listed.small_number),
            "small_lesions",
            f"{listed.small_number} small opacities ({_amount(listed.small_voxels, masks)} together) "
            "are counted but not listed.",
        ),
    ]
    return tuple(Warning(code, text) for applies, code, text in said if applies)


def _cause(severity: Severity) -> str:
    complete = severity.both.percentage is not None and not severity.unsought
    return "possibly_missed_lung" if complete else "not_all_was_looked_for"


def _matters(voxels: int, masks: Prepared) -> bool:
    return voxels * masks.geometry.voxel_ml >= 1.0 if masks.geometry.spacing_known else voxels > 0


def _amount(voxels: int, masks: Prepared) -> str:
    if masks.geometry.spacing_known:
        return f"{voxels * masks.geometry.voxel_ml:.1f} ml"
    return f"{voxels} {'pixels' if masks.geometry.shape[0] == 1 else 'voxels'}"
