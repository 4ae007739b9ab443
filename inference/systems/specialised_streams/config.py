"""What can be chosen about paper 1's system. The networks' own settings come with their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from inference.labels import Lesion

STREAMS = {"ground_glass": Lesion.GROUND_GLASS, "consolidation": Lesion.CONSOLIDATION, "effusion": Lesion.EFFUSION}


@dataclass(frozen=True)
class StreamsSettings:
    """``probability``: what a study, a finding or a pixel must exceed. ``all_classes``: the stream to compare with."""

    probability: float = 0.5
    all_classes: bool = False

    @classmethod
    def paper(cls) -> Self:
        """One stream for each manifestation."""
        return cls()
