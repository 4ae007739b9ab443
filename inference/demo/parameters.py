"""What can be chosen about a demo study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from inference.errors import InputShapeError

Sides = Literal["right", "left", "both"]
Position = Literal["HFS", "HFP", "FFS", "FFP"]


@dataclass(frozen=True)
class DemoParameters:
    """A demo study is a function of these numbers and nothing else.

    Parameters
    ----------
    seed
        Chooses the body's proportions, the branching of vessels and airways, where disease sits, and the noise.
    ground_glass, consolidation
        Share of the lung of the chosen sides that the opacity takes up (0 for none); the exact figures that came out
        stand in the ground truth.
    effusion_ml
        Pleural fluid for each chosen side.
    sides, effusion_sides
        Where disease and fluid are.
    crazy_paving
        0 for plain ground-glass, 1 for thickened septa all through it.
    patient_position
        DICOM (0018,5100). It turns the grid as a scanner would, and fluid and gradients follow gravity.
    matrix, slices
        Rows and columns, and slices, of the series.
    field_of_view_mm, length_mm
        Extent of the slice and of the series; spacing and slice thickness follow from them.
    noise_hu
        Standard deviation of the noise in the lungs; shoulders and abdomen get more.
    """

    seed: int = 2020
    ground_glass: float = 0.13
    consolidation: float = 0.03
    effusion_ml: float = 160.0
    sides: Sides = "both"
    effusion_sides: Sides = "right"
    crazy_paving: float = 0.5
    patient_position: Position = "HFS"
    matrix: int = 512
    slices: int = 160
    field_of_view_mm: float = 380.0
    length_mm: float = 320.0
    noise_hu: float = 15.0

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("ground_glass", self.ground_glass, 0.0, 0.7),
            ("consolidation", self.consolidation, 0.0, 0.4),
            ("effusion_ml", self.effusion_ml, 0.0, 900.0),
            ("crazy_paving", self.crazy_paving, 0.0, 1.0),
            ("matrix", self.matrix, 64, 1024),
            ("slices", self.slices, 20, 1000),
            ("field_of_view_mm", self.field_of_view_mm, 250.0, 500.0),
            ("length_mm", self.length_mm, 250.0, 340.0),
            ("noise_hu", self.noise_hu, 0.0, 100.0),
        ):
            if not low <= value <= high:
                raise InputShapeError(f"The demo study's {name} must lie between {low:g} and {high:g}, not {value:g}.")
        for name, chosen, allowed in (
            ("sides", self.sides, get_args(Sides)),
            ("effusion_sides", self.effusion_sides, get_args(Sides)),
            ("patient_position", self.patient_position, get_args(Position)),
        ):
            if chosen not in allowed:
                raise InputShapeError(f"The demo study's {name} must be one of {', '.join(allowed)}, not {chosen!r}.")

    @classmethod
    def small(cls, **changes: Any) -> DemoParameters:
        """128 x 128 x 64 voxels, made in a few seconds: for tests."""
        return cls(**{"matrix": 128, "slices": 64, **changes})

    @classmethod
    def benchmark(cls, **changes: Any) -> DemoParameters:
        """400 slices of 512 x 512."""
        return cls(**{"slices": 400, **changes})

    @property
    def pixel_mm(self) -> float:
        """Spacing in the slice."""
        return self.field_of_view_mm / self.matrix

    @property
    def slice_mm(self) -> float:
        """Slice spacing, which is also the slice thickness."""
        return self.length_mm / self.slices

    @property
    def prone(self) -> bool:
        """Whether the patient lies on the front."""
        return self.patient_position[2] == "P"
