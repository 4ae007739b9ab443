"""What can be chosen about paper 5's system. The networks' own settings come with their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class JcsSettings:
    """``positive_slices`` of ``case_slices`` make a study positive; both are scaled by the slices that hold lung."""

    positive_slices: int = 25
    case_slices: int = 325
    probability: float = 0.5

    @classmethod
    def paper(cls) -> Self:
        """More than 25 positive slices (table IV), in cases of 250 to 400 slices: 325 is their middle."""
        return cls()
