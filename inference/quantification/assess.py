"""From masks to findings: every figure of the severity panel, from one walk over the lungs."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Literal

import numpy as np

from inference.findings import (
    MANIFESTATIONS,
    ZONES,
    Explanation,
    Findings,
    Manifestation,
    RegionFigures,
    SensitivityRange,
    Severity,
    SystemOutput,
)
from inference.labels import Lesion, Lung
from inference.quantification import regions
from inference.quantification.compartments import compartments, histogram
from inference.quantification.components import components
from inference.quantification.definitions import AssessmentSettings
from inference.quantification.grades import grade_of
from inference.quantification.masks import Prepared, measured_output, prepare
from inference.quantification.notes import notes
from inference.quantification.per_slice import mean_over_slices, slice_figures
from inference.quantification.scores import LOBES, ct_severity_score, quarter_score, total_severity_score
from inference.quantification.sensitivity import sensitivity_range
from inference.quantification.tally import Tally, tally
from inference.quantification.unsought import bounded, slices_without_percentages, unsought, without_percentages
from inference.quantification.white_lung import not_aerated, white_lung
from inference.volume import LabelMap, Volume

_DEFAULTS = AssessmentSettings()


def assess(
    volume: Volume,
    output: SystemOutput,
    *,
    settings: AssessmentSettings = _DEFAULTS,
    lobes: LabelMap | None = None,
) -> Findings:
    """Measure a system's masks on the volume they were made from.

    Parameters
    ----------
    volume
        The image. Its missing slices and padding are never measured.
    output
        The masks, on the volume's own grid, and what the system says of itself.
    settings
        Detection floor, white-lung and sensitivity settings.
    lobes
        A lobe map on the same grid (1 right upper, 2 right middle, 3 right lower, 4 left upper, 5 left lower);
        without one there is no lobe score.

    Returns
    -------
    Findings
        Figures that cannot be known (no millimetres, no Hounsfield units, no sides, no lung) are None. Its masks are
        those that were measured: no lung where an airway, fluid, padding or a gap is, and no opacity outside it.

    Raises
    ------
    InputShapeError
        If a mask lies on another grid or in another frame of reference, or holds a code that does not exist.
    """
    began = perf_counter()
    masks = prepare(volume, output, lobes)
    counts = tally(masks)
    listed = components(masks, counts, settings)
    slices = slice_figures(masks, counts)
    severity = _severity(masks, counts, output, mean_over_slices(slices), settings, lobes is not None)
    if not output.segmented:
        severity, slices = without_percentages(severity), slices_without_percentages(slices)
    manifestations = {name: _manifestation(Lesion[name.upper()], masks, counts, output) for name in MANIFESTATIONS}
    explanation = _explanation(output)
    warnings = (*output.warnings, *notes(masks, counts, severity, listed, settings))
    return Findings(
        output=measured_output(output, masks, counts.outside),
        manifestations=manifestations,
        severity=severity,
        lesions=listed.components,
        slices=slices,
        explanation=explanation,
        warnings=tuple(dict.fromkeys(warnings)),
        timing_s={**output.timing_s, "figures": perf_counter() - began},
    )


def _severity(
    masks: Prepared,
    counts: Tally,
    output: SystemOutput,
    mean: float | None,
    settings: AssessmentSettings,
    lobes_given: bool,
) -> Severity:
    ml = _voxel_ml(masks)
    both = regions.both(counts, ml)
    right = regions.right(counts, ml) if masks.sides_known else None
    left = regions.left(counts, ml) if masks.sides_known else None
    zones = regions.zones(counts, ml) if masks.sides_known else {}
    zone_scores = {
        zone: quarter_score(figures.percentage) for zone, figures in zones.items() if figures.percentage is not None
    }
    empty = not_aerated(counts, masks.sides_known, {warning.code for warning in output.warnings}, settings)
    whole = min(masks.source.shape) > 1  # a grade is of whole lungs
    found = grade_of(both, settings) if whole else None
    left_out = unsought(output)
    white = bounded(white_lung(counts, both, masks.sides_known, ml, settings, empty), left_out, found)
    known = sensitivity_range(masks, both, output.thresholds, settings)
    withheld = white.qualifier == "withheld"
    worse = _worse(right, left) if not empty else (None, None)
    bars = histogram(counts)
    lobe_shares = {name: regions.share(*counts.lobes[code, ::-1].tolist()) for code, name in enumerate(LOBES, start=1)}
    scored = lobes_given and not withheld
    return Severity(
        both=both,
        right=right,
        left=left,
        zones=zones,
        mean_over_slices=mean,
        grade=None if withheld else found,
        qualifier=white.qualifier,
        worse_lung=worse[0],
        worse_lung_grade=None if withheld or worse[1] is None or not whole else grade_of(worse[1], settings),
        zone_score=sum(zone_scores.values()) if whole and len(zone_scores) == len(ZONES) and not withheld else None,
        zone_scores=zone_scores,
        compartments=compartments(counts, ml),
        sensitivity=known if known is None or whole else replace(known, crosses_bin_edge=False),
        worse_lung_sensitivity=_sensitivity_of_one(worse, masks, output, settings),
        possibly_missed_ml=white.ml,
        possibly_missed_percent=white.percent,
        withheld_reason=white.reason,
        histogram=None if bars is None else bars[:2],
        opacity_histogram=None if bars is None else bars[2],
        ct_severity_score=ct_severity_score(lobe_shares) if scored else None,
        total_severity_score=total_severity_score(lobe_shares) if scored else None,
        percentage_qualifier="at least" if (empty or left_out) and both.lung_voxels else "",
        not_aerated=empty,
        unsought=left_out,
        detection_floor=settings.detection_floor,
    )


def _worse(
    right: RegionFigures | None, left: RegionFigures | None
) -> tuple[Literal["right", "left"] | None, RegionFigures | None]:
    """The lung with the higher percentage and its name; no name if they are alike, nothing without any lung."""
    of_right = right.percentage if right is not None else None
    of_left = left.percentage if left is not None else None
    if of_right is None or of_left is None:
        return ("right", right) if of_right is not None else ("left", left) if of_left is not None else (None, None)
    if of_right == of_left:
        return None, right
    return ("right", right) if of_right > of_left else ("left", left)


def _sensitivity_of_one(
    worse: tuple[Literal["right", "left"] | None, RegionFigures | None],
    masks: Prepared,
    output: SystemOutput,
    settings: AssessmentSettings,
) -> SensitivityRange | None:
    """The range of the worse lung, which has a grade of its own; None where neither is worse."""
    side, figures = worse
    if side is None or figures is None:
        return None
    return sensitivity_range(masks, figures, output.thresholds, settings, Lung[side.upper()])


def _manifestation(label: Lesion, masks: Prepared, counts: Tally, output: SystemOutput) -> Manifestation:
    """One class's figures. A class that the system does not look for, and did not write, has none."""
    voxels = regions.class_voxels(counts, label)
    source = output.sources.get(label.key)
    if source is None and not voxels:
        return Manifestation(None, None, None, None)
    ml = _voxel_ml(masks)
    lung = int(counts.zone.sum())
    return Manifestation(
        probability=output.probabilities.get(label.key) if source == "learned" else None,
        source=source,
        volume_ml=None if ml is None else voxels * ml,
        percent_of_lung=None if label is Lesion.EFFUSION else regions.share(voxels, lung),
        mean_hu=_mean_hu(label, masks, counts),
    )


def _mean_hu(label: Lesion, masks: Prepared, counts: Tally) -> float | None:
    if label is not Lesion.EFFUSION:
        return None if counts.hu is None else regions.mean_sd(counts.hu[:, label].sum(axis=0))[0]
    if not masks.has_hu or not counts.effusion.any():
        return None
    total = sum(int(hu[here == label].sum(dtype=np.int64)) for hu, here in zip(masks.hu, masks.lesions, strict=True))
    return total / int(counts.effusion.sum())


def _explanation(output: SystemOutput) -> Explanation:
    """Which share of the heat lies in the lesions and in the lungs."""
    heat = None if output.heatmap is None else output.heatmap.array
    total = 0.0 if heat is None else float(heat.sum(dtype=np.float64))
    if heat is None or total <= 0:
        return Explanation(None, None)
    lesion = float(heat.sum(dtype=np.float64, where=output.lesions.array != 0))
    lung = float(heat.sum(dtype=np.float64, where=output.lungs.array != 0))
    return Explanation(lesion / total, lung / total)


def _voxel_ml(masks: Prepared) -> float | None:
    return masks.geometry.voxel_ml if masks.geometry.spacing_known else None
