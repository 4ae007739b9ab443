"""Every constant behind a figure, and the sentence that is printed where the figure is shown."""

from __future__ import annotations

from dataclasses import dataclass

from inference.findings import PUBLISHED_FLOOR, DetectionFloor

HIGH_OPACITY_HU = -200
"""PHO counts opacity at or above this."""

COMPARTMENTS: tuple[tuple[str, int | None, int | None], ...] = (
    ("emphysema", None, -950),
    ("well aerated", -950, -700),
    ("poorly aerated", -700, -500),
    ("dense", -500, None),
)
"""Bands of the whole lung, half-open ``[low, high)``. Together they are the lung."""

HISTOGRAM_LOW_HU, HISTOGRAM_HIGH_HU, HISTOGRAM_STEP_HU = -1100, 300, 25
"""The first and the last bar also hold what lies beyond them, so that the bars add up to the lung."""

LOWEST_HU, HIGHEST_HU = -1500, 3500
"""Voxels of the lung are tallied between these; brighter ones (metal) count as the upper one."""

GRADE_EDGES = (25, 50, 75)
"""CT-1 to 25 inclusive, CT-2 (25, 50], CT-3 (50, 75], CT-4 above."""

DEFAULT_GROUND_GLASS_HU = -700
"""Centre of the sensitivity range's cut-offs where a system names none."""

GROUND_GLASS_THRESHOLD = "ground_glass_hu"
"""The key under which a system states its lower cut-off in ``SystemOutput.thresholds``."""


@dataclass(frozen=True)
class AssessmentSettings:
    """What a user may set. The defaults are the published definitions.

    ``detection_floor``: below it the grade is CT-0. ``missed_percent``: above it, on one side, the white-lung
    rule speaks; above ``withhold_percent`` it withholds the grade. A side whose lung is less than ``aerated_percent``
    of its rib cage holds no air. ``margin_mm`` and ``cutoff_step_hu`` span the
    sensitivity range. Components under ``smallest_lesion_ml`` (``smallest_lesion_voxels`` without a spacing) count in
    every figure but are not listed.
    """

    detection_floor: DetectionFloor = PUBLISHED_FLOOR
    missed_percent: float = 10.0
    withhold_percent: float = 33.0
    aerated_percent: float = 10.0
    margin_mm: float = 1.0
    cutoff_step_hu: int = 50
    smallest_lesion_ml: float = 0.1
    smallest_lesion_voxels: int = 20


def sentences(settings: AssessmentSettings | None = None) -> dict[str, str]:
    """The definition of every figure, in words, by the figure's name."""
    s = settings or AssessmentSettings()
    return {
        "lung": "Lung is parenchyma with ground-glass, consolidation and unclassified opacity, "
        "without airways and without effusion.",
        "percentage_of_infection": "Percentage of infection (PO) is ground-glass, consolidation and unclassified "
        "opacity inside the lung over the lung's volume. It grades.",
        "mean_over_slices": "Mean over slices is the mean of the infected share of each slice that holds lung.",
        "grade": f"CT-0 below the detection floor ({s.detection_floor.words}), CT-1 from there to 25 % inclusive, "
        "CT-2 above 25 to 50 %, "
        "CT-3 above 50 to 75 %, CT-4 above 75 %.",
        "worse_lung": "The worse lung is the one with the higher percentage of infection, graded by itself.",
        "zones": "Zones are thirds of each lung's own height.",
        "zone_score": "Zone score /24: six zones, each 0 none, 1 to 25 %, 2 above 25 to 50 %, 3 above 50 to 75 %, "
        "4 above 75 %.",
        "ct_severity_score": "CT severity score /25: five lobes, each 0 none, 1 under 5 %, 2 from 5 to 25 %, "
        "3 above 25 to 50 %, 4 above 50 to 75 %, 5 above 75 %.",
        "total_severity_score": "Total severity score /20: five lobes, each 0 none, 1 to 25 %, 2 above 25 to 50 %, "
        "3 above 50 to 75 %, 4 above 75 %.",
        "pho": f"PHO is opacity at or above {HIGH_OPACITY_HU} HU inside the lung over the lung's volume.",
        "compartments": "Emphysema below -950 HU; well aerated -950 to below -700; poorly aerated -700 to below -500; "
        "dense -500 and above. Normal lungs hold several per cent poorly aerated, so each band's share of the "
        "opacity stands beside it.",
        "sensitivity": "The sensitivity range, not a confidence interval, is the lowest and highest percentage with "
        f"the ground-glass cut-off moved by {s.cutoff_step_hu} HU either way and the lesions grown and shrunk by "
        f"{s.margin_mm:g} mm inside the lung.",
        "white_lung": "Possibly missed lung is what neither lung nor effusion claims inside the rib cage. Above "
        f"{s.missed_percent:g} % of one side the grade is shown as 'at least' or withheld. Where a side holds no air "
        "(fluid fills it), its lung cannot be measured: the percentages are stated as 'at least' too.",
        "effusion": "Effusion belongs neither to the lung nor to the infection; only its volume is reported.",
        "lesions": "A lesion is a connected opacity inside the lung (26-neighbourhood, all classes together). "
        f"Those under {s.smallest_lesion_ml:g} ml count in every figure but are not listed.",
    }
