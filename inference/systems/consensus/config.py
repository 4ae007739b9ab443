"""What can be chosen about the consensus. Cut-offs are printed with every result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class ConsensusSettings:
    """The rules around the networks.

    ``probability`` is the cut-off for opacity, in scans after a Gaussian of ``steadying_mm`` along the body; where
    slices are no farther apart than ``in_turn`` of that, each is looked at once, every other one mirrored.
    ``veto_hu``: what is marked is aerated lung where its mean density within about ``region_mm`` is lower.
    ``consolidation_hu`` parts ground-glass from consolidation, after a median over about ``smoothing_mm``. The streams
    that tell them apart look at a slice every ``class_step_mm``; those between are told apart like the nearest.
    ``difference``: percentage points between networks and densitometry above which the reader is told. ``most_gas``:
    share of the lungs that may be taken out as airways and gas of bowel; above it the reader is told instead.
    The stream for effusion looks at a slice every ``fluid_step_mm``, in scans the recognisers every
    ``recognition_step_mm``; those between are like the nearest.
    ``fluid_hu``, ``least_fluid_ml`` and ``fluid_reach_mm``: between which densities the median of an effusion that the
    stream marks must lie, how large it must be, and how near to the lung a tenth of it;
    ``pleura_mm``: how far outside the rules' rib cage, which is drawn inside the ribs, it can reach.
    ``reach_mm``: how far above and below the lung that density rules find a network may find lung.
    """

    probability: float = 0.5
    steadying_mm: float = 2.0
    in_turn: float = 1.25
    veto_hu: float = -760.0
    region_mm: float = 4.0
    smoothing_mm: float = 3.0
    consolidation_hu: float = -300.0
    class_step_mm: float = 2.0
    recognition_step_mm: float = 2.5
    difference: float = 15.0
    most_gas: float = 0.15
    reach_mm: float = 10.0
    fluid_step_mm: float = 4.0
    fluid_hu: tuple[float, float] = (-30.0, 35.0)
    least_fluid_ml: float = 5.0
    fluid_reach_mm: float = 6.0
    pleura_mm: float = 8.0

    @classmethod
    def paper(cls) -> Self:
        """No paper: ours."""
        return cls()
