"""What a system did not look for must not make a study look mild: no figure, or a lower bound."""

from __future__ import annotations

from dataclasses import replace

from inference.findings import RegionFigures, Severity, SliceFigures, SystemOutput
from inference.labels import Lesion
from inference.quantification.grades import GRADES
from inference.quantification.white_lung import WhiteLung

_CLASSES = (Lesion.GROUND_GLASS, Lesion.CONSOLIDATION)
_NOT_SEGMENTED = "The system did not look for disease in this study, so no percentage and no grade are known."


def unsought(output: SystemOutput) -> tuple[str, ...]:
    """The classes of infection that a system leaves out while it looks for others.

    Opacity without a class is opacity of any class, so nothing is left out then.
    """
    if Lesion.UNCLASSIFIED.key in output.sources:
        return ()
    missing = tuple(label.key for label in _CLASSES if label.key not in output.sources)
    return missing if len(missing) < len(_CLASSES) else ()


def bounded(rule: WhiteLung, missing: tuple[str, ...], grade: str | None) -> WhiteLung:
    """What the white-lung rule says, and "at least" where a class is not looked for; withheld for a grade of none."""
    if not missing or grade is None or rule.qualifier == "withheld":
        return rule
    names = " or ".join(name.replace("_", "-") for name in missing)
    reason = f"The system does not look for {names}: the true figures may be higher. {rule.reason}".strip()
    return replace(rule, qualifier="withheld" if grade == GRADES[0] else "at least", reason=reason)


def without_percentages(severity: Severity) -> Severity:
    """The figures of a study in which nothing was segmented: lungs and fluid alone."""
    return replace(
        severity,
        both=_lung_alone(severity.both),
        right=None if severity.right is None else _lung_alone(severity.right),
        left=None if severity.left is None else _lung_alone(severity.left),
        zones={zone: _lung_alone(figures) for zone, figures in severity.zones.items()},
        mean_over_slices=None,
        grade=None,
        qualifier="withheld",
        withheld_reason=_NOT_SEGMENTED,
        worse_lung=None,
        worse_lung_grade=None,
        zone_score=None,
        zone_scores={},
        sensitivity=None,
        opacity_histogram=None,
        ct_severity_score=None,
        total_severity_score=None,
        percentage_qualifier="",
    )


def slices_without_percentages(slices: tuple[SliceFigures, ...]) -> tuple[SliceFigures, ...]:
    """The slices of such a study."""
    return tuple(replace(one, percent=None, right_percent=None, left_percent=None) for one in slices)


def _lung_alone(figures: RegionFigures) -> RegionFigures:
    return replace(
        figures, infected_ml=None, percentage=None, high_opacity_ml=None, pho=None, opacity_mean_hu=None,
        opacity_sd_hu=None,
    )  # fmt: skip
