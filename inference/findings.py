"""What an analysis returns: masks, figures and where they came from. Frozen; no Qt, no torch.

The definitions behind every figure are in :mod:`inference.quantification.definitions`; the JSON form of these classes
is ``findings.json`` (:mod:`inference.io.export`), schema version 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from inference.volume import Heatmap, LabelMap, Point

Zone = Literal["right upper", "right middle", "right lower", "left upper", "left middle", "left lower"]
ZONES: tuple[Zone, ...] = ("right upper", "right middle", "right lower", "left upper", "left middle", "left lower")
MANIFESTATIONS = ("ground_glass", "consolidation", "effusion", "unclassified")


@dataclass(frozen=True)
class Weights:
    """A weight file that took part: its name and SHA-256."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Provenance:
    """Which system spoke, in which version, with what, on what."""

    system: str
    version: str
    device: str
    config: str = ""
    weights: tuple[Weights, ...] = ()
    fallback_reason: str = ""
    title: str = ""
    """The system's name as readers know it."""
    trained_on: str = ""
    limitations: tuple[str, ...] = ()
    """What its card says that it cannot do, in sentences."""
    options: tuple[str, ...] = ()
    """What was asked of the run besides, in words."""


@dataclass(frozen=True)
class Manifestation:
    """One class of finding. ``probability`` is None for rules; ``percent_of_lung`` is None for effusion."""

    probability: float | None
    source: Literal["learned", "rule"] | None
    volume_ml: float | None
    percent_of_lung: float | None
    mean_hu: float | None = None


Target = Literal["covid_against_other", "pneumonia_against_normal"]


@dataclass(frozen=True)
class Recognition:
    """A picture- or study-level opinion, named after its target and never "COVID positive"."""

    target: Target
    probability: float | None
    positive: bool | None
    rule: str
    slices_positive: int | None = None


@dataclass(frozen=True)
class RegionFigures:
    """The table row of one region (both lungs, a lung, a zone). Millilitres are None without a known spacing,
    HU figures None without Hounsfield units. ``percentage`` (PO) is None where the region holds no lung."""

    lung_voxels: int
    infected_voxels: int
    lung_ml: float | None
    infected_ml: float | None
    percentage: float | None
    high_opacity_ml: float | None = None
    pho: float | None = None
    mean_hu: float | None = None
    sd_hu: float | None = None
    opacity_mean_hu: float | None = None
    opacity_sd_hu: float | None = None
    effusion_ml: float | None = None


@dataclass(frozen=True)
class SensitivityRange:
    """Lowest and highest percentage of infection over the stated variations. Not a confidence interval."""

    low: float
    high: float
    variations: tuple[str, ...]
    crosses_bin_edge: bool


@dataclass(frozen=True)
class Compartment:
    """A band of Hounsfield units inside the lung, and how much of the opacity lies in it (None without opacity)."""

    name: str
    low_hu: int | None
    high_hu: int | None
    volume_ml: float | None
    percent_of_lung: float
    opacity_ml: float | None = None
    percent_of_opacity: float | None = None


@dataclass(frozen=True)
class DetectionFloor:
    """What is too little to grade: below ``percent`` of the lung, or below ``ml`` where millilitres exist, is CT-0."""

    percent: float = 0.5
    ml: float = 3.0

    @property
    def words(self) -> str:
        """``under 0.5 % or 3 ml``."""
        return f"under {self.percent:g} % or {self.ml:g} ml"

    @property
    def is_published(self) -> bool:
        """Whether it is the one of the definitions, and not one that was set."""
        return self == DetectionFloor()


PUBLISHED_FLOOR = DetectionFloor()
HIGHEST_FLOOR = DetectionFloor(25.0, 1000.0)
"""The highest floor that can be set: CT-1 ends at 25 %."""


@dataclass(frozen=True)
class Severity:
    """The severity panel's figures. ``grade`` is "CT-0".."CT-4"; ``qualifier`` is "", "at least" or "withheld"."""

    both: RegionFigures
    right: RegionFigures | None
    left: RegionFigures | None
    zones: Mapping[Zone, RegionFigures]
    mean_over_slices: float | None
    grade: str | None
    qualifier: Literal["", "at least", "withheld"]
    worse_lung: Literal["right", "left"] | None
    worse_lung_grade: str | None
    zone_score: int | None
    zone_scores: Mapping[Zone, int]
    compartments: tuple[Compartment, ...]
    sensitivity: SensitivityRange | None
    possibly_missed_ml: Mapping[str, float] = field(default_factory=dict)
    possibly_missed_percent: Mapping[str, float] = field(default_factory=dict)
    withheld_reason: str = ""
    histogram: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    """Edges (HU, n + 1) and voxel counts (n) inside the lung; None without Hounsfield units."""
    opacity_histogram: tuple[int, ...] | None = None
    """Counts of the infected voxels over the same edges."""
    ct_severity_score: int | None = None
    total_severity_score: int | None = None
    percentage_qualifier: Literal["", "at least"] = ""
    """"at least" where a whole side holds no air: what lies under its fluid is in no percentage; and where the system
    does not look for a class of infection."""
    not_aerated: tuple[Literal["right", "left"], ...] = ()
    """The sides without air."""
    worse_lung_sensitivity: SensitivityRange | None = None
    """The same range for the worse lung alone, which has a grade of its own."""
    unsought: tuple[str, ...] = ()
    """The classes of infection for which the system does not look."""
    detection_floor: DetectionFloor = PUBLISHED_FLOOR
    """The floor that the grades were made with."""

    @property
    def percentage_of_infection(self) -> float | None:
        """Infected over lung volume, both lungs: the headline, and the figure that grades."""
        return self.both.percentage


@dataclass(frozen=True)
class LesionComponent:
    """One connected opacity (26-neighbourhood, all infected classes together) or pool of fluid."""

    number: int
    label: int
    voxels: int
    volume_ml: float | None
    mean_hu: float | None
    centre_lps_mm: Point
    peak_slice: int
    """Index ``k`` (source grid) of the slice that holds most of it."""
    bounds: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
    """Half-open index ranges along ``(k, j, i)`` of the source grid."""
    zone: Zone | None
    area_mm2: float | None = None
    """Its area on ``peak_slice``."""


@dataclass(frozen=True)
class SliceFigures:
    """One slice of the source grid: lung, infected and effusion as areas in mm2 (or pixels, without spacing)."""

    index: int
    position_mm: float
    lung: float
    infected: float
    percent: float | None
    right_percent: float | None = None
    left_percent: float | None = None
    effusion: float = 0.0
    ground_glass: float = 0.0
    consolidation: float = 0.0
    unclassified: float = 0.0


@dataclass(frozen=True)
class Warning:
    """Something the reader must know. ``code`` is stable, ``text`` a sentence."""

    code: str
    text: str


@dataclass(frozen=True)
class Explanation:
    """Share of a heat map's heat that lies in the lung and in the lesion, 0..1."""

    heat_in_lesion: float | None
    heat_in_lung: float | None


@dataclass(frozen=True, eq=False)
class Agreement:
    """Where several systems mark infection. ``marks`` counts them in each voxel, on the volume's own grid.

    ``dice`` is that of every pair of systems, ``percentages`` each one's percentage of infection, ``shares`` what part
    of all voxels that any of them marks is marked by all, by some or by one.
    """

    marks: LabelMap
    systems: tuple[str, ...]
    percentages: Mapping[str, float | None]
    dice: Mapping[str, float]
    shares: Mapping[str, float]
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SystemOutput:
    """What a system itself says, before anything is quantified. Masks are on the volume's own grid.

    ``rib_cage`` (optional, bool as uint8) is the inside of the rib cage, for the white-lung rule; ``airways`` and
    ``vessels`` are for display and never part of a figure.
    """

    lungs: LabelMap
    lesions: LabelMap
    sides_known: bool
    provenance: Provenance
    thresholds: Mapping[str, float]
    sources: Mapping[str, Literal["learned", "rule"]]
    probabilities: Mapping[str, float] = field(default_factory=dict)
    recognition: Recognition | None = None
    heatmap: Heatmap | None = None
    rib_cage: LabelMap | None = None
    """Values as ``Lung``: the rib cage's right and left half (3 where sides are unknown)."""
    airways: LabelMap | None = None
    warnings: tuple[Warning, ...] = ()
    timing_s: Mapping[str, float] = field(default_factory=dict)
    classes: Mapping[str, float] = field(default_factory=dict)
    """Probabilities of a whole X-ray's classes (``normal``, ``bacterial``, ``viral``, ``covid``)."""
    agreement: Agreement | None = None
    modality: Literal["ct", "xray"] = "ct"
    """An X-ray has shares of the drawn lung field and no volumes."""
    opinions: Mapping[str, Recognition] = field(default_factory=dict)
    """Further systems' opinions on the same picture, by system."""
    segmented: bool = True
    """False where the system did not look for disease in this study at all: no percentage is known then."""


@dataclass(frozen=True, eq=False)
class Findings:
    """A finished analysis: the system's output and every figure made from it."""

    output: SystemOutput
    manifestations: Mapping[str, Manifestation]
    severity: Severity
    lesions: tuple[LesionComponent, ...]
    slices: tuple[SliceFigures, ...]
    explanation: Explanation
    warnings: tuple[Warning, ...]
    timing_s: Mapping[str, float]
