"""What can be chosen about paper 2's system. The networks' own settings come with their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class MtnetSettings:
    """The rules around the networks.

    ``probability`` is what a study or a pixel must exceed. Sizes are shares of a picture's side: ``closing`` fills
    gaps in the lung's outline, ``opening`` takes vessels out of the infection, ``speck`` is the least area (a share of
    the picture). ``spread``: infection is brighter than the lung's median by this many of its deviations.
    """

    probability: float = 0.5
    closing: float = 0.02
    opening: float = 0.012
    speck: float = 0.0004
    spread: float = 2.0

    @classmethod
    def paper(cls) -> Self:
        """The paper names the steps (morphology, adaptive threshold) and no number: these are ours."""
        return cls()
